"""The features door's two hot answers, items and item: parse, ask, encode. Routes and the fast path call the same functions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import Response

from gateway.model.crs import Crs
from gateway.model.text import pick
from gateway.services import family
from gateway.services.query import Item, Items, Source
from gateway.web import attribution, caching, linked
from gateway.web.asked import Asked
from gateway.web.negotiation import CITYJSON, GEOJSON, HTML, JSON_LD, TURTLE
from gateway.web.parameters import ITEMS, filterable, items_request, token_of

GEOJSON_TYPE = "application/geo+json"
ITEM_PARAMETERS = frozenset({"crs"})


def items(asked: Asked, collection: str) -> Response:
    """``GET /collections/{id}/items`` (OGC 17-069r4, /req/core/fc-op)."""
    offer = asked.offer(GEOJSON, HTML)
    with asked.gateway.queries.view(asked.access) as view:
        source = view.source(collection)
        given = asked.read({*ITEMS, *filterable(source.collection)})
        request = items_request(source.collection, given, asked.gateway.settings.max_limit)
        tag = caching.etag(asked, view, offer)
        if caching.is_fresh(asked, tag):
            return caching.not_modified(tag)
        found = view.items(source, request)
    head = _headers(asked, source, found.crs, tag)
    if offer is HTML:
        from gateway.web import pages

        return pages.items(asked, found, head)
    return Response(_collection(asked, found), headers=head, media_type=GEOJSON_TYPE)


def item(asked: Asked, collection: str, feature: str) -> Response:
    """``GET /collections/{id}/items/{featureId}`` (OGC 17-069r4, /req/core/f-op)."""
    offer = asked.offer(GEOJSON, HTML, CITYJSON, JSON_LD, TURTLE)
    given = asked.read(frozenset() if offer is CITYJSON else ITEM_PARAMETERS)
    with asked.gateway.queries.view(asked.access) as view:
        source = view.source(collection)
        tag = caching.etag(asked, view, offer)
        found = view.item(source, feature, given.get("crs"))
        if caching.is_fresh(asked, tag):
            return caching.not_modified(tag)
        head = _headers(asked, source, source.collection.crs if offer is CITYJSON else found.crs, tag)
        if offer is HTML:
            from gateway.web import pages

            return pages.item(asked, found, view, head)
        if offer is CITYJSON:
            return Response(family.as_cityjson(view, source, found.row), headers=head, media_type=CITYJSON.media_type)
    if offer in (JSON_LD, TURTLE):
        return linked.feature(asked, found, offer, head)
    return Response(_feature(asked, found), headers=head, media_type=GEOJSON_TYPE)


def _headers(asked: Asked, source: Source, crs: Crs, tag: str) -> dict[str, str]:
    """Content-Crs (OGC 18-058r1, /req/crs/ogc-crs-header), validators, language, source and licence."""
    found = {"Content-Crs": f"<{crs.uri}>", "Content-Language": asked.language, **caching.headers(tag, source.dataset)}
    found["Link"] = attribution.named(asked, source.dataset).link
    return found


def _collection(asked: Asked, found: Items) -> bytes:
    head: dict[str, Any] = {"type": "FeatureCollection"}
    if found.matched is not None:
        head["numberMatched"] = found.matched
    head["numberReturned"] = found.returned
    head["timeStamp"] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    head["links"] = _items_links(asked, found)
    told = attribution.named(asked, found.source.dataset).spliced
    return b"".join((orjson.dumps(head)[:-1], b",", told, b',"features":[', found.body, b"]}"))


def _items_links(asked: Asked, found: Items) -> list[dict[str, str]]:
    """self, alternate, next, collection (/req/core/fc-links), and the licence."""
    source = found.source
    links = [
        link(asked.again(), "self", GEOJSON_TYPE, "this page of features"),
        link(asked.again(f="html"), "alternate", "text/html", "these features as a web page"),
    ]
    if found.last is not None:
        links.append(link(asked.again(after=token_of(found.last)), "next", GEOJSON_TYPE, "the next page"))
    return links + _context(asked, source)


def _context(asked: Asked, source: Source) -> list[dict[str, str]]:
    title = pick(source.collection.title, asked.languages) or source.collection.id
    links = [link(asked.url("collections", source.collection.id), "collection", "application/json", title)]
    licence = attribution.named(asked, source.dataset).licence
    if licence is not None:
        links.append({"href": licence, "rel": "license", "title": source.dataset.licence or licence})
    return links


def _feature(asked: Asked, found: Item) -> bytes:
    """The ready feature with its links (/req/core/f-links)."""
    links = [
        link(asked.again(), "self", GEOJSON_TYPE, "this feature"),
        link(asked.again(f="html"), "alternate", "text/html", "this feature as a web page"),
        link(asked.again(f="cityjson", crs=None), "alternate", CITYJSON.media_type, "this feature and its family in 3D"),
        link(asked.again(f="jsonld"), "alternate", "application/ld+json", "this feature as linked data"),
        link(asked.again(f="ttl"), "alternate", "text/turtle", "this feature as linked data"),
        *_context(asked, found.source),
    ]
    if found.row.parent is not None:
        parent = asked.url("collections", found.home, "items", found.row.parent)
        links.append(link(parent, "up", GEOJSON_TYPE, "the feature it is a part of"))
    told = attribution.named(asked, found.source.dataset).spliced
    return b"".join((found.body[:-1], b",", told, b',"links":', orjson.dumps(links), b"}"))


def link(href: str, rel: str, kind: str, title: str) -> dict[str, str]:
    """One link as OGC API writes it."""
    return {"href": href, "rel": rel, "type": kind, "title": title}
