"""Reads a stranger's GeoPackage inside a limited child process (`gateway.gates.child`); the only reader that opens SQLite here.

After https://sqlite.org/security.html: read-only and immutable, trusted_schema off, defensive, no views, no triggers, limits,
an authorizer that lets pass only reads of the tables asked for, a progress handler, and a quick check of each table before its
rows. Nothing of the file's own SQL runs: views, virtual tables and generated columns are not followed. Imports little, so that
the limit of memory is for the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import apsw

from gateway.errors import OutOfTime, Unreadable

BATCH = 4000
BATCH_BYTES = 4 << 20
MAX_LAYERS = 1000
MAX_COLUMNS = 2000
MAX_VALUE = 64 << 20
_STEPS = 100_000
_MOST_STEPS = 20_000
"""Calls of the progress handler between two batches: 2e9 steps of SQLite's machine."""
_SYSTEM = ("sqlite_", "gpkg_", "rtree_")
_PRAGMAS = frozenset({"table_xinfo", "quick_check"})
_CATALOGUE = frozenset(
    ("sqlite_master", "sqlite_schema", "gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys", "gpkg_data_columns")
)
_ENVELOPES = (0, 32, 48, 48, 64)


@dataclass(slots=True)
class Table:
    """One layer as the file declares it; `columns` are (name, declared type) without key and geometry."""

    name: str
    title: str | None
    description: str | None
    key: str | None
    geometry: str | None
    geometry_type: str | None
    srs: dict[str, Any] | None
    columns: list[tuple[str, str]]
    json: list[str] = field(default_factory=list)
    generated: list[str] = field(default_factory=list)


def read(path: str) -> Iterator[Any]:
    """Yield the catalogue of the GeoPackage at `path` first, then its rows in batches.

    The catalogue is {"layers": […], "skipped": [(name, data_type), …]}; a batch is (layer number, keys, WKB or None for each,
    envelopes joined (32 bytes each, NaN where there is none) or None, tuples of values in the order of the columns).
    Raises Unreadable for what is no GeoPackage or a hostile one, OutOfTime at a limit.
    """
    source = _Source(path)
    try:
        yield from source.frames()
    except apsw.InterruptError as error:
        raise OutOfTime("reading the GeoPackage takes more steps than allowed", cure="split the file") from error
    except apsw.AuthError as error:
        raise Unreadable(f"the GeoPackage refers to what may not be read: {error}") from error
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise Unreadable(f"the SQLite file is damaged: {error}", cure="send the file again") from error
    except (apsw.SQLError, apsw.TooBigError, apsw.CantOpenError, apsw.IOError, apsw.SchemaChangeError) as error:
        raise Unreadable(f"the GeoPackage cannot be read: {error}") from error


class _Source:
    def __init__(self, path: str) -> None:
        self._allowed = set(_CATALOGUE)
        self._budget = _MOST_STEPS
        self._connection = _open(path)
        self._connection.set_progress_handler(self._step, _STEPS)
        self._connection.authorizer = self._authorize

    def frames(self) -> Iterator[Any]:
        tables, skipped = self._tables()
        self._allowed = {table.name for table in tables}
        yield {"layers": [_declared(table) for table in tables], "skipped": skipped}
        for number, table in enumerate(tables):
            self._check(table)
            yield from self._rows(number, table)

    def _step(self) -> bool:
        self._budget -= 1
        return self._budget <= 0

    def _authorize(self, deed: int, first: str | None, second: str | None, _: str | None, inside: str | None) -> int:
        allowed = inside is None and (
            deed in (apsw.SQLITE_SELECT, apsw.SQLITE_FUNCTION)  # untrusted schemas reach harmless functions only
            or (deed == apsw.SQLITE_READ and first in self._allowed)
            or (deed == apsw.SQLITE_PRAGMA and first in _PRAGMAS)
        )
        return apsw.SQLITE_OK if allowed else apsw.SQLITE_DENY

    # --- the catalogue

    def _tables(self) -> tuple[list[Table], list[tuple[str, str]]]:
        kinds = {str(name): (kind, str(sql)) for kind, name, sql in self._all("SELECT type, name, sql FROM sqlite_master")}
        self._must_be_tables(kinds, ("gpkg_contents", "gpkg_spatial_ref_sys"))
        geometries = self._geometry_columns(kinds)
        systems = self._systems()
        json_columns = self._json_columns(kinds)
        tables: list[Table] = []
        skipped: list[tuple[str, str]] = []
        query = "SELECT table_name, data_type, identifier, description, srs_id FROM gpkg_contents ORDER BY rowid"
        for name, data_type, title, description, srs_id in self._all(query):
            if data_type not in ("features", "attributes", "aspatial"):
                skipped.append((str(name)[:200], str(data_type)[:200]))
                continue
            _must_be_plain(str(name), kinds)
            geometry, kind, srs = geometries.get(str(name), (None, None, srs_id)) if data_type == "features" else (None, None, None)
            table = Table(str(name), _text(title), _text(description), None, geometry, kind, systems.get(srs), [])
            table.json = [column for owner, column in json_columns if owner == table.name]
            self._columns(table)
            tables.append(table)
        if len(tables) > MAX_LAYERS:
            raise Unreadable(f"the GeoPackage has {len(tables)} layers, more than {MAX_LAYERS}")
        return tables, skipped

    def _must_be_tables(self, kinds: dict[str, tuple[str, str]], names: Sequence[str]) -> None:
        for name in names:
            if name not in kinds:
                raise Unreadable(f"a SQLite file, but no GeoPackage: there is no table {name}")
            _must_be_stored(name, kinds)

    def _geometry_columns(self, kinds: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str, Any]]:
        if "gpkg_geometry_columns" not in kinds:
            return {}
        _must_be_stored("gpkg_geometry_columns", kinds)
        query = "SELECT table_name, column_name, geometry_type_name, srs_id FROM gpkg_geometry_columns"
        return {str(table): (str(column), str(kind).upper(), srs) for table, column, kind, srs in self._all(query)}

    def _systems(self) -> dict[Any, dict[str, Any]]:
        query = "SELECT srs_id, srs_name, organization, organization_coordsys_id, description FROM gpkg_spatial_ref_sys"
        return {
            srs: {"id": srs, "name": _text(name), "organization": _text(body), "code": code, "description": _text(description)}
            for srs, name, body, code, description in self._all(query)
        }

    def _json_columns(self, kinds: dict[str, tuple[str, str]]) -> list[tuple[str, str]]:
        if "gpkg_data_columns" not in kinds:
            return []
        _must_be_stored("gpkg_data_columns", kinds)
        found = self._all("SELECT table_name, column_name, mime_type FROM gpkg_data_columns")
        return [(str(table), str(column)) for table, column, mime in found if mime == "application/json"]

    def _columns(self, table: Table) -> None:
        for _, name, kind, _, _, key, hidden in self._all(f"PRAGMA table_xinfo({_quoted(table.name)})"):
            if hidden:
                table.generated.append(str(name))
            elif name == table.geometry:
                continue
            elif key and str(kind).upper() in ("INTEGER", "INT", "BIGINT") and table.key is None:
                table.key = str(name)
            else:
                table.columns.append((str(name), str(kind)))
        if len(table.columns) > MAX_COLUMNS:
            raise Unreadable(f"layer {table.name} has {len(table.columns)} columns, more than {MAX_COLUMNS}")

    # --- rows

    def _check(self, table: Table) -> None:
        for (found,) in self._all(f"PRAGMA quick_check({_quoted(table.name)})"):
            if found != "ok" and not str(found).startswith(("NULL value in", "CHECK constraint", "non-unique entry")):
                raise Unreadable(f"the table is damaged: {str(found)[:200]}", place=f"layer {table.name}", cure="send it again")
        self._budget = _MOST_STEPS

    def _rows(self, number: int, table: Table) -> Iterator[Any]:
        key = "rowid" if table.key is None else _quoted(table.key)
        geometry = "NULL" if table.geometry is None else _quoted(table.geometry)
        names = "".join(f", {_quoted(name)}" for name, _ in table.columns)
        cursor = self._connection.execute(f"SELECT {key}, {geometry}{names} FROM {_quoted(table.name)}")
        batch: list[tuple[Any, ...]] = []
        size = 0
        for row in cursor:
            batch.append(row)
            size += 64 + (len(row[1]) if type(row[1]) is bytes else 0)
            if len(batch) >= BATCH or size >= BATCH_BYTES:
                yield _frame(number, table, batch)
                batch, size = [], 0
                self._budget = _MOST_STEPS
        if batch:
            yield _frame(number, table, batch)

    def _all(self, query: str) -> list[Any]:
        return self._connection.execute(query).fetchall()


def _open(path: str) -> apsw.Connection:
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    connection = apsw.Connection(f"file:{quote(path)}?immutable=1&mode=ro", flags=flags)
    for option, value in (
        (apsw.SQLITE_DBCONFIG_DEFENSIVE, 1),
        (apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
        (apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0),
        (apsw.SQLITE_DBCONFIG_ENABLE_VIEW, 0),
        (apsw.SQLITE_DBCONFIG_DQS_DDL, 0),
        (apsw.SQLITE_DBCONFIG_DQS_DML, 0),
    ):
        connection.config(option, value)
    for limit, value in (
        (apsw.SQLITE_LIMIT_LENGTH, MAX_VALUE),
        (apsw.SQLITE_LIMIT_SQL_LENGTH, 1 << 20),
        (apsw.SQLITE_LIMIT_COLUMN, MAX_COLUMNS + 2),
        (apsw.SQLITE_LIMIT_EXPR_DEPTH, 100),
        (apsw.SQLITE_LIMIT_COMPOUND_SELECT, 3),
        (apsw.SQLITE_LIMIT_VDBE_OP, 100_000),
        (apsw.SQLITE_LIMIT_FUNCTION_ARG, 8),
        (apsw.SQLITE_LIMIT_ATTACHED, 0),
        (apsw.SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50),
        (apsw.SQLITE_LIMIT_VARIABLE_NUMBER, 10),
        (apsw.SQLITE_LIMIT_TRIGGER_DEPTH, 1),
    ):
        connection.limit(limit, value)
    return connection


def _must_be_plain(name: str, kinds: dict[str, tuple[str, str]]) -> None:
    if name.lower().startswith(_SYSTEM):
        raise Unreadable(f"gpkg_contents names {name!r}, which is a table of the system", cure="list layers only")
    if name not in kinds:
        raise Unreadable(f"gpkg_contents names {name!r}, which is not in the file")
    _must_be_stored(name, kinds)


def _must_be_stored(name: str, kinds: dict[str, tuple[str, str]]) -> None:
    kind, sql = kinds[name]
    if kind != "table" or (sql.upper().split(None, 2)[1:2] != ["TABLE"]):
        what = "virtual table" if kind == "table" else kind
        raise Unreadable(f"{name!r} is a {what}, not a table", cure="export it as a table of its own")


def _frame(number: int, table: Table, rows: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    keys = [row[0] for row in rows]
    values = [row[2:] for row in rows]
    if table.geometry is None:
        return number, keys, [None] * len(rows), None, values
    shapes: list[bytes | None] = []
    envelopes = bytearray()
    for key, blob, *_ in rows:
        shape, envelope = _geometry(blob, table.name, key)
        shapes.append(shape)
        envelopes += envelope
    return number, keys, shapes, bytes(envelopes), values


_NAN = b"\x00\x00\x00\x00\x00\x00\xf8\x7f"
_NOWHERE = _NAN * 4


def _geometry(blob: Any, table: str, key: Any) -> tuple[bytes | None, bytes]:
    """WKB and envelope (minx, maxx, miny, maxy, little-endian) of a GeoPackage geometry (OGC 12-128r19 clause 2.1.3)."""
    if blob is None:
        return None, _NOWHERE
    if type(blob) is not bytes or len(blob) < 8 or blob[:2] != b"GP":
        raise Unreadable("the geometry is no GeoPackage binary", place=f"layer {table}, row {key}")
    flags = blob[3]
    kind = flags >> 1 & 7
    if kind > 4 or flags & 0x20 or len(blob) < 8 + _ENVELOPES[kind] + 5:
        raise Unreadable("the header of the geometry is broken or of an extension", place=f"layer {table}, row {key}")
    start = 8 + _ENVELOPES[kind]
    if flags & 0x10:
        return None, _NOWHERE
    if kind == 0:
        return blob[start:], _NOWHERE
    box = blob[8:40]
    return blob[start:], box if flags & 1 else b"".join(box[at : at + 8][::-1] for at in range(0, 32, 8))


def _declared(table: Table) -> dict[str, Any]:
    return {name: getattr(table, name) for name in Table.__slots__}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
