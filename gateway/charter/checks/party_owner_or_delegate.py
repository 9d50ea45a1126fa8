"""``party.owner_or_delegate``: a dataset has one master, and only the master or its mandatary publishes it."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.charter.check import QuietCheck
from gateway.charter.decide import is_owner_or_delegate
from gateway.charter.observation import observed
from gateway.charter.terms import Charter
from gateway.model.finding import Finding
from gateway.ports import Subject


class PartyOwnerOrDelegate(QuietCheck):
    """The submitter owns the dataset or holds its mandate; a new dataset is begun by a role that can be its master."""

    type = "party.owner_or_delegate"
    needs = frozenset({"party"})

    def finish(self, subject: Subject) -> Iterable[Finding]:
        """One finding where the submitter is neither, or may not be a master; which dataset it is may show at the end only."""
        charter: Charter = subject.charter
        party, current = subject.party, subject.current
        if party is None:
            return
        if current is not None and not is_owner_or_delegate(party, current):
            yield observed(party.pseudonym, current.owner)
        elif current is None and not set(party.roles) & set(charter.masters):
            yield observed(", ".join(party.roles) or None, ", ".join(charter.masters))
