"""The jobs of a twin in a database of their own beside it, so that jobs and publications never wait for each other."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import orjson

from gateway.errors import Busy, IdempotencyConflict, TooMany
from gateway.model.job import Job, JobQuery, Order, Shares, Status
from gateway.store.connection import connect, one, select, transaction

_SCHEMA = """
CREATE TABLE IF NOT EXISTS job (
    id TEXT PRIMARY KEY, process TEXT NOT NULL, owner TEXT, caller TEXT NOT NULL, "order" BLOB NOT NULL, status TEXT NOT NULL,
    created INTEGER NOT NULL, started INTEGER, finished INTEGER, updated INTEGER NOT NULL, progress INTEGER NOT NULL DEFAULT 0,
    message TEXT, problem BLOB, attempts INTEGER NOT NULL DEFAULT 0, idempotency TEXT, digest TEXT);
CREATE INDEX IF NOT EXISTS job_caller ON job (caller, created);
CREATE INDEX IF NOT EXISTS job_owner ON job (owner, created);
CREATE INDEX IF NOT EXISTS job_created ON job (created);
CREATE INDEX IF NOT EXISTS job_unfinished ON job (status, created) WHERE status IN ('accepted', 'running');
CREATE UNIQUE INDEX IF NOT EXISTS job_idempotency ON job (caller, idempotency) WHERE idempotency IS NOT NULL;
"""
_COLUMNS = (
    'id, process, owner, caller, "order", status, created, started, finished, updated, progress, message, problem, attempts, '
    "idempotency, digest"
)
_UNFINISHED = "status IN ('accepted', 'running')"


def folder_of(twin: Path) -> Path:
    """Where the jobs of a twin lie."""
    return twin / "jobs"


class JobTable:
    """Jobs in ``folder/jobs.db``, behind `gateway.ports.Jobs`. Any number of processes may have it open."""

    def __init__(self, folder: Path, *, wait: float = 10.0) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self._path = str(folder / "jobs.db")
        self._wait = wait
        self._lock = threading.RLock()
        self._held: apsw.Connection | None = None
        self._process = 0

    @contextmanager
    def _open(self, *, write: bool = True) -> Iterator[apsw.Connection]:
        """The connection of this process, for one thread at a time, in a transaction where something is written."""
        with self._lock:
            if self._held is None or self._process != os.getpid():
                self._held, self._process = _made(self._path, self._wait), os.getpid()
            if not write:
                yield self._held
                return
            with transaction(self._held, self._path):
                yield self._held

    def add(self, job: Job, shares: Shares) -> Job:
        """Accept a job, or give the one accepted before under the same key of the same caller."""
        with self._open() as connection:
            if job.idempotency is not None:
                known = _first(connection, "caller = ? AND idempotency = ?", (job.caller, job.idempotency[0]))
                if known is not None and known.idempotency != job.idempotency:
                    raise IdempotencyConflict("this Idempotency-Key came before with another request", place="Idempotency-Key")
                if known is not None:
                    return known
            _demand_room(connection, job, shares)
            moment = _now()
            connection.execute(
                f"INSERT INTO job ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,NULL,NULL,?,0,NULL,NULL,0,?,?)",
                (
                    job.id,
                    job.process,
                    job.owner,
                    job.caller,
                    orjson.dumps(job.order.as_json()),
                    Status.ACCEPTED.value,
                    moment,
                    moment,
                    *(job.idempotency or (None, None)),
                ),
            )
            found = _first(connection, "id = ?", (job.id,))
        return found or job

    def get(self, id: str) -> Job | None:
        """One job."""
        with self._open(write=False) as connection:
            return _first(connection, "id = ?", (id,))

    def select(self, query: JobQuery) -> tuple[int, list[Job]]:
        """How many jobs match, and one page of them, newest first."""
        where, values = _where(query)
        with self._open(write=False) as connection:
            total = one(connection, f"SELECT count(*) FROM job WHERE {where}", values)[0]
            page = f"SELECT {_COLUMNS} FROM job WHERE {where} ORDER BY created DESC, id LIMIT ? OFFSET ?"
            return total, [_job(row) for row in select(connection, page, (*values, query.limit, query.offset))]

    def waiting(self, limit: int) -> list[str]:
        """Accepted jobs in the order of their turn: callers with fewest running first, then the oldest."""
        sql = """SELECT id FROM job AS j WHERE status = 'accepted' ORDER BY
                 (SELECT count(*) FROM job AS r WHERE r.status = 'running' AND r.caller = j.caller), created, id LIMIT ?"""
        with self._open(write=False) as connection:
            return [row[0] for row in select(connection, sql, (limit,))]

    def unfinished(self) -> list[str]:
        """All jobs that have not ended, oldest first."""
        with self._open(write=False) as connection:
            return [row[0] for row in select(connection, f"SELECT id FROM job WHERE {_UNFINISHED} ORDER BY created")]

    def begin(self, id: str) -> bool:
        """Mark a job running; False when it has ended or was dismissed."""
        sql = f"""UPDATE job SET status = 'running', started = coalesce(started, ?), updated = ?, attempts = attempts + 1
                  WHERE id = ? AND {_UNFINISHED}"""
        moment = _now()
        return self._change(sql, (moment, moment, id))

    def note(self, id: str, progress: int, message: str | None) -> None:
        """Keep the progress of a running job."""
        sql = "UPDATE job SET progress = ?, message = ?, updated = ? WHERE id = ? AND status = 'running'"
        self._change(sql, (progress, message, _now(), id))

    def end(self, id: str, problem: Mapping[str, Any] | None, message: str | None = None) -> bool:
        """End an unfinished job: failed with a problem, else successful. A second ending is refused: False."""
        sql = f"""UPDATE job SET status = ?, problem = ?, message = ?, finished = ?, updated = ?,
                  progress = CASE WHEN ? THEN progress ELSE 100 END WHERE id = ? AND {_UNFINISHED}"""
        status = Status.SUCCESSFUL if problem is None else Status.FAILED
        kept = None if problem is None else orjson.dumps(dict(problem))
        moment = _now()
        return self._change(sql, (status.value, kept, message, moment, moment, problem is not None, id))

    def dismiss(self, id: str) -> bool:
        """Dismiss a job; False when it was dismissed before."""
        sql = """UPDATE job SET status = 'dismissed', problem = NULL, message = NULL, finished = coalesce(finished, ?), updated = ?
                 WHERE id = ? AND status <> 'dismissed'"""
        moment = _now()
        return self._change(sql, (moment, moment, id))

    def expire(self, strangers: int, owners: int) -> list[str]:
        """Forget finished jobs that ended before these times (ms), by whether they have an owner; names them."""
        sql = f"""DELETE FROM job WHERE NOT {_UNFINISHED} AND updated < CASE WHEN owner IS NULL THEN ? ELSE ? END RETURNING id"""
        with self._open() as connection:
            return [row[0] for row in select(connection, sql, (strangers, owners))]

    def close(self) -> None:
        """Close this process's connection."""
        with self._lock:
            if self._held is not None and self._process == os.getpid():
                self._held.close()
            self._held = None

    def _change(self, sql: str, values: tuple[Any, ...]) -> bool:
        with self._open() as connection:
            connection.execute(sql, values)
            return connection.changes() > 0


def _made(path: str, wait: float) -> apsw.Connection:
    connection = connect(path, write=True, create=True, wait=wait)
    Path(path).chmod(0o600)
    connection.execute("PRAGMA journal_mode = WAL")
    with transaction(connection, path):
        connection.execute(_SCHEMA)
    return connection


def _demand_room(connection: apsw.Connection, job: Job, shares: Shares) -> None:
    unfinished = one(connection, f"SELECT count(*) FROM job WHERE caller = ? AND {_UNFINISHED}", (job.caller,))[0]
    if unfinished >= shares.caller:
        raise TooMany(f"{unfinished} of your jobs have not ended yet, and no more may wait")
    if shares.minute:
        recent = one(connection, "SELECT count(*) FROM job WHERE caller = ? AND created > ?", (job.caller, _now() - 60_000))[0]
        if recent >= shares.minute:
            raise TooMany(f"more than {shares.minute} jobs in a minute", retry_after=30)
    if one(connection, f"SELECT count(*) FROM job WHERE {_UNFINISHED}")[0] >= shares.total:
        raise Busy("the queue of jobs is full")


def _where(query: JobQuery) -> tuple[str, tuple[Any, ...]]:
    parts: list[tuple[str, tuple[Any, ...]]] = []
    if query.owner is not None:
        parts.append(("owner = ?", (query.owner,)))
    for column, chosen in (("process", query.processes), ("status", query.statuses)):
        if chosen:
            parts.append((f"{column} IN ({','.join('?' * len(chosen))})", chosen))
    since, until = query.created
    if since is not None:
        parts.append(("created >= ?", (since,)))
    if until is not None:
        parts.append(("created <= ?", (until,)))
    lasted = "(coalesce(finished, ?) - started)"
    for sign, seconds in ((">=", query.shortest), ("<=", query.longest)):
        if seconds is not None:
            parts.append((f"started IS NOT NULL AND {lasted} {sign} ?", (_now(), seconds * 1000)))
    where = " AND ".join(f"({text})" for text, _ in parts) or "1"
    return where, tuple(value for _, values in parts for value in values)


def _first(connection: apsw.Connection, where: str, values: tuple[Any, ...]) -> Job | None:
    return next((_job(row) for row in select(connection, f"SELECT {_COLUMNS} FROM job WHERE {where} LIMIT 1", values)), None)


def _job(row: tuple[Any, ...]) -> Job:
    return Job(
        id=row[0],
        process=row[1],
        owner=row[2],
        caller=row[3],
        order=Order.from_json(orjson.loads(row[4])),
        status=Status(row[5]),
        created=row[6],
        started=row[7],
        finished=row[8],
        updated=row[9],
        progress=row[10],
        message=row[11],
        problem=None if row[12] is None else orjson.loads(row[12]),
        attempts=row[13],
        idempotency=None if row[14] is None else (row[14], row[15]),
    )


def _now() -> int:
    return time.time_ns() // 1_000_000
