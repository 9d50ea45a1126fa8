"""Pages of submissions: the list, and one verdict: what was found, where it lies on a map, and how to mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Response

from gateway.model.finding import Finding, Severity
from gateway.model.submission import Submission
from gateway.model.text import pick
from gateway.web.asked import Asked
from gateway.web.pages.render import page

_MARKS = 300
"""Numbered places one map shows; the list below it has all findings."""


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one rule, each with its number on the map where it has a place there."""

    rule: str
    first: Finding
    findings: Sequence[tuple[Finding, int | None]]
    has_one_message: bool


def submissions(asked: Asked, found: Sequence[Submission]) -> Response:
    """The submissions a caller may see."""
    return page(asked, "submissions.html", found=found)


def submission(asked: Asked, found: Submission, headers: Mapping[str, str]) -> Response:
    """One verdict; findings are grouped by rule, the blocking ones first, and numbered where they lie on the map."""
    ordered = sorted(found.verdict.findings, key=lambda entry: entry.severity.value)
    groups = _groups(ordered)
    clean = [rule for rule in found.verdict.rules if rule not in {group.rule for group in groups}]
    return page(
        asked,
        "submission.html",
        headers=headers,
        found=found,
        verdict=found.verdict,
        groups=groups,
        points=[_point(asked, finding, number) for group in groups for finding, number in group.findings if number],
        blocking=sum(group.first.severity is Severity.BLOCK for group in groups),
        clean=clean,
    )


def _groups(findings: Sequence[Finding]) -> list[Group]:
    by_rule: dict[str, list[Finding]] = {}
    for finding in findings:
        by_rule.setdefault(finding.rule, []).append(finding)
    groups, last = [], 0
    for rule, members in by_rule.items():
        numbered: list[tuple[Finding, int | None]] = []
        for finding in members:
            has_place = finding.position is not None and last < _MARKS
            last += has_place
            numbered.append((finding, last if has_place else None))
        groups.append(Group(rule, members[0], numbered, len({repr(finding.message) for finding in members}) == 1))
    return groups


def _point(asked: Asked, finding: Finding, number: int) -> dict[str, Any]:
    return {
        "at": finding.position,
        "n": number,
        "rule": finding.rule,
        "object": finding.object_id,
        "severity": finding.severity.value,
        "message": pick(finding.message, asked.languages),
    }
