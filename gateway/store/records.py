"""Records: kept as JSON, searched through their values by property and through full text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import apsw
import orjson

from gateway.errors import IdNotAvailable
from gateway.model.dataset import Dataset
from gateway.model.record import Attribute, Contact, Extent, Keyword, Record
from gateway.model.text import Text, pick

_PARTS = {"contacts": Contact, "metadata_contacts": Contact, "keywords": Keyword, "attributes": Attribute}
_TUPLES = ("topics", "crs", "constraints", "formats", "links")


def put(connection: apsw.Connection, dataset: Dataset, *, previous: int | None) -> int:
    """Keep a dataset's record and make it the one that is searched; gives its number. Raises IdNotAvailable."""
    record = dataset.record
    taken = connection.execute(
        "SELECT 1 FROM dataset d JOIN record r ON r.number = d.record WHERE r.id = ? AND d.id <> ?", (record.id, dataset.id)
    ).fetchone()
    if taken:
        raise IdNotAvailable(f"the record identifier {record.id} cannot be had", cure="give the record another identifier")
    document = encode(record)
    if previous is not None:
        unindex(connection, previous)
        same = connection.execute("SELECT document, source FROM record WHERE number = ?", (previous,)).fetchone()
        if same == (document, record.source):
            index(connection, previous, dataset)
            return previous
    box = record.extent.box or (None, None, None, None)
    connection.execute(
        "INSERT INTO record (id, dataset, document, source, west, south, east, north) VALUES (?,?,?,?,?,?,?,?)",
        (record.id, dataset.id, document, record.source, *box),
    )
    number = int(connection.last_insert_rowid())
    index(connection, number, dataset)
    return number


def index(connection: apsw.Connection, number: int, dataset: Dataset) -> None:
    """Enter a record into the search."""
    values, words = searchable(dataset)
    connection.executemany("INSERT INTO record_value VALUES (?,?,?,?)", [(number, *value) for value in values])
    connection.execute("INSERT INTO record_search (rowid, words) VALUES (?, ?)", (number, words))


def unindex(connection: apsw.Connection, number: int) -> None:
    """Take a record out of the search."""
    connection.execute("DELETE FROM record_value WHERE record = ?", (number,))
    connection.execute("DELETE FROM record_search WHERE rowid = ?", (number,))


def searchable(dataset: Dataset) -> tuple[list[tuple[str, int, str]], str]:
    """What a record is searched by: (property, place, value) with ``anytext`` last, and all its words."""
    rows = [(prop, place, value) for prop, values in _values(dataset).items() for place, value in enumerate(values)]
    words = "\n".join(dict.fromkeys(value for _, _, value in rows))
    return [*rows, ("anytext", 0, words)], words


def encode(record: Record) -> str:
    """A record as JSON, without its source bytes."""
    return orjson.dumps(replace(record, source=None)).decode()


def decode(document: str, source: bytes | None) -> Record:
    """The inverse of `encode`."""
    known: dict[str, Any] = orjson.loads(document)
    for name, kind in _PARTS.items():
        known[name] = tuple(kind(**part) for part in known[name])
    for name in _TUPLES:
        known[name] = tuple(known[name])
    extent = known["extent"]
    known["extent"] = Extent(*(None if extent[part.name] is None else tuple(extent[part.name]) for part in fields(Extent)))
    known["source"] = source
    return Record(**known)


def _values(dataset: Dataset) -> dict[str, list[str]]:
    """The searchable values of a record by property (names of `RECORD_PROPERTIES`); the first is the one to sort by."""
    record = dataset.record
    return {
        "identifier": [record.id],
        "title": [*_texts(record.title), *_texts(record.short_title)],
        "abstract": _texts(record.abstract),
        "type": _some(record.type),
        "language": _some(record.language),
        "modified": _some(record.modified or dataset.updated or None),
        "created": _some(record.created),
        "published": _some(record.published),
        "revised": _some(record.revised),
        "organisation": _unique(text for contact in record.contacts for text in _texts(contact.organisation)),
        "keywords": _unique(text for keyword in record.keywords for text in _texts(keyword.text)),
        "topics": _unique(record.topics),
        "licence": _some(dataset.licence or record.licence),
        "level": _some(dataset.level),
        "crs": _unique(record.crs),
        "format": _unique([*record.formats, *_some(dataset.source_format)]),
        "source": _texts(record.lineage),
    }


def _texts(text: Text) -> list[str]:
    return _unique([pick(text), *text.values()])


def _some(value: str | None) -> list[str]:
    return [value] if value else []


def _unique(values: Iterator[str] | list[str] | tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))
