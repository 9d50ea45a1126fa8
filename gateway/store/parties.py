"""Parties and their keys: the side table in which names lie, so that they can be erased."""

from __future__ import annotations

from typing import Any

import apsw
import orjson

from gateway.errors import Conflict
from gateway.model.party import Key, Party, SigningKey

_PARTY = "pseudonym, id, name, roles, charter, charter_version, since, ended, delegates"
_KEY = "kid, party, digest, created, expires, revoked"
_SIGNING = "kid, party, public, created, since, until, revoked"


def put_party(connection: apsw.Connection, party: Party) -> None:
    """Add a party, or change the one with this pseudonym. Raises Conflict for an id that another has."""
    try:
        connection.execute(
            f"INSERT INTO party ({_PARTY}) VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (pseudonym) DO UPDATE SET id = excluded.id, "
            "name = excluded.name, roles = excluded.roles, charter = excluded.charter, charter_version = excluded.charter_version, "
            "since = excluded.since, ended = excluded.ended, delegates = excluded.delegates",
            (
                *(party.pseudonym, party.id, party.name, pack_list(party.roles), party.charter, party.charter_version),
                *(party.since, party.ended, pack_list(party.delegates)),
            ),
        )
    except apsw.ConstraintError as error:
        raise Conflict(f"there is a party {party.id} already") from error


def put_key(connection: apsw.Connection, key: Key) -> None:
    """Add a key, or change the one with this kid. Raises Conflict for a digest that another has."""
    try:
        connection.execute(
            f"INSERT INTO key ({_KEY}) VALUES (?,?,?,?,?,?) ON CONFLICT (kid) DO UPDATE SET expires = excluded.expires, "
            "revoked = excluded.revoked",
            (key.kid, key.party, key.digest, key.created, key.expires, key.revoked),
        )
    except apsw.ConstraintError as error:
        raise Conflict(f"the key {key.kid} is another's") from error


def put_signing_key(connection: apsw.Connection, key: SigningKey) -> None:
    """Enrol a signing key, or end the one with this kid. Raises Conflict for a kid that another party has."""
    there = signing_key(connection, key.kid)
    if there is not None and (there.party, there.public) != (key.party, key.public):
        raise Conflict(f"the key {key.kid} is another's")
    connection.execute(
        f"INSERT INTO signing_key ({_SIGNING}) VALUES (?,?,?,?,?,?,?) ON CONFLICT (kid) DO UPDATE SET until = excluded.until, "
        "revoked = excluded.revoked",
        (key.kid, key.party, key.public, key.created, key.since, key.until, key.revoked),
    )


def all_parties(connection: apsw.Connection) -> list[Party]:
    """All parties, by id."""
    return [unpack_party(row) for row in connection.execute(f"SELECT {_PARTY} FROM party ORDER BY id")]


def party(connection: apsw.Connection, id_or_pseudonym: str) -> Party | None:
    """A party by its id, else by its pseudonym."""
    row = connection.execute(
        f"SELECT {_PARTY} FROM party WHERE id = ?1 OR pseudonym = ?1 ORDER BY id = ?1 DESC LIMIT 1", (id_or_pseudonym,)
    ).fetchone()
    return None if row is None else unpack_party(row)


def keys(connection: apsw.Connection, party: str | None) -> list[Key]:
    """Keys, oldest first."""
    rows = connection.execute(f"SELECT {_KEY} FROM key WHERE ?1 IS NULL OR party = ?1 ORDER BY created, kid", (party,))
    return [Key(*row) for row in rows]


def key(connection: apsw.Connection, digest: bytes) -> Key | None:
    """The key with this SHA-256."""
    row = connection.execute(f"SELECT {_KEY} FROM key WHERE digest = ?", (digest,)).fetchone()
    return None if row is None else Key(*row)


def signing_keys(connection: apsw.Connection, party: str | None) -> list[SigningKey]:
    """Signing keys, oldest first."""
    rows = connection.execute(f"SELECT {_SIGNING} FROM signing_key WHERE ?1 IS NULL OR party = ?1 ORDER BY created, kid", (party,))
    return [SigningKey(*row) for row in rows]


def signing_key(connection: apsw.Connection, kid: str) -> SigningKey | None:
    """The signing key with this id."""
    row = connection.execute(f"SELECT {_SIGNING} FROM signing_key WHERE kid = ?", (kid,)).fetchone()
    return None if row is None else SigningKey(*row)


def unpack_party(row: tuple[Any, ...]) -> Party:
    """A party out of its row."""
    pseudonym, identifier, name, roles, charter, charter_version, since, ended, delegates = row
    return Party(
        pseudonym,
        identifier,
        name,
        tuple(orjson.loads(roles)),
        charter,
        charter_version,
        since,
        ended,
        tuple(orjson.loads(delegates)),
    )


def pack_list(values: tuple[str, ...]) -> str:
    """Names as JSON."""
    return orjson.dumps(values).decode()
