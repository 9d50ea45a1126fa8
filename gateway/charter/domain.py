"""Where coordinates of a reference system can lie."""

from __future__ import annotations

from functools import cache

import numpy as np

from gateway.errors import InputError
from gateway.geo import crs as systems
from gateway.geo import transform
from gateway.model.crs import CRS84, Crs
from gateway.model.dataset import Box

_SLACK = 1e-6
_WORLD: Box = (-180 - _SLACK, -90 - _SLACK, 180 + _SLACK, 90 + _SLACK)
_STEPS = 21


@cache
def of(crs: Crs) -> tuple[Box, ...]:
    """The domain of `crs` in its own coordinates (visualisation order): degrees of the globe, or the area of use widened by its
    own size on each side. Empty where nothing is known."""
    if systems.is_geographic(crs):
        return (_WORLD,)
    area = systems.area_of_use(crs)
    if area is None:
        return ()
    return tuple(widened(box, max(box[2] - box[0], box[3] - box[1])) for box in box_in(area, CRS84, crs))


def box_in(box: Box, source: Crs, target: Crs) -> tuple[Box, ...]:
    """The bounds of `box` of `source` in `target`, found on a grid; empty where the box has no place there."""
    if source.horizontal == target.horizontal:
        return (box,)
    west, south, east, north = box
    xs = np.linspace(west, east if west <= east else east + 360, _STEPS)
    grid = np.array([(x, y) for x in xs for y in np.linspace(south, north, _STEPS)])
    try:
        moved = transform.points(grid, source, target)
    except InputError:
        return ()
    low, high = moved.min(axis=0), moved.max(axis=0)
    return ((float(low[0]), float(low[1]), float(high[0]), float(high[1])),)


def widened(box: Box, by: float) -> Box:
    """`box` with `by` units more on each side."""
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by
