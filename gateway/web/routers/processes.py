"""``/processes``: what can be executed, and executing it, now or as a job (OGC 18-062r2, 7.9 to 7.11)."""

from __future__ import annotations

import asyncio
import re
from time import monotonic
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from gateway.errors import GatewayError, ParameterError, Unreadable, Unsupported
from gateway.gates import json
from gateway.model.job import Job, Status
from gateway.services import status
from gateway.services.jobs import Caller
from gateway.web import describe_processes as describe
from gateway.web import pages, problem, results
from gateway.web.answers import document
from gateway.web.asked import Asked
from gateway.web.context import asked_of
from gateway.web.features import link
from gateway.web.negotiation import HTML, JSON
from gateway.web.parameters import limit

router = APIRouter()
LARGEST = 1_000
_SYNC_SECONDS = 60.0
"""How long a caller is kept waiting; then he gets the job's address, as if he had not wanted to wait."""
_SHORTEST, _LONGEST = 0.004, 0.1
_PREFERENCE = re.compile(r'\s*([A-Za-z0-9_-]+)\s*(?:=\s*"?([^";,]*)"?)?\s*(?:;[^,]*)?(?:,|$)')


@router.get("/processes")
def processes(request: Request) -> Response:
    """All processes."""
    asked = asked_of(request)
    given = asked.read(frozenset({"limit"}))
    offer = asked.offer(JSON, HTML)
    found = [process.description for process in asked.gateway.jobs.processes()]
    if "limit" in given:
        found = found[: limit(given["limit"], LARGEST)]
    if offer is HTML:
        return pages.processes(asked, found)
    links = [
        link(asked.url("processes"), "self", "application/json", "this document"),
        link(asked.url("processes", f="html"), "alternate", "text/html", "this document as a web page"),
        link(asked.url("jobs"), describe.JOBS, "application/json", "the jobs"),
    ]
    return document(asked, {"processes": [describe.summary(asked, entry) for entry in found], "links": links})


@router.get("/processes/{process}")
def process(request: Request, process: str) -> Response:
    """One process with its inputs and outputs."""
    asked = asked_of(request)
    asked.read(frozenset())
    offer = asked.offer(JSON, HTML)
    found = asked.gateway.jobs.process(process).description
    if offer is HTML:
        return pages.process(asked, found)
    return document(asked, describe.whole(asked, found))


@router.post("/processes/{process}/execution")
async def execute(request: Request, process: str) -> Response:
    """Execute: the results, or with ``Prefer: respond-async`` 201 and the job's address."""
    asked = asked_of(request)
    asked.read(frozenset())
    service = asked.gateway.jobs
    service.process(process)
    body = _body(await request.body(), asked.header(b"content-type") or "")
    address = "" if request.client is None else request.client.host
    caller = Caller(asked.reader, address, asked.base, asked.header(b"idempotency-key"))
    wishes = preferences(asked.header(b"prefer") or "")
    job = await run_in_threadpool(service.accept, process, body, caller)
    wait = _waiting(wishes)
    job = await _ended(asked, job, request, wait) if wait > 0 else job
    applied = {"Preference-Applied": "respond-async"} if "respond-async" in wishes else {}
    if not job.is_finished or ("respond-async" in wishes and wait <= 0):
        headers = {"Location": asked.url("jobs", job.id), **applied}
        response = document(asked, status.document(job, asked.base), headers=headers)
        response.status_code = 201
        return response
    return answered(asked, job, {"Link": f'<{asked.url("jobs", job.id)}>; rel="monitor"'})


def answered(asked: Asked, job: Job, headers: dict[str, str], *, response: str | None = None) -> Response:
    """The results of a job that has ended, or the problem it ended with."""
    if job.status is Status.FAILED:
        return problem.render(job.problem or {"status": 500, "code": "error"}, asked, headers)
    found = asked.gateway.jobs.results(job)
    return results.answer(asked, job, found, response=response or job.order.response, headers=headers)


def _body(raw: bytes, content_type: str) -> Any:
    if content_type.partition(";")[0].strip().lower() not in ("application/json", ""):
        raise Unsupported("an execute request is JSON", cure="Content-Type: application/json")
    if not raw.strip():
        raise ParameterError("body", "is empty", cure='{"inputs": {…}}')
    try:
        return json.loads(raw)
    except Unreadable as error:
        raise ParameterError("body", error.message, cure=error.cure) from error


def preferences(header: str) -> dict[str, str]:
    """The preferences of a Prefer header (RFC 7240) by name in lower case; what cannot be read is left out."""
    return {found[1].lower(): found[2] or "" for found in _PREFERENCE.finditer(header[:1000]) if found[1]}


def _waiting(wishes: dict[str, str]) -> float:
    """Seconds to wait for the end: none where the answer is to be asynchronous, unless ``wait=`` says how long to try."""
    if "respond-async" not in wishes:
        return _SYNC_SECONDS
    text = wishes.get("wait", "")
    return min(float(text), _SYNC_SECONDS) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0


async def _ended(asked: Asked, job: Job, request: Request, seconds: float) -> Job:
    """The job at its end, or as it stands when the time is up. A caller who hangs up no longer wants it."""
    service = asked.gateway.jobs
    begun, pause = monotonic(), _SHORTEST
    while not (job := service.current(job)).is_finished and monotonic() - begun < seconds:
        if pause >= _LONGEST and await request.is_disconnected():
            try:
                return service.dismiss(job.id, asked.reader)
            except GatewayError:
                return service.current(job)
        await asyncio.sleep(pause)
        pause = min(pause * 1.3, _LONGEST)
    return job
