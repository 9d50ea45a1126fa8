"""What a test run says: one outcome an abstract test, and the run as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """How one test ended. A test that could not be tried is skipped, never passed."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Failed(Exception):
    """The endpoint does not do what the test asks; the message says what was found and what would be right."""


class Skipped(Exception):
    """The test cannot be tried here; the message says why."""


class Unreachable(Exception):
    """Nothing answers at the address."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One abstract test with its official id, its verdict and the reason for it."""

    id: str
    status: Status
    reason: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class AbstractTest[T]:
    """One abstract test: its official URI and the function that tries it (returns when passed, raises Failed or Skipped)."""

    id: str
    run: Callable[[T], None]


@dataclass(slots=True)
class Run:
    """All outcomes against one endpoint. `declared` is what its /conformance lists."""

    url: str
    declared: tuple[str, ...] = ()
    outcomes: list[Outcome] = field(default_factory=list)

    def count(self, status: Status) -> int:
        """How many tests ended so."""
        return sum(outcome.status is status for outcome in self.outcomes)

    @property
    def exit_code(self) -> int:
        """1 if any test failed, 0 if none failed and at least one passed, else 1: a run that proves nothing is no yes."""
        if self.count(Status.FAILED) or not self.count(Status.PASSED):
            return 1
        return 0

    def as_json(self) -> dict[str, Any]:
        """The run as one JSON document."""
        return {
            "url": self.url,
            "declared": list(self.declared),
            "summary": {status.value: self.count(status) for status in Status},
            "tests": [
                {"id": o.id, "verdict": o.status.value, "reason": o.reason, "seconds": round(o.seconds, 3)} for o in self.outcomes
            ],
        }


def require(condition: object, message: str) -> None:
    """Raise Failed with `message` unless the condition holds."""
    if not condition:
        raise Failed(message)
