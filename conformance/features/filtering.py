"""OGC API - Features Part 3: Filtering (19-079r2, Annex A), and Basic CQL2 (21-065, Annex A), on the collections' own values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.site import Site
from conformance.verdict import AbstractTest, Skipped, require

_PART_3 = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf"
QUERYABLES, PARAMETERS = f"{_PART_3}/queryables", f"{_PART_3}/queryables-query-parameters"
FILTER, FEATURES_FILTER = f"{_PART_3}/filter", f"{_PART_3}/features-filter"
BASIC = "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2"
_RELATIONS = ("http://www.opengis.net/def/rel/ogc/1.0/queryables", "[ogc-rel:queryables]")
_UNKNOWN = "no_such_property_f3a1"
_LIMIT = 100


def _queryables(site: Site, collection: dict[str, Any]) -> dict[str, Any]:
    links = [link for relation in _RELATIONS for link in site.links(collection, relation)]
    require(links, f"{collection['id']} has no link to its queryables")
    found = site.client.get(site.absolute(links[0]["href"]), accept="application/schema+json").expect(200).json()
    require(isinstance(found, dict) and isinstance(found.get("properties", {}), dict), "the queryables are no schema of an object")
    return dict(found)


def _values(site: Site) -> Iterator[tuple[dict[str, Any], str, Any]]:
    """(collection, queryable, a value that a feature has), one of each collection that has such. Raises Skipped where none has."""
    tried = False
    for collection in site.collections:
        known = _queryables(site, collection).get("properties", {})
        for feature in site.features(collection, 5):
            properties = feature.get("properties") or {}
            named = [name for name, value in properties.items() if name in known and isinstance(value, str | int | float)]
            plain = [name for name in named if known[name].get("format") not in ("date", "date-time")]
            if plain:
                tried = True
                yield collection, plain[0], properties[plain[0]]
                break
    if not tried:
        raise Skipped("no collection has a feature with a value of a queryable")


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _found(site: Site, collection: dict[str, Any], filter: str, **parameters: Any) -> list[dict[str, Any]]:
    page = site.items(collection, filter=filter, limit=_LIMIT, **parameters)
    return [feature for feature in page.get("features", []) if isinstance(feature, dict)]


def get_queryables(site: Site) -> None:
    """Every collection links to its queryables, a JSON Schema of an object."""
    for collection in site.collections:
        found = _queryables(site, collection)
        require(found.get("type") == "object", f"{collection['id']}: the queryables are of type {found.get('type')}")
        require("json-schema.org" in str(found.get("$schema")), f"{collection['id']}: $schema is {found.get('$schema')}")


def query_param(site: Site) -> None:
    """A queryable as a parameter selects the features that have the value."""
    for collection, name, value in _values(site):
        given = str(value).lower() if isinstance(value, bool) else value
        response = site.client.get(site.items_url(collection), {name: given, "limit": _LIMIT}, accept="application/geo+json")
        for feature in response.expect(200).json().get("features", []):
            require(feature["properties"].get(name) == value, f"{collection['id']}/{feature.get('id')}: {name} is not {value!r}")


def filter_param(site: Site) -> None:
    """`filter` selects the features for which it holds, and only those."""
    for collection, name, value in _values(site):
        found = _found(site, collection, f"{_name(name)} = {_literal(value)}")
        require(found, f"{collection['id']}: no feature has {name} = {value!r}, though one was shown")
        for feature in found:
            require(feature["properties"].get(name) == value, f"{collection['id']}/{feature.get('id')}: {name} is not {value!r}")


def filter_lang_default(site: Site) -> None:
    """Without `filter-lang` a filter is CQL2 Text."""
    for collection, name, value in _values(site):
        text = f"{_name(name)} = {_literal(value)}"
        ids = [feature.get("id") for feature in _found(site, collection, text)]
        named = [feature.get("id") for feature in _found(site, collection, text, filter_lang="cql2-text")]
        require(ids == named, f"{collection['id']}: filter-lang=cql2-text changes the answer")


def expression_construction(site: Site) -> None:
    """A property that is no queryable is refused, where the queryables say that there are no others."""
    tried = False
    for collection in site.collections:
        if _queryables(site, collection).get("additionalProperties") is False:
            tried = True
            response = site.client.get(site.items_url(collection), {"filter": f"{_UNKNOWN} = 'x'"}, accept="application/geo+json")
            require(response.status == 400, f"{response.url} gives {response.status}, expected 400")
    if not tried:
        raise Skipped("no collection says additionalProperties: false")


def get_functions(site: Site) -> None:
    """/functions lists functions with a name and what they return."""
    found = site.client.get(f"{site.url}/functions").expect(200).json()
    require(isinstance(found.get("functions"), list), "/functions has no array `functions`")
    for function in found["functions"]:
        require(isinstance(function.get("name"), str) and isinstance(function.get("returns"), list), f"{function} is no function")


def filter_on_items(site: Site) -> None:
    """The items of every collection take a filter."""
    for collection, name, _ in _values(site):
        _found(site, collection, f"{_name(name)} IS NULL")


def mixing_expression(site: Site) -> None:
    """A filter and a box are joined by AND."""
    for collection, name, value in _values(site):
        text = f"{_name(name)} = {_literal(value)}"
        box = "-180,-90,180,90"
        both = [feature.get("id") for feature in _found(site, collection, text, bbox=box)]
        alone = [feature.get("id") for feature in _found(site, collection, text) if feature.get("geometry") is not None]
        require(set(alone) >= set(both), f"{collection['id']}: with a box there are features that the filter alone does not find")
        require(all(one in both for one in alone), f"{collection['id']}: the box of the world takes features away")


def comparison(site: Site) -> None:
    """The six comparisons agree with the values that are shown."""
    for collection, name, value in _values(site):
        signs = ("=", "<>") if isinstance(value, bool | str) else ("=", "<>", "<", "<=", ">", ">=")
        for sign in signs:
            for feature in _found(site, collection, f"{_name(name)} {sign} {_literal(value)}"):
                shown = feature["properties"].get(name)
                right = {"=": lambda a, b: a == b, "<>": lambda a, b: a != b, "<": lambda a, b: a < b}
                right |= {"<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b}
                require(
                    shown is not None and right[sign](shown, value),
                    f"{collection['id']}/{feature.get('id')}: {shown!r} {sign} {value!r} does not hold",
                )


def is_null(site: Site) -> None:
    """IS NULL finds what has no value, IS NOT NULL what has one."""
    for collection, name, _ in _values(site):
        for feature in _found(site, collection, f"{_name(name)} IS NULL"):
            require(feature["properties"].get(name) is None, f"{collection['id']}/{feature.get('id')}: {name} has a value")
        for feature in _found(site, collection, f"{_name(name)} IS NOT NULL"):
            require(feature["properties"].get(name) is not None, f"{collection['id']}/{feature.get('id')}: {name} has no value")


def logical(site: Site) -> None:
    """AND with a contradiction finds nothing, OR with its opposite what has a value."""
    for collection, name, value in _values(site):
        one = f"{_name(name)} = {_literal(value)}"
        require(not _found(site, collection, f"({one}) AND NOT ({one})"), f"{collection['id']}: a contradiction finds features")
        either = [feature.get("id") for feature in _found(site, collection, f"({one}) OR NOT ({one})")]
        there = [feature.get("id") for feature in _found(site, collection, f"{_name(name)} IS NOT NULL")]
        require(either == there, f"{collection['id']}: a condition or its opposite does not find what has a value")


TESTS_QUERYABLES = (AbstractTest(f"{QUERYABLES}/get-queryables", get_queryables),)
TESTS_PARAMETERS = (AbstractTest(f"{PARAMETERS}/query-param", query_param),)
TESTS_FILTER = tuple(
    AbstractTest(f"{FILTER}/{name}", function)
    for name, function in (
        ("filter-param", filter_param),
        ("filter-lang-default", filter_lang_default),
        ("expression-construction", expression_construction),
        ("get-functions", get_functions),
    )
)
TESTS_FEATURES_FILTER = (
    AbstractTest(f"{FEATURES_FILTER}/filter-on-items", filter_on_items),
    AbstractTest(f"{FEATURES_FILTER}/mixing-expression", mixing_expression),
)
TESTS_BASIC = tuple(
    AbstractTest(f"{BASIC}/{name}", function)
    for name, function in (("comparison", comparison), ("is-null", is_null), ("logical", logical))
)
