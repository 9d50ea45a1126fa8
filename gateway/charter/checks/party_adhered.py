"""``party.adhered``: the submitter has adhered to the charter in force, and the adhesion has not ended."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from gateway.charter.check import QuietCheck
from gateway.charter.observation import observed
from gateway.charter.terms import Charter
from gateway.model.finding import Finding
from gateway.model.party import Party
from gateway.ports import Subject


class PartyAdhered(QuietCheck):
    """Adhesion to this charter, in its major version, not ended, in a role that may submit."""

    type = "party.adhered"
    needs = frozenset({"party"})

    def start(self, subject: Subject) -> Iterable[Finding]:
        """One finding for the first thing that is not in order."""
        charter: Charter = subject.charter
        party = subject.party
        expected = f"{charter.id} {charter.version}"
        now = datetime.now(UTC).isoformat()
        if party is None or party.charter is None:
            yield observed(None, expected)
        elif party.charter != charter.id or _major(party.charter_version) != _major(charter.version):
            yield observed(f"{party.charter} {party.charter_version or ''}".strip(), expected)
        elif party.ended is not None and party.ended <= now:
            yield observed(f"{expected} † {party.ended}", expected)
        elif not _in_force(charter, now):
            yield observed(f"{expected}: {charter.in_force[0] or ''}/{charter.in_force[1] or ''}", now[:10])
        elif not set(party.roles) & set(charter.submitters):
            yield observed(_roles(party), ", ".join(charter.submitters))


def _major(version: str | None) -> str:
    return (version or "").partition(".")[0]


def _in_force(charter: Charter, now: str) -> bool:
    start, end = charter.in_force
    return (start is None or start <= now) and (end is None or now < end)


def _roles(party: Party) -> str | None:
    return ", ".join(party.roles) or None
