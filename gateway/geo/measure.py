"""How large and how long: in the plane of a projected system, on the ellipsoid of WGS 84 where coordinates are degrees."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pyproj
import shapely


def area(shape: Any, *, geographic: bool) -> float:
    """Square units of the plane, or square metres; 0 for points and lines."""
    if not geographic or shapely.get_dimensions(shape) < 2:
        return float(shapely.area(shape))
    return float(sum(abs(_ellipsoid().geometry_area_perimeter(part)[0]) for part in _parts(shape, 2)))


def perimeter(shape: Any, *, geographic: bool) -> float:
    """The length of lines and of the edges of surfaces: units of the plane, or metres; 0 for points."""
    if not geographic or shapely.get_dimensions(shape) < 1:
        return float(shapely.length(shape))
    return float(sum(_ellipsoid().geometry_length(ring) for part in _parts(shape, 1) for ring in _lines(part)))


def _parts(shape: Any, least: int) -> list[Any]:
    """The simple geometries of at least so many dimensions."""
    found = [shape]
    while any(shapely.get_num_geometries(part) != 1 or part.geom_type.startswith(("Multi", "Geom")) for part in found):
        found = shapely.get_parts(found).tolist()
    return [part for part in found if shapely.get_dimensions(part) >= least]


def _lines(part: Any) -> list[Any]:
    return shapely.get_rings(part).tolist() if part.geom_type == "Polygon" else [part]


@lru_cache(1)
def _ellipsoid() -> Any:
    return pyproj.Geod(ellps="WGS84")
