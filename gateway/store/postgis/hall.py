"""Where large stagings of one process wait: in tables of their own, under locks by which a sweep tells the dead."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from gateway.errors import Busy, IntegrityError
from gateway.store.postgis.connection import Server, connect, translated
from gateway.store.postgis.schema import Connection, current, history

TWIN = "current_schema()::regnamespace::oid::int4"
"""The first key of every advisory lock of a twin; the second is the number of a staging, or 0 for the writer's turn."""


@dataclass(frozen=True, slots=True)
class Place:
    """The number of a staging, which its collection's tables will have if they are new, and the connection that guards it."""

    number: int
    guard: int

    @property
    def table(self) -> str:
        """The table of the staged rows."""
        return f"staged_{self.number}"


class Hall:
    """All large stagings of one process, on one connection, used by one thread at a time."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection: Connection | None = None
        self._guard = 0
        self._process = os.getpid()
        self._lock = threading.RLock()

    def enter(self, columns: str) -> Place:
        """A new place with its empty table of these columns, held until `leave`. Raises Busy."""
        with self._lock, translated(self._server.name):
            connection = self._open()
            made = connection.execute("INSERT INTO staging DEFAULT VALUES RETURNING number").fetchone()
            if made is None:
                raise IntegrityError("the database gave no number for a staging")
            place = Place(made[0], self._guard)
            # The lock comes after the row: a sweep that is between the two takes the row, and the table is made for nothing.
            connection.execute(f"SELECT pg_advisory_lock({TWIN}, %s)", (place.number,))
            connection.execute("INSERT INTO staging OVERRIDING SYSTEM VALUE VALUES (%s) ON CONFLICT DO NOTHING", (place.number,))
            connection.execute(f"CREATE UNLOGGED TABLE {place.table} {columns}")
            connection.execute(f"ALTER TABLE {place.table} ALTER COLUMN gw_ready SET STORAGE EXTERNAL")
            connection.execute(f"CREATE UNIQUE INDEX {place.table}_id ON {place.table} (gw_id)")
            return place

    @contextmanager
    def connection(self, place: Place) -> Iterator[Connection]:
        """The connection that guards a place. Raises Busy where it was cut, and with it the place was lost."""
        with self._lock:
            self.check(place)
            with translated(self._server.name):
                yield self._open()

    def check(self, place: Place) -> None:
        """Raise Busy when a place was lost with its connection."""
        with self._lock:
            if place.guard != self._guard or self._connection is None or self._connection.closed:
                raise self.lost()

    def lost(self) -> Busy:
        """What is told when the server forgot what was laid down."""
        return Busy("the database was restarted while the data came in; send it again")

    def leave(self, place: Place) -> None:
        """Take a place away. Where the server is gone, a later sweep does it."""
        with self._lock:
            if place.guard != self._guard or self._connection is None:
                return
            try:
                clear(self._connection, place.number)
                self._connection.execute(f"SELECT pg_advisory_unlock({TWIN}, %s)", (place.number,))
            except psycopg.OperationalError:
                self._drop()

    def close(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._drop()

    def _open(self) -> Connection:
        if self._process != os.getpid():
            # A connection must not cross a fork; the parent's is left to it, and psycopg does not end it from here.
            self._connection, self._process = None, os.getpid()
        if self._connection is not None and self._connection.closed:
            self._drop()
        if self._connection is None:
            self._guard += 1
            self._connection = connect(self._server)
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def clear(connection: Connection, number: int) -> list[str]:
    """Remove what a staging left behind: its table, and tables of a collection that was not published; names what went."""
    gone = []
    with connection.transaction():
        published = connection.execute("SELECT 1 FROM collection WHERE number = %s", (number,)).fetchone()
        names = [f"staged_{number}", *([] if published else [current(number), history(number)])]
        for name in names:
            # Asked of the twin's schema alone: another one in the search path may have a table of this name.
            there = connection.execute(
                "SELECT 1 FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relname = %s", (name,)
            ).fetchone()
            if there is not None:
                connection.execute(f"DROP TABLE {name}")
                gone.append(name)
        connection.execute("DELETE FROM staging WHERE number = %s", (number,))
    return gone


def sweep(connection: Connection) -> list[str]:
    """Remove what stagings of dead sessions left behind; names what went."""
    gone = []
    for (number,) in connection.execute("SELECT number FROM staging ORDER BY number").fetchall():
        held = connection.execute(f"SELECT pg_try_advisory_lock({TWIN}, %s)", (number,)).fetchone()
        if held is not None and held[0]:
            try:
                gone += clear(connection, number)
            finally:
                connection.execute(f"SELECT pg_advisory_unlock({TWIN}, %s)", (number,))
    return gone
