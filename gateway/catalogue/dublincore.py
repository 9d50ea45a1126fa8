"""``csw:Record`` and its shorter forms (OGC 07-006r1 section 10.2.5): read, and written as ``csw:Record``."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from lxml import etree

from gateway.catalogue.names import CSW2, CSW3, DC, DCT, OWS1, OWS2, tag_of
from gateway.catalogue.reading import Element, Source, box, date, local, own_text
from gateway.errors import Unreadable
from gateway.model.dataset import Box
from gateway.model.record import Contact, Extent, Keyword, Record
from gateway.model.text import UNDETERMINED, Text, pick

_KINDS = ("Record", "SummaryRecord", "BriefRecord")


def is_record(root: Element) -> bool:
    """Whether `root` is a csw:Record, csw:SummaryRecord or csw:BriefRecord of CSW 2.0.2 or 3.0."""
    return etree.QName(root).namespace in (CSW2, CSW3) and local(root) in _KINDS


def read(root: Element, source: Source, original: bytes) -> Record:
    """The record of a csw:Record. Raises Unreadable with the line for dates and boxes that are none."""
    language = tag_of(own_text(root.find(f"{{{DC}}}language")))
    tag = language or UNDETERMINED

    def text(name: str) -> Text:
        found = own_text(root.find(name))
        return {} if found is None else {tag: found}

    subjects = [(found, own_text(found)) for found in root.findall(f"{{{DC}}}subject")]
    return Record(
        id=own_text(root.find(f"{{{DC}}}identifier")) or "",
        title=text(f"{{{DC}}}title"),
        abstract=text(f"{{{DCT}}}abstract") or text(f"{{{DC}}}description"),
        short_title=text(f"{{{DCT}}}alternative"),
        type=own_text(root.find(f"{{{DC}}}type")) or "dataset",
        language=language,
        contacts=tuple(_contacts(root, tag)),
        keywords=tuple(Keyword({tag: word}) for found, word in subjects if word and not _is_topic(found)),
        topics=tuple(word for found, word in subjects if word and _is_topic(found)),
        extent=Extent(box=_box(root, source)),
        crs=tuple(filter(None, (own_text(root.find(f"{{{DCT}}}conformsTo")),))),
        lineage=text(f"{{{DCT}}}provenance"),
        licence=own_text(root.find(f"{{{DCT}}}license")),
        constraints=tuple({tag: found} for found in map(own_text, root.findall(f"{{{DC}}}rights")) if found),
        created=date(root.find(f"{{{DCT}}}created"), source),
        published=date(root.find(f"{{{DCT}}}issued"), source),
        modified=date(root.find(f"{{{DCT}}}modified"), source) or date(root.find(f"{{{DC}}}date"), source),
        formats=tuple(dict.fromkeys(filter(None, map(own_text, root.findall(f"{{{DC}}}format"))))),
        links=tuple(_links(root)),
        source=original,
        source_schema=CSW2,
    )


def write(record: Record, languages: tuple[str, ...] = ("en",)) -> bytes:
    """A record as csw:Record; one that came as csw:Record goes back as it came. Text in the first language it has."""
    if record.source is not None and record.source_schema == CSW2:
        return record.source
    order = (record.language, *languages) if record.language else languages
    root = etree.Element(f"{{{CSW2}}}Record", nsmap={"csw": CSW2, "dc": DC, "dct": DCT, "ows": OWS1})
    for name, value in _elements(record, order):
        if value:
            etree.SubElement(root, name).text = value
    if record.extent.box is not None:
        _write_box(root, record.extent.box)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _elements(record: Record, order: tuple[str, ...]) -> Iterator[tuple[str, str | None]]:
    yield f"{{{DC}}}identifier", record.id
    yield f"{{{DC}}}title", pick(record.title, order)
    yield f"{{{DCT}}}alternative", pick(record.short_title, order)
    yield f"{{{DC}}}type", record.type
    for keyword in record.keywords:
        yield f"{{{DC}}}subject", pick(keyword.text, order)
    for topic in record.topics:
        yield f"{{{DC}}}subject", topic
    for name in record.formats:
        yield f"{{{DC}}}format", name
    for link in record.links:
        yield f"{{{DCT}}}references", str(link.get("href") or "")
    for contact in record.contacts:
        role = "publisher" if contact.role in ("publisher", "owner", "distributor") else "creator"
        yield f"{{{DC}}}{role}", pick(contact.organisation, order)
    yield f"{{{DCT}}}created", record.created
    yield f"{{{DCT}}}issued", record.published
    yield f"{{{DCT}}}modified", record.modified or record.revised
    yield f"{{{DCT}}}abstract", pick(record.abstract, order)
    yield f"{{{DCT}}}provenance", pick(record.lineage, order)
    yield f"{{{DC}}}language", record.language
    yield f"{{{DCT}}}license", record.licence
    for constraint in record.constraints:
        yield f"{{{DC}}}rights", pick(constraint, order)


def _write_box(root: Element, extent: Box) -> None:
    west, south, east, north = extent
    found = etree.SubElement(root, f"{{{OWS1}}}BoundingBox", crs="urn:ogc:def:crs:EPSG::4326", dimensions="2")
    etree.SubElement(found, f"{{{OWS1}}}LowerCorner").text = f"{south!r} {west!r}"
    etree.SubElement(found, f"{{{OWS1}}}UpperCorner").text = f"{north!r} {east!r}"


def _is_topic(subject: Element) -> bool:
    return "MD_TopicCategoryCode" in (subject.get("scheme") or "")


def _contacts(root: Element, tag: str) -> Iterator[Contact]:
    for name, role in (("creator", "author"), ("publisher", "publisher"), ("contributor", "custodian")):
        for found in map(own_text, root.findall(f"{{{DC}}}{name}")):
            if found:
                yield Contact({tag: found}, role)


def _links(root: Element) -> Iterator[dict[str, Any]]:
    for found in (*root.findall(f"{{{DCT}}}references"), *root.findall(f"{{{DC}}}URI")):
        address = own_text(found)
        if address:
            protocol = found.get("scheme") or found.get("protocol")
            yield {"href": address, "protocol": protocol} if protocol else {"href": address}


def _box(root: Element, source: Source) -> Box | None:
    """The ows:BoundingBox in CRS84; a CRS of EPSG:4326 by its URN means latitude first (OGC 06-121r3 section 10.2.1)."""
    for space in (OWS1, OWS2):
        for name in ("WGS84BoundingBox", "BoundingBox"):
            found = root.find(f"{{{space}}}{name}")
            if found is not None:
                return _corners(found, space, source)
    return None


def _corners(found: Element, space: str, source: Source) -> Box | None:
    system = found.get("crs") or ""
    if local(found) == "BoundingBox" and system and "4326" not in system and "CRS84" not in system:
        return None
    numbers: list[float] = []
    for corner in ("LowerCorner", "UpperCorner"):
        element = found.find(f"{{{space}}}{corner}")
        parts = (own_text(element) or "").split()
        try:
            numbers += [float(part) for part in parts]
        except ValueError as error:
            raise Unreadable(f"{corner} holds no numbers", place=source.at(found), cure="write two decimal numbers") from error
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
        raise Unreadable("a bounding box needs two corners of two numbers", place=source.at(found))
    x, y = (1, 0) if "4326" in system and ("urn:" in system or "/def/crs/" in system) else (0, 1)
    return box(numbers[x], numbers[y], numbers[2 + x], numbers[2 + y], place=source.at(found))
