"""The projector: whoever holds its lock brings the projections up to date from the journal; everyone else waits for the cursor."""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import structlog

from gateway.errors import Busy, GatewayError, UsageError
from gateway.ports import Projection, Store

_POLL = 0.05
_FOLLOW = 0.5
_BATCH = 1000

log = structlog.get_logger(__name__)


class Projector:
    """One projector at a time, by a lock file (flock), over any number of processes.

    A projection that fails stays where it is: the journal still has the entries, and the next turn tries again.
    """

    def __init__(self, store: Store, projections: Sequence[Projection], lock: Path, wait: float) -> None:
        self._store = store
        self._projections = tuple(projections)
        self._lock = lock
        self._wait = wait

    def names(self) -> list[str]:
        """The projections there are."""
        return [projection.name for projection in self._projections]

    def catch_up(self, wait: bool = True) -> str:
        """Bring the projections to the newest entry that stands now: ``done``, or ``pending`` when that took too long.

        Without `wait` it only says how things stand; the projector of a server, or the next one, does the work.
        """
        with self._store.reading() as reader:
            target = reader.version()
        deadline = time.monotonic() + (self._wait if wait else 0.0)
        while not self._has_reached(target):
            if not wait or time.monotonic() >= deadline:
                return "pending"
            if not self._take_turn():
                time.sleep(_POLL)
        return "done"

    def follow(self, stop: threading.Event) -> None:
        """Work off the journal until `stop` is set; for a background thread of a server."""
        while not stop.is_set():
            try:
                with self._store.reading() as reader:
                    target = reader.version()
                if not self._has_reached(target):
                    self._take_turn()
            except (GatewayError, OSError) as error:
                log.error("the journal could not be followed", error=str(error), retry="next turn")
            stop.wait(_FOLLOW)

    def rebuild(self, name: str) -> None:
        """Make one projection anew. Raises UsageError for an unknown name, Busy when another projector does not end."""
        found = [projection for projection in self._projections if projection.name == name]
        if not found:
            raise UsageError(f"no projection is called {name}", cure=f"known: {', '.join(self.names())}")
        deadline = time.monotonic() + self._wait
        while True:
            with self._turn() as mine:
                if mine:
                    with self._store.reading() as reader:
                        found[0].rebuild(reader)
                    return
            if time.monotonic() >= deadline:
                raise Busy("another projector is at work")
            time.sleep(_POLL)

    def behind(self, target: int) -> dict[str, int]:
        """How many entries each projection has still to take in, to stand at the sequence `target`."""
        return {projection.name: max(target - projection.cursor(), 0) for projection in self._projections}

    def _has_reached(self, target: int) -> bool:
        return all(projection.cursor() >= target for projection in self._projections)

    def _take_turn(self) -> bool:
        """Work off the journal if the lock is free; False where another has it, or where a projection failed."""
        with self._turn() as mine:
            if not mine:
                return False
            try:
                self._work()
            except (GatewayError, OSError, ValueError, SyntaxError) as error:
                log.error("projection failed", error=str(error), retry="next turn")
                return False
            return True

    def _work(self) -> None:
        for projection in self._projections:
            more = True
            while more:
                with self._store.reading() as reader:
                    entries = reader.entries(projection.cursor(), _BATCH)
                    if entries:
                        projection.apply(reader, entries)
                more = bool(entries)

    @contextmanager
    def _turn(self) -> Iterator[bool]:
        """Whether the projector's lock is ours for the length of the block."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)
