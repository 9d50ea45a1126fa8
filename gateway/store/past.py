"""Earlier versions of a collection: rows that still stand and rows since replaced, as one table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import batched
from typing import Any

import apsw

from gateway.model.query import Query
from gateway.store import tables
from gateway.store.area import Area, areas
from gateway.store.container import quoted
from gateway.store.expression import Sql, compiled
from gateway.store.facts import Facts
from gateway.store.feature_terms import FeatureTerms, during
from gateway.store.rows import SELECT

_BATCH = 500
_GEOMETRY = 2
"""The place of the geometry in `SELECT`."""


def source(facts: Facts) -> Sql:
    """A table ``f`` of the rows that stood in the version of `facts`."""
    members = f"fid, {tables.MEMBERS}" + "".join(f", {quoted(column.name)}" for column in facts.all_columns)
    number, version = facts.number, facts.version
    return Sql(
        f"(SELECT {members} FROM {tables.current(number)} WHERE gw_since <= ? UNION ALL "
        f"SELECT {members} FROM {tables.history(number)} WHERE gw_since <= ? AND gw_until > ?) f",
        [version, version, version],
    )


def matching(connection: apsw.Connection, facts: Facts, query: Query) -> Iterator[Sequence[Any]]:
    """The rows of `SELECT` that match, in key order, behind `query.after`, with no limit."""
    condition = compiled(query.filter, FeatureTerms(facts)) & during(query.interval)
    wanted = areas(query)
    near = _near(wanted)
    table = source(facts)
    found = connection.execute(
        f"SELECT {SELECT} FROM {table.text} WHERE f.fid > ? AND ({condition.text}) AND ({near.text}) ORDER BY f.fid",
        (*table.values, _after(query), *condition.values, *near.values),
    )
    return _exact(found, wanted) if wanted else iter(found)


def item(connection: apsw.Connection, facts: Facts, feature: str) -> Sequence[Any] | None:
    """The row of `SELECT` of one feature."""
    table = source(facts)
    values = (*table.values, feature)
    row: Sequence[Any] | None = connection.execute(f"SELECT {SELECT} FROM {table.text} WHERE f.gw_id = ?", values).fetchone()
    return row


def _after(query: Query) -> int:
    return -1 if query.after is None else query.after


def _near(wanted: Sequence[Area]) -> Sql:
    if not wanted:
        return Sql("1")
    return Sql(" OR ".join(["gw_overlaps(f.geom, ?, ?, ?, ?)"] * len(wanted)), [value for area in wanted for value in area.outer])


def _exact(found: Iterator[Sequence[Any]], wanted: Sequence[Area]) -> Iterator[Sequence[Any]]:
    for batch in batched(found, _BATCH):
        blobs = [row[_GEOMETRY] for row in batch]
        verdicts = [area.admits(blobs) for area in wanted]
        for row, *hits in zip(batch, *verdicts, strict=True):
            if any(hits):
                yield row
