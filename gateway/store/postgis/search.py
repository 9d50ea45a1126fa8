"""Searches the records: conditions over their values by property, their words, and their boxes."""

from __future__ import annotations

import re

from gateway.errors import ParameterError
from gateway.model.access import Access
from gateway.model.query import (
    Between,
    Comparison,
    In,
    IsNull,
    Like,
    RecordQuery,
    Text,
)
from gateway.store import search
from gateway.store.expression import TRUE, Sql, compiled, each
from gateway.store.postgis.facts import predicate
from gateway.store.postgis.patterns import like
from gateway.store.postgis.wire import Wire
from gateway.store.postgis.words import cut
from gateway.store.search import VALUES, asked_value, checked, literal

_FROM = "FROM dataset d JOIN record r ON r.number = d.record"
_WORD = re.compile(r"\w+")
_MOST_WORDS = 100
_SIGNS = str.maketrans({"%": r"\%", "_": r"\_", "\\": r"\\"})


def find(wire: Wire, query: RecordQuery) -> tuple[int, list[int]]:
    """The number of matching records, and the numbers of one page of them. Raises ParameterError."""
    where = predicate(query.access) & compiled(query.filter, RecordTerms())
    if query.ids:
        where &= Sql("r.id = ANY (?)", [list(query.ids)])
    (matched,) = wire.rows(Sql(f"SELECT count(*) {_FROM} WHERE {where.text}", where.values))[0]
    order = Sql("")
    for name, descending in query.sort:
        order = _sorted_by(order, name, descending)
    text = f"SELECT r.number {_FROM} WHERE {where.text} ORDER BY {order.text} r.id LIMIT ? OFFSET ?"
    values = [*where.values, *order.values, query.limit, min(query.offset, 2**62)]
    return int(matched), [number for (number,) in wire.rows(Sql(text, values))]


def values(wire: Wire, name: str, access: Access) -> list[tuple[str, int]]:
    """Distinct values of a property with the number of visible records that have them."""
    where = predicate(access) & Sql("v.property = ?", [checked(name)])
    text = (
        f"SELECT v.value, count(DISTINCT v.record) {_FROM} JOIN record_value v ON v.record = r.number "
        f"WHERE {where.text} GROUP BY v.value ORDER BY v.value"
    )
    return [(value, number) for value, number in wire.rows(Sql(text, where.values))]


class RecordTerms(search.RecordTerms):
    """Terms over ``record r``. A property with several values satisfies a condition when one of them does."""

    def comparison(self, part: Comparison) -> Sql:
        """A value compares as text, byte by byte."""
        name, value = asked_value(part.left)
        return _some(name, Sql(f"{value} {part.operator} ?", [literal(part.right)]))

    def like(self, part: Like) -> Sql:
        """A value matches the pattern."""
        name, value = asked_value(part.operand)
        return _some(name, Sql(f"{value} LIKE ?", [like(part)]))

    def between(self, part: Between) -> Sql:
        """A value lies between two."""
        name, value = asked_value(part.operand)
        return _some(name, Sql(f"{value} BETWEEN ? AND ?", [literal(part.low), literal(part.high)]))

    def among(self, part: In) -> Sql:
        """A value is one of those given."""
        name, value = asked_value(part.operand)
        marks, found = each(part.values, literal)
        return _some(name, Sql(f"{value} IN ({marks})", found))

    def is_null(self, part: IsNull) -> Sql:
        """The record has no value of the property."""
        return Sql(f"NOT EXISTS ({VALUES})", [checked(asked_value(part.operand)[0])])

    def text(self, part: Text) -> Sql:
        """Every word occurs in the record; one that is several to the search (``a_b``) as they stand."""
        words = _WORD.findall(part.words)
        if len(words) > _MOST_WORDS:
            raise ParameterError("q", f"a search has at most {_MOST_WORDS} words")
        if not words:
            return TRUE
        phrases = [phrase for phrase in map(cut, words) if phrase]
        conditions = [f"% {' '.join(phrase).translate(_SIGNS)} %" for phrase in phrases]
        wanted = " AND ".join(["s.words LIKE ?"] * len(conditions)) or "FALSE"
        return Sql(f"r.number IN (SELECT s.record FROM record_search s WHERE {wanted})", conditions)


def _some(name: str, condition: Sql) -> Sql:
    """True when a value satisfies the condition, false when none does, unknown when there is no value."""
    prop = checked(name)
    text = f"CASE WHEN EXISTS ({VALUES} AND {condition.text}) THEN TRUE WHEN EXISTS ({VALUES}) THEN FALSE END"
    return Sql(text, [prop, *condition.values, prop])


def _sorted_by(order: Sql, name: str, descending: bool) -> Sql:
    first = "(SELECT lower(v.value) FROM record_value v WHERE v.record = r.number AND v.property = ? AND v.position = 0)"
    return Sql(f"{order.text}{first} {'DESC NULLS LAST' if descending else 'ASC NULLS FIRST'}, ", [*order.values, checked(name)])
