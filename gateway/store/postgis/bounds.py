"""How far a collection reaches in space and time after a change, found without reading the whole of it where that can be."""

from __future__ import annotations

from typing import Any

from gateway.errors import IntegrityError
from gateway.model.dataset import Box, Collection
from gateway.store import container, moments
from gateway.store.bounds import ENDS, Interval, dated, outer, reaches
from gateway.store.bounds import Loss as Loss
from gateway.store.postgis.changes import Change
from gateway.store.postgis.schema import Connection, current

_SIDES = ("ST_XMin(f.geom) <= %s", "ST_YMin(f.geom) <= %s", "ST_XMax(f.geom) >= %s", "ST_YMax(f.geom) >= %s")


def foresee(connection: Connection, change: Change, old: Collection) -> Loss:
    """What a change may take away; to be asked before it is applied."""
    concerned = (
        f"(SELECT fid FROM {change.plan} WHERE fid IS NOT NULL UNION ALL SELECT fid FROM {change.gone}) p "
        f"JOIN {current(change.number)} f ON f.fid = p.fid"
    )
    sides: frozenset[int] = frozenset()
    if old.storage_box is not None:
        reached = ", ".join(f"bool_or({side})" for side in _SIDES)
        found = _one(connection, f"SELECT {reached} FROM {concerned} WHERE NOT ST_IsEmpty(f.geom)", old.storage_box)
        sides = frozenset(side for side, value in enumerate(found) if value)
    ends: frozenset[str] = frozenset()
    if old.interval is not None:
        met = ", ".join(f"bool_or({_at('f.' + end)})" for end in ENDS)
        found = _one(connection, f"SELECT {met} FROM {concerned} WHERE {dated('f.')}", old.interval)
        ends = frozenset(end for end, value in zip(ENDS, found, strict=True) if value)
    return Loss(sides, ends)


def box(connection: Connection, change: Change, old: Box | None, loss: Loss) -> Box | None:
    """The bounds in the storage CRS, once the change is applied."""
    fresh = staged_box(connection, change.staged)
    if old is None or all(fresh is not None and reaches(fresh, old, side) for side in loss.sides):
        return container.union([old, fresh])
    sides = "min(ST_XMin(geom)), min(ST_YMin(geom)), max(ST_XMax(geom)), max(ST_YMax(geom))"
    row = _one(connection, f"SELECT {sides} FROM {current(change.number)}")
    return None if row[0] is None else (row[0], row[1], row[2], row[3])


def interval(connection: Connection, change: Change, old: Interval | None, loss: Loss) -> Interval | None:
    """The span of the features' validity, once the change is applied; an open end of one is an open end of all."""
    if old is None or loss.ends:
        return span(connection, current(change.number))
    fresh = span(connection, change.staged)
    return old if fresh is None else (outer(old[0], fresh[0], first=True), outer(old[1], fresh[1], first=False))


def span(connection: Connection, table: str) -> Interval | None:
    """The span of the validity of all rows of a table."""
    number, open_start, open_end, first, last = _one(
        connection,
        "SELECT count(*), bool_or(gw_from IS NULL), bool_or(gw_to IS NULL), min(gw_from), max(gw_to) "
        f"FROM {table} WHERE {dated('')}",
    )
    if number == 0:
        return None
    return (None if open_start else moments.plain(first)), (None if open_end else moments.plain(last))


def staged_box(connection: Connection, staged: str) -> Box | None:
    """The bounds of what is staged."""
    row = _one(connection, f"SELECT min(minx), min(miny), max(maxx), max(maxy) FROM {staged}")
    return None if row[0] is None else (row[0], row[1], row[2], row[3])


def _one(connection: Connection, sql: str, values: tuple[Any, ...] = ()) -> tuple[Any, ...]:
    row = connection.execute(sql, values or None).fetchone()
    if row is None:
        raise IntegrityError("the store lacks a row that must be there", place=sql[:80])
    return row


def _at(column: str) -> str:
    """Whether a column holds an instant that is given as people write it; None stands for an open end."""
    return f"replace({column}, '.000000Z', 'Z') IS NOT DISTINCT FROM %s::text"
