"""OWSLib reads the demo through three doors, every collection to its end: its counts are ours."""

from __future__ import annotations

from typing import Any

import httpx
from owslib.csw import CatalogueServiceWeb
from owslib.ogcapi.features import Features
from owslib.ogcapi.processes import Processes


def collections(demo: Any) -> dict[str, int]:
    """Every open collection with the number of its features, as the door says it."""
    with_counts = {}
    for entry in demo.document["datasets"]:
        if entry["access"] == "A":
            for collection in entry["collections"]:
                items = Features(demo.url).collection_items(collection, limit=1)
                with_counts[collection] = items["numberMatched"]
    return with_counts


def test_owslib_reads_every_collection_to_its_end(demo: Any) -> None:
    client = Features(demo.url)
    counts = collections(demo)
    assert sorted(client.feature_collections()) == sorted(counts)
    assert sum(counts.values()) == sum(entry["features"] for entry in demo.document["datasets"] if entry["access"] == "A")
    for collection, count in counts.items():
        assert len(client.collection_items(collection, limit=10_000)["features"]) == count


def test_owslib_follows_the_next_links_of_every_collection(demo: Any) -> None:
    client = Features(demo.url)
    for collection, count in collections(demo).items():
        page, found = client.collection_items(collection, limit=200), []
        while True:
            found += [feature["id"] for feature in page["features"]]
            following = [link["href"] for link in page["links"] if link["rel"] == "next"]
            if not following:
                break
            page = httpx.get(following[0]).json()
        assert len(set(found)) == len(found) == count


def test_owslib_pages_every_collection_by_offset(demo: Any) -> None:
    client = Features(demo.url)
    for collection, count in collections(demo).items():
        pages = [client.collection_items(collection, limit=300, offset=offset)["features"] for offset in range(0, count + 1, 300)]
        assert len({feature["id"] for page in pages for feature in page}) == sum(map(len, pages)) == count


def test_owslib_reads_descriptions_queryables_and_single_features(demo: Any) -> None:
    client = Features(demo.url)
    for collection in collections(demo):
        described = client.collection(collection)
        assert (described["id"], described["itemType"]) == (collection, "feature")
        queryables = client.collection_queryables(collection)["properties"]
        first = client.collection_items(collection, limit=1)["features"][0]
        assert first["properties"].keys() - {"attribution"} <= queryables.keys()
        assert client.collection_item(collection, first["id"])["properties"] == first["properties"]


def test_owslib_asks_for_a_box_a_property_and_a_filter(demo: Any) -> None:
    client = Features(demo.url)
    trees = client.collection_items("trees", limit=10_000)["features"]
    west, south, east, north = box = [6.120, 46.190, 6.124, 46.193]
    inside = {
        tree["id"]
        for tree in trees
        if west <= tree["geometry"]["coordinates"][0] <= east and south <= tree["geometry"]["coordinates"][1] <= north
    }
    assert {tree["id"] for tree in client.collection_items("trees", bbox=box, limit=10_000)["features"]} == inside != set()
    parks = {tree["id"] for tree in trees if tree["properties"]["emplacement"] == "parc"}
    assert {tree["id"] for tree in client.collection_items("trees", emplacement="parc", limit=10_000)["features"]} == parks
    tall = {tree["id"] for tree in trees if tree["properties"]["hauteur_m"] > 8} & parks
    text = "hauteur_m > 8 AND emplacement = 'parc'"
    assert {tree["id"] for tree in client.collection_items("trees", filter=text, limit=10_000)["features"]} == tall != set()


def test_owslib_reads_the_catalogue(demo: Any) -> None:
    client = CatalogueServiceWeb(f"{demo.url}/csw")
    client.getrecords2(maxrecords=100, esn="full")
    assert len(client.records) == sum(entry["access"] == "A" for entry in demo.document["datasets"])


def test_owslib_reads_the_processes(demo: Any) -> None:
    client = Processes(demo.url)
    assert sorted(process["id"] for process in client.processes()) == ["check", "convert", "echo"]
    assert client.process("echo")["inputs"].keys() == client.process("echo")["outputs"].keys() | {"pause"}
