"""Entries of the journal, and the signed head over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: the public envelope (`sequence`, `time`, `kind`, `body_hash`) and the body behind it.

    ``body_hash`` = SHA-256(salt ‖ RFC 8785(body)); ``hash`` = SHA-256(previous hash ‖ RFC 8785(envelope)).
    """

    sequence: int
    time: str
    kind: str
    body: Mapping[str, Any]
    salt: bytes
    body_hash: bytes
    previous: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """A signed checkpoint: `size` entries, RFC 6962 Merkle `root` over their envelopes, Ed25519 `signature` over
    RFC 8785 of {"root", "size", "time"}."""

    size: int
    root: bytes
    time: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Audit:
    """What `audit verify` found: `sound`, how many entries and heads, the first bad entry and why, and what was noted."""

    sound: bool
    entries: int
    heads: int
    bad_entry: int | None = None
    reason: str | None = None
    notes: tuple[str, ...] = ()
