"""The order of pages: row keys, or attributes with nulls last and ties by row key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.errors import ParameterError
from gateway.model.feature import Scalar
from gateway.model.members import named
from gateway.model.query import Query
from gateway.store.container import quoted
from gateway.store.expression import Sql
from gateway.store.facts import Facts
from gateway.store.postgis.wire import Wire
from gateway.store.sorting import Term, behind

_MEMBERS = {"id": "f.gw_id", "validFrom": "f.gw_from", "validTo": "f.gw_to"}

type Found = Sequence[Any]
"""A row: its key first, its sort values last."""


class Order:
    """The order of a question to one collection. Raises ParameterError for what is not declared or has no order."""

    def __init__(self, facts: Facts, sort: Sequence[tuple[str, bool]]) -> None:
        self.terms: list[Term] = []
        self._kinds: list[str] = []
        if not sort:
            return
        members = named(facts.collection.fields)
        for name, descending in sort:
            known = facts.column(name)
            if known is not None and known[0].type != "array":
                self._add(f"f.{quoted(known[1].name)}", descending, known[0].type)
            elif known is None and members.get(name) in _MEMBERS:
                self._add(_MEMBERS[members[name]], descending, "string")
            else:
                raise ParameterError("sortby", f"{name[:100]!r} has no order here", cure="the collection's sortables name what has")

    @property
    def values(self) -> str:
        """The sort values as further columns of a SELECT."""
        return "".join(f", {term.expression}" for term in self.terms)

    @property
    def columns(self) -> str:
        """The sort values as columns of a table expression called ``f``, each once."""
        return "".join(f", {name}" for name in dict.fromkeys(term.expression for term in self.terms))

    @property
    def by(self) -> str:
        """The terms of ORDER BY."""
        return ", ".join([*(term.ordering for term in self.terms), "f.fid"])

    def begin(self, wire: Wire, query: Query, table: Sql) -> Sql | None:
        """What lies behind the page before; None at the first page. Raises ParameterError for a position of another order."""
        if query.after is None:
            return None
        if not self.terms:
            return Sql("f.fid > ?", [query.after])
        if query.position:
            return behind(self.terms, self._checked(query.position), query.after)
        names = ", ".join(term.expression for term in self.terms)
        rows = wire.rows(Sql(f"SELECT {names} FROM {table.text} WHERE f.fid = ?", [*table.values, query.after]))
        if not rows:
            raise ParameterError("after", "the feature where the page before ended is gone", cure="begin at the first page")
        return behind(self.terms, rows[0], query.after)

    def sorted(self, rows: list[Found]) -> list[Found]:
        """Rows (key first, sort values last) in this order."""
        found = sorted(rows, key=lambda row: row[0])
        for place, term in reversed(list(enumerate(self.terms, -len(self.terms)))):
            there = [row for row in found if row[place] is not None]
            there.sort(key=lambda row, place=place: row[place], reverse=term.descending)  # type: ignore[misc]
            found = there + [row for row in found if row[place] is None]
        return found

    def position(self, row: Found) -> tuple[Scalar, ...]:
        """The sort values of a row."""
        return tuple(row[len(row) - len(self.terms) :])

    def _add(self, expression: str, descending: bool, kind: str) -> None:
        self.terms.append(Term(expression, descending))
        self._kinds.append(kind)

    def _checked(self, position: Sequence[Scalar]) -> list[Scalar]:
        """A position as its columns hold it: whoever sends it may have made it up."""
        found = [_fitting(kind, value) for kind, value in zip(self._kinds, position, strict=False)]
        if len(position) != len(self.terms) or any(one is _WRONG for one in found):
            raise ParameterError("after", "a token of another order", cure="follow the link with rel=next")
        return found


_WRONG: Any = object()


def _fitting(kind: str, value: Scalar) -> Any:
    if value is None:
        return None
    if kind == "string":
        return value if isinstance(value, str) else _WRONG
    if kind == "boolean":
        return bool(value) if value in (0, 1) else _WRONG
    if isinstance(value, str | bool):
        return _WRONG
    return float(value) if isinstance(value, int) and not -(2**63) <= value < 2**63 else value
