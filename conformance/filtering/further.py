"""CQL2 (21-065, Annex A): temporal functions, array functions and the server's own functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from conformance.filtering.comparison import CQL2, test_data
from conformance.filtering.sample import (
    UNSURE,
    Known,
    Predicate,
    Sample,
    ask,
    expect,
    literal,
    logical,
    refused,
    samples,
    with_kind,
)
from conformance.site import Site
from conformance.suite import Suite
from conformance.verdict import Skipped, require

# --- times -----------------------------------------------------------------------------------------------------------


def _time(value: str) -> datetime:
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _instant(value: str) -> str:
    return f"DATE('{value}')" if len(value) == len("2000-01-01") else f"TIMESTAMP('{_zulu(value)}')"


def _zulu(value: str) -> str:
    return _time(value).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _timed(known: Known, function: str, text: str, right: Callable[[datetime], bool]) -> Predicate:
    def truth(feature: Any) -> Any:
        own = known.of(feature)
        return None if own is None else right(_time(own))

    return Predicate(f"{function}({known.quoted}, {text})", truth)


def _instants(known: Known) -> list[Predicate]:
    value = known.middle
    at, text = _time(value), _instant(value)
    return [
        _timed(known, "T_AFTER", text, lambda own: own > at),
        _timed(known, "T_BEFORE", text, lambda own: own < at),
        _timed(known, "T_DISJOINT", text, lambda own: own != at),
        _timed(known, "T_EQUALS", text, lambda own: own == at),
        _timed(known, "T_INTERSECTS", text, lambda own: own == at),
    ]


def _intervals(known: Known) -> list[Predicate]:
    low, high = known.values[len(known.values) // 4], known.values[(3 * len(known.values)) // 4]
    first, last = _time(low), _time(high)
    ends = [value if len(value) == len("2000-01-01") else _zulu(value) for value in (low, high)]
    closed = f"INTERVAL('{ends[0]}', '{ends[1]}')"
    return [
        _timed(known, "T_INTERSECTS", closed, lambda own: first <= own <= last),
        _timed(known, "T_DISJOINT", closed, lambda own: not first <= own <= last),
        _timed(known, "T_AFTER", closed, lambda own: own > last),
        _timed(known, "T_BEFORE", closed, lambda own: own < first),
        _timed(known, "T_INTERSECTS", f"INTERVAL('..', '{ends[1]}')", lambda own: own <= last),
        _timed(known, "T_INTERSECTS", f"INTERVAL('{ends[0]}', '..')", lambda own: own >= first),
    ]


def temporal_instants(site: Site) -> None:
    """T_AFTER, T_BEFORE, T_DISJOINT, T_EQUALS and T_INTERSECTS beside instants."""
    for sample, known in with_kind(site, "instant"):
        for predicate in _instants(known):
            expect(site, sample, predicate)


def temporal_intervals(site: Site) -> None:
    """The same beside intervals, open ones too."""
    for sample, known in with_kind(site, "instant"):
        for predicate in _intervals(known):
            expect(site, sample, predicate)


def temporal_logical(site: Site) -> None:
    """AND, OR, NOT over temporal predicates."""
    for sample, known in with_kind(site, "instant"):
        logical(site, sample, _instants(known)[0], _intervals(known)[0])


# --- arrays ----------------------------------------------------------------------------------------------------------


def _arrays(known: Known) -> list[Predicate]:
    some = list(dict.fromkeys(known.middle))
    text = f"({', '.join(map(literal, some))})"

    def made(function: str, right: Callable[[set[Any]], Any]) -> Predicate:
        def truth(feature: Any) -> Any:
            own = known.of(feature)
            return None if own is None else right(set(own))

        return Predicate(f"{function}({known.quoted}, {text})", truth)

    wanted = set(some)
    return [
        made("A_CONTAINS", lambda own: own >= wanted),
        made("A_CONTAINEDBY", lambda own: own <= wanted),
        made("A_OVERLAPS", lambda own: bool(own & wanted)),
        made("A_EQUALS", lambda own: False if own != wanted else UNSURE),  # whether order counts is not said
    ]


def array_predicates(site: Site) -> None:
    """A_CONTAINS, A_CONTAINEDBY, A_OVERLAPS and A_EQUALS."""
    for sample, known in with_kind(site, "array"):
        for predicate in _arrays(known):
            expect(site, sample, predicate)


def array_logical(site: Site) -> None:
    """AND, OR, NOT over array predicates."""
    for sample, known in with_kind(site, "array"):
        first, _, second, _ = _arrays(known)
        logical(site, sample, first, second)


# --- functions -------------------------------------------------------------------------------------------------------


def _calls(site: Site, sample: Sample) -> Iterator[tuple[dict[str, Any], str]]:
    """Each function that the collection has arguments for, called with them."""
    document = site.client.get(f"{site.url}/functions").expect(200).json()
    for function in document.get("functions", []):
        arguments = [_argument(sample, argument.get("type", [])) for argument in function.get("arguments", [])]
        if all(arguments):
            yield function, f"{function['name']}({', '.join(map(str, arguments))})"


def _argument(sample: Sample, types: list[str]) -> str | None:
    wanted = {"number": "number", "integer": "number", "string": "string", "boolean": "boolean", "datetime": "instant"}
    for kind in types:
        if kind == "geometry" and sample.geometry is not None:
            return sample.geometry
        for known in sample.known:
            whole = kind != "integer" or all(isinstance(value, int) for value in known.values)
            if known.kind == wanted.get(kind) and whole:
                return known.quoted
    return None


def functions(site: Site) -> None:
    """Every function told of at /functions can be called; one that is not told of gives 400."""
    called = False
    for sample in samples(site):
        for function, call in _calls(site, sample):
            called = True
            boolean = function.get("returns") == ["boolean"]
            every = {feature["id"] for feature in sample.features}
            found = ask(site, sample, call if boolean else f"{call} IS NOT NULL")
            none = ask(site, sample, f"NOT {call}" if boolean else f"{call} IS NULL")
            require(not found & none, f"{sample.collection['id']}: {call} both holds and does not")
            require(boolean or found | none == every, f"{sample.collection['id']}: {call} neither is null nor is not")
        refused(site, sample, "no_such_function_4711(1) = 1")
    if not called:
        raise Skipped("no function takes arguments of the types that the collections have")


TEMPORAL = Suite.of(
    f"{CQL2}/temporal-functions",
    temporal_functions_1=temporal_instants,
    temporal_functions_2=temporal_intervals,
    test_data=test_data,
    logical=temporal_logical,
)
ARRAYS = Suite.of(f"{CQL2}/array-functions", array_predicates=array_predicates, logical=array_logical)
FUNCTIONS = Suite.of(f"{CQL2}/functions", functions=functions)
