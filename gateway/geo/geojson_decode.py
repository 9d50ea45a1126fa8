"""A stranger's GeoJSON geometry object as WKB, checked before GEOS sees it."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from math import isfinite, nan
from typing import Any

from gateway.errors import Unreadable
from gateway.geo.wkb import DEEPEST

type Positions = Sequence[Sequence[float]]

_KINDS = {
    "Point": 1,
    "LineString": 2,
    "Polygon": 3,
    "MultiPoint": 4,
    "MultiLineString": 5,
    "MultiPolygon": 6,
    "GeometryCollection": 7,
}
_LEVELS = {1: 0, 2: 1, 3: 2, 4: 1, 5: 2, 6: 3}
"""How many list levels lie above a position."""
_SIMPLE = {4: 1, 5: 2, 6: 3}
_RING, _LINE = 4, 2
_PRINTED = 12


def decode(geometry: Any, place: str, problems: list[str] | None = None) -> bytes:
    """ISO WKB of a GeoJSON geometry object, 3D where every position has a height.

    Without `problems` the object must be sound. With it, what can be kept is kept and each flaw is added as a sentence that
    begins with its JSON pointer: an open ring is closed, a ring or line that is too short repeats its last position, heights
    that only some positions have are dropped, as is what follows a height.
    Raises Unreadable, at a JSON pointer under `place`, for anything that is no geometry: wrong types, numbers that are not
    finite, too deep a collection.
    """
    sizes = _sizes(geometry, place, 1)
    if len(sizes) > 1 or (sizes and max(sizes) > 3):
        _flaw(f"{place}: positions have {' and '.join(map(str, sorted(sizes)))} numbers", problems)
    return _Writer(3 if sizes and min(sizes) >= 3 else 2, problems).geometry(geometry, place)


def _flaw(text: str, problems: list[str] | None) -> None:
    if problems is None:
        place, _, message = text.partition(": ")
        raise Unreadable(message, place=place)
    problems.append(text)


def _sizes(geometry: Any, place: str, depth: int) -> set[int]:
    """Check types and numbers all through; gives the different lengths of the positions."""
    if not isinstance(geometry, Mapping):
        raise Unreadable("a geometry is a JSON object", place=place)
    if depth > DEEPEST:
        raise Unreadable(f"a geometry collection is nested more than {DEEPEST} deep", place=place)
    kind = _kind(geometry, place)
    if kind == 7:
        found: set[int] = set()
        for position, part in enumerate(_list(geometry.get("geometries"), f"{place}/geometries")):
            found |= _sizes(part, f"{place}/geometries/{position}", depth + 1)
        return found
    return _measure(geometry.get("coordinates"), _LEVELS[kind], f"{place}/coordinates")


def _kind(geometry: Mapping[str, Any], place: str) -> int:
    name = geometry.get("type")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise Unreadable("this is no GeoJSON geometry type", place=f"{place}/type", cure=", ".join(_KINDS))
    return kind


def _list(value: Any, place: str) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise Unreadable("there is no array here", place=place)
    return value


def _measure(value: Any, levels: int, place: str) -> set[int]:
    items = _list(value, place)
    if levels == 0:
        return _position_sizes([items], place, alone=True) if items else set()
    if levels == 1:
        return _position_sizes(items, place)
    found: set[int] = set()
    for position, item in enumerate(items):
        found |= _measure(item, levels - 1, f"{place}/{position}")
    return found


def _position_sizes(positions: Sequence[Any], place: str, *, alone: bool = False) -> set[int]:
    if set(map(type, positions)) <= {list, tuple}:
        flat = list(chain.from_iterable(positions))
        sizes = set(map(len, positions))
        if _are_numbers(flat) and (not sizes or min(sizes) >= 2):
            return sizes
    for index, position in enumerate(positions):
        if not isinstance(position, list | tuple) or len(position) < 2 or not _are_numbers(position):
            raise Unreadable("a position is two or three finite numbers", place=place if alone else f"{place}/{index}")
    return set()


def _are_numbers(flat: Sequence[Any]) -> bool:
    try:
        return set(map(type, flat)) <= {int, float} and all(map(isfinite, flat))
    except OverflowError:
        return False


class _Writer:
    """Writes checked geometry of one dimension as WKB."""

    def __init__(self, dimensions: int, problems: list[str] | None) -> None:
        self.dimensions, self.problems = dimensions, problems

    def geometry(self, geometry: Mapping[str, Any], place: str) -> bytes:
        kind = _KINDS[geometry["type"]]
        if kind == 7:
            parts = [self.geometry(part, f"{place}/geometries/{n}") for n, part in enumerate(geometry["geometries"])]
            return self._head(kind, len(parts)) + b"".join(parts)
        return self._coordinates(kind, geometry["coordinates"], f"{place}/coordinates")

    def _coordinates(self, kind: int, value: Sequence[Any], place: str) -> bytes:
        if kind == 1:
            return self._head(1) + self._pack([value] if value else [(nan,) * self.dimensions])
        if kind == 2:
            line = self._long_enough(value, _LINE, "line", place)
            return self._head(2, len(line)) + self._pack(line)
        if kind == 3:
            rings = list(self._rings(value, place))
            return self._head(3, len(rings)) + b"".join(rings)
        parts = [self._coordinates(_SIMPLE[kind], part, f"{place}/{n}") for n, part in enumerate(value)]
        return self._head(kind, len(parts)) + b"".join(parts)

    def _rings(self, rings: Sequence[Any], place: str) -> Iterator[bytes]:
        if rings and not rings[0]:
            _flaw(f"{place}/0: the outer ring has no positions", self.problems)
            return
        for index, ring in enumerate(rings):
            if ring:
                closed = self._long_enough(self._closed(ring, f"{place}/{index}"), _RING, "ring", f"{place}/{index}")
                yield struct.pack("<I", len(closed)) + self._pack(closed)

    def _closed(self, ring: Positions, place: str) -> Positions:
        first, last = ring[0][: self.dimensions], ring[-1][: self.dimensions]
        if list(first) == list(last):
            return ring
        _flaw(f"{place}: the ring is not closed (first {_shown(first)}, last {_shown(last)})", self.problems)
        return [*ring, ring[0]]

    def _long_enough(self, positions: Positions, least: int, what: str, place: str) -> Positions:
        if not positions or len(positions) >= least:
            return positions
        _flaw(f"{place}: a {what} has {least} positions or more, this one {len(positions)}", self.problems)
        return [*positions, *[positions[-1]] * (least - len(positions))]

    def _head(self, kind: int, count: int | None = None) -> bytes:
        code = kind + (1000 if self.dimensions == 3 else 0)
        return struct.pack("<BI", 1, code) if count is None else struct.pack("<BII", 1, code, count)

    def _pack(self, positions: Positions) -> bytes:
        if all(len(position) == self.dimensions for position in positions):
            flat = list(chain.from_iterable(positions))
        else:
            flat = [number for position in positions for number in position[: self.dimensions]]
        return struct.pack(f"<{len(flat)}d", *flat)


def _shown(position: Sequence[float]) -> str:
    return " ".join(f"{number:.{_PRINTED}g}" for number in position)
