"""The tables of one collection: current rows, earlier rows, R-tree and attribute indexes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import apsw
import numpy as np

from gateway.model.dataset import Box
from gateway.store import container, geometry
from gateway.store.columns import SQL, Column
from gateway.store.connection import one, select
from gateway.store.container import quoted

MEMBERS = "geom, gw_id, gw_digest, gw_since, gw_type, gw_parent, gw_from, gw_to, gw_validity, gw_ready, gw_document"

_DEFINITIONS = (
    "gw_id TEXT NOT NULL, gw_digest BLOB NOT NULL, gw_since INTEGER NOT NULL, {extra}gw_type TEXT NOT NULL, gw_parent TEXT, "
    "gw_from TEXT, gw_to TEXT, gw_validity TEXT{columns}, gw_ready TEXT NOT NULL, gw_document BLOB"
)
_CELL = np.dtype([("key", ">i8"), ("sides", ">f4", 4)])
"""A cell of an R-tree node: a key and minx, maxx, miny, maxy (https://sqlite.org/rtree.html, section 5.1)."""


def current(number: int) -> str:
    """The table of the rows that stand."""
    return f"current_{number}"


def history(number: int) -> str:
    """The table of the rows that were replaced or removed."""
    return f"history_{number}"


def history_boxes(number: int) -> str:
    """The R-tree over the table of earlier rows, by their `gw_row`."""
    return f"{history(number)}_box"


def create(connection: apsw.Connection, number: int, columns: Sequence[Column]) -> None:
    """Both tables and an R-tree without triggers; the other indexes are for `index_ids`, when the rows are in.

    The geometry column is of any type, since a later version may bring another; a snapshot names the one there is.
    """
    declared = "".join(f", {quoted(column.name)} {_sql_type(column)}" for column in columns)
    now = _DEFINITIONS.format(extra="", columns=declared)
    then = _DEFINITIONS.format(extra="gw_until INTEGER NOT NULL, ", columns=declared)
    connection.execute(f"CREATE TABLE {current(number)} (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom GEOMETRY, {now})")
    connection.execute(f"CREATE TABLE {history(number)} (gw_row INTEGER PRIMARY KEY, fid INTEGER NOT NULL, geom GEOMETRY, {then})")
    container.add_rtree(connection, current(number))
    add_history_boxes(connection, number)


def add_history_boxes(connection: apsw.Connection, number: int) -> None:
    """An R-tree for the earlier rows, empty."""
    connection.execute(f"CREATE VIRTUAL TABLE {history_boxes(number)} USING rtree(id, minx, maxx, miny, maxy)")


def fill_history_boxes(connection: apsw.Connection, number: int, after: int) -> None:
    """The bounds of the earlier rows laid down after the row `after`."""
    connection.execute(
        f"INSERT INTO {history_boxes(number)} SELECT gw_row, ST_MinX(geom), ST_MaxX(geom), ST_MinY(geom), ST_MaxY(geom) "
        f"FROM {history(number)} WHERE gw_row > ? AND geom IS NOT NULL AND NOT ST_IsEmpty(geom)",
        (after,),
    )


def index_ids(connection: apsw.Connection, number: int) -> None:
    """The indexes every collection has: unique ids, children by parent, validity, earlier rows by key and id."""
    table, earlier = current(number), history(number)
    for statement in (
        f"CREATE UNIQUE INDEX {table}_id ON {table} (gw_id)",
        f"CREATE INDEX {table}_parent ON {table} (gw_parent) WHERE gw_parent IS NOT NULL",
        f"CREATE INDEX {earlier}_fid ON {earlier} (fid)",
        f"CREATE INDEX {earlier}_id ON {earlier} (gw_id)",
    ):
        connection.execute(statement)
    index_changes(connection, number)


def index_changes(connection: apsw.Connection, number: int) -> None:
    """The indexes by which later versions are told from the first, which both leave out; where they are there, nothing happens."""
    table, earlier = current(number), history(number)
    connection.execute(f"CREATE INDEX IF NOT EXISTS {table}_since ON {table} (gw_since) WHERE gw_since > 0")
    connection.execute(f"CREATE INDEX IF NOT EXISTS {earlier}_until ON {earlier} (gw_until)")


def add_columns(connection: apsw.Connection, number: int, columns: Iterable[Column], existing: Iterable[Column]) -> None:
    """Columns that a new version brings; a property whose kind changed takes its values along from its earlier column."""
    before = {column.property: column for column in existing}
    for column in columns:
        for table in (current(number), history(number)):
            connection.execute(f"ALTER TABLE {table} ADD COLUMN {quoted(column.name)} {_sql_type(column)}")
            old = before.get(column.property)
            if old is not None:
                cast = "TEXT" if column.is_text else "NUMERIC"
                connection.execute(
                    f"UPDATE {table} SET {quoted(column.name)} = CAST({quoted(old.name)} AS {cast}) "
                    f"WHERE {quoted(old.name)} NOTNULL"
                )


def drop(connection: apsw.Connection, number: int) -> None:
    """Take both tables and the R-tree away, where they are."""
    connection.execute(f"DROP TABLE IF EXISTS {quoted(container.rtree(current(number)))}")
    connection.execute(f"DROP TABLE IF EXISTS {current(number)}")
    connection.execute(f"DROP TABLE IF EXISTS {history_boxes(number)}")
    connection.execute(f"DROP TABLE IF EXISTS {history(number)}")


def add_index(connection: apsw.Connection, number: int, name: str, column: str) -> None:
    """An attribute index."""
    connection.execute(f"CREATE INDEX {quoted(name)} ON {current(number)} ({quoted(column)})")


def exact_box(connection: apsw.Connection, number: int) -> Box | None:
    """The exact bounds of all current geometries. The R-tree rounds outwards and in order, so the row that reaches farthest is
    among those whose rounded side is the farthest."""
    table, index = current(number), quoted(container.rtree(current(number)))
    row = _root_box(connection, number)
    if row is None:
        return None
    sides: list[float] = []
    for place, (side, value) in enumerate(zip(("minx", "miny", "maxx", "maxy"), row, strict=True)):
        operator = "<=" if place < 2 else ">="
        blobs = select(
            connection, f"SELECT geom FROM {index} r JOIN {table} f ON f.fid = r.id WHERE r.{side} {operator} ?", (value,)
        )
        values = [box[place] for box in (geometry.bounds(blob) for (blob,) in blobs) if box is not None]
        sides.append(min(values) if place < 2 else max(values))
    return sides[0], sides[1], sides[2], sides[3]


def _root_box(connection: apsw.Connection, number: int) -> Box | None:
    """The bounds of the R-tree as its root node states them: one page read, whatever the number of features."""
    node = quoted(f"{container.rtree(current(number))}_node")
    (data,) = one(connection, f"SELECT data FROM {node} WHERE nodeno = 1")
    cells = np.frombuffer(data, dtype=_CELL, offset=4, count=int.from_bytes(data[2:4]))
    if len(cells) == 0:
        return None
    minx, maxx, miny, maxy = (cells["sides"][:, side] for side in range(4))
    return float(minx.min()), float(miny.min()), float(maxx.max()), float(maxy.max())


def _sql_type(column: Column) -> str:
    return SQL[column.type]
