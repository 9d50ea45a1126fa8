"""Signing keys: the public halves with which the attestations of a party are verified. Every change is an entry of the journal."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from gateway.charter.attestation import kid_of
from gateway.errors import Conflict, NotFound, ParameterError
from gateway.model.party import SigningKey
from gateway.ports import Store
from gateway.services import moments
from gateway.services.identity import IdentityService

_FIELD = 2**255 - 19
_EIGHTH = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER = frozenset({0, 1, _FIELD - 1, _EIGHTH, _FIELD - _EIGHTH})
"""The y coordinates of the points of small order (RFC 7748, section 7): under such a key anybody's signature is true."""


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key pair that was made here: `pem` is the private half, kept nowhere."""

    key: SigningKey
    pem: bytes


class SigningKeys:
    """The signing keys of one twin's parties."""

    def __init__(self, store: Store, identity: IdentityService) -> None:
        self._store = store
        self._identity = identity

    def make(self, party: str, *, since: str | None = None, until: str | None = None) -> MadeKey:
        """A new key pair, its public half enrolled. Raises as `enrol`."""
        private = Ed25519PrivateKey.generate()
        public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        key = self.enrol(party, public, since=since, until=until)
        return MadeKey(key, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def enrol(self, party: str, pem: bytes, *, since: str | None = None, until: str | None = None) -> SigningKey:
        """Enrol the public key of a party, good from `since` (now) until `until` (a date, or days: ``365d``; None: no end).

        Raises NotFound for an unknown party, Conflict for one that has ended and for a key that is enrolled already,
        ParameterError for what is no Ed25519 public key and for a bad date.
        """
        owner = self._identity.party(party)
        if moments.is_past(owner.ended):
            raise Conflict(f"the adhesion of {owner.id} has ended", cure="a party that has ended gets no key")
        public, now = read_public(pem), moments.now()
        key = SigningKey(
            kid=kid_of(public),
            party=owner.pseudonym,
            public=public,
            created=now,
            since=now if since is None else moments.read(since, "from"),
            until=None if until is None else moments.read(until, "until"),
        )
        if key.until is not None and key.until <= key.since:
            raise ParameterError("until", "ends before it begins", cure="a later date")
        with self._store.reading() as reader:
            if reader.signing_key(key.kid) is not None:
                raise Conflict(f"the key {key.kid} is enrolled already", cure="make a new key pair")
        self._store.put_signing_key(key, "signing-key.enrolled", _body(key))
        return key

    def revoke(self, kid: str, party: str | None = None, since: str | None = None) -> SigningKey:
        """End a key now, or (a stolen one) as of an earlier moment `since`: attestations signed from then on are worth nothing.

        The moment of an earlier revocation is only ever moved back. Raises NotFound for a key that is unknown or not of `party`.
        """
        key = next((key for key in self.keys(party) if key.kid == kid), None)
        if key is None:
            raise NotFound(f"there is no signing key called {kid}", cure="gateway key list DIR PARTY")
        moment = moments.now() if since is None else moments.read(since, "since")
        if moment > moments.now():
            raise ParameterError("since", "lies ahead", cure="a moment that has passed")
        if key.revoked is None or moment < key.revoked:
            key = replace(key, revoked=moment)
            self._store.put_signing_key(key, "signing-key.revoked", _body(key))
        return key

    def keys(self, party: str | None = None) -> list[SigningKey]:
        """The signing keys of one party, or all; ended ones too."""
        pseudonym = None if party is None else self._identity.party(party).pseudonym
        with self._store.reading() as reader:
            return reader.signing_keys(pseudonym)


def read_public(pem: bytes) -> bytes:
    """The 32 bytes of an Ed25519 public key in PEM. Raises ParameterError for anything else."""
    try:
        key = load_pem_public_key(pem)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ParameterError("public", "no public key in PEM", cure="openssl pkey -in KEY -pubout") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ParameterError("public", "no Ed25519 key", cure="openssl genpkey -algorithm ed25519")
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    if int.from_bytes(raw, "little") % 2**255 % _FIELD in _SMALL_ORDER:
        raise ParameterError("public", "a key under which every signature is true", cure="openssl genpkey -algorithm ed25519")
    return raw


def read_private(pem: bytes) -> Ed25519PrivateKey:
    """An Ed25519 private key in PEM without a password. Raises ParameterError for anything else."""
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ParameterError(
            "key", "no private key in PEM without a password", cure="gateway key new DIR PARTY --signing"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ParameterError("key", "no Ed25519 key", cure="openssl genpkey -algorithm ed25519")
    return key


def _body(key: SigningKey) -> dict[str, object]:
    """What the journal says of a key; the public half too, so that an attestation can be verified from the journal alone."""
    return {
        "kid": key.kid,
        "party": key.party,
        "public": key.public.hex(),
        "from": key.since,
        "until": key.until,
        "revoked": key.revoked,
    }
