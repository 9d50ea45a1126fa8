"""Where coordinates of a reference system can lie."""

from __future__ import annotations

from gateway.geo import crs as systems
from gateway.geo import transform
from gateway.model.crs import CRS84, Crs
from gateway.model.dataset import Box

_SLACK = 1e-6
_WORLD: Box = (-180 - _SLACK, -90 - _SLACK, 180 + _SLACK, 90 + _SLACK)


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
    """`box` of `source` in `target`: the bounds of its densified outline."""
    if source.horizontal == target.horizontal:
        return (box,)
    return tuple(transform.boxes(box, source, target))


def widened(box: Box, by: float) -> Box:
    """`box` with `by` units more on each side."""
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by
