"""OGC API - Features Part 3: Filtering (19-079r2, Annex A), its four classes."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from pyproj import Transformer

from conformance import openapi
from conformance.features import geometry
from conformance.filtering.comparison import compared, each
from conformance.filtering.sample import Sample, ask, expect, literal, queryables, refused, samples, with_kind
from conformance.site import CRS84, Site
from conformance.suite import Suite, declared
from conformance.verdict import Skipped, require

BASE = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf"
_UNKNOWN = "no_such_property_4711"


def get_queryables_uris(site: Site) -> None:
    """Every collection links to its queryables."""
    for collection in site.collections:
        queryables(site, collection)


def get_queryables(site: Site) -> None:
    """The queryables are a JSON Schema of an object."""
    for collection in site.collections:
        document = queryables(site, collection)
        require(document.get("type") == "object", f"{collection['id']}: the schema is of type {document.get('type')!r}")
        require("json-schema.org" in str(document.get("$schema")), f"{collection['id']}: `$schema` is {document.get('$schema')!r}")
        require(str(document.get("$id", "")).startswith("http"), f"{collection['id']}: `$id` is {document.get('$id')!r}")
        require(isinstance(document.get("properties"), dict), f"{collection['id']}: no object `properties`")


def query_param(site: Site) -> None:
    """Queryables are query parameters, which select features with that value."""
    for sample, known in each(site):
        found = site.pages(sample.collection, 10_000, limit=1000, exact={known.name: known.middle})
        got = {feature["id"] for feature in found}
        right = {feature["id"] for feature in sample.features if known.of(feature) == known.middle}
        require(got == right, f"{sample.collection['id']}: {known.name}={known.middle} finds {len(got)}, expected {len(right)}")


def filter_param(site: Site) -> None:
    """`filter`, `filter-lang` and `filter-crs` are declared as strings, and a filter is answered."""
    for sample in samples(site):
        operation = openapi.items_operation(site.api, str(sample.collection["id"])) or {}
        for name in ("filter", "filter-lang", "filter-crs"):
            parameter = openapi.parameter(site.api, operation, name)
            require(parameter, f"{sample.collection['id']}: `{name}` is not declared in the API definition")
            require((parameter or {})["schema"].get("type") == "string", f"`{name}` is no string")
    filter_on_items(site)


def filter_lang_default(site: Site) -> None:
    """Without `filter-lang` the filter is CQL2 text; a language that is not offered gives 400."""
    for sample, known in with_kind(site, "string"):
        text = f"{known.quoted} = {literal(known.middle)}"
        got = {feature["id"] for feature in site.pages(sample.collection, 10_000, filter=text, limit=1000)}
        require(got == ask(site, sample, text), f"{sample.collection['id']}: {text} is another filter without filter-lang")
        refused(site, sample, text, "no-such-language")


def expression_construction(site: Site) -> None:
    """A property that is not queryable gives 400, where the queryables say that there are no further ones."""
    closed = [sample for sample in samples(site) if sample.queryables.get("additionalProperties") is False]
    if not closed:
        raise Skipped("queryables of every collection allow additional properties")
    for sample in closed:
        refused(site, sample, f"{_UNKNOWN} = 'x'")


def filter_crs_wgs84(site: Site) -> None:
    """Without `filter-crs` geometries are in CRS84."""
    for sample, name, box in _boxes(site):
        text = f"S_INTERSECTS({name}, {_envelope(box)})"
        plain, named = ask(site, sample, text), ask(site, sample, text, filter_crs=CRS84[0])
        require(plain == named, f"{sample.collection['id']}: {text} is another filter with filter-crs={CRS84[0]}")
        inside = _inside(sample, box, -1e-6)
        require(inside <= plain, f"{sample.collection['id']}: {text} does not find {sorted(map(str, inside - plain))[:5]}")


def filter_crs_param(site: Site) -> None:
    """With `filter-crs` geometries are in that CRS; one that is not offered gives 400."""
    for sample, name, box in _boxes(site):
        plain = f"S_INTERSECTS({name}, {_envelope(box)})"
        refused(site, sample, plain, **{"filter-crs": "http://www.opengis.net/def/crs/EPSG/0/99999"})
        for uri in sample.collection.get("crs", []):
            if uri in CRS84 or "crs-compound" in uri or not uri.startswith("http"):
                continue
            text = f"S_INTERSECTS({name}, {_envelope(box, uri)})"
            got = ask(site, sample, text, filter_crs=uri)
            within, around = _inside(sample, box, -1e-5), _inside(sample, box, 1e-5)
            require(within <= got <= around, f"{sample.collection['id']}: {text} in {uri} finds others than {plain} in CRS84")


def get_functions(site: Site) -> None:
    """/functions lists functions with their arguments and what they return."""
    document = site.client.get(f"{site.url}/functions").expect(200).json()
    require(isinstance(document.get("functions"), list), "no array `functions`")
    for function in document["functions"]:
        require(isinstance(function.get("name"), str), "a function has no name")
        require(isinstance(function.get("returns"), list), f"the function {function['name']} does not say what it returns")
        for argument in function.get("arguments", []):
            require(isinstance(argument.get("type"), list), f"an argument of {function['name']} has no types")


def get_collections(site: Site) -> None:
    """The collections can be listed."""
    require(site.collections, "no collections")


def filter_on_items(site: Site) -> None:
    """A filter selects items."""
    for sample, known in with_kind(site, "string"):
        expect(site, sample, compared(known, "=", known.middle))


def mixing_expression(site: Site) -> None:
    """A filter and `bbox` are joined by AND."""
    tried = False
    for sample, _, box in _boxes(site):
        known = next((one for one in sample.known if one.kind in ("string", "number") and len(one.values) > 1), None)
        if known is None:
            continue
        tried = True
        text = f"{known.quoted} <> {literal(known.middle)}"
        limits = ",".join(map(repr, box))
        boxed = {feature["id"] for feature in site.pages(sample.collection, 10_000, bbox=limits, limit=1000)}
        got, right = ask(site, sample, text, bbox=limits), boxed & ask(site, sample, text)
        require(got == right, f"{sample.collection['id']}: {text} with bbox={limits} finds {len(got)}, expected {len(right)}")
    if not tried:
        raise Skipped("no collection has both geometries and a property with two values")


def _boxes(site: Site) -> list[tuple[Sample, str, geometry.Box]]:
    """Collections with a queryable geometry, its name, and a box in the middle of their features."""
    found = []
    for sample in samples(site):
        boxes = [box for feature in sample.features if (box := geometry.box(feature.get("geometry"))) is not None]
        if sample.geometry is not None and boxes:
            west, south, east, north = (
                pick(values) for pick, values in zip((min, min, max, max), zip(*boxes, strict=True), strict=True)
            )
            wide, high = east - west, north - south
            found.append((sample, sample.geometry, (west + wide / 4, south + high / 4, east - wide / 3, north - high / 3)))
    if not found:
        raise Skipped("no collection has a queryable geometry")
    return found


def _envelope(box: geometry.Box, uri: str | None = None) -> str:
    """The box as a polygon, in CRS84 or with its edges (each in twenty parts) in another CRS, axes as the authority has them."""
    west, south, east, north = box
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    ring = [
        (a[0] + (b[0] - a[0]) * part / 20, a[1] + (b[1] - a[1]) * part / 20) for a, b in pairwise(corners) for part in range(20)
    ]
    ring.append(corners[-1])
    if uri is not None:
        move = Transformer.from_crs("OGC:CRS84", uri)
        ring = [tuple(move.transform(*position)) for position in ring]
        require(all(map(math.isfinite, (v for position in ring for v in position))), f"{uri} does not reach the data")
    return "POLYGON((" + ",".join(f"{x!r} {y!r}" for x, y in ring) + "))"


def _inside(sample: Sample, box: geometry.Box, slack: float) -> set[Any]:
    """Features with a position in the box, grown by `slack`; grown ones count by their own box."""
    west, south, east, north = box[0] - slack, box[1] - slack, box[2] + slack, box[3] + slack
    found = set()
    for feature in sample.features:
        own = geometry.box(feature.get("geometry"))
        if slack > 0:
            if own is not None and geometry.intersect(own, (west, south, east, north)):
                found.add(feature["id"])
        elif any(west <= p[0] <= east and south <= p[1] <= north for p in geometry.positions(feature.get("geometry"))):
            found.add(feature["id"])
    return found


QUERYABLES = Suite.of(
    f"{BASE}/queryables",
    get_conformance=declared(f"{BASE}/queryables"),
    get_queryables_uris=get_queryables_uris,
    get_queryables=get_queryables,
)
PARAMETERS = Suite.of(
    f"{BASE}/queryables-query-parameters",
    get_conformance=declared(f"{BASE}/queryables-query-parameters"),
    query_param=query_param,
)
FILTER = Suite.of(
    f"{BASE}/filter",
    get_conformance=declared(f"{BASE}/filter"),
    filter_param=filter_param,
    filter_lang_default=filter_lang_default,
    expression_construction=expression_construction,
    filter_crs_wgs84=filter_crs_wgs84,
    filter_crs_param=filter_crs_param,
    get_functions=get_functions,
)
FEATURES = Suite.of(
    f"{BASE}/features-filter",
    get_conformance=declared(f"{BASE}/features-filter"),
    get_collections=get_collections,
    get_collection=get_queryables_uris,
    filter_on_items=filter_on_items,
    mixing_expression=mixing_expression,
)
