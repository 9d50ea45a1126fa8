"""A partner who attests: an enrolled key, and attestations that are sound until a test changes something."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.charter import attestation
from gateway.charter.attestation import Claims
from gateway.model.submission import Request
from gateway.services.signing_keys import SigningKeys

SITG = "sitg@1.0.0"


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def digest(path: str | Path | None) -> str | None:
    return None if path is None else sha256(Path(path).read_bytes()).hexdigest()


class Signer:
    """A key pair of one party, its public half enrolled where there is a twin to enrol it in."""

    def __init__(self, keys: SigningKeys | None = None, party: str | None = None, **span: Any) -> None:
        self.private = Ed25519PrivateKey.generate()
        self.pem = self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self.public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.kid = attestation.kid_of(self.public)
        if keys is not None and party is not None:
            keys.enrol(party, self.pem, **span)

    def token(self, data: str | None = None, record: str | None = None, **changes: Any) -> bytes:
        """An attestation of these digests (SHA-256, hex)."""
        sound = Claims(report="0" * 64, charter=SITG, signatory="someone", time=now(), data=data, record=record)
        return attestation.sign(replace(sound, **changes), self.private)

    def attest(self, request: Request, folder: Path, **changes: Any) -> Request:
        """The request with its attestation, written to `folder`."""
        token = self.token(digest(request.data), digest(request.record), **changes)
        target = folder / f"{sha256(token).hexdigest()[:12]}.jws"
        target.write_bytes(token)
        return replace(request, attestation=str(target))
