"""What tiles are made from: geometries with some of their properties, found by GiST alone; and where a collection changed."""

from __future__ import annotations

from typing import Any

import orjson

from gateway.errors import ParameterError
from gateway.model.dataset import Box
from gateway.model.feature import Scalar
from gateway.model.query import Query
from gateway.store.container import quoted
from gateway.store.expression import Sql
from gateway.store.facts import Facts
from gateway.store.postgis.area import bounds_meet
from gateway.store.postgis.paging import condition
from gateway.store.postgis.schema import current, history
from gateway.store.postgis.wire import Wire
from gateway.store.shapes import MOST_BOXES

type Shape = tuple[int, str, bytes, tuple[Scalar, ...]]

_FIXED = 3
_WIDE = "greatest(ST_XMax(f.geom) - ST_XMin(f.geom), ST_YMax(f.geom) - ST_YMin(f.geom))"


def shapes(wire: Wire, facts: Facts, srid: int, query: Query, fields: tuple[str, ...], smallest: float, every: int) -> list[Shape]:
    """Rows whose bounds meet the boxes of `query`, once each, thinned by size and key: see `ports.Reader.shapes`."""
    boxes = [bounds_meet(box, srid) for box in query.boxes]
    where = Sql(f"({' OR '.join(box.text for box in boxes)})", [value for box in boxes for value in box.values])
    if every > 1:
        where &= Sql(f"(f.fid % ? = 0 OR {_WIDE} >= ?)", [every, float(smallest)])
    wanted = condition(facts, query, srid)
    if wanted is not None:
        where &= wanted
    columns = "".join(f", f.{name}" for name in _columns(facts, fields))
    limit = query.limit if query.limit >= 0 else None
    sql = f"SELECT f.fid, f.gw_id, ST_AsBinary(f.geom){columns} FROM {current(facts.number)} f WHERE {where.text} LIMIT ?"
    return [(*row[:_FIXED], row[_FIXED:]) for row in wire.rows(Sql(sql, [*where.values, limit]), anew=True)]


def changed(wire: Wire, facts: Facts, since: int) -> list[Box] | None:
    """Bounds of what was added, changed or removed after the version `since`; None where they are too many to tell one by one,
    or not in one reference system."""
    if since >= facts.collection.version:
        return []
    if since < facts.first or not _one_system(wire, facts, since):
        return None
    sides = "ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)"
    sql = (
        f"SELECT {sides} FROM {current(facts.number)} WHERE gw_since > ? AND gw_since > 0 AND geom IS NOT NULL "
        f"UNION ALL SELECT {sides} FROM {history(facts.number)} WHERE gw_until > ? AND geom IS NOT NULL LIMIT ?"
    )
    rows: list[tuple[Any, ...]] = wire.rows(Sql(sql, [since, since, MOST_BOXES + 1]))
    if len(rows) > MOST_BOXES:
        return None
    return [(minx, miny, maxx, maxy) for minx, miny, maxx, maxy in rows if minx is not None]


def _columns(facts: Facts, fields: tuple[str, ...]) -> list[str]:
    found = []
    for name in fields:
        declared = facts.column(name)
        if declared is None:
            raise ParameterError(name, "is no property of this collection")
        found.append(quoted(declared[1].name))
    return found


def _one_system(wire: Wire, facts: Facts, since: int) -> bool:
    """Whether the collection was kept in one reference system from `since` until now."""
    sql = "SELECT facts FROM collection_version WHERE collection = ? AND (until IS NULL OR until > ?)"
    rows = wire.rows(Sql(sql, [facts.collection.id, since]))
    return len({orjson.dumps(orjson.loads(text)["crs"]) for (text,) in rows}) == 1
