"""Attestations: what a partner checked, signed by his key, as a compact JWS (RFC 7515) with Ed25519 (RFC 8037).

The header is read strictly: ``alg`` is EdDSA, ``kid`` is there, ``typ`` may be, and nothing else may: no key and no address
of a key comes with the token, so none can be followed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.errors import Unreadable
from gateway.gates import json
from gateway.model.canonical import canonical

LONGEST = 16_384
"""Bytes of an attestation."""

TYPE = "attestation+jws"
_HEADER = frozenset({"alg", "kid", "typ"})
_MEMBERS = frozenset({"data", "record", "report", "charter", "dataset", "signatory", "time"})
_DIGEST = re.compile(r"[0-9a-f]{64}")
_PART = re.compile(rb"[A-Za-z0-9_-]*")
_LONGEST_WORD = 200


class Unsound(Exception):
    """A token that cannot be trusted; `reason` is one of the words of `gateway.charter.words`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Claims:
    """What is attested: SHA-256 (hex) of data, record and check report, the charter as ``id@version``, who signs, when (RFC 3339).

    At least one of `data` and `record` is there. `dataset` binds the attestation to one dataset where it is given.
    """

    report: str
    charter: str
    signatory: str
    time: str
    data: str | None = None
    record: str | None = None
    dataset: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The payload of the JWS; its bytes are the canonical JSON of this (RFC 8785)."""
        return {name: value for name in sorted(_MEMBERS) if (value := getattr(self, name)) is not None}

    @property
    def moment(self) -> datetime:
        """The signing time, with its zone."""
        return datetime.fromisoformat(self.time)


@dataclass(frozen=True, slots=True)
class Signed:
    """A token that is well formed; nothing says yet that its signature is true."""

    kid: str
    claims: Claims
    message: bytes
    signature: bytes


def kid_of(public: bytes) -> str:
    """The id of an Ed25519 key: ``s-`` and half of its JWK thumbprint (RFC 7638, RFC 8037 appendix A.3) in hex."""
    thumbprint = hashlib.sha256(canonical({"crv": "Ed25519", "kty": "OKP", "x": _text(public)})).hexdigest()
    return f"s-{thumbprint[:32]}"


def sign(claims: Claims, private: Ed25519PrivateKey) -> bytes:
    """The attestation: ``header.payload.signature``, each base64url without padding."""
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    header = canonical({"alg": "EdDSA", "kid": kid_of(public), "typ": TYPE})
    message = f"{_text(header)}.{_text(canonical(claims.as_json()))}".encode()
    return message + b"." + _text(private.sign(message)).encode()


def read(token: bytes) -> Signed:
    """A token taken apart. Raises Unsound for anything but a compact JWS of this one kind."""
    token = token.strip()
    if len(token) > LONGEST:
        raise Unsound("too long for an attestation")
    parts = token.split(b".")
    if len(parts) != 3:
        raise Unsound("no compact JWS")
    header, payload, signature = (_bytes(part) for part in parts)
    return Signed(_kid(_mapping(header)), _claims(_mapping(payload)), b".".join(parts[:2]), signature)


def is_signed(signed: Signed, public: bytes) -> bool:
    """Whether the signature was made with the private key of `public` (32 bytes)."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signed.signature, signed.message)
    except InvalidSignature:
        return False
    return True


def _kid(header: Mapping[str, Any]) -> str:
    if header.get("alg") != "EdDSA":
        raise Unsound("another algorithm than EdDSA")
    if header.keys() - _HEADER:
        raise Unsound("a header that is not allowed")
    if header.get("typ", TYPE) != TYPE:
        raise Unsound("no attestation")
    return _word(header, "kid")


def _claims(payload: Mapping[str, Any]) -> Claims:
    if payload.keys() - _MEMBERS:
        raise Unsound("no attestation")
    claims = Claims(
        report=_digest(payload, "report") or "",
        charter=_word(payload, "charter"),
        signatory=_word(payload, "signatory"),
        time=_word(payload, "time"),
        data=_digest(payload, "data"),
        record=_digest(payload, "record"),
        dataset=_word(payload, "dataset") if payload.get("dataset") is not None else None,
    )
    if not claims.report:
        raise Unsound("no check report")
    if claims.data is None and claims.record is None:
        raise Unsound("no digest of what is sent")
    try:
        if claims.moment.tzinfo is None:
            raise Unsound("no signing time")
    except ValueError as error:
        raise Unsound("no signing time") from error
    return claims


def _mapping(raw: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(raw)
    except Unreadable as error:
        raise Unsound("no sound JSON") from error
    if not isinstance(found, dict):
        raise Unsound("no sound JSON")
    return found


def _word(members: Mapping[str, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_WORD or not value.isprintable():
        raise Unsound(f"no {name}")
    return value


def _digest(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise Unsound("no digest of what is sent" if name != "report" else "no check report")
    return value


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _bytes(part: bytes) -> bytes:
    """base64url without padding (RFC 7515, section 2), in its one canonical spelling."""
    if not _PART.fullmatch(part):
        raise Unsound("no compact JWS")
    try:
        raw = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except (binascii.Error, ValueError) as error:
        raise Unsound("no compact JWS") from error
    if _text(raw).encode() != part:
        raise Unsound("no compact JWS")
    return raw
