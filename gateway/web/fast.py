"""The hot reads, answered ahead of FastAPI's routing with the functions its routes call; what is not hot is left to them."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import unquote

from fastapi import Response

from gateway.errors import ParameterError
from gateway.model.dataset import Collection
from gateway.model.query import Box
from gateway.web import features, tiles
from gateway.web.asked import Asked
from gateway.web.hands import handed
from gateway.web.pace import Pace, Shape
from gateway.web.parameters import RESERVED, bbox

_SLOW = RESERVED - {"bbox", "limit", "after", "f", "lang", "crs"}
"""Parameters whose values decide what an answer costs, so that nothing can be learned from the last one."""
_TILE = 8
"""Parts of ``/collections/{id}/tiles/{grid}/{matrix}/{row}/{column}``."""
_DIGITS = 4
"""Digits of the largest page that is a hot read."""


async def answer(asked: Asked, scope: Any, pace: Pace) -> Response | None:
    """The response to ``/collections/{id}/items`` and ``/collections/{id}/items/{featureId}``; None for any other address."""
    raw: bytes = scope.get("raw_path") or asked.path.encode()
    if not raw.startswith(b"/collections/"):
        return None
    parts = raw.split(b"/")
    if len(parts) == _TILE and parts[3] == b"tiles":
        place = [_name(part) for part in (parts[2], *parts[4:])]
        return tiles.ready(asked, place) or await handed(tiles.answer, asked, place)
    if len(parts) not in (4, 5) or parts[3] != b"items" or not parts[2]:
        return None
    names = [_name(part) for part in parts]
    waits = asked.gateway.store.waits or names[2] in asked.gateway.cascaded.ids  # for a server or a remote service
    if len(parts) == 5:
        if not names[4]:
            return None
        if not waits and features.is_light(asked, features.ITEM_OFFERS):
            return features.item(asked, names[2], names[4])
        return await handed(features.item, asked, names[2], names[4])
    shape = None if waits or not features.is_light(asked, features.ITEMS_OFFERS) else _shape(asked, names[2])
    if shape is None:
        return await handed(features.items, asked, names[2])
    if pace.is_quick(shape):
        return pace.timed(shape, partial(features.items, asked, names[2]))
    return await handed(pace.timed, shape, partial(features.items, asked, names[2]))


def _shape(asked: Asked, collection: str) -> Shape | None:
    """What a question has in common with those that cost about the same; None for one that belongs in a thread."""
    given = dict(asked.pairs)
    known = asked.gateway.queries.recent(asked.access, collection)
    limit = given.get("limit", "10")
    if known is None or not given.keys().isdisjoint(_SLOW) or len(limit) > _DIGITS:
        return None
    return (collection, str(len(limit)), _near(given["bbox"], known) if "bbox" in given else "", *sorted(given))


def _near(text: str, known: Collection) -> str:
    """How many features a box may hold, as the number of its digits, were they spread evenly."""
    try:
        box = bbox(text)
    except ParameterError:
        return ""
    if box is None or known.box is None:
        return ""
    return str(len(str(int(known.features * _share(box, known.box)))))


def _share(box: tuple[float, ...], extent: Box) -> float:
    """How much of `extent` a CRS84 box covers, from 0 to 1."""
    half = len(box) // 2
    wide = min(box[half], extent[2]) - max(box[0], extent[0])
    high = min(box[half + 1], extent[3]) - max(box[1], extent[1])
    whole = (extent[2] - extent[0]) * (extent[3] - extent[1])
    return 1.0 if whole <= 0 else max(wide, 0.0) * max(high, 0.0) / whole


def _name(part: bytes) -> str:
    try:
        if b"%" not in part:
            return part.decode("ascii")
        return unquote(part.decode("ascii"), errors="strict")
    except UnicodeDecodeError as error:
        raise ParameterError("path", "not UTF-8", cure="percent-encode UTF-8") from error
