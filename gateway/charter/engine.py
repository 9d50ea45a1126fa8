"""Runs a charter's rules over a submission as its features stream through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import batched
from typing import Any

import numpy as np

from gateway import registry
from gateway.charter.bounds import glimpses
from gateway.charter.check import QuietCheck
from gateway.charter.terms import Charter, Rule
from gateway.charter.words import said
from gateway.errors import GatewayError
from gateway.geo import transform
from gateway.model.crs import CRS84, Crs
from gateway.model.feature import Feature
from gateway.model.finding import Finding, Severity, Verdict
from gateway.model.text import Text
from gateway.ports import Check, Subject

KEPT = 100
"""Findings kept of one rule; all are counted."""

_BATCH = 128


@dataclass(slots=True)
class _Findings:
    """What was found so far: at most `KEPT` of each rule, the true number of each."""

    counts: Counter[str] = field(default_factory=Counter)
    kept: list[Finding] = field(default_factory=list)
    blocked: bool = False

    def add(self, rule: Rule, finding: Finding, crs: Crs | None) -> None:
        self.counts[rule.id] += 1
        self.blocked = self.blocked or rule.severity is Severity.BLOCK
        if self.counts[rule.id] <= KEPT:
            self.kept.append(_told(rule, finding, crs))


class Judgement:
    """One submission before one charter. Pull its features through `through`, then ask `finish` for the verdict."""

    def __init__(self, charter: Charter, subject: Subject) -> None:
        self._charter = charter
        self._subject = subject
        self._findings = _Findings()
        asked = [(rule, registry.get("checks", rule.check)(rule)) for rule in charter.rules_for(subject.event)]
        self._checks: list[tuple[Rule, Check]] = [(rule, check) for rule, check in asked if _applies(check, subject)]
        self._lookers = [(rule, check.feature) for rule, check in self._checks if _looks(check)]
        for rule, check in self._checks:
            self._take(rule, check.start(subject))

    @property
    def blocked(self) -> bool:
        """Whether something was found that refuses the submission, so far."""
        return self._findings.blocked

    def through(self, features: Iterable[Feature]) -> Iterator[Feature]:
        """The same features, unchanged, each looked at as it passes."""
        subject = self._subject
        counts: dict[str, int] = {}
        subject.collections = counts
        for batch in batched(features, _BATCH):
            for feature, glimpse in zip(batch, glimpses(batch), strict=True):
                subject.extra["box"], subject.extra["valid"] = glimpse.box, glimpse.valid
                for rule, look in self._lookers:
                    if found := look(feature, subject):
                        self._take(rule, found)
                subject.features += 1
                counts[feature.collection] = counts.get(feature.collection, 0) + 1
                yield feature

    def finish(self) -> Verdict:
        """The verdict, once all features have passed and `record`, `level` and `licence` of the subject are final."""
        for rule, check in self._checks:
            self._take(rule, check.finish(self._subject))
        return Verdict(
            charter=self._charter.id,
            charter_version=self._charter.version,
            accepted=not self._findings.blocked,
            findings=tuple(self._findings.kept),
            counts=dict(self._findings.counts),
            rules=tuple(rule.id for rule, _ in self._checks),
            features=self._subject.features,
        )

    def _take(self, rule: Rule, found: Iterable[Finding]) -> None:
        for finding in found:
            self._findings.add(rule, finding, self._subject.crs)


def judge(charter: Charter, subject: Subject) -> Judgement:
    """Begin to judge: every rule of the subject's event looks at the submission before its features."""
    return Judgement(charter, subject)


def _applies(check: Check, subject: Subject) -> bool:
    """Whether what the check needs is there. What is not known yet (who submits, in a trial) is not held against anybody."""
    there = {
        "party": subject.party is not None,
        "features": subject.header is not None,
        "crs": subject.crs is not None and subject.crs.is_known,
    }
    return all(there[need] for need in check.needs)


def _looks(check: Check) -> bool:
    """Whether the check looks at features at all: the base's method says nothing, and is not called a million times."""
    method: Callable[..., Any] = type(check).feature
    return method is not QuietCheck.feature


def _told(rule: Rule, finding: Finding, crs: Crs | None) -> Finding:
    """The finding with its rule, its source, its words and a place on the map."""
    return replace(
        finding,
        rule=rule.id,
        severity=rule.severity,
        article=rule.source.citation,
        message=finding.message or _filled(rule.message, finding),
        cure=finding.cure or _filled(rule.cure, finding),
        position=_on_the_map(finding.position, crs),
    )


def _filled(template: Text, finding: Finding) -> Text:
    return {
        language: text.format_map(
            {
                "found": said(finding.found, language),
                "expected": said(finding.expected, language),
                "object": finding.object_id or "–",
            }
        )
        for language, text in template.items()
    }


def _on_the_map(position: tuple[float, float] | None, crs: Crs | None) -> tuple[float, float] | None:
    """`position` in CRS84 (lon, lat), or None where it cannot be brought there."""
    if position is None or crs is None or not crs.is_known:
        return None
    try:
        point = transform.points(np.array([position], dtype=float), crs, CRS84)[0]
    except GatewayError:
        return None
    return float(point[0]), float(point[1])
