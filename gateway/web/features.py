"""The features door's two hot answers, items and item: parse, ask, encode. Routes and the fast path call the same functions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from fastapi import Response

from gateway.model.crs import Crs
from gateway.model.text import pick
from gateway.services.query import Item, Items, Rows, Source
from gateway.web import attribution, caching, linked, representations
from gateway.web.alternates import Alternates
from gateway.web.asked import Asked
from gateway.web.negotiation import GEOJSON, HTML, JSON_LD, TURTLE, Offer
from gateway.web.parameters import ITEMS, MOMENT, SHOWN, filterable, items_request, next_token, shown, source_of

GEOJSON_TYPE = "application/geo+json"
ITEM_PARAMETERS = frozenset({"crs", *SHOWN, *MOMENT})
ITEMS_OFFERS = (GEOJSON, HTML, *representations.TABLE)
"""What a page of features can be had as; the first is what comes unasked."""
ITEM_OFFERS = (GEOJSON, HTML, *representations.TABLE, JSON_LD, TURTLE)
_LIGHT = frozenset({GEOJSON, HTML, JSON_LD, TURTLE})
_ITEMS_ALTERNATES = Alternates(GEOJSON, ITEMS_OFFERS, "these features as")
_ITEM_ALTERNATES = Alternates(GEOJSON, ITEM_OFFERS, "this feature as")


def is_light(asked: Asked, offers: tuple[Offer, ...]) -> bool:
    """Whether the representation asked for costs no more than the reading, so that it may be made in the event loop."""
    return asked.offer(*offers) in _LIGHT


def items(asked: Asked, collection: str) -> Response:
    """``GET /collections/{id}/items`` (OGC 17-069r4, /req/core/fc-op)."""
    offer = asked.offer(*ITEMS_OFFERS)
    with asked.gateway.queries.view(asked.access) as view:
        source = source_of(asked, view, collection)
        given = asked.read({*ITEMS, *filterable(source.collection)})
        request = items_request(source.collection, given, asked.gateway.settings.max_limit)
        tag = caching.etag(asked, view, offer)
        if caching.is_fresh(asked, tag):
            return caching.not_modified(tag)
        if offer in representations.TABLE:
            head = _headers(asked, source, representations.crs_of(source, offer, request.crs), tag)
            return representations.items(asked, view, source, request, offer, head)
        found = view.items(source, request)
    head = _headers(asked, source, found.crs, tag)
    if offer is HTML:
        from gateway.web import pages

        return pages.items(asked, found, head)
    return Response(_collection(asked, found), headers=head, media_type=GEOJSON_TYPE)


def item(asked: Asked, collection: str, feature: str) -> Response:
    """``GET /collections/{id}/items/{featureId}`` (OGC 17-069r4, /req/core/f-op)."""
    offer = asked.offer(*ITEM_OFFERS)
    given = asked.read(ITEM_PARAMETERS)
    with asked.gateway.queries.view(asked.access) as view:
        source = source_of(asked, view, collection)
        tag = caching.etag(asked, view, offer)
        crs = representations.crs_of(source, offer, given.get("crs"))
        chosen = shown(source.collection, given)
        found = view.item(source, feature, given.get("crs"), chosen)
        if caching.is_fresh(asked, tag):
            return caching.not_modified(tag)
        head = _headers(asked, source, crs, tag)
        if offer is HTML:
            from gateway.web import pages

            return pages.item(asked, found, view, head)
        if offer in representations.TABLE:
            return representations.item(asked, view, Rows(source, [found.row], 1, None, crs, shown=chosen), offer, head)
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
    told = attribution.named(asked, found.source.dataset).spliced
    links = _items_links(asked, found)
    return b"".join((orjson.dumps(head)[:-1], b',"links":[', links, b"],", told, b',"features":[', found.body, b"]}"))


def _items_links(asked: Asked, found: Items) -> bytes:
    """self, next, collection, an alternate for every other representation (/req/core/fc-links), and the licence."""
    links = [link(asked.again(), "self", GEOJSON_TYPE, "this page of features")]
    if (token := next_token(found)) is not None:
        links.append(link(asked.again(after=token), "next", GEOJSON_TYPE, "the next page"))
    links += _context(asked, found.source)
    return b"".join((orjson.dumps(links)[1:-1], b",", _ITEMS_ALTERNATES.spliced(asked)))


def _context(asked: Asked, source: Source) -> list[dict[str, str]]:
    title = pick(source.collection.title, asked.languages) or source.collection.id
    links = [link(asked.url("collections", source.collection.id), "collection", "application/json", title)]
    licence = attribution.named(asked, source.dataset).licence
    if licence is not None:
        links.append({"href": licence, "rel": "license", "title": source.dataset.licence or licence})
    return links


def _feature(asked: Asked, found: Item) -> bytes:
    """The ready feature with its links (/req/core/f-links)."""
    links = [link(asked.again(), "self", GEOJSON_TYPE, "this feature"), *_context(asked, found.source)]
    if found.row.parent is not None:
        parent = asked.url("collections", found.home, "items", found.row.parent)
        links.append(link(parent, "up", GEOJSON_TYPE, "the feature it is a part of"))
    told = attribution.named(asked, found.source.dataset).spliced
    others = _ITEM_ALTERNATES.spliced(asked)
    return b"".join((found.body[:-1], b",", told, b',"links":', orjson.dumps(links)[:-1], b",", others, b"]}"))


def link(href: str, rel: str, kind: str, title: str) -> dict[str, str]:
    """One link as OGC API writes it."""
    return {"href": href, "rel": rel, "type": kind, "title": title}
