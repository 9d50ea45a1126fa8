"""The vertices of a CityJSON text: whole numbers to coordinates when reading, coordinates to whole numbers when writing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from gateway.errors import Unreadable
from gateway.geo import crs as crs_rules
from gateway.model.crs import Crs
from gateway.model.geometry import Point

type Array = np.ndarray[Any, Any]

MILLIMETRE = 0.001
NANODEGREE = 1e-9
_DECIMALS, _MOST_DECIMALS = 9, 15
_LARGEST = 2**53
_FEW = 100
_TOO_FAR = "a coordinate is not finite, or too far from the others to be written in millimetres"


@dataclass(frozen=True, slots=True)
class Transform:
    """`scale` and `translate` of a CityJSON text (section 4)."""

    scale: tuple[float, float, float] = (1.0, 1.0, 1.0)
    translate: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @classmethod
    def read(cls, member: Any) -> Transform:
        """From the `transform` member; that of 1.0 may be missing. Raises Unreadable."""
        if member is None:
            return cls()
        try:
            scale = tuple(float(n) for n in member["scale"])
            translate = tuple(float(n) for n in member["translate"])
        except (KeyError, TypeError, ValueError) as error:
            raise Unreadable("transform has a scale and a translate of three numbers", place="/transform") from error
        if len(scale) != 3 or len(translate) != 3:
            raise Unreadable("scale and translate have three numbers each", place="/transform")
        return cls((scale[0], scale[1], scale[2]), (translate[0], translate[1], translate[2]))

    def apply(self, vertices: Array) -> Array:
        """Coordinates (n, 3) of whole-number vertices, free of the noise of multiplying."""
        if self == Transform():
            return vertices
        scale, translate, decimals = _arrays(self)
        found: Array = np.round(vertices * scale + translate, decimals)
        return found

    def quantise(self, points: Array) -> Array:
        """Whole-number vertices (n, 3) of coordinates. Raises Unreadable for coordinates that are not finite or too far off."""
        scale, translate, _ = _arrays(self)
        found = np.rint((points - translate) / scale)
        if not np.isfinite(found).all() or (np.abs(found) > _LARGEST).any():
            raise Unreadable(_TOO_FAR)
        whole: Array = found.astype(np.int64)
        return whole

    def quantised(self, points: Sequence[Point]) -> list[list[int]]:
        """The vertices of some points, as `quantise` gives them; for a few, without the cost of making arrays."""
        if len(points) > _FEW:
            whole: list[list[int]] = self.quantise(np.array(points, dtype=np.float64)).tolist()
            return whole
        (sx, sy, sz), (tx, ty, tz) = self.scale, self.translate
        try:
            found = [[round((x - tx) / sx), round((y - ty) / sy), round((z - tz) / sz)] for x, y, z in points]
        except (ValueError, OverflowError) as error:
            raise Unreadable(_TOO_FAR) from error
        if any(abs(number) > _LARGEST for vertex in found for number in vertex):
            raise Unreadable(_TOO_FAR)
        return found

    def as_json(self) -> dict[str, Any]:
        """The `transform` member."""
        return {"scale": list(self.scale), "translate": list(self.translate)}


def transform_for(crs: Crs | None, first: Point, box: tuple[float, float, float, float] | None) -> Transform:
    """Millimetres in a projected system, 1e-9 degree (heights in millimetres) in a geographic one, from a corner nearby."""
    step = NANODEGREE if crs is not None and crs_rules.is_geographic(crs) else MILLIMETRE
    x, y = (box[0], box[1]) if box is not None else first[:2]
    return Transform((step, step, MILLIMETRE), (float(math.floor(x)), float(math.floor(y)), 0.0))


def table(vertices: Any, transform: Transform, place: str) -> Array:
    """The coordinates (n, 3) of a parsed `vertices` member. Raises Unreadable."""
    if not isinstance(vertices, list):
        raise Unreadable("vertices is an array", place=place)
    if not vertices:
        return np.empty((0, 3))
    try:
        found = np.array(vertices)
    except ValueError as error:
        raise Unreadable("a vertex is three numbers", place=place) from error
    if found.dtype.kind not in "iuf" or found.ndim != 2 or found.shape[1] != 3:
        raise Unreadable("a vertex is three numbers", place=place)
    return transform.apply(found.astype(np.float64))


def has_north_first(crs: Crs | None, coordinates: Array) -> bool:
    """Whether degrees stand latitude first, as some authorities order them: CityJSON leaves the order open, so it is told by
    where the coordinates lie: outside the system's area of use as they stand, and inside with x and y exchanged."""
    if crs is None or not len(coordinates) or not (crs_rules.is_geographic(crs) and crs_rules.swaps_axes(crs)):
        return False
    west, south, east, north = crs_rules.area_of_use(crs) or (-180.0, -90.0, 180.0, 90.0)
    x, y = coordinates[:, :2].mean(axis=0).tolist()
    return not (west <= x <= east and south <= y <= north) and west <= y <= east and south <= x <= north


def points(indices: Sequence[Any], coordinates: Array, place: str) -> list[Point]:
    """The coordinates that `indices` stand for. Raises Unreadable for what is no index of the table."""
    if not indices:
        return []
    try:
        chosen = np.array(indices)
    except ValueError as error:
        raise Unreadable("boundaries are nested in a way that their type does not have", place=place) from error
    if chosen.dtype.kind != "i" or chosen.ndim != 1:
        raise Unreadable("boundaries hold indices of vertices at the depth that their type has", place=place)
    low, high = int(chosen.min()), int(chosen.max())
    if low < 0 or high >= len(coordinates):
        wrong = low if low < 0 else high
        raise Unreadable(f"vertex {wrong} does not exist; there are {len(coordinates)}", place=place)
    return [(x, y, z) for x, y, z in coordinates[chosen].tolist()]


class VertexIndex:
    """Numbers the distinct vertices of one family, from `start`; `new` are those not written yet."""

    def __init__(self, transform: Transform, start: int = 0) -> None:
        self._transform = transform
        self._numbers: dict[tuple[int, int, int], int] = {}
        self._known: dict[Point, int] = {}
        self._start = start
        self.new: list[list[int]] = []

    def numbers(self, found: Sequence[Point]) -> list[int]:
        """The index of each point."""
        known = self._known
        unknown = [point for point in dict.fromkeys(found) if point not in known]
        if unknown:
            self._add(unknown)
        return [known[point] for point in found]

    def _add(self, unknown: list[Point]) -> None:
        """Number further points: two that are one vertex once quantised have one number."""
        numbers, new = self._numbers, self.new
        for point, vertex in zip(unknown, self._transform.quantised(unknown), strict=True):
            key = (vertex[0], vertex[1], vertex[2])
            number = numbers.get(key)
            if number is None:
                number = numbers[key] = self._start + len(new)
                new.append(vertex)
            self._known[point] = number


@lru_cache(64)
def _arrays(transform: Transform) -> tuple[Array, Array, int]:
    """Scale, translate, and the decimals that coordinates made of them have."""
    fine = max(_decimals(number, _MOST_DECIMALS) for number in transform.scale)
    coarse = max(_decimals(number, max(_DECIMALS, fine)) for number in transform.translate)
    return np.array(transform.scale), np.array(transform.translate), max(fine, coarse)


def _decimals(number: float, most: int) -> int:
    """How many decimals a number is written with, leaving aside the noise beyond `most`."""
    return len(f"{number:.{most}f}".rstrip("0").partition(".")[2])
