"""Connections to the database of a twin: where it is, how each connection is set up, the pool of readers, and errors as ours."""

from __future__ import annotations

import os
import re
import select
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import ConnStatus

from gateway.errors import Busy, IntegrityError, OutOfTime, UsageError
from gateway.store.postgis.schema import Connection

SCHEMA = "twin"
"""The schema of a twin whose address names no other (``?schema=name``)."""

_IDLE = 32
_CONNECT_SECONDS = 5
READ_SECONDS = 60.0
"""Time limit of one question of a reader."""

_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class Server:
    """Where a twin lies: libpq's connection string without the password, the schema, and the password where one was set."""

    conninfo: str
    schema: str = SCHEMA
    password: str | None = None

    @classmethod
    def at(cls, address: str, password: str | None = None) -> Server:
        """The server of an address ``postgresql://user@host:port/database?schema=twin``; all else is libpq's. Raises UsageError."""
        parts = urlsplit(address)
        if parts.scheme not in ("postgresql", "postgres"):
            raise UsageError("the address of a database begins with postgresql://", place=address[:80])
        given = parse_qsl(parts.query, keep_blank_values=True)
        schema = next((value for name, value in given if name == "schema"), SCHEMA)
        if not _NAME.fullmatch(schema) or schema.startswith("pg_") or schema == "public":
            raise UsageError("a schema is named by small letters, digits and _, and is the twin's own", place=schema[:80])
        rest = urlencode([(name, value) for name, value in given if name != "schema"])
        conninfo = f"postgresql://{parts.netloc}{parts.path}" + (f"?{rest}" if rest else "")
        try:
            known = conninfo_to_dict(conninfo)
        except psycopg.ProgrammingError as error:
            raise UsageError(f"not an address of a database: {error}".strip(), place="--store") from error
        if "password" in known:
            raise UsageError("the address holds a password", cure="use GATEWAY_STORE_PASSWORD, PGPASSWORD, ~/.pgpass or a service")
        return cls(conninfo, schema, password)

    @property
    def name(self) -> str:
        """What people are told: the address with its schema, never a password."""
        mark = "&" if "?" in self.conninfo else "?"
        return f"{self.conninfo}{mark}schema={self.schema}"


def connect(server: Server, *, seconds: float = 0.0) -> Connection:
    """A connection in autocommit whose search path is the twin's schema, then that of PostGIS. Raises Busy when there is none.

    `seconds` limits each statement (0: no limit). Commits wait for the disk, whatever the server's own settings say.
    """
    more: dict[str, Any] = {} if server.password is None else {"password": server.password}
    with translated(server.name):
        connection: Connection = psycopg.connect(
            server.conninfo, autocommit=True, connect_timeout=_CONNECT_SECONDS, application_name="twin-gateway", **more
        )
        try:
            _set_up(connection, server.schema, seconds)
        except BaseException:
            connection.close()
            raise
    return connection


def _set_up(connection: Connection, schema: str, seconds: float) -> None:
    """Fix what must not depend on the server's or the role's own settings."""
    connection.execute(
        "SELECT set_config('search_path', concat_ws(', ', quote_ident(%(schema)s), "
        "(SELECT quote_ident(nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'postgis' "
        "AND nspname <> %(schema)s)), false), "
        "set_config('statement_timeout', %(limit)s, false), set_config('jit', 'off', false), "
        "set_config('client_encoding', 'UTF8', false), set_config('TimeZone', 'UTC', false), "
        "set_config('DateStyle', 'ISO', false), set_config('extra_float_digits', '3', false), "
        "set_config('client_min_messages', 'warning', false), set_config('bytea_output', 'hex', false), "
        "set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on' "
        "ELSE current_setting('synchronous_commit') END, false)",
        {"schema": schema, "limit": str(int(seconds * 1000))},
    )


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn PostgreSQL's errors into ours: a server that is away or a turn that was not had is Busy, damage IntegrityError."""
    try:
        yield
    except errors.LockNotAvailable as error:
        raise Busy("another writer holds the twin") from error
    except errors.QueryCanceled as error:
        raise OutOfTime("the question ran into its time limit", cure="ask for a smaller area, or with fewer conditions") from error
    except (errors.DataCorrupted, errors.IndexCorrupted) as error:
        raise IntegrityError(f"the store is damaged: {error}", place=place, cure="restore it from a backup") from error
    except psycopg.Error as error:
        if not is_cut(error):
            raise
        raise Busy(f"the database is not to be had: {_first_line(error)}") from error


def is_cut(error: psycopg.Error) -> bool:
    """Whether an error says that the server is away or going: it is operational, or libpq's own, which has no code of SQL."""
    return isinstance(error, psycopg.OperationalError) or (isinstance(error, psycopg.DatabaseError) and error.sqlstate is None)


def _first_line(error: psycopg.Error) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class Pool:
    """Idle connections of one process, the last used first, reused by any thread, each by one at a time.

    A connection that the server has closed meanwhile is not handed out: after a restart the pool mends itself.
    """

    def __init__(self, server: Server, *, seconds: float) -> None:
        self._server = server
        self._seconds = seconds
        self._idle: deque[Connection] = deque()
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection for the length of a block, with errors as ours; one that broke, or whose block failed, is not kept."""
        connection = self.take()
        clean = False
        try:
            with translated(self._server.name):
                yield connection
                clean = True
        finally:
            self.give(connection, keep=clean)

    def take(self) -> Connection:
        """An idle connection that still works, else a new one. Raises Busy."""
        if self._process != os.getpid():
            with self._lock:
                if self._process != os.getpid():
                    # A connection must not cross a fork: the parent's are forgotten, not closed, for it still uses them.
                    _FORGOTTEN.extend(self._idle)
                    self._idle, self._process = deque(), os.getpid()
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return connect(self._server, seconds=self._seconds)
            if _works(connection):
                return connection
            connection.close()

    def give(self, connection: Connection, *, keep: bool = True) -> None:
        """Take a connection back."""
        if keep and not self._closed and len(self._idle) < _IDLE and connection.pgconn.status == ConnStatus.OK:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close what is idle; what is in use closes when it comes back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()


_FORGOTTEN: list[Connection] = []
"""Connections of a parent process, kept so that nothing closes them here."""


def _works(connection: Connection) -> bool:
    """Whether the server has not closed the connection, as far as can be told without asking it. What it said is read."""
    pg = connection.pgconn
    if pg.status != ConnStatus.OK:
        return False
    for _ in range(2):
        # A last word and the end of the stream may come in two readings.
        if not select.select([pg.socket], [], [], 0)[0]:
            break
        try:
            pg.consume_input()
        except psycopg.OperationalError:
            return False
    return pg.status == ConnStatus.OK
