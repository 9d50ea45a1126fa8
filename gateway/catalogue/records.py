"""Reads a metadata record in whatever form it comes, alone or in the answer of a catalogue."""

from __future__ import annotations

from pathlib import Path

from lxml import etree

from gateway.catalogue import dublincore, iso19139_reader, json_record
from gateway.catalogue.reading import Element, Source, local
from gateway.errors import Unreadable
from gateway.gates import xml
from gateway.model.record import Record

LIMIT = 16 << 20
_WRAPPERS = ("GetRecordByIdResponse", "GetRecordsResponse", "SearchResults")


def read(path: Path, name: str | None = None) -> Record:
    """The one record in a file: JSON, ISO 19139 or csw:Record, the latter two alone or in a GetRecords(ById) answer.

    `source` keeps its bytes. Raises Unreadable for broken or hostile content, another kind of document, and a file with no or
    several records.
    """
    with path.open("rb") as file:
        content = file.read(LIMIT + 1)
    if json_record.is_json(content[:1024]):
        if len(content) > LIMIT:
            raise Unreadable(f"more than {LIMIT} bytes of metadata", place=name or path.name)
        return json_record.read(content, name or path.name)
    found = read_all(path, name)
    if len(found) != 1:
        raise Unreadable(f"{len(found)} records in one file", place=name or path.name, cure="send each record by itself")
    return found[0]


def read_all(path: Path, name: str | None = None) -> list[Record]:
    """All records in a file, in its order; a record that stands alone is the only one."""
    source = Source(name or path.name)
    root = xml.parse_path(path, place=source.name, limit=LIMIT)
    if is_record(root):
        return [_read(root, source, path.read_bytes())]
    if local(root) not in _WRAPPERS:
        raise Unreadable(
            f"{etree.QName(root).localname} is no metadata record",
            place=source.at(root),
            cure="send a JSON record, ISO 19139 (gmd:MD_Metadata) or csw:Record",
        )
    return [_read(element, source, _cut(element)) for element in root.iter() if isinstance(element.tag, str) and is_record(element)]


def is_record(root: Element) -> bool:
    """Whether an element is a record of a kind that is read here."""
    return iso19139_reader.is_iso19139(root) or dublincore.is_record(root)


def _read(root: Element, source: Source, original: bytes) -> Record:
    if iso19139_reader.is_iso19139(root):
        return iso19139_reader.read(root, source, original)
    return dublincore.read(root, source, original)


def _cut(element: Element) -> bytes:
    """An element of a larger document as a document of its own."""
    return etree.tostring(element, xml_declaration=True, encoding="UTF-8", with_tail=False)
