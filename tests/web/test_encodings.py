"""Items and item in every encoding: the same features under the same parameters, read by programs that are not ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyogrio
import pytest
import shapely
from lxml import etree

from gateway.model.feature import Feature
from gateway.ports import ReadOptions
from gateway.services.formats import detect
from gateway.web.representations import TABLE

from .conftest import HOUSES, TREES, Twin

NAMES = {offer.name: offer for offer in TABLE}
PLAIN = [offer.name for offer, form in TABLE.items() if not form.is_whole]
WHOLE = [offer.name for offer, form in TABLE.items() if form.is_whole]
LV95 = "http://www.opengis.net/def/crs/EPSG/0/2056"


def read_back(content: bytes, name: str, folder: Path) -> list[Any]:
    """The features our own adapter finds in an answer."""
    form = TABLE[NAMES[name]]
    path = folder / f"answer{form.suffix}"
    path.write_bytes(content)
    if name == "gml":
        return read_gml(content)
    with detect(path).open(path, ReadOptions()) as reading:
        return list(reading)


GML = "{http://www.opengis.net/gml/3.2}"


def read_gml(content: bytes) -> list[Feature]:
    """The features of GML simple features: ids, properties as text, points."""
    root = etree.fromstring(content)
    members = [member[0] for member in root] if root.tag.endswith("}FeatureCollection") else [root]
    found = []
    for member in members:
        properties = {etree.QName(one).localname: one.text for one in member if not len(one)}
        id = properties.pop("gw_id", None) or member.get(f"{GML}id")
        typed = {name: int(text) if text and text.isdigit() else text for name, text in properties.items()}
        lists = [one.text for one in member.iter(f"{GML}posList", f"{GML}pos")]
        size = int(next((one.get("srsDimension") for one in member.iter() if one.get("srsDimension")), "2"))
        numbers = [float(text) for text in lists[0].split()] if lists else []
        points = [tuple(numbers[at : at + size]) for at in range(0, len(numbers), size)]
        shape = shapely.to_wkb(shapely.MultiPoint(points)) if points else None
        found.append(Feature(id or "", properties=typed, shape=shape))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_page_says_how_many_there_are_and_where_it_goes_on(twin: Twin, name: str, tmp_path: Path) -> None:
    found = twin.get("/collections/trees/items", f=name, limit=7, usage="park")
    assert found.status_code == 200, found.text
    assert found.headers["Content-Type"].partition(";")[0] == NAMES[name].types[0] or name == "jsonfg"
    assert found.headers["OGC-NumberReturned"] == "7"
    assert found.headers["OGC-NumberMatched"] == str(TREES // 3)
    assert 'rel="license"' in found.headers["Link"]
    assert "author" in found.headers["Link"]
    first = read_back(found.content, name, tmp_path)
    assert len(first) == 7
    assert {feature.properties["usage"] for feature in first} == {"park"}
    second = read_back(twin.client.get(found.links["next"]["url"]).content, name, tmp_path)
    assert len(second) == 7
    assert not {feature.id for feature in first} & {feature.id for feature in second}


@pytest.mark.parametrize("name", NAMES)
def test_all_pages_together_are_the_collection(twin: Twin, name: str, tmp_path: Path) -> None:
    address: str | None = f"{twin.url}/collections/trees/items?f={name}&limit=25"
    seen: list[str] = []
    while address:
        found = twin.client.get(address)
        seen += [feature.id for feature in read_back(found.content, name, tmp_path)]
        address = found.links.get("next", {}).get("url")
    assert sorted(seen) == sorted(f"tree-{n}" for n in range(TREES))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_found_is_an_empty_document_of_the_format(twin: Twin, name: str, tmp_path: Path) -> None:
    found = twin.get("/collections/trees/items", f=name, bbox="1,1,2,2")
    assert (found.status_code, found.headers["OGC-NumberMatched"]) == (200, "0")
    assert read_back(found.content, name, tmp_path) == []


@pytest.mark.parametrize("name", NAMES)
def test_one_feature_comes_in_every_format(twin: Twin, name: str, tmp_path: Path) -> None:
    found = twin.get("/collections/houses/items/house%2F3", f=name)
    assert found.status_code == 200, found.text
    (feature,) = read_back(found.content, name, tmp_path)
    assert (feature.properties["usage"], feature.properties["storeys"]) == ("office", 3)
    assert feature.id == "house/3" or name.startswith("citygml"), "a gml:id of CityGML must be a name of XML"
    assert found.headers["Last-Modified"]
    again = twin.get("/collections/houses/items/house%2F3", f=name, headers={"If-None-Match": found.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("name", PLAIN)
def test_coordinates_come_in_the_crs_asked_for(twin: Twin, name: str, tmp_path: Path) -> None:
    default = twin.get("/collections/houses/items", f=name, limit=1)
    if name != "jsonfg":
        assert "CRS84" in default.headers["Content-Crs"]
    moved = twin.get("/collections/houses/items", f=name, limit=1, crs=LV95)
    assert moved.headers["Content-Crs"] == f"<{LV95}>"
    (house,) = read_back(moved.content, name, tmp_path)
    west, south, _, _ = shapely.from_wkb(house.shape).bounds
    assert (west, south) == pytest.approx((2_500_005, 1_118_005), abs=0.01)


@pytest.mark.parametrize("name", WHOLE)
def test_a_city_format_comes_in_the_storage_crs_alone(twin: Twin, name: str) -> None:
    storage = twin.json("/collections/houses")["storageCrs"]
    found = twin.get("/collections/houses/items", f=name, crs=storage)
    assert found.headers["Content-Crs"] == f"<{storage}>"
    refused = twin.get("/collections/houses/items", f=name, crs=LV95)
    assert (refused.status_code, refused.json()["parameter"]) == (400, "crs")
    assert storage in refused.json()["cure"]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_hidden_is_hidden_in_every_format(twin: Twin, name: str) -> None:
    assert twin.get("/collections/network/items", f=name).status_code == 404
    assert twin.get("/collections/network/items/pipe-1", f=name).status_code == 404
    assert twin.get("/collections/network/items", f=name, key="utility").headers["OGC-NumberReturned"] == "7"


@pytest.mark.parametrize("path", ["/collections/houses/items", "/collections/houses/items/house%2F1"])
def test_every_representation_is_linked_and_comes_as_the_link_says(twin: Twin, path: str) -> None:
    links = [link for link in twin.json(path, crs=LV95)["links"] if link["rel"] == "alternate"]
    names = {link["href"].rpartition("f=")[2] for link in links}
    assert names >= {"html", *NAMES}
    for link in links:
        answer = twin.client.get(link["href"])
        assert answer.status_code == 200, (link, answer.text)
        assert answer.headers["Content-Type"].partition(";")[0] == link["type"]


def test_accept_chooses_the_encoding(twin: Twin) -> None:
    for name, offer in NAMES.items():
        found = twin.get("/collections/trees/items", headers={"Accept": offer.types[0]})
        assert found.headers["Content-Type"].partition(";")[0] == offer.types[0], name
    plain = twin.get("/collections/trees/items", headers={"Accept": "application/pdf"})
    assert plain.status_code == 406


@pytest.mark.parametrize("name", [name for name in PLAIN if name != "geoparquet"])
def test_gdal_reads_what_we_answer(twin: Twin, name: str, tmp_path: Path) -> None:
    path = tmp_path / f"houses{TABLE[NAMES[name]].suffix}"
    path.write_bytes(twin.get("/collections/houses/items", f=name, crs=LV95, limit=100).content)
    found = pyogrio.read_info(path, force_feature_count=True)
    assert found["features"] == HOUSES
    assert {"usage", "storeys"} <= set(found["fields"])


def test_a_feature_of_geojson_is_what_it_was(twin: Twin) -> None:
    page = twin.json("/collections/trees/items", limit=2)
    assert list(page) == [
        *("type", "numberMatched", "numberReturned", "timeStamp", "links", "attribution", "dateOfActuality", "license", "features")
    ]
    assert json.dumps(page)


def test_json_fg_says_what_a_page_of_geojson_says_and_more(twin: Twin) -> None:
    page = twin.json("/collections/houses/items", f="jsonfg", limit=2)
    assert "http://www.opengis.net/spec/json-fg-1/1.0/conf/core" in page["conformsTo"]
    assert page["coordRefSys"] == [f"http://www.opengis.net/def/crs/EPSG/0/{code}" for code in (2056, 5728)]
    assert (page["numberMatched"], page["numberReturned"], page["featureType"]) == (HOUSES, 2, "houses")
    assert page["license"] and page["attribution"] and page["timeStamp"].endswith("Z")
    relations = {link["rel"] for link in page["links"]}
    assert relations >= {"self", "next", "alternate", "collection", "license", "profile"}
    profiles = {link["href"].rpartition("/")[2] for link in page["links"] if link["rel"] == "profile"}
    assert profiles == {"jsonfg", "jsonfg-plus"}
    first = page["features"][0]
    assert len(first["place"]["coordinates"][0][0]) == 3
    assert first["geometry"]["coordinates"] != first["place"]["coordinates"]
    schema = twin.client.get(page["featureSchema"])
    assert schema.status_code == 200 and "usage" in schema.json()["properties"]


@pytest.mark.parametrize("profile", ["jsonfg", "jsonfg-plus", "http://www.opengis.net/def/profile/OGC/0/jsonfg"])
def test_a_profile_of_geojson_is_asked_for_by_name(twin: Twin, profile: str) -> None:
    for path in ("/collections/houses/items", "/collections/houses/items/house%2F1"):
        found = twin.get(path, profile=profile)
        assert found.headers["Content-Type"] == "application/geo+json"
        assert "conformsTo" in found.json()
        plain = twin.json(path, profile="rfc7946")
        assert "conformsTo" not in plain and "place" not in json.dumps(plain)
    assert twin.get("/collections/houses/items", profile="nonsense").status_code == 400


def test_the_type_of_the_drafts_is_sent_to_who_asks_for_it(twin: Twin) -> None:
    kind = "application/vnd.ogc.fg+json"
    assert twin.get("/collections/trees/items", headers={"Accept": kind}).headers["Content-Type"] == kind
    assert twin.get("/collections/trees/items", f="jsonfg").headers["Content-Type"] == "application/geo+json"


@pytest.mark.parametrize("name", NAMES)
def test_selected_properties_are_all_that_comes(twin: Twin, name: str, tmp_path: Path) -> None:
    found = twin.get("/collections/trees/items", f=name, properties="usage,listed", limit=3)
    assert found.status_code == 200, found.text
    for feature in read_back(found.content, name, tmp_path):
        assert {key for key, value in feature.properties.items() if value is not None} == {"usage", "listed"}


@pytest.mark.parametrize("name", PLAIN)
def test_filters_and_order_hold_in_every_format(twin: Twin, name: str, tmp_path: Path) -> None:
    found = twin.get("/collections/trees/items", f=name, sortby="-height", limit=3, filter="listed = true")
    assert found.status_code == 200, found.text
    ids = [feature.id for feature in read_back(found.content, name, tmp_path)]
    assert ids == ["tree-55", "tree-50", "tree-45"]
    following = read_back(twin.client.get(found.links["next"]["url"]).content, name, tmp_path)
    assert [feature.id for feature in following] == ["tree-40", "tree-35", "tree-30"]


def test_gml_names_the_schema_it_follows(twin: Twin) -> None:
    found = twin.get("/collections/houses/items", f="gml")
    address = found.links["describedby"]["url"] if "describedby" in found.links else None
    assert address is not None and address.encode() in found.content
    schema = twin.client.get(address)
    assert schema.headers["Content-Type"] == "application/xml"
    names = {one.get("name") for one in etree.fromstring(schema.content).iter("{http://www.w3.org/2001/XMLSchema}element")}
    used = {etree.QName(one).localname for member in etree.fromstring(found.content) for one in member[0]}
    assert used <= names


def test_geoparquet_is_read_by_pyarrow(twin: Twin) -> None:
    import io

    import pyarrow.parquet as pq

    file = pq.ParquetFile(io.BytesIO(twin.get("/collections/houses/items", f="geoparquet", limit=100).content))
    geo = json.loads(file.metadata.metadata[b"geo"])
    assert file.metadata.num_rows == HOUSES
    assert "crs" not in geo["columns"]["geometry"]
    assert file.read().column("usage").to_pylist()[:2] == ["flats", "office"]


def test_files_are_saved_under_a_name_and_documents_are_shown(twin: Twin) -> None:
    for offer, form in TABLE.items():
        headers = twin.get("/collections/houses/items/house%2F1", f=offer.name).headers
        said = headers.get("Content-Disposition", "")
        assert said == (f"attachment; filename*=UTF-8''house%2F1{form.suffix}" if form.is_file else "")
