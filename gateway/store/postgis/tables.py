"""The tables of one collection: how they are filled at first, what indexes they have, and columns that come later."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.model.feature import Field
from gateway.store.columns import Column
from gateway.store.container import quoted
from gateway.store.postgis.columns import earlier_value
from gateway.store.postgis.schema import TYPES, Connection, current, feature_tables, history
from gateway.store.postgis.staging import FIXED, PostgisStaging

SPATIAL_FROM = 20_000
"""From how many features on a first import is laid down in spatial order (PostGIS sorts along a Hilbert curve)."""

_SAMPLE = 10_000
_INDEX_FROM = 5000
_MOST_INDEXES = 16
_LONGEST_INDEXED = 64
LONGEST_VALUE = 2000
"""Bytes up to which every value of an indexed text column stays: an entry of a B-tree holds 2,704."""


def fill(connection: Connection, number: int, staging: PostgisStaging, staged: str, columns: Sequence[Column]) -> None:
    """Make the tables of a collection and lay its first rows down, with all indexes and statistics."""
    connection.execute(feature_tables(number, list(columns)))
    sources = staging.sources(columns)
    names = "".join(f", {quoted(column.name)}" for column in sources)
    values = "".join(f", {source}" for source in sources.values())
    order = "s.geom, s.n" if staging.rows >= SPATIAL_FROM else "s.n"
    fixed = ", ".join(f"s.{name}" for name in FIXED.split(", "))
    connection.execute(
        f"INSERT INTO {current(number)} (fid, {FIXED}, gw_since{names}) "
        f"SELECT row_number() OVER (ORDER BY {order}), {fixed}, 0{values} FROM {staged} s ORDER BY {order}"
    )
    _index(connection, number)
    connection.execute(f"ANALYZE {current(number)}")
    add_indexes(connection, number, staging.fields(), columns, columns)


def add_columns(connection: Connection, number: int, columns: Sequence[Column], existing: Sequence[Column]) -> None:
    """Columns that a new version brings; a property whose type changed takes its values along from its earlier columns."""
    names = {column: quoted(column.name) for column in existing}
    for table in (current(number), history(number)):
        for column in columns:
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {quoted(column.name)} {TYPES[column.type]}")
        taken = {column: earlier_value(column, existing, names) for column in columns}
        settings = [f"{quoted(column.name)} = {value}" for column, value in taken.items() if value is not None]
        if settings:
            connection.execute(f"UPDATE {table} SET {', '.join(settings)}")


def add_indexes(
    connection: Connection, number: int, fields: Sequence[Field], columns: Sequence[Column], every: Sequence[Column]
) -> None:
    """Index attributes that tell features apart: text, whole numbers and truth values.

    A collection below 5,000 features is scanned faster than it is indexed. Left out are measures, long texts, copies of the
    id and what is the same everywhere, judged on the first 10,000 rows; at most 16.
    """
    table = current(number)
    if not connection.execute(f"SELECT 1 FROM {table} ORDER BY fid LIMIT 1 OFFSET {_INDEX_FROM}").fetchone():
        return
    there = attribute_indexes(connection, number)
    for field, column in zip(fields, columns, strict=True):
        name = f"{table}_by_{every.index(column)}"
        if field.type in ("number", "array") or name in there or len(there) >= _MOST_INDEXES:
            continue
        if _tells_apart(connection, table, column):
            connection.execute(f"CREATE INDEX {name} ON {table} ({quoted(column.name)})")
            there.add(name)


def attribute_indexes(connection: Connection, number: int) -> set[str]:
    """The names of a collection's attribute indexes; they end in the column's place among all columns of its life."""
    rows = connection.execute(
        "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename = %s AND indexname ~ '_by_[0-9]+$'",
        (current(number),),
    )
    return {name for (name,) in rows}


def drop_narrow_indexes(
    connection: Connection, number: int, staged: str, every: Sequence[Column], sources: dict[Column, str]
) -> None:
    """Take away the index of a text column that is about to get a value which does not fit into one."""
    for name in attribute_indexes(connection, number):
        column = every[int(name.rpartition("_")[2])]
        source = sources.get(column)
        if column.type == "string" and source is not None and _has_long(connection, f"{staged} s", source):
            connection.execute(f"DROP INDEX {name}")


def highest_key(connection: Connection, number: int) -> int:
    """The largest row key that the collection ever gave away."""
    row = connection.execute(
        f"SELECT greatest((SELECT max(fid) FROM {current(number)}), (SELECT max(fid) FROM {history(number)}), 0)"
    ).fetchone()
    return 0 if row is None else int(row[0])


def _index(connection: Connection, number: int) -> None:
    """The indexes every collection has: ids, children by parent, geometry; later versions by key, id, time and place."""
    now, then = current(number), history(number)
    for statement in (
        f"CREATE UNIQUE INDEX {now}_id ON {now} (gw_id)",
        f"CREATE INDEX {now}_parent ON {now} (gw_parent) WHERE gw_parent IS NOT NULL",
        f"CREATE INDEX {now}_geom ON {now} USING gist (geom)",
        f"CREATE INDEX {now}_since ON {now} (gw_since) WHERE gw_since > 0",
        f"CREATE INDEX {then}_fid ON {then} (fid)",
        f"CREATE INDEX {then}_id ON {then} (gw_id)",
        f"CREATE INDEX {then}_until ON {then} (gw_until)",
        f"CREATE INDEX {then}_geom ON {then} USING gist (geom)",
    ):
        connection.execute(statement)


def _tells_apart(connection: Connection, table: str, column: Column) -> bool:
    name = quoted(column.name)
    row = connection.execute(
        f"SELECT count(DISTINCT v), avg(length(v)), count(*) FILTER (WHERE v = gw_id), count(v) FROM "
        f"(SELECT {name}::text AS v, gw_id FROM {table} ORDER BY fid LIMIT {_SAMPLE}) AS sample"
    ).fetchone()
    if row is None or row[0] < 2 or row[1] > _LONGEST_INDEXED or row[2] == row[3]:
        return False
    return column.type != "string" or not _has_long(connection, table, name)


def _has_long(connection: Connection, table: str, value: str) -> bool:
    sql = f"SELECT 1 FROM {table} WHERE octet_length({value}) > {LONGEST_VALUE} LIMIT 1"
    return connection.execute(sql).fetchone() is not None
