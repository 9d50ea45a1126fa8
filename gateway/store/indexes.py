"""Which attributes are worth an index: those that tell many features apart in few bytes, within a share of what the rows take."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import apsw

from gateway.model.feature import Field
from gateway.store import tables
from gateway.store.columns import Column
from gateway.store.connection import one
from gateway.store.container import quoted

_SAMPLE = 10_000
_FROM = 5_000
"""A collection with fewer features is scanned faster than it is indexed."""

_MOST = 16
_SHARE = 0.03
"""Of the bytes of the rows: what all attribute indexes together may take."""

_FLOOR = 1_000_000
"""Bytes that they may take in any case."""

_OVERHEAD = 9
"""Bytes of an index entry besides the value."""

_LONGEST = 64


@dataclass(frozen=True, slots=True)
class _Worth:
    """An attribute that may have an index: different values in the sample, and bytes of all entries as estimated."""

    index: str
    column: str
    values: int
    size: float


def candidates(
    connection: apsw.Connection, number: int, fields: Sequence[Field], columns: Sequence[Column]
) -> list[tuple[str, str]]:
    """(index, column) of the attributes to index: text, whole numbers and truth values, most different values first.

    Left out are measures, long texts, copies of the id and what is the same everywhere, judged on 10,000 rows from everywhere;
    and what goes beyond the share, short entries before long ones where the budget is tight.
    """
    table = tables.current(number)
    (count, last) = one(connection, f"SELECT count(*), coalesce(max(fid), 0) FROM {table}")
    if count <= _FROM:
        return []
    rows = apsw.carray(array("q", range(1, last + 1, max(1, last // _SAMPLE))))
    there = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE tbl_name = ? AND type = 'index'", (table,))}
    left = max(_FLOOR, _SHARE * count * _row_size(connection, table, rows))
    left -= sum(_entries(connection, table, column, rows, count) for column in columns if f"{table}_by_{column.name}" in there)
    found = []
    for field, column in zip(fields, columns, strict=True):
        name = f"{table}_by_{column.name}"
        if field.type not in ("number", "array") and name not in there:
            worth = _judged(connection, table, name, column.name, rows, count)
            if worth is not None:
                found.append(worth)
    chosen: list[tuple[str, str]] = []
    for worth in sorted(found, key=lambda one: -one.values / one.size):
        if worth.size <= left and len(chosen) + len(there) < _MOST:
            chosen.append((worth.index, worth.column))
            left -= worth.size
    return chosen


def _row_size(connection: apsw.Connection, table: str, rows: apsw.CArrayBinding) -> float:
    sizes = " + ".join(f"coalesce(octet_length(f.{name}), 0)" for name in ("gw_ready", "geom", "gw_document", "gw_digest"))
    (size,) = one(connection, f"SELECT avg({sizes}) FROM carray(?) k CROSS JOIN {table} f ON f.fid = k.value", (rows,))
    return float(size or 0)


def _entries(connection: apsw.Connection, table: str, column: Column, rows: apsw.CArrayBinding, count: int) -> float:
    worth = _judged(connection, table, "", column.name, rows, count)
    return 0.0 if worth is None else worth.size


def _judged(
    connection: apsw.Connection, table: str, index: str, column: str, rows: apsw.CArrayBinding, count: int
) -> _Worth | None:
    name = quoted(column)
    values, longest, copies, known = one(
        connection,
        f"SELECT count(DISTINCT f.{name}), avg(octet_length(f.{name})), sum(f.{name} = f.gw_id), count(f.{name}) "
        f"FROM carray(?) k CROSS JOIN {table} f ON f.fid = k.value",
        (rows,),
    )
    if values < 2 or longest > _LONGEST or copies >= known:
        return None
    return _Worth(index, column, values, count * (longest + _OVERHEAD))
