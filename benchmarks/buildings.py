"""A seeded GeoPackage of building polygons in EPSG:4326, clustered as cities are: 5 to 12 points a ring, ten attributes.

The same count and seed give the same features. Boxes that hold a wanted number of them come from the same source.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely

DISTRICTS = 400
SPARE = 11
USES = ("residential", "office", "retail", "industrial", "school", "mixed", "garage", "public")
SHARES = (0.62, 0.08, 0.06, 0.05, 0.02, 0.07, 0.08, 0.02)
ROOFS = ("flat", "gabled", "hipped", "shed", "mansard")
LAYER = "buildings"

type Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class City:
    """Centres of the buildings (lon, lat), their district numbers and their polygons."""

    x: Array
    y: Array
    district: Array
    polygons: Array


def city(count: int, seed: int = 2056) -> City:
    """The buildings of a seed: districts weigh as Zipf says, streets show as a raster with jitter."""
    random = np.random.default_rng(seed)
    weight = 1 / (np.arange(DISTRICTS) + 20.0)
    district = random.choice(DISTRICTS, count, p=weight / weight.sum())
    spread = random.uniform(0.004, 0.02, DISTRICTS)[district]
    x = np.round(random.normal(6.15, 0.18, DISTRICTS)[district] + random.normal(0, 1, count) * spread, 4)
    y = np.round(random.normal(46.2, 0.10, DISTRICTS)[district] + random.normal(0, 0.6, count) * spread, 4)
    x, y = x + random.uniform(-3e-5, 3e-5, count), y + random.uniform(-3e-5, 3e-5, count)
    return City(x, y, district, _polygons(x, y, random))


def _polygons(x: Array, y: Array, random: np.random.Generator) -> Array:
    count = len(x)
    corners = random.integers(4, SPARE + 1, count)
    step = np.arange(SPARE)
    turn = random.uniform(0, 2 * np.pi, count)[:, None]
    angle = 2 * np.pi * (step + random.uniform(-0.3, 0.3, (count, SPARE))) / corners[:, None] + turn
    radius = random.uniform(4, 14, count)[:, None] * random.uniform(0.75, 1.25, (count, SPARE)) / 111_320.0
    px = np.round(x[:, None] + radius * np.cos(angle) / np.cos(np.radians(46.2)), 7)
    py = np.round(y[:, None] + radius * np.sin(angle), 7)
    used = step < corners[:, None]
    points = np.column_stack((px[used], py[used]))
    rings = shapely.linearrings(points, indices=np.repeat(np.arange(count), corners))
    return np.asarray(shapely.polygons(rings))


def write(count: int, target: Path, seed: int = 2056) -> City:
    """Write the GeoPackage to `target`, with its R-tree."""
    made = city(count, seed)
    random = np.random.default_rng(seed + 1)
    storeys = np.clip(random.poisson(3, count), 1, 40).astype("int32")
    columns = {
        "ident": np.array([f"BLD{i:08x}" for i in range(count)], dtype=object),
        "name": np.array([f"Building {i} Street {i % 977}" for i in range(count)], dtype=object),
        "usage": np.array(USES, dtype=object)[random.choice(len(USES), count, p=SHARES)],
        "height_m": np.round(storeys * 3.1 + random.uniform(0, 3, count), 2),
        "storeys": storeys,
        "year_built": random.integers(1850, 2026, count).astype("int32"),
        "roof_type": np.array(ROOFS, dtype=object)[random.integers(0, len(ROOFS), count)],
        "district": np.array([f"D{d:03d}" for d in range(DISTRICTS)], dtype=object)[made.district],
        "energy_kwh": np.round(random.gamma(4, 30, count), 1),
        "updated": np.array(
            [f"202{d % 6}-{1 + d % 12:02d}-{1 + d % 28:02d}T00:00:00Z" for d in random.integers(0, 4000, count)], dtype=object
        ),
    }
    target.unlink(missing_ok=True)
    pyogrio.raw.write(
        target,
        shapely.to_wkb(made.polygons),
        list(columns.values()),
        list(columns),
        layer=LAYER,
        driver="GPKG",
        geometry_type="Polygon",
        crs="EPSG:4326",
        layer_options={"SPATIAL_INDEX": "YES", "GEOMETRY_NAME": "geom", "FID": "fid"},
    )
    return made


def boxes(made: City, holding: int, count: int, seed: int = 7) -> list[tuple[float, float, float, float]]:
    """`count` boxes around random buildings, each with about `holding` of them, as bbox takes them."""
    random = np.random.default_rng(seed)
    found = []
    for centre in random.choice(len(made.x), count, replace=False):
        distance = np.maximum(np.abs(made.x - made.x[centre]), np.abs(made.y - made.y[centre]))
        reach = float(np.partition(distance, holding - 1)[holding - 1])
        x, y = float(made.x[centre]), float(made.y[centre])
        found.append((round(x - reach, 6), round(y - reach, 6), round(x + reach, 6), round(y + reach, 6)))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", type=Path)
    parser.add_argument("--count", type=int, default=1_000_000)
    options = parser.parse_args()
    write(options.count, options.target)
