"""The servers that the features benchmark compares: how each is started, and how each spells the same question.

pygeoapi and tipg come with the `bench` group. pg_featureserv and martin are programs of other languages, found on PATH or named
by an argument: ``cargo install martin``; pg_featureserv is built by ``go build`` in a checkout of its repository.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import peers
from benchmarks.buildings import LAYER
from benchmarks.measure import GATEWAY


@dataclass(frozen=True, slots=True)
class Question:
    """One question in no server's words; a path of each server is made of it. `number` is the feature's place from 0."""

    kind: str
    number: int = 0
    box: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    limit: int = 10
    district: str = ""
    filter: str = ""
    tile: tuple[int, int, int] = (0, 0, 0)
    """Zoom, column, row of WebMercatorQuad."""


type Spelling = Callable[[Question], str]


@dataclass(frozen=True, slots=True)
class Server:
    """A server to start: its command, the address that tells it is up, and how it spells each kind of question it knows."""

    name: str
    command: list[str]
    port: int
    health: str
    spellings: Mapping[str, Spelling]
    environment: dict[str, str] = field(default_factory=dict)
    is_fresh: bool = False
    """Whether it is started anew for each load: pg_featureserv answers no more once clients went away in mid-answer."""

    @property
    def base(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"


def _box(question: Question) -> str:
    return ",".join(map(str, question.box))


def _ogc(collection: str, key: Callable[[int], str], form: str) -> dict[str, Spelling]:
    """The paths of OGC API Features, which these servers share but for ids and the word for GeoJSON."""
    items = f"/collections/{collection}/items"
    return {
        "item": lambda q: f"{items}/{key(q.number)}?f={form}",
        "box": lambda q: f"{items}?f={form}&limit={q.limit}&bbox={_box(q)}",
        "district": lambda q: f"{items}?f={form}&limit={q.limit}&district={q.district}",
        "collections": lambda q: f"/collections?f={'json'}",
    }


def _older(text: str) -> str:
    """CQL2 as the draft had it that pg_featureserv speaks."""
    return text.replace("geometry", "geom").replace("S_INTERSECTS", "INTERSECTS")


def gateway(name: str, twin: Path, port: int, **changed: str) -> Server:
    """This gateway over a twin, one worker; `changed` are settings by their names in the environment."""
    items = f"/collections/{LAYER}/items"
    tiles = f"/collections/{LAYER}/tiles/WebMercatorQuad"
    spellings = {
        **_ogc(LAYER, "BLD{:08x}".format, "json"),
        "cql2": lambda q: f"{items}?f=json&limit={q.limit}&filter={q.filter}",
        "tile": lambda q: f"{tiles}/{q.tile[0]}/{q.tile[2]}/{q.tile[1]}",
    }
    command = [GATEWAY, "serve", str(twin), "--port", str(port), "--workers", "1"]
    environment = {**os.environ, "GATEWAY_LOG_LEVEL": "warning", **changed}
    return Server(name, command, port, "/health", spellings, environment)


def limit(source: Path, port: int) -> Server:
    """The same bytes sent by a bare application: the limit of this way of serving."""
    spellings = {
        "item": lambda q: f"/item/BLD{q.number:08x}",
        "box": lambda q: f"/box?limit={q.limit}&bbox={_box(q)}",
        "district": lambda q: f"/district?limit={q.limit}&district={q.district}",
        "tile": lambda q: f"/tile/{q.tile[0]}/{q.tile[2]}/{q.tile[1]}",
    }
    command = [sys.executable, "-m", "benchmarks.limit", str(source), "--port", str(port)]
    return Server("raw bytes", command, port, "/health", spellings)


def pygeoapi(folder: Path, database: int, port: int, layers: tuple[str, ...] = (LAYER,), name: str = "postgres") -> Server:
    """pygeoapi 0.24 with its PostgreSQL provider, one uvicorn worker."""
    command, environment = peers.pygeoapi_command(folder, database, port, layers, name)
    return Server("pygeoapi", command, port, "/conformance?f=json", _ogc(LAYER, str, "json"), environment)


def tipg(database: int, port: int, name: str = "postgres") -> Server:
    """tipg on PostGIS, one uvicorn worker; `fid` counts from 1 there."""
    collection = f"public.{LAYER}"
    items = f"/collections/{collection}/items"
    spellings = {
        **_ogc(collection, str, "geojson"),
        "cql2": lambda q: f"{items}?f=geojson&limit={q.limit}&filter-lang=cql2-text&filter={q.filter.replace('geometry', 'geom')}",
        "tile": lambda q: f"/collections/{collection}/tiles/WebMercatorQuad/{q.tile[0]}/{q.tile[1]}/{q.tile[2]}",
    }
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{database}/{name}",
        "TIPG_DB_SPATIAL_EXTENT": "TRUE",
    }
    command = [sys.executable, "-m", "uvicorn", "tipg.main:app", "--host", "127.0.0.1", "--port", str(port)]
    return Server("tipg", [*command, "--log-level", "error", "--no-access-log"], port, "/healthz", spellings, environment)


def featureserv(program: Path, folder: Path, database: int, port: int) -> Server:
    """pg_featureserv pinned to one core, as the figures of the issue were taken."""
    config = folder / "pg_featureserv.toml"
    assets = program.parent / "assets"
    config.write_text(
        f'[Server]\nHttpHost = "127.0.0.1"\nHttpPort = {port}\nAssetsPath = "{assets}"\n'
        "[Paging]\nLimitMax = 10000\n[Metadata]\nTitle = 'benchmark'\n[Website]\nBasemapUrl = ''\n"
    )
    items = f"/collections/public.{LAYER}/items"
    spellings = {
        "item": lambda q: f"{items}/{q.number}.json",
        "box": lambda q: f"{items}.json?limit={q.limit}&bbox={_box(q)}",
        "district": lambda q: f"{items}.json?limit={q.limit}&district={q.district}",
        "collections": lambda q: "/collections.json",
        "cql2": lambda q: f"{items}.json?limit={q.limit}&filter={_older(q.filter)}",
    }
    environment = {
        **os.environ,
        "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{database}/postgres?sslmode=disable",
        "GOMAXPROCS": "1",
    }
    command = ["taskset", "-c", "0", str(program), "-c", str(config)]
    return Server("pg_featureserv", command, port, "/conformance.json", spellings, environment, is_fresh=True)


def martin(program: Path, folder: Path, database: int, port: int) -> Server:
    """martin without its cache, one worker: each tile is made by PostGIS."""
    config = folder / "martin.yaml"
    config.write_text(
        f"listen_addresses: '127.0.0.1:{port}'\nworker_processes: 1\ncache_size_mb: 0\n"
        f"postgres:\n  connection_string: 'postgresql://postgres@127.0.0.1:{database}/postgres'\n  auto_publish: false\n"
        f"  tables:\n    {LAYER}:\n      schema: public\n      table: {LAYER}\n      srid: 4326\n      geometry_column: geom\n"
        "      geometry_type: POLYGON\n      extent: 4096\n      buffer: 64\n      clip_geom: true\n"
        "      properties:\n        ident: text\n        name: text\n        usage: text\n        height_m: float8\n"
        "        storeys: int4\n        year_built: int4\n        roof_type: text\n        district: text\n"
        "        energy_kwh: float8\n        updated: text\n"
    )
    spellings: dict[str, Spelling] = {"tile": lambda q: f"/{LAYER}/{q.tile[0]}/{q.tile[1]}/{q.tile[2]}"}
    return Server("martin", [str(program), "--config", str(config)], port, "/health", spellings)
