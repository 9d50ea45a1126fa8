"""``/``, ``/conformance`` and ``/api``: what is here and how to ask it (OGC 17-069r4, 7.2 to 7.4)."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.web import caching, describe_tiles, openapi, pages, tiles
from gateway.web.answers import document
from gateway.web.asked import Asked
from gateway.web.conformance import CLASSES
from gateway.web.context import asked_of
from gateway.web.describe_processes import JOBS, PROCESSES
from gateway.web.features import link
from gateway.web.negotiation import HTML, JSON, Offer

router = APIRouter()
FUNCTIONS = "http://www.opengis.net/def/rel/ogc/1.0/functions"
OPENAPI_TYPE = "application/vnd.oai.openapi+json;version=3.0"
OPENAPI = Offer("json", OPENAPI_TYPE, ("application/json",))


@router.get("/")
def landing(request: Request) -> Response:
    """The landing page."""
    asked = asked_of(request)
    asked.read(frozenset())
    offer = asked.offer(JSON, HTML)
    with asked.gateway.queries.view(asked.access) as view:
        tag = caching.etag(asked, view, offer)
        if caching.is_fresh(asked, tag):
            return caching.not_modified(tag)
        title = view.title
        datasets = view.datasets() if offer is HTML else []
    if offer is HTML:
        return pages.landing(asked, datasets, {"ETag": tag})
    body = {
        "title": title,
        "description": "A digital twin shared by its partners, under a charter, through open standards.",
        "links": _links(asked),
    }
    return document(asked, body, headers={"ETag": tag})


def _links(asked: Asked) -> list[dict[str, str]]:
    return [
        link(asked.url(), "self", "application/json", "this document"),
        link(asked.url(f="html"), "alternate", "text/html", "this document as a web page"),
        link(asked.url("api"), "service-desc", OPENAPI_TYPE, "the definition of the API"),
        link(asked.url("api", f="html"), "service-doc", "text/html", "the documentation of the API"),
        link(asked.url("conformance"), "conformance", "application/json", "the conformance classes kept"),
        link(asked.url("collections"), "data", "application/json", "the collections of features"),
        link(asked.url("tiles"), tiles.VECTOR, "application/json", "vector tiles of all collections"),
        link(asked.url("tileMatrixSets"), describe_tiles.SCHEMES, "application/json", "the grids tiles are served on"),
        link(asked.url("functions"), FUNCTIONS, "application/json", "the functions that filters may call"),
        link(asked.url("processes"), PROCESSES, "application/json", "the processes"),
        link(asked.url("jobs"), JOBS, "application/json", "the jobs"),
        link(asked.url("datasets"), "related", "application/json", "the datasets and their records"),
        link(
            asked.url("csw", service="CSW", request="GetCapabilities"),
            "search",
            "application/xml",
            "the catalogue (CSW 2.0.2 and 3.0)",
        ),
        link(asked.url("sparql"), "related", "application/sparql-results+json", "linked data (SPARQL 1.1)"),
    ]


@router.get("/conformance")
def conformance(request: Request) -> Response:
    """The conformance declaration."""
    asked = asked_of(request)
    asked.read(frozenset())
    if asked.offer(JSON, HTML) is HTML:
        return pages.conformance(asked, CLASSES)
    links = [
        link(asked.url("conformance"), "self", "application/json", "this document"),
        link(asked.url("conformance", f="html"), "alternate", "text/html", "this document as a web page"),
    ]
    return document(asked, {"conformsTo": list(CLASSES), "links": links})


@router.get("/api")
def api(request: Request) -> Response:
    """The API definition, OpenAPI 3.0, for what the reader may see."""
    asked = asked_of(request)
    asked.read(frozenset())
    offer = asked.offer(OPENAPI, HTML)
    with asked.gateway.queries.view(asked.access) as view:
        tag = caching.etag(asked, view, offer)
        if caching.is_fresh(asked, tag):
            return caching.not_modified(tag)
        definition = openapi.document(asked, view, view.title)
    if offer is HTML:
        return pages.api(asked, definition, {"ETag": tag})
    return document(asked, definition, media_type=OPENAPI_TYPE, headers={"ETag": tag})
