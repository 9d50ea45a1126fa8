"""The table of jobs: one ending a job, one job an idempotency key, shares, turns, listing, expiry."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.errors import Busy, IdempotencyConflict, TooMany
from gateway.model.job import Job, JobQuery, Order, Shares, Status
from gateway.store.jobs import JobTable

ROOM = Shares(caller=1000, minute=0, total=1000)


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[JobTable]:
    table = JobTable(tmp_path / "jobs")
    yield table
    table.close()


def job(id: str, *, owner: str | None = "p-1", caller: str = "party:p-1", key: tuple[str, str] | None = None) -> Job:
    return Job(id, "echo", owner, caller, Order(inputs={"stringInput": [{"value": "ü"}]}), idempotency=key)


def test_a_job_comes_back_as_it_was_accepted(jobs: JobTable) -> None:
    kept = jobs.add(job("a"), ROOM)
    assert kept == jobs.get("a")
    assert (kept.status, kept.order, kept.created > 0) == (Status.ACCEPTED, job("a").order, True)
    assert jobs.get("b") is None


def test_a_job_ends_once(jobs: JobTable) -> None:
    jobs.add(job("a"), ROOM)
    assert jobs.begin("a")
    assert [jobs.end("a", None), jobs.end("a", {"detail": "late"}), jobs.begin("a")] == [True, False, False]
    found = jobs.get("a")
    assert found is not None
    assert (found.status, found.problem, found.progress) == (Status.SUCCESSFUL, None, 100)


def test_a_dismissed_job_neither_begins_nor_ends(jobs: JobTable) -> None:
    jobs.add(job("a"), ROOM)
    assert [jobs.dismiss("a"), jobs.dismiss("a"), jobs.begin("a"), jobs.end("a", None)] == [True, False, False, False]


def test_the_same_key_gives_the_same_job_to_fifty_callers_at_once(tmp_path: Path) -> None:
    tables = [JobTable(tmp_path / "jobs") for _ in range(5)]
    found: set[str] = set()

    def add(n: int) -> None:
        found.add(tables[n % 5].add(job(f"job-{n}", key=("k", "digest")), ROOM).id)

    threads = [threading.Thread(target=add, args=(n,)) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1
    assert tables[0].select(JobQuery())[0] == 1
    with pytest.raises(IdempotencyConflict):
        tables[0].add(job("other", key=("k", "another digest")), ROOM)
    assert tables[0].add(job("other", caller="party:p-2", key=("k", "digest")), ROOM).id == "other"
    for table in tables:
        table.close()


def test_a_caller_has_his_share_and_the_queue_an_end(jobs: JobTable) -> None:
    for n in range(3):
        jobs.add(job(f"a{n}"), Shares(3, 0, 10))
    with pytest.raises(TooMany):
        jobs.add(job("a3"), Shares(3, 0, 10))
    jobs.add(job("b", caller="party:p-2"), Shares(3, 0, 4))
    with pytest.raises(Busy):
        jobs.add(job("c", caller="party:p-3"), Shares(3, 0, 4))
    with pytest.raises(TooMany):
        jobs.add(job("d", caller="party:p-2"), Shares(3, 1, 100))


def test_turns_go_round_the_callers(jobs: JobTable) -> None:
    for id in ("a1", "a2", "a3"):
        jobs.add(job(id, caller="party:a"), ROOM)
    jobs.begin("a1")
    time.sleep(0.002)
    jobs.add(job("b1", caller="party:b"), ROOM)
    assert jobs.waiting(10)[0] == "b1"
    assert sorted(jobs.unfinished()) == ["a1", "a2", "a3", "b1"]


def test_jobs_are_listed_by_what_is_asked(jobs: JobTable) -> None:
    for n in range(5):
        jobs.add(job(f"j{n}", owner=None if n == 4 else f"p-{n % 2}"), ROOM)
        time.sleep(0.002)
    jobs.begin("j0")
    jobs.end("j0", None)
    assert [entry.id for entry in jobs.select(JobQuery())[1]] == ["j4", "j3", "j2", "j1", "j0"]
    total, page = jobs.select(JobQuery(limit=2, offset=1))
    assert (total, [entry.id for entry in page]) == (5, ["j3", "j2"])
    assert [entry.id for entry in jobs.select(JobQuery(owner="p-1"))[1]] == ["j3", "j1"]
    assert [entry.id for entry in jobs.select(JobQuery(statuses=("successful",)))[1]] == ["j0"]
    assert jobs.select(JobQuery(processes=("convert",)))[0] == 0
    since = page[0].created
    assert [entry.id for entry in jobs.select(JobQuery(created=(since, None)))[1]] == ["j4", "j3"]
    assert jobs.select(JobQuery(shortest=5))[0] == 0
    assert [entry.id for entry in jobs.select(JobQuery(longest=5))[1]] == ["j0"]


def test_finished_jobs_expire_by_who_owns_them(jobs: JobTable) -> None:
    for id, owner in (("stranger", None), ("party", "p-1"), ("going", None)):
        jobs.add(job(id, owner=owner), ROOM)
    for id in ("stranger", "party"):
        jobs.begin(id)
        jobs.end(id, None)
    later = time.time_ns() // 1_000_000 + 10
    assert jobs.expire(later, 0) == ["stranger"]
    assert jobs.expire(later, later) == ["party"]
    assert jobs.unfinished() == ["going"]


def test_what_was_accepted_is_there_after_a_crash(tmp_path: Path) -> None:
    table = JobTable(tmp_path / "jobs")
    table.add(job("a"), ROOM)
    again = JobTable(tmp_path / "jobs")
    assert again.waiting(1) == ["a"]
    assert (tmp_path / "jobs" / "jobs.db").stat().st_mode & 0o777 == 0o600
