"""A hundred small collections, for the list of collections: a twin with one dataset each, and as many tables."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.buildings import LAYER
from benchmarks.measure import GATEWAY, run
from benchmarks.twins import fresh_database

COUNT = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Where the hundred are: a twin, and a database with a table each."""

    twin: Path
    database: str
    layers: tuple[str, ...]


def make(folder: Path, port: int) -> Place:
    """Make both, or use those made before."""
    place = Place(folder / "twin-hundred", "hundred", tuple(LAYER if not n else f"layer_{n:03d}" for n in range(COUNT)))
    if not (place.twin / "made").is_file():
        fresh_database(port, place.database)
        _tables(port, place)
        _twin(folder, place)
    return place


def _tables(port: int, place: Place) -> None:
    with psycopg.connect(f"host=127.0.0.1 port={port} user=postgres dbname={place.database}", autocommit=True) as connection:
        for layer in place.layers:
            connection.execute(
                f"CREATE TABLE {layer} (fid integer PRIMARY KEY, geom geometry(Point, 4326), name text, storeys integer)"
            )
            connection.execute(f"INSERT INTO {layer} VALUES (1, ST_SetSRID(ST_Point(6.1, 46.2), 4326), 'first', 3)")
            connection.execute(f"CREATE INDEX ON {layer} USING gist (geom)")


def _twin(folder: Path, place: Place) -> None:
    shutil.rmtree(place.twin, ignore_errors=True)
    run([GATEWAY, "init", str(place.twin)])
    for layer in place.layers:
        feature = {
            "type": "Feature",
            "id": "1",
            "geometry": {"type": "Point", "coordinates": [6.1, 46.2]},
            "properties": {"name": "first", "storeys": 3},
        }
        source = folder / f"{layer}.geojson"
        source.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
        run([GATEWAY, "publish", str(place.twin), str(source), "--no-wait"])
        source.unlink()
    (place.twin / "made").touch()
