"""What tiles are made from: geometries with some of their properties, found by the R-tree alone; and where a collection changed."""

from __future__ import annotations

from typing import Any

import apsw
import orjson

from gateway.errors import ParameterError
from gateway.model.dataset import Box
from gateway.model.feature import Scalar
from gateway.model.query import Query
from gateway.store import container, geometry, tables
from gateway.store.connection import select
from gateway.store.container import quoted
from gateway.store.facts import Facts
from gateway.store.paging import Scan

type Shape = tuple[int, str, bytes, tuple[Scalar, ...]]

MOST_BOXES = 10_000
"""Above so many changed features their bounds are no longer told one by one."""

_FIXED = 3
_OVERLAP = "r.minx <= ? AND r.maxx >= ? AND r.miny <= ? AND r.maxy >= ?"


def shapes(
    connection: apsw.Connection, facts: Facts, query: Query, fields: tuple[str, ...], smallest: float, every: int
) -> list[Shape]:
    """Rows whose bounds meet the boxes of `query`, once each; where two boxes hold them, in the order of the boxes.

    `smallest` and `every` thin them by R-tree and key: see `ports.Reader.shapes`.
    """
    condition = Scan.of(connection, facts, query).condition
    wanted, values = _OVERLAP, []
    if every > 1:
        wanted += " AND (r.id % ? = 0 OR max(r.maxx - r.minx, r.maxy - r.miny) >= ?)"
        values += [every, smallest]
    if condition is not None:
        wanted += f" AND ({condition.text})"
        values += condition.values
    columns = "".join(f", f.{name}" for name in _columns(facts, fields))
    table = tables.current(facts.number)
    sql = (
        f"SELECT f.fid, f.gw_id, f.geom{columns} FROM {quoted(container.rtree(table))} r "
        f"CROSS JOIN {table} f ON f.fid = r.id WHERE {wanted} LIMIT ?"
    )
    rows: list[tuple[Any, ...]] = []
    for box in query.boxes:
        rows += connection.execute(sql, (*_overlap(box), *values, query.limit)).fetchall()
    if len(query.boxes) > 1:
        rows = list({row[0]: row for row in rows}.values())[: query.limit if query.limit >= 0 else None]
    truths = [place for place, name in enumerate(fields, _FIXED) if _is_truth(facts, name)]
    if truths:
        rows = [_with_truths(row, truths) for row in rows]
    body = geometry.body
    return [(row[0], row[1], body(row[2]), row[_FIXED:]) for row in rows]


def changed(connection: apsw.Connection, facts: Facts, since: int) -> list[Box] | None:
    """Bounds of what was added, changed or removed after the version `since`; None where they are too many to tell one by one,
    or not in one reference system."""
    if since >= facts.collection.version:
        return []
    if since < facts.first or not _one_system(connection, facts, since):
        return None
    current, history = tables.current(facts.number), tables.history(facts.number)
    boxes: list[Box] = []
    for sql in (
        f"SELECT geom FROM {current} WHERE gw_since > ? AND gw_since > 0 AND geom NOTNULL LIMIT ?",
        f"SELECT geom FROM {history} WHERE gw_until > ? AND geom NOTNULL LIMIT ?",
    ):
        rows: list[tuple[Any, ...]] = connection.execute(sql, (since, MOST_BOXES + 1 - len(boxes))).fetchall()
        boxes += [box for (blob,) in rows if (box := geometry.bounds(blob)) is not None]
        if len(boxes) > MOST_BOXES:
            return None
    return boxes


def _columns(facts: Facts, fields: tuple[str, ...]) -> list[str]:
    found = []
    for name in fields:
        declared = facts.column(name)
        if declared is None:
            raise ParameterError(name, "is no property of this collection")
        found.append(quoted(declared[1].name))
    return found


def _is_truth(facts: Facts, name: str) -> bool:
    declared = facts.column(name)
    return declared is not None and declared[0].type == "boolean"


def _with_truths(row: tuple[Any, ...], places: list[int]) -> tuple[Any, ...]:
    """SQLite keeps truth values as 0 and 1."""
    values = list(row)
    for place in places:
        values[place] = None if values[place] is None else bool(values[place])
    return tuple(values)


def _one_system(connection: apsw.Connection, facts: Facts, since: int) -> bool:
    """Whether the collection was kept in one reference system from `since` until now."""
    rows = select(
        connection,
        "SELECT facts FROM collection_version WHERE collection = ? AND (until IS NULL OR until > ?)",
        (facts.collection.id, since),
    )
    systems = {orjson.dumps(orjson.loads(text)["crs"]) for (text,) in rows}
    return len(systems) == 1


def _overlap(box: Box) -> tuple[float, float, float, float]:
    minx, miny, maxx, maxy = box
    return maxx, minx, maxy, miny
