"""FlatGeobuf in: the header, then the features one after another; every offset is checked, since the file is a stranger's."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from gateway.adapters.flatgeobuf import index
from gateway.adapters.flatgeobuf.decoding import Column, Part, geometry, values
from gateway.adapters.flatgeobuf.schema import COLUMN, CRS, FEATURE, HEADER
from gateway.adapters.reading import OpenFile
from gateway.errors import TooLarge, Unreadable, UsageError
from gateway.geo import crs as crs_rules
from gateway.geo import wkb as wkbs
from gateway.model.crs import Crs
from gateway.model.feature import Feature, Field, Layer
from gateway.model.naming import collection_id, stem
from gateway.ports import Header, ReadOptions

MAGIC = b"fgb\x03fgb\x00"
_LONGEST_HEADER = 16 << 20
_LONGEST = 256 << 20
_MOST = 1 << 40
_FIELDS = {2: "boolean", **dict.fromkeys(range(9), "integer"), 9: "number", 10: "number"} | {2: "boolean"}
_IDS = ("gw_id", "id")


def open_flatgeobuf(path: Path, options: ReadOptions) -> OpenFile:
    """Open a file: its header is read now. Raises Unreadable."""
    file = path.open("rb")
    try:
        return _Reader(file, options, options.name or path.name).open()
    except (struct.error, ValueError) as error:
        file.close()
        raise Unreadable("the header is damaged", place="header") from error
    except BaseException:
        file.close()
        raise


class _Reader:
    def __init__(self, file: BinaryIO, options: ReadOptions, name: str) -> None:
        self._file = file
        self._options = options
        if file.read(8)[:7] != MAGIC[:7]:
            raise Unreadable("not a FlatGeobuf of version 3", place="byte 0")
        root = _root(_sized(file, _LONGEST_HEADER, "header"), "header")
        self._count = root.scalar(HEADER["features_count"], "<Q", 0)
        self._kind = root.scalar(HEADER["geometry_type"], "<B", 0)
        node = root.scalar(HEADER["index_node_size"], "<H", 16)
        self._columns = [_column(part) for part in root.tables(HEADER["columns"], 5000)]
        self._crs = _crs(root.table(HEADER["crs"])) or options.crs
        self._title = root.text(HEADER["title"])
        self._collection = collection_id(root.text(HEADER["name"]) or stem(name))
        if self._count > _MOST or (node == 1):
            raise Unreadable("the header counts what no file has", place="header")
        self._skip = index.size_of(self._count, node) if self._count and node else 0
        self._id = self._id_column(options.id_field)

    def _id_column(self, field: str | None) -> str | None:
        names = [column.name for column in self._columns]
        if field is not None:
            if field not in names:
                raise UsageError(f"there is no column {field}", place="id", cure=f"one of {', '.join(names[:40])}")
            return field
        return next((name for name in _IDS if name in names), None)

    def open(self) -> OpenFile:
        """The open file, its header filled."""
        fields = tuple(
            Field(column.name, _FIELDS.get(column.type, "string"), "date-time" if column.type == 13 else None)
            for column in self._columns
            if column.name != self._id
        )
        header = Header(
            format="flatgeobuf",
            version="3",
            crs=self._crs,
            title=self._title,
            layers=(Layer(self._collection, self._title, None, fields, self._count or None),),
            ids="order" if self._id is None else "source" if self._options.id_field is None else "field",
        )
        return OpenFile(header, self._features, self._file.close)

    def _features(self, reading: OpenFile) -> Iterator[Feature]:
        self._file.seek(self._skip, 1)
        number = 0
        while head := self._file.read(4):
            number += 1
            place = f"feature {number}"
            self._file.seek(-len(head), 1)
            root = _root(_sized(self._file, _LONGEST, place), place)
            yield self._feature(root, number, place, reading)
        if self._count and number != self._count:
            raise Unreadable(f"the header counts {self._count} features and there are {number}", place="header")

    def _feature(self, root: Part, number: int, place: str, reading: OpenFile) -> Feature:
        try:
            found = values(root, self._columns)
            part = root.table(FEATURE["geometry"])
            shape = None if part is None else geometry(part, self._kind)
        except (struct.error, UnicodeDecodeError, ValueError) as error:
            raise Unreadable(f"the feature is damaged: {str(error)[:120]}", place=place) from error
        written = None if shape is None else wkbs.write(wkbs.normal(wkbs.write(shape), place))[0]
        id = str(number) if self._id is None else found.pop(self._id, None)
        if id is None or id == "":
            reading.problem(
                ("a feature has no id", "un objet est sans identifiant"),
                ("give every feature an id, or --id FIELD", "donner un identifiant à chaque objet, ou --id CHAMP"),
                place=place,
            )
            id = f"no-id-{number}"
        return Feature(str(id), "Feature", self._collection, self._parsed(found, place), written, place=place)

    def _parsed(self, found: dict[str, Any], place: str) -> dict[str, Any]:
        for column in self._columns:
            if column.type == 12 and isinstance(found.get(column.name), str):
                try:
                    found[column.name] = orjson.loads(found[column.name])
                except orjson.JSONDecodeError as error:
                    raise Unreadable(f"{column.name} is no JSON", place=place) from error
        return found


def _sized(file: BinaryIO, most: int, place: str) -> bytes:
    """A size-prefixed buffer with its prefix."""
    head = file.read(4)
    if len(head) < 4:
        raise Unreadable("the file ends too early", place=place)
    size = struct.unpack("<I", head)[0]
    if size > most:
        raise TooLarge(f"{size} bytes are over the limit of {most}", place=place)
    body = file.read(size)
    if len(body) < size:
        raise Unreadable("the file ends too early", place=place)
    return head + body


def _root(buffer: bytes, place: str) -> Part:
    try:
        return Part.root(buffer)
    except (struct.error, ValueError) as error:
        raise Unreadable("the buffer is damaged", place=place) from error


def _column(part: Part) -> Column:
    name = part.text(COLUMN["name"])
    if not name:
        raise Unreadable("a column has no name", place="header")
    return Column(name, part.scalar(COLUMN["type"], "<B", 0))


def _crs(part: Part | None) -> Crs | None:
    if part is None:
        return None
    code, text, wkt = part.scalar(CRS["code"], "<i", 0), part.text(CRS["code_string"]), part.text(CRS["wkt"])
    if code > 0 or text:
        found = crs_rules.parse(f"{part.text(CRS['org']) or 'EPSG'}:{text or code}")
        if found.is_known:
            return found
    name = part.text(CRS["name"])
    return crs_rules.parse(wkt or name or "unknown") if wkt or name else None
