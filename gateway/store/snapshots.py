"""Snapshots: a plain GeoPackage of some collections as they stand, for QGIS and anyone's programs."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

import apsw

from gateway.errors import UsageError
from gateway.store import container, facts, tables
from gateway.store.columns import SQL
from gateway.store.connection import connect, one, select, sync_folder, translated
from gateway.store.container import quoted
from gateway.store.facts import Facts

_RESERVED = ("fid", "geom", "id", "rowid", "oid", "_rowid_")


def write(path: str, target: Path, collections: Sequence[str]) -> int:
    """Write the current rows of `collections`, seen at one moment, to `target`; gives their number.

    `target` is replaced at once when the file is whole; the live file is read through a read-only connection of apsw.
    """
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {target.parent}")
    if target.exists() and target.samefile(path):
        raise UsageError("a snapshot may not replace the twin itself", place=str(target))
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    source = connect(path)
    copy = apsw.Connection(str(temporary))
    try:
        with translated(path):
            features = _write(source, copy, collections)
        copy.close()
        temporary.replace(target)
        sync_folder(target.parent)
    finally:
        source.close()
        copy.close()
        temporary.unlink(missing_ok=True)
    return features


def _write(source: apsw.Connection, copy: apsw.Connection, collections: Sequence[str]) -> int:
    copy.execute("PRAGMA journal_mode = DELETE; PRAGMA synchronous = NORMAL")
    source.execute("BEGIN")
    copy.execute("BEGIN")
    container.prepare(copy)
    names = container.column_names(collections, _reserved_tables(copy))
    features = 0
    for collection, table in zip(collections, names, strict=True):
        standing = facts.current(source, collection)
        if standing is not None:
            features += _copy(source, copy, standing, table)
    copy.execute("COMMIT")
    return features


def _copy(source: apsw.Connection, copy: apsw.Connection, standing: Facts, table: str) -> int:
    known = standing.collection
    srs = container.srs_of(copy, known.crs)
    kind = (known.geometry_type or "GEOMETRY").upper()
    names = container.column_names([field.name for field in known.fields], _RESERVED)
    columns = "".join(f", {quoted(name)} {SQL[field.type]}" for name, field in zip(names, known.fields, strict=True))
    copy.execute(
        f"CREATE TABLE {quoted(table)} "
        f"(fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom {kind}, id TEXT NOT NULL UNIQUE{columns})"
    )
    copy.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, min_x, min_y, max_x, max_y, srs_id) "
        "VALUES (?, 'features', ?, ?, ?, ?, ?, ?)",
        (table, known.id, *(known.storage_box or (None,) * 4), srs),
    )
    (z,) = one(source, "SELECT z FROM gpkg_geometry_columns WHERE table_name = ?", (tables.current(standing.number),))
    copy.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, ?, 0)", (table, kind, srs, z))
    features = _copy_rows(source, copy, standing, table, srs)
    container.finish_rtree(copy, table)
    return features


def _copy_rows(source: apsw.Connection, copy: apsw.Connection, standing: Facts, table: str, srs: int) -> int:
    """Rows and R-tree entries, streamed in key order."""
    live = tables.current(standing.number)
    members = "".join(f", {quoted(column.name)}" for column in standing.columns)
    marks = ",".join("?" * (3 + len(standing.columns)))
    rows = select(source, f"SELECT fid, geom, gw_id{members} FROM {live} ORDER BY fid")
    code = srs.to_bytes(4, "little", signed=True)
    copy.executemany(
        f"INSERT INTO {quoted(table)} VALUES ({marks})",
        ((fid, None if blob is None else b"".join((blob[:4], code, blob[8:])), *rest) for fid, blob, *rest in rows),
    )
    container.add_rtree(copy, table)
    boxes = source.execute(f"SELECT id, minx, maxx, miny, maxy FROM {quoted(container.rtree(live))} ORDER BY id")
    copy.executemany(f"INSERT INTO {quoted(container.rtree(table))} VALUES (?,?,?,?,?)", boxes)
    (features,) = one(copy, f"SELECT count(*) FROM {quoted(table)}")
    return int(features)


def _reserved_tables(connection: apsw.Connection) -> list[str]:
    return [name for (name,) in select(connection, "SELECT name FROM sqlite_schema WHERE type = 'table'")]
