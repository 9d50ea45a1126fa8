"""A record as the children of a GetRecords answer: csw:Record of 2.0.2 and 3.0 in its three sizes, exact boxes, nothing cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lxml import etree

from gateway.catalogue import iso19139
from gateway.catalogue.filters import is_box
from gateway.catalogue.names import CSW2, CSW3, DC, DCT, OWS1, OWS2
from gateway.catalogue.reading import Element
from gateway.model.dataset import Box
from gateway.model.record import Record
from gateway.model.text import pick

TOPICS = "http://www.isotc211.org/2005/resources/Codelist/gmxCodelists.xml#MD_TopicCategoryCode"
_SIZES = {"brief": "BriefRecord", "summary": "SummaryRecord", "full": "Record"}
_PREFIXES = {"dc": DC, "dct": DCT}
_PUBLISHERS = ("publisher", "owner", "distributor", "custodian")

type Part = tuple[str, str, dict[str, str]]
"""A qualified name (``dc:title``), its text, and attributes."""


def csw_record(record: Record, size: str, names: Sequence[str] = (), *, version: str = "2.0.2", language: str = "en") -> Element:
    """A csw:Record (brief, summary or full), or only the elements in `names` (ElementName, OGC 07-006r1 section 10.8.4.9)."""
    space = CSW3 if version == "3.0.0" else CSW2
    prefixes = {("csw30" if version == "3.0.0" else "csw"): space, **_PREFIXES}
    root = etree.Element(f"{{{space}}}{'Record' if names else _SIZES[size]}", nsmap=prefixes)
    wanted = None if not names else {name.rpartition(":")[2] for name in names}
    if wanted is not None and version == "3.0.0":
        wanted |= {"identifier", "title"}
    for name, text, attributes in _parts(record, "full" if names else size, (record.language or language, language)):
        prefix, _, plain = name.partition(":")
        if wanted is None or plain in wanted:
            etree.SubElement(root, f"{{{_PREFIXES[prefix]}}}{plain}", attributes).text = text
    if record.extent.box is not None and (not names or any(map(is_box, names))):
        root.append(bounding_box(record.extent.box, version))
    return root


def iso_record(record: Record) -> Element:
    """A record as gmd:MD_Metadata (OGC 07-045, every element set in full)."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return etree.fromstring(iso19139.write(record), parser)


def bounding_box(box: Box, version: str) -> Element:
    """An ows:BoundingBox in EPSG:4326, latitude first, at full precision."""
    space, crs = (
        (OWS2, "http://www.opengis.net/def/crs/EPSG/0/4326") if version == "3.0.0" else (OWS1, "urn:x-ogc:def:crs:EPSG:6.11:4326")
    )
    west, south, east, north = box
    found = etree.Element(
        f"{{{space}}}BoundingBox", crs=crs, dimensions="2", nsmap={"ows20" if version == "3.0.0" else "ows": space}
    )
    etree.SubElement(found, f"{{{space}}}LowerCorner").text = f"{south!r} {west!r}"
    etree.SubElement(found, f"{{{space}}}UpperCorner").text = f"{north!r} {east!r}"
    return found


def _parts(record: Record, size: str, languages: Sequence[str]) -> Iterator[Part]:
    yield "dc:identifier", record.id, {}
    yield "dc:title", pick(record.title, languages), {}
    yield "dc:type", record.type, {}
    if size == "brief":
        return
    for keyword in record.keywords:
        yield "dc:subject", pick(keyword.text, languages), {}
    for topic in record.topics:
        yield "dc:subject", topic, {"scheme": TOPICS}
    for name in record.formats:
        yield "dc:format", name, {}
    for link in record.links:
        protocol = link.get("protocol")
        yield "dct:references", str(link.get("href") or ""), {"scheme": str(protocol)} if protocol else {}
    if record.modified or record.revised:
        yield "dct:modified", str(record.modified or record.revised), {}
    if record.abstract:
        yield "dct:abstract", pick(record.abstract, languages), {}
    if size == "full":
        yield from _full(record, languages)


def _full(record: Record, languages: Sequence[str]) -> Iterator[Part]:
    moment = record.revised or record.published or record.created
    if moment:
        yield "dc:date", moment, {}
    for contact in record.contacts:
        yield ("dc:publisher" if contact.role in _PUBLISHERS else "dc:creator"), pick(contact.organisation, languages), {}
    if record.language:
        yield "dc:language", record.language, {}
    if record.licence:
        yield "dc:rights", record.licence, {}
    for constraint in record.constraints:
        yield "dc:rights", pick(constraint, languages), {}
    if record.short_title:
        yield "dct:alternative", pick(record.short_title, languages), {}
    for code in record.crs:
        yield "dct:spatial", code, {"scheme": "http://www.opengis.net/def/crs"}
