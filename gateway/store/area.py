"""The area a page is asked for: its bounds for the R-tree, a box that lies inside it, and the shape itself for the border."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from gateway.model.dataset import Box
from gateway.model.query import Query
from gateway.store import geometry

_SHRINK = 0.97
_TRIES = 60


@dataclass(frozen=True, slots=True)
class Area:
    """One box, or a region within its bounds: bounds that lie in `inner` are in, bounds that only meet `outer` are tested."""

    outer: Box
    inner: Box | None
    shape: Any

    def admits(self, blobs: Sequence[bytes]) -> list[bool]:
        """Which of these GeoPackage geometries intersect the area themselves."""
        shapes = shapely.from_wkb(np.array([geometry.body(blob) for blob in blobs], dtype=object))
        return [bool(hit) for hit in shapely.intersects(self.shape, shapes)]


def areas(query: Query) -> list[Area]:
    """The areas of a query: one for each of its boxes, cut to its region where it has one; none without boxes."""
    if query.region is None:
        return [Area(box, box, _prepared(shapely.box(*box))) for box in query.boxes]
    region = _prepared(shapely.from_wkb(query.region))
    return [Area(box, _inside(region, box), region) for box in query.boxes]


def _prepared(shape: Any) -> Any:
    shapely.prepare(shape)
    return shape


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
