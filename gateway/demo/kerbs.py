"""A delivery that must be refused: kerbs from a survey in degrees, with crossed rings, a repeated id and swapped axes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import orjson

from gateway.demo.plan import LV95, Position, Quarter
from gateway.geo.transform import points
from gateway.model.crs import CRS84

KERB = 1.2


def write(quarter: Quarter, target: Path) -> int:
    """Write the kerbs to `target` in CRS84, faults included; gives their number."""
    features = [_feature(number, _strip(ring)) for number, ring in enumerate(_corners(quarter), start=1)]
    for index in (3, 11, 19):
        ring = features[index]["geometry"]["coordinates"][0]
        ring[1], ring[2] = ring[2], ring[1]
    features[8]["id"] = features[7]["id"]
    swapped = features[14]["geometry"]["coordinates"]
    swapped[0] = [[north, east] for east, north in swapped[0]]
    target.write_bytes(orjson.dumps({"type": "FeatureCollection", "name": "kerbs", "features": features}))
    return len(features)


def _corners(quarter: Quarter) -> list[list[Position]]:
    return [ring for rings in quarter.blocks.values() for ring in rings]


def _strip(ring: list[Position]) -> list[list[float]]:
    (ax, ay), (bx, by) = ring[0], ring[1]
    length = ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5
    across = (ay - by) / length * KERB, (bx - ax) / length * KERB
    strip = [(ax, ay), (bx, by), (bx - across[0], by - across[1]), (ax - across[0], ay - across[1]), (ax, ay)]
    degrees = points(np.array(strip), LV95, CRS84)
    return [[round(float(lon), 8), round(float(lat), 8)] for lon, lat in degrees]


def _feature(number: int, ring: list[list[float]]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": f"BORD-{number:03d}",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"materiau": "granit", "hauteur_cm": 12 if number % 3 else 4},
    }
