"""Lists and moments of published features, asked over HTTP (OGC 21-065, array-functions and temporal-functions)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gateway import wiring
from gateway.model.submission import Request
from gateway.settings import Settings

from .conftest import feature, served

TAGS: list[Any] = [["a", "b"], ["b", "c", "é"], [], None, [1, 2.5, True], "a"]
MOMENTS = ["2024-05-01T08:00:00Z", "2024-05-01T23:30:00-02:00", "2024-05-02", "no time", None, "2024-06-01T00:00:00.5Z"]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The items of six stops."""
    folder = tmp_path_factory.mktemp("lists")
    stops = [
        feature(f"s{n}", {"type": "Point", "coordinates": [6 + n / 100, 46]}, {"tags": tags, "seen": seen, "mixed": n % 2 or [n]})
        for n, (tags, seen) in enumerate(zip(TAGS, MOMENTS, strict=True))
    ]
    stops = [stop for stop in stops if not isinstance(stop["properties"]["tags"], str)]
    file = folder / "stops.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": stops}), encoding="utf-8")
    wiring.create(folder / "t", charter="open", title="Stops")
    gateway = wiring.open_gateway(folder / "t", Settings(log_level="warning"))
    request = Request(data=str(file), data_name=file.name, dataset="stops", collection="stops")
    done = gateway.publishing.publish(request, gateway.identity.party("operator"))
    assert done.state == "published", done
    with served(gateway) as base:
        yield f"{base}/collections/stops"
    gateway.close()


def ids(url: str, **asked: str) -> str:
    answer = httpx.get(f"{url}/items", params=asked)
    assert answer.status_code == 200, answer.text
    return "".join(one["id"][1:] for one in answer.json()["features"])


@pytest.mark.parametrize(
    ("filter", "wanted"),
    [
        ("A_CONTAINS(tags, ('b'))", "01"),
        ("A_CONTAINS(tags, ('é','c'))", "1"),
        ("A_CONTAINEDBY(tags, ('a','b','x'))", "02"),
        ("A_EQUALS(tags, ('b','a'))", "0"),
        ("A_OVERLAPS(tags, ('a','c'))", "01"),
        ("NOT A_OVERLAPS(tags, ('a','c'))", "24"),
        ("A_CONTAINS(tags, (1, true))", "4"),
        ("tags IS NULL", "3"),
        ("T_AFTER(seen, TIMESTAMP('2024-05-01T12:00:00Z'))", "12"),
        ("T_INTERSECTS(seen, DATE('2024-05-02'))", "12"),
        ("T_DURING(seen, INTERVAL('2024-05-01','2024-05-01'))", "0"),
        ("seen < TIMESTAMP('2024-05-02T01:30:00.001Z')", "012"),
        ("T_EQUALS(seen, TIMESTAMP('2024-05-01T10:00:00+02:00'))", "0"),
    ],
)
def test_lists_and_moments_are_asked(url: str, filter: str, wanted: str) -> None:
    assert ids(url, filter=filter) == wanted


def test_a_list_is_a_queryable_and_a_parameter(url: str) -> None:
    found = httpx.get(f"{url}/queryables").json()["properties"]
    assert found["tags"]["type"] == "array"
    assert ids(url, tags="b") == "01"
    assert ids(url, tags="2.5") == "4"
    refused = httpx.get(f"{url}/items", params={"filter": "tags = 'a'"})
    assert (refused.status_code, "A_EQUALS" in refused.json()["cure"]) == (400, True)
