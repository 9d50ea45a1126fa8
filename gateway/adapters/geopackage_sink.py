"""Writes a GeoPackage inside a child process: tables and columns come into being as the rows that need them arrive.

Follows OGC 12-128r19; the R-tree extension is its Annex F.3, the schema extension (nested values as JSON) its Annex F.9.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import apsw

APPLICATION_ID = 0x47504B47
USER_VERSION = 10400

_TABLES = """
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL, CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL,
  scope TEXT NOT NULL, CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
CREATE TABLE gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, name TEXT, title TEXT, description TEXT,
  mime_type TEXT, constraint_name TEXT, CONSTRAINT pk_gdc PRIMARY KEY (table_name, column_name),
  CONSTRAINT gdc_tn UNIQUE (table_name, name));
"""
_TRIGGERS = """
CREATE TRIGGER {n}_insert AFTER INSERT ON {t} WHEN (NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom))
BEGIN INSERT OR REPLACE INTO {r} VALUES (NEW.fid, {box}); END;
CREATE TRIGGER {n}_update2 AFTER UPDATE OF geom ON {t} WHEN OLD.fid = NEW.fid AND (NEW.geom ISNULL OR ST_IsEmpty(NEW.geom))
BEGIN DELETE FROM {r} WHERE id = OLD.fid; END;
CREATE TRIGGER {n}_update4 AFTER UPDATE ON {t} WHEN OLD.fid != NEW.fid AND (NEW.geom ISNULL OR ST_IsEmpty(NEW.geom))
BEGIN DELETE FROM {r} WHERE id IN (OLD.fid, NEW.fid); END;
CREATE TRIGGER {n}_update5 AFTER UPDATE ON {t} WHEN OLD.fid != NEW.fid AND (NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom))
BEGIN DELETE FROM {r} WHERE id = OLD.fid; INSERT OR REPLACE INTO {r} VALUES (NEW.fid, {box}); END;
CREATE TRIGGER {n}_update6 AFTER UPDATE OF geom ON {t} WHEN OLD.fid = NEW.fid AND (NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom))
  AND (OLD.geom NOTNULL AND NOT ST_IsEmpty(OLD.geom))
BEGIN UPDATE {r} SET minx = ST_MinX(NEW.geom), maxx = ST_MaxX(NEW.geom), miny = ST_MinY(NEW.geom), maxy = ST_MaxY(NEW.geom)
  WHERE id = NEW.fid; END;
CREATE TRIGGER {n}_update7 AFTER UPDATE OF geom ON {t} WHEN OLD.fid = NEW.fid AND (NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom))
  AND (OLD.geom ISNULL OR ST_IsEmpty(OLD.geom))
BEGIN INSERT INTO {r} VALUES (NEW.fid, {box}); END;
CREATE TRIGGER {n}_delete AFTER DELETE ON {t} WHEN OLD.geom NOTNULL
BEGIN DELETE FROM {r} WHERE id = OLD.fid; END;
"""
_BOX = "ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom)"
_RTREE = "http://www.geopackage.org/spec120/#extension_rtree"
_SCHEMA = "http://www.geopackage.org/spec121/#extension_schema"
_UNDEFINED = (
    ("Undefined Cartesian SRS", -1, "NONE", -1, "undefined", "undefined Cartesian coordinate reference system"),
    ("Undefined geographic SRS", 0, "NONE", 0, "undefined", "undefined geographic coordinate reference system"),
)


@dataclass(slots=True)
class _Table:
    """A table being filled: `columns` by property; `kinds` are the Python types met in each column, by name."""

    name: str
    columns: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, set[str]] = field(default_factory=dict)
    statement: str = ""


def write(batches: Iterable[Any], path: str, systems: list[tuple[Any, ...]], id_column: str) -> Iterator[Any]:
    """Make the GeoPackage at `path` from `batches`, then yield {"renamed": [(table, property, column)], "mixed": […]}.

    A batch is (table, rows, fids of the boxes, boxes); a row is (geometry blob or None, id, properties, JSON text by property).
    `systems` are rows of gpkg_spatial_ref_sys, that of the geometries first. The last batch is (None, facts): by table, its
    title, geometry type, srs_id, z and box.
    """
    connection = apsw.Connection(path)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {USER_VERSION}")
    connection.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -32000; BEGIN").fetchall()
    connection.execute(_TABLES)
    connection.executemany("INSERT OR IGNORE INTO gpkg_spatial_ref_sys VALUES (?,?,?,?,?,?)", [*systems, *_UNDEFINED])
    sink = _Sink(connection, id_column)
    facts: dict[str, dict[str, Any]] = {}
    for table, *rest in batches:
        if table is None:
            facts = rest[0]
        else:
            sink.add(table, *rest)
    yield sink.finish(facts)
    connection.execute("COMMIT")
    connection.close()


class _Sink:
    def __init__(self, connection: apsw.Connection, id_column: str) -> None:
        self._connection = connection
        self._id = id_column
        self._tables: dict[str, _Table] = {}
        self._renamed: list[tuple[str, str, str]] = []

    def add(self, name: str, rows: list[Any], fids: list[int], boxes: list[Any]) -> None:
        table = self._tables.get(name) or self._create(name)
        prepared = [(shape, identifier, *self._values(table, values, nested)) for shape, identifier, values, nested in rows]
        width = 2 + len(table.columns)
        self._connection.executemany(table.statement, (row + (None,) * (width - len(row)) for row in prepared))
        index = _quoted(f"rtree_{name}_geom")
        self._connection.executemany(
            f"INSERT INTO {index} VALUES (?,?,?,?,?)", ((fid, *box) for fid, box in zip(fids, boxes, strict=True))
        )

    def _create(self, name: str) -> _Table:
        table = _Table(name)
        self._connection.execute(
            f"CREATE TABLE {_quoted(name)} (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom, {_quoted(self._id)})"
        )
        self._connection.execute(f"CREATE VIRTUAL TABLE {_quoted(f'rtree_{name}_geom')} USING rtree(id, minx, maxx, miny, maxy)")
        self._tables[name] = table
        _prepare(table, self._id)
        return table

    def _values(self, table: _Table, values: dict[str, Any], nested: dict[str, str]) -> list[Any]:
        if not values.keys() <= table.columns.keys():
            for name in values:
                if name not in table.columns:
                    self._add_column(table, name)
        found: dict[str, Any] = dict.fromkeys(table.columns)
        for name, value in values.items():
            if value is None:
                continue
            kind = "json" if name in nested else type(value).__name__
            table.kinds[name].add(kind)
            found[name] = nested[name] if name in nested else int(value) if kind == "bool" else value
        return list(found.values())

    def _add_column(self, table: _Table, name: str) -> None:
        clean = "".join(sign if sign.isprintable() else "_" for sign in name).strip() or "column"
        taken = {column.casefold() for column in (*table.columns.values(), "fid", "geom", self._id)}
        column, number = clean, 1
        while column.casefold() in taken:
            number += 1
            column = f"{clean}_{number}"
        if column != name:
            self._renamed.append((table.name, name, column))
        table.columns[name] = column
        table.kinds[name] = set()
        self._connection.execute(f"ALTER TABLE {_quoted(table.name)} ADD COLUMN {_quoted(column)}")
        _prepare(table, self._id)

    def finish(self, facts: dict[str, dict[str, Any]]) -> dict[str, Any]:
        """Declare types, contents and indexes, now that all rows are known."""
        for name in facts:
            if name not in self._tables:
                self._create(name)
        mixed = [(table.name, column) for table in self._tables.values() for column in self._settle(table)]
        self._connection.execute("PRAGMA writable_schema = ON")
        for table in self._tables.values():
            self._declare(table, facts[table.name]["geometry"])
        self._connection.execute("PRAGMA writable_schema = RESET")
        for table in self._tables.values():
            self._register(table, facts[table.name])
        return {"renamed": self._renamed, "mixed": mixed}

    def _settle(self, table: _Table) -> Iterator[str]:
        """Columns that held values of several types become text; whole and broken numbers become numbers."""
        for name, kinds in table.kinds.items():
            if _sql_type(kinds) == "TEXT" and len(kinds) > 1:
                column = _quoted(table.columns[name])
                self._connection.execute(f"UPDATE {_quoted(table.name)} SET {column} = CAST({column} AS TEXT)")
                yield name

    def _declare(self, table: _Table, geometry: str) -> None:
        columns = "".join(f", {_quoted(column)} {_sql_type(table.kinds[name])}" for name, column in table.columns.items())
        sql = (
            f"CREATE TABLE {_quoted(table.name)} (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom {geometry}, "
            f"{_quoted(self._id)} TEXT NOT NULL{columns})"
        )
        self._connection.execute("UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?", (sql, table.name))

    def _register(self, table: _Table, facts: dict[str, Any]) -> None:
        execute = self._connection.execute
        execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, min_x, min_y, max_x, max_y, srs_id) "
            "VALUES (?, 'features', ?, ?, ?, ?, ?, ?)",
            (table.name, facts["title"], *facts["box"], facts["srs"]),
        )
        execute(
            "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?, ?, 0)",
            (table.name, facts["geometry"], facts["srs"], facts["z"]),
        )
        index = f"rtree_{table.name}_geom"
        name = _quoted(index)
        statements = _TRIGGERS.replace("{n}_", "{n}__").format(t=_quoted(table.name), r=name, box=_BOX, n="@")
        for kind in ("insert", "update2", "update4", "update5", "update6", "update7", "delete"):
            statements = statements.replace(f"TRIGGER @__{kind} ", f"TRIGGER {_quoted(f'{index}_{kind}')} ")
        execute(statements)
        execute("INSERT INTO gpkg_extensions VALUES (?, 'geom', 'gpkg_rtree_index', ?, 'write-only')", (table.name, _RTREE))
        self._register_json(table)

    def _register_json(self, table: _Table) -> None:
        nested = [column for name, column in table.columns.items() if "json" in table.kinds[name]]
        if not nested:
            return
        self._connection.execute(
            "INSERT OR IGNORE INTO gpkg_extensions SELECT 'gpkg_data_columns', NULL, 'gpkg_schema', ?, 'read-write' "
            "WHERE NOT EXISTS (SELECT 1 FROM gpkg_extensions WHERE extension_name = 'gpkg_schema')",
            (_SCHEMA,),
        )
        self._connection.executemany(
            "INSERT INTO gpkg_data_columns (table_name, column_name, mime_type) VALUES (?, ?, 'application/json')",
            [(table.name, column) for column in nested],
        )


def _prepare(table: _Table, id_column: str) -> None:
    names = "".join(f", {_quoted(column)}" for column in table.columns.values())
    marks = ",".join("?" * (2 + len(table.columns)))
    table.statement = f"INSERT INTO {_quoted(table.name)} (geom, {_quoted(id_column)}{names}) VALUES ({marks})"


def _sql_type(kinds: set[str]) -> str:
    if kinds == {"bool"}:
        return "BOOLEAN"
    if kinds and kinds <= {"bool", "int"}:
        return "INTEGER"
    if kinds and kinds <= {"int", "float"}:
        return "REAL"
    return "TEXT"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
