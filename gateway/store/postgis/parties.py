"""Parties and their keys in PostgreSQL: the side table in which names lie, so that they can be erased."""

from __future__ import annotations

from psycopg import errors

from gateway.errors import Conflict
from gateway.model.party import Key, Party, SigningKey
from gateway.store.parties import pack_list, unpack_party
from gateway.store.postgis.schema import Connection

_PARTY = "pseudonym, id, name, roles, charter, charter_version, since, ended, delegates"
_KEY = "kid, party, digest, created, expires, revoked"
_SIGNING = "kid, party, public, created, since, until, revoked"


def put_party(connection: Connection, party: Party) -> None:
    """Add a party, or change the one with this pseudonym. Raises Conflict for an id that another has."""
    try:
        connection.execute(
            f"INSERT INTO party ({_PARTY}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (pseudonym) DO UPDATE SET "
            "id = excluded.id, name = excluded.name, roles = excluded.roles, charter = excluded.charter, "
            "charter_version = excluded.charter_version, since = excluded.since, ended = excluded.ended, "
            "delegates = excluded.delegates",
            (
                *(party.pseudonym, party.id, party.name, pack_list(party.roles), party.charter, party.charter_version),
                *(party.since, party.ended, pack_list(party.delegates)),
            ),
        )
    except errors.UniqueViolation as error:
        raise Conflict(f"there is a party {party.id} already") from error


def put_key(connection: Connection, key: Key) -> None:
    """Add a key, or change the one with this kid. Raises Conflict for a digest that another has."""
    try:
        connection.execute(
            f"INSERT INTO key ({_KEY}) VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (kid) DO UPDATE SET "
            "expires = excluded.expires, revoked = excluded.revoked",
            (key.kid, key.party, key.digest, key.created, key.expires, key.revoked),
        )
    except errors.UniqueViolation as error:
        raise Conflict(f"the key {key.kid} is another's") from error


def put_signing_key(connection: Connection, key: SigningKey) -> None:
    """Enrol a signing key, or end the one with this kid. Raises Conflict for a kid that another party has."""
    there = signing_key(connection, key.kid)
    if there is not None and (there.party, there.public) != (key.party, key.public):
        raise Conflict(f"the key {key.kid} is another's")
    connection.execute(
        f"INSERT INTO signing_key ({_SIGNING}) VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (kid) DO UPDATE SET "
        "until = excluded.until, revoked = excluded.revoked",
        (key.kid, key.party, key.public, key.created, key.since, key.until, key.revoked),
    )


def all_parties(connection: Connection) -> list[Party]:
    """All parties, by id."""
    return [unpack_party(row) for row in connection.execute(f"SELECT {_PARTY} FROM party ORDER BY id")]


def party(connection: Connection, id_or_pseudonym: str) -> Party | None:
    """A party by its id, else by its pseudonym."""
    row = connection.execute(
        f"SELECT {_PARTY} FROM party WHERE id = %(name)s OR pseudonym = %(name)s ORDER BY id = %(name)s DESC LIMIT 1",
        {"name": id_or_pseudonym},
    ).fetchone()
    return None if row is None else unpack_party(row)


def keys(connection: Connection, party: str | None) -> list[Key]:
    """Keys, oldest first."""
    chosen, values = ("", ()) if party is None else ("WHERE party = %s", (party,))
    return [Key(*row) for row in connection.execute(f"SELECT {_KEY} FROM key {chosen} ORDER BY created, kid", values)]


def key(connection: Connection, digest: bytes) -> Key | None:
    """The key with this SHA-256."""
    row = connection.execute(f"SELECT {_KEY} FROM key WHERE digest = %s", (digest,)).fetchone()
    return None if row is None else Key(*row)


def signing_keys(connection: Connection, party: str | None) -> list[SigningKey]:
    """Signing keys, oldest first."""
    chosen, values = ("", ()) if party is None else ("WHERE party = %s", (party,))
    rows = connection.execute(f"SELECT {_SIGNING} FROM signing_key {chosen} ORDER BY created, kid", values)
    return [SigningKey(*row) for row in rows]


def signing_key(connection: Connection, kid: str) -> SigningKey | None:
    """The signing key with this id."""
    row = connection.execute(f"SELECT {_SIGNING} FROM signing_key WHERE kid = %s", (kid,)).fetchone()
    return None if row is None else SigningKey(*row)
