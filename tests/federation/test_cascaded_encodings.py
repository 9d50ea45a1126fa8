"""A cascaded collection in the encodings that our own collections have; it has no tiles, and says so."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyarrow.parquet
import pyogrio
import pytest

from .conftest import Client

ITEMS = "/collections/their-trees/items"
LIMIT = 40


@pytest.fixture(scope="module")
def some(theirs: dict[str, Any]) -> list[dict[str, Any]]:
    """What the remote gives on its first page."""
    return list(theirs["features"][:LIMIT])


def asked(cascading: Client, encoding: str) -> bytes:
    """The first page in an encoding."""
    answer = cascading.get(ITEMS, params={"f": encoding, "limit": LIMIT})
    assert answer.status_code == 200, answer.text
    assert answer.headers["ogc-numberreturned"] == str(LIMIT)
    assert 'rel="next"' in answer.headers["link"] and cascading.url in answer.headers["link"]
    return answer.content


def test_a_table_has_the_properties_of_the_remote(cascading: Client, some: list[dict[str, Any]]) -> None:
    rows = list(csv.DictReader(io.StringIO(asked(cascading, "csv").decode())))
    assert [row["id"] for row in rows] == [feature["id"] for feature in some]
    assert [row["nom_fr"] for row in rows] == [feature["properties"]["nom_fr"] for feature in some]
    east, north = some[0]["geometry"]["coordinates"][:2]
    assert rows[0]["WKT"] == f"POINT ({east} {north})"


def test_json_fg_says_the_same_as_the_remote(cascading: Client, some: list[dict[str, Any]]) -> None:
    found = json.loads(asked(cascading, "jsonfg"))
    assert found["featureType"] == "their-trees"
    assert [feature["properties"] for feature in found["features"]] == [feature["properties"] for feature in some]
    assert [feature["geometry"] for feature in found["features"]] == [feature["geometry"] for feature in some]


@pytest.mark.parametrize(("encoding", "suffix"), [("flatgeobuf", "fgb"), ("geopackage", "gpkg")])
def test_gdal_reads_the_file_of_a_page(
    cascading: Client, some: list[dict[str, Any]], encoding: str, suffix: str, tmp_path: Path
) -> None:
    path = tmp_path / f"page.{suffix}"
    path.write_bytes(asked(cascading, encoding))
    facts, _, shapes, columns = pyogrio.raw.read(path)
    assert facts["crs"] in ("OGC:CRS84", "EPSG:4326") and len(shapes) == LIMIT
    names = list(facts["fields"])
    assert sorted(columns[names.index("nom_fr")]) == sorted(feature["properties"]["nom_fr"] for feature in some)


def test_geoparquet_has_the_types_of_the_remotes_schema(cascading: Client, some: list[dict[str, Any]]) -> None:
    table = pyarrow.parquet.read_table(io.BytesIO(asked(cascading, "geoparquet")))
    assert table.column("hauteur_m").to_pylist() == [feature["properties"]["hauteur_m"] for feature in some]
    assert str(table.schema.field("tronc_cm").type) == "int64"


@pytest.mark.parametrize("encoding", ["gml", "citygml", "citygml3"])
def test_xml_has_every_feature_of_the_page(cascading: Client, some: list[dict[str, Any]], encoding: str) -> None:
    document = ElementTree.fromstring(asked(cascading, encoding))
    text = " ".join(document.itertext())
    assert all(feature["properties"]["nom_fr"] in text for feature in some)
    assert sum(element.tag.endswith("}Point") or element.tag.endswith("}MultiPoint") for element in document.iter()) >= LIMIT


def test_cityjson_has_every_feature_as_an_object_in_its_place(cascading: Client, some: list[dict[str, Any]]) -> None:
    found = json.loads(asked(cascading, "cityjson"))
    assert set(found["CityObjects"]) == {feature["id"] for feature in some}
    first, *features = (json.loads(line) for line in asked(cascading, "cityjsonseq").splitlines())
    assert first["type"] == "CityJSON" and [feature["id"] for feature in features] == [feature["id"] for feature in some]
    scale, shift = first["transform"]["scale"], first["transform"]["translate"]
    place = [vertex * scale[axis] + shift[axis] for axis, vertex in enumerate(features[0]["vertices"][0])]
    assert place[:2] == pytest.approx(some[0]["geometry"]["coordinates"][:2], abs=1e-8)


def test_a_page_for_people_shows_the_features(cascading: Client, some: list[dict[str, Any]]) -> None:
    page = cascading.get(ITEMS, params={"f": "html", "limit": LIMIT}).text
    assert all(str(feature["id"]) in page for feature in some)
    one = cascading.get(f"{ITEMS}/{some[0]['id']}", params={"f": "html"}).text
    assert some[0]["properties"]["nom_fr"] in one


@pytest.mark.parametrize("encoding", ["jsonfg", "cityjson", "gml", "csv", "flatgeobuf", "jsonld", "ttl"])
def test_one_feature_is_had_in_every_encoding(cascading: Client, some: list[dict[str, Any]], encoding: str) -> None:
    answer = cascading.get(f"{ITEMS}/{some[0]['id']}", params={"f": encoding})
    assert answer.status_code == 200, answer.text
    assert some[0]["properties"]["nom_fr"].encode() in answer.content


def test_what_lies_elsewhere_has_no_tiles_and_no_link_to_any(cascading: Client) -> None:
    assert cascading.get("/collections/their-trees/tiles").json()["tilesets"] == []
    assert cascading.get("/collections/their-trees/tiles/WebMercatorQuad/0/0/0").status_code == 404
    links = cascading.get("/collections/their-trees").json()["links"]
    assert not [link for link in links if "tilesets" in link["rel"]]
    whole = cascading.get("/tiles/WebMercatorQuad/0/0/0", params={"collections": "their-trees"})
    assert whole.status_code in (400, 404)
