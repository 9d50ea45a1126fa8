"""Pages of submissions: the list, and one verdict with every finding and its cure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi import Response

from gateway.model.finding import Finding
from gateway.model.submission import Submission
from gateway.web.asked import Asked
from gateway.web.pages.render import page


def submissions(asked: Asked, found: Sequence[Submission]) -> Response:
    """The submissions a caller may see."""
    return page(asked, "submissions.html", found=found)


def submission(asked: Asked, found: Submission, headers: Mapping[str, str]) -> Response:
    """One verdict; findings are grouped by rule, the blocking ones first."""
    groups: dict[str, list[Finding]] = {}
    for finding in sorted(found.verdict.findings, key=lambda entry: entry.severity.value):
        groups.setdefault(finding.rule, []).append(finding)
    points = [
        {"at": finding.position, "rule": finding.rule, "object": finding.object_id}
        for finding in found.verdict.findings
        if finding.position is not None
    ]
    clean = [rule for rule in found.verdict.rules if rule not in groups]
    return page(
        asked, "submission.html", headers=headers, found=found, verdict=found.verdict, groups=groups, points=points, clean=clean
    )
