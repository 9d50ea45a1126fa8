"""GDAL reads the demo, as QGIS does through it: OGC API - Features, vector tiles and downloads; its counts are ours."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pyogrio
import pyproj
import pytest

BOX = (6.120, 46.190, 6.123, 46.192)
"""West, south, east, north of a part of the quarter, CRS84."""

pytestmark = pytest.mark.filterwarnings("ignore:The 'generic' unit for NumPy timedelta")  # pyogrio's use of it, for dates
installed = pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="GDAL's ogrinfo is not installed")


@pytest.fixture(scope="module")
def counts(demo: Any) -> dict[str, int]:
    """Every collection with the number of its features, as the door says it."""
    listed = httpx.get(f"{demo.url}/collections", params={"f": "json"}).json()["collections"]
    return {found["id"]: matched(demo, found["id"]) for found in listed}


def matched(demo: Any, collection: str, **parameters: Any) -> int:
    """How many features the door says there are."""
    asked = {"limit": 1, **{name.replace("_", "-"): value for name, value in parameters.items()}}
    number: int = httpx.get(f"{demo.url}/collections/{collection}/items", params=asked).json()["numberMatched"]
    return number


def told(*arguments: str) -> tuple[int, str]:
    """What ogrinfo counts, and all it says with its debugging output."""
    done = subprocess.run(["ogrinfo", "--debug", "on", "-so", *arguments], capture_output=True, text=True, check=True)
    match = re.search(r"Feature Count: (\d+)", done.stdout)
    assert match is not None, done.stdout + done.stderr
    return int(match[1]), done.stdout + done.stderr


def fetched(output: str) -> list[str]:
    """Addresses that GDAL asked the server for."""
    return re.findall(r"Fetch\(([^\n]+)\)", output)


@pytest.mark.service
@installed
def test_gdal_reads_every_collection_page_by_page(demo: Any, counts: dict[str, int], tmp_path: Path) -> None:
    for collection, count in counts.items():
        target = tmp_path / f"{collection}.geojson"
        command = ["ogr2ogr", "-f", "GeoJSON", str(target), f"OAPIF:{demo.url}", collection, "-oo", "PAGE_SIZE=300"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert len(json.loads(target.read_text())["features"]) == count, collection


@pytest.mark.service
@installed
def test_gdal_filters_by_box_as_we_do(demo: Any, counts: dict[str, int], tmp_path: Path) -> None:
    for collection in counts:
        target = tmp_path / f"{collection}.geojson"
        command = ["ogr2ogr", "-f", "GeoJSON", str(target), f"OAPIF:{demo.url}", collection]
        box = ["-spat", *map(str, BOX), "-spat_srs", "OGC:CRS84"]
        subprocess.run([*command, *box], capture_output=True, text=True, check=True)
        ours = httpx.get(
            f"{demo.url}/collections/{collection}/items", params={"bbox": ",".join(map(str, BOX)), "limit": 10_000}
        ).json()["features"]
        placed = sum(feature["geometry"] is not None for feature in ours)
        assert len(json.loads(target.read_text())["features"]) == placed, collection


@pytest.mark.service
@installed
def test_gdal_has_the_server_compare_properties(demo: Any) -> None:
    """Queryables that the API definition declares as parameters are evaluated by the server, the rest by GDAL."""
    number = httpx.get(f"{demo.url}/collections/buildings/items", params={"limit": 1}).json()["features"][0]["properties"]["EGID"]
    found, output = told(f"OAPIF:{demo.url}", "buildings", "-where", f"EGID = {number}")
    assert found == matched(demo, "buildings", EGID=number) == 1
    assert any(f"EGID={number}" in address for address in fetched(output))
    found, output = told(f"OAPIF:{demo.url}", "trees", "-where", "emplacement = 'parc' AND hauteur_m > 8", "-oo", "PAGE_SIZE=500")
    assert found == matched(demo, "trees", filter="emplacement = 'parc' AND hauteur_m > 8") > 0
    assert any("emplacement=parc" in address for address in fetched(output))


def test_pyogrio_reads_every_collection_in_its_storage_crs(demo: Any, counts: dict[str, int]) -> None:
    """GDAL since 3.8 asks for the storage CRS, and writes a compound one into the address as it stands."""
    for collection, count in counts.items():
        described, _, geometry, _ = pyogrio.raw.read(f"OAPIF:{demo.url}", layer=collection, PAGE_SIZE=300)
        assert len(geometry) == count
        assert "CH1903+ / LV95" in pyproj.CRS(described["crs"]).name


@pytest.mark.parametrize("crs", ["EPSG:2056", "EPSG:3857"])
def test_pyogrio_reads_a_collection_in_another_crs(crs: str, demo: Any, counts: dict[str, int]) -> None:
    described, _, geometry, _ = pyogrio.raw.read(f"OAPIF:{demo.url}", layer="buildings", CRS=crs)
    assert len(geometry) == counts["buildings"]
    assert pyproj.CRS(described["crs"]) == pyproj.CRS(crs)


def test_pyogrio_filters_by_box_and_by_properties(demo: Any) -> None:
    box = (2_498_200, 1_116_250, 2_498_430, 1_116_470)
    lv95 = "http://www.opengis.net/def/crs/EPSG/0/2056"
    for collection in ("buildings", "trees"):
        found = pyogrio.raw.read(f"OAPIF:{demo.url}", layer=collection, bbox=box)[2]
        asked = {"bbox": ",".join(map(str, box)), "bbox_crs": lv95}
        assert len(found) == matched(demo, collection, **asked) > 0
    tall = pyogrio.raw.read(f"OAPIF:{demo.url}", layer="buildings", where="measuredHeight > 10")[2]
    assert len(tall) == matched(demo, "buildings", filter="measuredHeight > 10") > 0


@pytest.mark.service
@installed
def test_gdal_reads_a_tile_with_all_it_holds(demo: Any, counts: dict[str, int]) -> None:
    """The tile over the whole quarter holds every feature with a place, once."""
    for collection in ("buildings", "parcels", "trees"):
        address = f"{demo.url}/collections/{collection}/tiles/WebMercatorQuad/14/5816/8470?f=mvt"
        found, output = told("-al", f"MVT:{address}", "-oo", "Z=14", "-oo", "Y=5816", "-oo", "X=8470")
        assert found == counts[collection]
        assert "Pseudo-Mercator" in output


@pytest.mark.parametrize("collection", ["buildings", "parcels", "trees"])
def test_gdal_finds_the_tiles_of_a_collection_by_itself(collection: str, demo: Any, counts: dict[str, int]) -> None:
    """GDAL's OGCAPI driver goes from the collection to its tilesets, the grid and the tiles."""
    source = f"OGCAPI:{demo.url}/collections/{collection}"
    for zoom in range(3):  # it offers the first three
        described, _, geometry, _ = pyogrio.raw.read(source, layer=f"Zoom level {zoom}", API="TILES")
        assert len(geometry) == counts[collection]
        assert pyproj.CRS(described["crs"]).to_epsg() == 3857


@pytest.mark.service
@installed
@pytest.mark.parametrize(
    ("encoding", "name"),
    [("flatgeobuf", "x.fgb"), ("csv", "x.csv"), ("gml", "x.gml"), ("geopackage", "x.gpkg"), ("geojson", "x.json")],
)
def test_gdal_reads_whole_collections_as_files(encoding: str, name: str, demo: Any, counts: dict[str, int], tmp_path: Path) -> None:
    for collection, count in counts.items():
        folder = tmp_path / collection
        folder.mkdir()
        with httpx.stream("GET", f"{demo.url}/collections/{collection}/download", params={"f": encoding}, timeout=60) as answer:
            assert answer.status_code == 200
            (folder / name).write_bytes(b"".join(answer.iter_bytes()))
        assert told("-al", str(folder / name))[0] == count, collection


@pytest.mark.service
@installed
def test_gdal_reads_flatgeobuf_where_it_lies(demo: Any, counts: dict[str, int]) -> None:
    """By ranges of bytes, and with a box through the index of the file."""
    source = f"/vsicurl/{demo.url}/collections/buildings/download?f=flatgeobuf"
    assert told("-al", source)[0] == counts["buildings"]
    box = ["-spat", "2498200", "1116250", "2498430", "1116470"]
    ours = matched(demo, "buildings", bbox="2498200,1116250,2498430,1116470", bbox_crs="http://www.opengis.net/def/crs/EPSG/0/2056")
    assert 0 < told("-al", source, *box)[0] == ours
