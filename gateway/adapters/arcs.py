"""Circular arcs stroked to straight lines, for the curve geometries of JSON-FG (the same kinds as in ISO 19125 and WKB)."""

from __future__ import annotations

import math
from typing import Any

from gateway.errors import Unreadable

_STEP = math.radians(4)
"""Angle between stroked points: the sagitta is 0.06 % of the radius."""
_DEEPEST = 8

type Position = list[float]


def linear(geometry: Any, place: str, depth: int = 0) -> dict[str, Any]:
    """The GeoJSON geometry that stands for a geometry with arcs. Raises Unreadable for what is none."""
    if not isinstance(geometry, dict) or depth > _DEEPEST:
        raise Unreadable("a geometry is a JSON object", place=place)
    kind = geometry.get("type")
    parts = geometry.get("geometries", ())
    match kind:
        case "CircularString" | "CompoundCurve":
            return {"type": "LineString", "coordinates": _line(geometry, place, depth)}
        case "CurvePolygon":
            return {"type": "Polygon", "coordinates": [_line(part, place, depth + 1) for part in parts]}
        case "MultiCurve":
            return {"type": "MultiLineString", "coordinates": [_line(part, place, depth + 1) for part in parts]}
        case "MultiSurface":
            return {"type": "MultiPolygon", "coordinates": [linear(part, place, depth + 1)["coordinates"] for part in parts]}
    return geometry


def _line(curve: Any, place: str, depth: int) -> list[Position]:
    if not isinstance(curve, dict) or depth > _DEEPEST:
        raise Unreadable("a curve is a JSON object", place=place)
    if curve.get("type") == "CompoundCurve":
        points: list[Position] = []
        for part in curve.get("geometries", ()):
            more = _line(part, place, depth + 1)
            points += more[1:] if points and more and points[-1] == more[0] else more
        return points
    positions = curve.get("coordinates")
    if not isinstance(positions, list) or not all(_is_position(position) for position in positions):
        raise Unreadable("a curve has an array of positions", place=place)
    return _stroke(positions, place) if curve.get("type") == "CircularString" else positions


def _is_position(value: Any) -> bool:
    return isinstance(value, list) and len(value) >= 2 and all(isinstance(n, int | float) for n in value)


def _stroke(positions: list[Position], place: str) -> list[Position]:
    if len(positions) < 3 or len(positions) % 2 == 0:
        raise Unreadable("a CircularString has an odd number of positions, at least three", place=place)
    points = [positions[0]]
    for at in range(0, len(positions) - 2, 2):
        points += _arc(*positions[at : at + 3])
    return points


def _arc(start: Position, middle: Position, end: Position) -> list[Position]:
    """The points after `start` of the arc through three points: straight where they lie on a line, a full circle where the
    ends are one."""
    left, down = start[:2]
    bx, by, cx, cy = middle[0] - left, middle[1] - down, end[0] - left, end[1] - down
    if cx == cy == 0:
        x, y, turn = bx / 2, by / 2, 2 * math.pi
    else:
        double = 2 * (bx * cy - by * cx)
        b, c = bx * bx + by * by, cx * cx + cy * cy
        if abs(double) <= 1e-12 * c:
            return [middle, end]
        x, y = (b * cy - c * by) / double, (c * bx - b * cx) / double
        turn = (math.atan2(cy - y, cx - x) - math.atan2(-y, -x)) % (2 * math.pi)
        turn -= 2 * math.pi if double < 0 else 0.0
    radius, first = math.hypot(x, y), math.atan2(-y, -x)
    x, y = x + left, y + down
    count = max(2, math.ceil(abs(turn) / _STEP))
    heights = [[z0 + (z1 - z0) * n / count for z0, z1 in zip(start[2:], end[2:], strict=False)] for n in range(1, count)]
    stroked = [
        [x + radius * math.cos(first + turn * n / count), y + radius * math.sin(first + turn * n / count), *heights[n - 1]]
        for n in range(1, count)
    ]
    return [*stroked, end]
