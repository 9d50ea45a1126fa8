"""The demo's job: the parks have their trees converted by a process of the twin, as a durable job run to its end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from gateway import wiring
from gateway.errors import GatewayError, OutOfTime
from gateway.model.job import UNFINISHED, Job, Status
from gateway.services.identity import reader_of
from gateway.services.jobs import Caller
from gateway.settings import child_environment

PARTY, COLLECTION, FORMAT = "parks", "trees", "cityjsonseq"
_COMMAND = "from gateway.cli.app import main; main()"
_SECONDS = 60.0


def run(folder: Path) -> Job:
    """Accept the job in the twin in `folder` and wait for its end, with a worker beside us. Raises OutOfTime after a minute,
    GatewayError for a job that fails."""
    with wiring.opened(folder) as gateway:
        reader = reader_of(gateway.identity.party(PARTY))
        job = gateway.jobs.accept("convert", {"inputs": {"collection": COLLECTION, "to": FORMAT}}, Caller(reader))
        command = [sys.executable, "-c", _COMMAND, "work", str(folder), "--parent", str(os.getpid())]
        quiet = child_environment(log_level="warning")
        worker = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=quiet)
        try:
            deadline = time.monotonic() + _SECONDS
            while job.status in UNFINISHED:
                if time.monotonic() > deadline:
                    raise OutOfTime(f"the demo's job has not ended within {_SECONDS:g} s")
                time.sleep(0.05)
                job = gateway.jobs.job(job.id, reader)
        finally:
            worker.terminate()
            worker.wait(20)
    if job.status is not Status.SUCCESSFUL:
        raise GatewayError(f"the demo's job {job.status.value}: {job.message or 'no reason given'}")
    return job
