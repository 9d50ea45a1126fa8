"""Bounding boxes in another reference system: the area's edge laid with points, whole across the antimeridian and at the poles."""

from __future__ import annotations

from typing import Any

import numpy as np

from gateway.errors import InputError
from gateway.geo import crs as systems
from gateway.geo.positions import points
from gateway.model.crs import Crs
from gateway.model.dataset import Box

type Array = np.ndarray[Any, Any]

_FAR = 1e300
NOWHERE: Box = (_FAR, _FAR, _FAR, _FAR)
"""Where nothing is: what becomes of a box that has no place in the target."""
EVERYWHERE: Box = (-_FAR, -_FAR, _FAR, _FAR)
_STEPS = 21
_MARGIN = 5.0
"""Degrees around the area of use in which a projection still behaves."""


def boxes(box: Box, source: Crs, target: Crs) -> tuple[Box, ...]:
    """The box or, across the antimeridian, two boxes in `target` around `box` (visualisation order), found on a
    grid of 21 by 21 points.

    A geographic `box` with west > east crosses the antimeridian. A geographic box larger than the target's area of use is
    cut to it first, or becomes EVERYWHERE when it holds it all; one that has no place in the target is NOWHERE. Never empty.
    """
    parts = _halves(box) if systems.is_geographic(source) else (box,)
    if _alike(source, target):
        return parts
    found: list[Box] = []
    for part in parts:
        found.extend(_moved(part, source, target))
    return tuple(found) or (NOWHERE,)


def _halves(box: Box) -> tuple[Box, ...]:
    west, south, east, north = box
    return (box,) if west <= east else ((west, south, 180.0, north), (-180.0, south, east, north))


def _alike(source: Crs, target: Crs) -> bool:
    ours, theirs = systems.horizontal_of(source).horizontal, systems.horizontal_of(target).horizontal
    return ours == theirs or {ours, theirs} == {"EPSG:4326", "OGC:CRS84"}


def _moved(box: Box, source: Crs, target: Crs) -> tuple[Box, ...]:
    if systems.is_geographic(source) and not systems.is_geographic(target):
        return _projected(box, source, target)
    grid = _spread(_grid(box), source, target)
    if not len(grid):
        return ()
    if systems.is_geographic(target) and not systems.is_geographic(source):
        return _geographic(box, grid, source, target)
    return (_around(grid),)


def _projected(box: Box, source: Crs, target: Crs) -> tuple[Box, ...]:
    area = systems.area_of_use(target)
    pieces = [box] if area is None else _cut(box, area)
    if area is not None and any(_holds(piece, area) for piece in pieces):
        return (EVERYWHERE,)
    grids = [_spread(_grid(piece), source, target) for piece in pieces]
    return tuple(_around(grid) for grid in grids if len(grid))


def _cut(box: Box, area: Box) -> list[Box]:
    """What lies in the area of use and a margin around it, also where that reaches over the antimeridian."""
    west, south = area[0] - _MARGIN, max(box[1], area[1] - _MARGIN)
    east, north = area[2] + _MARGIN + (0.0 if area[0] <= area[2] else 360.0), min(box[3], area[3] + _MARGIN)
    found = []
    for turn in (-360.0, 0.0, 360.0):
        left, right = max(box[0] + turn, west), min(box[2] + turn, east)
        if left <= right and south <= north:
            found.append((left, south, right, north))
    return found


def _holds(piece: Box, area: Box) -> bool:
    east = area[2] + (0.0 if area[0] <= area[2] else 360.0)
    return piece[0] <= area[0] and piece[1] <= area[1] and piece[2] >= east and piece[3] >= area[3]


def _geographic(box: Box, grid: Array, source: Crs, target: Crs) -> tuple[Box, ...]:
    """A projected box in degrees: it may hold a pole, or lie across the antimeridian."""
    west, south, east, north = _around(grid)
    south_pole, north_pole = (_holds_pole(box, latitude, source, target) for latitude in (-90.0, 90.0))
    if south_pole or north_pole:
        return ((-180.0, -90.0 if south_pole else south, 180.0, 90.0 if north_pole else north),)
    longitudes = np.sort(grid[:, 0])
    gaps = np.diff(longitudes)
    widest = int(np.argmax(gaps)) if len(gaps) else 0
    if not len(gaps) or gaps[widest] <= 180.0:
        return ((west, south, east, north),)
    return ((float(longitudes[widest + 1]), south, 180.0, north), (-180.0, south, float(longitudes[widest]), north))


def _holds_pole(box: Box, latitude: float, source: Crs, target: Crs) -> bool:
    area = systems.area_of_use(source)
    if area is not None and not area[1] - _MARGIN <= latitude <= area[3] + _MARGIN:
        return False
    found = _spread(np.array([[0.0, latitude]]), target, source)
    return len(found) == 1 and box[0] <= found[0, 0] <= box[2] and box[1] <= found[0, 1] <= box[3]


def _grid(box: Box) -> Array:
    across, up = np.linspace(box[0], box[2], _STEPS), np.linspace(box[1], box[3], _STEPS)
    return np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)


def _spread(grid: Array, source: Crs, target: Crs) -> Array:
    """The grid in the target; positions that have no place there are left out."""
    try:
        return points(grid, source, target)
    except InputError:
        return np.array([found for position in grid for found in _one(position, source, target)]).reshape(-1, 2)


def _one(position: Array, source: Crs, target: Crs) -> list[Array]:
    try:
        return [points(position.reshape(1, 2), source, target)[0]]
    except InputError:
        return []


def _around(grid: Array) -> Box:
    (west, south), (east, north) = grid.min(axis=0).tolist(), grid.max(axis=0).tolist()
    return (west, south, east, north)
