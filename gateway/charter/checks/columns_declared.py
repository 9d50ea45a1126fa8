"""``columns.declared``: every scalar attribute becomes a column that can be asked for, and none is left out unsaid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import batched

from gateway.charter.check import QuietCheck
from gateway.charter.observation import observed
from gateway.model.finding import Finding
from gateway.ports import Subject

_NAMED = 20


class ColumnsDeclared(QuietCheck):
    """A collection has no more attributes than the store makes columns; the rest stay in the full document."""

    type = "columns.declared"
    needs = frozenset({"features"})

    def finish(self, subject: Subject) -> Iterable[Finding]:
        """A finding for every twenty attributes of a collection without a column, naming them."""
        undeclared: Mapping[str, Sequence[str]] = subject.extra.get("undeclared", {})
        for collection, names in undeclared.items():
            for some in batched(names, _NAMED):
                yield observed(", ".join(some), place=collection)
