"""``licence.in_list``: the licence is one of the charter's, and fits the access level."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.charter.check import QuietCheck
from gateway.charter.observation import observed
from gateway.charter.terms import Charter
from gateway.model.finding import Finding
from gateway.ports import Subject


class LicenceInList(QuietCheck):
    """The licence, by id or address, stands in the charter's list and is compatible with the access level."""

    type = "licence.in_list"

    def finish(self, subject: Subject) -> Iterable[Finding]:
        """One finding for a missing, unlisted or incompatible licence."""
        charter: Charter = subject.charter
        licence = charter.licence(subject.licence)
        if licence is None:
            yield observed(subject.licence, ", ".join(charter.licences))
        elif subject.level in charter.access_levels and subject.level not in licence.levels:
            fitting = [other.id for other in charter.licences.values() if subject.level in other.levels]
            yield observed(f"{licence.id} ({subject.level})", ", ".join(fitting) or None)
