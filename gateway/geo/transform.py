"""Moves geometries from one reference system to another: always x (east, longitude) before y, never a ballpark guess.

The one address for the rest of the house: `points`, `outcome` and `heights_note` come from `positions`, `boxes` from `boxes`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from gateway.geo import wkb as wkbs
from gateway.geo.boxes import EVERYWHERE, NOWHERE, boxes
from gateway.geo.nesting import depth_of, explicit, points_of, rebuilt
from gateway.geo.positions import heights_note, outcome, points
from gateway.model.crs import Crs
from gateway.model.feature import Feature
from gateway.model.geometry import Geometry

type Array = np.ndarray[Any, Any]

__all__ = ["EVERYWHERE", "NOWHERE", "boxes", "feature", "heights_note", "outcome", "points", "shapes", "wkb"]


def wkb(geometries: Sequence[bytes | None], source: Crs, target: Crs, *, place: str | None = None) -> list[bytes | None]:
    """WKB geometries moved from `source` to `target`, all in one go; None stays None. Raises InputError as `points` does."""
    array = wkbs.read(geometries, place)
    return wkbs.write(shapes(array, source, target, place=place))


def shapes(array: Array, source: Crs, target: Crs, *, place: str | None = None) -> Array:
    """The same for shapely geometries. Heights that are no numbers are left alone."""
    solid = shapely.has_z(array)
    moved = np.array(array, dtype=object)
    for mask, include_z in ((~solid, False), (solid, True)):
        chosen = moved[mask]
        coordinates = shapely.get_coordinates(chosen, include_z=include_z)
        if len(coordinates):
            moved[mask] = shapely.set_coordinates(chosen.copy(), points(coordinates, source, target, place=place))
    return moved


def feature(item: Feature, source: Crs, target: Crs) -> Feature:
    """A feature with its shape and all its 3D geometries moved. An implicit geometry becomes explicit, since the rotation and
    scale of its matrix have no meaning in another grid."""
    if source == target:
        return item
    place = item.place or item.id
    shape = None if item.shape is None else wkb([item.shape], source, target, place=place)[0]
    return replace(item, shape=shape, geometries=[_geometry(geometry, source, target, place) for geometry in item.geometries])


def _geometry(geometry: Geometry, source: Crs, target: Crs, place: str) -> Geometry:
    if geometry.template is not None:
        geometry = explicit(geometry)
    depth = depth_of(geometry)
    before = points_of(geometry.boundaries, depth)
    if not before:
        return geometry
    moved = points(np.array(before, dtype=np.float64), source, target, place=place).tolist()
    return replace(geometry, boundaries=rebuilt(geometry.boundaries, depth, iter(map(tuple, moved))))
