"""``/collections`` and one collection, its schema and what it can be filtered by (OGC 17-069r4, 7.13 and 7.14)."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.model.crs import CRS84
from gateway.services.question import OFFERED
from gateway.web import attribution, caching, describe, pages
from gateway.web.answers import document
from gateway.web.asked import Asked
from gateway.web.context import asked_of
from gateway.web.features import link
from gateway.web.negotiation import HTML, JSON, Offer
from gateway.web.parameters import filterable

router = APIRouter()
SCHEMA = Offer("json", describe.SCHEMA_TYPE, ("application/json",))


@router.get("/collections")
def collections(request: Request) -> Response:
    """All collections the reader may see."""
    asked = asked_of(request)
    asked.read(frozenset())
    offer = asked.offer(JSON, HTML)
    with asked.gateway.queries.view(asked.access) as view:
        tag = caching.etag(asked, view, offer)
        if caching.is_fresh(asked, tag):
            return caching.not_modified(tag)
        sources = view.sources()
    if offer is HTML:
        return pages.collections(asked, sources, {"ETag": tag})
    body = {
        "links": [
            link(asked.url("collections"), "self", "application/json", "this document"),
            link(asked.url("collections", f="html"), "alternate", "text/html", "this document as a web page"),
        ],
        "crs": [CRS84.uri, *(crs.uri for crs in OFFERED)],
        "collections": [describe.collection(asked, source) for source in sources],
    }
    return document(asked, body, headers={"ETag": tag})


@router.get("/collections/{collection}")
def collection(request: Request, collection: str) -> Response:
    """One collection."""
    asked = asked_of(request)
    asked.read(frozenset())
    offer = asked.offer(JSON, HTML)
    with asked.gateway.queries.view(asked.access) as view:
        source = view.source(collection)
        files = pages.files(asked, source) if offer is HTML else ()
        tag = caching.etag(asked, view, offer, files)
    if caching.is_fresh(asked, tag):
        return caching.not_modified(tag)
    head = {**caching.headers(tag, source.dataset), "Link": attribution.named(asked, source.dataset).link}
    if offer is HTML:
        return pages.collection(asked, source, files, head)
    return document(asked, describe.collection(asked, source), headers=head)


@router.get("/collections/{collection}/schema")
def schema(request: Request, collection: str) -> Response:
    """The schema of the features' properties."""
    return _schema(asked_of(request), collection, "schema")


@router.get("/collections/{collection}/queryables")
def queryables(request: Request, collection: str) -> Response:
    """The properties that are query parameters of the items."""
    return _schema(asked_of(request), collection, "queryables")


def _schema(asked: Asked, collection: str, name: str) -> Response:
    asked.read(frozenset())
    offer = asked.offer(SCHEMA, HTML)
    with asked.gateway.queries.view(asked.access) as view:
        source = view.source(collection)
        tag = caching.etag(asked, view, offer)
    names = filterable(source.collection) if name == "queryables" else None
    body = describe.schema(asked, source, name=name, geometry=name == "schema", names=names)
    if offer is HTML:
        return pages.schema(asked, source, body, name, caching.headers(tag, source.dataset))
    return document(asked, body, media_type=describe.SCHEMA_TYPE, headers=caching.headers(tag, source.dataset))
