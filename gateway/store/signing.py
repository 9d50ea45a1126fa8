"""The journal's Ed25519 key: it lies beside the GeoPackage (``journal.key``, mode 0600), or comes from a setting."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from gateway.errors import IntegrityError, UsageError

FILE = "journal.key"


@dataclass(frozen=True, slots=True)
class JournalKey:
    """Signs the heads of one twin's journal."""

    private: Ed25519PrivateKey

    @classmethod
    def create(cls, folder: Path, pem: str | None = None) -> JournalKey:
        """The key of a new twin: of `pem` where given, else of the folder's key file, which is made when there is none."""
        if pem is not None:
            return cls(_parse(pem.encode(), "the setting journal_key"))
        path = folder / FILE
        if not path.exists():
            _write(path, Ed25519PrivateKey.generate())
        return cls.load(folder)

    @classmethod
    def load(cls, folder: Path, pem: str | None = None) -> JournalKey:
        """The key of an existing twin. Raises IntegrityError when there is none, UsageError when it is no Ed25519 key."""
        if pem is not None:
            return cls(_parse(pem.encode(), "the setting journal_key"))
        path = folder / FILE
        if not path.is_file():
            raise IntegrityError(f"the journal's key is missing: {path}", cure="restore it, or set GATEWAY_JOURNAL_KEY")
        return cls(_parse(path.read_bytes(), str(path)))

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes (RFC 8032)."""
        return self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def sign(self, message: bytes) -> bytes:
        """The signature of `message`, 64 bytes."""
        return self.private.sign(message)


def is_signed(message: bytes, signature: bytes, public: bytes) -> bool:
    """Whether `signature` over `message` was made with the private key of `public`."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _parse(pem: bytes, place: str) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise UsageError("not a private key in PEM without a password", place=place) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError("not an Ed25519 key", place=place, cure="openssl genpkey -algorithm ed25519")
    return key


def _write(path: Path, key: Ed25519PrivateKey) -> None:
    """Write the key so that it is there whole or not at all, readable by its owner alone."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
