"""OGC API - Features Part 1 (17-069r4): the classes GeoJSON (Annex A.4) and OpenAPI 3.0 (Annex A.7)."""

from __future__ import annotations

from conformance import openapi
from conformance.features import geometry
from conformance.features.resources import OAS30
from conformance.site import Site
from conformance.verdict import AbstractTest, Skipped, require

GEOJSON = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson"


def geojson_definition(site: Site) -> None:
    """Items and features come as application/geo+json, everything else as application/json."""
    for url in (f"{site.url}/", f"{site.url}/conformance", f"{site.url}/collections"):
        response = site.client.get(url, accept="application/json").expect(200)
        require(response.media_type == "application/json", f"{url} is {response.media_type}")
    for collection in site.collections:
        response = site.client.get(site.items_url(collection), accept="application/geo+json").expect(200)
        require(response.media_type == "application/geo+json", f"{response.url} is {response.media_type}")
        for feature in site.features(collection, 1):
            response = site.client.get(site.item_url(collection, feature), accept="application/geo+json").expect(200)
            require(response.media_type == "application/geo+json", f"{response.url} is {response.media_type}")


def geojson_content(site: Site) -> None:
    """Every feature is valid GeoJSON."""
    for collection in site.collections:
        document = site.items(collection, limit=100)
        require(isinstance(document.get("links"), list), f"{collection['id']}: no array `links`")
        for feature in document.get("features", []):
            found = geometry.problem(feature)
            require(found is None, f"{collection['id']}/{feature.get('id')}: {found}")


def completeness(site: Site) -> None:
    """Each operation describes its success and its errors."""
    for path, method, operation in openapi.operations(site.api):
        codes = [str(code) for code in operation.get("responses", {})]
        require(any(code[0] in "23" for code in codes), f"{method.upper()} {path} describes no success")
        require(any(code[0] in "45" or code == "default" for code in codes), f"{method.upper()} {path} describes no error")


def oas_definition_1(site: Site) -> None:
    """The definition can be had as JSON and as HTML."""
    require(site.api, "no definition in JSON")
    pages = [link for link in site.links(site.landing, "service-doc") if "html" in link.get("type", "html")]
    require(pages, "no link service-doc to an HTML page")
    response = site.client.get(site.absolute(pages[0]["href"]), accept="text/html").expect(200)
    require(response.media_type == "text/html", f"{response.url} is {response.media_type}")


def oas_definition_2(site: Site) -> None:
    """The definition is a valid OpenAPI 3.0 document without references to elsewhere."""
    found = openapi.problems(site.api)
    require(not found, "; ".join(found[:5]))


def exceptions_codes(site: Site) -> None:
    """The error codes that a client may meet are described."""
    for collection in site.collections[:1]:
        operation = openapi.items_operation(site.api, collection["id"])
        require(operation, "the items have no operation")
        codes = {str(code) for code in (operation or {}).get("responses", {})}
        require(codes & {"400", "4XX", "default"}, f"the items' operation does not describe 400: {sorted(codes)}")


def oas_impl(site: Site) -> None:
    """What the definition declares is there: every GET whose path needs at most a collection or an item."""
    if not site.collections:
        raise Skipped("no collection to fill in")
    collection = site.collections[0]
    features = site.features(collection, 1)
    for path, method, operation in openapi.operations(site.api):
        needed = [
            p
            for p in (openapi.resolve(site.api, e) for e in operation["parameters"])
            if p.get("required") and p.get("in") != "path"
        ]
        filled = path.replace("{collectionId}", str(collection["id"]))
        if features:
            filled = filled.replace("{featureId}", str(features[0]["id"]))
        if method == "get" and not needed and "{" not in filled:
            response = site.client.get(f"{site.url}{filled}", accept="*/*")
            require(response.status < 500 and response.status not in (404, 405), f"GET {filled} gives {response.status}")


def security(site: Site) -> None:
    """Schemes that operations name are described."""
    schemes = (site.api.get("components") or {}).get("securitySchemes") or {}
    named = {name for entry in site.api.get("security", []) for name in entry}
    for _, _, operation in openapi.operations(site.api):
        named |= {name for entry in operation.get("security", []) for name in entry}
    if not named:
        raise Skipped("no operation names a security scheme")
    require(named <= schemes.keys(), f"not described: {sorted(named - schemes.keys())}")


TESTS_GEOJSON = (AbstractTest(f"{GEOJSON}/definition", geojson_definition), AbstractTest(f"{GEOJSON}/content", geojson_content))

TESTS_OAS30 = tuple(
    AbstractTest(f"{OAS30}/{name}", function)
    for name, function in (
        ("completeness", completeness),
        ("oas-definition-1", oas_definition_1),
        ("oas-definition-2", oas_definition_2),
        ("exceptions-codes", exceptions_codes),
        ("oas-impl", oas_impl),
        ("security", security),
    )
)
