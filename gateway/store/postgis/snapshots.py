"""Snapshots of a twin in PostgreSQL: a plain GeoPackage of some collections as they stand, written row by row."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import orjson

from gateway.errors import UsageError
from gateway.model.access import Access
from gateway.model.dataset import Collection
from gateway.model.query import Query
from gateway.model.row import Row
from gateway.ports import Reader
from gateway.store import container, geometry
from gateway.store.columns import SQL
from gateway.store.connection import sync_folder
from gateway.store.container import quoted

_RESERVED = ("fid", "geom", "id", "rowid", "oid", "_rowid_")


def write(reader: Reader, access: Access, target: Path) -> int:
    """Write what a reader may see to `target`, which is replaced at once when the file is whole; gives the number of features."""
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {target.parent}")
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    copy = apsw.Connection(str(temporary))
    try:
        features = _write(reader, access, copy)
        copy.close()
        temporary.replace(target)
        sync_folder(target.parent)
    finally:
        copy.close()
        temporary.unlink(missing_ok=True)
    return features


def _write(reader: Reader, access: Access, copy: apsw.Connection) -> int:
    copy.execute("PRAGMA journal_mode = DELETE; PRAGMA synchronous = NORMAL")
    copy.execute("BEGIN")
    container.prepare(copy)
    collections = reader.collections(access)
    taken = [str(name) for (name,) in copy.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    names = container.column_names([one.id for one in collections], taken)
    features = 0
    for collection, table in zip(collections, names, strict=True):
        rows = reader.rows(Query(collection.id, access, limit=-1))
        features += _layer(copy, collection, table, rows)
    copy.execute("COMMIT")
    return features


def _layer(copy: apsw.Connection, collection: Collection, table: str, rows: Iterator[Row]) -> int:
    srs = container.srs_of(copy, collection.crs)
    kind = (collection.geometry_type or "GEOMETRY").upper()
    names = container.column_names([field.name for field in collection.fields], _RESERVED)
    columns = "".join(f", {quoted(name)} {SQL[field.type]}" for name, field in zip(names, collection.fields, strict=True))
    copy.execute(
        f"CREATE TABLE {quoted(table)} "
        f"(fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom {kind}, id TEXT NOT NULL UNIQUE{columns})"
    )
    copy.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, min_x, min_y, max_x, max_y, srs_id) "
        "VALUES (?, 'features', ?, ?, ?, ?, ?, ?)",
        (table, collection.id, *(collection.storage_box or (None,) * 4), srs),
    )
    copy.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, 0, 0)", (table, kind, srs))
    container.add_rtree(copy, table)
    features = _fill(copy, collection, table, srs, rows)
    container.finish_rtree(copy, table)
    return features


def _fill(copy: apsw.Connection, collection: Collection, table: str, srs: int, rows: Iterator[Row]) -> int:
    """Lay the rows and their boxes down in key order; the layer says whether there are heights when all have passed."""
    insert = f"INSERT INTO {quoted(table)} VALUES ({','.join('?' * (3 + len(collection.fields)))})"
    enter = f"INSERT INTO {quoted(container.rtree(table))} VALUES (?,?,?,?,?)"
    features, has_z = 0, False
    has_lists = any(field.type == "array" for field in collection.fields)
    for row in rows:
        blob = None if row.geometry is None else geometry.pack(row.geometry, row.box, srs)
        has_z = has_z or (row.geometry is not None and geometry.kind(row.geometry)[1])
        properties = orjson.loads(row.ready)["properties"] or {} if has_lists else row.properties
        values = [_plain(properties.get(field.name)) for field in collection.fields]
        copy.execute(insert, (row.key, blob, row.id, *values))
        if blob is not None and row.box is not None:
            minx, miny, maxx, maxy = row.box
            copy.execute(enter, (row.key, minx, maxx, miny, maxy))
        features += 1
    if has_z:
        # Z values optional (2), OGC 12-128r19 table 5.
        copy.execute("UPDATE gpkg_geometry_columns SET z = 2 WHERE table_name = ?", (table,))
    return features


def _plain(value: Any) -> Any:
    """A value as SQLite binds it: a list as JSON, a whole number beyond 64 bits as a real one."""
    if isinstance(value, list | tuple):
        return orjson.dumps(value).decode()
    return float(value) if isinstance(value, int) and not -(2**63) <= value < 2**63 else value
