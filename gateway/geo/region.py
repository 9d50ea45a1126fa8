"""The true shape of a box of one CRS in another, and the order of axes in what goes out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely

from gateway.geo import transform
from gateway.model.crs import Crs
from gateway.model.query import Box

_STEPS = 64
"""Points laid on each side of a box before it is transformed: at city scale the error is far below a millimetre."""


def region(boxes: Sequence[Box], source: Crs, target: Crs) -> bytes:
    """The (Multi)Polygon in `target` that `boxes` of `source` cover: WKB, both sides in visualisation order."""
    polygons = [shapely.Polygon(transform.points(_outline(box), source, target)) for box in boxes]
    shape = polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)
    written: bytes = shapely.to_wkb(shape)
    return written


def _outline(box: Box) -> np.ndarray:
    west, south, east, north = box
    along = np.linspace(0.0, 1.0, _STEPS, endpoint=False)
    x = west + (east - west) * along
    y = south + (north - south) * along
    sides = (
        np.column_stack([x, np.full(_STEPS, south)]),
        np.column_stack([np.full(_STEPS, east), y]),
        np.column_stack([x[::-1] + (east - west) / _STEPS, np.full(_STEPS, north)]),
        np.column_stack([np.full(_STEPS, west), y[::-1] + (north - south) / _STEPS]),
    )
    return np.vstack(sides)


def swapped(geometries: Sequence[bytes | None]) -> list[bytes | None]:
    """The same geometries with their first two axes exchanged, for a CRS whose authority puts north first."""
    shapes = shapely.from_wkb(np.array(geometries, dtype=object))
    turned = (
        shapely.transform(shapes, _exchange, include_z=True)
        if shapely.has_z(shapes).any()
        else shapely.transform(shapes, _exchange)
    )
    return list(shapely.to_wkb(turned, output_dimension=3))


def _exchange(points: np.ndarray) -> np.ndarray:
    order = [1, 0, *range(2, points.shape[1])]
    return points[:, order]
