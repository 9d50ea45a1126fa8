"""A charter's judgement: findings, gathered into a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gateway.model.text import Text


class Severity(StrEnum):
    """What a finding does to a submission."""

    BLOCK = "block"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken rule at one place. `article` cites the law or charter; `position` is (lon, lat) in CRS84 where known."""

    rule: str
    severity: Severity
    message: Text
    cure: Text
    article: str | None = None
    object_id: str | None = None
    place: str | None = None
    found: str | None = None
    expected: str | None = None
    position: tuple[float, float] | None = None

    def as_json(self) -> dict[str, Any]:
        """The finding as the doors print it (keys fixed; texts by language)."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "article": self.article,
            "object": self.object_id,
            "place": self.place,
            "found": self.found,
            "expected": self.expected,
            "message": dict(self.message),
            "howToFix": dict(self.cure),
            "position": None if self.position is None else list(self.position),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        """The inverse of `as_json`."""
        position = data.get("position")
        return cls(
            rule=data["rule"],
            severity=Severity(data["severity"]),
            message=data["message"],
            cure=data["howToFix"],
            article=data.get("article"),
            object_id=data.get("object"),
            place=data.get("place"),
            found=data.get("found"),
            expected=data.get("expected"),
            position=None if position is None else (position[0], position[1]),
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of judging one submission under one charter version.

    `findings` holds at most 100 of each rule; `counts` has the true number by rule. `rules` lists every rule that was
    evaluated, so that a clean verdict says what it rests on.
    """

    charter: str
    charter_version: str
    accepted: bool
    findings: tuple[Finding, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    rules: tuple[str, ...] = ()
    features: int = 0

    def as_json(self) -> dict[str, Any]:
        """The verdict as the doors print it."""
        return {
            "charter": self.charter,
            "charterVersion": self.charter_version,
            "verdict": "accepted" if self.accepted else "refused",
            "features": self.features,
            "rules": list(self.rules),
            "counts": dict(self.counts),
            "findings": [finding.as_json() for finding in self.findings],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verdict:
        """The inverse of `as_json`."""
        return cls(
            charter=data["charter"],
            charter_version=data["charterVersion"],
            accepted=data["verdict"] == "accepted",
            findings=tuple(Finding.from_json(item) for item in data["findings"]),
            counts=dict(data["counts"]),
            rules=tuple(data["rules"]),
            features=data["features"],
        )
