"""The hot reads, answered ahead of FastAPI's routing with the functions its routes call; what is not hot is left to them."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from fastapi import Response
from starlette.concurrency import run_in_threadpool

from gateway.errors import ParameterError
from gateway.model.query import Box
from gateway.web import features, tiles
from gateway.web.asked import Asked
from gateway.web.parameters import bbox

_CHEAP = frozenset({"bbox", "limit", "after", "f", "lang"})
_TILE = 8
"""Parts of ``/collections/{id}/tiles/{grid}/{matrix}/{row}/{column}``."""
_INLINE = 20_000
"""A question of about this many candidate features at most is answered in the event loop: a thread would cost more than it."""


async def answer(asked: Asked, scope: Any) -> Response | None:
    """The response to ``/collections/{id}/items`` and ``/collections/{id}/items/{featureId}``; None for any other address."""
    raw: bytes = scope.get("raw_path") or asked.path.encode()
    if not raw.startswith(b"/collections/"):
        return None
    parts = raw.split(b"/")
    if len(parts) == _TILE and parts[3] == b"tiles":
        place = [_name(part) for part in (parts[2], *parts[4:])]
        return tiles.ready(asked, place) or await run_in_threadpool(tiles.answer, asked, place)
    if len(parts) not in (4, 5) or parts[3] != b"items" or not parts[2]:
        return None
    names = [_name(part) for part in parts]
    waits = names[2] in asked.gateway.cascaded.ids  # for a remote service, which may be slow
    if len(parts) == 5:
        if not names[4]:
            return None
        if not waits and features.is_light(asked, features.ITEM_OFFERS):
            return features.item(asked, names[2], names[4])
        return await run_in_threadpool(features.item, asked, names[2], names[4])
    if not waits and features.is_light(asked, features.ITEMS_OFFERS) and _is_cheap(asked, names[2]):
        return features.items(asked, names[2])
    return await run_in_threadpool(features.items, asked, names[2])


def _is_cheap(asked: Asked, collection: str) -> bool:
    """A guess, by what the parameters are and how much of the collection a box covers."""
    given = dict(asked.pairs)
    known = asked.gateway.queries.recent(asked.access, collection)
    if known is None or not given.keys() <= _CHEAP or len(given.get("limit", "10")) > 4:
        return False
    if "bbox" not in given:
        return True
    try:
        box = bbox(given["bbox"])
    except ParameterError:
        return True
    return known.box is not None and box is not None and known.features * _share(box, known.box) <= _INLINE


def _share(box: tuple[float, ...], extent: Box) -> float:
    """How much of `extent` a CRS84 box covers, from 0 to 1."""
    half = len(box) // 2
    wide = min(box[half], extent[2]) - max(box[0], extent[0])
    high = min(box[half + 1], extent[3]) - max(box[1], extent[1])
    whole = (extent[2] - extent[0]) * (extent[3] - extent[1])
    return 1.0 if whole <= 0 else max(wide, 0.0) * max(high, 0.0) / whole


def _name(part: bytes) -> str:
    try:
        return unquote(part.decode("ascii"), errors="strict")
    except UnicodeDecodeError as error:
        raise ParameterError("path", "not UTF-8", cure="percent-encode UTF-8") from error
