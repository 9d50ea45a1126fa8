"""Conditions on time as comparisons of text, the same for every store.

An instant is the RFC 3339 text with microseconds of `store.moments`, which sorts as time does. Where every operand of a
condition is a day (a DATE, or a property declared as one), days are compared as they are written; else a day lasts from its
first to its last microsecond. What is left for a store to say: ``Call("first", (p,))`` and ``Call("last", (p,))``, the first
and the last microsecond that the text of a property names (no value where it names none), and ``Call("else", (p, text))``,
the text where the property has no value.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.model.query import (
    And,
    Between,
    Call,
    Comparison,
    Expression,
    In,
    Instant,
    Interval,
    Not,
    Operand,
    Or,
    Property,
    Temporal,
)
from gateway.store import moments

DAY, MOMENT, TEXT, SPAN = "day", "moment", "text", "span"
"""What a property of time is: a declared day; a declared moment; a text that may name one; an end of the feature's validity,
kept as the text of `store.moments` already, and open where it has no value."""

type Kinds = Callable[[Property], str | None]
"""What a property is in time; None for one that is no text."""

_EARLIEST, _LATEST = "", "~"
"""Before and after the text of every instant: open ends."""


def concerns(operands: tuple[Operand, ...], kinds: Kinds) -> bool:
    """Whether a comparison of these operands is one of time: an instant among them, or times that no literal text is among."""
    if any(isinstance(operand, Instant) for operand in operands):
        return True
    found = [kinds(operand) if isinstance(operand, Property) else None for operand in operands]
    return len(operands) > 1 and None not in found and any(kind in (DAY, MOMENT, SPAN) for kind in found)


def comparison(part: Comparison, kinds: Kinds) -> Comparison:
    """Two instants compared; a day among moments is its first."""
    left, right = part.left, part.right
    if _are_days((left, right), kinds):
        return Comparison(_day(left), part.operator, _day(right))
    return Comparison(_first(left, kinds), part.operator, _first(right, kinds))


def between(part: Between, kinds: Kinds) -> Expression:
    """An instant between two."""
    low, high = Comparison(part.operand, ">=", part.low), Comparison(part.operand, "<=", part.high)
    return And((comparison(low, kinds), comparison(high, kinds)))


def among(part: In, kinds: Kinds) -> Expression:
    """An instant among others."""
    if _are_days((part.operand, *part.values), kinds):
        return In(_day(part.operand), tuple(_day(value) for value in part.values))
    return In(_first(part.operand, kinds), tuple(_first(value, kinds) for value in part.values))


def relation(part: Temporal, kinds: Kinds) -> Expression:
    """Two instants or intervals in a relation (OGC 21-065, 7.8; the intervals of Allen, both ends belonging to them)."""
    days = _are_days((part.left, part.right), kinds)
    left, right = _ends(part.left, kinds, days=days), _ends(part.right, kinds, days=days)
    return _RELATIONS[part.operator](left, right)


type Ends = tuple[Operand, Operand]


def _all(*parts: tuple[Operand, str, Operand]) -> Expression:
    return And(tuple(Comparison(*part) for part in parts))


def _disjoint(a: Ends, b: Ends) -> Expression:
    return Or((Comparison(a[1], "<", b[0]), Comparison(a[0], ">", b[1])))


_RELATIONS: dict[str, Callable[[Ends, Ends], Expression]] = {
    "after": lambda a, b: _all((a[0], ">", b[1])),
    "before": lambda a, b: _all((a[1], "<", b[0])),
    "contains": lambda a, b: _all((a[0], "<", b[0]), (a[1], ">", b[1])),
    "disjoint": _disjoint,
    "during": lambda a, b: _all((a[0], ">", b[0]), (a[1], "<", b[1])),
    "equals": lambda a, b: _all((a[0], "=", b[0]), (a[1], "=", b[1])),
    "finishedBy": lambda a, b: _all((a[0], "<", b[0]), (a[1], "=", b[1])),
    "finishes": lambda a, b: _all((a[0], ">", b[0]), (a[1], "=", b[1])),
    "intersects": lambda a, b: Not(_disjoint(a, b)),
    "meets": lambda a, b: _all((a[1], "=", b[0])),
    "metBy": lambda a, b: _all((a[0], "=", b[1])),
    "overlappedBy": lambda a, b: _all((a[0], ">", b[0]), (a[0], "<", b[1]), (a[1], ">", b[1])),
    "overlaps": lambda a, b: _all((a[0], "<", b[0]), (a[1], ">", b[0]), (a[1], "<", b[1])),
    "startedBy": lambda a, b: _all((a[0], "=", b[0]), (a[1], ">", b[1])),
    "starts": lambda a, b: _all((a[0], "=", b[0]), (a[1], "<", b[1])),
}


def _ends(operand: Operand, kinds: Kinds, *, days: bool) -> Ends:
    """The first and the last instant of an operand; of an interval, open ends are before and after everything."""
    if not isinstance(operand, Interval):
        return (_day(operand), _day(operand)) if days else (_first(operand, kinds), _last(operand, kinds))
    start = _EARLIEST if operand.start is None else _day(operand.start) if days else _first(operand.start, kinds)
    end = _LATEST if operand.end is None else _day(operand.end) if days else _last(operand.end, kinds)
    return _opened(start, _EARLIEST, kinds), _opened(end, _LATEST, kinds)


def _opened(end: Operand, otherwise: str, kinds: Kinds) -> Operand:
    """An end of validity that is not stated is open."""
    return Call("else", (end, otherwise)) if isinstance(end, Property) and kinds(end) == SPAN else end


def _are_days(operands: tuple[Operand, ...], kinds: Kinds) -> bool:
    found = [end for operand in operands for end in _stated(operand)]
    return all(
        len(end.text) == len("2024-05-01") if isinstance(end, Instant) else isinstance(end, Property) and kinds(end) == DAY
        for end in found
    )


def _stated(operand: Operand) -> list[Operand]:
    if isinstance(operand, Interval):
        return [end for end in (operand.start, operand.end) if end is not None]
    return [operand]


def _day(operand: Operand) -> Operand:
    return operand.text if isinstance(operand, Instant) else operand


def _first(operand: Operand, kinds: Kinds) -> Operand:
    if isinstance(operand, Instant):
        return moments.start(operand.text)
    return operand if isinstance(operand, Property) and kinds(operand) == SPAN else Call("first", (operand,))


def _last(operand: Operand, kinds: Kinds) -> Operand:
    if isinstance(operand, Instant):
        return moments.end(operand.text)
    return operand if isinstance(operand, Property) and kinds(operand) == SPAN else Call("last", (operand,))
