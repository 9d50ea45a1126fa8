"""The limit of this way of serving: a bare ASGI application that sends ready bytes out of a plain SQLite file, and nothing else.

    uv run --group bench python -m benchmarks.limit TWIN --port 8810

The bytes are those of the twin, with an R-tree and indexes on id and district; a box and a filter are one statement each. No
parameters are checked, nothing is negotiated, counted, linked or decided. Tiles are those the twin makes, kept in memory.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import apsw
import uvicorn

from benchmarks.buildings import LAYER
from gateway import wiring
from gateway.model.access import EVERYTHING
from gateway.model.query import Query
from gateway.model.row import Row
from gateway.services.tiles import grid_of

type Send = Callable[[dict[str, Any]], Awaitable[None]]

_TABLES = """
CREATE TABLE raw (fid INTEGER PRIMARY KEY, id TEXT NOT NULL, district TEXT, body TEXT NOT NULL);
CREATE VIRTUAL TABLE near USING rtree(fid, minx, maxx, miny, maxy);
"""
_INDEXES = "CREATE UNIQUE INDEX raw_id ON raw (id); CREATE INDEX raw_district ON raw (district);"
_BATCH = 10_000
_ITEM = "SELECT CAST(body AS BLOB) FROM raw WHERE id = ?"
_BOX = (
    "SELECT CAST(group_concat(f.body, ',') AS BLOB) FROM (SELECT n.fid FROM near n WHERE n.minx <= ? AND n.maxx >= ? "
    "AND n.miny <= ? AND n.maxy >= ? ORDER BY n.fid LIMIT ?) k CROSS JOIN raw f ON f.fid = k.fid"
)
_DISTRICT = "SELECT CAST(group_concat(body, ',') AS BLOB) FROM (SELECT body FROM raw WHERE district = ? ORDER BY fid LIMIT ?)"


def build(twin: Path, target: Path) -> None:
    """Copy the ready bytes of the buildings of a twin to a plain file; it is there whole or not at all."""
    unfinished = target.with_suffix(".making")
    unfinished.unlink(missing_ok=True)
    connection = apsw.Connection(str(unfinished))
    connection.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA page_size = 16384")
    connection.execute(_TABLES)
    with wiring.opened(twin) as gateway, gateway.store.reading() as reader:
        for rows in itertools.batched(reader.rows(Query(LAYER, EVERYTHING, limit=-1)), _BATCH, strict=False):
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO raw VALUES (?, ?, ?, ?)", map(_values, rows))
            connection.executemany("INSERT INTO near VALUES (?, ?, ?, ?, ?)", _boxes(rows))
            connection.execute("COMMIT")
    connection.execute(_INDEXES)
    connection.close()
    unfinished.rename(target)


def _values(row: Row) -> tuple[int, str, Any, str]:
    return row.key, row.id, row.properties.get("district"), row.ready.decode()


def _boxes(rows: tuple[Row, ...]) -> Iterator[tuple[int, float, float, float, float]]:
    for row in rows:
        if row.box is not None:
            yield row.key, row.box[0], row.box[2], row.box[1], row.box[3]


class Limit:
    """The bare application."""

    def __init__(self, source: Path, twin: Path) -> None:
        self._connection = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READONLY)
        self._connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        self._connection.execute("PRAGMA cache_size = -65536")
        self._twin = twin
        self._tiles: dict[str, bytes] = {}

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Send) -> None:
        """Answer one request: parse as little as it takes, ask, send."""
        kind, _, rest = scope["path"][1:].partition("/")
        if kind == "item":
            body = self._one(_ITEM, (rest,))
        elif kind == "tile":
            body = self._tiles.get(rest) or self._make(rest)
        elif kind == "health":
            body = b"{}"
        else:
            given = dict(parse_qsl(scope["query_string"].decode()))
            if kind == "box":
                west, south, east, north = map(float, given["bbox"].split(","))
                features = self._one(_BOX, (east, west, north, south, int(given["limit"])))
            else:
                features = self._one(_DISTRICT, (given["district"], int(given["limit"])))
            body = b"".join((b'{"type":"FeatureCollection","features":[', features, b"]}"))
        head = [(b"content-type", b"application/geo+json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})

    def _one(self, sql: str, values: tuple[Any, ...]) -> bytes:
        found = self._connection.execute(sql, values).fetchone()
        return b"" if found is None or found[0] is None else bytes(found[0])

    def _make(self, address: str) -> bytes:
        """The tile ``zoom/row/column`` as the twin makes it, kept for the next time."""
        matrix, row, column = address.split("/")
        with wiring.opened(self._twin) as gateway, gateway.queries.view(EVERYTHING) as view:
            source = view.source(LAYER)
            place = gateway.tiles.address(source, grid_of("WebMercatorQuad"), matrix, row, column)
            packed = gateway.tiles.tile(view, source, place).packed
        self._tiles[address] = gzip.decompress(packed) if packed else b""
        return self._tiles[address]


def main() -> None:
    """Make the file where it is not there, then serve it with the server the gateway uses, one worker."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("twin", type=Path)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    source = options.twin.with_name(f"{options.twin.name}.limit.sqlite")
    if not source.is_file():
        build(options.twin, source)
    uvicorn.run(Limit(source, options.twin), port=options.port, access_log=False, log_level="warning", lifespan="off", ws="none")


if __name__ == "__main__":
    main()
