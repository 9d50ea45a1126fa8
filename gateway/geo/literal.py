"""Geometries that a question states: built, checked and moved to the storage CRS, curved edges laid with points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
import shapely.geometry

from gateway.errors import InputError
from gateway.geo import crs as systems
from gateway.geo import transform
from gateway.model.crs import Crs
from gateway.model.dataset import Box

_STEPS = 64
_MOST_LAID = 20_000
"""Points that are laid on the edges of one geometry before it is moved: a 64th of its size apart, unless that would be more."""


def literal(value: Mapping[str, Any], source: Crs, target: Crs, near: Sequence[Box] = ()) -> bytes:
    """ISO WKB, 2D, in `target` and visualisation order, of GeoJSON with positions in the axis order of `source`.

    `near` are boxes in `source` around all that can be met: where the whole has no place in `target`, what lies in them is moved.
    Raises InputError for a geometry that is not valid or not on the Earth.
    """
    shape = _built(value)
    if systems.swaps_axes(source):
        shape = shapely.transform(shape, lambda points: points[:, ::-1])
    _demand_on_earth(shape, source)
    _demand_valid(shape)
    if same_plane(source, target):
        return _written(shape)
    laid = _laid(shape)
    try:
        return _written(_moved(laid, source, target))
    except InputError:
        area = shapely.union_all([shapely.box(*box) for box in near])
        cut = shapely.intersection(shape, area)
        return _written(_moved(_laid(cut), source, target))


def same_plane(left: Crs, right: Crs) -> bool:
    """Whether coordinates in visualisation order mean the same in both (CRS84 and EPSG:4326 differ in axis order alone)."""
    return _plane(left) == _plane(right)


def _plane(crs: Crs) -> str:
    code = systems.horizontal_of(crs).horizontal if crs.is_known else crs.code
    return "EPSG:4326" if code == "OGC:CRS84" else code


def _built(value: Mapping[str, Any]) -> Any:
    _demand_closed(value)
    try:
        return shapely.force_2d(shapely.geometry.shape(value))
    except (ValueError, shapely.errors.ShapelyError) as error:
        raise InputError(f"no {value['type']} can be made of these positions: {_first_line(error)}") from error


def _demand_closed(value: Mapping[str, Any]) -> None:
    kind = value["type"]
    if kind == "GeometryCollection":
        for member in value["geometries"]:
            _demand_closed(member)
        return
    polygons = {"Polygon": [value["coordinates"]], "MultiPolygon": value["coordinates"]}.get(kind, [])
    for ring in (ring for polygon in polygons for ring in polygon):
        if len(ring) < 4:
            raise InputError(f"a ring of {len(ring)} positions", cure="at least four, the last being the first again")
        if ring[0][:2] != ring[-1][:2]:
            first, last = (" ".join(f"{number:.9g}" for number in ring[end][:2]) for end in (0, -1))
            raise InputError(f"a ring is not closed (first {first}, last {last})", cure="end it where it begins")


def _demand_on_earth(shape: Any, source: Crs) -> None:
    if not systems.is_geographic(source):
        return
    west, south, east, north = shapely.bounds(shape).tolist()
    if west < -180 or east > 180 or south < -90 or north > 90:
        raise InputError(
            "outside the globe", cure=f"longitudes within ±180, latitudes within ±90 degrees, in the order of {source.code}"
        )


def _demand_valid(shape: Any) -> None:
    if not shapely.is_valid(shape):
        raise InputError(f"not a valid geometry: {shapely.is_valid_reason(shape)}", cure="rings that do not cross themselves")


def _laid(shape: Any) -> Any:
    """The geometry with points along its edges, so that they stay where they are when they bend."""
    if shapely.is_empty(shape) or shapely.get_dimensions(shape) == 0:
        return shape
    west, south, east, north = shapely.bounds(shape).tolist()
    step = max(max(east - west, north - south) / _STEPS, shapely.length(shape) / _MOST_LAID)
    return shapely.segmentize(shape, step) if step > 0 else shape


def _moved(shape: Any, source: Crs, target: Crs) -> Any:
    return transform.shapes(np.array([shape], dtype=object), source, target)[0]


def _written(shape: Any) -> bytes:
    found: bytes = shapely.to_wkb(shape, flavor="iso", byte_order=1, include_srid=False)
    return found


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:120]
