"""Searches the records: conditions over their values by property, the words of their full text, and their boxes."""

from __future__ import annotations

import re
from typing import Any

import apsw
import orjson

from gateway.errors import ParameterError
from gateway.model.access import Access
from gateway.model.feature import Scalar
from gateway.model.query import (
    RECORD_PROPERTIES,
    Arrays,
    Between,
    Call,
    Comparison,
    In,
    Intersects,
    IsNull,
    Like,
    Operand,
    Property,
    RecordQuery,
    Spatial,
    Temporal,
    Text,
)
from gateway.store.connection import one, select
from gateway.store.expression import TRUE, Sql, compiled, each, named, pattern
from gateway.store.facts import predicate

_FROM = "FROM dataset d JOIN record r ON r.number = d.record"
_WORD = re.compile(r"\w+")
_MOST_WORDS = 100


def find(connection: apsw.Connection, query: RecordQuery) -> tuple[int, list[int]]:
    """The number of matching records, and the numbers of one page of them. Raises ParameterError."""
    visible, given = predicate(query.access)
    condition = Sql(visible, given) & compiled(query.filter, RecordTerms())
    if query.ids:
        condition &= Sql("r.id IN (SELECT value FROM json_each(?))", [orjson.dumps(query.ids).decode()])
    (matched,) = one(connection, f"SELECT count(*) {_FROM} WHERE {condition.text}", condition.values)
    order = Sql("", [])
    for name, descending in query.sort:
        order = _sorted_by(order, name, descending)
    rows = select(
        connection,
        f"SELECT r.number {_FROM} WHERE {condition.text} ORDER BY {order.text} r.id LIMIT ? OFFSET ?",
        (*condition.values, *order.values, query.limit, min(query.offset, 2**62)),
    )
    return int(matched), [number for (number,) in rows]


def values(connection: apsw.Connection, name: str, access: Access) -> list[tuple[str, int]]:
    """Distinct values of a property with the number of visible records that have them."""
    visible, given = predicate(access)
    return [
        (value, number)
        for value, number in select(
            connection,
            f"SELECT v.value, count(DISTINCT v.record) {_FROM} JOIN record_value v ON v.record = r.number "
            f"WHERE {visible} AND v.property = ? GROUP BY v.value ORDER BY v.value",
            (*given, checked(name)),
        )
    ]


class RecordTerms:
    """Terms over ``record r``. A property with several values satisfies a condition when one of them does."""

    def comparison(self, part: Comparison) -> Sql:
        """A value compares as text."""
        name, value = asked_value(part.left)
        return _some(name, f"{value} {part.operator} ?", [literal(part.right)])

    def like(self, part: Like) -> Sql:
        """A value matches the pattern."""
        name, value = asked_value(part.operand)
        return _some(name, f"{value} GLOB ?", [pattern(part)])

    def between(self, part: Between) -> Sql:
        """A value lies between two."""
        name, value = asked_value(part.operand)
        return _some(name, f"{value} BETWEEN ? AND ?", [literal(part.low), literal(part.high)])

    def among(self, part: In) -> Sql:
        """A value is one of those given."""
        name, value = asked_value(part.operand)
        marks, found = each(part.values, literal)
        return _some(name, f"{value} IN ({marks})", found)

    def is_null(self, part: IsNull) -> Sql:
        """The record has no value of the property."""
        return Sql(f"NOT EXISTS ({VALUES})", [checked(asked_value(part.operand)[0])])

    def spatial(self, part: Spatial) -> Sql:
        """Records have boxes, and are asked by a box."""
        raise ParameterError("filter", "records are not asked by a geometry", cure="ask by a bounding box")

    def temporal(self, part: Temporal) -> Sql:
        """Records are asked by comparisons."""
        raise ParameterError("filter", "records are not asked by relations in time", cure="compare the property with a date")

    def arrays(self, part: Arrays) -> Sql:
        """A property with several values satisfies a comparison when one of them does."""
        raise ParameterError("filter", "records are not asked by relations of lists", cure="compare the property with one value")

    def intersects(self, part: Intersects) -> Sql:
        """The record's box meets the box; unknown without one. A box with west > east crosses the antimeridian."""
        west, south, east, north = part.box
        if west > east:
            left = self.intersects(Intersects((west, south, 180.0, north)))
            right = self.intersects(Intersects((-180.0, south, east, north)))
            return Sql(f"({left.text}) OR ({right.text})", [*left.values, *right.values])
        return Sql(
            "r.south <= ? AND r.north >= ? AND CASE WHEN r.west <= r.east THEN r.west <= ? AND r.east >= ? "
            "WHEN r.west IS NULL THEN NULL ELSE r.west <= ? OR r.east >= ? END",
            [north, south, east, west, east, west],
        )

    def text(self, part: Text) -> Sql:
        """Every word occurs in the record."""
        words = _WORD.findall(part.words)
        if len(words) > _MOST_WORDS:
            raise ParameterError("q", f"a search has at most {_MOST_WORDS} words")
        if not words:
            return TRUE
        phrase = " ".join(f'"{word}"' for word in words)
        return Sql("r.number IN (SELECT rowid FROM record_search WHERE record_search MATCH ?)", [phrase])


VALUES = "SELECT 1 FROM record_value v WHERE v.record = r.number AND v.property = ?"
"""What asks whether the record ``r`` has a value ``v`` of a property; a condition on it follows."""


def _some(name: str, condition: str, found: list[Any]) -> Sql:
    """True when a value satisfies the condition, false when none does, unknown when there is no value."""
    prop = checked(name)
    return Sql(
        f"CASE WHEN EXISTS ({VALUES} AND {condition}) THEN 1 WHEN EXISTS ({VALUES}) THEN 0 ELSE NULL END", [prop, *found, prop]
    )


def _sorted_by(order: Sql, name: str, descending: bool) -> Sql:
    first = "(SELECT v.value FROM record_value v WHERE v.record = r.number AND v.property = ? AND v.position = 0)"
    return Sql(f"{order.text}{first} COLLATE NOCASE {'DESC' if descending else 'ASC'}, ", [*order.values, checked(name)])


def checked(name: str) -> str:
    """The name, if records have such a property. Raises ParameterError."""
    if name not in RECORD_PROPERTIES:
        raise ParameterError(name, "is no property of records", cure=f"properties: {', '.join(RECORD_PROPERTIES)}")
    return name


def asked_value(operand: Operand) -> tuple[str, str]:
    """The property that an operand is, and how one value of it is said. Raises ParameterError for any other operand."""
    match operand:
        case Property(name):
            return name, "v.value"
        case Call("casei", (Property(name),)):
            return name, "gw_fold(v.value)"
        case _:
            raise ParameterError(named(operand), "records are asked by their properties")


def literal(operand: Operand) -> str | None:
    """A literal as text, folded where it is asked to be."""
    match operand:
        case Call("casei", (str(text),)):
            return text.casefold()
        case str() | int() | float() | None:
            return _text(operand)
        case _:
            raise ParameterError(named(operand), "records are compared with literals")


def _text(value: Scalar) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)
