"""``/collections/{id}/items`` and ``/collections/{id}/items/{featureId}``; `gateway.web.fast` answers most of them before."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.web import features
from gateway.web.context import asked_of

router = APIRouter()


@router.get("/collections/{collection}/items")
def items(request: Request, collection: str) -> Response:
    """One page of features."""
    return features.items(asked_of(request), collection)


@router.get("/collections/{collection}/items/{feature:path}")
def item(request: Request, collection: str, feature: str) -> Response:
    """One feature."""
    return features.item(asked_of(request), collection, feature)
