"""The area a page is asked for: its bounds for the R-tree, a box that lies inside it, and the shape itself for the border."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from gateway.geo.boxes import NOWHERE
from gateway.model.dataset import Box
from gateway.model.query import Query
from gateway.store import geometry, relations

_MOST_PARTS = 4
_SHRINK = 0.97
_TRIES = 60
_ROUNDING = 2.0**-21
"""An R-tree entry is a bound rounded outwards to 32 bits: it is off by less than this share of it."""

OVERLAP = "r.minx <= ? AND r.maxx >= ? AND r.miny <= ? AND r.maxy >= ?"
"""The R-tree entry ``r`` meets the outer box; its values are `Area.overlap`."""

_WITHIN = "r.minx >= ? AND r.maxx <= ? AND r.miny >= ? AND r.maxy <= ?"
_ACROSS_Y = "r.minx >= ? AND r.maxx <= ? AND r.miny <= ? AND r.maxy >= ? AND (r.miny >= ? OR r.maxy <= ?)"
_ACROSS_X = "r.miny >= ? AND r.maxy <= ? AND r.minx <= ? AND r.maxx >= ? AND (r.minx >= ? OR r.maxx <= ?)"
_SURE = f"(({_WITHIN}) OR ({_ACROSS_Y}) OR ({_ACROSS_X}))"


@dataclass(frozen=True, slots=True)
class Area:
    """One box, or a region within its bounds: what surely meets `inner` is in, what only meets `outer` is tested.

    `operator` is how a geometry must stand to the region (`store.relations`); other than by intersecting, nothing is sure.
    """

    outer: Box
    inner: Box | None
    region: Any = None
    operator: str = "intersects"

    @property
    def overlap(self) -> tuple[float, float, float, float]:
        """The values of `OVERLAP`."""
        minx, miny, maxx, maxy = self.outer
        return maxx, minx, maxy, miny

    @property
    def sure(self) -> tuple[str, tuple[float, ...]]:
        """The condition that the geometry behind an R-tree entry ``r`` surely meets the area, and its values.

        Its bounds lie in the inner box; or they leave it across one side only. Then the geometry touches its own opposite
        bound inside the box. So only bounds that hold a corner of the box, or reach through it, leave a doubt.
        """
        if self.inner is None:
            return "0", ()
        minx, miny, maxx, maxy = self.inner
        dx, dy = _ROUNDING * max(abs(minx), abs(maxx)), _ROUNDING * max(abs(miny), abs(maxy))
        across_y = (minx, maxx, maxy - dy, miny + dy, miny, maxy)
        across_x = (miny, maxy, maxx - dx, minx + dx, minx, maxx)
        return _SURE, (minx, maxx, miny, maxy, *across_y, *across_x)

    def admits(self, blobs: Sequence[bytes]) -> list[bool]:
        """Which of these GeoPackage geometries stand to the area as they must."""
        shapes = shapely.from_wkb(np.array([geometry.body(blob) for blob in blobs], dtype=object))
        shape = shapely.box(*self.outer) if self.region is None else self.region
        return [bool(hit) for hit in relations.holds(self.operator, shape, shapes)]


def areas(query: Query) -> list[Area]:
    """The areas of a query: one for each of its boxes, cut to its region where it has one; none without boxes."""
    if query.region is None:
        return [Area(box, box) for box in query.boxes]
    region = shapely.from_wkb(query.region)
    shapely.prepare(region)
    return [Area(box, _inside(region, box), region) for box in query.boxes]


def around(wkb: bytes, operator: str) -> list[Area]:
    """The areas in which geometries can stand to this one as `operator` says: the parts of a few polygons, else the whole."""
    shape, box = relations.prepared(wkb)
    if shapely.is_empty(shape):
        return [Area(NOWHERE, None, shape, operator)]
    if operator != "intersects":
        return [Area(box, None, shape, operator)]
    if shape.geom_type != "MultiPolygon" or shapely.get_num_geometries(shape) > _MOST_PARTS:
        return [Area(box, _inside(shape, box), shape)]
    return [area for part in shapely.get_parts(shape) for area in around(shapely.to_wkb(part), operator)]


def _inside(region: Any, box: Box) -> Box | None:
    """A box within the region, shrunk from its bounds about their centre; None where that finds none."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    width, height = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
    for _ in range(_TRIES):
        found = (x - width, y - height, x + width, y + height)
        if shapely.covers(region, shapely.box(*found)):
            return found
        width, height = width * _SHRINK, height * _SHRINK
    return None
