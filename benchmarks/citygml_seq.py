"""CityGML 2.0 to CityJSONSeq at 10, 100 and 500 MB: MB/s, and the peak memory of the largest process.

    uv run python -m benchmarks.citygml_seq [--sizes 10 100 500] [--folder DIR]

The files are the demo's quarter, laid beside itself until it is large enough; the memory must not grow with them.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

from benchmarks.measure import GATEWAY, row, run
from gateway.demo import buildings, cityfile, plan
from gateway.demo.buildings import Building, Shell

MEGABYTE = 1_000_000
ACROSS = 12


def main() -> None:
    """Make the files, convert each, print one line a size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 100, 500])
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    row("input MB", "buildings", "seconds", "MB/s", "largest process MB")
    row("---", "---", "---", "---", "---")
    with tempfile.TemporaryDirectory() as temporary:
        folder: Path = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for size in options.sizes:
            source = folder / f"city-{size}.gml"
            number = cityfile.write(_city(size), source)
            target = folder / f"city-{size}.city.jsonl"
            cost = run([GATEWAY, "convert", str(source), str(target)])
            megabytes = source.stat().st_size / MEGABYTE
            with target.open("rb") as lines:
                written = sum(1 for _ in lines) - 1
            if written != number:
                raise SystemExit(f"{number} buildings went in, {written} came out")
            row(megabytes, number, cost.seconds, megabytes / cost.seconds, cost.megabytes)


def _city(megabytes: int) -> Iterator[Building]:
    """Buildings enough for a file of that size (7,225 bytes each)."""
    wanted = megabytes * MEGABYTE // 7_225
    quarter = plan.lay_out()
    for copy in count():
        shift = (copy % ACROSS * 900.0, copy // ACROSS * 800.0)
        for building in buildings.build(quarter):
            if wanted == 0:
                return
            wanted -= 1
            yield _moved(building, copy, shift)


def _moved(building: Building, copy: int, shift: tuple[float, float]) -> Building:
    east, north = building.frame.origin
    frame = replace(building.frame, origin=(round(east + shift[0], 3), round(north + shift[1], 3)))
    shells: list[Shell] = [replace(shell, id=f"{shell.id}.{copy}") for shell in building.shells]
    return replace(building, id=f"{building.id}.{copy}", frame=frame, shells=shells)


if __name__ == "__main__":
    main()
