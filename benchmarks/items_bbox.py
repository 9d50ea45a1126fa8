"""items?bbox=…&limit=1000 on a million buildings: this gateway beside pygeoapi on PostGIS, in one run.

    uv run --group bench python -m benchmarks.items_bbox [--count 1000000] [--rounds 3] [--seconds 10] [--folder DIR]

One worker each, 16 connections, all on one machine; rounds alternate. Both must return the same features.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import urllib.request
from pathlib import Path

from benchmarks import buildings, peers, wrk
from benchmarks.measure import GATEWAY, median, row, run, serving

LOADS = {"bbox10": (10, 10, 300), "bbox1000": (950, 1000, 120)}
OURS, THEIRS, DATABASE = 8811, 8812, 8813


def main() -> None:
    """Generate, load, start both, compare answers, measure."""
    options = _options()
    peers.need()
    folder: Path = options.folder or Path(tempfile.mkdtemp(prefix="bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    source = folder / f"buildings-{options.count}.gpkg"
    made = buildings.city(options.count) if source.is_file() else buildings.write(options.count, source)
    loads = {name: _paths(made, *load) for name, load in LOADS.items()}
    twin = folder / f"twin-{options.count}"
    if not twin.exists():
        run([GATEWAY, "init", str(twin)])
        run([GATEWAY, "publish", str(twin), str(source), "--id", "ident"])
    with peers.postgres(folder / "postgres", DATABASE) as connection:
        peers.load(connection, source)
        command, environment = peers.pygeoapi_command(folder, DATABASE, THEIRS)
        ours, theirs = f"http://127.0.0.1:{OURS}", f"http://127.0.0.1:{THEIRS}"
        serve = [GATEWAY, "serve", str(twin), "--port", str(OURS), "--workers", "1"]
        with serving(serve, f"{ours}/health"), serving(command, f"{theirs}/conformance?f=json", env=environment):
            _compare(ours, theirs, [path for paths in loads.values() for path in paths[:20]])
            _measure(ours, theirs, loads, folder, options.rounds, options.seconds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--folder", type=Path, help="keep what is made here, for the next run")
    return parser.parse_args()


def _paths(made: buildings.City, holding: int, limit: int, count: int) -> list[str]:
    return [
        f"/collections/{buildings.LAYER}/items?f=json&limit={limit}&bbox={','.join(map(str, box))}"
        for box in buildings.boxes(made, holding, count)
    ]


def _features(address: str) -> set[str]:
    with urllib.request.urlopen(address, timeout=120) as answer:
        document = json.load(answer)
    return {str(feature["properties"].get("ident", feature["id"])) for feature in document["features"]}


def _compare(ours: str, theirs: str, paths: list[str]) -> None:
    compared = 0
    for path in paths:
        mine, other = _features(ours + path), _features(theirs + path)
        limit = int(path.partition("limit=")[2].partition("&")[0])
        if len(mine) < limit and len(other) < limit:
            compared += 1
            if mine != other:
                raise SystemExit(f"{path}: {len(mine - other)} features only here, {len(other - mine)} only there")
        elif len(mine) != len(other):
            raise SystemExit(f"{path}: {len(mine)} features here, {len(other)} there")
    print(f"{len(paths)} answers of equal length, {compared} of them compared feature by feature: the same")


def _measure(ours: str, theirs: str, loads: dict[str, list[str]], folder: Path, rounds: int, seconds: int) -> None:
    row("load", "gateway, requests/s", "pygeoapi on PostgreSQL, requests/s", "ratio", "rounds (gateway / pygeoapi)")
    row("---", "---", "---", "---", "---")
    for name, paths in loads.items():
        mine, other = [], []
        for _ in range(rounds):
            mine.append(wrk.rate(ours, paths, folder, seconds))
            other.append(wrk.rate(theirs, paths, folder, seconds))
        each = " ".join(f"{a:.0f}/{b:.1f}" for a, b in zip(mine, other, strict=True))
        row(name, median(mine), median(other), median(mine) / median(other), each)


if __name__ == "__main__":
    main()
