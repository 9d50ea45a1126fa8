"""FlatBuffers in: tables, vectors and geometries of FlatGeobuf, with every position checked against the buffer."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely

from gateway.adapters.flatgeobuf.schema import FEATURE, GEOMETRY

_DEEPEST = 32
_SCALARS = {
    number: struct.Struct(f"<{code}")
    for number, code in {0: "b", 1: "B", 2: "?", 3: "h", 4: "H", 5: "i", 6: "I", 7: "q", 8: "Q", 9: "f", 10: "d"}.items()
}
_TEXTS = frozenset((11, 12, 13))
_BINARY = 14


class Column(NamedTuple):
    """A column: its name and the number of its type."""

    name: str
    type: int


@dataclass(frozen=True, slots=True)
class Part:
    """A table in a buffer. Raises struct.error or ValueError for whatever points outside."""

    buffer: bytes
    position: int

    @classmethod
    def root(cls, buffer: bytes) -> Part:
        """The root table of a size-prefixed buffer."""
        return cls(buffer, 4 + _unpack("<I", buffer, 4))

    def _field(self, number: int) -> int:
        vtable = self.position - _unpack("<i", self.buffer, self.position)
        if 4 + 2 * number >= _unpack("<H", self.buffer, vtable):
            return 0
        offset = _unpack("<H", self.buffer, vtable + 4 + 2 * number)
        return self.position + offset if offset else 0

    def _target(self, number: int) -> int:
        field = self._field(number)
        return field + _unpack("<I", self.buffer, field) if field else 0

    def scalar(self, number: int, code: str, default: int) -> int:
        """An integer field."""
        field = self._field(number)
        return _unpack(code, self.buffer, field) if field else default

    def table(self, number: int) -> Part | None:
        """A table that a field points to."""
        target = self._target(number)
        return Part(self.buffer, target) if target else None

    def vector(self, number: int, width: int) -> tuple[int, int]:
        """Where a vector's elements begin, and how many there are."""
        target = self._target(number)
        if not target:
            return 0, 0
        count = _unpack("<I", self.buffer, target)
        if target + 4 + count * width > len(self.buffer):
            raise ValueError("a vector goes beyond the buffer")
        return target + 4, count

    def content(self, number: int) -> bytes:
        """A vector of bytes."""
        start, count = self.vector(number, 1)
        return self.buffer[start : start + count]

    def text(self, number: int) -> str | None:
        """A string."""
        return self.content(number).decode() if self._field(number) else None

    def numbers(self, number: int, kind: str) -> Any:
        """A vector of numbers as an array."""
        width = int(kind[-1])
        start, count = self.vector(number, width)
        return np.frombuffer(self.buffer, kind, count, start)

    def tables(self, number: int, most: int) -> list[Part]:
        """A vector of tables."""
        start, count = self.vector(number, 4)
        if count > most:
            raise ValueError(f"more than {most} parts")
        places = range(start, start + 4 * count, 4)
        return [Part(self.buffer, place + _unpack("<I", self.buffer, place)) for place in places]


def _unpack(code: str, buffer: bytes, position: int) -> int:
    if position < 0:
        raise ValueError("an offset leads before the buffer")
    return struct.unpack_from(code, buffer, position)[0]  # type: ignore[no-any-return]


def values(root: Part, columns: list[Column]) -> dict[str, Any]:
    """The properties of a feature; binary ones are left out."""
    content = root.content(FEATURE["properties"])
    found: dict[str, Any] = {}
    at = 0
    while at < len(content):
        number = struct.unpack_from("<H", content, at)[0]
        at += 2
        if number >= len(columns):
            raise ValueError(f"there is no column {number}")
        name, kind = columns[number]
        scalar = _SCALARS.get(kind)
        if scalar is not None:
            found[name] = scalar.unpack_from(content, at)[0]
            at += scalar.size
            continue
        size = struct.unpack_from("<I", content, at)[0]
        if kind not in _TEXTS and kind != _BINARY:
            raise ValueError(f"column {name} is of an unknown type")
        if at + 4 + size > len(content):
            raise ValueError(f"the value of {name} goes beyond the feature")
        if kind in _TEXTS:
            found[name] = content[at + 4 : at + 4 + size].decode()
        at += 4 + size
    return found


def geometry(part: Part, kind: int) -> Any:
    """The shapely geometry of a part; `kind` holds where the part does not say. Raises ValueError."""
    budget = [len(part.buffer)]
    try:
        return _geometry(part, kind, 0, budget)
    except shapely.errors.GEOSException as error:
        raise ValueError(str(error).partition("\n")[0]) from error


def _geometry(part: Part, kind: int, depth: int, budget: list[int]) -> Any:
    kind = part.scalar(GEOMETRY["type"], "<B", 0) or kind
    budget[0] -= 16 + 8 * part.vector(GEOMETRY["xy"], 8)[1]
    if budget[0] < 0:
        raise ValueError("one part is used more than once")
    if depth > _DEEPEST:
        raise ValueError(f"nested more than {_DEEPEST} deep")
    if kind in (6, 7):
        inner = 3 if kind == 6 else 0
        parts = [_geometry(one, inner, depth + 1, budget) for one in part.tables(GEOMETRY["parts"], len(part.buffer))]
        return shapely.MultiPolygon(parts) if kind == 6 else shapely.GeometryCollection(parts)
    points = _points(part)
    if kind == 1:
        return shapely.Point(points[0]) if len(points) else shapely.Point()
    if kind == 2:
        return shapely.LineString(points)
    if kind == 4:
        return shapely.MultiPoint(points)
    if kind not in (3, 5):
        raise ValueError(f"geometries of type {kind} are not kept")
    pieces = np.split(points, part.numbers(GEOMETRY["ends"], "<u4")[:-1]) if len(points) else []
    if kind == 5:
        return shapely.MultiLineString(pieces)
    return shapely.Polygon(pieces[0], pieces[1:]) if pieces else shapely.Polygon()


def _points(part: Part) -> Any:
    flat = part.numbers(GEOMETRY["xy"], "<f8")
    if len(flat) % 2:
        raise ValueError("an odd number of coordinates")
    points = flat.reshape(-1, 2)
    heights = part.numbers(GEOMETRY["z"], "<f8")
    if len(heights) == 0 or np.isnan(heights).all():
        return points
    if len(heights) != len(points):
        raise ValueError("as many heights as positions there must be")
    return np.column_stack((points, heights))
