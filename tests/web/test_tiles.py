"""OGC API Tiles over HTTP: tilesets, tiles and styles, read by independent decoders and compared with the items of the same box."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import httpx
import mapbox_vector_tile
import pytest
import shapely

from .conftest import HOUSES, TREES, Twin

WEB, SWISS = "WebMercatorQuad", "SwissLV95"
MVT = "application/vnd.mapbox-vector-tile"


def limits(twin: Twin, grid: str, collection: str = "houses") -> dict[str, dict[str, int]]:
    found = twin.json(f"/collections/{collection}/tiles/{grid}")["tileMatrixSetLimits"]
    return {entry["tileMatrix"]: entry for entry in found}


def places(limit: dict[str, int]) -> list[tuple[int, int]]:
    rows = range(limit["minTileRow"], limit["maxTileRow"] + 1)
    return [(row, column) for row in rows for column in range(limit["minTileCol"], limit["maxTileCol"] + 1)]


def tile(twin: Twin, collection: str, grid: str, matrix: str, row: int, column: int, **parameters: Any) -> httpx.Response:
    return twin.get(f"/collections/{collection}/tiles/{grid}/{matrix}/{row}/{column}", **parameters)


def features(response: httpx.Response, layer: str) -> list[dict[str, Any]]:
    if response.status_code == 204:
        return []
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == MVT
    decoded = mapbox_vector_tile.decode(response.content, default_options={"y_coord_down": True})
    found: list[dict[str, Any]] = decoded[layer]["features"]
    return found


def degrees(row: int, column: int, zoom: int) -> tuple[float, float, float, float]:
    size = 2**zoom

    def north(y: float) -> float:
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y / size))))

    return column / size * 360 - 180, north(row + 1), (column + 1) / size * 360 - 180, north(row)


@pytest.mark.parametrize("collection", ["houses", "trees"])
@pytest.mark.parametrize("zoom", [14, 17, 18])
def test_a_tile_holds_the_items_of_its_box_with_their_properties(twin: Twin, collection: str, zoom: int) -> None:
    seen = set()
    for row, column in places(limits(twin, WEB, collection)[str(zoom)]):
        west, south, east, north = degrees(row, column, zoom)
        items = twin.json(f"/collections/{collection}/items", limit=1000, bbox=f"{west},{south},{east},{north}")["features"]
        drawn = features(tile(twin, collection, WEB, str(zoom), row, column), collection)
        by_id = {feature["properties"]["id"]: feature for feature in drawn}
        assert len(by_id) == len(drawn)
        for item in items:
            found = by_id[item["id"]]
            assert found["properties"] == {**item["properties"], "id": item["id"]}
            there = shapely.transform(shapely.geometry.shape(item["geometry"]), partial(in_tile, row=row, column=column, zoom=zoom))
            clipped = shapely.intersection(there, shapely.box(-64, -64, 4160, 4160))
            assert shapely.hausdorff_distance(clipped, shapely.geometry.shape(found["geometry"])) < 1.5
            seen.add(item["id"])
    assert len(seen) == (HOUSES if collection == "houses" else TREES)


def in_tile(at: Any, row: int, column: int, zoom: int) -> Any:
    """CRS84 positions in the units of a tile."""
    found, size = at.copy(), 2**zoom
    found[:, 0] = ((at[:, 0] + 180) / 360 * size - column) * 4096
    for n, latitude in enumerate(at[:, 1]):
        found[n, 1] = ((1 - math.asinh(math.tan(math.radians(latitude))) / math.pi) / 2 * size - row) * 4096
    return found


def test_the_national_grid_shows_coordinates_as_they_are_stored(twin: Twin) -> None:
    matrices = {entry["id"]: entry for entry in twin.json(f"/tileMatrixSets/{SWISS}")["tileMatrices"]}
    limit = limits(twin, SWISS)["25"]
    side = 256 * matrices["25"]["cellSize"]
    (row, column), *_ = places(limit)
    west, north = 2_420_000 + column * side, 1_350_000 - row * side
    lv95 = "http://www.opengis.net/def/crs/EPSG/0/2056"
    items = twin.json(
        "/collections/houses/items", limit=1000, bbox=f"{west},{north - side},{west + side},{north}", bbox_crs=lv95, crs=lv95
    )
    drawn = {one["properties"]["id"]: one for one in features(tile(twin, "houses", SWISS, "25", row, column), "houses")}
    assert items["features"]
    for item in items["features"]:
        ring = shapely.force_2d(shapely.geometry.shape(item["geometry"]))
        there = shapely.transform(ring, lambda at: (at - (west, north)) * (4096 / side, -4096 / side))
        clipped = shapely.intersection(there, shapely.box(-64, -64, 4160, 4160))
        assert shapely.hausdorff_distance(clipped, shapely.geometry.shape(drawn[item["id"]]["geometry"])) < 1


def test_the_european_grid_is_northing_first_and_its_tiles_are_found(twin: Twin) -> None:
    found = limits(twin, "EuropeanETRS89_LAEAQuad")
    ids = {
        feature["properties"]["id"]
        for row, column in places(found["13"])
        for feature in features(tile(twin, "houses", "EuropeanETRS89_LAEAQuad", "13", row, column), "houses")
    }
    assert len(ids) == HOUSES


def test_tilesets_link_to_one_another_and_to_the_standard_relations(twin: Twin) -> None:
    collection = twin.json("/collections/houses")
    rel = {link["rel"]: link["href"] for link in collection["links"]}
    listed = twin.client.get(rel["http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"]).json()
    assert {entry["crs"].rpartition("/")[2] for entry in listed["tilesets"]} == {"3857", "2056", "3035"}
    for entry in listed["tilesets"]:
        links = {link["rel"]: link["href"] for link in entry["links"]}
        tileset = twin.client.get(links["self"]).json()
        assert tileset["dataType"] == "vector"
        assert tileset["crs"] == entry["crs"]
        definition = twin.client.get(links["http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"]).json()
        assert definition["crs"] == entry["crs"]
        assert tileset.get("tileMatrixSetURI") == definition.get("uri")
        (template,) = [link for link in tileset["links"] if link["rel"] == "item"]
        assert template["templated"] is True
        last = tileset["tileMatrixSetLimits"][-1]
        address = template["href"].replace("{tileMatrix}", last["tileMatrix"])
        address = address.replace("{tileRow}", str(last["minTileRow"])).replace("{tileCol}", str(last["minTileCol"]))
        assert twin.client.get(address).status_code in (200, 204)
        (layer,) = tileset["layers"]
        assert layer["id"] == "houses"
        assert layer["propertiesSchema"]["properties"] == {
            "usage": {"type": "string"},
            "storeys": {"type": "integer"},
            "id": {"type": "string"},
        }
    landing = {link["rel"]: link["href"] for link in twin.json("/")["links"]}
    assert twin.client.get(landing["http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"]).json()["tilesets"]
    assert len(twin.client.get(landing["http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes"]).json()["tileMatrixSets"]) == 3


def test_tilejson_is_of_version_3_and_its_template_goes_z_row_column(twin: Twin) -> None:
    found = twin.json("/collections/houses/tiles/WebMercatorQuad", f="tilejson")
    assert found["tilejson"] == "3.0.0"
    assert found["minzoom"] == 0 and found["maxzoom"] == 18
    west, south, east, north = found["bounds"]
    assert west < east and south < north
    (layer,) = found["vector_layers"]
    assert layer == {
        "id": "houses",
        "fields": {"usage": "String", "storeys": "Number", "id": "String"},
        "description": layer["description"],
        "minzoom": 0,
        "maxzoom": 18,
    }
    assert found["attribution"] == "Parks office"
    row, column = places(limits(twin, WEB)["16"])[0]
    address = found["tiles"][0].replace("{z}", "16").replace("{y}", str(row)).replace("{x}", str(column))
    assert twin.client.get(address).status_code == 200
    assert twin.get("/collections/houses/tiles/SwissLV95", f="tilejson").status_code == 400


def test_the_style_is_absolute_and_names_what_the_tiles_have(twin: Twin) -> None:
    listed = twin.json("/collections/houses/styles")
    (sheet,) = [link for link in listed["styles"][0]["links"] if link["rel"] == "stylesheet"]
    response = twin.client.get(sheet["href"])
    assert response.headers["content-type"] == "application/vnd.mapbox.style+json"
    style = response.json()
    assert style["version"] == 8
    assert "sprite" not in style and "glyphs" not in style
    assert twin.client.get(style["sources"]["houses"]["url"]).json()["tilejson"] == "3.0.0"
    assert {layer["type"] for layer in style["layers"]} == {"fill", "line"}
    assert {layer["source-layer"] for layer in style["layers"]} == {"houses"}
    assert {layer["type"] for layer in twin.json("/collections/trees/styles/default")["layers"]} == {"circle"}


@pytest.mark.parametrize(
    "place",
    [
        "0/1/0",
        "0/0/1",
        "19/0/0",
        "-1/0/0",
        "00/0/0",
        "14/01/0",
        "14/-1/3",
        "14/1e3/0",
        "14/99999999999999999999/0",
        "14/%00/0",
        "x/y/z",
        "14/0/0",
        "14/²/1",
        "14/1/1.0",
    ],
)
def test_a_tile_outside_the_limits_is_absent(twin: Twin, place: str) -> None:
    response = twin.get(f"/collections/houses/tiles/{WEB}/{place}")
    assert response.status_code == 404, response.text
    assert response.headers["content-type"].startswith("application/problem+json")


def test_a_tile_without_content_is_204(twin: Twin) -> None:
    answers = [tile(twin, "trees", WEB, "18", row, column) for row, column in places(limits(twin, WEB, "trees")["18"])]
    assert {answer.status_code for answer in answers} <= {200, 204}
    shown = {one["properties"]["id"] for answer in answers for one in features(answer, "trees")}
    assert len(shown) == TREES


@pytest.mark.parametrize(
    "query", ["nothing=1", "limit=5", "datetime=yesterday", "f=json", "f=png", "datetime=2024-01-01&datetime=2024-01-01"]
)
def test_parameters_that_are_none_are_refused(twin: Twin, query: str) -> None:
    row, column = places(limits(twin, WEB)["16"])[0]
    assert twin.client.get(f"{twin.url}/collections/houses/tiles/{WEB}/16/{row}/{column}?{query}").status_code == 400


def test_tiles_are_conditional_compressed_and_the_same_every_time(twin: Twin) -> None:
    row, column = places(limits(twin, WEB)["15"])[0]
    first = tile(twin, "houses", WEB, "15", row, column, headers={"Accept-Encoding": "gzip"})
    again = tile(twin, "houses", WEB, "15", row, column, headers={"Accept-Encoding": "gzip"}, f="mvt")
    plain = tile(twin, "houses", WEB, "15", row, column, headers={"Accept-Encoding": "identity"})
    refused = tile(twin, "houses", WEB, "15", row, column, headers={"Accept-Encoding": "gzip;q=0"})
    assert first.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers and "content-encoding" not in refused.headers
    assert first.content == again.content == plain.content == refused.content
    assert first.headers["etag"] == again.headers["etag"] != plain.headers["etag"]
    assert not first.headers["etag"].startswith("W/")
    assert "accept-encoding" in first.headers["vary"].lower()
    assert first.headers["cache-control"] == "no-cache"
    kept = tile(twin, "houses", WEB, "15", row, column, headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["etag"]})
    assert kept.status_code == 304
    assert kept.content == b""
    assert 'rel="license"' in first.headers["link"]


def test_a_hidden_collection_has_no_tiles(twin: Twin) -> None:
    row, column = places(limits_with_key(twin)["14"])[0]
    own = twin.get(f"/collections/network/tiles/{WEB}/14/{row}/{column}", key="utility")
    assert own.status_code == 200
    assert own.headers["cache-control"] == "private, no-cache"
    for path in (
        "/collections/{}/tiles",
        f"/collections/{{}}/tiles/{WEB}",
        f"/collections/{{}}/tiles/{WEB}/14/{row}/{column}",
        "/collections/{}/styles",
        "/collections/{}/styles/default",
    ):
        hidden = twin.get(path.format("network"), headers={"If-None-Match": own.headers["etag"]})
        never = twin.get(path.format("xxxxxxx"), headers={"If-None-Match": own.headers["etag"]})
        assert hidden.status_code == never.status_code == 404
        assert hidden.text.replace("network", "xxxxxxx") == never.text


def limits_with_key(twin: Twin) -> dict[str, dict[str, int]]:
    found = twin.json(f"/collections/network/tiles/{WEB}", key="utility")["tileMatrixSetLimits"]
    return {entry["tileMatrix"]: entry for entry in found}


def test_tiles_of_the_whole_twin_have_a_layer_for_each_visible_collection(twin: Twin) -> None:
    limit = {entry["tileMatrix"]: entry for entry in twin.json(f"/tiles/{WEB}")["tileMatrixSetLimits"]}["9"]
    (row, column), *_ = places(limit)
    path = f"/tiles/{WEB}/9/{row}/{column}"
    assert set(mapbox_vector_tile.decode(twin.get(path).content)) == {"houses", "trees"}
    assert set(mapbox_vector_tile.decode(twin.get(path, key="utility").content)) == {"houses", "network", "trees"}
    assert set(mapbox_vector_tile.decode(twin.get(path, collections="trees").content)) == {"trees"}
    hidden, never = twin.get(path, collections="network"), twin.get(path, collections="xxxxxxx")
    assert hidden.status_code == never.status_code == 400
    assert hidden.text.replace("network", "xxxxxxx") == never.text
    assert {layer["id"] for layer in twin.json(f"/tiles/{WEB}")["layers"]} == {"houses", "trees"}
    assert twin.json(f"/tiles/{WEB}", f="tilejson", collections="houses")["vector_layers"][0]["id"] == "houses"


def test_the_fast_path_and_the_routes_send_the_same(twin: Twin) -> None:
    from .conftest import served

    row, column = places(limits(twin, WEB)["16"])[0]
    path = f"/collections/houses/tiles/{WEB}/16/{row}/{column}"
    with served(twin.gateway, use_fast=False) as url:
        for given in ("", "?f=mvt", "?lang=fr", "?datetime=2024-01-01"):
            fast, slow = twin.client.get(twin.url + path + given), twin.client.get(url + path + given)
            assert (fast.status_code, fast.content, fast.headers["etag"]) == (slow.status_code, slow.content, slow.headers["etag"])
