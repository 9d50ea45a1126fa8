"""``response.attribution``: every response names source, date of actuality and licence. The doors do, given something to name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from gateway.charter.check import QuietCheck
from gateway.charter.observation import observed
from gateway.model.finding import Finding
from gateway.ports import Subject


class ResponseAttribution(QuietCheck):
    """The record gives the doors a date of actuality to name; the source is the owner, and the licence has a rule of its own.

    A charter with this rule is refused where the doors' attribution is not wired (`gateway.charter.enforcement`).
    """

    type = "response.attribution"
    point: ClassVar[str | None] = "response.attribution"

    def finish(self, subject: Subject) -> Iterable[Finding]:
        """One finding for a record without any date of the data."""
        record = subject.record
        if record is not None and record.actuality is None:
            yield observed(None, "date", place="record/date")
