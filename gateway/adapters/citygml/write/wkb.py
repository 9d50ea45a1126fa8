"""The footprint or plain geometry of a feature (ISO WKB) as a geometry of LoD 0."""

from __future__ import annotations

import struct
from typing import Any

from gateway.model.geometry import Geometry, Point
from gateway.model.report import Report

_SINGLE = {1: "MultiPoint", 2: "MultiLineString", 3: "MultiSurface"}
_MULTI = {4: "MultiPoint", 5: "MultiLineString", 6: "MultiSurface"}


def geometry_of(shape: bytes, report: Report, object_id: str) -> Geometry | None:
    """WKB as MultiPoint, MultiLineString or MultiSurface; heights that are not there are 0. None (counted) for other kinds."""
    reader = _Reader(shape)
    kind, parts = reader.geometry()
    if kind not in _SINGLE and kind not in _MULTI:
        report.lost("geometry", "a collection of several kinds has no place in CityGML", object_id)
        return None
    if not parts:
        return None
    if not reader.has_heights:
        report.changed("height", "a flat geometry gets the height 0", object_id)
    if kind in (3, 6):
        parts = [[ring[:-1] for ring in polygon] for polygon in parts]
    return Geometry(_SINGLE.get(kind) or _MULTI[kind], "0", parts)


class _Reader:
    """Walks ISO WKB; EWKB flags are understood too."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0
        self.has_heights = False

    def geometry(self) -> tuple[int, list[Any]]:
        """(kind 1 to 6, parts); kind 7 for a collection."""
        order = "<" if self._data[self._at] == 1 else ">"
        (code,) = struct.unpack_from(order + "I", self._data, self._at + 1)
        self._at += 5
        if code & 0x20000000:
            self._at += 4
        kind, dimension = (code & 0xFFFF) % 1000, (code & 0xFFFF) // 1000
        has_z = dimension in (1, 3) or bool(code & 0x80000000)
        has_m = dimension in (2, 3) or bool(code & 0x40000000)
        self.has_heights |= has_z
        width = 2 + has_z + has_m
        if kind == 1:
            point = self._points(order, width, has_z, 1)[0]
            return kind, [] if point[0] != point[0] else [point]
        if kind == 2:
            line = self._points(order, width, has_z, self._count(order))
            return kind, [line] if line else []
        if kind == 3:
            rings = [self._points(order, width, has_z, self._count(order)) for _ in range(self._count(order))]
            return kind, [rings] if rings else []
        if kind in (4, 5, 6):
            return kind, [part for _ in range(self._count(order)) for part in self.geometry()[1]]
        return kind, []

    def _count(self, order: str) -> int:
        (count,) = struct.unpack_from(order + "I", self._data, self._at)
        self._at += 4
        return int(count)

    def _points(self, order: str, width: int, has_z: bool, count: int) -> list[Point]:
        values = struct.unpack_from(f"{order}{count * width}d", self._data, self._at)
        self._at += 8 * count * width
        heights = values[2::width] if has_z else [0.0] * count
        return list(zip(values[::width], values[1::width], heights, strict=True))
