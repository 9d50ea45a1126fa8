"""CQL2 (21-065, Annex A): text and JSON, comparisons, arithmetic, and comparisons without regard to case and accents."""

from __future__ import annotations

import operator
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from conformance.filtering.sample import UNSURE, Known, Predicate, Sample, expect, literal, logical, queryables, refused, with_kind
from conformance.site import Site
from conformance.suite import Suite
from conformance.verdict import Skipped

CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf"
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compared(known: Known, sign: str, value: Any) -> Predicate:
    """A property beside a value."""
    tree = {"op": sign, "args": [known.tree, value]}
    return Predicate(f"{known.quoted} {sign} {literal(value)}", lambda f: _held(sign, known.of(f), value), tree)


def _held(sign: str, left: Any, right: Any) -> bool | None:
    return None if left is None or right is None else _OPERATORS[sign](left, right)


def each(site: Site) -> Iterator[tuple[Sample, Known]]:
    """Texts and numbers of the collections that have them. Raises Skipped where none has either."""
    missing = 0
    for kind in ("string", "number"):
        try:
            yield from with_kind(site, kind)
        except Skipped:
            missing += 1
    if missing == 2:
        raise Skipped("no collection has a queryable text or number")


def _comparisons(known: Known) -> list[Predicate]:
    signs = ("=", "<>") if known.kind == "string" else tuple(_OPERATORS)  # the order of texts is the server's own
    return [compared(known, sign, known.middle) for sign in signs]


def test_data(site: Site) -> None:
    """The predicates of Annex A.2 over the standard's own dataset."""
    raise Skipped("the standard's own dataset is not on this server; the other tests take their values from what is")


# --- the encodings ---------------------------------------------------------------------------------------------------


def text_validate(site: Site) -> None:
    """CQL2 text is understood, and what is none gives 400."""
    for sample, known in each(site):
        expect(site, sample, compared(known, "=", known.middle))
        for wrong in (f"{known.quoted} = ", f"{known.quoted} == {literal(known.middle)}", f"({known.quoted} = 1", "AND", "'open"):
            refused(site, sample, wrong)


def escaping(site: Site) -> None:
    """A quotation mark in a text is doubled."""
    for sample, known in with_kind(site, "string"):
        marked = next((value for value in known.values if "'" in value), f"{known.middle}'s")
        expect(site, sample, compared(known, "=", marked))


def json_validate(site: Site) -> None:
    """CQL2 JSON is understood, and what is none gives 400."""
    for sample, known in each(site):
        first, second = _comparisons(known)[:2]
        expect(site, sample, first, as_json=True)
        expect(site, sample, second, as_json=True)
        absent = Predicate("", lambda f, known=known: known.of(f) is None, {"op": "isNull", "args": [known.tree]})  # type: ignore[misc]
        expect(site, sample, absent, as_json=True)
        tree = {"op": "or", "args": [first.tree, {"op": "not", "args": [second.tree]}]}
        expect(site, sample, Predicate("", first.truth, tree), as_json=True)
        for wrong in ("{", "[]", '{"op":"no-such-operator","args":[]}', '{"op":"="}'):
            refused(site, sample, wrong, "cql2-json")


# --- basic CQL2 ------------------------------------------------------------------------------------------------------


def basic_test(site: Site) -> None:
    """The properties that filters may name are told."""
    for sample, _ in each(site):
        queryables(site, sample.collection)


def comparison(site: Site) -> None:
    """= <> < > <= >= beside values."""
    for sample, known in each(site):
        for predicate in _comparisons(known):
            expect(site, sample, predicate)


def is_null(site: Site) -> None:
    """IS NULL and IS NOT NULL."""
    for sample, known in each(site):
        expect(site, sample, Predicate(f"{known.quoted} IS NULL", lambda f, known=known: known.of(f) is None))  # type: ignore[misc]
        expect(site, sample, Predicate(f"{known.quoted} IS NOT NULL", lambda f, known=known: known.of(f) is not None))  # type: ignore[misc]


def boolean(site: Site) -> None:
    """Properties of true and false beside them."""
    for sample, known in with_kind(site, "boolean"):
        for value in (True, False):
            expect(site, sample, compared(known, "=", value))


def basic_logical(site: Site) -> None:
    """AND, OR, NOT."""
    for sample, known in each(site):
        first, second = compared(known, "=", known.middle), compared(known, "<>", known.values[0])
        logical(site, sample, first, second)


# --- advanced comparisons --------------------------------------------------------------------------------------------


def _like(known: Known) -> Predicate:
    begin = known.middle[: max(1, len(known.middle) // 2)]
    mask = begin.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    tree = {"op": "like", "args": [known.tree, f"{mask}%"]}
    return Predicate(
        f"{known.quoted} LIKE {literal(f'{mask}%')}", lambda f: None if known.of(f) is None else known.of(f).startswith(begin), tree
    )


def _between(known: Known) -> Predicate:
    low, high = known.values[len(known.values) // 4], known.values[(3 * len(known.values)) // 4]
    truth = lambda f: None if known.of(f) is None else low <= known.of(f) <= high  # noqa: E731
    return Predicate(f"{known.quoted} BETWEEN {low!r} AND {high!r}", truth)


def _in(known: Known) -> Predicate:
    some = known.values[::2][:5]
    listed = ", ".join(map(literal, some))
    return Predicate(f"{known.quoted} IN ({listed})", lambda f: None if known.of(f) is None else known.of(f) in some)


def like(site: Site) -> None:
    """LIKE, with regard to case."""
    for sample, known in with_kind(site, "string"):
        expect(site, sample, _like(known))
        if any(c.isalpha() for c in known.middle):
            swapped = Predicate(f"{known.quoted} LIKE {literal(known.middle.swapcase())}", _equals(known, known.middle.swapcase()))
            if not set(known.middle) & set("%_\\"):
                expect(site, sample, swapped)


def between(site: Site) -> None:
    """BETWEEN, ends included."""
    for sample, known in with_kind(site, "number"):
        expect(site, sample, _between(known))


def is_in(site: Site) -> None:
    """IN a list of texts and of numbers."""
    for sample, known in each(site):
        expect(site, sample, _in(known))


def advanced_logical(site: Site) -> None:
    """AND, OR, NOT over LIKE and IN."""
    for sample, known in with_kind(site, "string"):
        logical(site, sample, _like(known), _in(known))


def _equals(known: Known, value: str, change: Callable[[str], str] = str) -> Callable[[Any], Any]:
    return lambda f: None if known.of(f) is None else change(known.of(f)) == value


# --- case and accents ------------------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def _folded(text: str) -> str:
    return text.casefold()


def _bare(text: str) -> str:
    return _plain(text).casefold()


def _function(outer: str, change: Callable[[str], str], disguise: Callable[[str], str], *, pattern: bool) -> Callable[[Site], None]:
    """A test of ``outer(property) = outer('disguised value')``, or LIKE it with a wildcard."""
    close = ")" * outer.count("(")

    def test(site: Site) -> None:
        for sample, known in with_kind(site, "string"):
            value = next((v for v in known.values if _plain(v) != v), known.middle)
            if set(value) & set("%_\\"):
                continue
            begin = value[: max(1, len(value) // 2)] if pattern else value
            wanted = literal(disguise(begin) + ("%" if pattern else ""))
            text = f"{outer}{known.quoted}{close} {'LIKE' if pattern else '='} {outer}{wanted}{close}"

            def truth(f: Any, known: Known = known, begin: str = begin) -> bool | None:
                own = known.of(f)
                if own is None:
                    return None
                return change(own).startswith(change(begin)) if pattern else change(own) == change(begin)

            expect(site, sample, Predicate(text, truth))

    return test


def _function_logical(name: str, change: Callable[[str], str]) -> Callable[[Site], None]:
    """AND, OR, NOT over comparisons through a function."""

    def test(site: Site) -> None:
        for sample, known in with_kind(site, "string", several=True):
            first, second = (
                Predicate(f"{name}({known.quoted}) = {name}({literal(value)})", _equals(known, change(value), change))
                for value in (known.values[0], known.values[-1])
            )
            logical(site, sample, first, second)

    return test


# --- properties on both sides, arithmetic ----------------------------------------------------------------------------


def value_property(site: Site) -> None:
    """A value on the left."""
    turned = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
    for sample, known in with_kind(site, "number"):
        for sign, other in turned.items():
            expect(
                site,
                sample,
                Predicate(f"{known.middle!r} {sign} {known.quoted}", compared(known, other, known.middle).truth),
            )


def _pairs(site: Site) -> Iterator[tuple[Sample, Known, Known]]:
    found = False
    for sample, first in with_kind(site, "number"):
        for second in sample.known:
            if second.kind == "number" and second != first:
                found = True
                yield sample, first, second
                break
    if not found:
        raise Skipped("no collection has two queryable numbers")


def _beside(first: Known, sign: str, second: Known) -> Predicate:
    return Predicate(f"{first.quoted} {sign} {second.quoted}", lambda f: _held(sign, first.of(f), second.of(f)))


def property_property(site: Site) -> None:
    """Properties on both sides."""
    for sample, first, second in _pairs(site):
        for sign in _OPERATORS:
            expect(site, sample, _beside(first, sign, second))


def value_value(site: Site) -> None:
    """Values on both sides: all features, or none."""
    for sample, _ in each(site):
        for text, truth in (("1 = 1", True), ("1 > 2", False), ("'a' = 'a'", True), ("'a' <> 'a'", False)):
            expect(site, sample, Predicate(text, lambda f, truth=truth: truth))  # type: ignore[misc]


def property_logical(site: Site) -> None:
    """AND, OR, NOT over properties on both sides."""
    for sample, first, second in _pairs(site):
        logical(site, sample, _beside(first, "<", second), _beside(second, ">=", first))


def _sum(text: str, known: Known, value: Callable[[float], float], sign: str, limit: float) -> Predicate:
    def truth(f: Any) -> Any:
        own = known.of(f)
        if own is None:
            return None
        left = value(own)
        return UNSURE if abs(left - limit) <= 1e-9 * max(1.0, abs(limit)) else _OPERATORS[sign](left, limit)

    return Predicate(f"{text.format(known.quoted)} {sign} {limit!r}", truth)


def _sums(known: Known) -> list[Predicate]:
    middle = float(known.middle)
    return [
        _sum("{} + 1.5", known, lambda v: v + 1.5, ">", middle + 1.25),
        _sum("{} - 2", known, lambda v: v - 2, "<=", middle - 1.75),
        _sum("{} * 2", known, lambda v: v * 2, "<", middle * 2 + 0.5),
        _sum("({} + 3) / 2.0", known, lambda v: (v + 3) / 2, ">=", (middle + 3) / 2 + 0.125),
    ]


def arithmetic(site: Site) -> None:
    """+ - * / and parentheses."""
    for sample, known in with_kind(site, "number"):
        for predicate in _sums(known):
            expect(site, sample, predicate)


def arithmetic_logical(site: Site) -> None:
    """AND, OR, NOT over sums."""
    for sample, known in with_kind(site, "number"):
        first, second = _sums(known)[:2]
        logical(site, sample, first, second)


TEXT = Suite.of(f"{CQL2}/cql2-text", validate=text_validate, escaping=escaping)
JSON = Suite.of(f"{CQL2}/cql2-json", validate=json_validate)
BASIC = Suite.of(
    f"{CQL2}/basic-cql2",
    basic_test=basic_test,
    comparison=comparison,
    is_null=is_null,
    boolean=boolean,
    test_data=test_data,
    logical=basic_logical,
)
ADVANCED = Suite.of(
    f"{CQL2}/advanced-comparison-operators",
    like=like,
    between=between,
    **{"in": is_in},
    test_data=test_data,
    logical=advanced_logical,
)
CASE = Suite.of(
    f"{CQL2}/case-insensitive-comparison",
    casei=_function("CASEI(", _folded, str.swapcase, pattern=False),
    casei_like=_function("CASEI(", _folded, str.swapcase, pattern=True),
    test_data=test_data,
    logical=_function_logical("CASEI", _folded),
)
ACCENTS = Suite.of(
    f"{CQL2}/accent-insensitive-comparison",
    accenti=_function("ACCENTI(", _plain, _plain, pattern=False),
    accenti_like=_function("ACCENTI(", _plain, _plain, pattern=True),
    accenti_casei=_function("ACCENTI(CASEI(", _bare, lambda text: _plain(text).swapcase(), pattern=False),
    accenti_casei_like=_function("ACCENTI(CASEI(", _bare, lambda text: _plain(text).swapcase(), pattern=True),
    test_data=test_data,
    logical=_function_logical("ACCENTI", _plain),
)
PROPERTIES = Suite.of(
    f"{CQL2}/property-property",
    comparison_value_property=value_property,
    comparison_property_property=property_property,
    comparison_value_value=value_value,
    test_data=test_data,
    logical=property_logical,
)
ARITHMETIC = Suite.of(f"{CQL2}/arithmetic", arithmetic=arithmetic, test_data=test_data, logical=arithmetic_logical)
