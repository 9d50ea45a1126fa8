"""The processes that do jobs: forked from a clean template, used again while they are sound, killed when a job must stop."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import orjson

from gateway.model.job import Job

FAILED: dict[str, Any] = {"status": 500, "code": "error", "detail": "the process failed; the server's log says why"}
_LOST: dict[str, Any] = {"status": 500, "code": "error", "detail": "the job's process died"}
_LATE: dict[str, Any] = {"status": 504, "code": "out-of-time", "detail": "the job took longer than a job may take"}
_LOOK = 0.25
_JOBS = 50
"""Jobs that one process does before it is replaced, so that nothing it holds on to can grow for long."""
_LONGEST = 1 << 20

type Entry = Callable[[str, Connection], None]
"""``(twin, pipe)``: takes ``(job, place)`` from the pipe, does it, says ``["progress", …]`` and ``["end", problem]``, and takes
the next; must be a module-level function."""
type Tell = Callable[[int, str | None], None]


class Hand:
    """One process that does one job at a time."""

    def __init__(self, process: BaseProcess, pipe: Connection) -> None:
        self._process = process
        self._pipe = pipe
        self._done = 0
        self._is_sound = True

    @property
    def is_usable(self) -> bool:
        """Whether it can be given another job."""
        return self._is_sound and self._done < _JOBS and self._process.is_alive()

    def do(self, job: Job, place: str, *, stands: Callable[[], bool], tell: Tell, seconds: float) -> dict[str, Any] | None:
        """Do a job; gives why it failed, if it did. One that no longer `stands` or takes too long is not waited for."""
        self._done += 1
        self._is_sound = False
        deadline = time.monotonic() + seconds
        try:
            self._pipe.send((job, place))
            while time.monotonic() < deadline:
                if not self._pipe.poll(_LOOK):
                    if not stands():
                        return FAILED
                    continue
                kind, said = orjson.loads(self._pipe.recv_bytes(_LONGEST))
                if kind == "end":
                    self._is_sound = said is None
                    problem: dict[str, Any] | None = said
                    return problem
                tell(said[0], said[1])
        except (EOFError, OSError):
            return _LOST
        return _LATE

    def end(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.join()
        self._process.close()
        self._pipe.close()


class Hands:
    """As many processes as jobs run at a time, made when they are needed."""

    def __init__(self, twin: str, entry: Entry, preload: tuple[str, ...]) -> None:
        self._template = multiprocessing.get_context("forkserver")
        self._template.set_forkserver_preload(["__main__", *preload])
        self._twin = twin
        self._entry = entry
        self._idle: list[Hand] = []
        self._all: set[Hand] = set()
        self._lock = threading.Lock()

    @contextmanager
    def one(self) -> Iterator[Hand]:
        """A process for one job; it goes back when it is sound, else it is killed."""
        hand = self._take()
        try:
            yield hand
        finally:
            if hand.is_usable:
                with self._lock:
                    self._idle.append(hand)
            else:
                with self._lock:
                    self._all.discard(hand)
                hand.end()

    def warm(self) -> None:
        """Make one ahead of the first job."""
        with self.one():
            pass

    def end(self) -> None:
        """Kill all of them."""
        with self._lock:
            hands, self._all, self._idle = list(self._all), set(), []
        for hand in hands:
            with suppress(ValueError, OSError, AssertionError):
                hand._process.kill()

    def _take(self) -> Hand:
        with self._lock:
            while self._idle:
                hand = self._idle.pop()
                if hand.is_usable:
                    return hand
                self._all.discard(hand)
        ours, theirs = self._template.Pipe()
        process = self._template.Process(target=self._entry, args=(self._twin, theirs))
        process.start()
        theirs.close()
        hand = Hand(process, ours)
        with self._lock:
            self._all.add(hand)
        return hand
