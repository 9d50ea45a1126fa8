"""Pages in the order of attributes: keyset paging along an attribute's index, so that page 1,000 costs what page 1 costs.

Values without order (null) come last whichever the direction, features with equal values in row-key order. A page begins behind
the sort values and the key of the last feature of the page before, so features that come or go meanwhile shift nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from gateway.errors import ParameterError
from gateway.model.feature import Scalar
from gateway.model.members import named
from gateway.model.query import Query
from gateway.model.row import Page, Row
from gateway.store import rows as stored
from gateway.store import tables
from gateway.store.area import Area
from gateway.store.connection import select
from gateway.store.container import quoted
from gateway.store.expression import TRUE, Sql
from gateway.store.facts import Facts
from gateway.store.paging import Scan, carray

_MEMBERS = {"id": "f.gw_id", "validFrom": "f.gw_from", "validTo": "f.gw_to"}
_FEW = 20_000
"""Up to how many features found by the R-tree are sorted; more are walked in order and tested."""

_GROUPS = 3
_PORTION = 1000
_OVERLAP = "r.minx <= ? AND r.maxx >= ? AND r.miny <= ? AND r.maxy >= ?"

type Found = tuple[int, tuple[Scalar, ...]]
"""A row key and the sort values there."""


@dataclass(frozen=True, slots=True)
class Term:
    """One term of an order: an expression of table ``f``, the direction, and the attribute's index where there is one."""

    expression: str
    descending: bool
    is_indexed: bool = False

    @property
    def ordering(self) -> str:
        """The term in ORDER BY."""
        return f"{self.expression} {'DESC' if self.descending else 'ASC'} NULLS LAST"

    @property
    def beyond(self) -> str:
        """The operator of values that come later."""
        return "<" if self.descending else ">"


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows that follow one another: a condition, and the terms that still tell them apart within it."""

    condition: Sql
    terms: Sequence[Term]
    leads: bool = False
    """Whether the first term is the first of the whole order, known not to be null."""


def terms(connection: apsw.Connection, facts: Facts, sort: Sequence[tuple[str, bool]]) -> list[Term]:
    """The order as SQL. Raises ParameterError for what is not declared or has no order."""
    members = named(facts.collection.fields)
    table = tables.current(facts.number)
    there = {name for (name,) in select(connection, "SELECT name FROM sqlite_schema WHERE tbl_name = ?", (table,))}
    found = []
    for name, descending in sort:
        known = facts.column(name)
        if known is not None and known[0].type != "array":
            column = known[1].name
            found.append(Term(f"f.{quoted(column)}", descending, f"{table}_by_{column}" in there))
        elif known is None and members.get(name) in _MEMBERS:
            found.append(Term(_MEMBERS[members[name]], descending))
        else:
            raise ParameterError("sortby", f"{name[:100]!r} has no order here", cure="the collection's sortables name what has")
    return found


def page(connection: apsw.Connection, facts: Facts, query: Query) -> Page:
    """One page of current features in the order of `query.sort`."""
    order = Order.of(connection, facts, query)
    found = order.keys(order.begin(), query.limit + 1)
    chosen = found[: query.limit]
    if not chosen:
        return Page(b"", 0, None)
    ready = order.ready([key for key, _ in chosen])
    body = b",".join(ready[key] for key, _ in chosen)
    if len(found) == len(chosen):
        return Page(body, len(chosen), None)
    return Page(body, len(chosen), *chosen[-1])


def rows(connection: apsw.Connection, facts: Facts, query: Query) -> Iterator[Row]:
    """The matching current rows in the order of `query.sort`, streamed; a limit below 0 means all."""
    order = Order.of(connection, facts, query)
    at, left = order.begin(), query.limit
    while left != 0:
        wanted = _PORTION if left < 0 else min(_PORTION, left)
        found = order.keys(at, wanted)
        by_key = {row.key: row for row in stored.by_keys(connection, facts, carray([key for key, _ in found]))} if found else {}
        yield from (by_key[key] for key, _ in found)
        if len(found) < wanted:
            return
        at, left = found[-1], left - len(found) if left > 0 else left


@dataclass(frozen=True, slots=True)
class Order:
    """A sorted question to the current rows of one collection, ready to be asked."""

    connection: apsw.Connection
    scan: Scan
    terms: Sequence[Term]
    query: Query

    @classmethod
    def of(cls, connection: apsw.Connection, facts: Facts, query: Query) -> Order:
        """Raises ParameterError for a property that is not declared, and for a position that is none of this order."""
        return cls(connection, Scan.of(connection, facts, query), terms(connection, facts, query.sort), query)

    def begin(self) -> Found | None:
        """Where the page begins: behind which sort values and key."""
        if self.query.after is None:
            return None
        table = Sql(f"{self.scan.table} f")
        return self.query.after, position(self.connection, table, self.terms, self.query)

    def keys(self, at: Found | None, limit: int) -> list[Found]:
        """The first `limit` keys behind `at`, in order, with their sort values."""
        table, condition = Sql(f"{self.scan.table} f"), self.scan.condition or TRUE
        areas = self.scan.areas
        if not areas:
            return self._portion(table, condition, at, limit)
        near = self._near(areas)
        if near is not None:
            inner = Sql(f"carray(?) k CROSS JOIN {self.scan.table} f ON f.fid = k.value", [near])
            return self._portion(inner, TRUE, at, limit, is_few=True)
        return self._walk(areas, at, limit)

    def ready(self, keys: list[int]) -> dict[int, bytes]:
        """The ready bytes of features by key."""
        sql = f"SELECT f.fid, CAST(f.gw_ready AS BLOB) FROM {self.scan.table} f WHERE f.fid IN carray(?)"
        return dict(self.connection.execute(sql, (carray(keys),)))

    def _near(self, areas: Sequence[Area]) -> Any:
        """The keys in the areas as an array, where the R-tree says that they are few; else None."""
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {self.scan.rtree} r WHERE {_OVERLAP} LIMIT ?)"
        for area in areas:
            (candidates,) = next(select(self.connection, sql, (*_overlap(area), _FEW)))
            if candidates >= _FEW:
                return None
        return carray(self.scan.keys(-1, len(areas) * _FEW) or [-1])

    def _walk(self, areas: Sequence[Area], at: Found | None, limit: int) -> list[Found]:
        """Keys in order whose bounds meet an area, tested by their geometries, portion by portion."""
        overlaps = " OR ".join([f"({_OVERLAP})"] * len(areas))
        values = [value for area in areas for value in _overlap(area)]
        near = Sql(f"EXISTS (SELECT 1 FROM {self.scan.rtree} r WHERE r.id = f.fid AND ({overlaps}))", values)
        table, condition = Sql(f"{self.scan.table} f"), near & (self.scan.condition or TRUE)
        found: list[Found] = []
        wanted = limit
        while len(found) < limit:
            portion = self._portion(table, condition, at, wanted)
            found += self._admitted(areas, portion)
            if len(portion) < wanted:
                break
            at, wanted = portion[-1], min(2 * wanted, _FEW)
        return found[:limit]

    def _admitted(self, areas: Sequence[Area], portion: list[Found]) -> list[Found]:
        if not portion:
            return []
        sql = f"SELECT f.fid, f.geom FROM {self.scan.table} f WHERE f.fid IN carray(?)"
        blobs: dict[int, bytes] = dict(self.connection.execute(sql, (carray([key for key, _ in portion]),)))
        geometries = [blobs[key] for key, _ in portion]
        verdicts = [area.admits(geometries) for area in areas]
        return [one for one, *hits in zip(portion, *verdicts, strict=True) if any(hits)]

    def _portion(self, table: Sql, condition: Sql, at: Found | None, limit: int, *, is_few: bool = False) -> list[Found]:
        found: list[Found] = []
        for segment in segments(self.terms, at):
            if len(found) >= limit:
                break
            if segment.leads and not is_few and self._has_groups(segment):
                found += self._by_group(table, condition, segment, limit - len(found))
            else:
                found += asked(self.connection, table, condition, self.terms, segment, limit - len(found))
        return found

    def _has_groups(self, segment: Segment) -> bool:
        """Whether a descending walk along the index must be taken value by value, since equal values stand in key order."""
        return len(segment.terms) == 1 and segment.terms[0].descending and segment.terms[0].is_indexed

    def _by_group(self, table: Sql, condition: Sql, segment: Segment, limit: int) -> list[Found]:
        """The first values one by one, each along the index in key order; where they are small, the rest is sorted by SQLite."""
        term, rest = segment.terms[0], segment.condition
        found: list[Found] = []
        for _ in range(_GROUPS):
            sql = f"SELECT {term.expression} FROM {table.text} WHERE {rest.text} ORDER BY {term.expression} DESC LIMIT 1"
            row = self.connection.execute(sql, (*table.values, *rest.values)).fetchone()
            if row is None:
                return found
            same = Segment(Sql(f"{term.expression} = ?", [row[0]]), ())
            found += asked(self.connection, table, condition, self.terms, same, limit - len(found))
            if len(found) >= limit:
                return found
            rest = Sql(f"{term.expression} < ?", [row[0]])
        return found + asked(self.connection, table, condition, self.terms, Segment(rest, segment.terms, True), limit - len(found))


def segments(order: Sequence[Term], at: Found | None) -> list[Segment]:
    """What follows `at`, in order: the same first value, later ones, and those without."""
    first, rest = order[0], order[1:]
    without = Segment(Sql(f"{first.expression} IS NULL"), rest)
    if at is None:
        return [Segment(Sql(f"{first.expression} IS NOT NULL"), order, True), without]
    key, values = at
    following = behind(rest, values[1:], key)
    if values[0] is None:
        return [Segment(without.condition & following, rest)]
    same = Sql(f"{first.expression} = ?", [values[0]]) & following
    later = Sql(f"{first.expression} {first.beyond} ?", [values[0]])
    return [Segment(same, rest), Segment(later, order, True), without]


def behind(order: Sequence[Term], values: Sequence[Scalar], key: int) -> Sql:
    """Rows behind these values and this key."""
    if not order:
        return Sql("f.fid > ?", [key])
    rest = behind(order[1:], values[1:], key)
    name = order[0].expression
    if values[0] is None:
        return Sql(f"({name} IS NULL AND {rest.text})", rest.values)
    text = f"({name} {order[0].beyond} ? OR {name} IS NULL OR ({name} = ? AND {rest.text}))"
    return Sql(text, [values[0], values[0], *rest.values])


def asked(
    connection: apsw.Connection, table: Sql, condition: Sql, order: Sequence[Term], segment: Segment, limit: int
) -> list[Found]:
    """The first `limit` rows of a segment that fulfil `condition`."""
    where = segment.condition & condition
    names = "".join(f", {term.expression}" for term in order)
    ordering = [term.ordering for term in segment.terms]
    if segment.leads:
        ordering[0] = ordering[0].removesuffix(" NULLS LAST")
    by = ", ".join([*ordering, "f.fid"])
    sql = f"SELECT f.fid{names} FROM {table.text} WHERE {where.text} ORDER BY {by} LIMIT ?"
    return [(key, tuple(values)) for key, *values in select(connection, sql, (*table.values, *where.values, limit))]


def position(connection: apsw.Connection, table: Sql, order: Sequence[Term], query: Query) -> tuple[Scalar, ...]:
    """The sort values behind which a page begins: those given, else those that the row has now. Raises ParameterError."""
    if query.position:
        if len(query.position) != len(order):
            raise ParameterError("after", "a token of another order", cure="follow the link with rel=next")
        return query.position
    names = ", ".join(term.expression for term in order)
    sql = f"SELECT {names} FROM {table.text} WHERE f.fid = ?"
    row = connection.execute(sql, (*table.values, query.after)).fetchone()
    if row is None:
        raise ParameterError("after", "the feature where the page before ended is gone", cure="begin at the first page")
    return tuple(row)


def _overlap(area: Area) -> tuple[float, float, float, float]:
    minx, miny, maxx, maxy = area.outer
    return maxx, minx, maxy, miny
