"""Submissions in PostgreSQL, and the keys that make a repeated request recognisable."""

from __future__ import annotations

from gateway.model.submission import Submission
from gateway.store.connection import now
from gateway.store.postgis.schema import Connection
from gateway.store.submissions import decode, encode, oldest


def put(connection: Connection, submission: Submission) -> None:
    """Keep a submission."""
    connection.execute(
        "INSERT INTO submission (id, party, dataset, state, effect, created, version, entry, document, attestation) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            *(submission.id, submission.party, submission.dataset, submission.state, submission.effect, submission.created),
            *(submission.version, submission.entry, encode(submission), submission.attestation),
        ),
    )


def get(connection: Connection, identifier: str) -> Submission | None:
    """One submission."""
    row = connection.execute("SELECT document FROM submission WHERE id = %s", (identifier,)).fetchone()
    return None if row is None else decode(row[0])


def newest(connection: Connection, party: str | None, limit: int) -> list[Submission]:
    """Submissions, the newest first."""
    chosen, values = ("", (limit,)) if party is None else ("WHERE party = %s", (party, limit))
    rows = connection.execute(f"SELECT document FROM submission {chosen} ORDER BY entry DESC LIMIT %s", values)
    return [decode(document) for (document,) in rows]


def effect(connection: Connection, digest: str) -> Submission | None:
    """The published submission with this effect that is still its dataset's current publication."""
    row = connection.execute(
        "SELECT s.document FROM submission s JOIN dataset d ON d.id = s.dataset AND d.version = s.version "
        "WHERE s.effect = %s AND s.state = 'published'",
        (digest,),
    ).fetchone()
    return None if row is None else decode(row[0])


def attested(connection: Connection, digest: str) -> set[str]:
    """The datasets that were published with the attestation of this digest."""
    rows = connection.execute("SELECT DISTINCT dataset FROM submission WHERE attestation = %s AND state = 'published'", (digest,))
    return {dataset for (dataset,) in rows}


def put_idempotency(connection: Connection, given: tuple[str, str, str], submission: str) -> None:
    """Remember (party, key, digest of the body) for 24 hours; what is older goes."""
    connection.execute("DELETE FROM idempotency WHERE created < %s", (oldest(),))
    connection.execute(
        "INSERT INTO idempotency VALUES (%s, %s, %s, %s, %s) ON CONFLICT (party, key) DO UPDATE SET "
        "digest = excluded.digest, submission = excluded.submission, created = excluded.created",
        (*given, submission, now()),
    )


def idempotency(connection: Connection, party: str, key: str) -> tuple[str, str] | None:
    """(digest of the body, submission) of a key used in the last 24 hours."""
    row = connection.execute(
        "SELECT digest, submission FROM idempotency WHERE party = %s AND key = %s AND created >= %s", (party, key, oldest())
    ).fetchone()
    return None if row is None else (row[0], row[1])
