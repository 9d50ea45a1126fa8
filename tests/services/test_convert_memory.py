"""A conversion's memory does not grow with its input: two sizes, one peak."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

CODE = """
import resource, sys
from pathlib import Path
from gateway.services.convert import convert
convert(Path(sys.argv[1]), Path(sys.argv[2]))
own = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])  # ru_maxrss counts the forking process, too
children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(max(own, children) // 1024)
"""


def _trees(path: Path, count: int) -> None:
    with path.open("wb") as file:
        file.write(b'{"type":"FeatureCollection","features":[')
        for number in range(count):
            feature = {
                "type": "Feature",
                "id": number,
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [[[6 + number / 1e6, 46], [6.1, 46.1], [6.2, 46.3], [6 + number / 1e6, 46]]],
                },
                "properties": {"name": f"Arbre {number}", "text": "x" * 200},
            }
            file.write((b"," if number else b"") + orjson.dumps(feature))
        file.write(b"]}")


def _peak(source: Path, target: Path) -> int:
    """MB of the largest process."""
    done = subprocess.run([sys.executable, "-c", CODE, str(source), str(target)], capture_output=True, check=True)
    return int(done.stdout)


def _check(folder: Path, suffixes: list[str], small: int, large: int) -> None:
    _trees(folder / "small.geojson", small)
    _trees(folder / "large.geojson", large)
    for suffix in suffixes:
        first = _peak(folder / "small.geojson", folder / f"small{suffix}")
        second = _peak(folder / "large.geojson", folder / f"large{suffix}")
        assert second - first <= 16, f"{suffix}: {first} MB for {small} features, {second} MB for {large}"
        first = _peak(folder / f"small{suffix}", folder / "back.geojson")
        second = _peak(folder / f"large{suffix}", folder / "back.geojson")
        assert second - first <= (16 if suffix != ".city.json" else 16 + large // 2000), f"{suffix}: {first} MB, {second} MB"


def test_the_peak_of_a_conversion_is_flat(tmp_path: Path) -> None:
    _check(tmp_path, [".city.jsonl", ".gpkg"], 4_000, 16_000)


@pytest.mark.proof
@pytest.mark.timeout(1200)
def test_the_peak_of_a_conversion_is_flat_at_full_size(tmp_path: Path) -> None:
    _check(tmp_path, [".city.jsonl", ".gpkg", ".city.json"], 20_000, 400_000)
