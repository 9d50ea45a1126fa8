"""Curves, surfaces and triangles of ISO WKB (types 8 to 12 and 15 to 17), as GeoPackage allows them, turned into straight ones."""

from __future__ import annotations

import struct
from typing import Any

from gateway.adapters.arcs import linear
from gateway.errors import Unreadable
from gateway.geo import geojson

_NAMES = {
    1: "Point",
    2: "LineString",
    3: "Polygon",
    8: "CircularString",
    9: "CompoundCurve",
    10: "CurvePolygon",
    11: "MultiCurve",
    12: "MultiSurface",
    15: "MultiPolygon",
    16: "MultiPolygon",
    17: "Polygon",
}
_DEEPEST = 6


def is_curved(wkb: bytes) -> bool:
    """Whether the geometry is of a kind that `straight` is for."""
    order = "<" if wkb[0] == 1 else ">"
    code: int = struct.unpack_from(f"{order}I", wkb, 1)[0]
    return code % 1000 >= 8


def straight(wkb: bytes, place: str) -> bytes:
    """Plain little-endian WKB of a curved geometry, arcs stroked. Raises Unreadable for broken or unknown WKB."""
    try:
        geometry = _Walk(wkb).geometry(0)
    except (struct.error, IndexError, KeyError) as error:
        raise Unreadable("the geometry is not valid WKB, or of a kind that is not kept", place=place) from error
    return geojson.decode(linear(geometry, place), place)


class _Walk:
    """One pass over WKB; counts are believed only as far as bytes follow."""

    def __init__(self, wkb: bytes) -> None:
        self._wkb = wkb
        self._at = 0

    def geometry(self, depth: int) -> dict[str, Any]:
        """The geometry at the position as JSON-FG has it."""
        if depth > _DEEPEST:
            raise IndexError(depth)
        order = "<" if self._wkb[self._at] == 1 else ">"
        code = struct.unpack_from(f"{order}I", self._wkb, self._at + 1)[0]
        self._at += 5
        kind, name = code % 1000, _NAMES[code % 1000]
        size, kept = {0: (2, 2), 1: (3, 3), 2: (3, 2), 3: (4, 3)}[code // 1000]
        if kind in (2, 8):
            return {"type": name, "coordinates": self._positions(order, size, kept)}
        if kind in (3, 17):
            rings = [self._positions(order, size, kept) for _ in range(self._count(order))]
            return {"type": name, "coordinates": rings}
        parts = [self.geometry(depth + 1) for _ in range(self._count(order))]
        if kind in (15, 16):
            return {"type": name, "coordinates": [part["coordinates"] for part in parts]}
        return {"type": name, "geometries": parts}

    def _count(self, order: str) -> int:
        count: int = struct.unpack_from(f"{order}I", self._wkb, self._at)[0]
        self._at += 4
        if count * 4 > len(self._wkb):
            raise IndexError(count)
        return count

    def _positions(self, order: str, size: int, kept: int) -> list[list[float]]:
        count = self._count(order)
        end = self._at + 8 * size * count
        if end > len(self._wkb):
            raise IndexError(count)
        found = struct.iter_unpack(f"{order}{size}d", self._wkb[self._at : end])
        self._at = end
        return [list(position[:kept]) for position in found]
