"""Takes the nested boundaries of a 3D geometry apart into points, and puts them together again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from gateway.errors import InputError
from gateway.model.geometry import DEPTH, Geometry, Point

type Matrix = tuple[float, ...]

_ANCHOR = 0
_IDENTITY: Matrix = (1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1)


def depth_of(geometry: Geometry) -> int:
    """How many list levels lie above the points of this geometry's boundaries, less one."""
    return DEPTH.get(geometry.type, _ANCHOR)


def points_of(nested: Sequence[Any], depth: int) -> list[Point]:
    """All points in order."""
    if depth == 0:
        return list(nested)
    if depth == 1:
        return [point for ring in nested for point in ring]
    return [point for part in nested for point in points_of(part, depth - 1)]


def rebuilt(nested: Sequence[Any], depth: int, points: Iterator[Point]) -> list[Any]:
    """The same nesting with other points, taken in order."""
    if depth == 0:
        return list(islice(points, len(nested)))
    return [rebuilt(part, depth - 1, points) for part in nested]


def explicit(instance: Geometry) -> Geometry:
    """An implicit geometry set down at its anchor: the template's points times the matrix, plus the anchor point.

    Raises InputError for an instance without template or anchor, or whose matrix has not 16 numbers.
    """
    template, matrix = instance.template, instance.matrix or _IDENTITY
    if template is None or not instance.boundaries or len(matrix) != len(_IDENTITY):
        raise InputError("an implicit geometry has no template, no anchor point or no 4x4 matrix")
    depth = depth_of(template)
    placed = [_placed(point, matrix, instance.boundaries[0]) for point in points_of(template.boundaries, depth)]
    return replace(template, lod=instance.lod, boundaries=rebuilt(template.boundaries, depth, iter(placed)))


def _placed(point: Point, m: Matrix, anchor: Point) -> Point:
    x, y, z = point
    return (
        m[0] * x + m[1] * y + m[2] * z + m[3] + anchor[0],
        m[4] * x + m[5] * y + m[6] * z + m[7] + anchor[1],
        m[8] * x + m[9] * y + m[10] * z + m[11] + anchor[2],
    )
