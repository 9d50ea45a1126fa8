"""The coming content of one collection: a few rows wait in memory, many in an unlogged table; no lock of the twin is held."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import batched, count
from typing import Any

import orjson
import psycopg
from psycopg import errors

from gateway.errors import Conflict, TooLarge, Unreadable
from gateway.model.dataset import Collection
from gateway.model.feature import Field
from gateway.model.row import Row
from gateway.store import geometry, moments
from gateway.store.columns import Column, Discovery
from gateway.store.postgis.area import shape
from gateway.store.postgis.columns import staged_value
from gateway.store.postgis.hall import Hall, Place
from gateway.store.postgis.schema import Connection, srid_of

SMALL = 1000
"""Up to so many rows wait in memory and are laid down in the publication's own transaction."""

_BATCH = 2000
_LONGEST_KEY = 2000
"""Bytes that an id, a parent's id or a type may have: an entry of a B-tree holds 2,704."""

FIXED = "gw_id, geom, gw_digest, gw_type, gw_parent, gw_from, gw_to, gw_validity, gw_ready, gw_document"
"""The members of a row that are columns of both the staging and the live tables."""

_TEXT = 'text COLLATE "C"'
_TABLE = f"""
(n bigint NOT NULL, gw_id {_TEXT} NOT NULL, gw_digest bytea NOT NULL, gw_type {_TEXT} NOT NULL, gw_parent {_TEXT}, gw_from {_TEXT},
 gw_to {_TEXT}, gw_validity text, geom geometry, minx double precision, miny double precision, maxx double precision,
 maxy double precision, gw_ready text NOT NULL, gw_document bytea, props jsonb NOT NULL)
"""
_COPIED = ["int8", "text", "bytea", *["text"] * 5, "bytea", *["float8"] * 4, "bytea", "bytea", "bytea"]
"""Types of COPY's binary form; what is bytes already (geometry, ready text, JSON) goes as it is."""

_LINE = re.compile(r"line (\d+)")
_temporary = count(1)


class PostgisStaging:
    """Rows laid down apart (port `Staging`); property number i is place i of the JSON array ``props``."""

    def __init__(self, hall: Hall, collection: Collection) -> None:
        self.collection = collection.id
        self.crs = collection.crs
        self.has_documents = False
        self.has_validity = False
        self.kinds: set[int] = set()
        self.rows = 0
        self.place: Place | None = None
        self._hall = hall
        self._srid = srid_of(collection.crs)
        self._discovery = Discovery.starting(collection.fields)
        self._waiting: dict[str, tuple[Any, ...]] = {}
        self._over = False

    @property
    def dropped_columns(self) -> list[str]:
        """Properties beyond the 200 that have a column."""
        return self._discovery.dropped

    def add(self, rows: Iterable[Row]) -> None:
        """Lay down rows in order. Raises Conflict for an id that came before, Unreadable, TooLarge, Busy."""
        if self._over:
            raise Conflict(f"the staging of {self.collection} is finished")
        for batch in batched(rows, _BATCH):
            laid = [self._members(row, number) for number, row in enumerate(batch, start=self.rows + 1)]
            if self.place is None and self.rows + len(laid) <= SMALL:
                self._wait(laid)
            else:
                self._spill(laid)
            self.rows += len(laid)

    def abort(self) -> None:
        """Throw it away; harmless when it is gone already."""
        self._over = True
        self._waiting = {}
        if self.place is not None:
            self._hall.leave(self.place)
            self.place = None

    def fields(self) -> list[Field]:
        """The fields that the rows turned out to have."""
        return self._discovery.fields()

    def sources(self, columns: Sequence[Column]) -> dict[Column, str]:
        """What a staged row ``s`` has for each of these columns, as SQL."""
        found = {field.name: (number, field.type) for number, field in enumerate(self.fields())}
        absent = (None, "string")
        return {column: staged_value(column, *found.get(column.property, absent)) for column in columns}

    def geometry_type(self) -> str | None:
        """The one type of all geometries, where there is one."""
        return geometry.type_name(sorted(self.kinds)) if self.kinds else None

    def table(self, connection: Connection) -> str:
        """The table of the staged rows, for the transaction that is open; what waits in memory is laid down now.

        Raises Busy where the server lost the rows (it was restarted, or cut the connection that guards them).
        """
        self._over = True
        if self.place is not None:
            self._hall.check(self.place)
            found = connection.execute(f"SELECT count(*) FROM {self.place.table}").fetchone()
            if found is None or found[0] != self.rows:
                raise self._hall.lost()
            return self.place.table
        name = f"staged_here_{next(_temporary)}"
        connection.execute(f"CREATE TEMPORARY TABLE {name} {_TABLE} ON COMMIT DROP")
        self._copy(connection, name, list(self._waiting.values()))
        connection.execute(f"ANALYZE {name}")
        return name

    def _members(self, row: Row, number: int) -> tuple[Any, ...]:
        low, high = row.validity or (None, None)
        self.has_documents |= row.document is not None
        self.has_validity |= low is not None or high is not None
        try:
            first, last = moments.start(low), moments.end(high)
            row.ready.decode()
        except (UnicodeDecodeError, Unreadable) as error:
            raise Unreadable(f"feature {row.id}: {error}", place=row.id) from error
        for key in (row.id, row.type, row.parent or ""):
            _check_key(key)
        validity = None if low is None and high is None else orjson.dumps((low, high)).decode()
        members = (number, row.id, row.digest, row.type, row.parent, first, last, validity, self._geometry(row))
        box = row.box if row.geometry is not None and row.box is not None else (None,) * 4
        return (*members, *box, row.ready, row.document, _json(self._discovery.values(row.properties)))

    def _geometry(self, row: Row) -> bytes | None:
        if row.geometry is None:
            return None
        self.kinds.add(geometry.kind(row.geometry)[0])
        return shape(row.geometry, self._srid).wkb

    def _wait(self, laid: Sequence[tuple[Any, ...]]) -> None:
        for members in laid:
            if members[1] in self._waiting:
                raise self._twice(members[1])
            self._waiting[members[1]] = members

    def _spill(self, laid: Sequence[tuple[Any, ...]]) -> None:
        """Lay rows down in the staging's table, which is made for the first of them."""
        if self.place is None:
            self.place = self._hall.enter(_TABLE)
        waiting, self._waiting = [*self._waiting.values(), *laid], {}
        with self._hall.connection(self.place) as connection:
            try:
                self._copy(connection, self.place.table, waiting)
            except errors.UniqueViolation as error:
                raise self._twice(_repeated(connection, self.place.table, [str(one[1]) for one in waiting])) from error

    def _copy(self, connection: Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        try:
            with connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy:
                copy.set_types(_COPIED)
                for members in rows:
                    copy.write_row(members)
        except (psycopg.DataError, psycopg.InternalError) as error:
            line = _LINE.search(error.diag.context or "")
            at = str(rows[int(line[1]) - 1][1]) if line and 0 < int(line[1]) <= len(rows) else self.collection
            raise Unreadable(f"PostGIS cannot keep this feature: {error.diag.message_primary}", place=at) from error

    def _twice(self, feature: str) -> Conflict:
        return Conflict(f"the id {feature!r} comes twice in {self.collection}")


def _repeated(connection: Connection, table: str, ids: Sequence[str]) -> str:
    """The first of `ids` that came before, among them or in the table."""
    there = {found for (found,) in connection.execute(f"SELECT gw_id FROM {table} WHERE gw_id = ANY (%s)", (list(ids),))}
    for feature in ids:
        if feature in there:
            return feature
        there.add(feature)
    return ids[-1]


def _check_key(text: str) -> None:
    if "\0" in text:
        raise Unreadable("an id or a type holds the character NUL", place=text[:40].replace("\0", "?"))
    if len(text) > _LONGEST_KEY // 4 and len(text.encode()) > _LONGEST_KEY:
        raise TooLarge(f"an id or a type has at most {_LONGEST_KEY} bytes", place=f"{text[:40]}…")


def _json(values: list[Any]) -> bytes:
    """Values as binary jsonb, whose text has no NUL."""
    text = orjson.dumps(values)
    if b"\\u0000" in text:
        text = orjson.dumps([_without_nul(value) if isinstance(value, str) else value for value in values])
    return b"\x01" + text


def _without_nul(text: str) -> str:
    return text.replace("\\u0000", "") if text.startswith("[") else text.replace("\0", "")
