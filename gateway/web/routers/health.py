"""``/health``: whether the twin can be read, tried and not assumed."""

from __future__ import annotations

import structlog
from fastapi import APIRouter, Request, Response

from gateway import __version__
from gateway.model.access import EVERYTHING
from gateway.services.question import ItemsRequest
from gateway.web.answers import document
from gateway.web.asked import Asked
from gateway.web.context import asked_of
from gateway.web.negotiation import JSON

router = APIRouter()
_log = structlog.get_logger("gateway.web")


@router.get("/health")
def health(request: Request) -> Response:
    """200 after a real read of the store (the collections, and a feature of the first), 503 when it fails."""
    asked = asked_of(request)
    asked.read(frozenset())
    asked.offer(JSON)
    try:
        _read(asked)
    except Exception:  # noqa: BLE001 - whatever keeps the store from being read, the answer is the same
        _log.exception("unhealthy")
        response = document(asked, {"status": "failing", "version": __version__}, headers={"Cache-Control": "no-store"})
        response.status_code = 503
        return response
    return document(asked, {"status": "ok", "version": __version__}, headers={"Cache-Control": "no-store"})


def _read(asked: Asked) -> None:
    with asked.gateway.queries.view(EVERYTHING) as view:
        own = [collection for collection in view.reader.collections(EVERYTHING) if not collection.remote]
        if own:
            view.items(view.source(own[0].id), ItemsRequest(limit=1))
