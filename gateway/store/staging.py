"""The coming content of one collection in a scratch file of its own: no lock of the twin is held while a city streams in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import batched
from typing import Any

import apsw
import numpy as np
import orjson

from gateway.errors import Conflict, Unreadable
from gateway.model.dataset import Box, Collection
from gateway.model.feature import Field
from gateway.model.row import Row
from gateway.store import geometry, moments
from gateway.store.columns import Discovery
from gateway.store.connection import one, select
from gateway.store.hilbert import order
from gateway.store.lease import Lease

_BATCH = 1000
_CACHE = -32_768
SPATIAL_FROM = 20_000
"""From how many features on a first import is laid down in spatial order; smaller ones keep the order of the file."""
_SPATIAL_TO = 10_000_000

FIXED = "gw_id, geom, gw_digest, gw_type, gw_parent, gw_from, gw_to, gw_validity, gw_ready, gw_document"
"""The members of a row that are columns of both the scratch file and the live tables."""

_TABLE = """
CREATE TABLE staged (
  n INTEGER PRIMARY KEY, gw_id TEXT NOT NULL UNIQUE, minx REAL, maxx REAL, miny REAL, maxy REAL, gw_digest BLOB NOT NULL,
  gw_type TEXT NOT NULL, gw_parent TEXT, gw_from TEXT, gw_to TEXT, gw_validity TEXT, geom BLOB, gw_ready TEXT NOT NULL,
  gw_document BLOB{columns});
CREATE TABLE plan (n INTEGER PRIMARY KEY, fid INTEGER);
CREATE TABLE gone (fid INTEGER PRIMARY KEY);
CREATE TABLE ordered (k INTEGER PRIMARY KEY, n INTEGER NOT NULL);
"""
_INSERT = "gw_id, gw_digest, gw_type, gw_parent, gw_from, gw_to, gw_validity, geom, minx, maxx, miny, maxy, gw_ready, gw_document"


class ScratchStaging:
    """Rows laid down apart (port `Staging`). Property number i is column ``p<i>`` here and gets its name when published."""

    def __init__(self, lease: Lease, collection: Collection, srs: int) -> None:
        self.collection = collection.id
        self.crs = collection.crs
        self.srs = srs
        self.has_documents = False
        self.has_validity = False
        self.kinds: set[int] = set()
        self.has_z = False
        self._lease = lease
        self._discovery = Discovery.starting(collection.fields)
        self._columns = len(self._discovery.names)
        self._count = 0
        self._connection: apsw.Connection | None = _scratch(str(lease.scratch), self._columns)

    @property
    def dropped_columns(self) -> list[str]:
        """Properties beyond the 200 that have a column."""
        return self._discovery.dropped

    @property
    def path(self) -> str:
        """The scratch file."""
        return str(self._lease.scratch)

    @property
    def token(self) -> str:
        """The lease's token, under which tables of the live file are laid down."""
        return self._lease.token

    def add(self, rows: Iterable[Row]) -> None:
        """Lay down rows in order. Raises Conflict for an id that came before, Unreadable for a validity that is no time."""
        for batch in batched(rows, _BATCH):
            laid = [self._members(row) for row in batch]
            self._widen()
            width = 14 + self._columns
            self._insert([values + [None] * (width - len(values)) for values in laid])

    def finish(self) -> None:
        """No more rows come: let go of the scratch file so that a publication can attach it."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def fields(self) -> list[Field]:
        """The fields that the rows turned out to have."""
        return self._discovery.fields()

    def source_columns(self, names: Iterable[str]) -> list[str]:
        """The scratch file's expressions (its table called ``s``) for these properties; NULL for one that never came."""
        place = {name: f"s.p{number}" for number, name in enumerate(self._discovery.names) if number < self._columns}
        return [place.get(name, "NULL") for name in names]

    def geometry_type(self) -> str | None:
        """The one type of all geometries, where there is one."""
        return geometry.type_name(sorted(self.kinds)) if self.kinds else None

    @property
    def rows(self) -> int:
        """How many rows were laid down."""
        return self._count

    def abort(self) -> None:
        """Throw it away; harmless when it is gone already."""
        self.finish()
        if self._lease.descriptor >= 0:
            self._lease.release()
            self._lease.descriptor = -1

    def _members(self, row: Row) -> list[Any]:
        blob = None if row.geometry is None else self._pack(row.geometry, row.box)
        low, high = row.validity or (None, None)
        self.has_documents |= row.document is not None
        self.has_validity |= low is not None or high is not None
        minx, miny, maxx, maxy = (row.box if blob is not None and row.box is not None else None) or (None,) * 4
        try:
            ready = row.ready.decode()
            first, last = moments.start(low), moments.end(high)
        except (UnicodeDecodeError, Unreadable) as error:
            raise Unreadable(f"feature {row.id}: {error}", place=row.id) from error
        validity = None if low is None and high is None else orjson.dumps((low, high)).decode()
        members = [row.id, row.digest, row.type, row.parent, first, last, validity, blob, minx, maxx, miny, maxy]
        return [*members, ready, row.document, *self._discovery.values(row.properties)]

    def _pack(self, wkb: bytes, box: Box | None) -> bytes:
        kind, has_z = geometry.kind(wkb)
        self.kinds.add(kind)
        self.has_z |= has_z
        return geometry.pack(wkb, box, self.srs)

    def _widen(self) -> None:
        for number in range(self._columns, len(self._discovery.names)):
            self._open().execute(f"ALTER TABLE staged ADD COLUMN p{number}")
        self._columns = len(self._discovery.names)

    def _insert(self, rows: list[list[Any]]) -> None:
        names = "".join(f", p{number}" for number in range(self._columns))
        marks = ",".join("?" * (14 + self._columns))
        connection = self._open()
        connection.execute("BEGIN")
        try:
            connection.executemany(f"INSERT INTO staged ({_INSERT}{names}) VALUES ({marks})", rows)
        except apsw.ConstraintError as error:
            raise Conflict(f"the id {self._repeated(rows)!r} comes twice in {self.collection}") from error
        finally:
            connection.execute("COMMIT")
        self._count += len(rows)

    def _repeated(self, rows: list[list[Any]]) -> str:
        """The first id of a batch that came before, in it or in an earlier one."""
        seen: set[str] = set()
        for values in rows:
            earlier = self._open().execute("SELECT n FROM staged WHERE gw_id = ?", (values[0],)).fetchone()
            if values[0] in seen or (earlier is not None and earlier[0] <= self._count):
                break
            seen.add(values[0])
        return str(values[0])

    def _open(self) -> apsw.Connection:
        if self._connection is None:
            raise Conflict(f"the staging of {self.collection} is finished")
        return self._connection


def plan_order(connection: apsw.Connection, schema: str, *, spatial: bool) -> int:
    """Fill ``ordered`` with the order in which rows get their keys; gives the number of rows."""
    (count,) = one(connection, f"SELECT count(*) FROM {schema}.staged")
    connection.execute(f"DELETE FROM {schema}.ordered")
    if not spatial or not SPATIAL_FROM <= count <= _SPATIAL_TO:
        connection.execute(f"INSERT INTO {schema}.ordered SELECT row_number() OVER (ORDER BY n), n FROM {schema}.staged")
        return int(count)
    ranks = _ranks(connection, schema, count)
    # A savepoint, since this may run inside a publication's transaction or, for a large import, outside any.
    connection.execute("SAVEPOINT ordering")
    try:
        connection.executemany(f"INSERT INTO {schema}.ordered (n) VALUES (?)", ranks)
    finally:
        connection.execute("RELEASE ordering")
    return int(count)


def _ranks(connection: apsw.Connection, schema: str, count: int) -> Iterator[tuple[int]]:
    centres = np.full((count, 2), np.nan)
    numbers = np.empty(count, dtype=np.int64)
    rows = select(connection, f"SELECT n, (minx + maxx) / 2, (miny + maxy) / 2 FROM {schema}.staged ORDER BY n")
    for at, (number, x, y) in enumerate(rows):
        numbers[at] = number
        if x is not None:
            centres[at] = (x, y)
    for number in numbers[order(centres)].tolist():
        yield (number,)


def _scratch(path: str, columns: int) -> apsw.Connection:
    """A new scratch file whose table has the columns that are known beforehand, laid down in one go."""
    connection = apsw.Connection(path)
    connection.execute(f"PRAGMA synchronous = OFF; PRAGMA cache_size = {_CACHE}; PRAGMA journal_mode = OFF").fetchall()
    known = "".join(f", p{number}" for number in range(columns))
    connection.execute(f"BEGIN; {_TABLE.format(columns=known)} COMMIT")
    return connection
