"""``/csw``: the catalogue by CSW 2.0.2 and 3.0; the door itself is `gateway.catalogue.csw`."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from gateway.catalogue.csw import CswRequest, respond
from gateway.web import attribution
from gateway.web.asked import Asked
from gateway.web.context import asked_of

router = APIRouter()


@router.get("/csw")
def get(request: Request) -> Response:
    """A request in key-value pairs."""
    return _respond(asked_of(request), b"")


@router.post("/csw")
async def post(request: Request) -> Response:
    """A request as XML."""
    return await run_in_threadpool(_respond, asked_of(request), await request.body())


def _respond(asked: Asked, body: bytes) -> Response:
    asking = CswRequest(
        method=asked.method,
        query=asked.scope["query_string"].decode("latin-1"),
        body=body,
        accept=asked.header(b"accept") or "",
        address=asked.url("csw"),
    )
    with asked.gateway.queries.view(asked.access) as view:
        found = respond(asking, view.reader, asked.access, view.title)
    headers = {"Allow": "GET, HEAD, OPTIONS, POST"} if found.status == 405 else {}
    told = attribution.of_records(asked, found.records)
    if told is not None:
        headers["Link"] = told
    return Response(found.body, found.status, {**headers, "Content-Type": found.media_type})
