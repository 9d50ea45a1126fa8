"""Rows as they come out of a feature table of PostGIS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import batched
from typing import Any

import orjson

from gateway.model.row import Row
from gateway.store.expression import Sql
from gateway.store.facts import Facts
from gateway.store.postgis.schema import current
from gateway.store.postgis.wire import Wire

SELECT = (
    "f.fid, f.gw_id, ST_AsBinary(f.geom), f.gw_digest, f.gw_since, f.gw_type, f.gw_parent, f.gw_validity, f.gw_ready, "
    "f.gw_document, ST_XMin(f.geom), ST_YMin(f.geom), ST_XMax(f.geom), ST_YMax(f.geom)"
)
READY = 8
"""The place of the ready bytes in `SELECT`."""

WIDTH = 14
"""How many members `SELECT` has; what a scan gives behind them are sort values."""

_ROOTS = 500


def row(values: Sequence[Any], facts: Facts) -> Row:
    """A row of `SELECT`. Its properties are the scalars of the ready feature: exactly what was published, in its order."""
    key, identifier, wkb, digest, since, kind, parent, validity, ready, document, *sides = values
    properties: dict[str, Any] = orjson.loads(ready).get("properties") or {}
    low, high = (None, None) if validity is None else orjson.loads(validity)
    return Row(
        id=identifier,
        properties={name: value for name, value in properties.items() if not isinstance(value, list | dict)},
        geometry=wkb,
        box=None if sides[0] is None else (sides[0], sides[1], sides[2], sides[3]),
        ready=ready,
        digest=digest,
        document=document,
        validity=None if validity is None else (low, high),
        parent=parent,
        type=kind,
        key=key,
        since=since or facts.first,
    )


def families(wire: Wire, facts: Facts) -> Iterator[Row]:
    """All rows, each root in key order with its descendants directly behind it, parents first, siblings in key order.

    A row whose parent is not in the collection is a root. Memory holds the families of 500 roots.
    """
    table = current(facts.number)
    has_children = wire.rows(Sql(f"SELECT 1 FROM {table} WHERE gw_parent IS NOT NULL LIMIT 1"))
    roots = wire.stream(
        Sql(
            f"SELECT {SELECT} FROM {table} f WHERE f.gw_parent IS NULL "
            f"OR NOT EXISTS (SELECT 1 FROM {table} p WHERE p.gw_id = f.gw_parent) ORDER BY f.fid"
        ),
        READY,
    )
    for batch in batched((row(values, facts) for values in roots), _ROOTS):
        below = _descendants(wire, facts, batch) if has_children else {}
        for root in batch:
            yield from _family(root, below)


def _descendants(wire: Wire, facts: Facts, roots: Iterable[Row]) -> dict[str, list[Row]]:
    """Children by the id of their parent, for everything below `roots`, one level at a time."""
    sql = f"SELECT {SELECT} FROM {current(facts.number)} f WHERE f.gw_parent = ANY (?) ORDER BY f.fid"
    below: dict[str, list[Row]] = {}
    level = list(roots)
    while level:
        level = [row(values, facts) for values in wire.rows(Sql(sql, [[one.id for one in level]]), READY)]
        for one in level:
            below.setdefault(one.parent or "", []).append(one)
    return below


def _family(root: Row, below: dict[str, list[Row]]) -> Iterator[Row]:
    waiting = [root]
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(reversed(below.get(one.id, ())))
