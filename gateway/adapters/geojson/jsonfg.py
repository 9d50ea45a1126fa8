"""What JSON-FG (OGC 21-045r1) adds to GeoJSON: reference systems, time, and the geometries of `place`."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from gateway.adapters.arcs import linear
from gateway.errors import Unreadable
from gateway.geo import crs as crs_rules
from gateway.model.crs import Crs
from gateway.model.geometry import Geometry, Point, Surface

SOLIDS = frozenset({"Polyhedron", "MultiPolyhedron", "Prism", "MultiPrism"})
CURVES = frozenset({"CircularString", "CompoundCurve", "CurvePolygon", "MultiCurve", "MultiSurface"})

type Validity = tuple[str | None, str | None]


def reference(value: Any) -> Crs | None:
    """The CRS of a `coordRefSys`: a URI, a CURIE, an object with `href`, or an array of two for a compound one."""
    if isinstance(value, dict):
        value = value.get("href")
    if isinstance(value, list):
        parts = [part.get("href") if isinstance(part, dict) else part for part in value]
        value = "http://www.opengis.net/def/crs-compound?" + "&".join(f"{n}={part}" for n, part in enumerate(parts, 1))
    return crs_rules.parse(value.strip("[]")) if isinstance(value, str) else None


def validity(time: Any, place: str) -> Validity | None:
    """(from, to) of a `time` member: date, instant (both ends the same) or interval, ``..`` being open. Raises Unreadable."""
    if time is None:
        return None
    if not isinstance(time, dict):
        raise Unreadable("time is an object or null", place=f"{place}/time")
    interval = time.get("interval")
    if interval is None:
        moment = time.get("timestamp", time.get("instant", time.get("date")))
        interval = [moment, moment]
    if not isinstance(interval, list) or len(interval) != 2 or not all(end is None or isinstance(end, str) for end in interval):
        raise Unreadable("an interval has two ends, each a date, a date-time or '..'", place=f"{place}/time")
    start, end = (None if bound in ("..", "") else bound for bound in interval)
    return start, end


def in_drawing_order(geometry: Any, crs: Crs | None) -> Any:
    """The geometry with x (east) first: JSON-FG writes `place` in the order of the authority's axes."""
    if crs is None or not crs_rules.swaps_axes(crs):
        return geometry
    if isinstance(geometry, dict):
        inner = ("coordinates", "geometries", "base")
        return {key: in_drawing_order(value, crs) if key in inner else value for key, value in geometry.items()}
    if isinstance(geometry, list):
        if len(geometry) > 1 and isinstance(geometry[0], int | float):
            return [geometry[1], geometry[0], *geometry[2:]]
        return [in_drawing_order(item, crs) for item in geometry]
    return geometry


def straight(geometry: dict[str, Any], place: str) -> dict[str, Any]:
    """A curve geometry as the GeoJSON geometry that stands for it, arcs stroked. Raises Unreadable."""
    return linear(geometry, place)


def solids(geometry: dict[str, Any], place: str) -> list[Geometry]:
    """The 3D geometries of a Polyhedron, MultiPolyhedron, Prism or MultiPrism. Raises Unreadable."""
    kind = geometry.get("type")
    try:
        if kind == "Polyhedron":
            return [Geometry("Solid", "2", _shells(geometry["coordinates"]))]
        if kind == "MultiPolyhedron":
            return [Geometry("MultiSolid", "2", [_shells(solid) for solid in geometry["coordinates"]])]
        if kind == "MultiPrism":
            return [extruded for prism in geometry["prisms"] for extruded in _prism(prism)]
        return _prism(geometry)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise Unreadable(f"the {kind} is not complete", place=place) from error


def _shells(coordinates: list[Any]) -> list[list[Surface]]:
    return [[[_ring(ring) for ring in surface] for surface in shell] for shell in coordinates]


def _ring(ring: list[Any]) -> list[Point]:
    points = [_point(position) for position in ring]
    return points[:-1] if len(points) > 1 and points[0] == points[-1] else points


def _point(position: list[Any], height: float | None = None) -> Point:
    x, y = float(position[0]), float(position[1])
    return x, y, float(position[2]) if height is None else height


def _prism(prism: dict[str, Any]) -> list[Geometry]:
    low, high = float(prism.get("lower", 0.0)), float(prism["upper"])
    base = prism["base"]
    coordinates = base["coordinates"]
    match base["type"]:
        case "Polygon":
            return [Geometry("Solid", "1", [_extrude(coordinates, low, high)])]
        case "MultiPolygon":
            return [Geometry("MultiSolid", "1", [[_extrude(polygon, low, high)] for polygon in coordinates])]
        case "LineString":
            return [Geometry("MultiSurface", "1", _walls(coordinates, low, high))]
        case "Point":
            return [Geometry("MultiLineString", "1", [[_point(coordinates, low), _point(coordinates, high)]])]
    raise ValueError(base["type"])


def _extrude(polygon: list[Any], low: float, high: float) -> list[Surface]:
    floor: Surface = [[_point(position, low) for position in ring[:-1]] for ring in polygon]
    roof: Surface = [[_point(position, high) for position in ring[:-1]] for ring in polygon]
    walls = [wall for ring in polygon for wall in _walls(ring, low, high)]
    return [[ring[::-1] for ring in floor], roof, *walls]


def _walls(line: list[Any], low: float, high: float) -> list[Surface]:
    return [[[_point(start, low), _point(end, low), _point(end, high), _point(start, high)]] for start, end in pairwise(line)]
