"""``columns.declared``: every scalar attribute becomes a column that can be asked for, and none is left out unsaid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gateway.charter.check import QuietCheck
from gateway.charter.observation import observed
from gateway.model.finding import Finding
from gateway.ports import Subject


class ColumnsDeclared(QuietCheck):
    """A collection has no more attributes than the store makes columns; the rest stay in the full document."""

    type = "columns.declared"
    needs = frozenset({"features"})

    def finish(self, subject: Subject) -> Iterable[Finding]:
        """One finding for each collection, naming the attributes without a column."""
        undeclared: Mapping[str, Sequence[str]] = subject.extra.get("undeclared", {})
        for collection, names in undeclared.items():
            if names:
                yield observed(", ".join(names), place=collection)
