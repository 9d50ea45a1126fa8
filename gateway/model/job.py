"""A job: one execution of a process, from its acceptance to its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """Where a job stands (OGC 18-062r2, 7.12)."""

    ACCEPTED = "accepted"
    RUNNING = "running"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    DISMISSED = "dismissed"


UNFINISHED = (Status.ACCEPTED, Status.RUNNING)


@dataclass(frozen=True, slots=True)
class Order:
    """What a caller asked for. `inputs` maps an input to its values: ``{"value"}``, ``{"file", "mediaType"}`` (a path inside the
    job's folder) or ``{"href", "type"}``. `outputs` maps a wanted output to its transmission mode; empty means all there are.
    `response` is ``raw`` or ``document``. `reads` are the collections whose access level the results have. `subscriber` maps
    ``success``, ``progress`` and ``failure`` to addresses, and `base` is the twin's address as the caller wrote it."""

    inputs: Mapping[str, list[dict[str, Any]]]
    outputs: Mapping[str, str] = field(default_factory=dict)
    response: str = "raw"
    reads: tuple[str, ...] = ()
    subscriber: Mapping[str, str] = field(default_factory=dict)
    base: str = ""

    def as_json(self) -> dict[str, Any]:
        """The order as JSON-ready data."""
        return {
            "inputs": dict(self.inputs),
            "outputs": dict(self.outputs),
            "response": self.response,
            "reads": list(self.reads),
            "subscriber": dict(self.subscriber),
            "base": self.base,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Order:
        """The inverse of `as_json`."""
        return cls(
            inputs=data["inputs"],
            outputs=data["outputs"],
            response=data["response"],
            reads=tuple(data["reads"]),
            subscriber=data["subscriber"],
            base=data["base"],
        )


@dataclass(frozen=True, slots=True)
class Job:
    """One job. `owner` is the pseudonym of the party that started it, None for a caller without a key; `caller` is whose share of
    the queue it takes. Times are milliseconds since 1970. `problem` says why it failed: ``status``, ``code``, ``detail`` …"""

    id: str
    process: str
    owner: str | None
    caller: str
    order: Order
    status: Status = Status.ACCEPTED
    created: int = 0
    started: int | None = None
    finished: int | None = None
    updated: int = 0
    progress: int = 0
    message: str | None = None
    problem: Mapping[str, Any] | None = None
    attempts: int = 0
    idempotency: tuple[str, str] | None = None
    """(key, digest of the request)"""

    @property
    def is_finished(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status not in UNFINISHED


@dataclass(frozen=True, slots=True)
class JobQuery:
    """Which jobs to list, newest first; durations in seconds, `created` as milliseconds since 1970 (None is open)."""

    owner: str | None = None
    processes: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    created: tuple[int | None, int | None] = (None, None)
    shortest: float | None = None
    longest: float | None = None
    limit: int = 10
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Shares:
    """How many unfinished jobs one caller may have, how many he may start in a minute (0: as many as he likes), and how many
    unfinished jobs there may be in all."""

    caller: int
    minute: int
    total: int
