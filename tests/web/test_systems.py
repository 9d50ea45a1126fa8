"""Storage systems of several kinds through the features door: axis order out and in, heights, densified boxes; and validity."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pasttwin
import pyproj
import pytest

from .conftest import Twin, served

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
PLACES = {
    "EPSG:2056": ([2_600_000.0, 1_200_000.0], False),
    "EPSG:4326": ([46.5, 7.5], True),
    "EPSG:4979": ([46.5, 7.5, 500.0], True),
    "EPSG:25832": ([500_000.0, 5_200_000.0], False),
    "EPSG:6697": ([35.68, 139.76, 40.0], True),
    "EPSG:2056+5728": ([2_600_000.0, 1_200_000.0, 500.0], False),
}
"""Where a feature stands, in the order of the authority, and whether north comes first there."""


def name(code: str) -> str:
    return "at-" + code.replace(":", "-").replace("+", "-")


def urn(code: str) -> str:
    parts = code.split("+")
    if len(parts) == 1:
        return f"urn:ogc:def:crs:EPSG::{code[5:]}"
    return f"urn:ogc:def:crs,crs:EPSG::{parts[0][5:]},crs:EPSG::{parts[1]}"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    files = tmp_path_factory.mktemp("files")
    gateway = pasttwin.create(tmp_path_factory.mktemp("world") / "t", files)
    for code, (position, is_north_first) in PLACES.items():
        x, y, *z = (position[1], position[0], *position[2:]) if is_north_first else position
        feature = {"type": "Feature", "id": "a", "geometry": {"type": "Point", "coordinates": [x, y, *z]}, "properties": {"n": 1}}
        pasttwin.publish(gateway, files, name(code), ".geojson", pasttwin.collection([feature], urn(code)))
    with served(gateway) as url, httpx.Client(timeout=60) as client:
        yield Twin(gateway, url, {}, client)
    gateway.close()


@pytest.mark.parametrize("code", PLACES)
def test_the_storage_system_is_listed_and_answers_in_the_order_of_its_authority(world: Twin, code: str) -> None:
    position, _ = PLACES[code]
    described = world.json(f"/collections/{name(code)}")
    storage = described["storageCrs"]
    assert storage in described["crs"]
    response = world.get(f"/collections/{name(code)}/items/a", crs=storage)
    assert response.headers["content-crs"] == f"<{storage}>"
    assert response.json()["geometry"]["coordinates"] == pytest.approx(position, abs=1e-3 if position[0] > 1000 else 1e-8)
    lon, lat = world.json(f"/collections/{name(code)}/items/a")["geometry"]["coordinates"]
    box = described["extent"]["spatial"]["bbox"][0]
    assert box[0] <= lon <= box[2]
    assert box[1] <= lat <= box[3]


@pytest.mark.parametrize("code", PLACES)
def test_a_box_comes_in_the_order_of_its_system(world: Twin, code: str) -> None:
    position, _ = PLACES[code]
    storage, size = world.json(f"/collections/{name(code)}")["storageCrs"], 100.0 if position[0] > 1000 else 0.01
    low, high = [v - size for v in position[:2]], [v + size for v in position[:2]]

    def matched(box: list[float], system: str) -> int:
        text = ",".join(map(str, box))
        return int(world.json(f"/collections/{name(code)}/items", bbox=text, bbox_crs=system)["numberMatched"])

    assert matched([*low, *high], storage) == 1
    assert matched([v + 3 * size for v in (*low, *high)], storage) == 0
    lon, lat = world.json(f"/collections/{name(code)}/items/a")["geometry"]["coordinates"]
    assert matched([lon - 0.01, lat - 0.01, lon + 0.01, lat + 0.01], CRS84) == 1
    if len(position) == 3:
        z = position[2]
        assert matched([*low, z - 5, *high, z + 5], storage) == 1
        assert matched([*low, z + 5, *high, z + 9], storage) == 0


def test_ellipsoidal_heights_are_compared_with_ellipsoidal_ones(world: Twin) -> None:
    def matched(low: float, high: float) -> Any:
        return world.json(f"/collections/{name('EPSG:4979')}/items", bbox=f"7,46,{low},8,47,{high}")["numberMatched"]

    assert (matched(499, 501), matched(501, 502)) == (1, 0)


@pytest.mark.parametrize("code", PLACES)
def test_a_system_that_the_collection_does_not_list_is_400(world: Twin, code: str) -> None:
    for wrong in ("http://www.opengis.net/def/crs/EPSG/0/2193", "http://www.opengis.net/def/crs/EPSG/0/5514"):
        for parameters in ({"crs": wrong}, {"bbox": "1,1,2,2", "bbox-crs": wrong}):
            response = world.client.get(f"{world.url}/collections/{name(code)}/items", params=parameters)
            assert response.status_code == 400


def test_a_wide_box_is_bent_as_its_system_bends_it(world: Twin) -> None:
    """The northern edge of a wide CRS84 box lies higher in the middle than at its corners in LV95."""
    lon, lat = world.json(f"/collections/{name('EPSG:2056')}/items/a")["geometry"]["coordinates"]
    box = f"{lon - 1.4},{lat - 0.5},{lon + 1.4},{lat + 1e-5}"
    assert world.json(f"/collections/{name('EPSG:2056')}/items", bbox=box)["numberMatched"] == 1
    corner = pyproj.Transformer.from_crs("OGC:CRS84", "EPSG:2056", always_xy=True).transform(lon - 1.4, lat + 1e-5)
    assert corner[1] > 1_200_000 + 500


# --- validity --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2000-02-29", set()),
        ("2000-03-01", {"b0"}),
        ("2000-03-01T00:00:00Z", {"b0"}),
        ("2000-02-29T23:59:59Z", set()),
        ("2010-07-01T12:00:00Z", {"b0", "b1", "b2", "b3", "b4", "b5"}),
        ("2010-07-02T00:00:00Z", {"b1", "b2", "b3", "b4", "b5"}),
        ("../2001-03-01", {"b0", "b1"}),
        ("/2001-03-01", {"b0", "b1"}),
        ("2014-01-01/..", {"b1", "b2", "b4", "b5"}),
        ("2014-01-01/", {"b1", "b2", "b4", "b5"}),
        ("2001-03-01T01:00:00+01:00", {"b0", "b1"}),
        ("../..", {"b0", "b1", "b2", "b3", "b4", "b5"}),
    ],
)
def test_time_is_asked_of_validity_with_open_ends_and_days_that_last_a_day(world: Twin, text: str, expected: set[str]) -> None:
    document = json.loads(world.get("/collections/houses/items", datetime=text, limit=100).content)
    found = {feature["id"] for feature in document["features"]}
    assert document["numberMatched"] == len(found)
    assert {id for id in found if not id.endswith("-p")} == expected
    assert {f"b{n}-p" for n in range(6)} <= found, "a part without validity always qualifies"


def test_a_collection_without_times_takes_the_parameter_and_shows_all(world: Twin) -> None:
    assert world.json("/collections/trees/items", datetime="1900-01-01")["numberMatched"] == 19
    assert "temporal" not in world.json("/collections/trees")["extent"]
