"""Esri geometry objects as GeoJSON geometry: rings sorted into polygons, curves stroked, measures dropped, each of it reported."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from gateway.errors import Unreadable
from gateway.geo.rings import polygons
from gateway.model.report import Report

type Position = list[float]

_STEP = math.radians(4)
_BEZIER = 16
_CLOSED = 2 * math.pi


def geojson_of(geometry: Any, place: str, has_m: bool, report: Report, feature: str) -> dict[str, Any] | None:
    """The GeoJSON geometry of an Esri point, multipoint, polyline, polygon or envelope; None for an empty one.

    Raises Unreadable for what is none of them.
    """
    if not isinstance(geometry, dict):
        raise Unreadable("a geometry is an object", place=place)
    context = _Context(place, has_m or bool(geometry.get("hasM")), report, feature)
    if "x" in geometry:
        return context.point(geometry)
    if "points" in geometry:
        points = context.positions(geometry["points"], f"{place}/points")
        return {"type": "MultiPoint", "coordinates": points} if points else None
    for key, make in (("paths", _lines), ("curvePaths", _lines), ("rings", _areas), ("curveRings", _areas)):
        if key in geometry:
            parts = geometry[key]
            if not isinstance(parts, list):
                raise Unreadable(f"{key} is an array", place=f"{place}/{key}")
            return make([context.line(part, f"{place}/{key}/{number}") for number, part in enumerate(parts)])
    if "xmin" in geometry:
        return context.envelope(geometry)
    raise Unreadable("no x, points, paths, rings or xmin", place=place, cure="an Esri point, multipoint, polyline or polygon")


def _lines(parts: list[list[Position]]) -> dict[str, Any] | None:
    if len(parts) == 1:
        return {"type": "LineString", "coordinates": parts[0]}
    return {"type": "MultiLineString", "coordinates": parts} if parts else None


def _areas(rings: list[list[Position]]) -> dict[str, Any] | None:
    found = polygons([ring for ring in rings if ring])
    if len(found) == 1:
        return {"type": "Polygon", "coordinates": found[0]}
    return {"type": "MultiPolygon", "coordinates": found} if found else None


class _Context:
    """Where one geometry stands, and the report its changes go to."""

    def __init__(self, place: str, has_m: bool, report: Report, feature: str) -> None:
        self._place = place
        self._has_m = has_m
        self._report = report
        self._feature = feature

    def point(self, geometry: dict[str, Any]) -> dict[str, Any] | None:
        """A point; an empty one has x null or the text NaN."""
        if geometry["x"] is None or geometry["x"] == "NaN":
            return None
        if geometry.get("m") is not None:
            self._dropped_m()
        values = [geometry["x"], geometry.get("y"), *([geometry["z"]] if geometry.get("z") is not None else [])]
        return {"type": "Point", "coordinates": values}

    def envelope(self, geometry: dict[str, Any]) -> dict[str, Any]:
        """An envelope as the polygon of its corners."""
        try:
            west, south, east, north = (float(geometry[name]) for name in ("xmin", "ymin", "xmax", "ymax"))
        except (KeyError, TypeError, ValueError) as error:
            raise Unreadable("an envelope has xmin, ymin, xmax and ymax", place=self._place) from error
        self._report.changed("envelope", "written as a polygon", self._feature)
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        return {"type": "Polygon", "coordinates": [ring]}

    def positions(self, values: Any, place: str) -> list[Position]:
        """Positions as they stand, the measure (last of four, or of three without z) dropped."""
        if not isinstance(values, list):
            raise Unreadable("an array of positions is needed", place=place)
        return [self._position(value, f"{place}/{number}") for number, value in enumerate(values)]

    def line(self, part: Any, place: str) -> list[Position]:
        """One path or ring; its curve segments stroked."""
        if not isinstance(part, list):
            raise Unreadable("a path or ring is an array", place=place)
        found: list[Position] = []
        for number, value in enumerate(part):
            if isinstance(value, dict):
                found += self._curve(found, value, f"{place}/{number}")
            else:
                found.append(self._position(value, f"{place}/{number}"))
        return found

    def _position(self, value: Any, place: str) -> Position:
        if not isinstance(value, list) or not 2 <= len(value) <= 4 or not all(_is_number(number) for number in value[:2]):
            raise Unreadable(f"{str(value)[:40]} is no position", place=place, cure="[x, y], [x, y, z] in numbers")
        if self._has_m and len(value) >= 3:
            self._dropped_m()
            value = value[:-1]
        return [float(number) for number in value if _is_number(number)]

    def _dropped_m(self) -> None:
        self._report.lost("measure (m)", "the twin keeps x, y and z", self._feature)

    def _curve(self, before: list[Position], segment: dict[str, Any], place: str) -> list[Position]:
        if not before:
            raise Unreadable("a curve needs a position before it", place=place)
        for key, stroke in _STROKES.items():
            if key in segment:
                self._report.changed("curve segment", "stroked to straight lines every 4 degrees", self._feature)
                try:
                    return stroke(before[-1], segment[key])
                except (TypeError, ValueError, IndexError, ZeroDivisionError) as error:
                    raise Unreadable("a curve segment that is none", place=place) from error
        raise Unreadable(f"curve segments of kind {', '.join(map(str, segment))[:40]} are not known", place=place)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _circular(start: Position, values: list[Any]) -> list[Position]:
    """``c``: [end, a point between] on a circle."""
    end, through = [float(n) for n in values[0]], [float(n) for n in values[1]]
    ax, ay, bx, by = through[0] - start[0], through[1] - start[1], end[0] - start[0], end[1] - start[1]
    double = 2 * (ax * by - ay * bx)
    if abs(double) <= 1e-12 * (bx * bx + by * by + ax * ax + ay * ay):
        return [through[:2] + end[2:3], end]
    a, b = ax * ax + ay * ay, bx * bx + by * by
    x, y = (by * a - ay * b) / double, (ax * b - bx * a) / double
    turn = (math.atan2(by - y, bx - x) - math.atan2(-y, -x)) % _CLOSED
    turn -= _CLOSED if double < 0 else 0.0
    return _around(start, end, (x + start[0], y + start[1]), turn)


def _around(start: Position, end: Position, centre: tuple[float, float], turn: float) -> list[Position]:
    radius, first = math.hypot(start[0] - centre[0], start[1] - centre[1]), math.atan2(start[1] - centre[1], start[0] - centre[0])
    count = max(2, math.ceil(abs(turn) / _STEP))
    stroked = []
    for number in range(1, count):
        share = number / count
        angle = first + turn * share
        rise = [start[2] + (end[2] - start[2]) * share] if len(start) > 2 and len(end) > 2 else []
        stroked.append([centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle), *rise])
    return [*stroked, end]


def _bezier(start: Position, values: list[Any]) -> list[Position]:
    """``b``: [end, control, control], a cubic Bézier curve."""
    end, first, second = ([float(n) for n in value] for value in values[:3])
    found = []
    for number in range(1, _BEZIER):
        t = number / _BEZIER
        weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
        found.append(
            [
                sum(w * point[axis] for w, point in zip(weights, (start, first, second, end), strict=True))
                for axis in range(min(2 if len(first) < 3 else 3, len(start), len(end)))
            ]
        )
    return [*found, end]


def _arc(start: Position, values: list[Any]) -> list[Position]:
    """``a``: [end, centre, minor, clockwise, rotation, axis, ratio], an arc of a circle or an ellipse."""
    end, centre = [float(n) for n in values[0]], (float(values[1][0]), float(values[1][1]))
    minor, clockwise = bool(values[2]), bool(values[3])
    rotation, _, ratio = (float(n) for n in values[4:7]) if len(values) >= 7 else (0.0, 0.0, 1.0)
    squeeze = _onto_circle(centre, rotation, ratio)
    flat_start, flat_end = squeeze(start), squeeze(end)
    turn = (math.atan2(flat_end[1], flat_end[0]) - math.atan2(flat_start[1], flat_start[0])) % _CLOSED
    if start[:2] == end[:2]:
        turn = _CLOSED
    elif len(values) < 4:
        turn = turn if (turn <= math.pi) == minor else turn - _CLOSED
    if clockwise and turn > 0:
        turn -= _CLOSED if start[:2] != end[:2] else 2 * _CLOSED
    points = _around([*flat_start, *start[2:3]], [*flat_end, *end[2:3]], (0.0, 0.0), turn)[:-1]
    cos, sin = math.cos(rotation), math.sin(rotation)
    found = [[centre[0] + x * cos - y * ratio * sin, centre[1] + x * sin + y * ratio * cos, *rise] for x, y, *rise in points]
    return [*found, end]


def _onto_circle(centre: tuple[float, float], rotation: float, ratio: float) -> Callable[[Position], tuple[float, float]]:
    """The plane turned and stretched so that the ellipse about `centre` becomes a circle about the origin."""
    cos, sin = math.cos(rotation), math.sin(rotation)

    def squeeze(point: Position) -> tuple[float, float]:
        x, y = point[0] - centre[0], point[1] - centre[1]
        return x * cos + y * sin, (y * cos - x * sin) / ratio

    return squeeze


_STROKES: dict[str, Callable[[Position, list[Any]], list[Position]]] = {"c": _circular, "b": _bezier, "a": _arc}
