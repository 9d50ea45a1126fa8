"""The geometry of an edit: whether it is the one that stands, and else what it is in the storage CRS."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import shapely

from gateway.errors import InputError
from gateway.geo import crs as systems
from gateway.geo import geojson, transform, wkb
from gateway.geo.region import swapped
from gateway.model.crs import Crs
from gateway.model.dataset import Collection
from gateway.model.row import Row
from gateway.services.query import in_crs

_PLACE = "/geometry"
_SAME = 0.6
"""Shares of the last decimal shown by which a coordinate may differ and still be the one that was shown."""
_IN_3D = "send JSON-FG with the shape in place, or publish the feature as CityJSON with POST /submissions?mode=delta"


def shown(row: Row, storage: Crs, crs: Crs) -> dict[str, Any]:
    """The feature as the items door shows it in `crs`, as GeoJSON without links."""
    found: dict[str, Any] = orjson.loads(in_crs([row], storage, crs)[0])
    return found


def stays(geometry: Any, row: Row, storage: Crs, crs: Crs) -> bool:
    """Whether a GeoJSON geometry in `crs` is the one that the door shows of `row` there, within the last decimal shown."""
    there = shown(row, storage, crs)["geometry"]
    if geometry is None or there is None:
        return geometry is there
    sent, seen = (_normal(one) for one in (geometry, there))
    if sent.geom_type != seen.geom_type or shapely.get_num_coordinates(sent) != shapely.get_num_coordinates(seen):
        return False
    heights = bool(shapely.has_z(sent))
    if heights and not shapely.has_z(seen):
        return False
    left, right = (shapely.get_coordinates(one, include_z=heights) for one in (sent, seen))
    return bool(np.all(np.abs(left - right) <= _SAME * 10.0 ** -systems.decimals(crs)))


def demand_flat(row: Row) -> None:
    """Raise InputError for a feature whose geometry GeoJSON cannot write: it has heights, or solids and surfaces."""
    if row.document is not None or (row.geometry is not None and wkb.has_z(row.geometry)):
        raise InputError("the feature has a geometry in 3D, which GeoJSON cannot replace", place=_PLACE, cure=_IN_3D)


def stored(geometry: Any, collection: Collection, crs: Crs) -> bytes | None:
    """A GeoJSON geometry in `crs`, in the axis order of its authority, as ISO WKB in the storage CRS. Raises InputError."""
    if geometry is None:
        return None
    shape = geojson.decode(geometry, _PLACE)
    _demand_kind(geometry["type"], collection)
    if systems.swaps_axes(crs):
        shape = swapped([shape])[0] or shape
    if crs == collection.crs:
        _demand_finite(shape, crs)
        return shape
    if wkb.has_z(shape):
        raise InputError(
            f"heights are taken in the system they are kept in only, {collection.crs.code}",
            place=f"{_PLACE}/coordinates",
            cure=f"Content-Crs: <{collection.crs.uri}>, or positions without heights",
        )
    return _moved(shape, crs, collection.crs)


def _moved(shape: bytes, source: Crs, target: Crs) -> bytes | None:
    try:
        return transform.wkb([shape], systems.horizontal_of(source), systems.horizontal_of(target))[0]
    except InputError as error:
        raise InputError(error.message, place=f"{_PLACE}/coordinates", cure=f"coordinates of {source.code}") from error


def _demand_finite(shape: bytes, crs: Crs) -> None:
    """Whether coordinates of a geographic system lie on the globe; the charter looks at the others."""
    box = wkb.bounds(shape)
    if (
        box is not None
        and systems.is_geographic(crs)
        and (max(abs(box[1]), abs(box[3])) > 90 or max(abs(box[0]), abs(box[2])) > 180)
    ):
        raise InputError("a position lies outside the globe", place=f"{_PLACE}/coordinates", cure=f"coordinates of {crs.code}")


def _demand_kind(kind: str, collection: Collection) -> None:
    known = collection.geometry_type
    if known and known.removeprefix("Multi") != kind.removeprefix("Multi") and known not in ("Geometry", "GeometryCollection"):
        raise InputError(f"the collection holds geometries of type {known}", place=f"{_PLACE}/type", cure=known)


def _normal(geometry: Any) -> Any:
    return shapely.normalize(shapely.from_wkb(geojson.decode(geometry, _PLACE)))
