"""Laying a first import down: its tables are filled in small transactions, unseen by anyone until a publication names them."""

from __future__ import annotations

from collections.abc import Sequence

import apsw

from gateway.model.feature import Field
from gateway.store import container, indexes, tables
from gateway.store.columns import Column
from gateway.store.connection import transaction
from gateway.store.container import quoted
from gateway.store.staging import FIXED, ScratchStaging, plan_order

CHUNK = 25_000
"""Rows in one transaction; another writer waits no longer than one takes."""

SMALL = 5_000
"""Up to here a collection is laid down in the publication's own transaction."""


def reserve(connection: apsw.Connection, token: str) -> int:
    """A number for tables to come, entered under the lease's token so that a sweep can find them."""
    connection.execute("INSERT INTO staging (token) VALUES (?)", (token,))
    return int(connection.last_insert_rowid())


def lay_apart(connection: apsw.Connection, staging: ScratchStaging, schema: str, columns: Sequence[Column]) -> int:
    """Lay a large collection down before its publication; gives the number of its tables."""
    path = connection.filename
    with transaction(connection, path):
        number = reserve(connection, staging.token)
        tables.create(connection, number, columns)
    count = plan_order(connection, schema, spatial=True)
    for first in range(1, count + 1, CHUNK):
        with transaction(connection, path):
            _fill(connection, staging, schema, number, columns, (first, first + CHUNK - 1))
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    with transaction(connection, path):
        tables.index_ids(connection, number)
    for name, column in indexes.candidates(connection, number, _fields(staging, columns), columns):
        with transaction(connection, path):
            tables.add_index(connection, number, name, column)
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    return number


def lay_here(connection: apsw.Connection, staging: ScratchStaging, schema: str, columns: Sequence[Column]) -> int:
    """Lay a small collection down in the transaction that is open; gives the number of its tables."""
    number = reserve(connection, staging.token)
    tables.create(connection, number, columns)
    count = plan_order(connection, schema, spatial=True)
    _fill(connection, staging, schema, number, columns, (1, count))
    tables.index_ids(connection, number)
    for name, column in indexes.candidates(connection, number, _fields(staging, columns), columns):
        tables.add_index(connection, number, name, column)
    return number


def _fields(staging: ScratchStaging, columns: Sequence[Column]) -> list[Field]:
    by_name = {field.name: field for field in staging.fields()}
    return [by_name[column.property] for column in columns]


def _fill(
    connection: apsw.Connection,
    staging: ScratchStaging,
    schema: str,
    number: int,
    columns: Sequence[Column],
    keys: tuple[int, int],
) -> None:
    """Copy the rows with these keys and their boxes out of the scratch file; all of it in SQLite, nothing passes Python."""
    table = tables.current(number)
    names = "".join(f", {quoted(column.name)}" for column in columns)
    sources = "".join(f", {one}" for one in staging.source_columns(column.property for column in columns))
    chosen = f"FROM {schema}.ordered o JOIN {schema}.staged s ON s.n = o.n WHERE o.k BETWEEN ? AND ?"
    connection.execute(
        f"INSERT INTO {table} (fid, {FIXED}, gw_since{names}) SELECT o.k, {FIXED}, 0{sources} {chosen} ORDER BY o.k", keys
    )
    index = quoted(container.rtree(table))
    connection.execute(
        f"INSERT INTO {index} SELECT o.k, s.minx, s.maxx, s.miny, s.maxy {chosen} AND s.minx IS NOT NULL ORDER BY o.k", keys
    )
