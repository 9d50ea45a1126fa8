"""Puts a building's local coordinates on the earth, and says on what ground: map conversion, property sets, site, or none."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from gateway.geo import crs as systems
from gateway.geo import transform
from gateway.model.crs import CRS84, Crs

_EPSG = re.compile(r"(?:EPSG|ESRI)\s*:{1,2}\s*\d{3,6}", re.IGNORECASE)
_HEIGHTS = {"LN02": "EPSG:5728", "LHN95": "EPSG:5729", "DHHN92": "EPSG:5783", "DHHN2016": "EPSG:7837", "NAP": "EPSG:5709"}
_HEIGHTS |= {"NGF-IGN69": "EPSG:5720", "IGN69": "EPSG:5720", "N2000": "EPSG:3900", "ODN": "EPSG:5701", "EVRF2007": "EPSG:5621"}
LOCAL = "IFC local placement"


@dataclass(frozen=True, slots=True)
class Placement:
    """x, y and z of the map from the model's x, y, z in metres: turned by `cos`, `sin`, scaled, then shifted.

    `crs` is None where nothing in the file says where it stands; then coordinates stay local.
    """

    crs: Crs | None
    shift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    cos: float = 1.0
    sin: float = 0.0
    scale: float = 1.0
    rise: float = 1.0
    notes: tuple[str, ...] = ()

    def nested(self, boundaries: list[Any]) -> list[Any]:
        """Boundaries (nested lists of points) moved to the map."""
        if boundaries and isinstance(boundaries[0], tuple):
            return [self._point(point) for point in boundaries]
        return [self.nested(inner) for inner in boundaries]

    def _point(self, point: tuple[float, float, float]) -> tuple[float, float, float]:
        x, y, z = point
        return (
            self.scale * (self.cos * x - self.sin * y) + self.shift[0],
            self.scale * (self.sin * x + self.cos * y) + self.shift[1],
            self.rise * z + self.shift[2],
        )


def placement(facts: dict[str, Any]) -> Placement:
    """The best georeferencing the file has, in this order: IfcMapConversion with a named CRS (or the IFC2x3 property sets),
    IfcSite's latitude and longitude, none."""
    conversion = facts["map"]
    if conversion is not None:
        found = _from_map(conversion, facts["unit"])
        if found.crs is not None or facts["site"] is None:
            return found
    if facts["site"] is not None:
        return _from_site(facts["site"], facts["north"])
    return Placement(None, notes=("georeferencing: none; coordinates stay in the model's own system (cure: --crs)",))


def _from_map(conversion: dict[str, Any], unit: float) -> Placement:
    numbers = conversion["numbers"]
    map_unit = conversion["unit"] or 1.0
    east, north, height = (numbers.get(name) or 0.0 for name in ("Eastings", "Northings", "OrthogonalHeight"))
    angle = math.atan2(numbers.get("XAxisOrdinate") or 0.0, _or(numbers.get("XAxisAbscissa"), 1.0))
    scale, note = _scale(numbers.get("Scale"), unit, map_unit)
    crs = _named(conversion["name"], conversion["vertical"])
    ground = f"georeferencing: {conversion['form']}, {crs.code if crs else 'without a CRS that has a code'}"
    return Placement(
        crs,
        shift=(east * map_unit, north * map_unit, height * map_unit),
        cos=math.cos(angle),
        sin=math.sin(angle),
        scale=scale,
        rise=scale,
        notes=tuple(filter(None, (ground, note))),
    )


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _scale(stated: float | None, unit: float, map_unit: float) -> tuple[float, str | None]:
    """The factor on coordinates in metres. `Scale` leads from project units to map units; many programs leave it 1 all the same
    when those differ, which would shrink a building a thousandfold: read as the units' own ratio, and said."""
    needed = unit / map_unit
    if stated is None or stated == 0.0:
        return 1.0, None
    if math.isclose(stated, 1.0) and not math.isclose(needed, 1.0, rel_tol=1e-3):
        return 1.0, f"map conversion's Scale is 1 though project and map units differ; read as {needed:g}"
    return stated / needed, None


def _named(name: str | None, vertical: str | None) -> Crs | None:
    if not name:
        return None
    match = _EPSG.search(name)
    crs = systems.parse(match.group().replace("::", ":").replace(" ", "") if match else name)
    if not crs.is_known:
        return None
    heights = _vertical(vertical)
    return crs if heights is None or systems.vertical_of(crs) is not None else Crs(crs.horizontal, heights)


def _vertical(name: str | None) -> str | None:
    if not name:
        return None
    match = _EPSG.search(name)
    if match:
        return match.group().replace("::", ":").replace(" ", "").upper()
    return _HEIGHTS.get(name.strip().upper())


def _from_site(site: dict[str, float], true_north: list[float]) -> Placement:
    """A UTM placement of IfcSite's position: scale and convergence there are measured by transforming two points."""
    longitude, latitude = site["longitude"], site["latitude"]
    zone = min(60, int((longitude + 180) // 6) + 1)
    crs = Crs(f"EPSG:{(32600 if latitude >= 0 else 32700) + zone}")
    step = 1e-4
    ends = transform.points(np.array([[longitude, latitude], [longitude, latitude + step]]), CRS84, crs)
    up = ends[1] - ends[0]
    convergence = math.atan2(-up[0], up[1])
    scale = math.hypot(up[0], up[1]) / (step * _metres_per_degree(latitude))
    turn = convergence + math.atan2(true_north[0], true_north[1])
    note = "georeferencing: IfcSite latitude and longitude, good to metres at best"
    return Placement(
        crs,
        shift=(float(ends[0][0]), float(ends[0][1]), site["elevation"]),
        cos=math.cos(turn),
        sin=math.sin(turn),
        scale=scale,
        notes=(f"{note}; placed in {crs.code}, heights above the site's own zero",),
    )


def _metres_per_degree(latitude: float) -> float:
    """Length of a degree of the WGS 84 meridian (series of the meridian arc's derivative)."""
    phi = math.radians(latitude)
    return 111132.954 - 559.822 * math.cos(2 * phi) + 1.175 * math.cos(4 * phi)
