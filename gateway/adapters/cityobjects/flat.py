"""Plain geometries as city objects have them: WKB taken apart into CityJSON boundaries at LoD 0."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from gateway.geo import wkb as wkbs
from gateway.model.geometry import Geometry, Point

_COUNT = struct.Struct("<I")
_POSITIONS = {2: struct.Struct("<2d"), 3: struct.Struct("<3d")}


def flat_geometries(wkb: bytes) -> list[Geometry]:
    """A plain geometry as CityJSON geometries at LoD 0; height 0 where it has none. Raises InputError for what is no WKB."""
    wkbs.check(wkb)
    if not _is_plain(wkb):
        wkb = wkbs.write(wkbs.read([wkb]))[0] or wkb
    found: dict[str, list[Any]] = {}
    for kind, boundaries in _Walk(wkb).geometry():
        found.setdefault(kind, []).extend(boundaries)
    return [Geometry(kind, "0", boundaries) for kind, boundaries in found.items()]


def _is_plain(wkb: bytes) -> bool:
    """Little-endian ISO WKB without M, as the twin writes it itself."""
    return wkb[0] == 1 and _COUNT.unpack_from(wkb, 1)[0] in (*range(1, 8), *range(1001, 1008))


class _Walk:
    """One pass over little-endian ISO WKB whose counts have been checked."""

    def __init__(self, wkb: bytes) -> None:
        self._wkb = wkb
        self._at = 0

    def geometry(self) -> Iterator[tuple[str, list[Any]]]:
        """Boundaries by type of every part."""
        code = self._count(skip=1)
        kind, size = code % 1000, 3 if code >= 1000 else 2
        if kind == 1:
            (point,) = self._positions(1, size)
            if point[0] == point[0]:
                yield "MultiPoint", [point]
        elif kind == 2:
            line = self._positions(self._count(), size)
            if line:
                yield "MultiLineString", [line]
        elif kind == 3:
            rings = [self._positions(self._count(), size)[:-1] for _ in range(self._count())]
            if rings:
                yield "MultiSurface", [rings]
        else:
            for _ in range(self._count()):
                yield from self.geometry()

    def _count(self, skip: int = 0) -> int:
        number: int = _COUNT.unpack_from(self._wkb, self._at + skip)[0]
        self._at += 4 + skip
        return number

    def _positions(self, count: int, size: int) -> list[Point]:
        start, self._at = self._at, self._at + 8 * size * count
        found = _POSITIONS[size].iter_unpack(self._wkb[start : self._at])
        if size == 2:
            return [(x, y, 0.0) for x, y in found]
        return [(x, y, z if z == z else 0.0) for x, y, z in found]
