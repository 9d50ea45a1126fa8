"""OGC API Features Part 1: core and GeoJSON, requirement by requirement, over HTTP against a published twin."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from .conftest import HOUSES, LICENCE, TREES, Twin

FEATURES = "application/geo+json"


def link(document: dict[str, Any], rel: str, kind: str | None = None) -> str:
    """The address of the link with this relation (and type)."""
    found = [entry["href"] for entry in document["links"] if entry["rel"] == rel and kind in (None, entry.get("type"))]
    assert found, f"no link {rel} {kind}"
    return str(found[0])


def pages(twin: Twin, path: str, **parameters: Any) -> list[dict[str, Any]]:
    """All pages, by their next links."""
    found = [twin.json(path, **parameters)]
    while len(found) < 100 and any(entry["rel"] == "next" for entry in found[-1]["links"]):
        found.append(twin.client.get(link(found[-1], "next")).json())
    return found


def ids(document: dict[str, Any]) -> list[str]:
    return [feature["id"] for feature in document["features"]]


# --- root, api, conformance ------------------------------------------------------------------------------------------


def test_root_success_the_landing_page_links_to_everything(twin: Twin) -> None:
    landing = twin.json("/")
    assert landing["title"] == "Test quarter"
    for rel in ("self", "alternate", "service-desc", "service-doc", "conformance", "data"):
        assert twin.client.get(link(landing, rel)).status_code == 200


def test_every_link_of_the_landing_page_answers_with_the_type_it_says(twin: Twin) -> None:
    for entry in twin.json("/")["links"]:
        if entry["rel"] in ("search", "related"):
            continue
        got = twin.client.get(entry["href"], headers={"Accept": entry["type"]})
        assert got.status_code == 200
        assert got.headers["content-type"].replace("; charset=utf-8", "") == entry["type"]


def test_conformance_success_core_is_declared(twin: Twin) -> None:
    classes = twin.json("/conformance")["conformsTo"]
    for name in ("core", "oas30", "html", "geojson"):
        assert f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}" in classes
    assert "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs" in classes
    assert len(set(classes)) == len(classes)


def test_http_the_server_speaks_http_1_1(twin: Twin) -> None:
    assert twin.get("/").http_version == "HTTP/1.1"


# --- collections -----------------------------------------------------------------------------------------------------


def test_fc_md_success_all_open_collections_are_described_and_no_other(twin: Twin) -> None:
    found = twin.json("/collections")["collections"]
    assert [entry["id"] for entry in found] == ["houses", "trees"]
    for entry in found:
        assert entry["title"]
        assert entry["itemType"] == "feature"


def test_fc_md_links_collections_have_self_and_alternate_with_types(twin: Twin) -> None:
    document = twin.json("/collections")
    assert link(document, "self", "application/json") == f"{twin.url}/collections"
    assert twin.client.get(link(document, "alternate", "text/html")).headers["content-type"].startswith("text/html")


def test_fc_md_items_links_each_collection_has_items_in_each_encoding(twin: Twin) -> None:
    for entry in twin.json("/collections")["collections"]:
        for kind in (FEATURES, "text/html"):
            got = twin.client.get(link(entry, "items", kind), headers={"Accept": kind})
            assert got.status_code == 200
            assert got.headers["content-type"].startswith(kind)
        assert link(entry, "license").startswith("https://opendata.swiss/")


def test_fc_md_extent_the_box_holds_all_features(twin: Twin) -> None:
    for entry in twin.json("/collections")["collections"]:
        west, south, east, north = entry["extent"]["spatial"]["bbox"][0]
        for feature in twin.json(f"/collections/{entry['id']}/items", limit=1000)["features"]:
            for x, y in points(feature["geometry"]):
                assert west <= x <= east
                assert south <= y <= north


def points(geometry: dict[str, Any]) -> list[tuple[float, float]]:
    """All positions of a geometry."""

    def walk(value: Any) -> Any:
        if isinstance(value[0], int | float):
            yield value[0], value[1]
        else:
            for part in value:
                yield from walk(part)

    return list(walk(geometry["coordinates"]))


def test_sfc_md_success_a_collection_says_the_same_alone_as_in_the_list(twin: Twin) -> None:
    for entry in twin.json("/collections")["collections"]:
        assert twin.json(f"/collections/{entry['id']}") == entry


# --- items -----------------------------------------------------------------------------------------------------------


def test_fc_op_items_are_a_feature_collection_of_ten(twin: Twin) -> None:
    response = twin.get("/collections/trees/items")
    assert response.headers["content-type"] == FEATURES
    document = response.json()
    assert document["type"] == "FeatureCollection"
    assert document["numberMatched"] == TREES
    assert document["numberReturned"] == len(document["features"]) == 10


def test_fc_timestamp_is_now(twin: Twin) -> None:
    stamp = twin.json("/collections/trees/items")["timeStamp"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", stamp)
    assert abs(datetime.fromisoformat(stamp).timestamp() - datetime.now().timestamp()) < 60


def test_fc_links_items_have_self_alternate_collection_and_next(twin: Twin) -> None:
    document = twin.json("/collections/trees/items", limit=5)
    assert link(document, "self", FEATURES) == f"{twin.url}/collections/trees/items?limit=5"
    assert link(document, "collection", "application/json") == f"{twin.url}/collections/trees"
    assert "f=html" in link(document, "alternate", "text/html")
    assert link(document, "next", FEATURES)
    assert not [entry for entry in twin.json("/collections/trees/items", limit=100)["links"] if entry["rel"] == "next"]


@pytest.mark.parametrize("limit", [1, 7, 10, 59, 60, 61])
def test_fc_limit_response_pages_hold_every_feature_once_in_a_stable_order(twin: Twin, limit: int) -> None:
    found = pages(twin, "/collections/trees/items", limit=limit)
    got = [id for page in found for id in ids(page)]
    assert len(got) == len(set(got)) == TREES
    assert all(page["numberReturned"] <= limit for page in found)
    assert all(page["numberMatched"] == TREES for page in found)
    assert got == [id for page in pages(twin, "/collections/trees/items", limit=limit) for id in ids(page)]


def test_a_limit_above_the_largest_is_no_error(twin: Twin) -> None:
    assert twin.json("/collections/trees/items", limit=10**9)["numberReturned"] == TREES


def test_paging_keeps_the_filters(twin: Twin) -> None:
    found = pages(twin, "/collections/trees/items", limit=3, usage="park")
    assert sum(page["numberReturned"] for page in found) == TREES // 3
    assert all(page["numberMatched"] == TREES // 3 for page in found)
    assert {feature["properties"]["usage"] for page in found for feature in page["features"]} == {"park"}


def test_the_same_request_gives_the_same_bytes_but_for_the_time(twin: Twin) -> None:
    one, two = (re.sub(rb'"timeStamp":"[^"]*"', b"", twin.get("/collections/trees/items", limit=60).content) for _ in range(2))
    assert one == two


# --- bbox ------------------------------------------------------------------------------------------------------------


def test_fc_bbox_response_a_box_gives_what_intersects_it_and_nothing_else(twin: Twin) -> None:
    everything = twin.json("/collections/trees/items", limit=1000)["features"]
    x, y = points(everything[33]["geometry"])[0]
    box = (x - 0.0003, y - 0.0003, x + 0.0004, y + 0.0002)
    expected = {
        feature["id"]
        for feature in everything
        if box[0] <= feature["geometry"]["coordinates"][0] <= box[2] and box[1] <= feature["geometry"]["coordinates"][1] <= box[3]
    }
    document = twin.json("/collections/trees/items", limit=1000, bbox=",".join(map(str, box)))
    assert 1 < len(expected) < TREES
    assert set(ids(document)) == expected
    assert document["numberMatched"] == len(expected)


def test_a_box_that_only_meets_the_bounds_of_a_geometry_does_not_get_it(twin: Twin) -> None:
    """In LV95 the box of CRS84 is turned; its bounds there would let in a neighbour that the box does not touch."""
    house = twin.json("/collections/houses/items/house%2F0")
    xs, ys = zip(*points(house["geometry"]), strict=True)
    beside = (min(xs) - 0.00001, min(ys) - 0.1, min(xs) - 0.0000005, max(ys) + 0.1)
    found = twin.json("/collections/houses/items", limit=100, bbox=",".join(f"{value:.9f}" for value in beside))
    for feature in found["features"]:
        longitudes = [x for x, _ in points(feature["geometry"])]
        assert min(longitudes) <= beside[2]
        assert max(longitudes) >= beside[0]
    assert found["numberReturned"] < HOUSES


def test_the_heights_of_a_box_are_asked_of_geometries_that_have_heights(twin: Twin) -> None:
    lv95 = "http://www.opengis.net/def/crs/EPSG/0/2056"
    storage = f"http://www.opengis.net/def/crs-compound?1={lv95}&2=http://www.opengis.net/def/crs/EPSG/0/5728"

    def found(low: float, high: float, **more: Any) -> list[str]:
        box = f"2400000,1000000,{low},2600000,1300000,{high}"
        document = twin.json("/collections/houses/items", bbox=box, bbox_crs=storage, limit=100, **more)
        assert document["numberMatched"] == len(document["features"])
        return ids(document)

    assert found(-100, 9000) == [f"house/{n}" for n in range(HOUSES)]
    assert found(383, 385.5) == ["house/3", "house/4", "house/5"]
    assert found(383, 385.5, sortby="-id", crs=storage) == ["house/5", "house/4", "house/3"]
    assert found(-100, 379.9) == []


def test_heights_of_another_system_are_refused_and_never_passed_over(twin: Twin) -> None:
    response = twin.get("/collections/houses/items", bbox="6,46,-100,7,47,9000")
    refused(response, "bbox")
    assert "EPSG/0/5728" in response.json()["cure"]


def test_features_without_heights_qualify_at_any_height(twin: Twin) -> None:
    assert twin.json("/collections/trees/items", bbox="6,46,500,7,47,501")["numberMatched"] == TREES
    refused(twin.get("/collections/trees/items", bbox="6,46,501,7,47,500"), "bbox")


def test_a_box_of_the_whole_world_gives_everything(twin: Twin) -> None:
    assert twin.json("/collections/trees/items", bbox="-180,-90,180,90")["numberMatched"] == TREES


def test_a_box_across_the_antimeridian_is_two_boxes(twin: Twin) -> None:
    assert twin.json("/collections/trees/items", bbox="170,-50,-170,50")["numberMatched"] == 0
    assert twin.json("/collections/trees/items", bbox="6.5,40,6.1,50")["numberMatched"] == 0
    assert twin.json("/collections/trees/items", bbox="6,40,-170,50")["numberMatched"] == TREES


@pytest.mark.parametrize(
    "box", ["0,10,1,9", "0,0,0,91", "0,-91,0,0", "-181,0,0,0", "0,0,5,1,1,4", "6,46,7", "NaN,46,7,47", "6,46,7,1e999"]
)
def test_query_param_invalid_a_bad_box_is_400_by_name(twin: Twin, box: str) -> None:
    refused(twin.get("/collections/trees/items", bbox=box), "bbox")


# --- datetime --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["2024-05-01", "2024-05-01T12:00:00Z", "../2024-05-01", "2024-05-01/..", "../.."])
def test_fc_time_response_features_without_time_match_every_time(twin: Twin, moment: str) -> None:
    assert twin.json("/collections/trees/items", datetime=moment)["numberMatched"] == TREES


@pytest.mark.parametrize("moment", ["yesterday", "2024-13-01", "2024-05-02/2024-05-01", ""])
def test_query_param_invalid_a_bad_time_is_400_by_name(twin: Twin, moment: str) -> None:
    refused(twin.get("/collections/trees/items", datetime=moment), "datetime")


# --- property filters ------------------------------------------------------------------------------------------------


def test_a_property_is_a_filter_of_its_type(twin: Twin) -> None:
    assert twin.json("/collections/houses/items", usage="office")["numberMatched"] == HOUSES // 2
    assert twin.json("/collections/houses/items", storeys="3")["numberMatched"] == 2
    assert twin.json("/collections/trees/items", listed="true")["numberMatched"] == TREES // 5
    assert twin.json("/collections/trees/items", height="3.5")["numberMatched"] == 1
    assert twin.json("/collections/trees/items", usage="school yard", listed="true")["numberMatched"] == 4
    assert twin.json("/collections/trees/items", usage="no such")["numberMatched"] == 0


@pytest.mark.parametrize(("name", "value"), [("storeys", "three"), ("storeys", "1.5"), ("storeys", "9" * 30), ("storeys", "")])
def test_query_param_invalid_a_value_of_another_type_is_400_by_name(twin: Twin, name: str, value: str) -> None:
    refused(twin.get("/collections/houses/items", **{name: value}), name)


@pytest.mark.parametrize("value", ["x' OR '1'='1", "office' --", "office\0", '"', "\\", "％27", "'; DROP TABLE x; --"])
def test_a_value_is_a_value_and_never_sql(twin: Twin, value: str) -> None:
    response = twin.client.get(f"{twin.url}/collections/houses/items?usage={quote(value)}")
    assert response.status_code == 400 if "\0" in value else response.json()["numberMatched"] == 0


# --- unknown and repeated parameters ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "nosuch=1",
        "Limit=1",
        "usage;drop=1",
        "__class__=1",
        "{0.__globals__}=x",
        "startIndex=5",
        "sortby=nosuch",
        "properties=nosuch",
        "fid=1",
        "geom=1",
        "word=x",
    ],
)
def test_query_param_unknown_is_400(twin: Twin, query: str) -> None:
    response = twin.client.get(f"{twin.url}/collections/houses/items?{query}")
    refused(response, query.split("=")[0])


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/conformance",
        "/api",
        "/collections",
        "/collections/trees",
        "/collections/trees/items/tree-1",
        "/datasets",
        "/datasets/trees",
        "/health",
        "/collections/trees/schema",
        "/collections/trees/queryables",
    ],
)
def test_query_param_unknown_is_400_everywhere(twin: Twin, path: str) -> None:
    refused(twin.get(path, nosuch=1), "nosuch")


@pytest.mark.parametrize("query", ["limit=1&limit=2", "usage=a&usage=b", "f=json&f=json", "bbox=6,46,7,47&bbox=6,46,7,47"])
def test_a_parameter_given_twice_is_400(twin: Twin, query: str) -> None:
    refused(twin.client.get(f"{twin.url}/collections/houses/items?{query}"), query.split("=")[0])


@pytest.mark.parametrize("query", ["usage=%ff", "%ff=1", "usage=%c3%28"])
def test_a_parameter_that_is_no_utf_8_is_400(twin: Twin, query: str) -> None:
    assert twin.client.get(f"{twin.url}/collections/houses/items?{query}").status_code == 400


def refused(response: httpx.Response, parameter: str) -> None:
    """A 400 that names the parameter and how to mend it."""
    assert response.status_code == 400, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == 400
    assert problem["parameter"] == parameter
    assert problem["cure"]


# --- one feature -----------------------------------------------------------------------------------------------------


def test_f_success_a_feature_is_the_one_of_the_list_with_links(twin: Twin) -> None:
    listed = twin.json("/collections/trees/items")["features"][3]
    response = twin.get(f"/collections/trees/items/{listed['id']}")
    assert response.headers["content-type"] == FEATURES
    alone = response.json()
    links = alone.pop("links")
    told = [alone.pop(name) for name in ("attribution", "dateOfActuality", "license")]
    assert told == ["Parks office", "2024-06-01", LICENCE]
    assert alone == listed
    assert {"self", "alternate", "collection", "license"} <= {entry["rel"] for entry in links}
    assert all(entry.get("type") for entry in links if entry["rel"] != "license")


def test_ids_with_strange_characters_round_trip(twin: Twin) -> None:
    for id in ids(twin.json("/collections/houses/items", limit=100)):
        assert "/" in id
        found = twin.json(f"/collections/houses/items/{quote(id, safe='')}")
        assert found["id"] == id
        assert twin.client.get(link(found, "self")).json()["id"] == id


@pytest.mark.parametrize("id", ["nosuch", "TREE-1", "tree-1 ", "..%2F", "%3Ff=html", "x" * 2000, "%F0%9F%8C%B3"])
def test_a_feature_that_is_not_there_is_404(twin: Twin, id: str) -> None:
    response = twin.get(f"/collections/trees/items/{id}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        "/collections/nosuch",
        "/collections/nosuch/items",
        "/collections/Trees/items",
        "/nosuch",
        "/collections/trees/",
        "/datasets/nosuch",
    ],
)
def test_what_is_not_there_is_404(twin: Twin, path: str) -> None:
    response = twin.get(path)
    assert response.status_code == 404
    assert response.json()["status"] == 404


def test_datasets_can_be_a_record_only(twin: Twin) -> None:
    assert [entry["id"] for entry in twin.json("/datasets")["datasets"]] == ["houses", "plan", "trees"]
    assert twin.json("/datasets/plan")["collections"] == []
    assert b"MD_Metadata" in twin.get("/datasets/plan", f="xml").content
