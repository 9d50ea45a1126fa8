"""Who is who: parties, adhesions and the keys they come with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key that attestations are verified with; only its `public` part (32 bytes) is known to the twin.

    It is good for signing times from `since`, before `until` and before `revoked` (RFC 3339 UTC or None).
    """

    kid: str
    party: str
    public: bytes
    created: str
    since: str
    until: str | None = None
    revoked: str | None = None

    def is_good_at(self, moment: datetime) -> bool:
        """Whether an attestation signed at `moment` may rest on this key."""
        ends = [datetime.fromisoformat(end) for end in (self.until, self.revoked) if end is not None]
        return datetime.fromisoformat(self.since) <= moment and all(moment < end for end in ends)
