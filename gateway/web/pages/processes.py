"""Pages of processes and jobs: the list, a form made from the description, a job with its progress and its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Response

from gateway.model.job import Job, Status
from gateway.model.process import Description, Input
from gateway.services import status as told
from gateway.web.asked import Asked
from gateway.web.pages.render import page


def processes(asked: Asked, found: Sequence[Description]) -> Response:
    """All processes."""
    return page(asked, "processes.html", found=found)


def process(asked: Asked, found: Description) -> Response:
    """One process with a form; a script sends it, since an execute request is JSON."""
    return page(asked, "process.html", found=found, fields=[(name, spec, field(spec)) for name, spec in found.inputs.items()])


def field(spec: Input) -> dict[str, Any]:
    """How a form asks for an input: its kind, and what the kind needs."""
    schema = spec.schema
    if spec.is_content:
        return {"kind": "file"}
    if spec.most != 1:
        return {"kind": "json"}
    if "enum" in schema:
        return {"kind": "choice", "options": list(schema["enum"])}
    kind = schema.get("type")
    if kind in ("number", "integer"):
        return {"kind": "number", "step": "1" if kind == "integer" else "any", **_bounds(schema)}
    if kind == "boolean":
        return {"kind": "choice", "options": ["true", "false"]}
    return {"kind": "text" if kind == "string" else "json"}


def _bounds(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"least": schema.get("minimum"), "most": schema.get("maximum")}


def jobs(asked: Asked, found: Sequence[Job], following: str | None) -> Response:
    """The jobs a caller may list."""
    return page(asked, "jobs.html", found=found, following=following, moment=told.moment)


def job(asked: Asked, found: Job) -> Response:
    """One job; a script keeps its progress up to date."""
    is_done = found.status is Status.SUCCESSFUL
    results = asked.gateway.jobs.results(found) if is_done else {}
    shown = {
        name: {"address": asked.page("jobs", found.id, "results", name), "result": result, "size": _size(result.path)}
        for name, result in results.items()
    }
    return page(asked, "job.html", found=found, results=shown, moment=told.moment)


def _size(path: Any) -> int | None:
    return None if path is None else path.stat().st_size
