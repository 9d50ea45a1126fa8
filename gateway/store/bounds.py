"""How far a collection reaches in space and time after a delta, found without reading the whole of it where that can be."""

from __future__ import annotations

from dataclasses import dataclass

import apsw

from gateway.model.dataset import Box, Collection
from gateway.store import container, moments, tables
from gateway.store.changes import Place
from gateway.store.connection import one

type Interval = tuple[str | None, str | None]

_SIDES = ("ST_MinX(f.geom) <= ?", "ST_MinY(f.geom) <= ?", "ST_MaxX(f.geom) >= ?", "ST_MaxY(f.geom) >= ?")
ENDS = ("gw_from", "gw_to")
"""Columns of the two ends of a row's interval."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What rows that change or go may leave behind: sides of the box (0 to 3) and ends of the interval that they reached."""

    sides: frozenset[int] = frozenset()
    ends: frozenset[str] = frozenset()


def foresee(connection: apsw.Connection, place: Place, old: Collection) -> Loss:
    """What the change that lies in the scratch file may take away; to be asked before it is applied."""
    concerned = (
        f"(SELECT fid FROM {place.schema}.plan WHERE fid NOTNULL UNION ALL SELECT fid FROM {place.schema}.gone) p "
        f"JOIN {tables.current(place.number)} f ON f.fid = p.fid"
    )
    sides: frozenset[int] = frozenset()
    if old.storage_box is not None:
        reached = ", ".join(f"max({side})" for side in _SIDES)
        found = one(connection, f"SELECT {reached} FROM {concerned} WHERE NOT ST_IsEmpty(f.geom)", old.storage_box)
        sides = frozenset(side for side, value in enumerate(found) if value)
    ends: frozenset[str] = frozenset()
    if old.interval is not None:
        met = ", ".join(f"max({_at('f.' + end)})" for end in ENDS)
        found = one(connection, f"SELECT {met} FROM {concerned} WHERE {dated('f.')}", old.interval)
        ends = frozenset(end for end, value in zip(ENDS, found, strict=True) if value)
    return Loss(sides, ends)


def box(connection: apsw.Connection, place: Place, old: Box | None, loss: Loss) -> Box | None:
    """The bounds in the storage CRS, once the change is applied."""
    fresh = staged_box(connection, place.schema)
    if old is None or all(fresh is not None and reaches(fresh, old, side) for side in loss.sides):
        return container.union([old, fresh])
    return tables.exact_box(connection, place.number)


def interval(connection: apsw.Connection, place: Place, old: Interval | None, loss: Loss) -> Interval | None:
    """The span of the features' validity, once the change is applied; an open end of one is an open end of all."""
    table = tables.current(place.number)
    fresh = span(connection, f"{place.schema}.staged")
    if old is None:
        return fresh
    for end in loss.ends:
        before, after = old[ENDS.index(end)], None if fresh is None else fresh[ENDS.index(end)]
        if fresh is not None and after == before:
            continue
        sql = f"SELECT 1 FROM {table} WHERE {dated('')} AND {_at(end)} LIMIT 1"
        if connection.execute(sql, (before,)).fetchone() is None:
            return span(connection, table)
    return old if fresh is None else (outer(old[0], fresh[0], first=True), outer(old[1], fresh[1], first=False))


def span(connection: apsw.Connection, table: str) -> Interval | None:
    """The span of the validity of all rows of a table."""
    number, open_start, open_end, first, last = one(
        connection,
        f"SELECT count(*), sum(gw_from IS NULL), sum(gw_to IS NULL), min(gw_from), max(gw_to) FROM {table} WHERE {dated('')}",
    )
    if number == 0:
        return None
    return (None if open_start else moments.plain(first)), (None if open_end else moments.plain(last))


def staged_box(connection: apsw.Connection, schema: str) -> Box | None:
    """The bounds of what is staged."""
    row = one(connection, f"SELECT min(minx), min(miny), max(maxx), max(maxy) FROM {schema}.staged")
    return None if row[0] is None else (row[0], row[1], row[2], row[3])


def reaches(fresh: Box, old: Box, side: int) -> bool:
    """Whether a fresh box reaches as far as the old one on one side (0 to 3)."""
    return fresh[side] <= old[side] if side < 2 else fresh[side] >= old[side]


def dated(prefix: str) -> str:
    """The condition that a row has an interval."""
    return f"({prefix}gw_from IS NOT NULL OR {prefix}gw_to IS NOT NULL)"


def _at(column: str) -> str:
    """Whether a column holds an instant that is given as people write it; None stands for an open end."""
    return f"replace({column}, '.000000Z', 'Z') IS ?"


def outer(one_end: str | None, other: str | None, *, first: bool) -> str | None:
    """The end that is further out; None stands for an open one."""
    if one_end is None or other is None:
        return None
    return min(one_end, other) if first else max(one_end, other)
