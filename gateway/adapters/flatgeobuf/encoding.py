"""FlatBuffers out: the header and the features of FlatGeobuf, written forwards into one growing buffer.

A table is laid down with its vtable before it and everything it points to behind it; positions are counted from the size prefix,
so that doubles stand on multiples of eight as the reference writer's do.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from gateway.adapters.columns import Column
from gateway.adapters.flatgeobuf.schema import COLUMN, CRS, FEATURE, GEOMETRY, HEADER, KINDS
from gateway.model.feature import Scalar

_U32 = struct.Struct("<I")
_POINT, _LINE, _RING, _POLYGON, _MULTIPOINT, _MULTILINE, _MULTIPOLYGON, _COLLECTION = range(8)
TYPES = {_POINT: 1, _LINE: 2, _RING: 2, _POLYGON: 3, _MULTIPOINT: 4, _MULTILINE: 5, _MULTIPOLYGON: 6, _COLLECTION: 7}
"""GEOS type ids as FlatGeobuf numbers them."""
_VALUES = {"boolean": struct.Struct("<H?"), "integer": struct.Struct("<Hq"), "number": struct.Struct("<Hd")}
_LENGTH = struct.Struct("<HI")


class Buffer:
    """One size-prefixed FlatBuffer on its way."""

    def __init__(self) -> None:
        self._bytes = bytearray(8)

    def table(self, layout: dict[str, int], values: dict[str, Any]) -> int:
        """Lay down a table of `values` by the field numbers of `layout`; gives its position. A value is a scalar as packed bytes
        (its length is its alignment), or None for a place that `point` fills later."""
        entries = bytearray(2 * (max(layout[name] for name in values) + 1))
        size = 4
        placed = []
        for name, value in sorted(values.items(), key=lambda pair: -(4 if pair[1] is None else len(pair[1]))):
            width = 4 if value is None else len(value)
            size += -size % width
            struct.pack_into("<H", entries, 2 * layout[name], size)
            placed.append((size, value))
            size += width
        start = self._end(8, len(entries) + 4)
        self._bytes += struct.pack("<HH", len(entries) + 4, size) + entries
        position = len(self._bytes)
        self._bytes += struct.pack("<i", position - start) + bytes(size - 4)
        for at, value in placed:
            if value is not None:
                self._bytes[position + at : position + at + len(value)] = value
        return position

    def _end(self, align: int, before: int) -> int:
        """Pad so that what begins `before` bytes later stands on a multiple of `align`."""
        self._bytes += bytes(-(len(self._bytes) + before) % align)
        return len(self._bytes)

    def root(self, position: int) -> None:
        """Say which table is the root."""
        _U32.pack_into(self._bytes, 4, position - 4)

    def point(self, table: int, number: int, target: int) -> None:
        """Fill the place of field `number` of the table at `table` with the way to `target`."""
        vtable = table - struct.unpack_from("<i", self._bytes, table)[0]
        field = table + struct.unpack_from("<H", self._bytes, vtable + 4 + 2 * number)[0]
        _U32.pack_into(self._bytes, field, target - field)

    def vector(self, content: bytes, count: int, width: int) -> int:
        """Lay down a vector of `count` elements of `width` bytes; gives its position."""
        start = self._end(width if width > 4 else 4, 4)
        self._bytes += _U32.pack(count) + content
        return start

    def text(self, value: str) -> int:
        """Lay down a string; gives its position."""
        content = value.encode()
        start = self.vector(content, len(content), 1)
        self._bytes += b"\0"
        return start

    def pointers(self, count: int) -> int:
        """Lay down a vector of `count` places for `aim` to fill."""
        return self.vector(bytes(4 * count), count, 4)

    def aim(self, vector: int, number: int, target: int) -> None:
        """Fill place `number` of the vector at `vector`."""
        field = vector + 4 + 4 * number
        _U32.pack_into(self._bytes, field, target - field)

    def done(self) -> bytes:
        """The buffer with its size before it."""
        self._bytes += bytes(-len(self._bytes) % 8)
        _U32.pack_into(self._bytes, 0, len(self._bytes) - 4)
        return bytes(self._bytes)


def feature(shape: Any, properties: bytes, *, raised: bool) -> bytes:
    """One size-prefixed feature; `shape` is a shapely geometry or None. Where the header says that there are heights (`raised`),
    a geometry without any has heights that are no numbers."""
    buffer = Buffer()
    root = buffer.table(FEATURE, {"geometry": None, "properties": None} if shape is not None else {"properties": None})
    buffer.root(root)
    if shape is not None:
        buffer.point(root, FEATURE["geometry"], _geometry(buffer, shape, raised))
    buffer.point(root, FEATURE["properties"], buffer.vector(properties, len(properties), 1))
    return buffer.done()


def _geometry(buffer: Buffer, shape: Any, raised: bool) -> int:
    kind = int(shapely.get_type_id(shape))
    parts = list(shapely.get_parts(shape)) if kind in (_MULTIPOLYGON, _COLLECTION) else []
    values: dict[str, Any] = {"type": bytes([TYPES[kind]])}
    if parts or kind in (_MULTIPOLYGON, _COLLECTION):
        position = buffer.table(GEOMETRY, {**values, "parts": None})
        vector = buffer.pointers(len(parts))
        buffer.point(position, GEOMETRY["parts"], vector)
        for number, part in enumerate(parts):
            buffer.aim(vector, number, _geometry(buffer, part, raised))
        return position
    points = shapely.get_coordinates(shape, include_z=raised)
    ends = _ends(shape, kind)
    vectors = {"xy": (np.ascontiguousarray(points[:, :2], "<f8").tobytes(), 2 * len(points), 8)}
    if points.shape[1] == 3:
        vectors["z"] = (np.ascontiguousarray(points[:, 2], "<f8").tobytes(), len(points), 8)
    if len(ends) > 1:
        vectors["ends"] = (struct.pack(f"<{len(ends)}I", *ends), len(ends), 4)
    position = buffer.table(GEOMETRY, values | dict.fromkeys(vectors))
    for name, vector_parts in vectors.items():
        buffer.point(position, GEOMETRY[name], buffer.vector(*vector_parts))
    return position


def _ends(shape: Any, kind: int) -> list[int]:
    if kind not in (_POLYGON, _MULTILINE):
        return []
    rings = shapely.get_rings(shape) if kind == _POLYGON else shapely.get_parts(shape)
    found: list[int] = np.cumsum(shapely.get_num_coordinates(rings)).tolist()
    return found


def properties(columns: Sequence[Column], values: Sequence[Scalar], id: str) -> bytes:
    """The values of one feature: the id as column 0, then what is not null of `columns`."""
    text = id.encode()
    found = [_LENGTH.pack(0, len(text)), text]
    for number, (column, value) in enumerate(zip(columns, values, strict=True), 1):
        if value is None:
            continue
        packer = _VALUES.get(column.type)
        if packer is not None:
            found.append(packer.pack(number, value))
        else:
            text = str(value).encode()
            found += [_LENGTH.pack(number, len(text)), text]
    return b"".join(found)


def header(
    name: str,
    title: str | None,
    box: Sequence[float] | None,
    kind: int,
    raised: bool,
    columns: Sequence[tuple[str, str, str | None]],
    count: int,
    node_size: int,
    crs: dict[str, Any] | None,
) -> bytes:
    """The size-prefixed header. `columns` are (name, type of `Column`, format); `crs` has org, code, name, wkt as known."""
    buffer = Buffer()
    texts = {"name": name} | ({"title": title} if title else {})
    scalars = {"geometry_type": bytes([kind]), "has_z": bytes([raised])}
    scalars |= {"features_count": struct.pack("<Q", count), "index_node_size": struct.pack("<H", node_size)}
    places = dict.fromkeys([*texts, "columns", *(["envelope"] if box else []), *(["crs"] if crs else [])])
    root = buffer.table(HEADER, scalars | places)
    buffer.root(root)
    for field, value in texts.items():
        buffer.point(root, HEADER[field], buffer.text(value))
    if box:
        buffer.point(root, HEADER["envelope"], buffer.vector(struct.pack("<4d", *box), 4, 8))
    vector = buffer.pointers(len(columns))
    buffer.point(root, HEADER["columns"], vector)
    for number, column in enumerate(columns):
        buffer.aim(vector, number, _column(buffer, *column))
    if crs:
        buffer.point(root, HEADER["crs"], _crs(buffer, crs))
    return buffer.done()


def _column(buffer: Buffer, name: str, type: str, format: str | None) -> int:
    kind = KINDS["datetime"] if type == "string" and format == "date-time" else KINDS[type]
    position = buffer.table(COLUMN, {"name": None, "type": bytes([kind])})
    buffer.point(position, COLUMN["name"], buffer.text(name))
    return position


def _crs(buffer: Buffer, crs: dict[str, Any]) -> int:
    texts = {name: value for name, value in crs.items() if isinstance(value, str)}
    scalars = {name: struct.pack("<i", value) for name, value in crs.items() if isinstance(value, int)}
    position = buffer.table(CRS, scalars | dict.fromkeys(texts))
    for name, value in texts.items():
        buffer.point(position, CRS[name], buffer.text(value))
    return position
