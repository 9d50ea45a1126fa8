"""OGC API - Features Part 1, class Core (17-069r4, Annex A.2): items, their parameters, and single features."""

from __future__ import annotations

import re
from typing import Any

from conformance import openapi
from conformance.features import geometry
from conformance.features.resources import CORE
from conformance.site import CRS84, Site
from conformance.verdict import AbstractTest, Skipped, require

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
_SLACK = 1e-6
"""Degrees by which a feature's own box is widened: servers may round the coordinates they show."""
_FAR_PAST = "0001-01-01T00:00:00Z/0001-01-02T00:00:00Z"


def crs84(site: Site) -> None:
    """Without a parameter, coordinates are longitude and latitude of CRS84."""
    for collection in site.collections:
        response = site.client.get(site.items_url(collection), {"limit": 20}, accept="application/geo+json").expect(200)
        given = response.headers.get("content-crs")
        require(given is None or given.strip("<>") in CRS84, f"Content-Crs is {given}")
        for feature in response.json().get("features", []):
            for x, y, *_ in geometry.positions(feature.get("geometry")):
                require(
                    -180 <= x <= 180 and -90 <= y <= 90,
                    f"{collection['id']}/{feature.get('id')}: {x} {y} is no longitude, latitude",
                )


def fc_op(site: Site) -> None:
    """GET items answers 200."""
    for collection in site.collections:
        site.client.get(site.items_url(collection), accept="application/geo+json").expect(200)


def _schema(site: Site, collection: dict[str, Any], name: str) -> dict[str, Any]:
    operation = openapi.items_operation(site.api, collection["id"])
    require(operation, f"the API definition has no path for the items of {collection['id']}")
    found = openapi.parameter(site.api, operation or {}, name)
    require(found, f"the API definition does not declare `{name}` for the items of {collection['id']}")
    require((found or {}).get("required") is not True, f"`{name}` is declared as required")
    return found or {}


def fc_bbox_definition(site: Site) -> None:
    """`bbox` is declared as an array of 4 or 6 numbers, not exploded."""
    for collection in site.collections:
        parameter = _schema(site, collection, "bbox")
        schema = parameter["schema"]
        require(schema.get("type") == "array" and schema.get("minItems") == 4, f"`bbox` is declared as {schema}")
        require(parameter.get("explode") is False, "`bbox` must say explode: false")


def fc_bbox_response(site: Site) -> None:
    """Only features that intersect the box, or have no geometry, are in the answer, and one that does is."""
    tried = False
    for collection in site.collections:
        for feature in site.features(collection, 3):
            own = geometry.box(feature.get("geometry"))
            if own is None:
                continue
            tried = True
            box = f"{own[0] - _SLACK:.9f},{own[1] - _SLACK:.9f},{own[2] + _SLACK:.9f},{own[3] + _SLACK:.9f}"
            found = list(site.pages(collection, 2000, bbox=box, limit=100))
            require(
                feature["id"] in [f.get("id") for f in found], f"{collection['id']}: the box of {feature['id']} does not find it"
            )
            for other in found:
                theirs = geometry.box(other.get("geometry"))
                require(
                    theirs is None or geometry.intersect(own, theirs, 2 * _SLACK),
                    f"{other.get('id')} lies outside the box asked for",
                )
    if not tried:
        raise Skipped("no feature has a geometry")


def fc_limit_definition(site: Site) -> None:
    """`limit` is declared as an integer with minimum, maximum and default."""
    for collection in site.collections:
        parameter = _schema(site, collection, "limit")
        schema = parameter["schema"]
        good = schema.get("type") == "integer" and schema.get("minimum", 0) >= 1 and "default" in schema
        require(good, f"`limit` is declared as {schema}")


def fc_limit_response(site: Site) -> None:
    """No page is longer than the limit or the declared maximum; a limit above it is no error."""
    for collection in site.collections:
        for limit in (1, 7):
            count = len(site.items(collection, limit=limit).get("features", []))
            require(count <= limit, f"{collection['id']}: limit={limit} gave {count} features")
        maximum = _schema(site, collection, "limit")["schema"].get("maximum")
        if maximum is not None and maximum <= 10_000:
            count = len(site.items(collection, limit=maximum + 1).get("features", []))
            require(count <= maximum, f"{collection['id']}: {count} features, the maximum is {maximum}")


def fc_time_definition(site: Site) -> None:
    """`datetime` is declared as a string."""
    for collection in site.collections:
        parameter = _schema(site, collection, "datetime")
        require(parameter["schema"].get("type") == "string", f"`datetime` is declared as {parameter['schema']}")


def fc_time_response(site: Site) -> None:
    """Instants and intervals, open ones too, are understood; an interval without end takes in everything."""
    for collection in site.collections:
        everything = site.items(collection, limit=1).get("numberMatched")
        for value in ("2018-02-12T23:20:50Z", "2018-02-12T00:00:00Z/2018-03-18T12:31:12Z", "../2018-03-18T12:31:12Z"):
            matched = site.items(collection, limit=1, datetime=value).get("numberMatched")
            if isinstance(matched, int) and isinstance(everything, int):
                require(matched <= everything, f"{collection['id']}: datetime={value} finds more than there are")
        open_interval = site.items(collection, limit=1, datetime="../..").get("numberMatched")
        require(open_interval == everything, f"{collection['id']}: datetime=../.. finds {open_interval} of {everything}")
        site.items(collection, limit=1, datetime=_FAR_PAST)


def query_param_invalid(site: Site) -> None:
    """A value outside what is declared gives 400."""
    collection = site.collections[0]
    for name, value in (("limit", "abc"), ("limit", "0"), ("bbox", "1,2,3"), ("bbox", "a,b,c,d"), ("datetime", "yesterday")):
        response = site.client.get(site.items_url(collection), {name: value}, accept="application/geo+json")
        require(response.status == 400, f"{name}={value} gives {response.status}, expected 400")


def query_param_unknown(site: Site) -> None:
    """A parameter that is not declared gives 400."""
    collection = site.collections[0]
    for url in (
        f"{site.url}/",
        f"{site.url}/conformance",
        f"{site.url}/collections",
        site.collection_url(collection),
        site.items_url(collection),
    ):
        response = site.client.get(url, {"unknown-parameter-4711": "x"})
        require(response.status == 400, f"{response.url} gives {response.status}, expected 400")


def fc_response(site: Site) -> None:
    """The answer is a FeatureCollection."""
    for collection in site.collections:
        document = site.items(collection)
        require(document.get("type") == "FeatureCollection", f"{collection['id']}: type is {document.get('type')!r}")
        require(isinstance(document.get("features"), list), f"{collection['id']}: no array `features`")


def fc_links(site: Site) -> None:
    """A page links to itself, to its other encodings and to the next page, with types."""
    for collection in site.collections:
        document = site.items(collection, limit=1)
        require(site.links(document, "self"), f"{collection['id']}: no link self")
        for relation in ("self", "alternate", "next"):
            for link in site.links(document, relation):
                require(link.get("type"), f"{collection['id']}: the link {relation} has no type")
        if (document.get("numberMatched") or 0) > 1:
            require(site.links(document, "next"), f"{collection['id']}: more features, but no link next")


def fc_time_stamp(site: Site) -> None:
    """`timeStamp` is a time of RFC 3339."""
    for collection in site.collections:
        value = site.items(collection, limit=1).get("timeStamp")
        require(value is None or _TIMESTAMP.match(str(value)), f"{collection['id']}: timeStamp is {value!r}")


def fc_number_matched(site: Site) -> None:
    """`numberMatched` is the number of features that paging finds."""
    tried = False
    for collection in site.collections:
        stated = site.items(collection, limit=1).get("numberMatched")
        if stated is None or stated > 5000:
            continue
        tried = True
        counted = sum(1 for _ in site.pages(collection, 6000, limit=500))
        require(counted == stated, f"{collection['id']}: numberMatched is {stated}, paging finds {counted}")
    if not tried:
        raise Skipped("no collection states a numberMatched of at most 5000")


def fc_number_returned(site: Site) -> None:
    """`numberReturned` is the number of features on the page."""
    for collection in site.collections:
        document = site.items(collection)
        stated, actual = document.get("numberReturned"), len(document["features"])
        require(stated in (None, actual), f"{collection['id']}: numberReturned is {stated}, there are {actual}")


def _each_feature(site: Site) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    found = [(collection, feature) for collection in site.collections for feature in site.features(collection, 3)]
    if not found:
        raise Skipped("no collection has features")
    return found


def f_op(site: Site) -> None:
    """GET a feature answers 200."""
    for collection, feature in _each_feature(site):
        site.client.get(site.item_url(collection, feature), accept="application/geo+json").expect(200)


def f_success(site: Site) -> None:
    """The answer is the same feature as in the collection."""
    for collection, feature in _each_feature(site):
        alone = site.client.get(site.item_url(collection, feature), accept="application/geo+json").expect(200).json()
        require(alone.get("type") == "Feature", f"{feature['id']}: type is {alone.get('type')!r}")
        for member in ("id", "geometry", "properties"):
            require(alone.get(member) == feature.get(member), f"{feature['id']}: `{member}` differs from that in the items")


def f_links(site: Site) -> None:
    """A feature links to itself and to its collection."""
    for collection, feature in _each_feature(site):
        alone = site.client.get(site.item_url(collection, feature), accept="application/geo+json").expect(200).json()
        for relation in ("self", "collection"):
            require(site.links(alone, relation), f"{feature['id']}: no link {relation}")
        for link in site.links(alone, "alternate"):
            require(link.get("type"), f"{feature['id']}: a link alternate has no type")


TESTS = tuple(
    AbstractTest(f"{CORE}/{name}", function)
    for name, function in (
        ("crs84", crs84),
        ("fc-op", fc_op),
        ("fc-bbox-definition", fc_bbox_definition),
        ("fc-bbox-response", fc_bbox_response),
        ("fc-limit-definition", fc_limit_definition),
        ("fc-limit-response", fc_limit_response),
        ("fc-time-definition", fc_time_definition),
        ("fc-time-response", fc_time_response),
        ("query-param-invalid", query_param_invalid),
        ("query-param-unknown", query_param_unknown),
        ("fc-response", fc_response),
        ("fc-links", fc_links),
        ("fc-timeStamp", fc_time_stamp),
        ("fc-numberMatched", fc_number_matched),
        ("fc-numberReturned", fc_number_returned),
        ("f-op", f_op),
        ("f-success", f_success),
        ("f-links", f_links),
    )
)
