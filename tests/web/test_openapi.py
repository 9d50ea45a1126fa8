"""The API definition: valid OpenAPI 3.0, complete for what it describes, and every parameter it names is accepted (oas30)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from .conftest import Twin

HTTP_METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def definition(twin: Twin) -> dict[str, Any]:
    found: dict[str, Any] = twin.json("/api")
    return found


def references(value: Any) -> Iterator[str]:
    """All ``$ref`` in a document."""
    if isinstance(value, dict):
        for name, entry in value.items():
            if name == "$ref":
                yield entry
            else:
                yield from references(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from references(entry)


def resolved(definition: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    """A parameter or response with its reference followed."""
    if "$ref" not in value:
        return value
    found: Any = definition
    for step in value["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def operations(definition: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in definition["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_it_is_openapi_3_0_with_its_media_type(twin: Twin) -> None:
    response = twin.get("/api")
    assert response.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.0"
    assert response.json()["openapi"] == "3.0.3"


def test_oas_definition_1_there_is_a_page_too(twin: Twin) -> None:
    page = twin.get("/api", f="html")
    assert page.headers["content-type"].startswith("text/html")
    assert "/collections/{collectionId}/items" in page.text


def test_oas_definition_2_it_is_whole_in_itself(definition: dict[str, Any]) -> None:
    for reference in references(definition):
        assert reference.startswith("#/components/")
        assert resolved(definition, {"$ref": reference})
    names = [operation["operationId"] for _, _, operation in operations(definition)]
    assert len(names) == len(set(names))
    for path, method, operation in operations(definition):
        assert method in HTTP_METHODS
        assert operation["responses"]
        inside = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        declared = {entry["name"] for raw in operation["parameters"] if (entry := resolved(definition, raw))["in"] == "path"}
        assert inside == declared


def test_no_parameter_is_free_form(definition: dict[str, Any]) -> None:
    for _, _, operation in operations(definition):
        for raw in operation["parameters"]:
            assert "additionalProperties" not in resolved(definition, raw)["schema"]


@pytest.mark.parametrize("path", ["/collections/{collectionId}/items", "/collections/trees/items"])
def test_items_declare_limit_bbox_and_datetime_as_the_standard_says(definition: dict[str, Any], path: str) -> None:
    found = {entry["name"]: entry for raw in definition["paths"][path]["get"]["parameters"] if (entry := resolved(definition, raw))}
    assert found["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 10}
    assert found["bbox"]["schema"]["type"] == "array"
    assert found["bbox"]["schema"]["minItems"] == 4
    assert found["datetime"]["schema"]["type"] == "string"
    for name in ("limit", "bbox", "datetime"):
        assert found[name]["in"] == "query"
        assert found[name]["style"] == "form"
        assert found[name]["explode"] is False
        assert found[name]["required"] is False


def test_the_properties_of_a_collection_are_its_parameters(definition: dict[str, Any]) -> None:
    names = {
        resolved(definition, raw)["name"]: resolved(definition, raw)
        for raw in definition["paths"]["/collections/trees/items"]["get"]["parameters"]
    }
    assert names["height"]["schema"]["type"] == "number"
    assert names["listed"]["schema"]["type"] == "boolean"


SAMPLES = {
    "limit": "5",
    "bbox": "6,46,7,47",
    "bbox-crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
    "crs": "http://www.opengis.net/def/crs/EPSG/0/4326",
    "datetime": "2024-01-01/..",
    "filter": "true",
    "filter-crs": "http://www.opengis.net/def/crs/EPSG/0/4326",
    "id": "tree-1",
    "f": "json",
    "lang": "fr",
    "usage": "park",
    "height": "3.5",
    "planted": "2001-03-01",
    "listed": "true",
    "storeys": "2",
    "collections": "trees,houses",
    "type": "process",
    "processID": "echo,convert",
    "status": "successful,failed",
    "minDuration": "0",
    "maxDuration": "10",
    "offset": "0",
    "before": "2",
    "sortby": "id,-usage",
    "properties": "usage,geometry",
    "exclude-properties": "usage",
    "profile": "rel-as-key",
    "version": "1",
    "as-of": "2999-01-01",
}
IDS = {"{collectionId}": "trees", "{featureId}": "tree-1", "{datasetId}": "trees", "{processId}": "echo"}
IDS |= {"{tileMatrixSetId}": "WebMercatorQuad", "{tileMatrix}": "0", "{tileRow}": "0", "{tileCol}": "0"}


def test_oas_impl_every_declared_path_and_parameter_works(twin: Twin, definition: dict[str, Any]) -> None:
    token = next(entry["href"] for entry in twin.json("/collections/trees/items")["links"] if entry["rel"] == "next").rsplit(
        "after=", 1
    )[1]
    for path, method, operation in operations(definition):
        if method != "get" or "/submissions" in path or "{jobId}" in path:
            continue
        address = path
        for name, id in IDS.items():
            address = address.replace(name, id)
        for raw in operation["parameters"]:
            entry = resolved(definition, raw)
            if entry["in"] != "query":
                continue
            for value in entry["schema"].get("enum", [{**SAMPLES, "after": token}.get(entry["name"])]):
                response = twin.client.get(f"{twin.url}{address}", params={entry["name"]: value})
                assert response.status_code == 200, (address, entry["name"], value, response.text)
                kinds = [kind.split(";")[0] for kind in operation["responses"]["200"]["content"]]
                assert response.headers["content-type"].split(";")[0] in kinds


def test_exceptions_codes_every_operation_says_what_can_go_wrong(definition: dict[str, Any]) -> None:
    for path, _, operation in operations(definition):
        assert {"400", "401", "406", "500"} <= operation["responses"].keys()
        assert ("404" in operation["responses"]) == ("{" in path or path.startswith("/collections/"))


def test_security_the_key_is_declared_and_optional_for_reading(definition: dict[str, Any]) -> None:
    assert definition["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert {} in definition["security"]
    assert definition["paths"]["/submissions"]["post"]["security"] == [{"key": []}]


def test_every_route_of_ours_is_described(twin: Twin, definition: dict[str, Any]) -> None:
    """No resource of OGC API is served that the definition does not name."""
    from gateway.web.routers import (
        collections,
        datasets,
        filters,
        health,
        items,
        jobs,
        landing,
        processes,
        submissions,
        tiles,
        versions,
    )

    modules = (landing, collections, items, filters, tiles, datasets, versions, processes, jobs, submissions, health)
    served = {route.path for module in modules for route in module.router.routes}  # type: ignore[attr-defined]
    plain = {
        path.replace("{collection}", "{collectionId}")
        .replace("{grid}", "{tileMatrixSetId}")
        .replace("{matrix}/{row}/{column}", "{tileMatrix}/{tileRow}/{tileCol}")
        .replace("{feature:path}", "{featureId}")
        .replace("{dataset}", "{datasetId}")
        .replace("{submission}", "{submissionId}")
        .replace("{process}", "{processId}")
        .replace("{job}", "{jobId}")
        .replace("{output}", "{outputId}")
        for path in served
    }
    assert plain <= definition["paths"].keys()


def test_it_can_be_read_by_a_client_that_knows_only_the_landing_page(twin: Twin) -> None:
    landing = httpx.get(f"{twin.url}/").json()
    address = next(entry for entry in landing["links"] if entry["rel"] == "service-desc")
    assert httpx.get(address["href"], headers={"Accept": address["type"]}).json()["openapi"] == "3.0.3"
