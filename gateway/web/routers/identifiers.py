"""``/id/…``: the identifiers of features and datasets; on any host they lead to the data or the page (303, design section 9)."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.errors import NotFound
from gateway.web.asked import Asked
from gateway.web.context import asked_of
from gateway.web.negotiation import GEOJSON, HTML, JSON, JSON_LD, TURTLE, Offer

router = APIRouter()


@router.get("/id/dataset/{dataset}")
def dataset(request: Request, dataset: str) -> Response:
    """A dataset's identifier."""
    asked = asked_of(request)
    asked.read(frozenset())
    offer = asked.offer(JSON, HTML, JSON_LD, TURTLE)
    with asked.gateway.queries.view(asked.access) as view:
        view.dataset(dataset)
    return _see(asked, offer, "datasets", dataset)


@router.get("/id/{collection}")
def collection(request: Request, collection: str) -> Response:
    """A collection's identifier."""
    asked = asked_of(request)
    asked.read(frozenset())
    offer = asked.offer(JSON, HTML)
    with asked.gateway.queries.view(asked.access) as view:
        view.source(collection)
    return _see(asked, offer, "collections", collection)


@router.get("/id/{collection}/{feature:path}")
def feature(request: Request, collection: str, feature: str) -> Response:
    """A feature's identifier."""
    asked = asked_of(request)
    asked.read(frozenset())
    offer = asked.offer(GEOJSON, HTML, JSON_LD, TURTLE)
    with asked.gateway.queries.view(asked.access) as view:
        source = view.source(collection)
        if not view.reader.existing(source.collection.id, (feature,)):
            raise NotFound("there is no such feature", place=feature)
    return _see(asked, offer, "collections", collection, "items", feature)


def _see(asked: Asked, offer: Offer, *segments: str) -> Response:
    chosen = {name: value for name, value in asked.pairs if name == "lang"}
    return Response(status_code=303, headers={"Location": asked.url(*segments, f=offer.name, **chosen), "Vary": "Accept"})
