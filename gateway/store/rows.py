"""Rows as they come out of a feature table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apsw
import orjson

from gateway.model.row import Row
from gateway.store import geometry, tables
from gateway.store.facts import Facts

SELECT = (
    "f.fid, f.gw_id, f.geom, f.gw_digest, f.gw_since, f.gw_type, f.gw_parent, f.gw_validity, "
    "CAST(f.gw_ready AS BLOB), f.gw_document"
)
_BATCH = 500


class Scalars(Mapping[str, Any]):
    """The scalar properties of a ready feature, read out of it when they are first asked for."""

    __slots__ = ("_found", "_ready")

    def __init__(self, ready: bytes) -> None:
        self._ready = ready
        self._found: dict[str, Any] | None = None

    def _all(self) -> dict[str, Any]:
        if self._found is None:
            found: dict[str, Any] = orjson.loads(self._ready).get("properties") or {}
            self._found = {name: value for name, value in found.items() if not isinstance(value, list | dict)}
        return self._found

    def __getitem__(self, name: str) -> Any:
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def row(values: Sequence[Any], facts: Facts) -> Row:
    """A row of `SELECT`. Its properties are the scalars of the ready feature: exactly what was published, in its order."""
    key, identifier, blob, digest, since, kind, parent, validity, ready, document = values
    low, high = (None, None) if validity is None else orjson.loads(validity)
    return Row(
        id=identifier,
        properties=Scalars(ready),
        geometry=None if blob is None else geometry.body(blob),
        box=None if blob is None else geometry.bounds(blob),
        ready=ready,
        digest=digest,
        document=document,
        validity=None if validity is None else (low, high),
        parent=parent,
        type=kind,
        key=key,
        since=since or facts.first,
    )


def by_keys(connection: apsw.Connection, facts: Facts, keys: apsw.CArrayBinding) -> list[Row]:
    """The current rows with these keys, in key order."""
    sql = f"SELECT {SELECT} FROM {tables.current(facts.number)} f WHERE f.fid IN carray(?) ORDER BY f.fid"
    return [row(values, facts) for values in connection.execute(sql, (keys,)).fetchall()]


def families(connection: apsw.Connection, facts: Facts) -> Iterator[Row]:
    """All rows, each root in key order with its descendants directly behind it, parents first, siblings in key order.

    A row whose parent is not in the collection is a root. Memory holds the families of 500 roots.
    """
    table = tables.current(facts.number)
    has_children = connection.execute(f"SELECT 1 FROM {table} WHERE gw_parent IS NOT NULL LIMIT 1").fetchone()
    roots = connection.execute(
        f"SELECT {SELECT} FROM {table} f WHERE f.gw_parent IS NULL "
        f"OR NOT EXISTS (SELECT 1 FROM {table} p WHERE p.gw_id = f.gw_parent) ORDER BY f.fid"
    )
    for batch in _batches(row(values, facts) for values in roots):
        below = _descendants(connection, facts, batch) if has_children else {}
        for root in batch:
            yield from _family(root, below)


def _descendants(connection: apsw.Connection, facts: Facts, roots: Sequence[Row]) -> dict[str, list[Row]]:
    """Children by the id of their parent, for everything below `roots`, one level at a time."""
    table = tables.current(facts.number)
    sql = f"SELECT {SELECT} FROM {table} f WHERE f.gw_parent IN carray(?) AND f.gw_parent IS NOT NULL ORDER BY f.fid"
    below: dict[str, list[Row]] = {}
    level: Sequence[Row] = roots
    while level:
        found = [row(values, facts) for values in connection.execute(sql, (apsw.carray(tuple(one.id for one in level)),))]
        for one in found:
            below.setdefault(one.parent or "", []).append(one)
        level = found
    return below


def _family(root: Row, below: dict[str, list[Row]]) -> Iterator[Row]:
    waiting = [root]
    while waiting:
        one = waiting.pop()
        yield one
        waiting.extend(reversed(below.get(one.id, ())))


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for one in rows:
        batch.append(one)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
