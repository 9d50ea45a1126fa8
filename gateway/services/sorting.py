"""The order that an answer is asked for: checked against the sortables, and where a page of it ended."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.errors import ParameterError
from gateway.model.dataset import Collection
from gateway.model.feature import Scalar
from gateway.model.row import Row
from gateway.services.queryables import Queryable, queryables, sortables
from gateway.services.selection import unknown


def demand_sortable(collection: Collection, sort: Sequence[tuple[str, bool]]) -> None:
    """Raise ParameterError for a property that features are not sorted by here, naming those that are."""
    known = {one.name: one for one in sortables(collection)}
    every = {one.name for one in queryables(collection)}
    for name, _ in sort:
        if name in every and name not in known:
            raise ParameterError("sortby", f"{name[:100]!r} has no order", cure="the collection's sortables name what has")
        if name not in known:
            raise unknown("sortby", name, known)


def position(collection: Collection, sort: Sequence[tuple[str, bool]], row: Row) -> tuple[Scalar, ...]:
    """The sort values of a row as the store compares them; empty where only the store can tell (instants of validity)."""
    known = {one.name: one for one in sortables(collection)}
    if any(known[name].member in ("validFrom", "validTo") for name, _ in sort):
        return ()
    return tuple(_value(known[name], row) for name, _ in sort)


def _value(by: Queryable, row: Row) -> Scalar:
    if by.field is None:
        return row.id
    value: Scalar = row.properties.get(by.name)
    if by.field.type == "string" and value is not None and not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return value
