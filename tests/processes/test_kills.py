"""kill -9 of the worker in mid-job: every job ends, none has two results (hardening J01). `-m proof` for all 50 kills."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway import wiring
from gateway.model.access import PUBLIC
from gateway.model.job import Job, Status
from gateway.services import results
from gateway.services.jobs import Caller
from gateway.settings import Settings
from gateway.wiring import Gateway

GATEWAY = str(Path(sys.executable).parent / "gateway")
LIMIT = 60.0
"""Seconds within which a job must end once a worker is there."""


@pytest.mark.timeout(150)
def test_a_few_kills_lose_no_job_and_double_none(tmp_path: Path) -> None:
    survive(tmp_path / "t", kills=3, seed=20261124)


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_fifty_kills_lose_no_job_and_double_none(tmp_path: Path) -> None:
    survive(tmp_path / "t", kills=50, seed=7)


def survive(folder: Path, *, kills: int, seed: int) -> None:
    """Kill a worker `kills` times while jobs run, then let one finish what is left."""
    chance = random.Random(seed)
    wiring.create(folder)
    gateway = wiring.open_gateway(folder, Settings(jobs_public=10_000, jobs_public_minute=0))
    jobs: list[Job] = []
    seen: dict[str, str] = {}
    for _ in range(kills):
        worker = work(folder)
        jobs += [accept(gateway, str(len(jobs) + n), chance.uniform(0.1, 0.6)) for n in range(3)]
        wait_for_one_running(gateway, jobs)
        time.sleep(chance.uniform(0, 0.6))
        worker.kill()
        worker.wait()
        look(gateway, jobs, seen)
    worker = work(folder)
    deadline = time.monotonic() + LIMIT
    while not all(gateway.jobs.current(job).is_finished for job in jobs):
        assert time.monotonic() < deadline, [gateway.jobs.current(job) for job in jobs if not gateway.jobs.current(job).is_finished]
        time.sleep(0.05)
        look(gateway, jobs, seen)
    time.sleep(1.5)
    worker.kill()
    worker.wait()
    ended = [gateway.jobs.current(job) for job in jobs]
    assert {job.status for job in ended} == {Status.SUCCESSFUL}
    assert sum(job.attempts > 1 for job in ended) >= kills // 2, "too few jobs were hit by a kill"
    look(gateway, jobs, seen)
    for number, job in enumerate(ended):
        place = folder / "jobs" / job.id
        assert gateway.jobs.results(job)["stringInput"].json == str(number)
        assert results.run_of(place) == seen[job.id]
        assert [path.name for path in place.iterdir()] == [results.RESULT]
    gateway.close()


def work(folder: Path) -> subprocess.Popen[bytes]:
    """A worker, in a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    return subprocess.Popen([GATEWAY, "work", str(folder)], env={**kept, "GATEWAY_LOG_LEVEL": "error"})


def accept(gateway: Gateway, text: str, pause: float) -> Job:
    return gateway.jobs.accept("echo", {"inputs": {"stringInput": text, "pause": pause}}, Caller(PUBLIC, "127.0.0.1"))


def wait_for_one_running(gateway: Gateway, jobs: list[Job]) -> None:
    """Wait until this worker (not the last one) has begun a job."""
    before = {job.id: gateway.jobs.current(job).attempts for job in jobs}
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        if any(gateway.jobs.current(job).attempts > before[job.id] for job in jobs):
            return
        time.sleep(0.02)
    raise AssertionError("no job begins")


def look(gateway: Gateway, jobs: list[Job], seen: dict[str, str]) -> None:
    """Note which run made each result that can be seen; it must stay the same for good."""
    for job in jobs:
        if gateway.jobs.current(job).status is Status.SUCCESSFUL:
            run = results.run_of(gateway.folder / "jobs" / job.id)
            assert seen.setdefault(job.id, run) == run
