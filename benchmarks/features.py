"""The features door beside its peers: single items, boxes, attributes, CQL2, collections and vector tiles of a million buildings.

    uv run --group bench python -m benchmarks.features [--count 1000000] [--rounds 3] [--seconds 8] [--folder DIR]
        [--loads item,bbox10,…] [--servers embedded,postgis,…] [--pg-featureserv PROGRAM] [--martin PROGRAM]

One worker each, 16 connections, all on one machine with one PostgreSQL; rounds alternate between the servers, medians and
ratios are printed. Answers are compared before anything is measured: every server must return as many features.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np

from benchmarks import buildings, hundred, peers, servers, twins, wrk
from benchmarks.measure import Started, median, row, serving
from benchmarks.servers import Question, Server

DATABASE, FIRST_PORT = 8830, 8831
ZOOM = 14
OURS = ("embedded", "postgis")


@dataclass(frozen=True, slots=True)
class Kind:
    """One load of the table: the kind of its questions, and the questions."""

    name: str
    questions: list[Question]


def main() -> None:
    """Make what is missing, start everything, compare, measure, print."""
    options = _options()
    peers.need()
    folder: Path = options.folder or Path(tempfile.mkdtemp(prefix="bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    source = folder / f"buildings-{options.count}.gpkg"
    made = buildings.city(options.count) if source.is_file() else buildings.write(options.count, source)
    kinds = [kind for kind in _kinds(made, options.count) if kind.name in options.loads]
    with peers.postgres(folder / "postgres", DATABASE) as connection:
        peers.load_once(connection, source, options.count)
        run = Run(options, folder, source, kinds)
        run.features()
        if "collections" in options.loads:
            run.collections()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--folder", type=Path, help="keep what is made here, for the next run")
    parser.add_argument("--loads", type=_words, default="item,bbox10,bbox1000,attr100,cql2,tile,tile-cached,collections")
    parser.add_argument("--servers", type=_words, default="embedded,postgis,limit,pygeoapi,tipg,pg_featureserv,martin")
    parser.add_argument("--pg-featureserv", type=Path, default=shutil.which("pg_featureserv"))
    parser.add_argument("--martin", type=Path, default=shutil.which("martin"))
    return parser.parse_args()


def _words(text: str) -> list[str]:
    return text.split(",")


def _kinds(made: buildings.City, count: int) -> list[Kind]:
    random = np.random.default_rng(5)
    boxes = {10: buildings.boxes(made, 10, 1000), 1000: buildings.boxes(made, 950, 200)}
    found = [
        Kind("item", [Question("item", int(n)) for n in random.integers(1, count, 5000)]),
        Kind("bbox10", [Question("box", box=box, limit=10) for box in boxes[10]]),
        Kind("bbox1000", [Question("box", box=box, limit=1000) for box in boxes[1000]]),
        Kind("attr100", [Question("district", district=f"D{d:03d}", limit=100) for d in range(buildings.DISTRICTS)]),
        Kind("cql2", [Question("cql2", filter=_cql2(box), limit=100) for box in boxes[1000]]),
    ]
    tiles = [Question("tile", tile=tile) for tile in _tiles(made)]
    return [*found, Kind("tile", tiles), Kind("tile-cached", tiles[:200])]


def _cql2(box: tuple[float, float, float, float]) -> str:
    west, south, east, north = box
    ring = f"{west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}"
    return quote(f"S_INTERSECTS(geometry, POLYGON(({ring}))) AND storeys > 3")


def _tiles(made: buildings.City) -> list[tuple[int, int, int]]:
    """The tiles of the zoom level that hold a building's centre, in a random order."""
    wide = 2**ZOOM
    column = ((made.x + 180) / 360 * wide).astype(int)
    row_ = ((1 - np.arcsinh(np.tan(np.radians(made.y))) / np.pi) / 2 * wide).astype(int)
    there = sorted(set(zip(column.tolist(), row_.tolist(), strict=True)))
    order = np.random.default_rng(14).permutation(len(there))
    return [(ZOOM, *there[n]) for n in order]


class Run:
    """One run of the benchmark in its folder."""

    def __init__(self, options: argparse.Namespace, folder: Path, source: Path, kinds: Sequence[Kind]) -> None:
        self._options = options
        self._folder = folder
        self._source = source
        self._kinds = kinds
        self._ports = iter(range(FIRST_PORT, FIRST_PORT + 100))

    def features(self) -> None:
        """The loads over one collection of a million."""
        chosen = list(self._chosen())
        lasting = [server for server in chosen if not server.is_fresh]
        with _running(lasting) as started:
            with _running([server for server in chosen if server.is_fresh]):
                _compare(chosen, self._kinds)
            _head(chosen)
            for kind in self._kinds:
                able = [server for server in chosen if kind.questions[0].kind in server.spellings and _takes(server, kind)]
                with _running([server for server in able if server.is_fresh]):
                    self._measure(kind, able, chosen)
            for server in lasting:
                if server.name.split()[0] in OURS:
                    print(f"{server.name}: {started[server.name].private:.0f} MB private in its worker after the run")

    def collections(self) -> None:
        """The list of a hundred collections."""
        place = hundred.make(self._folder, DATABASE)
        chosen = [server for server in self._hundred(place) if server.name in {*OURS, "pygeoapi", "tipg"}]
        with _running(chosen):
            _head(chosen)
            self._measure(Kind("collections", [Question("collections")]), chosen, chosen)

    def _chosen(self) -> Iterator[Server]:
        options, folder = self._options, self._folder
        for name in options.servers:
            match name:
                case "embedded":
                    twin = twins.embedded(folder, self._source, options.count)
                    yield servers.gateway("embedded", twin, next(self._ports))
                    if "tile" in options.loads:
                        yield servers.gateway("embedded anew", twin, next(self._ports), GATEWAY_TILE_BYTES="0")
                case "postgis":
                    twin = twins.postgis(folder, self._source, options.count, DATABASE)
                    yield servers.gateway("postgis", twin, next(self._ports))
                    if "tile" in options.loads:
                        yield servers.gateway("postgis anew", twin, next(self._ports), GATEWAY_TILE_BYTES="0")
                case "limit":
                    yield servers.limit(twins.embedded(folder, self._source, options.count), next(self._ports))
                case "pygeoapi":
                    yield servers.pygeoapi(folder, DATABASE, next(self._ports))
                case "tipg":
                    yield servers.tipg(DATABASE, next(self._ports))
                case "pg_featureserv" | "martin":
                    program = options.pg_featureserv if name == "pg_featureserv" else options.martin
                    if program is None:
                        print(f"{name} is left out: it is not on PATH")
                        continue
                    start = servers.featureserv if name == "pg_featureserv" else servers.martin
                    yield start(program, folder, DATABASE, next(self._ports))

    def _hundred(self, place: hundred.Place) -> Iterator[Server]:
        yield servers.gateway("embedded", place.twin, next(self._ports))
        yield servers.pygeoapi(self._folder, DATABASE, next(self._ports), place.layers, place.database)
        yield servers.tipg(DATABASE, next(self._ports), place.database)

    def _measure(self, kind: Kind, able: Sequence[Server], columns: Sequence[Server]) -> None:
        loads: dict[str, list[wrk.Load]] = {server.name: [] for server in able}
        for _ in range(self._options.rounds):
            for server in able:
                spell = server.spellings[kind.questions[0].kind]
                paths = [spell(question) for question in kind.questions]
                loads[server.name].append(wrk.measure(server.base, paths, self._folder, self._options.seconds))
        cells = [_cell(loads.get(server.name)) for server in columns]
        row(kind.name, *cells)
        rates = {name: median([load.rate for load in found]) for name, found in loads.items()}
        for mine in (name for name in rates if name.split()[0] in OURS):
            against = {name: rates[mine] / rate for name, rate in rates.items() if rate and name.split()[0] not in OURS}
            told = ", ".join(f"{ratio:.2f}x {name}" for name, ratio in against.items())
            print(f"    {kind.name}: {mine} is {told}")


def _takes(server: Server, kind: Kind) -> bool:
    """Whether a server is asked this load: tiles made anew and tiles from the cache are for different servers of ours."""
    anew = server.name.endswith("anew")
    if kind.name == "tile":
        return anew or server.name in ("tipg", "martin")
    if kind.name == "tile-cached":
        return not anew and server.name != "martin"
    return not anew


def _cell(loads: Sequence[wrk.Load] | None) -> str:
    if not loads:
        return ""
    rates = [load.rate for load in loads]
    spread = f"{min(rates):.0f}-{max(rates):.0f}"
    return f"{median(rates):.0f} ({spread}), p50 {median([x.p50 for x in loads]):.1f}, p99 {median([x.p99 for x in loads]):.1f}"


def _head(chosen: Sequence[Server]) -> None:
    row("load: requests/s (rounds), ms", *(server.name for server in chosen))
    row("---", *("---" for _ in chosen))


@contextmanager
def _running(chosen: Sequence[Server]) -> Iterator[Mapping[str, Started]]:
    """All servers at once, for the length of the block."""
    with ExitStack() as stack:
        started = {}
        for server in chosen:
            up = serving(server.command, server.base + server.health, env=server.environment or None)
            started[server.name] = stack.enter_context(up)
        yield started


def _compare(chosen: Sequence[Server], kinds: Sequence[Kind]) -> None:
    """Every server returns as many features; raises SystemExit naming the question where one does not.

    The raw bytes are left out: they are what the R-tree says, whose bounds are rounded, and no geometry is looked at.
    """
    compared = 0
    asked = [server for server in chosen if server.name != "raw bytes"]
    for kind in kinds:
        if kind.questions[0].kind not in ("box", "district"):
            continue
        for question in kind.questions[:10]:
            found = {server.name: _features(server, question) for server in asked if question.kind in server.spellings}
            compared += 1
            if len({count for count in found.values() if count is not None}) > 1:
                raise SystemExit(f"{question}: {found}")
    print(f"{compared} questions answered by every server with as many features")


def _features(server: Server, question: Question) -> int | None:
    with urllib.request.urlopen(server.base + server.spellings[question.kind](question), timeout=120) as answer:
        document = json.load(answer)
    return len(document["features"]) if "features" in document else None


if __name__ == "__main__":
    main()
