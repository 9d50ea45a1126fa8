"""What a process gives, what it may use while it runs, and where jobs are kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from gateway.model.finding import Verdict
from gateway.model.job import Job, JobQuery, Shares
from gateway.model.process import Description, Value
from gateway.model.report import Report
from gateway.model.submission import Request


class Work(Protocol):
    """What a process may use while it runs, under the rights of whoever started the job."""

    folder: Path
    """A folder of its own for files; what its outputs name must lie there."""

    def progress(self, percent: float, message: str | None = None) -> None:
        """Say how far the work is."""
        ...

    def pause(self, seconds: float) -> None:
        """Do nothing for a while."""
        ...

    def file(self, value: Value, name: str) -> Path:
        """A value as a file: its bytes, or its JSON written down under `name`."""
        ...

    def convert(
        self, source: Path, target: Path, *, to: str, crs: str | None, assume_crs: str | None, id_field: str | None
    ) -> Report:
        """Convert a file."""
        ...

    def export(self, collection: str, target: Path, *, to: str, crs: str | None) -> Report:
        """Write a collection of the twin to a file. Raises NotFound where the job's owner may not read it."""
        ...

    def check(self, charter: str | None, request: Request) -> Verdict:
        """The verdict of a charter (None: the twin's own, as for the job's owner) on a file; nothing is kept."""
        ...


class Process(Protocol):
    """One process: its description, from which doors and checks are made, and the work itself."""

    description: Description

    def run(self, inputs: Mapping[str, list[Value]], work: Work) -> Mapping[str, Value]:
        """Do the work on inputs that were checked against the description; gives the outputs there are."""
        ...


class Jobs(Protocol):
    """The jobs of a twin, durable: each change is on the disk when it returns."""

    folder: Path
    """Where each job has a folder, named by its id."""

    def add(self, job: Job, shares: Shares) -> Job:
        """Accept a job, or give the one accepted before under the same Idempotency-Key.
        Raises TooMany above the caller's share, Busy when the queue is full, IdempotencyConflict."""
        ...

    def get(self, id: str) -> Job | None: ...
    def select(self, query: JobQuery) -> tuple[int, list[Job]]:
        """How many jobs match, and one page of them, newest first."""
        ...

    def waiting(self, limit: int) -> list[str]:
        """Accepted jobs in the order of their turn: callers with fewest running first, then the oldest."""
        ...

    def unfinished(self) -> list[str]: ...
    def begin(self, id: str) -> bool:
        """Mark a job running; False when it has ended or was dismissed."""
        ...

    def note(self, id: str, progress: int, message: str | None) -> None:
        """Keep the progress of a running job."""
        ...

    def end(self, id: str, problem: Mapping[str, Any] | None, message: str | None = None) -> bool:
        """End an unfinished job: failed with a problem, else successful. A second ending is refused: False."""
        ...

    def dismiss(self, id: str) -> bool:
        """Dismiss a job; False when it was dismissed before."""
        ...

    def expire(self, strangers: int, owners: int) -> list[str]:
        """Forget finished jobs that ended before these times (ms), by whether they have an owner; names them."""
        ...

    def close(self) -> None: ...
