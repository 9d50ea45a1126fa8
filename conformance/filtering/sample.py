"""What the tests of filters know of the data: whole collections, fetched once, and predicates with the truth about each feature."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from conformance.site import Site
from conformance.verdict import Failed, Skipped, require

QUERYABLES = ("http://www.opengis.net/def/rel/ogc/1.0/queryables", "[ogc-rel:queryables]", "ogc:queryables")
MOST = 3000
"""Features of the largest collection that is read whole."""
UNSURE = object()
"""The truth where rounding decides."""

type Feature = dict[str, Any]
type Truth = Callable[[Feature], Any]


@dataclass(frozen=True, slots=True)
class Predicate:
    """A filter in CQL2 text (and JSON), with what it says of a feature: True, False, None (unknown) or UNSURE."""

    text: str
    truth: Truth
    tree: Any = None


@dataclass(frozen=True, slots=True)
class Known:
    """A queryable that stands among the features' properties, with the distinct values it has (never null), in order."""

    name: str
    kind: str
    values: tuple[Any, ...]

    @property
    def quoted(self) -> str:
        """The name as CQL2 text has it."""
        return self.name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", self.name) else '"' + self.name.replace('"', '""') + '"'

    @property
    def middle(self) -> Any:
        """A value in the middle of those there are."""
        return self.values[len(self.values) // 2]

    def of(self, feature: Feature) -> Any:
        """The feature's value, None where it has none."""
        return (feature.get("properties") or {}).get(self.name)

    @property
    def tree(self) -> dict[str, str]:
        """The property in CQL2 JSON."""
        return {"property": self.name}


@dataclass(frozen=True)
class Sample:
    """One collection, wholly known: its description, queryables and features."""

    collection: dict[str, Any]
    queryables: dict[str, Any]
    features: list[Feature]

    @cached_property
    def known(self) -> list[Known]:
        """The queryables with values."""
        found = []
        for name, schema in self.queryables.get("properties", {}).items():
            values = {
                json.dumps(value): value for f in self.features if (value := (f.get("properties") or {}).get(name)) is not None
            }
            kind = _kind(schema, list(values.values()))
            if kind is not None:
                found.append(
                    Known(name, kind, tuple(sorted(values.values(), key=lambda v: v if kind != "array" else json.dumps(v))))
                )
        return found

    @property
    def geometry(self) -> str | None:
        """The name of the queryable geometry."""
        for name, schema in self.queryables.get("properties", {}).items():
            if str(schema.get("format", "")).startswith("geometry-") or "geojson.org" in str(schema.get("$ref", "")):
                return str(name)
        return None


def _kind(schema: dict[str, Any], values: list[Any]) -> str | None:
    if not values:
        return None
    for kind, types, formats in (
        ("instant", (str,), ("date", "date-time")),
        ("string", (str,), ()),
        ("boolean", (bool,), ()),
        ("number", (int, float), ()),
        ("array", (list,), ()),
    ):
        right = all(isinstance(value, types) and (kind != "number" or not isinstance(value, bool)) for value in values)
        if right and (not formats or schema.get("format") in formats):
            return kind
    return None


def queryables(site: Site, collection: dict[str, Any]) -> dict[str, Any]:
    """The Queryables resource that the collection links to. Raises Failed."""
    described = site.client.get(site.collection_url(collection)).expect(200).json()
    for link in described.get("links", []):
        if link.get("rel") in QUERYABLES and "html" not in link.get("type", ""):
            document = site.client.get(site.absolute(link["href"]), accept="application/schema+json").expect(200).json()
            require(isinstance(document, dict), f"{link['href']} is no JSON object")
            return dict(document)
    raise Failed(f"collection {collection['id']} has no link to its queryables")


def samples(site: Site) -> list[Sample]:
    """The collections small enough to be read whole. Raises Skipped where there are none."""
    if "samples" not in site.kept:
        found = []
        for collection in site.collections:
            features = list(site.pages(collection, MOST + 1, limit=1000))
            if 0 < len(features) <= MOST and all("id" in feature for feature in features):
                found.append(Sample(collection, queryables(site, collection), features))
        site.kept["samples"] = found
    if not site.kept["samples"]:
        raise Skipped(f"no collection has between 1 and {MOST} features")
    return list(site.kept["samples"])


def with_kind(site: Site, kind: str, *, several: bool = False) -> Iterator[tuple[Sample, Known]]:
    """One property of a kind of each collection that has one, with at least two values if `several`. Raises Skipped."""
    found = False
    for sample in samples(site):
        known = [one for one in sample.known if one.kind == kind and (not several or len(one.values) > 1)]
        if known:
            found = True
            yield sample, max(known, key=lambda one: len(one.values))
    if not found:
        raise Skipped(f"no collection has a queryable {kind}{' with two values' if several else ''}")


def ask(site: Site, sample: Sample, filter: str, language: str = "cql2-text", **parameters: Any) -> set[Any]:
    """The ids a filter finds, page after page."""
    asked = {"filter": filter, "filter_lang": language, "limit": 1000, **parameters}
    return {feature["id"] for feature in site.pages(sample.collection, MOST + 1, **asked)}


def expect(site: Site, sample: Sample, predicate: Predicate, *, as_json: bool = False) -> None:
    """The filter finds the features it is true of, and no other."""
    filter = json.dumps(predicate.tree) if as_json else predicate.text
    got = ask(site, sample, filter, "cql2-json" if as_json else "cql2-text")
    for feature in sample.features:
        truth = predicate.truth(feature)
        if truth is not UNSURE and (feature["id"] in got) is not (truth is True):
            what = "finds" if feature["id"] in got else "does not find"
            raise Failed(f"{sample.collection['id']}: the filter {filter} {what} {feature['id']}: {json.dumps(feature)[:200]}")


def refused(site: Site, sample: Sample, filter: str, language: str = "cql2-text", **parameters: Any) -> None:
    """A filter that is wrong gives 400."""
    asked = {"filter": filter, "filter-lang": language, **parameters}
    response = site.client.get(site.items_url(sample.collection), asked, accept="application/geo+json")
    require(response.status == 400, f"{response.url} gives {response.status}, expected 400")


def literal(value: Any) -> str:
    """A value in CQL2 text."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


def logical(site: Site, sample: Sample, first: Predicate, second: Predicate) -> None:
    """The two predicates joined by AND, OR and NOT, with sub-expressions."""
    a, b = first, second
    for text, truth in (
        (f"{a.text} AND {b.text}", lambda f: both(a.truth(f), b.truth(f))),
        (f"{a.text} OR {b.text}", lambda f: either(a.truth(f), b.truth(f))),
        (f"NOT ({a.text})", lambda f: negated(a.truth(f))),
        (f"({a.text}) AND NOT ({b.text})", lambda f: both(a.truth(f), negated(b.truth(f)))),
        (f"NOT ({a.text} OR {b.text})", lambda f: negated(either(a.truth(f), b.truth(f)))),
        (
            f"({a.text} AND {b.text}) OR (NOT ({a.text}) AND NOT ({b.text}))",
            lambda f: either(both(a.truth(f), b.truth(f)), both(negated(a.truth(f)), negated(b.truth(f)))),
        ),
    ):
        expect(site, sample, Predicate(text, truth))


def both(a: Any, b: Any) -> Any:
    """AND of three-valued logic."""
    if a is False or b is False:
        return False
    if a is UNSURE or b is UNSURE:
        return UNSURE
    return None if a is None or b is None else True


def either(a: Any, b: Any) -> Any:
    """OR of three-valued logic."""
    return negated(both(negated(a), negated(b)))


def negated(a: Any) -> Any:
    """NOT of three-valued logic."""
    return a if a is UNSURE or a is None else not a
