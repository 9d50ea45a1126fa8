"""`sortby` and the selection of properties: order, paging, every encoding's own members, and what is refused."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from .conftest import SOUTH, TREES, WEST, Twin

LV95 = "http://www.opengis.net/def/crs/EPSG/0/2056"


def pages(twin: Twin, query: str) -> list[dict[str, Any]]:
    """The features of all pages, following rel=next."""
    address, found = f"{twin.url}/collections/trees/items?{query}", []
    while address:
        response = twin.client.get(address)
        assert response.status_code == 200, response.text
        document = response.json()
        found += document["features"]
        assert document["numberMatched"] == TREES
        address = next((link["href"] for link in document["links"] if link["rel"] == "next"), "")
    return found


@pytest.mark.parametrize(
    ("sortby", "terms"),
    [
        ("height", [("height", 1)]),
        ("-height", [("height", -1)]),
        ("%2Busage,-height", [("usage", 1), ("height", -1)]),
        ("+usage,-height", [("usage", 1), ("height", -1)]),
        ("-usage,planted,%2Bheight", [("usage", -1), ("planted", 1), ("height", 1)]),
        ("-listed,height", [("listed", -1), ("height", 1)]),
    ],
)
@pytest.mark.parametrize("crs", ["", f"&crs={quote(LV95)}"])
def test_pages_come_in_the_order_asked_for_each_feature_once(twin: Twin, sortby: str, terms: list[Any], crs: str) -> None:
    found = [feature["properties"] for feature in pages(twin, f"sortby={sortby}&limit=7{crs}")]
    assert len(found) == TREES
    expected = list(found)
    for name, sign in reversed(terms):
        expected.sort(key=lambda one: one[name], reverse=sign < 0)
    assert [[one[name] for name, _ in terms] for one in found] == [[one[name] for name, _ in terms] for one in expected]


def test_features_sort_by_their_id(twin: Twin) -> None:
    found = [feature["id"] for feature in pages(twin, "sortby=-id&limit=11")]
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == TREES


def test_an_order_goes_with_box_filter_and_other_encodings(twin: Twin) -> None:
    box = f"{WEST - 1},{SOUTH - 1},{WEST + 61},{SOUTH + 61}"
    document = twin.json("/collections/trees/items", bbox=box, bbox_crs=LV95, usage="park", sortby="-height", limit=3)
    heights = [feature["properties"]["height"] for feature in document["features"]]
    assert heights == sorted(heights, reverse=True)
    assert document["numberMatched"] > 3
    lines = twin.get("/collections/trees/items", sortby="-height", limit=3, f="cityjsonseq").text.splitlines()
    assert next(iter(json.loads(lines[1])["CityObjects"])) == f"tree-{TREES - 1}"


@pytest.mark.parametrize(
    "sortby",
    [
        *("", ",", "+", "-", "nosuch", "+usage,-usage", "geometry", "usage,,height", "usage:asc", "__class__.__mro__"),
        *("exec(java.lang.Runtime)", "{0.__globals__}", "usage;DROP TABLE x", '"usage"', "usage DESC", "x" * 5000, "ha\x00"),
        ",".join(f"a{n}" for n in range(20)),
    ],
)
def test_an_order_that_is_none_is_400_by_name(twin: Twin, sortby: str) -> None:
    response = twin.get("/collections/trees/items", sortby=sortby)
    assert response.status_code == 400
    assert response.json()["parameter"] == "sortby"
    assert response.json()["cure"]


def test_a_name_that_is_nearly_right_is_told_what_is_near(twin: Twin) -> None:
    assert "height" in twin.get("/collections/trees/items", sortby="heigth").json()["cure"]
    assert "usage" in twin.get("/collections/trees/items", properties="usages").json()["cure"]


def test_a_token_of_another_order_or_of_nobody_is_400(twin: Twin) -> None:
    document = twin.json("/collections/trees/items", sortby="height", limit=5)
    address = next(link["href"] for link in document["links"] if link["rel"] == "next")
    token = address.partition("after=")[2]
    key, _, values = token.partition(".")
    for wrong in (f"{key}.", f"{key}.{values}A", f"{key}.{values[:-2]}", f"x{token}", f"{key}.!!", f"{key}.{'A' * 9000}", "."):
        response = twin.get("/collections/trees/items", sortby="height", limit=5, after=wrong)
        assert response.status_code == 400, wrong
        assert response.json()["parameter"] == "after"
    assert twin.get("/collections/trees/items", sortby="-height", after=token).status_code == 400
    assert twin.get("/collections/trees/items", after=token).status_code == 400
    assert twin.get("/collections/trees/items", sortby="height", after=key).status_code == 200


# --- properties ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/collections/trees/items", "/collections/trees/items/tree-4"])
def test_only_the_properties_asked_for_are_shown(twin: Twin, path: str) -> None:
    def features(**parameters: str) -> list[dict[str, Any]]:
        found = twin.json(path, **parameters)
        return found.get("features", [found])

    for feature in features(properties="usage,height"):
        assert list(feature["properties"]) == ["usage", "height"]
        assert feature["geometry"] is None
        assert feature["id"].startswith("tree-")
    for feature in features(properties="height,geometry"):
        assert list(feature["properties"]) == ["height"]
        assert feature["geometry"]["type"] == "Point"
    for feature in features(exclude_properties="usage"):
        assert list(feature["properties"]) == ["height", "planted", "listed"]
        assert feature["geometry"]["type"] == "Point"
    for feature in features(exclude_properties="geometry"):
        assert len(feature["properties"]) == 4
        assert feature["geometry"] is None


def test_what_is_shown_does_not_change_what_matches_or_how_it_pages(twin: Twin) -> None:
    found = pages(twin, f"properties=height,geometry&sortby=usage&limit=9&crs={quote(LV95)}")
    assert len(found) == TREES
    assert {tuple(feature["properties"]) for feature in found} == {("height",)}
    east, north = found[0]["geometry"]["coordinates"]
    assert east >= WEST
    assert north >= SOUTH


def test_other_encodings_show_the_same_members(twin: Twin) -> None:
    text = twin.get("/collections/trees/items/tree-4", properties="height", f="cityjson").json()
    (one,) = text["CityObjects"].values()
    assert one["attributes"] == {"height": 3.5}
    page = twin.get("/collections/trees/items", properties="height", f="html").text
    assert "street" not in page


@pytest.mark.parametrize("name", ["properties", "exclude-properties"])
@pytest.mark.parametrize(
    "text", ["", "nosuch", "usage,", "usage,nosuch", "__class__", "{0.__globals__}", "x" * 5000, ",".join("a" * 900)]
)
def test_a_property_that_nothing_has_is_400(twin: Twin, name: str, text: str) -> None:
    for path in ("/collections/trees/items", "/collections/trees/items/tree-4"):
        response = twin.client.get(f"{twin.url}{path}", params={name: text})
        assert response.status_code == 400
        assert response.json()["parameter"] == name


def test_two_lists_at_once_are_400(twin: Twin) -> None:
    response = twin.get("/collections/trees/items", properties="usage", exclude_properties="height")
    assert response.status_code == 400


@pytest.mark.parametrize(
    "query", ["", "sortby=-usage,height", f"crs={quote(LV95)}", "datetime=2000-01-01/..", "f=jsonfg&sortby=height"]
)
def test_an_offset_passes_over_what_the_pages_before_held(query: str, twin: Twin) -> None:
    def page(**parameters: int) -> dict[str, Any]:
        own = "&".join(f"{name}={value}" for name, value in parameters.items())
        found = twin.client.get(f"{twin.url}/collections/trees/items?{query}&{own}")
        assert found.status_code == 200, found.text
        document: dict[str, Any] = found.json()
        return document

    whole = page(limit=TREES)
    ids = [feature["id"] for feature in whole["features"]]
    for offset in (0, 1, 7, len(ids) - 1):
        here = page(limit=5, offset=offset)
        assert [feature["id"] for feature in here["features"]] == ids[offset : offset + 5]
        assert here["numberMatched"] == whole["numberMatched"]
        following = next((link["href"] for link in here["links"] if link["rel"] == "next"), None)
        assert (following is None) == (offset + 5 >= len(ids))
        if following is not None:
            assert [feature["id"] for feature in twin.client.get(following).json()["features"]] == ids[offset + 5 : offset + 10]
    beyond = page(limit=5, offset=len(ids))
    assert (beyond["features"], beyond["numberReturned"], beyond["numberMatched"]) == ([], 0, whole["numberMatched"])


def test_an_offset_beside_a_token_is_refused(twin: Twin) -> None:
    following = next(link["href"] for link in twin.json("/collections/trees/items", limit=1)["links"] if link["rel"] == "next")
    assert twin.client.get(f"{following}&offset=1").status_code == 400
