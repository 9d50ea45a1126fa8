"""OGC API Common Part 3 (Features Part 5) 1.0, class by class: the schemas, their roles and links, references and profiles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pasttwin
import pytest

from .conftest import Twin, served

REL = "http://www.opengis.net/def/rel/ogc/1.0/"
PROFILE = "http://www.opengis.net/def/profile/OGC/0/"
NAMES = ("schema", "queryables", "sortables")


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    gateway = pasttwin.create(tmp_path_factory.mktemp("past") / "t", tmp_path_factory.mktemp("files"))
    with served(gateway) as url, httpx.Client(timeout=60) as client:
        yield Twin(gateway, url, {}, client)
    gateway.close()


@pytest.mark.parametrize("collection", ["trees", "houses"])
@pytest.mark.parametrize("name", NAMES)
def test_basic_schema_inspection(past: Twin, collection: str, name: str) -> None:
    response = past.get(f"/collections/{collection}/{name}")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/schema+json"
    schema = response.json()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"{past.url}/collections/{collection}/{name}"
    assert schema["type"] == "object"
    jsonschema.Draft202012Validator.check_schema(schema)
    again = past.client.get(schema["$id"], headers={"Accept": "application/schema+json"})
    assert again.json() == schema
    for property in schema["properties"].values():
        assert property["title"]
        if property.get("format", "").startswith("geometry-"):
            assert "type" not in property
        else:
            assert property["type"] in ("string", "number", "integer", "boolean", "array")


@pytest.mark.parametrize("collection", ["trees", "houses"])
@pytest.mark.parametrize("name", NAMES)
def test_roles_and_order_of_properties(past: Twin, collection: str, name: str) -> None:
    properties = past.json(f"/collections/{collection}/{name}")["properties"]
    roles = [property["x-ogc-role"] for property in properties.values() if "x-ogc-role" in property]
    assert roles.count("id") == 1
    assert all(roles.count(role) == 1 for role in roles)
    assert next(property for property in properties.values() if property.get("x-ogc-role") == "id")["type"] == "string"
    assert [property["x-ogc-propertySeq"] for property in properties.values()] == list(range(1, len(properties) + 1))


def test_the_geometry_has_its_own_type_and_is_not_sorted_by(past: Twin) -> None:
    assert past.json("/collections/trees/schema")["properties"]["geometry"]["format"] == "geometry-point"
    assert past.json("/collections/houses/queryables")["properties"]["geometry"]["format"].startswith("geometry-")
    assert "geometry" not in past.json("/collections/trees/sortables")["properties"]


def test_validity_is_the_primary_interval_where_there_is_one(past: Twin) -> None:
    found = past.json("/collections/houses/schema")["properties"]
    assert found["validFrom"]["x-ogc-role"] == "primary-interval-start"
    assert found["validTo"]["x-ogc-role"] == "primary-interval-end"
    assert {found[name]["format"] for name in ("validFrom", "validTo")} == {"date-time"}
    assert "validFrom" not in past.json("/collections/trees/schema")["properties"]


def test_units_and_code_lists_that_the_document_names_are_told(past: Twin) -> None:
    found = past.json("/collections/houses/schema")["properties"]
    assert found["measuredHeight"]["x-ogc-unit"] == "m"
    assert found["measuredHeight"]["type"] in ("number", "integer")
    assert found["function"]["x-ogc-codelistUri"] == pasttwin.CODES


def test_a_parent_is_a_reference_and_a_type_has_its_role(past: Twin) -> None:
    found = past.json("/collections/houses/schema")["properties"]
    assert found["parent"]["x-ogc-role"] == "reference"
    assert found["parent"]["x-ogc-collectionId"] == "houses"
    assert found["parent"]["type"] == "string"
    assert found["type"]["x-ogc-role"] == "type"
    assert "parent" not in past.json("/collections/trees/schema")["properties"]


def test_what_the_twin_gives_itself_is_read_only(past: Twin) -> None:
    found = past.json("/collections/houses/schema")["properties"]
    given = {name for name, property in found.items() if property.get("readOnly")}
    assert given == {"id", "validFrom", "validTo", "type", "parent"}
    assert not any("readOnly" in property for property in past.json("/collections/houses/queryables")["properties"].values())


def test_only_the_names_of_queryables_and_sortables_are_taken(past: Twin) -> None:
    for name in ("queryables", "sortables"):
        assert past.json(f"/collections/trees/{name}")["additionalProperties"] is False
    for name, property in past.json("/collections/houses/sortables")["properties"].items():
        assert property["type"] not in ("array", "object")
        assert past.get("/collections/houses/items", sortby=f"-{name}").status_code == 200, name


def test_features_are_what_the_schema_says(past: Twin) -> None:
    for collection in ("trees", "houses"):
        schema = past.json(f"/collections/{collection}/schema")
        properties = dict(schema["properties"])
        id = properties.pop("id")
        properties.pop("geometry")
        features = past.json(f"/collections/{collection}/items", limit=100)["features"]
        assert features
        for feature in features:
            jsonschema.validate(feature["properties"], {**schema, "properties": properties})
            jsonschema.validate(feature["id"], id)


def test_every_collection_links_to_its_schemas(past: Twin) -> None:
    for collection in past.json("/collections")["collections"]:
        for entry in (collection, past.json(f"/collections/{collection['id']}")):
            for name in NAMES:
                links = [link for link in entry["links"] if link["rel"] == f"{REL}{name}"]
                assert [link["href"] for link in links] == [f"{past.url}/collections/{collection['id']}/{name}"]
                assert links[0]["type"] == "application/schema+json"


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("name", NAMES)
def test_the_schemas_are_pages_too(past: Twin, name: str, lang: str) -> None:
    page = past.get(f"/collections/houses/{name}", f="html", lang=lang)
    assert page.status_code == 200
    assert "measuredHeight" in page.text
    assert f'lang="{lang}"' in page.text
    assert ("Valid from" if lang == "en" else "Valable dès") in page.text


def test_titles_are_in_the_readers_language(twin: Twin) -> None:
    english = twin.json("/collections/trees/schema")
    french = twin.json("/collections/trees/schema", lang="fr")
    assert (english["title"], french["title"]) == ("Trees", "Trees (fr)")
    assert french["properties"]["geometry"]["title"] == "Géométrie"


# --- profiles --------------------------------------------------------------------------------------------------------


def parents(document: dict[str, Any]) -> list[Any]:
    features = document.get("features", [document])
    return [feature["properties"]["parent"] for feature in features if "parent" in feature["properties"]]


def told(document: dict[str, Any]) -> list[str]:
    return [link["href"] for link in document["links"] if link["rel"] == "profile"]


@pytest.mark.parametrize("path", ["/collections/houses/items", "/collections/houses/items/b1-p"])
def test_references_are_keys_addresses_or_links(past: Twin, path: str) -> None:
    def asked(profile: str) -> dict[str, Any]:
        response = past.get(path, profile=profile, limit=100) if path.endswith("items") else past.get(path, profile=profile)
        assert response.status_code == 200, response.text
        assert f'<{PROFILE}{profile.removeprefix(PROFILE)}>; rel="profile"' in response.headers["link"]
        document: dict[str, Any] = response.json()
        assert told(document) == [f"{PROFILE}{profile.removeprefix(PROFILE)}"]
        return document

    keys, addresses, links = (parents(asked(profile)) for profile in ("rel-as-key", "rel-as-uri", "rel-as-link"))
    assert "b1" in keys
    assert addresses == [f"{past.url}/collections/houses/items/{key}" for key in keys]
    assert links == [{"href": address, "title": key} for key, address in zip(keys, addresses, strict=True)]
    assert parents(asked(f"{PROFILE}rel-as-uri")) == addresses
    assert past.client.get(addresses[0]).json()["id"] == keys[0]
    assert told(past.json(path)) == [f"{PROFILE}rel-as-key"]


@pytest.mark.parametrize("profile", ["", "nosuch", "rel-as-link,nosuch", f"{PROFILE}nosuch", "x" * 3000, ",".join("a" * 99)])
def test_a_profile_that_is_none_is_400(past: Twin, profile: str) -> None:
    for path in ("/collections/houses/items", "/collections/trees/items/t1"):
        response = past.get(path, profile=profile)
        assert response.status_code == 400
        assert response.json()["parameter"] == "profile"


def test_an_encoding_without_links_keeps_the_keys(past: Twin) -> None:
    response = past.get("/collections/houses/items/b1-p", profile="rel-as-link", f="html")
    assert response.status_code == 200
    assert "b1" in response.text
