"""Connections to a GeoPackage through apsw: flags, limits, functions, the pool of readers, and the writer's turn.

No other SQLite library may open the live file: closing its connection would drop the POSIX locks of ours.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakSet

import apsw

from gateway.errors import Busy, IntegrityError
from gateway.store import functions

OLDEST = (3, 51, 3)
"""The first SQLite without the WAL-reset bug (https://sqlite.org/wal.html#walresetbug)."""

_READ_CACHE = -8_192
"""KiB of pages that a reader keeps: more is no faster (the system keeps the file), and every idle reader has its own."""
_WRITE_CACHE = -65_536
_CHANGE_CACHE = -262_144
"""KiB of pages a publication of changes may hold: 10,000 features from everywhere are as many pages, and each is met again."""
_WAL_LIMIT = 64 * 1024 * 1024
_LONG_LOG = 500
"""Pages of the log from which on it is worth waiting for: one that is never written back whole grows with each change."""
_FOLD_PAUSE = 0.002
_IDLE = 4
"""Idle readers kept: the event loop takes one, threads take turns at the rest."""


def connect(path: str, *, write: bool = False, create: bool = False, wait: float = 10.0) -> apsw.Connection:
    """A hardened connection to `path`: no trusted schema, defensive, our SQL functions. Raises IntegrityError for no database."""
    _check_library()
    flags = apsw.SQLITE_OPEN_READWRITE if write else apsw.SQLITE_OPEN_READONLY
    flags |= apsw.SQLITE_OPEN_CREATE if create else 0
    with translated(path):
        connection = apsw.Connection(path, flags=flags, statementcachesize=200)
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
        connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
        # Plans do not depend on bound values: else SQLite compiles a statement with a bound LIMIT anew each time it runs.
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        connection.set_busy_timeout(int(wait * 1000))
        functions.register(connection)
        connection.execute("PRAGMA temp_store = MEMORY")
        if write:
            connection.execute(f"PRAGMA synchronous = FULL; PRAGMA cache_size = {_WRITE_CACHE}; PRAGMA foreign_keys = OFF")
            connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT}")
        else:
            connection.execute(f"PRAGMA query_only = 1; PRAGMA cache_size = {_READ_CACHE}")
    return connection


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn SQLite's errors into ours: a lock that was not had is Busy, a damaged file IntegrityError."""
    try:
        yield
    except apsw.BusyError as error:
        raise Busy("another writer holds the twin") from error
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise IntegrityError(f"the store is damaged: {error}", place=place, cure="restore it from a backup") from error


@contextmanager
def transaction(connection: apsw.Connection, path: str) -> Iterator[None]:
    """The writer's turn: everything inside is committed durably, or nothing is. Raises Busy when the turn is not had in time."""
    with translated(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def fold_wal(connection: apsw.Connection, seconds: float = 0.0) -> None:
    """Write the log back into the file as far as readers allow; a long one again while `seconds` last and readers were in the way.

    Nobody waits for it: what is left means later, so Busy is no error here. A log that was written back whole begins anew.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            pages, done = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except apsw.BusyError:
            return
        if done >= pages or pages < _LONG_LOG or time.monotonic() >= deadline:
            return
        time.sleep(_FOLD_PAUSE)


def hold_changes(connection: apsw.Connection) -> None:
    """Room for all the pages that a large change touches: pages that go to the log early are read back and written twice."""
    connection.execute(f"PRAGMA main.cache_size = {_CHANGE_CACHE}")


def one(connection: apsw.Connection, sql: str, values: Sequence[Any] = ()) -> tuple[Any, ...]:
    """The first row of a question that always has one."""
    for row in connection.execute(sql, tuple(values)):
        return tuple(row)
    raise IntegrityError("the store lacks a row that must be there", place=sql[:80], cure="gateway audit verify DIR")


def select(connection: apsw.Connection, sql: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
    """The rows of a question, as they come."""
    return iter(connection.execute(sql, tuple(values)))


class Snapshot:
    """A read transaction for the length of a `with`; a class, since every read passes here and a generator costs more."""

    __slots__ = ("_connection", "_pool")

    _connection: apsw.Connection

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def __enter__(self) -> apsw.Connection:
        self._connection = self._pool.take()
        try:
            self._connection.execute("BEGIN")
        except apsw.Error as error:
            self.__exit__(type(error), error, None)
            raise
        return self._connection

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._pool.give(self._connection, keep=error is None)
        if isinstance(error, apsw.Error):
            with translated(self._pool.path):
                raise error


class Pool:
    """Idle read connections of one process, reused by any thread, each by one at a time."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._idle: list[apsw.Connection] = []
        self._inherited: list[apsw.Connection] = []
        self._lock = threading.Lock()
        self._closed = False
        _pools.add(self)

    def snapshot(self) -> Snapshot:
        """A connection inside a read transaction: one moment of the store."""
        return Snapshot(self)

    def leave_to_parent(self) -> None:
        """Begin anew after a fork: a connection must not cross it, and the parent's are kept, unused, so that none is closed."""
        self._inherited += self._idle
        self._idle, self._lock = [], threading.Lock()

    def close(self) -> None:
        """Close what is idle; what is in use closes when it comes back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def take(self) -> apsw.Connection:
        """An idle connection, or a new one."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return connect(self.path)

    def give(self, connection: apsw.Connection, *, keep: bool) -> None:
        """Take a connection back; close it where it failed, or where there are enough."""
        with self._lock:
            if keep and not self._closed and len(self._idle) < _IDLE:
                self._idle.append(connection)
                return
        connection.close()


_pools: WeakSet[Pool] = WeakSet()


def _after_fork() -> None:
    for pool in _pools:
        pool.leave_to_parent()


os.register_at_fork(after_in_child=_after_fork)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def now() -> str:
    """The time as RFC 3339 UTC with milliseconds."""
    moment = time.time_ns() // 1_000_000
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment // 1000)) + f".{moment % 1000:03d}Z"


def _check_library() -> None:
    version = tuple(int(part) for part in apsw.sqlitelibversion().split("."))
    if version < OLDEST:
        raise IntegrityError(
            f"SQLite {apsw.sqlitelibversion()} can damage a file that several processes write",
            cure=f"install apsw with SQLite {'.'.join(map(str, OLDEST))} or newer",
        )
