"""The results of a job on the wire: one value as it is, several as multipart, links, or one document (OGC 18-062r2, 7.11.4)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping

import orjson
from fastapi import Response
from starlette.responses import FileResponse, StreamingResponse

from gateway.model.job import Job
from gateway.model.process import Result
from gateway.services import results
from gateway.web.answers import document
from gateway.web.asked import Asked

_PIECE = 1 << 18


def answer(asked: Asked, job: Job, found: Mapping[str, Result], *, response: str, headers: Mapping[str, str]) -> Response:
    """The answer to whoever asked for results, as the execute request said: ``raw`` or ``document``."""
    modes = job.order.outputs
    if response == "document":
        return document(asked, results.document(found, modes, lambda name: address(asked, job, name)), headers=headers)
    by_value = {name: result for name, result in found.items() if modes.get(name) != "reference"}
    references = {name: result for name, result in found.items() if name not in by_value}
    if not by_value:
        return Response(status_code=204, headers={**headers, **_links(asked, job, references)})
    if len(found) == 1:
        return single(next(iter(by_value.values())), headers)
    return _multipart(asked, job, found, references, headers)


def address(asked: Asked, job: Job, name: str) -> str:
    """Where one output of a job lies."""
    return asked.url("jobs", job.id, "results", name)


def single(result: Result, headers: Mapping[str, str]) -> Response:
    """One output as it is: a file with its name, text as text, everything else as JSON."""
    if result.path is not None:
        return FileResponse(result.path, headers=dict(headers), media_type=result.media_type, filename=result.name)
    kind, body = _plain(result)
    return Response(body, headers=dict(headers), media_type=kind)


def _plain(result: Result) -> tuple[str, bytes]:
    if isinstance(result.json, str):
        return "text/plain; charset=utf-8", result.json.encode()
    return "application/json", orjson.dumps(result.json)


def _links(asked: Asked, job: Job, found: Mapping[str, Result]) -> dict[str, str]:
    links = [f'<{address(asked, job, name)}>; rel="related"; title="{name}"; type="{found[name].media_type}"' for name in found]
    return {"Link": ", ".join(links)} if links else {}


def _multipart(
    asked: Asked, job: Job, found: Mapping[str, Result], references: Mapping[str, Result], headers: Mapping[str, str]
) -> Response:
    boundary = secrets.token_hex(16)

    def parts() -> Iterator[bytes]:
        for name, result in found.items():
            kind = result.media_type if result.path is not None else _plain(result)[0]
            head = f"--{boundary}\r\nContent-ID: <{name}>\r\nContent-Type: {kind}\r\n"
            if name in references:
                yield f"{head}Content-Location: {address(asked, job, name)}\r\n\r\n".encode()
            else:
                yield f"{head}\r\n".encode()
                yield from _pieces(result)
            yield b"\r\n"
        yield f"--{boundary}--\r\n".encode()

    return StreamingResponse(parts(), headers=dict(headers), media_type=f'multipart/related; boundary="{boundary}"')


def _pieces(result: Result) -> Iterator[bytes]:
    if result.path is None:
        yield _plain(result)[1]
        return
    with result.path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece
