"""What the Features tests need to know of GeoJSON: is it well formed (RFC 7946), where does it lie."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

DEPTHS = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}

type Box = tuple[float, float, float, float]


def problem(feature: Any) -> str | None:
    """What is wrong with a GeoJSON Feature, or None."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        return "not an object of type Feature"
    if "geometry" not in feature or not isinstance(feature.get("properties", "missing"), dict | None):
        return "geometry or properties is missing"
    return None if feature["geometry"] is None else _geometry_problem(feature["geometry"])


def positions(geometry: Any) -> Iterator[list[float]]:
    """Every position of a geometry, in order."""
    if isinstance(geometry, dict):
        for member in geometry.get("geometries", []):
            yield from positions(member)
        yield from _positions(geometry.get("coordinates", []))


def box(geometry: Any) -> Box | None:
    """(minx, miny, maxx, maxy) of a geometry, or None where it has no position."""
    points = list(positions(geometry))
    if not points:
        return None
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return min(xs), min(ys), max(xs), max(ys)


def intersect(a: Box, b: Box, slack: float = 1e-9) -> bool:
    """Whether two boxes share a point."""
    return a[0] <= b[2] + slack and b[0] <= a[2] + slack and a[1] <= b[3] + slack and b[1] <= a[3] + slack


def _positions(node: Any) -> Iterator[list[float]]:
    if isinstance(node, list) and node and isinstance(node[0], int | float):
        yield node
    elif isinstance(node, list):
        for inner in node:
            yield from _positions(inner)


def _geometry_problem(geometry: Any) -> str | None:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind == "GeometryCollection":
        return next((found for inner in geometry.get("geometries", []) if (found := _geometry_problem(inner))), None)
    if kind not in DEPTHS:
        return f"geometry type {kind!r}"
    coordinates = geometry.get("coordinates")
    if not _nested(coordinates, DEPTHS[kind]):
        return f"the coordinates of a {kind} are not nested as RFC 7946 says"
    rings = coordinates if kind == "Polygon" else [ring for part in coordinates for ring in part] if kind == "MultiPolygon" else []
    if any(len(ring) < 4 or ring[0] != ring[-1] for ring in rings):
        return "a ring has fewer than four positions or is not closed"
    return None


def _nested(node: Any, depth: int) -> bool:
    if not isinstance(node, list):
        return False
    if depth:
        return all(_nested(inner, depth - 1) for inner in node)
    return len(node) >= 2 and all(isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v) for v in node)
