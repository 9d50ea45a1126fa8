"""What comes of a publication, whatever the store: the submission as it is kept, the first one where it came before, the counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from gateway.errors import IdempotencyConflict
from gateway.model.dataset import Dataset
from gateway.model.submission import Submission
from gateway.ports import Publication


def repeated(
    given: Publication,
    key: Callable[[str, str], tuple[str, str] | None],
    get: Callable[[str], Submission | None],
    effect: Callable[[str], Submission | None],
) -> Submission | None:
    """The first submission, when the same effect came in while this one was being prepared.

    `key` finds what an Idempotency-Key of a party stands for, `get` a submission, `effect` the one that stands with an effect.
    Raises IdempotencyConflict.
    """
    if given.idempotency is not None:
        party, name, digest = given.idempotency
        before = key(party, name)
        if before is not None and before[0] != digest:
            raise IdempotencyConflict("this Idempotency-Key came with another body", cure="use a new key")
        found = None if before is None else get(before[1])
        if found is not None:
            return replace(found, repeated=True)
    same = effect(given.submission.effect) if given.submission.effect else None
    return None if same is None else replace(same, repeated=True)


def published(given: Publication, version: int, entry: int, counts: Mapping[str, Mapping[str, int]]) -> Submission:
    """The submission as it is kept with the journal entry `entry`; `counts` is what changed, by collection."""
    return replace(
        given.submission,
        state="published",
        version=version,
        entry=entry,
        collections=tuple(counts),
        changes={name: dict(found) for name, found in counts.items()},
    )


def version_row(given: Publication, version: int, record: int, done: Submission, time: str) -> tuple[Any, ...]:
    """A row of the table ``dataset_version``."""
    dataset = given.dataset
    return (
        *(dataset.id, dataset.branch, version, time, record),
        *(dataset.level, dataset.licence, dataset.owner, done.id, done.entry),
    )


def dataset_row(dataset: Dataset, version: int, record: int, time: str, *, has_party: bool) -> tuple[Any, ...]:
    """A row of the table ``dataset``. A name is kept there only where no party stands for it, so that it can be erased."""
    return (
        *(dataset.id, dataset.owner, None if has_party else dataset.owner_name, dataset.level, dataset.licence),
        *(dataset.branch, version, time, record, dataset.source_format, dataset.graph),
    )
