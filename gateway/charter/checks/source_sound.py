"""``source.sound``: the file has nothing wrong that its reader noticed and read past."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.charter.check import QuietCheck
from gateway.model.finding import Finding
from gateway.ports import Subject


class SourceSound(QuietCheck):
    """Turns the reader's problems (an unclosed ring, a dangling xlink) into findings, in the reader's own words."""

    type = "source.sound"
    needs = frozenset({"features"})

    def finish(self, subject: Subject) -> Iterable[Finding]:
        """One finding for each problem the reader kept."""
        return subject.problems
