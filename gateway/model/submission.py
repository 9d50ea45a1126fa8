"""A submission: what a party sent, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.model.finding import Verdict


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller asks to publish; CLI options and HTTP parts have these names.

    `data`, `record` and `attestation` are paths of local files (spooled uploads); `data_name` is the name the sender gave.
    `collection` is a new id for the only collection, or a mapping from the file's own id to the new one.
    """

    data: str | None = None
    data_name: str | None = None
    record: str | None = None
    record_name: str | None = None
    dataset: str | None = None
    collection: str | Mapping[str, str] | None = None
    access: str | None = None
    licence: str | None = None
    crs: str | None = None
    id: str | None = None
    mode: str = "replace"
    dry_run: bool = False
    allow_removal: bool = False
    idempotency_key: str | None = None
    graph: str | None = None
    attestation: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """One judged submission. `state` is ``published`` or ``refused`` (``checked`` for a dry run, which is not kept).

    `effect` is the digest that makes a repeated submission recognisable (party, dataset, collection, mode, payload, record,
    charter version). `changes` counts added, changed, removed and unchanged features by collection.
    """

    id: str
    party: str
    dataset: str
    state: str
    verdict: Verdict
    created: str
    payload: str | None = None
    record: str | None = None
    effect: str = ""
    version: int | None = None
    entry: int | None = None
    collections: tuple[str, ...] = ()
    changes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    report: Mapping[str, Any] | None = None
    repeated: bool = False
    projections: str = "done"
    attestation: str | None = None
    """SHA-256 of the attestation it came with."""
