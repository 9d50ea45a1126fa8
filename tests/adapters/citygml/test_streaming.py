"""Memory does not grow with the file."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
from pathlib import Path
from gateway.adapters.citygml import ADAPTER
from gateway.ports import ReadOptions
features = 0
with ADAPTER.open(Path(sys.argv[1]), ReadOptions()) as reading:
    for feature in reading:
        features += 1
        assert len(feature.geometries[0].boundaries[0]) == 6
assert not reading.problems
status = Path("/proc/self/status").read_text()  # ru_maxrss counts what the forking process had, too
print(features, status.partition("VmHWM:")[2].split()[0])
"""


def write_city(path: Path, buildings: int) -> None:
    """Boxes with a solid by reference, about 5 kB each."""
    dice = random.Random(7)
    faces = ((0, 3, 2, 1), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7), (4, 5, 6, 7))
    kinds = ("GroundSurface", *("WallSurface",) * 4, "RoofSurface")
    with path.open("w") as out:
        out.write(
            '<core:CityModel xmlns:core="http://www.opengis.net/citygml/2.0" '
            'xmlns:bldg="http://www.opengis.net/citygml/building/2.0" xmlns:gml="http://www.opengis.net/gml" '
            'xmlns:xlink="http://www.w3.org/1999/xlink"><gml:boundedBy><gml:Envelope srsName="EPSG:2056" srsDimension="3"/>'
            "</gml:boundedBy>\n"
        )
        for n in range(buildings):
            x, y, height = 2500000 + dice.random() * 1000, 1118000 + dice.random() * 1000, 3 + dice.random() * 20
            corners = [(x + a, y + b, 400 + h) for h in (0, height) for a, b in ((0, 0), (9, 0), (9, 6), (0, 6))]
            links = "".join(f'<gml:surfaceMember xlink:href="#b{n}_{k}"/>\n' for k in range(6))
            out.write(f'<core:cityObjectMember>\n<bldg:Building gml:id="b{n}">\n<bldg:lod2Solid><gml:Solid><gml:exterior>')
            out.write(f"<gml:CompositeSurface>\n{links}</gml:CompositeSurface></gml:exterior></gml:Solid></bldg:lod2Solid>\n")
            for k, (face, kind) in enumerate(zip(faces, kinds, strict=True)):
                ring = " ".join("{:.3f} {:.3f} {:.3f}".format(*corners[c]) for c in (*face, face[0]))
                out.write(
                    f"<bldg:boundedBy>\n  <bldg:{kind}>\n    <bldg:lod2MultiSurface>\n      <gml:MultiSurface>\n"
                    f'        <gml:surfaceMember>\n          <gml:Polygon gml:id="b{n}_{k}">\n            <gml:exterior>\n'
                    f"              <gml:LinearRing>\n                <gml:posList>{ring}</gml:posList>\n"
                    "              </gml:LinearRing>\n            </gml:exterior>\n          </gml:Polygon>\n"
                    f"        </gml:surfaceMember>\n      </gml:MultiSurface>\n    </bldg:lod2MultiSurface>\n  </bldg:{kind}>\n"
                    "</bldg:boundedBy>\n"
                )
            out.write("</bldg:Building>\n</core:cityObjectMember>\n")
        out.write("</core:CityModel>\n")


def peak_of_reading(path: Path, buildings: int) -> int:
    """Peak memory in kB of a process that reads a city of so many buildings."""
    write_city(path, buildings)
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True, check=True)
    features, peak = map(int, done.stdout.split())
    assert features == buildings
    return peak


def check_flat(folder: Path, few: int, many: int) -> None:
    small, large = peak_of_reading(folder / "few.gml", few), peak_of_reading(folder / "many.gml", many)
    assert large < 128_000
    assert large - small < 12_000


def test_ten_times_the_city_takes_the_same_memory(tmp_path: Path) -> None:
    check_flat(tmp_path, 200, 2000)


@pytest.mark.proof
def test_a_city_of_half_a_gigabyte_takes_the_same_memory(tmp_path: Path) -> None:
    check_flat(tmp_path, 2000, 100_000)
