"""Boxes that a question states: checked, turned into visualisation order, and cut to what lies near the features."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.errors import ParameterError
from gateway.geo import crs as systems
from gateway.geo import transform
from gateway.model.crs import CRS84, Crs
from gateway.model.dataset import Collection
from gateway.model.query import Box

_DEGREE, _METRE = 1e-6, 0.1
"""Margins around a collection's extent to which a box of another CRS is cut."""

_FARTHEST = 1e9
"""No projected coordinate on Earth is larger, in metres or feet."""


def horizontal_box(box: Sequence[float], crs: Crs, parameter: str = "bbox") -> Box:
    """The horizontal part of 4 or 6 numbers, turned into visualisation order and checked (/req/core/fc-bbox-definition)."""
    low, high = tuple(box[: len(box) // 2]), tuple(box[len(box) // 2 :])
    if systems.swaps_axes(crs):
        low, high = (low[1], low[0], *low[2:]), (high[1], high[0], *high[2:])
    if low[1] > high[1] or (low[0] > high[0] and not systems.is_geographic(crs)):
        order = f"minx,miny,maxx,maxy in the order of {parameter}-crs"
        raise ParameterError(parameter, "the lower corner lies above the upper one", cure=order)
    if len(low) == 3 and low[2] > high[2]:
        raise ParameterError(parameter, "the lowest height lies above the highest one", cure="minx,miny,minz,maxx,maxy,maxz")
    if systems.is_geographic(crs) and (abs(low[1]) > 90 or abs(high[1]) > 90 or abs(low[0]) > 180 or abs(high[0]) > 180):
        raise ParameterError(parameter, "outside the globe", cure="longitudes within ±180, latitudes within ±90 degrees")
    if max(abs(value) for value in (*low[:2], *high[:2])) > _FARTHEST:
        raise ParameterError(parameter, "beyond every reference system", cure=f"coordinates of {parameter}-crs")
    return low[0], low[1], high[0], high[1]


def heights(box: Sequence[float], crs: Crs, collection: Collection, parameter: str = "bbox") -> tuple[float, float] | None:
    """The heights of a box of six numbers, in the storage CRS; None for four, and for a collection whose CRS has no heights.

    Heights are compared only where both are of one system: moving them would need the geoid, and a guess would be metres off.
    Raises ParameterError for heights of another system. Six numbers in CRS84 are CRS84h (/req/core/fc-bbox-definition).
    """
    storage = collection.crs
    if len(box) != 6 or systems.dimensions(storage) == 2:
        return None
    given = Crs("OGC:CRS84h") if crs == CRS84 else crs
    ellipsoidal = {"OGC:CRS84h", "EPSG:4979"}
    if systems.same(given, storage) or {given.code, storage.code} <= ellipsoidal:
        return box[2], box[5]
    why = f"its heights cannot be compared with those of {storage.code}"
    raise ParameterError(parameter, why, cure=f"four numbers, or {parameter}-crs={storage.uri}")


def halves(box: Box) -> tuple[Box, ...]:
    """One box, or two where a geographic one crosses the antimeridian (west greater than east)."""
    west, south, east, north = box
    return (box,) if west <= east else ((west, south, 180.0, north), (-180.0, south, east, north))


def around(collection: Collection, crs: Crs) -> list[Box]:
    """Boxes of `crs` around all features, with a margin: elsewhere nothing can match, and a transformation may have no answer."""
    if collection.storage_box is None:
        return []
    margin = _DEGREE if systems.is_geographic(crs) else _METRE
    found = transform.boxes(collection.storage_box, collection.crs, crs)
    return [(west - margin, south - margin, east + margin, north + margin) for west, south, east, north in found]


def near(box: Box, collection: Collection, crs: Crs) -> list[Box]:
    """The parts of a box near the features."""
    found = []
    for west, south, east, north in around(collection, crs):
        part = (max(box[0], west), max(box[1], south), min(box[2], east), min(box[3], north))
        if part[0] <= part[2] and part[1] <= part[3]:
            found.append(part)
    return found
