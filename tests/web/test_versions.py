"""Earlier versions: `version` and `as-of` on collection, schema, items and item; the list of versions; links; today's rights."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx
import pasttwin
import pytest

from .conftest import Twin, served


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    gateway = pasttwin.create(tmp_path_factory.mktemp("past") / "t", tmp_path_factory.mktemp("files"))
    with served(gateway) as url, httpx.Client(timeout=60) as client:
        yield Twin(gateway, url, {}, client)
    gateway.close()


def links(document: dict, rel: str) -> list[str]:
    return [link["href"] for link in document["links"] if link["rel"] == rel]


def test_the_versions_of_a_dataset_are_listed_newest_first(past: Twin) -> None:
    document = past.json("/datasets/trees/versions")
    assert [one["number"] for one in document["versions"]] == [3, 2, 1]
    assert document["numberMatched"] == 3
    times = [one["published"] for one in document["versions"]]
    assert times == sorted(times, reverse=True)
    for one in document["versions"]:
        (address,) = links(one, "http://www.opengis.net/def/rel/ogc/1.0/data-meta")
        assert past.client.get(address).json()["version"] == one["number"]
    first = past.json("/datasets/trees/versions", limit=2)
    (following,) = links(first, "next")
    assert [one["number"] for one in past.client.get(following).json()["versions"]] == [1]


def test_the_list_is_a_page_in_both_languages(past: Twin) -> None:
    for lang in ("en", "fr"):
        page = past.get("/datasets/trees/versions", f="html", lang=lang)
        assert page.status_code == 200
        assert re.search(r"/collections/trees\?[a-z=&;]*version=1", page.text)


@pytest.mark.parametrize("parameters", [{"before": "0"}, {"before": "x"}, {"limit": "0"}, {"nosuch": "1"}])
def test_a_wrong_parameter_of_the_list_is_400(past: Twin, parameters: dict[str, str]) -> None:
    assert past.get("/datasets/trees/versions", **parameters).status_code == 400


def test_a_collection_is_had_as_it_stood(past: Twin) -> None:
    def heights(**parameters: str) -> dict[str, float]:
        document = past.json("/collections/trees/items", limit=100, **parameters)
        assert document["numberMatched"] == document["numberReturned"] == len(document["features"])
        return {feature["id"]: feature["properties"]["height"] for feature in document["features"]}

    assert heights(version="1") == {f"t{n}": n / 2 for n in range(20)}
    assert heights(version="2") == {f"t{n}": 100.0 + n if n < 5 else n / 2 for n in range(20)}
    assert heights(version="3") == heights()
    assert len(heights()) == 19
    times = {one["number"]: one["published"] for one in past.json("/datasets/trees/versions")["versions"]}
    for number, moment in times.items():
        assert heights(as_of=moment) == heights(version=str(number))
        before = datetime.fromisoformat(moment) - timedelta(milliseconds=1)
        if number > 1:
            assert heights(as_of=before.isoformat().replace("+00:00", "Z")) == heights(version=str(number - 1))
    assert heights(as_of="2999-01-01") == heights()


def test_pages_boxes_filters_orders_and_systems_stay_in_the_version(past: Twin) -> None:
    address, found = f"{past.url}/collections/trees/items?version=1&limit=3&sortby=-height&properties=height", []
    while address:
        document = past.client.get(address).json()
        assert document["numberMatched"] == 20
        found += [feature["properties"]["height"] for feature in document["features"]]
        address = next(iter(links(document, "next")), "")
        assert not address or "version=1" in address
    assert found == [n / 2 for n in range(19, -1, -1)]
    lv95 = "http://www.opengis.net/def/crs/EPSG/0/2056"
    box = f"{pasttwin.WEST + 25},{pasttwin.SOUTH - 1},{pasttwin.WEST + 61},{pasttwin.SOUTH + 1}"
    document = past.json("/collections/trees/items", version=1, bbox=box, bbox_crs=lv95, crs=lv95, limit=2)
    assert document["numberMatched"] == 4
    assert [feature["id"] for feature in document["features"]] == ["t3", "t4"]
    assert past.json("/collections/trees/items", version=1, height="1.5")["numberMatched"] == 1
    assert past.json("/collections/trees/items", height="1.5")["numberMatched"] == 0


def test_one_feature_is_had_as_it_stood(past: Twin) -> None:
    assert past.json("/collections/trees/items/t1")["properties"] == {"species": "lime", "height": 101.0, "colour": "red"}
    assert past.json("/collections/trees/items/t1", version=1)["properties"] == {"species": "lime", "height": 0.5}
    assert past.get("/collections/trees/items/t19").status_code == 404
    assert past.json("/collections/trees/items/t19", version=2)["id"] == "t19"
    assert past.get("/collections/trees/items/t19", version=2, f="html").status_code == 200
    assert (
        past.get("/collections/trees/items/t1", version=1, f="cityjson").json()["CityObjects"]["t1"]["attributes"]["height"] == 0.5
    )


def test_the_schema_is_that_of_the_version(past: Twin) -> None:
    for name in ("schema", "queryables", "sortables"):
        assert "colour" not in past.json(f"/collections/trees/{name}", version=1)["properties"]
        assert "colour" in past.json(f"/collections/trees/{name}", version=2)["properties"]
    assert past.get("/collections/trees/items", version=1, colour="red").status_code == 400
    assert past.get("/collections/trees/items", version=1, sortby="colour").status_code == 400


def test_versions_are_linked_as_rfc_5829_says(past: Twin) -> None:
    now = past.json("/collections/trees")
    assert links(now, "version-history") == [f"{past.url}/datasets/trees/versions"]
    assert links(now, "predecessor-version") == [f"{past.url}/collections/trees?version=2"]
    second = past.client.get(links(now, "predecessor-version")[0]).json()
    assert links(second, "predecessor-version") == [f"{past.url}/collections/trees?version=1"]
    first = past.client.get(links(second, "predecessor-version")[0]).json()
    assert links(first, "predecessor-version") == []
    assert links(first, "latest-version") == [f"{past.url}/collections/trees"]
    assert all("version=1" in address for address in links(first, "items"))
    assert links(past.json("/datasets/trees"), "version-history") == [f"{past.url}/datasets/trees/versions"]


def test_an_earlier_collection_is_a_page_that_says_so(past: Twin) -> None:
    page = past.get("/collections/trees", version=1, f="html").text
    assert "As it stood in version 1" in page
    assert "version=1" in page
    assert "Telle qu’elle était" in past.get("/collections/trees", version=1, f="html", lang="fr").text


@pytest.mark.parametrize(
    "path", ["/collections/trees", "/collections/trees/schema", "/collections/trees/items", "/collections/trees/items/t1"]
)
def test_a_version_that_is_none_is_400_and_one_that_never_was_404(past: Twin, path: str) -> None:
    for text in ("0", "-1", "1.5", "", "x", "1e3", "٣", "9" * 30, "main"):
        response = past.get(path, version=text)
        assert response.status_code == 400, text
        assert response.json()["parameter"] == "version"
    for text in ("", "yesterday", "2020-13-01", "2020-01-01/..", "1", "NaN"):
        response = past.get(path, as_of=text)
        assert response.status_code == 400, text
        assert response.json()["parameter"] == "as-of"
    assert past.get(path, version=4).status_code == 404
    assert past.get(path, version=9_999_999_999).status_code == 404
    assert past.get(path, as_of="1999-01-01").status_code == 404
    assert past.get(path, version=1, as_of="2999-01-01").status_code == 400


def test_the_same_version_gives_the_same_validator_whatever_is_published_since(past: Twin) -> None:
    before = past.get("/collections/trees/items", version=1)
    assert past.get("/collections/trees/items", version=1, headers={"If-None-Match": before.headers["etag"]}).status_code == 304
    assert before.headers["last-modified"]


def test_todays_rights_govern_every_version(twin: Twin) -> None:
    for path in ("/collections/network/items", "/collections/network", "/datasets/network/versions", "/collections/network/schema"):
        parameters = {} if path.startswith("/datasets") else {"version": "1"}
        assert twin.get(path, **parameters).status_code == 404
        assert twin.get(path, key="utility", **parameters).status_code == 200
        assert twin.get(path, key="utility", **parameters).headers["cache-control"].startswith("private")
