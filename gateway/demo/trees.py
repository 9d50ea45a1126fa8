"""The parks' trees, as GeoJSON of 2008 with a `crs` member in EPSG:2056: a format that agencies still deliver every day."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import orjson
import shapely

from gateway.demo.plan import BLOCK_DEPTH, BLOCK_WIDTH, COLUMNS, ROWS, Grid, Position, Quarter, ground

SPECIES = (
    ("Tilia cordata", "Tilleul à petites feuilles", 22),
    ("Platanus x hispanica", "Platane commun", 28),
    ("Acer pseudoplatanus", "Érable sycomore", 21),
    ("Quercus robur", "Chêne pédonculé", 24),
    ("Cedrus libani", "Cèdre du Liban", 26),
    ("Betula pendula", "Bouleau verruqueux", 16),
    ("Prunus avium", "Merisier", 13),
    ("Juglans regia", "Noyer commun", 14),
    ("Fagus sylvatica", "Hêtre commun", 25),
    ("Malus domestica", "Pommier", 7),
)


def write(quarter: Quarter, target: Path) -> int:
    """Write the trees to `target`; gives their number."""
    random = quarter.random("trees")
    features = [_feature(number, *tree, random) for number, tree in enumerate(_trees(quarter, random), start=1)]
    document = {
        "type": "FeatureCollection",
        "name": "trees",
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2056"}},
        "features": features,
    }
    target.write_bytes(orjson.dumps(document))
    return len(features)


def _trees(quarter: Quarter, random: Random) -> Iterator[tuple[Position, str]]:
    for position in _in_the_park(quarter, random, 620):
        yield position, "parc"
    for grid in quarter.grids:
        for position in _along_streets(grid):
            yield position, "alignement"
    for parcel in quarter.parcels:
        if parcel.kind == "villas":
            for _ in range(random.randint(1, 4)):
                u, v = random.uniform(1.5, parcel.width - 1.5), random.uniform(21.0, parcel.depth - 1.5)
                yield parcel.frame.place(u, v), "jardin"
        elif parcel.kind in ("square", "school"):
            for u in range(6, 88, 9):
                yield parcel.frame.place(float(u), 4.0), "place"


def _in_the_park(quarter: Quarter, random: Random, count: int) -> Iterator[Position]:
    lawn = shapely.Polygon(quarter.park).buffer(-4.0)
    shapely.prepare(lawn)
    west, south, east, north = lawn.bounds
    while count:
        position = round(random.uniform(west, east), 2), round(random.uniform(south, north), 2)
        if lawn.contains(shapely.Point(position)):
            yield position
            count -= 1


def _along_streets(grid: Grid) -> Iterator[Position]:
    for row in range(ROWS):
        for column in range(COLUMNS):
            u, v = grid.corner(column, row)
            for step in range(int(BLOCK_WIDTH // 10)):
                yield grid.frame.place(u + 5.0 + 10.0 * step, v - 1.5)
            for step in range(int(BLOCK_DEPTH // 10)):
                yield grid.frame.place(u - 1.5, v + 5.0 + 10.0 * step)


def _feature(number: int, position: Position, place: str, random: Random) -> dict[str, Any]:
    latin, french, tallest = random.choices(SPECIES, (9, 8, 7, 6, 2, 5, 4, 3, 4, 2))[0]
    planted = random.randint(1905, 2022)
    height = round(max(2.5, tallest * min(1.0, (2026 - planted) / 70) * random.uniform(0.8, 1.1)), 1)
    properties = {
        "espece": latin,
        "nom_fr": french,
        "hauteur_m": height,
        "couronne_m": round(height * random.uniform(0.35, 0.6), 1),
        "tronc_cm": round(height * random.uniform(2.0, 3.4)),
        "annee_plantation": planted,
        "etat": random.choices(("sain", "à surveiller", "à soigner"), (0.9, 0.08, 0.02))[0],
        "emplacement": place,
        "altitude_m": ground(*position),
    }
    return {
        "type": "Feature",
        "id": f"ARB-{number:05d}",
        "geometry": {"type": "Point", "coordinates": list(position)},
        "properties": properties,
    }
