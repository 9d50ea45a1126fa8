"""Reads ISO 19139 (gmd, gmi, and profiles such as iso19139.che that mark their elements with ``gco:isoType``).

Elements are found by local name, so that a profile's own namespaces do not hide what they specialise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.catalogue import feature_catalogue
from gateway.catalogue.names import GCO, GMD, XLINK, tag_of
from gateway.catalogue.reading import Element, Source, box, date, local, number, own_text
from gateway.errors import Unreadable
from gateway.geo.crs import parse as parse_crs
from gateway.model.dataset import Box
from gateway.model.record import Contact, Extent, Keyword, Record
from gateway.model.text import UNDETERMINED, Text

ACCESS = "Access level "
FEDERAL = "Federal access level "
_LICENCES = ("licen", "creativecommons.org", "opendata.swiss/terms", "terms_")


def is_iso19139(root: Element) -> bool:
    """Whether `root` is an MD_Metadata, or a specialisation that says so."""
    if local(root) in ("MD_Metadata", "MI_Metadata") and root.nsmap.get(root.prefix, "").startswith(
        "http://www.isotc211.org/2005/"
    ):
        return True
    return (root.get(f"{{{GCO}}}isoType") or "").rpartition(":")[2] in ("MD_Metadata", "MI_Metadata")


def read(root: Element, source: Source, original: bytes) -> Record:
    """The record of an MD_Metadata. Raises Unreadable with the line for dates, numbers and boxes that are none."""
    return _Document(root, source).record(original)


class _Document:
    """One document: its root, its default language and its locales."""

    def __init__(self, root: Element, source: Source) -> None:
        self._root = root
        self._source = source
        self.language = tag_of(_code(_first(root, "language")))
        self._locales = dict(_locales(root))

    def record(self, original: bytes) -> Record:
        root, about = self._root, _first(self._root, "identificationInfo/*")
        citation = _first(about, "citation/*")
        dates = self._dates(citation)
        limits = list(self._limits(about))
        return Record(
            id=own_text(_first(root, "fileIdentifier")) or "",
            title=self._text(_first(citation, "title")),
            abstract=self._text(_first(about, "abstract")),
            short_title=self._text(_first(citation, "alternateTitle")),
            type=_code(_first(root, "hierarchyLevel")) or "dataset",
            language=self.language,
            contacts=tuple(map(self._contact, _all(about, "pointOfContact/*"))),
            metadata_contacts=tuple(map(self._contact, _all(root, "contact/*"))),
            keywords=tuple(self._keywords(about)),
            topics=tuple(filter(None, map(own_text, _all(about, "topicCategory")))),
            extent=Extent(box=self._box(about), vertical=self._vertical(about), interval=self._interval(about)),
            crs=tuple(self._crs()),
            lineage=self._text(_first(root, "dataQualityInfo/*/lineage/*/statement")),
            licence=self._licence(about),
            constraints=tuple(limit for limit in limits if not _is_level(limit)),
            update_frequency=_code(_first(about, "resourceMaintenance/*/maintenanceAndUpdateFrequency")),
            created=dates.get("creation"),
            published=dates.get("publication"),
            revised=dates.get("revision"),
            modified=date(_value(_first(root, "dateStamp")), self._source),
            resolution=self._resolution(about),
            access_level=_level(limits, ACCESS),
            federal_level=_level(limits, FEDERAL),
            attributes=tuple(feature_catalogue.attributes(root, self._text)),
            formats=tuple(dict.fromkeys(filter(None, map(own_text, self._formats())))),
            links=tuple(self._links()),
            source=original,
            source_schema=GMD,
        )

    def _text(self, element: Element | None) -> Text:
        """The free text of a property, by language (PT_FreeText, ISO 19139 section 7.3)."""
        if element is None:
            return {}
        found: dict[str, str] = {}
        value = next((child for child in element if local(child) not in ("PT_FreeText", "PT_FreeURL", "")), None)
        plain = own_text(value)
        if plain:
            found[self.language or UNDETERMINED] = plain
        for part in _all(element, "PT_FreeText/textGroup/LocalisedCharacterString"):
            text = own_text(part)
            if text:
                mark = (part.get("locale") or "").lstrip("#")
                found[self._locales.get(mark, tag_of(mark.lower()) or UNDETERMINED)] = text
        return found

    def _contact(self, party: Element) -> Contact:
        address = "contactInfo/*/address/*/electronicMailAddress"
        return Contact(
            organisation=self._text(_first(party, "organisationName")),
            role=_code(_first(party, "role")) or "pointOfContact",
            name=own_text(_first(party, "individualName"))
            or " ".join(filter(None, (own_text(_first(party, f"individual{part}Name")) for part in ("First", "Last"))))
            or None,
            email=own_text(_value(_first(party, address))),
            phone=own_text(_value(_first(party, "contactInfo/*/phone/*/voice"))),
            url=_address(_first(party, "contactInfo/*/onlineResource/*/linkage")),
        )

    def _keywords(self, about: Element | None) -> Iterator[Keyword]:
        for group in _all(about, "descriptiveKeywords/*"):
            thesaurus = own_text(_value(_first(group, "thesaurusName/*/title")))
            for word in _all(group, "keyword"):
                text = self._text(word)
                value = _value(word)
                if text:
                    yield Keyword(text, thesaurus, None if value is None else value.get(f"{{{XLINK}}}href"))

    def _dates(self, citation: Element | None) -> dict[str, str]:
        found: dict[str, str] = {}
        for entry in _all(citation, "date/*"):
            moment = date(_value(_first(entry, "date")), self._source)
            if moment:
                found.setdefault(_code(_first(entry, "dateType")) or "publication", moment)
        return found

    def _box(self, about: Element | None) -> Box | None:
        found = _all(about, "extent/*/geographicElement/*")
        boxes = [self._one_box(element) for element in found if _first(element, "westBoundLongitude") is not None]
        if not boxes:
            return None
        if len(boxes) == 1 or any(west > east for west, _, east, _ in boxes):
            return boxes[0]
        west, south, east, north = zip(*boxes, strict=True)
        return (min(west), min(south), max(east), max(north))

    def _one_box(self, found: Element) -> Box:
        names = ("westBoundLongitude", "southBoundLatitude", "eastBoundLongitude", "northBoundLatitude")
        west, south, east, north = (self._side(found, name) for name in names)
        return box(west, south, east, north, place=self._source.at(found))

    def _side(self, found: Element, name: str) -> float:
        side = _first(found, name)
        if side is None:
            raise Unreadable(f"a geographic box without {name}", place=self._source.at(found), cure="give all four sides")
        return number(side, self._source)

    def _vertical(self, about: Element | None) -> tuple[float, float] | None:
        found = _first(about, "extent/*/verticalElement/*")
        low, high = _first(found, "minimumValue"), _first(found, "maximumValue")
        if low is None or high is None or own_text(low) is None or own_text(high) is None:
            return None
        return (number(low, self._source), number(high, self._source))

    def _interval(self, about: Element | None) -> tuple[str | None, str | None] | None:
        found = _first(about, "extent/*/temporalElement/*/extent/*")
        if found is None:
            return None
        if local(found) == "TimeInstant":
            moment = self._moment(_first(found, "timePosition"))
            return None if moment is None else (moment, moment)
        ends = [
            self._moment(_first(found, f"{end}Position")) or self._moment(_first(found, f"{end}/*/timePosition"))
            for end in ("begin", "end")
        ]
        return None if ends == [None, None] else (ends[0], ends[1])

    def _moment(self, element: Element | None) -> str | None:
        return None if element is None or element.get("indeterminatePosition") else date(element, self._source)

    def _crs(self) -> Iterator[str]:
        for identifier in _all(self._root, "referenceSystemInfo/*/referenceSystemIdentifier/*"):
            code, space = own_text(_value(_first(identifier, "code"))), own_text(_value(_first(identifier, "codeSpace")))
            if code:
                known = parse_crs(f"{space}:{code}" if space and code.isdigit() else code)
                yield known.code if known.is_known else code

    def _limits(self, about: Element | None) -> Iterator[Text]:
        for constraints in _all(about, "resourceConstraints/*"):
            for part in constraints:
                if local(part) in ("useLimitation", "otherConstraints"):
                    text = self._text(part)
                    if text:
                        yield text

    def _licence(self, about: Element | None) -> str | None:
        for part in _all(about, "resourceConstraints/*/*"):
            value = _value(part)
            address = None if value is None else value.get(f"{{{XLINK}}}href")
            text = own_text(value) or ""
            found = address or (text if text.startswith(("http://", "https://")) else "")
            if found and any(mark in found.lower() for mark in _LICENCES):
                return found
        return None

    def _resolution(self, about: Element | None) -> float | None:
        found = _value(_first(about, "spatialResolution/*/distance"))
        return None if found is None or own_text(found) is None else number(found, self._source)

    def _formats(self) -> Iterator[Element]:
        yield from _all(self._root, "distributionInfo/*/distributionFormat/*/name")
        yield from _all(self._root, "distributionInfo/*/distributor/*/distributorFormat/*/name")
        yield from _all(self._root, "identificationInfo/*/resourceFormat/*/name")

    def _links(self) -> Iterator[dict[str, Any]]:
        for part in ("transferOptions", "distributor/*/distributorTransferOptions"):
            for resource in _all(self._root, f"distributionInfo/*/{part}/*/onLine/*"):
                address = _address(_first(resource, "linkage"))
                if address:
                    told = {
                        "href": address,
                        "title": own_text(_value(_first(resource, "name"))),
                        "description": own_text(_value(_first(resource, "description"))),
                        "protocol": own_text(_value(_first(resource, "protocol"))),
                        "function": _code(_first(resource, "function")),
                    }
                    yield {name: value for name, value in told.items() if value}


def _path(path: str) -> str:
    return "/".join(step if step == "*" else f"{{*}}{step}" for step in path.split("/"))


def _first(element: Element | None, path: str) -> Element | None:
    return None if element is None else element.find(_path(path))


def _all(element: Element | None, path: str) -> list[Element]:
    return [] if element is None else element.findall(_path(path))


def _value(element: Element | None) -> Element | None:
    """The element that holds a property's value: its first child that is not an alternative by language."""
    if element is None:
        return None
    return next((child for child in element if local(child) not in ("PT_FreeText", "")), None)


def _code(element: Element | None) -> str | None:
    """The value of a code list property: ``codeListValue``, else the text."""
    value = _value(element)
    if value is None:
        return None
    return value.get("codeListValue") or own_text(value)


def _address(element: Element | None) -> str | None:
    if element is None:
        return None
    return own_text(_first(element, "URL")) or own_text(next(iter(_all(element, "PT_FreeURL/URLGroup/LocalisedURL")), None))


def _locales(root: Element) -> Iterator[tuple[str, str]]:
    for locale in _all(root, "locale/PT_Locale"):
        tag = tag_of(_code(_first(locale, "languageCode")))
        if tag:
            yield locale.get("id") or tag, tag


def _is_level(text: Mapping[str, str]) -> bool:
    return any(value.startswith((ACCESS, FEDERAL)) for value in text.values())


def _level(limits: list[Text], mark: str) -> str | None:
    found = (value.removeprefix(mark) for limit in limits for value in limit.values() if value.startswith(mark))
    return next(found, None)
