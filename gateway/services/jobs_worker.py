"""The worker: the one process that owns the jobs of a twin, by a lock; it starts them, watches them, and ends them.

Each job runs in another process (`jobs_hands`), so that it can be stopped, starve or die alone. The worker itself may die
at any moment: the next one takes up what was left, and a job's result is kept once, whoever made it first.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson
import structlog

from gateway.errors import GatewayError
from gateway.gates import egress
from gateway.model.job import Job, Status
from gateway.ports import Jobs
from gateway.services import results, status
from gateway.services.jobs_bell import Bell, ring
from gateway.services.jobs_hands import FAILED, Entry, Hands
from gateway.settings import Settings

_LOOK = 0.25
_IDLE = 1.0
_SWEEP = 60.0
_HOUR = 3_600_000
_DAY = 86_400.0
_TELL_SECONDS = 10.0
_NOTE = 0.5
_RUN = "run-"
_log = structlog.get_logger("gateway.jobs")


class Queue(Protocol):
    """What the worker needs of the durable queue."""

    def launch(self) -> None:
        """Begin, and take up what an earlier worker left unfinished."""
        ...

    def start(self, id: str) -> None:
        """Start a job, once."""
        ...

    def is_settled(self, id: str) -> bool | None:
        """Whether it is done with a job, one way or another; None for a job it does not know."""
        ...

    def forget(self, ids: list[str]) -> None:
        """Remove what is known of finished jobs."""
        ...


@dataclass(frozen=True, slots=True)
class Charge:
    """What a worker works for: the twin's folder, its jobs, the settings, and how a job is done."""

    twin: Path
    jobs: Jobs
    settings: Settings
    entry: Entry
    preload: tuple[str, ...] = ()


class Worker:
    """Runs jobs until told to stop. Make one in a process of its own."""

    def __init__(self, charge: Charge, queue: Callable[[Path, Callable[[str], None], Callable[[str], None]], Queue]) -> None:
        self._charge = charge
        self._jobs = charge.jobs
        self._make_queue = queue
        self._slots = threading.BoundedSemaphore(charge.settings.job_slots)
        self._active: set[str] = set()
        self._lock = threading.Lock()
        self._hands = Hands(str(charge.twin), charge.entry, charge.preload)

    def run(self, stop: threading.Event) -> None:
        """Own the queue as soon as nobody else does, then work until `stop`; what is unfinished then is for the next worker."""
        folder = self._jobs.folder
        with (folder / "worker.lock").open("w") as lock:
            if not _owned(lock.fileno(), stop):
                return
            bell = Bell(folder)
            warming = threading.Thread(target=self._hands.warm)
            warming.start()
            queue = self._make_queue(folder, self._perform, self._conclude)
            queue.launch()
            warming.join()
            _log.info("worker", state="ready")
            try:
                self._work(queue, bell, stop)
            finally:
                self._hands.end()
                bell.close()

    def _work(self, queue: Queue, bell: Bell, stop: threading.Event) -> None:
        swept = -_SWEEP
        while not stop.is_set():
            free = self._charge.settings.job_slots - len(self._active)
            for id in self._jobs.waiting(self._charge.settings.job_slots * 2) if free > 0 else ():
                if free > 0 and id not in self._active:
                    self._start(queue, id)
                    free -= 1
            if time.monotonic() - swept > _SWEEP:
                self._look_for_lost(queue)
                self._sweep(queue)
                swept = time.monotonic()
            bell.wait(_IDLE)

    def _look_for_lost(self, queue: Queue) -> None:
        """Jobs that say they run, but which the queue does not know are started; those it is done with, though they never ended
        (the table could not be written, say), have failed. What a dead worker was doing the queue takes up itself."""
        for id in self._jobs.unfinished():
            with self._lock:
                if id in self._active:
                    continue
            is_settled = queue.is_settled(id)
            if is_settled:
                self._jobs.end(id, FAILED)
            elif is_settled is None and self._stands(id):
                self._start(queue, id)

    def _start(self, queue: Queue, id: str) -> None:
        with self._lock:
            self._active.add(id)
        queue.start(id)

    # --- one job -----------------------------------------------------------------------------------------------------

    def _perform(self, id: str) -> None:
        """Do a job and keep its end. Done again after a death of the worker, it finds what was kept."""
        with self._lock:
            self._active.add(id)
        try:
            with self._slots:
                if not self._jobs.begin(id):
                    return
                job = self._jobs.get(id)
                if job is None:
                    return
                self._tell(job, "progress")
                folder = self._jobs.folder / id
                problem = None if results.is_kept(folder) else self._done(job, folder)
                self._jobs.end(id, problem)
                self._clear(folder)
        except Exception:  # noqa: BLE001 - whatever it is, the job ends
            _log.exception("job", job=id)
            self._jobs.end(id, FAILED)
        finally:
            with self._lock:
                self._active.discard(id)
            ring(self._jobs.folder)

    def _done(self, job: Job, folder: Path) -> Mapping[str, Any] | None:
        """Run the job in a child; None when its result was kept, else why not."""
        if not folder.is_dir():
            return FAILED
        place = Path(tempfile.mkdtemp(prefix=_RUN, dir=folder))
        try:
            problem = self._watched(job, place)
            if problem is None and self._stands(job.id):
                results.keep(place / results.RESULT, folder)
                if not self._stands(job.id):
                    shutil.rmtree(folder / results.RESULT, ignore_errors=True)
            return problem
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def _clear(self, folder: Path) -> None:
        """Remove the inputs of a job that has ended, and what runs of it left that a death cut short."""
        for left in (folder / "inputs", *folder.glob(f"{_RUN}*")):
            shutil.rmtree(left, ignore_errors=True)

    def _watched(self, job: Job, place: Path) -> Mapping[str, Any] | None:
        noted = time.monotonic()

        def tell(percent: int, message: str | None) -> None:
            nonlocal noted
            if time.monotonic() - noted > _NOTE:
                noted = time.monotonic()
                self._jobs.note(job.id, percent, message)

        with self._hands.one() as hand:
            seconds = self._charge.settings.job_seconds
            return hand.do(job, str(place), stands=lambda: self._stands(job.id), tell=tell, seconds=seconds)

    def _stands(self, id: str) -> bool:
        """Whether the job is still to be done."""
        job = self._jobs.get(id)
        return job is not None and job.status is Status.RUNNING

    # --- afterwards --------------------------------------------------------------------------------------------------

    def _conclude(self, id: str) -> None:
        """Tell the subscriber how it ended."""
        job = self._jobs.get(id)
        if job is not None and job.status in (Status.SUCCESSFUL, Status.FAILED):
            self._tell(job, "success" if job.status is Status.SUCCESSFUL else "failure", wait=True)

    def _tell(self, job: Job, what: str, *, wait: bool = False) -> None:
        """Send a subscriber what it asked for; whether it listens is its own affair."""
        address = job.order.subscriber.get(what)
        if address is None:
            return
        teller = threading.Thread(target=self._send, args=(job, what, address), daemon=True)
        teller.start()
        if wait:
            teller.join(_TELL_SECONDS * 2)

    def _send(self, job: Job, what: str, address: str) -> None:
        try:
            body = self._message(job, what)
            answer = egress.post(
                address, body, "application/json", seconds=_TELL_SECONDS, allowed=self._charge.settings.allowed_egress
            )
            _log.info("callback", job=job.id, what=what, status=answer)
        except (GatewayError, OSError) as error:
            _log.warning("callback", job=job.id, what=what, failed=str(error))

    def _message(self, job: Job, what: str) -> bytes:
        if what != "success":
            return orjson.dumps(status.document(job, job.order.base))
        found = results.read(self._jobs.folder / job.id)
        return orjson.dumps(
            results.document(found, job.order.outputs, lambda name: f"{job.order.base}/jobs/{job.id}/results/{name}")
        )

    def _sweep(self, queue: Queue) -> None:
        """Forget what has expired, and folders that belong to no job."""
        now = time.time_ns() // 1_000_000
        gone = self._jobs.expire(now - _HOUR, now - int(self._charge.settings.job_days * _DAY * 1000))
        for id in gone:
            shutil.rmtree(self._jobs.folder / id, ignore_errors=True)
        if gone:
            queue.forget(gone)
        for folder in self._jobs.folder.iterdir():
            with suppress(FileNotFoundError):
                is_old = time.time() - folder.stat().st_mtime > _DAY
                if is_old and folder.is_dir() and self._jobs.get(folder.name) is None:
                    shutil.rmtree(folder, ignore_errors=True)


def _owned(descriptor: int, stop: threading.Event) -> bool:
    """Wait for the lock; False when told to stop first."""
    while not stop.is_set():
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stop.wait(_LOOK)
        else:
            return True
    return False
