"""SQL functions on geometries and lists: how two stand to each other, and what can be measured of one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import orjson
import shapely

from gateway.geo import measure
from gateway.geo.validity import mended
from gateway.store import geometry

_MOST_PREPARED = 64
_CONVERSE: dict[str, Callable[..., Any]] = {
    "intersects": shapely.intersects,
    "equals": shapely.equals,
    "disjoint": shapely.disjoint,
    "touches": shapely.touches,
    "within": shapely.contains,
    "overlaps": shapely.overlaps,
    "crosses": shapely.crosses,
    "contains": shapely.within,
}
"""A relation said from the other side, so that what is prepared stands first."""


def holds(operator: str, literal: Any, shapes: Any) -> Any:
    """Whether `shapes` stand in the relation to `literal`, which may be prepared; shapes may be an array.

    A geometry that is not valid, and of which GEOS cannot tell, is mended first.
    """
    try:
        return _CONVERSE[operator](literal, shapes)
    except shapely.errors.GEOSException:
        if isinstance(shapes, shapely.Geometry):
            return _CONVERSE[operator](literal, mended(shapes))
        return [holds(operator, literal, shape) for shape in shapes]


def related(operator: str, left: bytes | None, right: bytes | None) -> int | None:
    """Whether two geometries stand in a relation; None where one has no value. The right one is prepared, and kept so."""
    if left is None or right is None:
        return None
    literal, box = prepared(right)
    bounds = geometry.bounds(left) if left[:2] == b"GP" else None
    if bounds is not None and not (bounds[0] <= box[2] and bounds[2] >= box[0] and bounds[1] <= box[3] and bounds[3] >= box[1]):
        return int(operator == "disjoint")
    return int(bool(holds(operator, literal, shape_of(left))))


class _Prepared(threading.local):
    """Prepared geometries with their bounds, one set a thread: GEOS builds their indexes at the first question."""

    def __init__(self) -> None:
        self.kept: dict[bytes, tuple[Any, tuple[float, float, float, float]]] = {}


_prepared = _Prepared()


def prepared(wkb: bytes) -> tuple[Any, tuple[float, float, float, float]]:
    """A geometry that many are compared with, and its bounds."""
    found = _prepared.kept.get(wkb)
    if found is None:
        if len(_prepared.kept) >= _MOST_PREPARED:
            _prepared.kept.clear()
        shape = shape_of(wkb)
        shapely.prepare(shape)
        found = _prepared.kept[wkb] = (shape, tuple(shapely.bounds(shape).tolist()))
    return found


def shape_of(blob: bytes) -> Any:
    """The geometry of a GeoPackage blob or of WKB."""
    return shapely.from_wkb(geometry.body(blob) if blob[:2] == b"GP" else blob)


def listed(operator: str, left: str | None, right: str | None) -> int | None:
    """Whether two lists, written in JSON, stand in a relation as sets; None where one has no value."""
    first, second = _members(left), _members(right)
    if first is None or second is None:
        return None
    match operator:
        case "contains":
            return int(first >= second)
        case "containedBy":
            return int(first <= second)
        case "equals":
            return int(first == second)
        case _:
            return int(bool(first & second))


def _members(text: str | None) -> frozenset[Any] | None:
    """The members of a list, truths told from numbers; None for what is no list."""
    try:
        found = None if text is None else orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(found, list):
        return None
    return frozenset((isinstance(one, bool), one) for one in found if not isinstance(one, list | dict))


def area(blob: bytes | None, geographic: int) -> float | None:
    """The area of a geometry (`geo.measure`)."""
    return None if blob is None else measure.area(shape_of(blob), geographic=bool(geographic))


def perimeter(blob: bytes | None, geographic: int) -> float | None:
    """The length of its lines or edges (`geo.measure`)."""
    return None if blob is None else measure.perimeter(shape_of(blob), geographic=bool(geographic))


def centroid(blob: bytes | None) -> bytes | None:
    """Its centre of gravity as WKB; None for an empty one."""
    if blob is None:
        return None
    found = shapely.centroid(shape_of(blob))
    return None if shapely.is_empty(found) else bytes(shapely.to_wkb(found, flavor="iso", byte_order=1))


def kind(blob: bytes | None) -> str | None:
    """The name of its type."""
    return None if blob is None else str(shape_of(blob).geom_type)
