"""Earlier versions of a collection: rows that still stand and rows since replaced, as one table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import batched
from typing import Any

import apsw

from gateway.model.access import Access
from gateway.model.dataset import Version
from gateway.model.query import Query
from gateway.store import container, sorting, tables
from gateway.store.area import Area, areas
from gateway.store.connection import one
from gateway.store.container import quoted
from gateway.store.expression import Sql, compiled
from gateway.store.facts import Facts, predicate
from gateway.store.feature_terms import FeatureTerms, during, rising
from gateway.store.rows import SELECT

_BATCH = 500
_FEW = 20_000
"""Up to how many rows near an area are looked up one by one; more are walked in order."""

_OVERLAP = "r.minx <= ? AND r.maxx >= ? AND r.miny <= ? AND r.maxy >= ?"
_GEOMETRY = 2
"""The place of the geometry in `SELECT`."""

WIDTH = 10
"""How many members `SELECT` has; what `matching` gives behind them are the sort values."""


def versions(connection: apsw.Connection, dataset: str, access: Access) -> list[Version]:
    """The published versions of a visible dataset, oldest first."""
    visible, given = predicate(access)
    found = connection.execute(
        "SELECT v.version, v.published, v.entry FROM dataset_version v JOIN dataset d ON d.id = v.dataset "
        f"WHERE {visible} AND v.dataset = ? AND v.branch = 'main' ORDER BY v.version",
        (*given, dataset),
    )
    return [Version(*values) for values in found]


def published(connection: apsw.Connection, dataset: str, version: int) -> str | None:
    """When a version of a dataset was published."""
    row = connection.execute(
        "SELECT published FROM dataset_version WHERE dataset = ? AND branch = 'main' AND version = ?", (dataset, version)
    ).fetchone()
    return None if row is None else row[0]


def source(facts: Facts) -> Sql:
    """A table ``f`` of the rows that stood in the version of `facts`."""
    members = f"fid, {tables.MEMBERS}" + "".join(f", {quoted(column.name)}" for column in facts.all_columns)
    number, version = facts.number, facts.version
    return Sql(
        f"(SELECT {members} FROM {tables.current(number)} WHERE gw_since <= ? UNION ALL "
        f"SELECT {members} FROM {tables.history(number)} WHERE gw_since <= ? AND gw_until > ?) f",
        [version, version, version],
    )


def _source_near(connection: apsw.Connection, facts: Facts, wanted: Sequence[Area]) -> Sql | None:
    """The same, of the rows whose bounds meet one of the areas, where the R-trees say that these are few; else None."""
    number, version = facts.number, facts.version
    now, then = quoted(container.rtree(tables.current(number))), tables.history_boxes(number)
    overlaps = " OR ".join([f"({_OVERLAP})"] * len(wanted))
    values = [value for area in wanted for value in (area.outer[2], area.outer[0], area.outer[3], area.outer[1])]
    for index in (now, then):
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {index} r WHERE {overlaps} LIMIT ?)"
        if one(connection, sql, (*values, _FEW))[0] >= _FEW:
            return None
    members = f"fid, {tables.MEMBERS}" + "".join(f", {quoted(column.name)}" for column in facts.all_columns)
    return Sql(
        f"(SELECT {members} FROM {tables.current(number)} WHERE fid IN (SELECT r.id FROM {now} r WHERE {overlaps}) "
        f"AND gw_since <= ? UNION ALL SELECT {members} FROM {tables.history(number)} "
        f"WHERE gw_row IN (SELECT r.id FROM {then} r WHERE {overlaps}) AND gw_since <= ? AND gw_until > ?) f",
        [*values, version, *values, version, version],
    )


def matching(connection: apsw.Connection, facts: Facts, query: Query) -> Iterator[Sequence[Any]]:
    """The rows of `SELECT` that match, each with its sort values, in order, behind where `query` begins, with no limit."""
    condition = compiled(query.filter, FeatureTerms(facts)) & during(query.interval) & rising(query.heights)
    wanted = areas(query)
    near = _near(wanted)
    table = (_source_near(connection, facts, wanted) if wanted else None) or source(facts)
    terms = sorting.terms(connection, facts, query.sort)
    values = "".join(f", {term.expression}" for term in terms)
    order = ", ".join([*(term.ordering for term in terms), "f.fid"])
    behind = Sql("1")
    if query.after is not None:
        behind = sorting.behind(terms, sorting.position(connection, source(facts), terms, query) if terms else (), query.after)
    found = connection.execute(
        f"SELECT {SELECT}{values} FROM {table.text} WHERE {behind.text} AND ({condition.text}) AND ({near.text}) ORDER BY {order}",
        (*table.values, *behind.values, *condition.values, *near.values),
    )
    return _exact(found, wanted) if wanted else iter(found)


def item(connection: apsw.Connection, facts: Facts, feature: str) -> Sequence[Any] | None:
    """The row of `SELECT` of one feature."""
    table = source(facts)
    values = (*table.values, feature)
    row: Sequence[Any] | None = connection.execute(f"SELECT {SELECT} FROM {table.text} WHERE f.gw_id = ?", values).fetchone()
    return row


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
