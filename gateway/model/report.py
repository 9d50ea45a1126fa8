"""The loss report: what came in, what went out, what changed and why (nothing is lost in silence)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

_EXAMPLES = 5


@dataclass(slots=True)
class Change:
    """One kind of change, counted. `effect` is ``lost``, ``changed`` or ``kept-opaque``."""

    what: str
    why: str
    effect: str
    count: int = 0
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """Filled by a reader and a writer as features pass; memory does not grow with the input."""

    read: Counter[str] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)
    changes: dict[tuple[str, str, str], Change] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def lost(self, what: str, why: str, example: str | None = None, *, count: int = 1) -> None:
        """Count something that does not come through."""
        self._add(what, why, "lost", example, count)

    def changed(self, what: str, why: str, example: str | None = None, *, count: int = 1) -> None:
        """Count something that comes through in another form."""
        self._add(what, why, "changed", example, count)

    def opaque(self, what: str, why: str, example: str | None = None, *, count: int = 1) -> None:
        """Count something that is kept whole but not understood."""
        self._add(what, why, "kept-opaque", example, count)

    def note(self, text: str) -> None:
        """Say something once about the whole run."""
        if text not in self.notes:
            self.notes.append(text)

    def _add(self, what: str, why: str, effect: str, example: str | None, count: int) -> None:
        change = self.changes.setdefault((what, why, effect), Change(what, why, effect))
        change.count += count
        if example is not None and len(change.examples) < _EXAMPLES:
            change.examples.append(example)

    def as_json(self) -> dict[str, Any]:
        """The report as JSON-ready data, the same keys every time."""
        return {
            "read": dict(sorted(self.read.items())),
            "written": dict(sorted(self.written.items())),
            "changes": [
                {"what": c.what, "why": c.why, "effect": c.effect, "count": c.count, "examples": c.examples}
                for c in self.changes.values()
            ],
            "notes": list(self.notes),
        }
