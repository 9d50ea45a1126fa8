"""The bodies of journal entries: digests, pseudonyms and counts, never a person's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.model.submission import Submission
from gateway.ports import Publication


def publication(
    given: Publication, version: int, counts: Mapping[str, Mapping[str, int]], removed: Mapping[str, int]
) -> dict[str, Any]:
    """The body of a publication's entry; `counts` are the changes by collection, `removed` the features of those that went."""
    verdict = given.submission.verdict
    return {
        **given.body,
        "dataset": given.dataset.id,
        "branch": given.dataset.branch,
        "version": version,
        "mode": given.mode,
        "submission": given.submission.id,
        "party": given.submission.party,
        "payload": given.submission.payload,
        "record": given.submission.record,
        "charter": verdict.charter,
        "charterVersion": verdict.charter_version,
        "collections": {name: dict(found) for name, found in counts.items()},
        "removals": dict(removed),
    }


def refusal(submission: Submission, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a refusal's entry."""
    verdict = submission.verdict
    return {
        **body,
        "submission": submission.id,
        "party": submission.party,
        "dataset": submission.dataset,
        "payload": submission.payload,
        "record": submission.record,
        "charter": verdict.charter,
        "charterVersion": verdict.charter_version,
        "findings": dict(verdict.counts),
    }
