"""Writes a record as ISO 19139 (gmd:MD_Metadata) after the INSPIRE technical guidelines for metadata 2.0.1.

Text in several languages becomes PT_FreeText; a record that came as ISO 19139 goes back byte for byte as it came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree

from gateway.catalogue.iso19139_reader import ACCESS, FEDERAL
from gateway.catalogue.names import CODE_LISTS, GCO, GMD, GML, GMX, LANGUAGES, XLINK, XSI, code_of
from gateway.catalogue.reading import Element
from gateway.model.dataset import Box
from gateway.model.record import Contact, Keyword, Record
from gateway.model.text import UNDETERMINED, Text, pick

_NAMES = {"gmd": GMD, "gco": GCO, "gmx": GMX, "gml": GML, "xlink": XLINK, "xsi": XSI}
_OPEN = ("A", "open")
_INSPIRE = "http://inspire.ec.europa.eu/metadata-codelist/"
_NO_LIMITS = f"{_INSPIRE}LimitationsOnPublicAccess/noLimitations"
_NO_CONDITIONS = f"{_INSPIRE}ConditionsApplyingToAccessAndUse/noConditionsApply"
_REGULATION = "http://data.europa.eu/eli/reg/2010/1089"


def write(record: Record) -> bytes:
    """A record as gmd:MD_Metadata in UTF-8; what came as ISO 19139 is given back as it came.

    The main language is the record's own, else the first its title has. Attributes of the data have no place in ISO 19139
    and stay in the record's JSON.
    """
    if record.source is not None and record.source_schema == GMD:
        return record.source
    return etree.tostring(_Writer(record).document(), xml_declaration=True, encoding="UTF-8")


def _add(parent: Element, name: str, **attributes: str) -> Element:
    return etree.SubElement(parent, f"{{{GMD}}}{name}", attributes)


def _missing(parent: Element, name: str, reason: str = "missing") -> None:
    _add(parent, name).set(f"{{{GCO}}}nilReason", reason)


def _string(parent: Element, name: str, text: str | None) -> None:
    if text:
        etree.SubElement(_add(parent, name), f"{{{GCO}}}CharacterString").text = text


def _decimal(parent: Element, name: str, value: float) -> None:
    etree.SubElement(_add(parent, name), f"{{{GCO}}}Decimal").text = repr(float(value))


def _anchor(parent: Element, name: str, text: str, address: str) -> None:
    anchor = etree.SubElement(_add(parent, name), f"{{{GMX}}}Anchor")
    anchor.set(f"{{{XLINK}}}href", address)
    anchor.text = text


def _code(parent: Element, name: str, code_list: str, value: str) -> None:
    found = _add(_add(parent, name), code_list, codeList=f"{CODE_LISTS}#{code_list}", codeListValue=value)
    found.text = value


def _language(parent: Element, name: str, tag: str) -> None:
    code = code_of(tag)
    _add(_add(parent, name), "LanguageCode", codeList=LANGUAGES, codeListValue=code).text = code


def _date(parent: Element, name: str, moment: str | None) -> None:
    if moment is None:
        _missing(parent, name)
        return
    kind = "DateTime" if "T" in moment else "Date"
    etree.SubElement(_add(parent, name), f"{{{GCO}}}{kind}").text = moment.removesuffix("Z") if kind == "Date" else moment


class _Writer:
    """One document in the making."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._language = record.language or next((tag for tag in record.title if tag != UNDETERMINED), "en")
        self._others = sorted(set(_tags(record)) - {self._language, UNDETERMINED})

    def document(self) -> Element:
        record = self._record
        root = etree.Element(f"{{{GMD}}}MD_Metadata", nsmap=_NAMES)
        _string(root, "fileIdentifier", record.id)
        _language(root, "language", self._language)
        _code(root, "characterSet", "MD_CharacterSetCode", "utf8")
        _code(root, "hierarchyLevel", "MD_ScopeCode", record.type)
        contacts = record.metadata_contacts or record.contacts
        for contact in contacts:
            self._contact(root, "contact", contact)
        if not contacts:
            _missing(root, "contact")
        _date(root, "dateStamp", record.modified or record.revised or record.published or record.created)
        _string(root, "metadataStandardName", "ISO 19115")
        _string(root, "metadataStandardVersion", "2003/Cor.1:2006")
        for tag in self._others:
            self._locale(root, tag)
        for code in record.crs:
            identifier = _add(
                _add(_add(_add(root, "referenceSystemInfo"), "MD_ReferenceSystem"), "referenceSystemIdentifier"), "RS_Identifier"
            )
            _string(identifier, "code", code)
        self._identification(_add(_add(root, "identificationInfo"), "MD_DataIdentification"))
        self._distribution(root)
        self._quality(_add(_add(root, "dataQualityInfo"), "DQ_DataQuality"))
        return root

    def _locale(self, root: Element, tag: str) -> None:
        locale = _add(_add(root, "locale"), "PT_Locale", id=_mark(tag))
        _language(locale, "languageCode", tag)
        _code(locale, "characterEncoding", "MD_CharacterSetCode", "utf8")

    def _text(self, parent: Element, name: str, text: Text, *, address: str | None = None) -> None:
        """A text: the main language as it is, the others as PT_FreeText (ISO 19139 section 7.3)."""
        if not any(text.values()):
            return
        found = _add(parent, name)
        main = pick(text, (self._language,))
        value = etree.SubElement(found, f"{{{GMX}}}Anchor" if address else f"{{{GCO}}}CharacterString")
        value.text = main
        if address:
            value.set(f"{{{XLINK}}}href", address)
        others = [tag for tag in self._others if text.get(tag)]
        if not others:
            return
        found.set(f"{{{XSI}}}type", "gmd:PT_FreeText_PropertyType")
        free = _add(found, "PT_FreeText")
        for tag in others:
            _add(_add(free, "textGroup"), "LocalisedCharacterString", locale=f"#{_mark(tag)}").text = text[tag]

    def _contact(self, parent: Element, name: str, contact: Contact) -> None:
        party = _add(_add(parent, name), "CI_ResponsibleParty")
        _string(party, "individualName", contact.name)
        self._text(party, "organisationName", contact.organisation)
        if contact.phone or contact.email or contact.url:
            told = _add(_add(party, "contactInfo"), "CI_Contact")
            if contact.phone:
                _string(_add(_add(told, "phone"), "CI_Telephone"), "voice", contact.phone)
            if contact.email:
                _string(_add(_add(told, "address"), "CI_Address"), "electronicMailAddress", contact.email)
            if contact.url:
                resource = _add(_add(told, "onlineResource"), "CI_OnlineResource")
                _add(_add(resource, "linkage"), "URL").text = contact.url
        _code(party, "role", "CI_RoleCode", contact.role)

    def _identification(self, about: Element) -> None:
        record = self._record
        self._citation(_add(_add(about, "citation"), "CI_Citation"))
        self._text(about, "abstract", record.abstract or record.title)
        for contact in record.contacts:
            self._contact(about, "pointOfContact", contact)
        if record.update_frequency:
            upkeep = _add(_add(about, "resourceMaintenance"), "MD_MaintenanceInformation")
            _code(upkeep, "maintenanceAndUpdateFrequency", "MD_MaintenanceFrequencyCode", record.update_frequency)
        for thesaurus, words in _by_thesaurus(record.keywords):
            self._keywords(_add(_add(about, "descriptiveKeywords"), "MD_Keywords"), thesaurus, words)
        self._access(about)
        self._conditions(about)
        if record.resolution is not None:
            distance = _add(_add(_add(about, "spatialResolution"), "MD_Resolution"), "distance")
            etree.SubElement(distance, f"{{{GCO}}}Distance", uom="m").text = repr(float(record.resolution))
        _language(about, "language", self._language)
        _code(about, "characterSet", "MD_CharacterSetCode", "utf8")
        for topic in record.topics:
            _add(_add(about, "topicCategory"), "MD_TopicCategoryCode").text = topic
        self._extent(about)

    def _citation(self, citation: Element) -> None:
        record = self._record
        self._text(citation, "title", record.title)
        self._text(citation, "alternateTitle", record.short_title)
        dates = (("creation", record.created), ("publication", record.published), ("revision", record.revised))
        for kind, moment in dates:
            if moment:
                found = _add(_add(citation, "date"), "CI_Date")
                _date(found, "date", moment)
                _code(found, "dateType", "CI_DateTypeCode", kind)
        if not any(moment for _, moment in dates):
            _missing(citation, "date", "unknown")
        _string(_add(_add(citation, "identifier"), "MD_Identifier"), "code", record.id)

    def _keywords(self, group: Element, thesaurus: str | None, words: Iterable[Keyword]) -> None:
        for word in words:
            self._text(group, "keyword", word.text, address=word.iri)
        if thesaurus:
            citation = _add(_add(group, "thesaurusName"), "CI_Citation")
            _string(citation, "title", thesaurus)
            _missing(citation, "date", "unknown")

    def _access(self, about: Element) -> None:
        """Limitations on public access, in one MD_LegalConstraints of their own (INSPIRE TG requirement C.17)."""
        level = self._record.access_level
        if level is None:
            return
        legal = _add(_add(about, "resourceConstraints"), "MD_LegalConstraints")
        _code(legal, "accessConstraints", "MD_RestrictionCode", "otherRestrictions")
        if level in _OPEN:
            _anchor(legal, "otherConstraints", "no limitations on public access", _NO_LIMITS)
        _string(legal, "otherConstraints", f"{ACCESS}{level}")
        if self._record.federal_level:
            _string(legal, "otherConstraints", f"{FEDERAL}{self._record.federal_level}")

    def _conditions(self, about: Element) -> None:
        """Conditions of access and use, in another (C.18)."""
        record = self._record
        legal = _add(_add(about, "resourceConstraints"), "MD_LegalConstraints")
        _code(legal, "useConstraints", "MD_RestrictionCode", "otherRestrictions")
        if record.licence and record.licence.startswith(("http://", "https://")):
            _anchor(legal, "otherConstraints", record.licence, record.licence)
        elif record.licence:
            _string(legal, "otherConstraints", record.licence)
        for constraint in record.constraints:
            self._text(legal, "otherConstraints", constraint)
        if not record.licence and not record.constraints:
            _anchor(
                legal, "otherConstraints", "conditions unknown", _NO_CONDITIONS.replace("noConditionsApply", "conditionsUnknown")
            )

    def _extent(self, about: Element) -> None:
        extent = self._record.extent
        if extent.box is None and extent.interval is None and extent.vertical is None:
            return
        found = _add(_add(about, "extent"), "EX_Extent")
        if extent.box is not None:
            _write_box(_add(_add(found, "geographicElement"), "EX_GeographicBoundingBox"), extent.box)
        if extent.interval is not None:
            _write_period(_add(_add(_add(found, "temporalElement"), "EX_TemporalExtent"), "extent"), *extent.interval)
        if extent.vertical is not None:
            vertical = _add(_add(found, "verticalElement"), "EX_VerticalExtent")
            for name, value in zip(("minimumValue", "maximumValue"), extent.vertical, strict=True):
                etree.SubElement(_add(vertical, name), f"{{{GCO}}}Real").text = repr(float(value))
            _missing(vertical, "verticalCRS", "unknown")

    def _distribution(self, root: Element) -> None:
        record = self._record
        if not record.formats and not record.links:
            return
        found = _add(_add(root, "distributionInfo"), "MD_Distribution")
        for name in record.formats:
            kind = _add(_add(found, "distributionFormat"), "MD_Format")
            _string(kind, "name", name)
            _missing(kind, "version", "unknown")
        if record.links:
            transfer = _add(_add(found, "transferOptions"), "MD_DigitalTransferOptions")
            for link in record.links:
                _write_link(_add(_add(transfer, "onLine"), "CI_OnlineResource"), link)

    def _quality(self, quality: Element) -> None:
        record = self._record
        _code(_add(_add(quality, "scope"), "DQ_Scope"), "level", "MD_ScopeCode", record.type)
        conformance = _add(_add(_add(_add(quality, "report"), "DQ_DomainConsistency"), "result"), "DQ_ConformanceResult")
        citation = _add(_add(conformance, "specification"), "CI_Citation")
        _anchor(citation, "title", "Commission Regulation (EU) No 1089/2010", _REGULATION)
        found = _add(_add(citation, "date"), "CI_Date")
        _date(found, "date", "2010-12-08")
        _code(found, "dateType", "CI_DateTypeCode", "publication")
        _string(conformance, "explanation", "This data set has not been evaluated against the specification.")
        _missing(conformance, "pass", "unknown")
        lineage = _add(_add(quality, "lineage"), "LI_Lineage")
        if record.lineage:
            self._text(lineage, "statement", record.lineage)
        else:
            _missing(lineage, "statement", "unknown")


def _mark(tag: str) -> str:
    return tag.replace("_", "-").upper()


def _tags(record: Record) -> Iterable[str]:
    texts: list[Mapping[str, str]] = [record.title, record.abstract, record.short_title, record.lineage, *record.constraints]
    texts += [contact.organisation for contact in (*record.contacts, *record.metadata_contacts)]
    texts += [keyword.text for keyword in record.keywords]
    return (tag for text in texts for tag in text)


def _by_thesaurus(keywords: Iterable[Keyword]) -> Iterable[tuple[str | None, list[Keyword]]]:
    groups: dict[str | None, list[Keyword]] = {}
    for keyword in keywords:
        groups.setdefault(keyword.thesaurus, []).append(keyword)
    return groups.items()


def _write_box(found: Element, box: Box) -> None:
    west, south, east, north = box
    _decimal(found, "westBoundLongitude", west)
    _decimal(found, "eastBoundLongitude", east)
    _decimal(found, "southBoundLatitude", south)
    _decimal(found, "northBoundLatitude", north)


def _write_period(extent: Element, begin: str | None, end: str | None) -> None:
    period = etree.SubElement(extent, f"{{{GML}}}TimePeriod", {f"{{{GML}}}id": "period"})
    for name, moment in (("beginPosition", begin), ("endPosition", end)):
        position = etree.SubElement(period, f"{{{GML}}}{name}")
        if moment is None:
            position.set("indeterminatePosition", "unknown")
        else:
            position.text = moment


def _write_link(resource: Element, link: Mapping[str, Any]) -> None:
    _add(_add(resource, "linkage"), "URL").text = str(link.get("href") or "")
    _string(resource, "protocol", link.get("protocol"))
    _string(resource, "name", link.get("title"))
    _string(resource, "description", link.get("description"))
    if link.get("function"):
        _code(resource, "function", "CI_OnLineFunctionCode", str(link["function"]))
