"""``/datasets`` and one dataset with its record, as JSON, page and ISO 19139; datasets that are a record only are here too."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.model.dataset import Dataset
from gateway.web import attribution, caching, describe, linked, pages
from gateway.web.answers import document, spoken
from gateway.web.context import asked_of
from gateway.web.features import link
from gateway.web.negotiation import HTML, JSON, JSON_LD, TURTLE, Offer

router = APIRouter()
ISO_TYPE = "application/vnd.iso.19139+xml"
ISO = Offer("xml", ISO_TYPE, ("application/xml", "text/xml"))
_ISO_SCHEMA = "http://www.isotc211.org/2005/gmd"


@router.get("/datasets")
def datasets(request: Request) -> Response:
    """All datasets the reader may see."""
    asked = asked_of(request)
    asked.read(frozenset())
    offer = asked.offer(JSON, HTML)
    with asked.gateway.queries.view(asked.access) as view:
        tag = caching.etag(asked, view, offer)
        if caching.is_fresh(asked, tag):
            return caching.not_modified(tag)
        found = view.datasets()
    if offer is HTML:
        return pages.datasets(asked, found, {"ETag": tag})
    links = [
        link(asked.url("datasets"), "self", "application/json", "this document"),
        link(asked.url("datasets", f="html"), "alternate", "text/html", "this document as a web page"),
    ]
    return document(asked, {"datasets": [describe.dataset(asked, entry) for entry in found], "links": links}, headers={"ETag": tag})


@router.get("/datasets/{dataset}")
def dataset(request: Request, dataset: str) -> Response:
    """One dataset and its record."""
    asked = asked_of(request)
    asked.read(frozenset())
    offer = asked.offer(JSON, HTML, ISO, JSON_LD, TURTLE)
    with asked.gateway.queries.view(asked.access) as view:
        found = view.dataset(dataset)
        tag = caching.etag(asked, view, offer)
    if caching.is_fresh(asked, tag):
        return caching.not_modified(tag)
    head = {**caching.headers(tag, found), "Link": attribution.named(asked, found).link}
    if offer is HTML:
        return pages.dataset(asked, found, head)
    if offer in (JSON_LD, TURTLE):
        return linked.dataset(asked, found, offer, head)
    if offer is ISO:
        return Response(_iso(found), headers=spoken(asked, head), media_type=ISO_TYPE)
    return document(asked, describe.dataset(asked, found), headers=head)


def _iso(found: Dataset) -> bytes:
    """The record as it came where it came as ISO 19139, else written from what is known."""
    record = found.record
    if record.source is not None and record.source_schema == _ISO_SCHEMA:
        return record.source
    from gateway.catalogue import iso19139

    return iso19139.write(record)
