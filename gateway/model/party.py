"""Who is who: parties, adhesions and the keys they come with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Party:
    """A partner of the twin. `pseudonym` is what journal and datasets carry; `id` and `name` lie in a side table and can be
    erased. `ended` is the end of the adhesion (RFC 3339) or None."""

    pseudonym: str
    id: str
    name: str
    roles: tuple[str, ...] = ()
    charter: str | None = None
    charter_version: str | None = None
    since: str = ""
    ended: str | None = None
    delegates: tuple[str, ...] = ()
    """Datasets (ids) this party may publish for their owner."""


@dataclass(frozen=True, slots=True)
class Key:
    """An API key; only its SHA-256 is kept. `kid` is public, shown in lists and the journal."""

    kid: str
    party: str
    digest: bytes
    created: str
    expires: str | None = None
    revoked: str | None = None
