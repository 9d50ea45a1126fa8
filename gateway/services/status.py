"""A job as the standard's statusInfo document, for answers and for subscribers (OGC 18-062r2, 7.12)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from gateway.model.job import Job, Status

RESULTS = "http://www.opengis.net/def/rel/ogc/1.0/results"


def document(job: Job, base: str) -> dict[str, Any]:
    """The status of a job; links begin with `base`."""
    found: dict[str, Any] = {
        "processID": job.process,
        "type": "process",
        "jobID": job.id,
        "status": job.status.value,
        "progress": job.progress,
        "created": moment(job.created),
        "updated": moment(job.updated),
    }
    if job.started is not None:
        found["started"] = moment(job.started)
    if job.finished is not None:
        found["finished"] = moment(job.finished)
    message = str(job.problem["detail"]) if job.problem is not None else job.message
    if message is not None:
        found["message"] = message
    found["links"] = links(job, base)
    return found


def links(job: Job, base: str) -> list[dict[str, str]]:
    """Where its status is, and its results once it has some."""
    address = f"{base}/jobs/{job.id}"
    found = [
        {"href": address, "rel": "self", "type": "application/json", "title": "the status of the job"},
        {"href": f"{address}?f=html", "rel": "alternate", "type": "text/html", "title": "the job as a web page"},
    ]
    if job.status is Status.SUCCESSFUL:
        found.append({"href": f"{address}/results", "rel": RESULTS, "type": "application/json", "title": "the results"})
    return found


def moment(milliseconds: int) -> str:
    """A time as RFC 3339."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
