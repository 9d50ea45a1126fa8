"""Drives the child process that reads IFC: what kills the geometry kernel costs that one product its geometry, not the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gateway.errors import OutOfTime, Unreadable
from gateway.gates import child as gate
from gateway.gates.child import Limits

RESTARTS = 5
"""So often is a file begun anew without the product that killed the child; then all geometry is given up."""


class Run:
    """One IFC file in child processes. `facts` is what stands in its header; `frames` streams features, losses and problems."""

    def __init__(self, path: Path, limits: Limits, worker: Callable[..., Iterator[Any]]) -> None:
        self._path = str(path.resolve())  # the child works in a folder of its own
        self._limits = limits
        self._worker = worker

    def facts(self) -> dict[str, Any]:
        """Schema, title and georeferencing, read without touching geometry."""
        for frame in gate.stream(self._worker, self._path, "facts", [], limits=self._limits):
            facts: dict[str, Any] = frame
            return facts
        raise Unreadable("the file has no IFC header")

    def frames(self) -> Iterator[dict[str, Any]]:
        """Features in family order, then losses; a problem frame for each product whose geometry had to be left out.

        The child does all geometry before it sends its first feature, so that beginning anew repeats nothing.
        """
        skipped: list[int] = []
        deaths: list[dict[str, Any]] = []
        for _ in range(RESTARTS):
            at: dict[str, Any] | None = None
            try:
                for frame in gate.stream(self._worker, self._path, "all", skipped, limits=self._limits):
                    if frame["kind"] == "at":
                        at = frame
                    elif frame["kind"] == "made":
                        at = None
                        yield from deaths
                    else:
                        yield frame
                return
            except (Unreadable, OutOfTime) as error:
                if at is None:
                    raise
                skipped.append(at["step"])
                deaths.append({**at, "kind": "problem", "why": error.message})
        yield from deaths
        yield {
            "kind": "lost",
            "what": "geometry",
            "why": f"the geometry kernel died {RESTARTS} times",
            "example": None,
            "count": 1,
        }
        yield from gate.stream(self._worker, self._path, "bare", [], limits=self._limits)
