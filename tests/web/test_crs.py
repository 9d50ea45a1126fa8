"""OGC API Features Part 2: CRS by reference, requirement by requirement, and hardening C01, C02, C04."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pyproj
import pytest

from .conftest import HOUSES, SOUTH, TREES, WEST, Twin

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
LV95 = "http://www.opengis.net/def/crs/EPSG/0/2056"
WGS84 = "http://www.opengis.net/def/crs/EPSG/0/4326"
LV95_LN02 = f"http://www.opengis.net/def/crs-compound?1={LV95}&2=http://www.opengis.net/def/crs/EPSG/0/5728"
MERCATOR = "http://www.opengis.net/def/crs/EPSG/0/3857"


def test_a_compound_crs_that_a_client_did_not_escape_is_whole(twin: Twin) -> None:
    """GDAL's OAPIF driver writes ``crs=`` and the URI as it stands, whose ``&2=`` would begin another parameter."""
    address = f"{twin.url}/collections/houses/items"
    box = "bbox=2480000,1110000,2840000,1300000"
    for asked in (f"crs={LV95_LN02}", f"limit=2&crs={LV95_LN02}&lang=en", f"{box}&bbox-crs={LV95_LN02}&crs={LV95_LN02}"):
        got = twin.client.get(httpx.URL(address, query=asked.encode()))
        assert got.status_code == 200, got.text
        assert got.headers["Content-Crs"] == f"<{LV95_LN02}>"
        assert got.json()["features"]
        escaped = asked.replace("crs-compound?1", "crs-compound%3F1").replace("&2=", "%262=")
        assert twin.client.get(httpx.URL(address, query=escaped.encode())).json()["features"] == got.json()["features"]


def test_default_crs_and_storage_crs_are_in_every_list_as_uris(twin: Twin) -> None:
    for entry in twin.json("/collections")["collections"]:
        assert entry["crs"][0] == CRS84
        assert entry["storageCrs"] == (LV95_LN02 if entry["id"] == "houses" else LV95)
        assert {LV95, WGS84, MERCATOR} <= set(entry["crs"])
        assert all(uri.startswith("http://www.opengis.net/def/crs") for uri in entry["crs"])


def test_crs_parameter_default_without_it_the_answer_is_crs84(twin: Twin) -> None:
    for path in ("/collections/trees/items", "/collections/trees/items/tree-0"):
        assert twin.get(path).headers["content-crs"] == f"<{CRS84}>"


def test_crs_parameter_each_listed_crs_answers_with_its_own_header(twin: Twin) -> None:
    for uri in twin.json("/collections/trees")["crs"]:
        for path in ("/collections/trees/items", "/collections/trees/items/tree-0"):
            response = twin.get(path, crs=uri)
            assert response.status_code == 200, response.text
            assert response.headers["content-crs"] == f"<{uri}>"


@pytest.mark.parametrize("uri", [LV95, WGS84, MERCATOR])
def test_crs_parameter_transform_coordinates_transform_back(twin: Twin, uri: str) -> None:
    code = f"EPSG:{uri.rsplit('/', 1)[1]}"
    back = pyproj.Transformer.from_crs(code, "OGC:CRS84", always_xy=False)
    plain = twin.json("/collections/trees/items", limit=100)["features"]
    there = twin.json("/collections/trees/items", limit=100, crs=uri)["features"]
    assert [feature["id"] for feature in there] == [feature["id"] for feature in plain]
    for one, two in zip(plain, there, strict=True):
        x, y = back.transform(*two["geometry"]["coordinates"][:2])
        assert x == pytest.approx(one["geometry"]["coordinates"][0], abs=2e-7)
        assert y == pytest.approx(one["geometry"]["coordinates"][1], abs=2e-7)
        assert one["properties"] == two["properties"]


def test_the_axis_order_is_that_of_the_authority(twin: Twin) -> None:
    east, north = twin.json("/collections/trees/items/tree-0", crs=LV95)["geometry"]["coordinates"]
    assert (east, north) == pytest.approx((WEST, SOUTH), abs=1e-3)
    lat, lon = twin.json("/collections/trees/items/tree-0", crs=WGS84)["geometry"]["coordinates"]
    assert (int(lat), int(lon)) == (46, 6)


def test_the_storage_crs_keeps_heights_and_the_others_are_flat(twin: Twin) -> None:
    def heights(**parameters: Any) -> set[int]:
        found = twin.json("/collections/houses/items/house%2F3", **parameters)
        return {len(position) for position in found["geometry"]["coordinates"][0]}

    assert heights(crs=LV95_LN02) == {3}
    assert heights() == heights(crs=MERCATOR) == {2}
    stored = twin.json("/collections/houses/items/house%2F3", crs=LV95_LN02)["geometry"]["coordinates"][0]
    assert {position[2] for position in stored} == {383.0}


def test_pages_in_another_crs_hold_every_feature_once(twin: Twin) -> None:
    found: list[str] = []
    address = f"{twin.url}/collections/trees/items?limit=7&crs={quote(LV95)}"
    while address:
        document = twin.client.get(address).json()
        found += [feature["id"] for feature in document["features"]]
        address = next((entry["href"] for entry in document["links"] if entry["rel"] == "next"), "")
    assert len(found) == len(set(found)) == TREES


def test_bbox_crs_parameter_a_transformed_box_gives_the_same_set(twin: Twin) -> None:
    box = (WEST + 15, SOUTH + 15, WEST + 85, SOUTH + 65)
    expected = {n for n in range(TREES) if 20 * (n % 10) in (20, 40, 60, 80) and 20 * (n // 10) in (20, 40, 60)}
    stored = twin.json("/collections/trees/items", limit=100, bbox=",".join(map(str, box)), bbox_crs=LV95)
    assert {int(feature["id"][5:]) for feature in stored["features"]} == expected
    turn = pyproj.Transformer.from_crs("EPSG:2056", "EPSG:4326", always_xy=False)
    south, west, north, east = turn.transform_bounds(*box)
    latlon = twin.json("/collections/trees/items", limit=100, bbox=f"{south},{west},{north},{east}", bbox_crs=WGS84)
    lonlat = twin.json("/collections/trees/items", limit=100, bbox=f"{west},{south},{east},{north}")
    assert [feature["id"] for feature in latlon["features"]] == [feature["id"] for feature in lonlat["features"]]
    assert expected <= {int(feature["id"][5:]) for feature in latlon["features"]}


def test_a_box_may_come_in_mercator(twin: Twin) -> None:
    turn = pyproj.Transformer.from_crs("OGC:CRS84", "EPSG:3857", always_xy=True)
    box = turn.transform_bounds(*twin.json("/collections/houses")["extent"]["spatial"]["bbox"][0])
    grown = (box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1)
    document = twin.json("/collections/houses/items", bbox=",".join(map(str, grown)), bbox_crs=MERCATOR)
    assert document["numberMatched"] == HOUSES


@pytest.mark.parametrize("parameter", ["crs", "bbox-crs"])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "EPSG:999999",
        "http://www.opengis.net/def/crs/EPSG/0/999999",
        "urn:ogc:def:crs:EPSG::",
        "http://www.opengis.net/def/crs/EPSG/0/31370",
        "/etc/passwd",
        "+proj=pipeline +step +proj=hgridshift +grids=http://127.0.0.1/x",
        "+init=epsg:2056",
        "http://127.0.0.1/crs",
        "file:///etc/passwd",
        "x" * 20_000,
    ],
)
def test_crs_parameter_invalid_an_unlisted_crs_is_400_by_name(twin: Twin, parameter: str, text: str) -> None:
    response = twin.client.get(f"{twin.url}/collections/trees/items", params={parameter: text, "bbox": "6,46,7,47"})
    assert response.status_code == 400
    assert response.json()["parameter"] == parameter
    assert "root:" not in response.text


@pytest.mark.parametrize("box", ["1e300,1e300,1e308,1e308", "-1e308,-1e308,1e308,1e308"])
def test_coordinates_beyond_every_system_are_400_or_nothing_and_never_infinite(twin: Twin, box: str) -> None:
    for uri in (LV95, MERCATOR):
        response = twin.get("/collections/trees/items", bbox=box, bbox_crs=uri)
        assert response.status_code in (200, 400)
        assert b"Infinity" not in response.content
        assert b"NaN" not in response.content
