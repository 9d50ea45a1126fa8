"""pygeoapi 0.24 on PostgreSQL with PostGIS, started from Debian's packages in a folder of its own, on loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pyogrio
import shapely
import yaml

from benchmarks.buildings import LAYER

PACKAGES = ("postgresql", "postgresql-15-postgis-3", "wrk")


def need() -> None:
    """Say what to install where a program is missing."""
    if shutil.which("wrk") is None or _binaries() is None:
        sys.exit(f"this benchmark needs Debian's packages: apt-get install {' '.join(PACKAGES)}")


def _binaries() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextmanager
def postgres(folder: Path, port: int) -> Iterator[str]:
    """A cluster in `folder` for the length of the block; yields its connection string."""
    binaries = _binaries()
    if binaries is None:
        raise RuntimeError("no PostgreSQL server is installed")
    cluster = folder / "cluster"
    folder.mkdir(parents=True, exist_ok=True)
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    if not (cluster / "PG_VERSION").is_file():
        _as_postgres([str(binaries / "initdb"), "-D", str(cluster), "-U", "postgres", "-A", "trust", "--no-sync"])
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c shared_buffers=2GB -c effective_cache_size=8GB -c jit=off"
    control = [str(binaries / "pg_ctl"), "-D", str(cluster), "-w"]
    _as_postgres([*control, "-o", options, "-l", str(folder / "log"), "start"])
    try:
        yield f"host=127.0.0.1 port={port} user=postgres dbname=postgres"
    finally:
        _as_postgres([*control, "-m", "fast", "stop"])


def _as_postgres(command: list[str]) -> None:
    prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.getuid() == 0 else []
    subprocess.run([*prefix, *command], check=True, stdout=subprocess.DEVNULL, cwd="/")


def load_once(connection: str, source: Path, count: int) -> None:
    """Load the GeoPackage unless a table with as many rows is there from an earlier run."""
    with psycopg.connect(connection, autocommit=True) as database:
        there = database.execute("SELECT to_regclass(%s)", (LAYER,)).fetchone()
        rows = database.execute(f"SELECT count(*) FROM {LAYER}").fetchone() if there and there[0] else None
    if rows is None or rows[0] != count:
        load(connection, source)


def load(connection: str, source: Path) -> None:
    """Copy the GeoPackage into a table with the indexes that a careful operator makes: id, geometry, district."""
    meta, fid, geometry, columns = pyogrio.raw.read(source, layer=LAYER, return_fids=True)
    shapes = shapely.to_wkb(shapely.set_srid(shapely.from_wkb(geometry), 4326), hex=True, include_srid=True)
    names = [str(name) for name in meta["fields"]]
    kinds = [
        "text" if column.dtype == object else "integer" if column.dtype.kind == "i" else "double precision" for column in columns
    ]
    declared = ", ".join(f"{name} {kind}" for name, kind in zip(names, kinds, strict=True))
    with psycopg.connect(connection, autocommit=True) as database:
        database.execute("CREATE EXTENSION IF NOT EXISTS postgis")
        database.execute(f"DROP TABLE IF EXISTS {LAYER}")
        database.execute(f"CREATE TABLE {LAYER} (fid integer, geom geometry(Polygon, 4326), {declared})")
        with database.cursor().copy(f"COPY {LAYER} (fid, geom, {', '.join(names)}) FROM STDIN") as copy:
            for index in range(len(fid)):
                copy.write_row((int(fid[index]), shapes[index], *(_plain(column[index]) for column in columns)))
        database.execute(f"ALTER TABLE {LAYER} ADD PRIMARY KEY (fid)")
        database.execute(f"CREATE INDEX ON {LAYER} USING gist (geom)")
        database.execute(f"CREATE INDEX ON {LAYER} (district)")
        database.execute(f"VACUUM ANALYZE {LAYER}")


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def pygeoapi_command(
    folder: Path, database_port: int, port: int, layers: Sequence[str] = (LAYER,), database: str = "postgres"
) -> tuple[list[str], dict[str, str]]:
    """The command that serves these tables by pygeoapi with one uvicorn worker, and its environment."""
    config, document = folder / f"pygeoapi-{database}.yml", folder / f"openapi-{database}.yml"
    config.write_text(yaml.safe_dump(_config(database_port, port, layers, database)))
    environment = {**os.environ, "PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(document)}
    program = Path(sys.executable).parent / "pygeoapi"
    tool = [str(program), "openapi", "generate", str(config), "--output-file", str(document)]
    subprocess.run(tool, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    command = [sys.executable, "-m", "uvicorn", "pygeoapi.starlette_app:APP", "--host", "127.0.0.1", "--port", str(port)]
    return [*command, "--workers", "1", "--log-level", "error", "--no-access-log"], environment


def _config(database_port: int, port: int, layers: Sequence[str], database: str) -> dict[str, Any]:
    text = {"title": "benchmark", "description": "benchmark", "keywords": ["benchmark"]}
    contact = {
        "name": "n",
        "position": "p",
        "address": "a",
        "city": "c",
        "stateorprovince": "s",
        "postalcode": "1",
        "country": "CH",
    }
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port},
            "url": f"http://127.0.0.1:{port}",
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": ["en-US"],
            "limits": {"default_items": 10, "max_items": 10_000},
            "map": {"url": "http://127.0.0.1/{z}/{x}/{y}.png", "attribution": "none"},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {**text, "terms_of_service": "none", "url": "http://127.0.0.1"},
            "license": {"name": "none", "url": "http://127.0.0.1"},
            "provider": {"name": "none", "url": "http://127.0.0.1"},
            "contact": contact,
        },
        "resources": {
            layer: {
                "type": "collection",
                **text,
                "links": [],
                "extents": {"spatial": {"bbox": [-180, -90, 180, 90], "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}},
                "providers": [_provider(database_port, layer, database)],
            }
            for layer in layers
        },
    }


def _provider(port: int, layer: str, database: str) -> dict[str, Any]:
    place = {"host": "127.0.0.1", "port": port, "dbname": database, "user": "postgres", "password": "", "search_path": ["public"]}
    return {"type": "feature", "name": "PostgreSQL", "data": place, "id_field": "fid", "table": layer, "geom_field": "geom"}
