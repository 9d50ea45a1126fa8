"""Executing processes as jobs: accept, watch, list, dismiss, read results; who sees a job is decided here (design, section 9)."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import orjson

from gateway import registry
from gateway.charter import decide
from gateway.charter.language import Charter
from gateway.errors import Gone, NoSuchJob, NoSuchProcess, ParameterError, ResultNotReady
from gateway.model.access import Reader
from gateway.model.job import Job, JobQuery, Shares, Status
from gateway.model.process import Result
from gateway.ports import Jobs, Process, Store
from gateway.services import execution_request, jobs_bell, results
from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class Caller:
    """Who executes: the reader, the network address his share of the queue goes by where he has no key, the twin's address as he
    wrote it, and his Idempotency-Key."""

    reader: Reader
    address: str = ""
    base: str = ""
    idempotency: str | None = None


class JobService:
    """The jobs of one twin, as callers see them."""

    def __init__(self, store: Store, jobs: Jobs, charter: Charter, settings: Settings) -> None:
        self._store = store
        self._jobs = jobs
        self._charter = charter
        self._settings = settings

    def processes(self) -> list[Process]:
        """All processes that are installed, by name."""
        return [registry.get("processes", name) for name in registry.names("processes")]

    def process(self, id: str) -> Process:
        """One process. Raises NoSuchProcess."""
        if id not in registry.names("processes"):
            raise NoSuchProcess(f"there is no process called {id[:100]}", cure=f"known: {', '.join(registry.names('processes'))}")
        found: Process = registry.get("processes", id)
        return found

    def accept(self, process: str, body: Any, caller: Caller) -> Job:
        """Accept a job durably: when this returns, it will be done. Raises ParameterError, TooMany, Busy, IdempotencyConflict."""
        description = self.process(process).description
        id = secrets.token_hex(16)
        folder = self._jobs.folder / id
        folder.mkdir(mode=0o700)
        try:
            order = execution_request.order(
                description, body, folder / "inputs", base=caller.base, allowed=self._settings.allowed_egress
            )
            self._demand_readable(order.reads, caller.reader)
            job = Job(
                id, process, caller.reader.party, _share(caller), order, idempotency=_idempotency(caller.idempotency, process, body)
            )
            found = self._jobs.add(job, self._shares(caller))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if found.id != id:
            shutil.rmtree(folder, ignore_errors=True)
        jobs_bell.ring(self._jobs.folder)
        return found

    def _demand_readable(self, collections: tuple[str, ...], reader: Reader) -> None:
        access = decide.access(self._charter, reader)
        with self._store.reading() as view:
            for collection in collections:
                if view.collection(collection, access) is None:
                    raise ParameterError("inputs.collection", "there is no such collection", cure="see /collections")

    def _shares(self, caller: Caller) -> Shares:
        settings = self._settings
        if caller.reader.party is None:
            return Shares(settings.jobs_public, settings.jobs_public_minute, settings.jobs_total)
        return Shares(settings.jobs_party, 0, settings.jobs_total)

    def job(self, id: str, reader: Reader) -> Job:
        """A job for whoever may see it: its owner and the competence centre; one without an owner, whoever has its address.

        Raises NoSuchJob, the same for absent, expired and another's, and where its inputs may no longer be read.
        """
        job = self._jobs.get(id)
        if job is None or not self._may_see(job, reader):
            raise NoSuchJob("there is no such job")
        return job

    def _may_see(self, job: Job, reader: Reader) -> bool:
        if job.owner is not None and job.owner != reader.party and not decide.may_administer(self._charter, reader):
            return False
        access = decide.access(self._charter, reader)
        if not job.order.reads:
            return True
        with self._store.reading() as view:
            return all(view.collection(collection, access) is not None for collection in job.order.reads)

    def select(self, query: JobQuery, reader: Reader) -> tuple[int, list[Job]]:
        """How many jobs a reader may list, and one page of them: his own; all for the competence centre; none for a stranger."""
        if decide.may_administer(self._charter, reader):
            return self._jobs.select(query)
        if reader.party is None:
            return 0, []
        return self._jobs.select(replace(query, owner=reader.party))

    def dismiss(self, id: str, reader: Reader) -> Job:
        """Stop a job and take its results away. Raises NoSuchJob, and Gone the second time."""
        job = self.job(id, reader)
        if not self._jobs.dismiss(id):
            raise Gone("this job was dismissed before")
        shutil.rmtree(self._jobs.folder / id / results.RESULT, ignore_errors=True)
        shutil.rmtree(self._jobs.folder / id / "inputs", ignore_errors=True)
        jobs_bell.ring(self._jobs.folder)
        return self._jobs.get(id) or replace(job, status=Status.DISMISSED)

    def current(self, job: Job) -> Job:
        """The job as it stands now, for somebody who was let see it a moment ago."""
        return self._jobs.get(job.id) or job

    def results(self, job: Job) -> dict[str, Result]:
        """The results of a successful job. Raises ResultNotReady before it has ended, Gone after it was dismissed."""
        if not job.is_finished:
            raise ResultNotReady("the job has not ended yet", cure=f"ask /jobs/{job.id} for its status")
        if job.status is Status.DISMISSED:
            raise Gone("the job was dismissed, and its results with it")
        return results.wanted(results.read(self._jobs.folder / job.id), job.order.outputs)

    def close(self) -> None:
        """Close what is open."""
        self._jobs.close()


def _share(caller: Caller) -> str:
    return f"party:{caller.reader.party}" if caller.reader.party is not None else f"address:{caller.address}"


def _idempotency(key: str | None, process: str, body: Mapping[str, Any]) -> tuple[str, str] | None:
    if key is None:
        return None
    if not 0 < len(key) <= 255:
        raise ParameterError("Idempotency-Key", "too long or empty", cure="1 to 255 characters")
    return key, sha256(process.encode() + b"\0" + orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()
