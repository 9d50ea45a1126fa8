"""Which rows a page or a count is made of, with one trip to the server where that can be.

A question with a box or a filter is first asked without an order for a little more than two pages: a small answer is whole, its
count falls out of it, and it is put in order here. A larger one is gathered as keys on the server, which gives the count and the
page in one statement. Only above 100,000 matches, which nobody counts, the rows are walked in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from psycopg import pq

from gateway.model.query import Query
from gateway.store.expression import TRUE, Sql, compiled
from gateway.store.facts import Facts
from gateway.store.postgis import past
from gateway.store.postgis.area import near
from gateway.store.postgis.known import COUNTED
from gateway.store.postgis.order import Found, Order
from gateway.store.postgis.schema import current
from gateway.store.postgis.terms import FeatureTerms, during, rising
from gateway.store.postgis.wire import Wire, decoded, integer

_FEW = 1000
_WALKED = 3000
"""How many rows, and three for each that is wanted, a walk looks at before the server may choose another way."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A question to the rows of one version of a collection, ready to be asked."""

    wire: Wire
    facts: Facts
    table: Sql
    where: Sql | None
    order: Order
    behind: Sql | None
    is_filtered: bool
    """Whether the values of its conditions decide how it is best answered."""
    question: tuple[object, ...]
    """What is asked of which rows, whatever the page: the key of its count."""

    @classmethod
    def of(cls, wire: Wire, facts: Facts, query: Query, srid: int) -> Scan:
        """Raises ParameterError for a property that is not declared, and for a position that is none of this order."""
        where = both(near(query, srid), condition(facts, query, srid))
        order = Order(facts, query.sort)
        table = Sql(f"{current(facts.number)} f") if facts.is_current else past.source(facts)
        question = (facts.row, query.filter, query.boxes, query.region, query.heights, query.interval)
        return cls(wire, facts, table, where, order, order.begin(wire, query, table), query.filter is not None, question)

    def some(self, columns: str, limit: int) -> pq.abc.PGresult:
        """Matching rows in no order, at most `limit`: fewer are all there are."""
        return self.wire.ask(self._plain(columns, self.where or TRUE, Sql("LIMIT ?", [limit])), anew=self.is_filtered)

    def chosen(self, columns: str, limit: int, raw: int | None = None, seen: int = 0) -> tuple[list[Found], int | None]:
        """The first `limit` rows behind where the page begins, in order, each with `columns` (the key first) and its sort
        values; and how many rows match, where that falls out of it (above `COUNTED`: that they are more). `seen` is how many
        matched when that was asked before."""
        if self.where is None or not self.facts.is_current:
            return self._ordered(columns, limit, raw), None
        if seen > COUNTED:
            return self.walked(columns, limit, raw), seen
        found, matched = self.gathered(columns, limit)
        if matched > COUNTED:
            return self.walked(columns, limit, raw), matched
        return self.order.sorted([row[:-1] for row in decoded(found, raw)]), matched

    def count(self, cap: int | None) -> int | None:
        """How many rows match; None when more than `cap`."""
        if self.where is None:
            return self.facts.collection.features
        inner = self._plain("1", self.where, Sql("LIMIT ?", [None if cap is None else cap + 1]))
        found = self.wire.ask(Sql(f"SELECT count(*) FROM ({inner.text}) k", inner.values), anew=True)
        number = integer(found.get_value(0, 0))
        return None if cap is not None and number > cap else number

    def stream(self, columns: str, limit: int, raw: int | None = None) -> Iterator[Found]:
        """The rows behind where the page begins, in order, a portion at a time; a limit below 0 means all."""
        if 0 <= limit <= _FEW:
            yield from self.chosen(columns, limit, raw)[0]
        else:
            yield from self.wire.stream(self._in_order(columns, self._rest(), limit if limit >= 0 else None), raw)

    def gathered(self, columns: str, limit: int) -> tuple[pq.abc.PGresult, int]:
        """The keys of all matches on the server, counted, and the rows of the page found by their places, in no order: `columns`,
        the sort values, and the count last. Above `COUNTED` the keys are only some of all, and so is the page."""
        keys = self._plain(f"f.fid, f.ctid AS place{self.order.columns}", self.where or TRUE, Sql("LIMIT ?", [COUNTED + 1]))
        behind = self.behind or TRUE
        text = (
            f"WITH k AS MATERIALIZED ({keys.text}) SELECT {columns}{self.order.values}, (SELECT count(*) FROM k) "
            f"FROM {self.table.text} WHERE f.ctid = ANY (ARRAY(SELECT f.place FROM k f WHERE {behind.text} "
            f"ORDER BY {self.order.by} LIMIT ?))"
        )
        found = self.wire.ask(Sql(text, [*keys.values, *behind.values, limit]), anew=True)
        if found.ntuples:
            return found, integer(found.get_value(0, found.nfields - 1))
        number = self.count(COUNTED)
        return found, COUNTED + 1 if number is None else number

    def walked(self, columns: str, limit: int, raw: int | None) -> list[Found]:
        """Rows along the key for a while, then as the server sees fit."""
        after = self.behind.values[0] if self.behind is not None else -1
        if self.order.terms:
            return self._ordered(columns, limit, raw)
        where = self.where or TRUE
        stretch = f"(SELECT * FROM {self.table.text} WHERE f.fid > ? AND f.fid <= ? OFFSET 0) f"
        text = f"SELECT {columns} FROM {stretch} WHERE {where.text} ORDER BY f.fid LIMIT ?"
        rows = self.wire.rows(Sql(text, [after, after + _WALKED + 3 * limit, *where.values, limit]), raw)
        return list(rows) if len(rows) == limit else self._ordered(columns, limit, raw)

    def _ordered(self, columns: str, limit: int, raw: int | None) -> list[Found]:
        return list(self.wire.rows(self._in_order(columns, self._rest(), limit), raw, anew=self.where is not None))

    def _rest(self) -> Sql:
        """What matches behind where the page begins."""
        return both(self.behind, self.where) or TRUE

    def _in_order(self, columns: str, where: Sql, limit: int | None) -> Sql:
        return self._plain(f"{columns}{self.order.values}", where, Sql(f"ORDER BY {self.order.by} LIMIT ?", [limit]))

    def _plain(self, columns: str, where: Sql, rest: Sql) -> Sql:
        text = f"SELECT {columns} FROM {self.table.text} WHERE {where.text} {rest.text}"
        return Sql(text, [*self.table.values, *where.values, *rest.values])


def condition(facts: Facts, query: Query, srid: int) -> Sql | None:
    """What a query asks besides its boxes; None where it asks nothing."""
    asked = None if query.filter is None else compiled(query.filter, FeatureTerms(facts, srid))
    return both(both(asked, during(query.interval)), rising(query.heights))


def both(one: Sql | None, other: Sql | None) -> Sql | None:
    """Two conditions, either of which may be none."""
    if one is None or other is None:
        return one or other
    return one & other
