"""The tables that make a SQLite file a GeoPackage (OGC 12-128r19): contents, reference systems, R-trees; and safe names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import apsw

from gateway.geo import crs as systems
from gateway.model.crs import Crs

APPLICATION_ID = 0x47504B47
USER_VERSION = 10400
_FIRST_OWN_SRS = 300_001
_RTREE = "http://www.geopackage.org/spec120/#extension_rtree"

TABLES = """
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL,
  definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
  last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
  z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_extensions (
  table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
  CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
"""

_TRIGGERS = """
CREATE TRIGGER {n_insert} AFTER INSERT ON {t} WHEN (NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom))
BEGIN INSERT OR REPLACE INTO {r} VALUES (NEW.fid, {box}); END;
CREATE TRIGGER {n_update2} AFTER UPDATE OF geom ON {t} WHEN OLD.fid = NEW.fid AND (NEW.geom ISNULL OR ST_IsEmpty(NEW.geom))
BEGIN DELETE FROM {r} WHERE id = OLD.fid; END;
CREATE TRIGGER {n_update4} AFTER UPDATE ON {t} WHEN OLD.fid != NEW.fid AND (NEW.geom ISNULL OR ST_IsEmpty(NEW.geom))
BEGIN DELETE FROM {r} WHERE id IN (OLD.fid, NEW.fid); END;
CREATE TRIGGER {n_update5} AFTER UPDATE ON {t} WHEN OLD.fid != NEW.fid AND (NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom))
BEGIN DELETE FROM {r} WHERE id = OLD.fid; INSERT OR REPLACE INTO {r} VALUES (NEW.fid, {box}); END;
CREATE TRIGGER {n_update6} AFTER UPDATE OF geom ON {t} WHEN OLD.fid = NEW.fid AND (NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom))
  AND (OLD.geom NOTNULL AND NOT ST_IsEmpty(OLD.geom))
BEGIN UPDATE {r} SET minx = ST_MinX(NEW.geom), maxx = ST_MaxX(NEW.geom), miny = ST_MinY(NEW.geom), maxy = ST_MaxY(NEW.geom)
  WHERE id = NEW.fid; END;
CREATE TRIGGER {n_update7} AFTER UPDATE OF geom ON {t} WHEN OLD.fid = NEW.fid AND (NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom))
  AND (OLD.geom ISNULL OR ST_IsEmpty(OLD.geom))
BEGIN INSERT INTO {r} VALUES (NEW.fid, {box}); END;
CREATE TRIGGER {n_delete} AFTER DELETE ON {t} WHEN OLD.geom NOTNULL
BEGIN DELETE FROM {r} WHERE id = OLD.fid; END;
"""
_TRIGGER_NAMES = ("insert", "update2", "update4", "update5", "update6", "update7", "delete")
_BOX = "ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), ST_MaxY(NEW.geom)"


def prepare(connection: apsw.Connection) -> None:
    """Make an empty database a GeoPackage 1.4 with the three reference systems that clause 1.1.2.1.2 asks for."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {USER_VERSION}")
    connection.execute(TABLES)
    undefined = "undefined"
    connection.executemany(
        "INSERT INTO gpkg_spatial_ref_sys VALUES (?,?,?,?,?,?)",
        [
            ("Undefined Cartesian SRS", -1, "NONE", -1, undefined, "undefined Cartesian coordinate reference system"),
            ("Undefined geographic SRS", 0, "NONE", 0, undefined, "undefined geographic coordinate reference system"),
        ],
    )
    srs_of(connection, Crs("EPSG:4326"))


def srs_of(connection: apsw.Connection, crs: Crs) -> int:
    """The `srs_id` of a CRS, entered on first use; a compound one gets its own number, CRS84 is 4326 in visualisation order."""
    if not crs.is_known:
        return -1
    name, organization, number = _organization(crs)
    found = find_srs(connection, crs)
    if found is not None:
        return found
    taken = {row[0] for row in connection.execute("SELECT srs_id FROM gpkg_spatial_ref_sys")}
    identifier = number
    if organization == "NONE" or identifier in taken:
        identifier = max([_FIRST_OWN_SRS - 1, *(one for one in taken if one >= _FIRST_OWN_SRS)]) + 1
    values = (name, identifier, organization, number if organization != "NONE" else identifier, systems.wkt(crs), crs.code)
    connection.execute("INSERT INTO gpkg_spatial_ref_sys VALUES (?,?,?,?,?,?)", values)
    return identifier


def find_srs(connection: apsw.Connection, crs: Crs) -> int | None:
    """The `srs_id` of a CRS where it has been entered."""
    if not crs.is_known:
        return -1
    code = Crs(f"EPSG:{_organization(crs)[2]}").code if _organization(crs)[1] == "EPSG" else crs.code
    row = connection.execute("SELECT srs_id FROM gpkg_spatial_ref_sys WHERE description IN (?, ?)", (crs.code, code)).fetchone()
    return None if row is None else int(row[0])


def add_rtree(connection: apsw.Connection, table: str) -> None:
    """An empty R-tree for `table`, with no triggers yet."""
    connection.execute(f"CREATE VIRTUAL TABLE {quoted(rtree(table))} USING rtree(id, minx, maxx, miny, maxy)")


def finish_rtree(connection: apsw.Connection, table: str) -> None:
    """Register the R-tree of `table` as the standard's extension and hang in its triggers (Annex F.3)."""
    index = rtree(table)
    names = {f"n_{name}": quoted(f"{index}_{name}") for name in _TRIGGER_NAMES}
    connection.execute(_TRIGGERS.format(t=quoted(table), r=quoted(index), box=_BOX, **names))
    connection.execute(
        "INSERT INTO gpkg_extensions VALUES (?, 'geom', 'gpkg_rtree_index', ?, 'write-only')",
        (table, _RTREE),
    )


def rtree(table: str) -> str:
    """The name of the R-tree of a feature table."""
    return f"rtree_{table}_geom"


def quoted(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def column_names(properties: Iterable[str], taken: Iterable[str]) -> list[str]:
    """Column names for property names: the same where it can be, else with a number; SQLite knows no case in names."""
    used = {_folded(name) for name in taken}
    names: list[str] = []
    for given in properties:
        clean = "".join(sign if sign.isprintable() else "_" for sign in given).strip() or "column"
        name, number = clean, 1
        while _folded(name) in used:
            number += 1
            name = f"{clean}_{number}"
        used.add(_folded(name))
        names.append(name)
    return names


def union(boxes: Sequence[tuple[float, float, float, float] | None]) -> tuple[float, float, float, float] | None:
    """The box around all boxes there are."""
    there = [box for box in boxes if box is not None]
    if not there:
        return None
    west, south, east, north = zip(*there, strict=True)
    return min(west), min(south), max(east), max(north)


def _folded(name: str) -> str:
    return name.casefold()


def _organization(crs: Crs) -> tuple[str, str, int]:
    authority, _, number = crs.horizontal.partition(":")
    single = systems.epsg_number(crs) if crs.vertical is None else None
    if single is not None:
        return systems.title(crs), "EPSG", single
    if crs.vertical is None and number.isdigit():
        return systems.title(crs), authority, int(number)
    return systems.title(crs), "NONE", 0
