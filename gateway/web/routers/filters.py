"""``/functions`` (OGC 19-079r2, /req/filter/get-functions-operation) and items asked for by a body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from gateway.cql2.functions import FUNCTIONS, Function
from gateway.errors import ParameterError, Unreadable
from gateway.gates import json as gate
from gateway.web import body, features, pages
from gateway.web.answers import document
from gateway.web.asked import Asked
from gateway.web.context import asked_of
from gateway.web.features import link
from gateway.web.negotiation import HTML, JSON

router = APIRouter()
_LONGEST_ADDRESS = 8_000
"""Characters of a query that an address carries; the pages of a longer one are asked for by a body again."""

_MOST_PARAMETERS = 128
_CONDITIONS = (b"if-none-match", b"if-modified-since", b"content-type", b"content-length")


@router.get("/functions")
def functions(request: Request) -> Response:
    """The functions that filters may call."""
    asked = asked_of(request)
    asked.read(frozenset())
    if asked.offer(JSON, HTML) is HTML:
        return pages.functions(asked, FUNCTIONS)
    links = [
        link(asked.url("functions"), "self", "application/json", "this document"),
        link(asked.url("functions", f="html"), "alternate", "text/html", "this document as a web page"),
    ]
    return document(asked, {"functions": [_described(asked, one) for one in FUNCTIONS], "links": links})


def _described(asked: Asked, one: Function) -> dict[str, Any]:
    arguments = [{"title": argument.title, "type": [argument.type]} for argument in one.arguments]
    return {
        "name": one.name,
        "description": one.description.get(asked.language, one.description["en"]),
        "metadataUrl": asked.url("functions", f="html") + f"#{one.name}",
        "arguments": arguments,
        "returns": [one.returns],
    }


@router.post("/collections/{collection}/search")
async def search(request: Request, collection: str) -> Response:
    """The items that ``GET …/items`` gives for the same parameters; they stand in the body, where a filter may be long."""
    asked = asked_of(request)
    body.demand_type(asked, body.SEARCH_TYPES)
    kind = (asked.header(b"content-type") or "").partition(";")[0].strip().lower()
    raw = await request.body()
    pairs = _of_form(raw) if kind == body.SEARCH_TYPES[0] else _of_json(raw)
    as_items = _as_items(asked, collection, [*asked.pairs, *pairs])
    found = await run_in_threadpool(features.items, as_items, collection)
    return found if len(as_items.scope["query_string"]) <= _LONGEST_ADDRESS else _by_body(asked, collection, pairs, found)


def _as_items(asked: Asked, collection: str, pairs: list[tuple[str, str]]) -> Asked:
    """The same question as a GET of the items: links lead there."""
    if len(pairs) > _MOST_PARAMETERS:
        raise ParameterError("body", f"more than {_MOST_PARAMETERS} parameters")
    path = asked.path.removesuffix("/search") + "/items"
    raw_path = (asked.scope.get("raw_path") or asked.path.encode()).removesuffix(b"/search") + b"/items"
    scope = {
        **asked.scope,
        "method": "GET",
        "path": path,
        "raw_path": raw_path,
        "query_string": urlencode(pairs).encode(),
        "headers": [(name, value) for name, value in asked.scope["headers"] if name not in _CONDITIONS],
    }
    found = Asked(scope, asked.gateway)
    found.reader = asked.reader
    return found


def _of_form(raw: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            raw.decode(), keep_blank_values=True, strict_parsing=bool(raw), errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except ValueError as error:
        raise ParameterError("body", "not a form", cure="filter=…&limit=…, percent-encoded UTF-8") from error


def _of_json(raw: bytes) -> list[tuple[str, str]]:
    """The members of an object as parameters. A filter that is no text is CQL2 JSON."""
    try:
        value = gate.loads(raw)
    except Unreadable as error:
        raise ParameterError("body", str(error), cure='{"filter": …, "limit": …}') from error
    if not isinstance(value, dict):
        raise ParameterError("body", "not an object", cure='{"filter": …, "limit": …}', pointer="")
    pairs = [(name, _text(name, one)) for name, one in value.items()]
    if isinstance(value.get("filter"), dict | list) and "filter-lang" not in value:
        pairs.append(("filter-lang", "cql2-json"))
    return pairs


def _text(name: str, value: Any) -> str:
    if name == "filter" and not isinstance(value, str):
        return orjson.dumps(value).decode()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        return ",".join(map(str, value))
    raise ParameterError(name[:100], "not the value of a parameter", cure="a text, a number, true, false or a list of them")


def _by_body(asked: Asked, collection: str, pairs: list[tuple[str, str]], found: Response) -> Response:
    """The answer to a question that is too long for an address: its next link is this address with a body."""
    if not (found.media_type or found.headers["content-type"]).startswith(("application/geo+json", "application/vnd.ogc.fg+json")):
        raise ParameterError("f", "a filter this long is answered in GeoJSON", cure="f=json")
    answer = orjson.loads(bytes(found.body))
    answer["links"] = [changed for one in answer.get("links", []) if (changed := _link(asked, collection, pairs, one)) is not None]
    kept = {name: value for name, value in found.headers.items() if len(value) <= _LONGEST_ADDRESS and name != "content-length"}
    return Response(orjson.dumps(answer), found.status_code, kept)


def _link(asked: Asked, collection: str, pairs: list[tuple[str, str]], one: Mapping[str, Any]) -> dict[str, Any] | None:
    if len(one["href"]) <= _LONGEST_ADDRESS:
        return dict(one)
    if one["rel"] != "next":
        return None
    after = one["href"].rpartition("after=")[2].partition("&")[0]
    again = {**{name: value for name, value in pairs if name != "offset"}, "after": after}
    return {**one, "href": asked.url("collections", collection, "search"), "method": "POST", "body": again}
