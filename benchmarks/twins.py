"""The twins that the benchmarks serve, made once in a folder and kept for the next run."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg

from benchmarks.measure import GATEWAY, run


def embedded(folder: Path, source: Path, count: int) -> Path:
    """A twin on the embedded store with the buildings of `source`."""
    return _made(folder / f"twin-{count}", source, [])


def postgis(folder: Path, source: Path, count: int, port: int) -> Path:
    """The same on PostGIS, in a database of its own; the folder and the database are made together or not at all."""
    twin, name = folder / f"twin-postgis-{count}", f"twin_{count}"
    if not (twin / "made").is_file():
        fresh_database(port, name)
    return _made(twin, source, ["--store", f"postgresql://postgres@127.0.0.1:{port}/{name}"])


def fresh_database(port: int, name: str) -> None:
    """An empty database with PostGIS on a cluster of `benchmarks.peers`."""
    with psycopg.connect(f"host=127.0.0.1 port={port} user=postgres dbname=postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    with psycopg.connect(f"host=127.0.0.1 port={port} user=postgres dbname={name}", autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")


def _made(twin: Path, source: Path, options: list[str]) -> Path:
    if (twin / "made").is_file():
        return twin
    shutil.rmtree(twin, ignore_errors=True)
    run([GATEWAY, "init", str(twin), *options])
    run([GATEWAY, "publish", str(twin), str(source), "--id", "ident"])
    (twin / "made").touch()
    return twin
