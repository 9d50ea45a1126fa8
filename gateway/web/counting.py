"""Counts requests where every worker of the server can read them: an array of numbers in a file for each worker, mapped in memory.

Counting is two or three additions; nothing is locked, for each worker writes its own file only. A label is the template of a
route, never a path, so that a count says nothing of a collection or a feature.
"""

from __future__ import annotations

import mmap
import os
import secrets
import shutil
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

FOLDER = "metrics"
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper ends of the latency histogram, in seconds; the last bucket is everything above."""

OTHER = "other"
_TILESET = "/collections/{collectionId}/tiles/{tileMatrixSetId}"
_TILE = f"{_TILESET}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
_WHOLE_TILE = "/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}"
_ROUTES = (
    *("/", "/conformance", "/api", "/collections", "/datasets", "/submissions", "/health", "/csw", "/sparql", "/metrics"),
    *("/processes", "/jobs", "/sign-in", "/static", "/id", "/collections/{collectionId}", "/collections/{collectionId}/items"),
    *(
        "/collections/{collectionId}/items/{featureId}",
        "/collections/{collectionId}/download",
        "/collections/{collectionId}/coverage",
        "/collections/{collectionId}/schema",
    ),
    *("/collections/{collectionId}/sortables", "/datasets/{datasetId}/versions"),
    *("/collections/{collectionId}/queryables", "/datasets/{datasetId}", "/submissions/{submissionId}", "/processes/{processId}"),
    *("/tiles", "/tiles/{tileMatrixSetId}", "/tileMatrixSets", "/tileMatrixSets/{tileMatrixSetId}"),
    *("/collections/{collectionId}/tiles", "/collections/{collectionId}/styles", _TILESET, _TILE, _WHOLE_TILE),
    *("/processes/{processId}/execution", "/jobs/{jobId}", "/jobs/{jobId}/results", OTHER),
)
_STATUSES = (
    200,
    201,
    202,
    204,
    206,
    303,
    304,
    307,
    400,
    401,
    403,
    404,
    405,
    406,
    409,
    410,
    413,
    415,
    416,
    422,
    429,
    500,
    502,
    503,
    504,
    0,
)
_PLACES = {route: place for place, route in enumerate(_ROUTES)}
_OWN = {route[1:]: route for route in _ROUTES if route.count("/") == 1}
_BELOW = {route.split("/")[1]: route for route in _ROUTES if route.count("/") == 2}
_DEEP = {(route.split("/")[1], route.split("/")[3]): route for route in _ROUTES if route.count("/") == 3}
_STATUS = {status: place for place, status in enumerate(_STATUSES)}
_BINS = len(BUCKETS) + 1
_WIDTH = len(_STATUSES) + _BINS + 1
_SIZE = len(_ROUTES) * _WIDTH * 8


@dataclass(frozen=True, slots=True)
class Line:
    """What one route has answered: requests by status (0: any other), by bucket, and all seconds together."""

    route: str
    statuses: dict[int, int]
    bins: tuple[int, ...]
    seconds: float


class Counts:
    """The counts of one worker; `lines` adds those of all workers of the twin."""

    def __init__(self, twin: Path) -> None:
        self._folder = twin / FOLDER
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._path = self._folder / f"{os.getpid()}-{secrets.token_hex(4)}"
        with self._path.open("w+b") as file:
            file.truncate(_SIZE)
            self._map = mmap.mmap(file.fileno(), _SIZE)
        self._numbers = memoryview(self._map).cast("d")

    def add(self, path: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        start = _PLACES[route_of(path)] * _WIDTH
        numbers = self._numbers
        numbers[start + _STATUS.get(status, len(_STATUSES) - 1)] += 1.0
        numbers[start + len(_STATUSES) + bisect_left(BUCKETS, seconds)] += 1.0
        numbers[start + _WIDTH - 1] += seconds

    def lines(self) -> Iterator[Line]:
        """What all workers have answered, by route; routes never asked for are left out."""
        arrays = [list(self._numbers), *self._others()]
        sums = [sum(column) for column in zip(*arrays, strict=True)]
        for place, route in enumerate(_ROUTES):
            part = sums[place * _WIDTH : (place + 1) * _WIDTH]
            statuses = {status: int(part[at]) for at, status in enumerate(_STATUSES) if part[at]}
            if statuses:
                yield Line(route, statuses, tuple(map(int, part[len(_STATUSES) : -1])), part[-1])

    def _others(self) -> Iterator[list[float]]:
        for path in self._folder.glob("*"):
            if path != self._path:
                with suppress(FileNotFoundError):
                    data = path.read_bytes()
                    if len(data) == _SIZE:
                        yield list(memoryview(data).cast("d"))


def begin_anew(twin: Path) -> None:
    """Forget what an earlier server counted; to be called before the workers of a new one start."""
    shutil.rmtree(twin / FOLDER, ignore_errors=True)


def route_of(path: str) -> str:
    """The template of the route that a decoded path belongs to, whether or not it is served."""
    parts = path.split("/", 4)[1:]
    if not parts:
        return OTHER
    if len(parts) == 1 or parts[0] in ("static", "id"):
        return _OWN.get(parts[0], OTHER)
    if len(parts) == 2:
        return _BELOW.get(parts[0], OTHER)
    return _DEEP.get((parts[0], parts[2]), OTHER) if len(parts) == 3 else _item(parts)


def _item(parts: list[str]) -> str:
    """Ids of features may have slashes in them; tiles lie deeper than the rest."""
    if parts[0] == "tiles":
        return _WHOLE_TILE
    if parts[0] == "collections" and parts[2] == "tiles":
        return _TILE if "/" in parts[3] else _TILESET
    return "/collections/{collectionId}/items/{featureId}" if parts[0] == "collections" and parts[2] == "items" else OTHER
