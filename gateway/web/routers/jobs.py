"""``/jobs``: how executions stand, their results, and dismissing them (OGC 18-062r2, 7.12, 7.13; clauses 11 and 13)."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request, Response

from gateway import registry
from gateway.errors import NotFound, ParameterError, ResultNotReady
from gateway.model.job import JobQuery, Status
from gateway.services import status
from gateway.web import describe_processes as describe
from gateway.web import pages, results
from gateway.web.answers import document
from gateway.web.context import asked_of
from gateway.web.features import link
from gateway.web.negotiation import HTML, JSON
from gateway.web.parameters import interval, limit
from gateway.web.routers.processes import LARGEST, answered

router = APIRouter()
PARAMETERS = ("type", "processID", "status", "datetime", "minDuration", "maxDuration", "limit", "offset")


@router.get("/jobs")
def jobs(request: Request) -> Response:
    """The jobs a caller may list: his own, all for the competence centre, none for a stranger."""
    asked = asked_of(request)
    query = _query(asked.read(frozenset(PARAMETERS)))
    offer = asked.offer(JSON, HTML)
    total, found = asked.gateway.jobs.select(query, asked.reader)
    following = query.offset + len(found) if query.offset + len(found) < total and found else None
    if offer is HTML:
        return pages.jobs(asked, found, None if following is None else asked.here(offset=str(following)))
    links = [
        link(asked.again(), "self", "application/json", "this document"),
        link(asked.again(f="html"), "alternate", "text/html", "this document as a web page"),
    ]
    if following is not None:
        links.append(link(asked.again(offset=str(following)), "next", "application/json", "the next page"))
    return document(asked, {"jobs": [status.document(job, asked.base) for job in found], "links": links})


@router.get("/jobs/{job}")
def job(request: Request, job: str) -> Response:
    """How a job stands."""
    asked = asked_of(request)
    asked.read(frozenset())
    offer = asked.offer(JSON, HTML)
    found = asked.gateway.jobs.job(job, asked.reader)
    if offer is HTML:
        return pages.job(asked, found)
    return document(asked, status.document(found, asked.base))


@router.delete("/jobs/{job}")
def dismiss(request: Request, job: str) -> Response:
    """Stop a job and take its results away; the second time it is gone (410)."""
    asked = asked_of(request)
    asked.read(frozenset())
    found = asked.gateway.jobs.dismiss(job, asked.reader)
    body = status.document(found, asked.base)
    body["links"] = [link(asked.url("jobs"), describe.JOBS, "application/json", "the jobs")]
    return document(asked, body)


@router.get("/jobs/{job}/results")
def job_results(request: Request, job: str) -> Response:
    """The results as the execute request wanted them; with ``f=json`` as one document."""
    asked = asked_of(request)
    given = asked.read(frozenset())
    if "f" in given:
        asked.offer(JSON)
    found = asked.gateway.jobs.job(job, asked.reader)
    if not found.is_finished:
        raise ResultNotReady("the job has not ended yet", cure=f"ask {asked.url('jobs', job)} for its status")
    return answered(asked, found, {}, response="document" if "f" in given else None)


@router.get("/jobs/{job}/results/{output}")
def job_output(request: Request, job: str, output: str) -> Response:
    """One output as it is."""
    asked = asked_of(request)
    asked.read(frozenset())
    found = asked.gateway.jobs.job(job, asked.reader)
    if found.status is Status.FAILED:
        return answered(asked, found, {})
    outputs = asked.gateway.jobs.results(found)
    if output not in outputs:
        raise NotFound("the job has no such output", place=output[:100], cure=f"it has {', '.join(outputs) or 'none'}")
    return results.single(outputs[output], {})


def _query(given: dict[str, str]) -> JobQuery:
    if given.get("type", "process") != "process":
        raise ParameterError("type", "there is no such type of job", cure="process")
    begin, end = interval(given.get("datetime")) or (None, None)
    return JobQuery(
        processes=_several("processID", given.get("processID"), registry.names("processes")),
        statuses=_several("status", given.get("status"), [entry.value for entry in Status]),
        created=(_milliseconds(begin), _milliseconds(end)),
        shortest=_seconds("minDuration", given.get("minDuration")),
        longest=_seconds("maxDuration", given.get("maxDuration")),
        limit=limit(given.get("limit"), LARGEST),
        offset=_whole("offset", given.get("offset", "0")),
    )


def _several(name: str, text: str | None, known: list[str]) -> tuple[str, ...]:
    if text is None:
        return ()
    found = tuple(part.strip() for part in text.split(","))
    if not set(found) <= set(known):
        raise ParameterError(name, "has a value that is none", cure=f"of {', '.join(known)}, separated by commas")
    return found


def _milliseconds(moment: str | None) -> int | None:
    return None if moment is None else round(datetime.fromisoformat(moment).timestamp() * 1000)


def _seconds(name: str, text: str | None) -> float | None:
    return None if text is None else float(_whole(name, text))


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ParameterError(name, "not a whole number", cure="0 or more")
    return int(text)
