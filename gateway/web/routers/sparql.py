"""``/sparql``: the SPARQL 1.1 protocol (query only), by GET and POST, over the graphs the reader may see."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from gateway.errors import ParameterError, Unsupported, UsageError
from gateway.web import attribution
from gateway.web.asked import Asked
from gateway.web.context import asked_of
from gateway.web.negotiation import HTML, Offer

router = APIRouter()
_TURTLE = Offer("ttl", "text/turtle")
_NAMES = frozenset({"query", "default-graph-uri", "named-graph-uri", "f", "lang"})
_REPEATED = ("default-graph-uri", "named-graph-uri")
_TICK = 0.1


@router.get("/sparql")
async def get(request: Request) -> Response:
    """A query by GET; without one the form for people, or the service description."""
    asked = asked_of(request)
    given = _parameters(asked.pairs)
    if "query" not in given:
        return await run_in_threadpool(_without_query, asked)
    return await _answer(request, asked, given)


@router.post("/sparql")
async def post(request: Request) -> Response:
    """A query by POST: as a form, or as ``application/sparql-query``."""
    asked = asked_of(request)
    kind = (asked.header(b"content-type") or "").partition(";")[0].strip().lower()
    if kind == "application/sparql-query":
        given = _parameters([*asked.pairs, ("query", _text(await request.body()))])
    elif kind == "application/x-www-form-urlencoded":
        given = _parameters([*asked.pairs, *parse_qsl(_text(await request.body()), keep_blank_values=True, max_num_fields=50)])
    elif kind == "application/sparql-update":
        raise Unsupported("this endpoint only reads", cure="publish through /submissions")
    else:
        raise Unsupported(f"no query comes as {kind or 'nothing'}", cure="Content-Type: application/sparql-query")
    if "query" not in given:
        raise ParameterError("query", "there is none", cure="query=SELECT * WHERE { ?s ?p ?o } LIMIT 10")
    return await _answer(request, asked, given)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise UsageError("the body is not UTF-8") from error


def _parameters(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        if name == "update":
            raise ParameterError("update", "this endpoint only reads", cure="publish through /submissions")
        if name not in _NAMES:
            raise ParameterError(name[:100], "there is no such parameter here", cure=f"known: {', '.join(sorted(_NAMES))}")
        if name in found and name not in _REPEATED:
            raise ParameterError(name, "given more than once", cure=f"give {name} once")
        found.setdefault(name, []).append(value)
    return found


async def _answer(request: Request, asked: Asked, given: dict[str, list[str]]) -> Response:
    gone = threading.Event()
    watch = asyncio.create_task(_watch(request, gone))
    try:
        media_type, body, told = await run_in_threadpool(_ask, asked, given, gone)
    finally:
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch
    return Response(body, media_type=media_type, headers={"Cache-Control": "no-cache", **({"Link": told} if told else {})})


async def _watch(request: Request, gone: threading.Event) -> None:
    """Note when the caller has gone, so that his query ends with him (hardening S10)."""
    while not gone.is_set():
        if await request.is_disconnected():
            gone.set()
        await asyncio.sleep(_TICK)


def _ask(asked: Asked, given: dict[str, list[str]], gone: threading.Event) -> tuple[str, bytes, str | None]:
    """The answer, and the sources, dates and licences of what the caller may see, since any of it may stand in the answer."""
    seen = asked.gateway.queries.datasets(asked.access)
    accept = given["f"][0] if "f" in given else _accept(asked)
    graphs = (given.get("default-graph-uri", []), given.get("named-graph-uri", []))
    visible = None if asked.access.everything else frozenset(dataset.id for dataset in seen)
    found = asked.gateway.sparql.ask(given["query"][0], visible, accept, graphs=graphs, cancelled=gone.is_set)
    return *found, attribution.of_records(asked, (dataset.record for dataset in seen))


def _accept(asked: Asked) -> str:
    """The Accept header; a browser's, which knows none of the formats, takes what there is."""
    accept = asked.header(b"accept") or "*/*"
    return "*/*" if "text/html" in accept else accept


def _without_query(asked: Asked) -> Response:
    if asked.offer(_TURTLE, HTML) is HTML:
        from gateway.web.pages.sparql import form

        return form(asked)
    return Response(_description(asked.url("sparql")), media_type="text/turtle")


def _description(address: str) -> str:
    """The service description (SPARQL 1.1 Service Description)."""
    results = ("SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV")
    formats = ", ".join(f"formats:{name}" for name in (*results, "Turtle", "N-Triples", "RDF_XML", "JSON-LD"))
    return f"""@prefix sd: <http://www.w3.org/ns/sparql-service-description#> .
@prefix formats: <http://www.w3.org/ns/formats/> .

[] a sd:Service ;
  sd:endpoint <{address}> ;
  sd:supportedLanguage sd:SPARQL11Query ;
  sd:feature sd:UnionDefaultGraph ;
  sd:resultFormat {formats} .
"""
