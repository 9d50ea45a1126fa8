"""Builds the worker of a twin's jobs, and is where the processes that do them begin. The twin itself is opened only for a job that
needs it: most of `gateway.wiring` is never loaded here, so that a worker is there soon."""

from __future__ import annotations

import os
import resource
import threading
from collections.abc import Callable
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import orjson
import structlog

from gateway.model.job import Job
from gateway.model.record import Record
from gateway.services.jobs_hands import FAILED
from gateway.services.jobs_worker import Charge, Queue, Worker
from gateway.settings import Settings
from gateway.settings import load as load_settings
from gateway.store.jobs import JobTable, folder_of

_PRELOAD = ("gateway.services.execution", *(f"gateway.processes.{name}" for name in ("check", "convert", "echo")))


def worker(folder: Path, settings: Settings) -> Worker:
    """The worker of a twin's jobs; call its `run` in a process of its own."""
    twin = folder.resolve()
    jobs = JobTable(folder_of(twin), wait=settings.writer_wait)
    return Worker(Charge(twin, jobs, settings, do_jobs, (__name__, *_PRELOAD)), _queue)


def _queue(folder: Path, perform: Callable[[str], None], conclude: Callable[[str], None]) -> Queue:
    from gateway.processes.queue import DurableQueue

    return DurableQueue(folder, perform, conclude)


def _open_twin(folder: Path, settings: Settings) -> Any:
    from gateway.wiring import open_gateway

    return open_gateway(folder, settings)


def _read_record(path: Path) -> Record:
    from gateway.catalogue.records import read

    return read(path)


def do_jobs(twin: str, pipe: Connection) -> None:
    """Do jobs in this process, which was forked for them, until the pipe ends; it dies with the worker."""
    threading.Thread(target=_die_with_parent, daemon=True).start()
    settings = load_settings()
    resource.setrlimit(resource.RLIMIT_AS, (settings.job_memory, resource.getrlimit(resource.RLIMIT_AS)[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (settings.max_upload * 4, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    while True:
        try:
            job, place = pipe.recv()
        except EOFError:
            return
        pipe.send_bytes(orjson.dumps(["end", _done(Path(twin), settings, job, Path(place), pipe)]))


def _done(twin: Path, settings: Settings, job: Job, place: Path, pipe: Connection) -> Any:
    """Do one job; gives what its caller is told of its failure, None when it did not fail."""
    from gateway.services import execution

    folder = folder_of(twin) / job.id
    around = execution.Surroundings(
        folder=folder,
        place=place,
        settings=settings,
        open_twin=lambda: _open_twin(twin, settings),
        read_record=_read_record,
        say=lambda percent, message: pipe.send_bytes(orjson.dumps(["progress", [percent, message]])),
    )
    try:
        execution.run(job, around)
    except Exception as error:  # noqa: BLE001 - whatever it is, the worker is told and the log gets the trace
        told = execution.problem_of(error, folder)
        if told is None:
            structlog.get_logger("gateway.jobs").error("crashed", job=job.id, exc_info=error)
        return told or FAILED
    return None


def _die_with_parent() -> None:
    """A job whose worker is gone is another worker's: end at once."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
