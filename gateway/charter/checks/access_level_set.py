"""``access.level_set``: the dataset has one of the charter's access levels, and its record says no other."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.charter.check import QuietCheck
from gateway.charter.observation import observed
from gateway.charter.terms import Charter
from gateway.model.finding import Finding
from gateway.ports import Subject


class AccessLevelSet(QuietCheck):
    """The level is one the charter knows; what the record says of access (its own level and the federal one) agrees with it."""

    type = "access.level_set"

    def finish(self, subject: Subject) -> Iterable[Finding]:
        """One finding for a missing or unknown level, or a record that contradicts it."""
        charter: Charter = subject.charter
        level = charter.access_levels.get(subject.level or "")
        if level is None:
            yield observed(subject.level, ", ".join(charter.access_levels))
            return
        record = subject.record
        stated = subject.extra.get("stated_level")
        federal = None if record is None else record.federal_level
        if stated is not None and stated != level.id:
            yield observed(f"{level.id} ≠ {stated}", stated, place="record/access_level")
        elif federal is not None and level.federal is not None and federal != level.federal:
            yield observed(f"{level.federal} ≠ {federal}", federal, place="record/federal_level")
