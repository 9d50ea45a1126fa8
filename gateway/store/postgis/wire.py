"""Prepared questions over one connection, spoken through libpq in binary.

A cursor of psycopg costs more than most answers: here a question is one call of C, and what belongs together goes in one trip.
A wire is for readers only: it opens a transaction that sees one moment, and ends it without waiting for the server's word.
"""

from __future__ import annotations

import re
import select
import struct
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import Any

import psycopg
from psycopg import pq
from psycopg.errors import error_from_result

from gateway.errors import OutOfTime
from gateway.store.expression import Sql

_BEGIN, _COMMIT, _VERSION, _ANEW, _ONCE = b"gw_begin", b"gw_commit", b"gw_version", b"gw_anew", b"gw_once"
_OPENING = (
    (_BEGIN, b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
    (_COMMIT, b"COMMIT"),
    (_VERSION, b"SELECT coalesce(max(sequence), 0)::bigint FROM journal"),
    (_ANEW, b"SET LOCAL plan_cache_mode TO force_custom_plan"),
    (_ONCE, b"SET LOCAL plan_cache_mode TO force_generic_plan"),
)
_MOST_PREPARED = 200
_MOST_MET = 2000
_PREPARED_FROM = 2
"""A question is prepared when it is met for the second time on a connection."""

_MARK = re.compile(r'"(?:[^"]|"")*"|\'(?:[^\']|\'\')*\'|\?')
_UNHELD = re.compile("[\ud800-\udfff]")
_NOBODYS = "\U0010ffff"
_LONG = struct.Struct("!q")
_DOUBLE = struct.Struct("!d")
_LARGEST = 2**63 - 1
_INT8, _TEXT = 20, 25
_FAILED = frozenset((pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE, pq.ExecStatus.PIPELINE_ABORTED))
_CANCELED = "57014"


@dataclass(frozen=True, slots=True)
class Shape:
    """A geometry as a value: WKB, with its SRID where it has one."""

    wkb: bytes


class Wire:
    """One connection as readers use it."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._pg = connection.pgconn
        self._poll = select.poll()
        self._poll.register(self._pg.socket, select.POLLIN)
        self._names: OrderedDict[bytes, bytes] = OrderedDict()
        self._met: dict[bytes, int] = {}
        self._numbers = count()
        self._unread = 0
        _checked(self._pg.exec_(b"SET plan_cache_mode TO force_generic_plan"))
        for name, text in _OPENING:
            _checked(self._pg.prepare(name, text))

    @property
    def is_broken(self) -> bool:
        """Whether the server is gone."""
        return self._pg.status != pq.ConnStatus.OK

    def begin(self) -> int:
        """Open the moment; gives the sequence of the newest journal entry in it. One trip."""
        pg = self._pg
        if pg.pipeline_status == pq.PipelineStatus.OFF:
            pg.enter_pipeline_mode()
        pg.send_query_prepared(_BEGIN, None)
        pg.send_query_prepared(_VERSION, None, result_format=1)
        pg.pipeline_sync()
        *_, version = self._results(self._unread + 1)
        self._unread = 0
        pg.exit_pipeline_mode()
        return integer(_checked(version).get_value(0, 0))

    def end(self) -> None:
        """Close the moment; the server's word is read when the next one begins."""
        pg = self._pg
        if self.is_broken:
            return
        pg.enter_pipeline_mode()
        pg.send_query_prepared(_COMMIT, None)
        pg.pipeline_sync()
        pg.flush()
        self._unread += 1

    def ask(self, question: Sql, *, anew: bool = False) -> pq.abc.PGresult:
        """The answer to one question, in binary. One trip. Raises OutOfTime, or psycopg's errors.

        A question is planned once, whatever its values; `anew` plans it for these.
        """
        text, values = _numbered(question)
        name = self._prepared(text)
        if anew:
            return self._kept(text, self._ask_anew(text, values, name))
        if name is None:
            return _checked(self._pg.exec_params(text, values, param_formats=[1] * len(values), result_format=1))
        return self._kept(text, self._pg.exec_prepared(name, values, [1] * len(values), 1))

    def _ask_anew(self, text: bytes, values: list[bytes], name: bytes | None) -> pq.abc.PGresult:
        pg = self._pg
        pg.enter_pipeline_mode()
        pg.send_query_prepared(_ANEW, None)
        if name is None:
            pg.send_query_params(text, values, param_formats=[1] * len(values), result_format=1)
        else:
            pg.send_query_prepared(name, values, [1] * len(values), 1)
        pg.send_query_prepared(_ONCE, None)
        pg.pipeline_sync()
        _, found, _ = self._results(1)
        pg.exit_pipeline_mode()
        return found

    def rows(self, question: Sql, raw: int | None = None, *, anew: bool = False) -> list[tuple[Any, ...]]:
        """The rows of an answer, decoded; column `raw` stays bytes."""
        return decoded(self.ask(question, anew=anew), raw)

    def stream(self, question: Sql, raw: int | None = None, portion: int = 1000) -> Iterator[tuple[Any, ...]]:
        """The rows of a long answer, `portion` at a time, while other questions may be asked."""
        cursor = f"gw_{next(self._numbers)}"
        text, values = _numbered(Sql(f"DECLARE {cursor} NO SCROLL CURSOR FOR {question.text}", question.values))
        _checked(self._pg.exec_params(text, values, param_formats=[1] * len(values)))
        fetch = f"FETCH {portion} FROM {cursor}".encode()
        try:
            while found := decoded(_checked(self._pg.exec_params(fetch, None, result_format=1)), raw):
                yield from found
                if len(found) < portion:
                    return
        finally:
            if self._pg.transaction_status == pq.TransactionStatus.INTRANS:
                self._pg.exec_(f"CLOSE {cursor}".encode())

    def _prepared(self, text: bytes) -> bytes | None:
        """The name of a question that was met before, prepared now where it was not; None for one that is new."""
        name = self._names.get(text)
        if name is not None:
            self._names.move_to_end(text)
            return name
        times = self._met.get(text, 0) + 1
        if len(self._met) >= _MOST_MET:
            self._met.clear()
        self._met[text] = times
        if times < _PREPARED_FROM:
            return None
        if len(self._names) >= _MOST_PREPARED:
            _, oldest = self._names.popitem(last=False)
            _checked(self._pg.exec_(b"DEALLOCATE " + oldest))
        name = b"gw_%d" % next(self._numbers)
        _checked(self._pg.prepare(name, text))
        self._names[text] = name
        return name

    def _kept(self, text: bytes, result: pq.abc.PGresult) -> pq.abc.PGresult:
        """A result, checked; a prepared question that failed is prepared anew the next time, for its tables may have changed."""
        if result.status in _FAILED:
            self._names.pop(text, None)
        return _checked(result)

    def _results(self, syncs: int) -> list[pq.abc.PGresult]:
        """All results up to so many ends of a pipeline; the wait leaves other threads running."""
        pg = self._pg
        found: list[pq.abc.PGresult] = []
        while syncs:
            while pg.is_busy():
                if pg.flush() == 0:
                    self._poll.poll()
                pg.consume_input()
            result = pg.get_result()
            if result is None:
                continue
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                syncs -= 1
            else:
                found.append(result)
        return found


def wire_of(connection: psycopg.Connection[Any]) -> Wire:
    """The wire of a pooled connection, made when it is first read from."""
    found: Wire | None = getattr(connection, "gateway_wire", None)
    if found is None:
        found = Wire(connection)
        connection.gateway_wire = found  # type: ignore[attr-defined]
    return found


def integer(value: bytes | None) -> int:
    """A whole number of any width; 0 for none."""
    return 0 if value is None else int.from_bytes(value, "big", signed=True)


def decoded(result: pq.abc.PGresult, raw: int | None = None) -> list[tuple[Any, ...]]:
    """The rows of a binary answer: whole and real numbers, truth values, text, and bytes for everything else and column `raw`."""
    readers = [(column, _READERS.get(result.ftype(column), bytes)) for column in range(result.nfields) if column != raw]
    if raw is not None:
        readers.insert(raw, (raw, bytes))
    value = result.get_value
    found = []
    for row in range(result.ntuples):
        cells: list[Any] = []
        for column, read in readers:
            cell = value(row, column)
            cells.append(cell if cell is None else read(cell))
        found.append(tuple(cells))
    return found


def _real(value: bytes) -> float:
    number: float = _DOUBLE.unpack(value)[0]
    return number


_READERS: dict[int, Any] = {
    16: lambda value: value != b"\0",
    20: integer,
    21: integer,
    23: integer,
    25: bytes.decode,
    701: _real,
    1043: bytes.decode,
}


def _numbered(question: Sql) -> tuple[bytes, list[bytes]]:
    kinds = tuple(map(type, question.values))
    values = [_encoded(value) for value in question.values if value is not None]
    lists = tuple([_member(value) for value in question.values]) if list in kinds else ()
    return _text(question.text, kinds, lists), values


def _member(value: Any) -> type:
    """What a list is made of."""
    return type(value[0]) if isinstance(value, list) and value else str


@lru_cache(maxsize=4096)
def _text(text: str, kinds: tuple[type, ...], lists: tuple[type, ...]) -> bytes:
    """SQL whose marks are numbered and cast to the types of their values; a mark of nothing is NULL."""
    place, number = count(), count(1)

    def mark(found: re.Match[str]) -> str:
        if found.group() != "?":
            return found.group()
        at = next(place)
        kind = kinds[at]
        if kind is type(None):
            return "NULL"
        cast = _CASTS.get(kind) or ("bigint[]" if lists[at] is int else "text[]")
        return f"${next(number)}::{cast}"

    return _MARK.sub(mark, text).encode()


_CASTS = {str: "text", int: "bigint", float: "float8", bool: "boolean", bytes: "bytea", Shape: "geometry"}


def _encoded(value: Any) -> bytes:
    match value:
        case str():
            return _utf8(value)
        case bool():
            return b"\1" if value else b"\0"
        case int():
            return _LONG.pack(max(min(value, _LARGEST), -_LARGEST - 1))
        case float():
            return _DOUBLE.pack(value)
        case bytes():
            return value
        case Shape(wkb):
            return wkb
        case _:
            return _array(value)


def _utf8(text: str) -> bytes:
    """Text in UTF-8. What PostgreSQL's text cannot hold, NUL and halves of pairs, no value has: it becomes what none has either."""
    try:
        coded = text.encode()
    except UnicodeEncodeError:
        coded = _UNHELD.sub(_NOBODYS, text).encode()
    return coded if b"\0" not in coded else coded.replace(b"\0", _NOBODYS.encode())


def _array(values: Sequence[int] | Sequence[str]) -> bytes:
    """A one-dimensional array in PostgreSQL's binary form."""
    if values and isinstance(values[0], int):
        body = struct.pack("!" + "iq" * len(values), *(part for value in values for part in (8, value)))
        kind = _INT8
    else:
        coded = [_utf8(str(value)) for value in values]
        body = b"".join(part for one in coded for part in (struct.pack("!i", len(one)), one))
        kind = _TEXT
    return struct.pack("!iiIii", 1 if values else 0, 0, kind, len(values), 1)[: None if values else 12] + body


def _checked(result: pq.abc.PGresult) -> pq.abc.PGresult:
    """Raise what a result says went wrong."""
    if result.status not in _FAILED:
        return result
    if result.error_field(pq.DiagnosticField.SQLSTATE) == _CANCELED.encode():
        raise OutOfTime("the question ran into its time limit", cure="ask for a smaller area, or with fewer conditions")
    raise error_from_result(result)
