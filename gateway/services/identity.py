"""Who is who: parties, their adhesions and their API keys. Every change is an entry of the journal, without names."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace

from gateway.charter.terms import PUBLIC_ROLE, Charter
from gateway.errors import Conflict, NotFound, ParameterError, Unauthenticated
from gateway.model.access import Reader
from gateway.model.party import Key, Party
from gateway.ports import Store
from gateway.services import moments

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_PREFIX = "twin_"
_LONGEST_NAME = 200
_LONGEST_TOKEN = 200
_REFUSAL = "the key is not valid"


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A new key: `secret` is shown once and kept nowhere."""

    key: Key
    secret: str


class IdentityService:
    """Parties and keys of one twin under its charter."""

    def __init__(self, store: Store, charter: Charter) -> None:
        self._store = store
        self._charter = charter

    # --- parties -----------------------------------------------------------------------------------------------------

    def add_party(
        self, id: str, name: str, *, roles: Iterable[str] = (), delegates: Iterable[str] = (), adheres: bool = True
    ) -> Party:
        """A new party that adheres to the charter in force, in `roles` (else the charter's role for partners).

        Raises ParameterError for a bad id, name or role, Conflict where the id is taken.
        """
        party = Party(
            pseudonym=f"p-{secrets.token_hex(8)}",
            id=_checked_id(id),
            name=_checked_name(name),
            roles=self._checked_roles(roles),
            charter=self._charter.id if adheres else None,
            charter_version=self._charter.version if adheres else None,
            since=moments.now(),
            delegates=tuple(dict.fromkeys(delegates)),
        )
        with self._store.reading() as reader:
            if reader.party(party.id) is not None:
                raise Conflict(f"there is a party called {party.id}", cure="choose another id")
        self._store.put_party(party, "party.added", self._body(party))
        return party

    def end_party(self, id: str, ended: str | None = None) -> Party:
        """End a party's adhesion, now or at `ended` (RFC 3339); from then on its keys are worth nothing."""
        party = replace(self.party(id), ended=moments.read(ended, "ended") if ended else moments.now())
        self._store.put_party(party, "party.ended", {"party": party.pseudonym, "ended": party.ended})
        return party

    def give_mandate(self, id: str, dataset: str) -> Party:
        """Let a party publish `dataset` for its owner."""
        party = self.party(id)
        party = replace(party, delegates=tuple(dict.fromkeys((*party.delegates, dataset))))
        self._store.put_party(party, "party.mandated", {"party": party.pseudonym, "dataset": dataset})
        return party

    def party(self, id: str) -> Party:
        """The party with this id or pseudonym. Raises NotFound."""
        with self._store.reading() as reader:
            party = reader.party(id)
        if party is None:
            raise NotFound(f"there is no party called {id}", cure="gateway party list DIR")
        return party

    def parties(self) -> list[Party]:
        """All parties, ended ones too."""
        with self._store.reading() as reader:
            return reader.parties()

    # --- keys --------------------------------------------------------------------------------------------------------

    def new_key(self, party_id: str, expires: str | None = None) -> str:
        """The secret of a new key; see `issue_key`."""
        return self.issue_key(party_id, expires).secret

    def issue_key(self, party_id: str, expires: str | None = None) -> IssuedKey:
        """A new key of 256 random bits for a party. `expires` is RFC 3339 or a number of days (``90d``); None never expires.

        Raises NotFound for an unknown party, Conflict for one whose adhesion has ended, ParameterError for a bad date.
        """
        party = self.party(party_id)
        if moments.is_past(party.ended):
            raise Conflict(f"the adhesion of {party.id} has ended", cure="a party that has ended gets no key")
        secret = _PREFIX + secrets.token_urlsafe(32)
        key = Key(
            kid=f"k-{secrets.token_hex(6)}",
            party=party.pseudonym,
            digest=_digest(secret),
            created=moments.now(),
            expires=None if expires is None else moments.read(expires, "expires"),
        )
        self._store.put_key(key, "key.issued", {"kid": key.kid, "party": key.party, "expires": key.expires})
        return IssuedKey(key, secret)

    def revoke_key(self, kid: str, party_id: str | None = None) -> Key:
        """Revoke a key at once. Raises NotFound for an unknown one, or one that is not of `party_id`."""
        key = next((key for key in self.keys(party_id) if key.kid == kid), None)
        if key is None:
            raise NotFound(f"there is no key called {kid}", cure="gateway key list DIR PARTY")
        if key.revoked is None:
            key = replace(key, revoked=moments.now())
            self._store.put_key(key, "key.revoked", {"kid": key.kid, "party": key.party})
        return key

    def keys(self, party_id: str | None = None) -> list[Key]:
        """The keys of one party, or all."""
        pseudonym = None if party_id is None else self.party(party_id).pseudonym
        with self._store.reading() as reader:
            return reader.keys(pseudonym)

    # --- who asks ----------------------------------------------------------------------------------------------------

    def authenticate(self, token: str) -> Reader:
        """Who holds this key. Raises Unauthenticated, with one message for wrong, ended, expired and revoked keys alike."""
        key, party = self._holder(token)
        return self.reader(party, key=key.kid)

    def prove(self, id: str, token: str | None) -> Party:
        """The party `id`, where `token` is a key of it. Raises Unauthenticated otherwise."""
        if token is None:
            raise Unauthenticated(
                f"to act as {id} its key is needed", cure="GATEWAY_KEY, --key-file FILE, or demo-keys.json in the twin's folder"
            )
        party = self._holder(token)[1]
        if id not in (party.id, party.pseudonym):
            raise Unauthenticated(_REFUSAL)
        return party

    def authenticated_party(self, reader: Reader) -> Party:
        """The party behind a reader that holds a key. Raises Unauthenticated for the public."""
        if reader.party is None:
            raise Unauthenticated("this needs a key", cure="Authorization: Bearer KEY")
        return self.party(reader.party)

    def reader(self, party: Party, *, key: str | None = None) -> Reader:
        """`party` as the access decision sees it."""
        return reader_of(party, key=key)

    def _holder(self, token: str) -> tuple[Key, Party]:
        digest = _digest(token[:_LONGEST_TOKEN])
        with self._store.reading() as reader:
            key = reader.key(digest)
            party = None if key is None else reader.party(key.party)
        sound = (
            key is not None
            and party is not None
            and secrets.compare_digest(key.digest, digest)
            and key.revoked is None
            and not moments.is_past(key.expires)
            and not moments.is_past(party.ended)
        )
        if not sound or key is None or party is None:
            raise Unauthenticated(_REFUSAL, cure="ask the competence centre for a key")
        return key, party

    def _checked_roles(self, roles: Iterable[str]) -> tuple[str, ...]:
        chosen = tuple(dict.fromkeys(roles)) or (self._charter.partner_role,)
        for role in chosen:
            if role not in self._charter.roles:
                raise ParameterError(
                    "role", f"{role} is no role of charter {self._charter.id}", cure=", ".join(self._charter.roles)
                )
        return chosen

    def _body(self, party: Party) -> dict[str, object]:
        """What the journal says of a party: its pseudonym and standing, neither id nor name."""
        return {
            "party": party.pseudonym,
            "roles": list(party.roles),
            "charter": party.charter,
            "charterVersion": party.charter_version,
            "delegates": list(party.delegates),
        }


def reader_of(party: Party, *, key: str | None = None) -> Reader:
    """A party as the access decision sees it."""
    return Reader(
        party=party.pseudonym,
        name=party.name,
        roles=frozenset((PUBLIC_ROLE, *party.roles)),
        key=key,
        mandates=frozenset(party.delegates),
    )


def _checked_id(id: str) -> str:
    if not _ID.fullmatch(id):
        raise ParameterError("party", f"{id!r} is no id", cure="lower-case letters, digits, '.', '_', '-'; at most 64")
    return id


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise ParameterError("name", f"a name has 1 to {_LONGEST_NAME} printable characters")
    return name


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
