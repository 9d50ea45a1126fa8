"""``/collections`` and one collection with its schema, and what it can be filtered and sorted by (OGC 17-069r4, 7.13, 7.14)."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.model.crs import CRS84
from gateway.services import encoding
from gateway.services.question import OFFERED
from gateway.web import attribution, caching, describe, pages, schemas
from gateway.web.answers import document
from gateway.web.asked import Asked
from gateway.web.context import asked_of
from gateway.web.features import link
from gateway.web.negotiation import HTML, JSON, XSD, Offer
from gateway.web.parameters import MOMENT, source_of

router = APIRouter()
SCHEMA = Offer("json", schemas.SCHEMA_TYPE, ("application/json",))
_MOMENT = frozenset(MOMENT)


@router.get("/collections")
def collections(request: Request) -> Response:
    """All collections the reader may see."""
    asked = asked_of(request)
    asked.read(frozenset())
    offer = asked.offer(JSON, HTML)
    with asked.gateway.queries.view(asked.access) as view:
        sources = view.sources()
        tag = caching.etag(asked, view, offer, of=[caching.of_dataset(source.dataset) for source in sources])
        if caching.is_fresh(asked, tag):
            return caching.not_modified(tag)
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
    """One collection, as it stands or as it stood."""
    asked = asked_of(request)
    asked.read(_MOMENT)
    offer = asked.offer(JSON, HTML)
    with asked.gateway.queries.view(asked.access) as view:
        source = source_of(asked, view, collection)
        before = view.predecessor(source)
        files = pages.files(asked, source) if offer is HTML and source.version is None else ()
        tag = caching.etag(asked, view, offer, files, of=caching.of_dataset(source.dataset))
    if caching.is_fresh(asked, tag, source.dataset.updated):
        return caching.not_modified(tag, source.dataset.updated)
    head = {**caching.headers(tag, source.dataset), "Link": attribution.named(asked, source.dataset).link}
    if offer is HTML:
        return pages.collection(asked, source, files, head)
    return document(asked, describe.collection(asked, source, before), headers=head)


@router.get("/collections/{collection}/schema")
def schema(request: Request, collection: str) -> Response:
    """The returnables and receivables: the schema of the features (OGC 23-058r2, clause 10)."""
    return _schema(asked_of(request), collection, "schema")


@router.get("/collections/{collection}/queryables")
def queryables(request: Request, collection: str) -> Response:
    """What features can be filtered by (clause 11)."""
    return _schema(asked_of(request), collection, "queryables")


@router.get("/collections/{collection}/sortables")
def sortables(request: Request, collection: str) -> Response:
    """What features can be sorted by (clause 12)."""
    return _schema(asked_of(request), collection, "sortables")


def _schema(asked: Asked, collection: str, name: str) -> Response:
    asked.read(_MOMENT)
    offer = asked.offer(SCHEMA, HTML, *((XSD,) if name == "schema" else ()))
    with asked.gateway.queries.view(asked.access) as view:
        source = source_of(asked, view, collection)
        tag = caching.etag(asked, view, offer, of=caching.of_dataset(source.dataset))
        if caching.is_fresh(asked, tag, source.dataset.updated):
            return caching.not_modified(tag, source.dataset.updated)
        if offer is XSD:
            return Response(encoding.schema(source, "gml"), headers=caching.headers(tag, source.dataset), media_type=XSD.media_type)
        body = schemas.document(asked, view, source, name)
    head = caching.headers(tag, source.dataset)
    if offer is HTML:
        return pages.schema(asked, source, body, name, head)
    return document(asked, body, media_type=schemas.SCHEMA_TYPE, headers=head)
