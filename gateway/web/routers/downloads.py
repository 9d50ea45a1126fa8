"""``/collections/{id}/download``: a whole collection as one file (design, section 9)."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from gateway.services.downloads import FORMATS, Format
from gateway.services.making import Made, Making, Superseded
from gateway.services.query import Source
from gateway.web import attribution, caching, sending
from gateway.web.asked import Asked
from gateway.web.context import asked_of
from gateway.web.negotiation import Offer

router = APIRouter()
OFFERS = {Offer(format.name, format.media_type): format for format in FORMATS}
_TRIES = 3
_NAP = 0.05


@router.get("/collections/{collection}/download")
async def download(request: Request, collection: str) -> Response:
    """The file where it is made; else, where its format allows, the file as it grows; else the file once it is made."""
    asked = asked_of(request)
    asked.read(frozenset())
    format = OFFERS[asked.offer(*OFFERS)]
    for attempt in range(1, _TRIES + 1):
        source = await run_in_threadpool(_source, asked, collection)
        try:
            return await _answer(asked, source, format)
        except Superseded:
            if attempt == _TRIES:
                raise
    raise AssertionError("the loop returns or raises")


def _source(asked: Asked, collection: str) -> Source:
    with asked.gateway.queries.view(asked.access) as view:
        return view.source(collection)


async def _answer(asked: Asked, source: Source, format: Format) -> Response:
    service, head = asked.gateway.downloads, _headers(asked, source, format)
    if asked.is_head:
        made = await run_in_threadpool(service.made, source, asked.access, format)
        return sending.file(asked, made, format.media_type, head) if made else _unmade(format, head)
    found = await run_in_threadpool(service.get, source, asked.access, format)
    if isinstance(found, Making):
        return await _of_making(asked, found, format, head)
    return await _of_file(asked, found, format, head)


async def _of_making(asked: Asked, going: Making, format: Format, head: dict[str, str]) -> Response:
    while not (going.has_begun if format.streams else going.has_ended):
        await asyncio.sleep(_NAP)
    if going.has_ended:
        return await _of_file(asked, await run_in_threadpool(going.result), format, head)
    return sending.growing(going.follow(), format.media_type, head)


async def _of_file(asked: Asked, made: Made, format: Format, head: dict[str, str]) -> Response:
    try:
        return await run_in_threadpool(sending.file, asked, made, format.media_type, head)
    except FileNotFoundError:
        raise Superseded("a newer version came in between") from None


def _unmade(format: Format, head: dict[str, str]) -> Response:
    """What a GET would say before the file is made; asking about a file makes none."""
    response = Response(None, headers=head, media_type=format.media_type)
    del response.headers["content-length"]
    return response


def _headers(asked: Asked, source: Source, format: Format) -> dict[str, str]:
    """The name to keep it under, the date, the source, the licence, and the collection it is of."""
    name = source.collection.id
    links = [f'<{asked.url("collections", name)}>; rel="collection"']
    links.append(attribution.named(asked, source.dataset).link)
    found = {"Content-Disposition": f'attachment; filename="{name}{format.suffix}"', "Link": ", ".join(links)}
    modified = caching.http_date(source.dataset.updated)
    return found if modified is None else {**found, "Last-Modified": modified}
