"""Submissions and the keys that make a repeated request recognisable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import apsw
import orjson

from gateway.model.finding import Verdict
from gateway.model.submission import Submission
from gateway.store.connection import now

_HOLDS = timedelta(hours=24)


def put(connection: apsw.Connection, submission: Submission) -> None:
    """Keep a submission."""
    connection.execute(
        "INSERT INTO submission (id, party, dataset, state, effect, created, version, entry, document, attestation) "
        "VALUES (?,?,?,?,?,?,?,?,?,?)",
        (
            *(submission.id, submission.party, submission.dataset, submission.state, submission.effect, submission.created),
            *(submission.version, submission.entry, encode(submission), submission.attestation),
        ),
    )


def get(connection: apsw.Connection, identifier: str) -> Submission | None:
    """One submission."""
    row = connection.execute("SELECT document FROM submission WHERE id = ?", (identifier,)).fetchone()
    return None if row is None else decode(row[0])


def newest(connection: apsw.Connection, party: str | None, limit: int) -> list[Submission]:
    """Submissions, the newest first."""
    rows = connection.execute(
        "SELECT document FROM submission WHERE ?1 IS NULL OR party = ?1 ORDER BY entry DESC LIMIT ?2", (party, limit)
    )
    return [decode(document) for (document,) in rows]


def effect(connection: apsw.Connection, digest: str) -> Submission | None:
    """The published submission with this effect that is still its dataset's current publication."""
    row = connection.execute(
        "SELECT s.document FROM submission s JOIN dataset d ON d.id = s.dataset AND d.version = s.version "
        "WHERE s.effect = ? AND s.state = 'published'",
        (digest,),
    ).fetchone()
    return None if row is None else decode(row[0])


def attested(connection: apsw.Connection, digest: str) -> set[str]:
    """The datasets that were published with the attestation of this digest."""
    rows = connection.execute("SELECT DISTINCT dataset FROM submission WHERE attestation = ? AND state = 'published'", (digest,))
    return {dataset for (dataset,) in rows}


def put_idempotency(connection: apsw.Connection, given: tuple[str, str, str], submission: str) -> None:
    """Remember (party, key, digest of the body) for 24 hours; what is older goes."""
    connection.execute("DELETE FROM idempotency WHERE created < ?", (oldest(),))
    connection.execute("INSERT OR REPLACE INTO idempotency VALUES (?,?,?,?,?)", (*given, submission, now()))


def idempotency(connection: apsw.Connection, party: str, key: str) -> tuple[str, str] | None:
    """(digest of the body, submission) of a key used in the last 24 hours."""
    row = connection.execute(
        "SELECT digest, submission FROM idempotency WHERE party = ? AND key = ? AND created >= ?", (party, key, oldest())
    ).fetchone()
    return None if row is None else (row[0], row[1])


def oldest() -> str:
    """From when on an Idempotency-Key is remembered."""
    return (datetime.now(UTC) - _HOLDS).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def encode(submission: Submission) -> str:
    """A submission as JSON."""
    members = {name: getattr(submission, name) for name in Submission.__dataclass_fields__ if name != "verdict"}
    return orjson.dumps({**members, "verdict": submission.verdict.as_json()}).decode()


def decode(document: str) -> Submission:
    """The inverse of `encode`."""
    members: dict[str, Any] = orjson.loads(document)
    members["verdict"] = Verdict.from_json(members["verdict"])
    members["collections"] = tuple(members["collections"])
    return Submission(**members)
