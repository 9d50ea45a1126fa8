"""The features door's two hot answers, items and item: parse, ask, encode. Routes and the fast path call the same functions."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import Response

from gateway.model.crs import Crs
from gateway.model.text import pick
from gateway.services.query import Item, Items, Rows, Source
from gateway.web import attribution, caching, clock, linked, profiles, representations
from gateway.web.alternates import Alternates
from gateway.web.answers import Whole
from gateway.web.asked import Asked
from gateway.web.negotiation import GEOJSON, HTML, JSON_LD, JSONFG, TURTLE, Offer
from gateway.web.parameters import MOMENT, SHOWN, items_parameters, items_request, next_token, shown, source_of

GEOJSON_TYPE = "application/geo+json"
ITEM_PARAMETERS = frozenset({"crs", *SHOWN, *MOMENT})
ITEMS_OFFERS = (GEOJSON, HTML, *representations.TABLE)
"""What a page of features can be had as; the first is what comes unasked."""
ITEM_OFFERS = (GEOJSON, HTML, *representations.TABLE, JSON_LD, TURTLE)
_LIGHT = frozenset({GEOJSON, HTML, JSON_LD, TURTLE})
_ITEMS_ALTERNATES = Alternates(GEOJSON, ITEMS_OFFERS, "these features as")
_JSONFG_ALTERNATES = Alternates(JSONFG, ITEMS_OFFERS, "these features as")
_JSONFG_ITEM_ALTERNATES = Alternates(JSONFG, ITEM_OFFERS, "this feature as")
_ITEM_ALTERNATES = Alternates(GEOJSON, ITEM_OFFERS, "this feature as")


def is_light(asked: Asked, offers: tuple[Offer, ...]) -> bool:
    """Whether the representation asked for costs no more than the reading, so that it may be made in the event loop."""
    return _offer(asked, offers) in _LIGHT


def _offer(asked: Asked, offers: tuple[Offer, ...]) -> Offer:
    """The representation to send: what is negotiated, and JSON-FG for GeoJSON in a profile of that (OGC 21-045r1, /req/api)."""
    chosen = asked.offer(*offers)
    if chosen is GEOJSON and b"profile=" in asked.scope["query_string"]:
        asks = (name for parameter, value in asked.pairs if parameter == "profile" for name in value.split(","))
        names = {name.strip().removeprefix(profiles.REGISTER) for name in asks}
        return GEOJSON if names.isdisjoint(("jsonfg", "jsonfg-plus")) else JSONFG
    return chosen


def items(asked: Asked, collection: str) -> Response:
    """``GET /collections/{id}/items`` (OGC 17-069r4, /req/core/fc-op)."""
    offer = _offer(asked, ITEMS_OFFERS)
    with asked.gateway.queries.view(asked.access) as view:
        source = source_of(asked, view, collection)
        given = asked.read(items_parameters(source.collection))
        request = items_request(source.collection, given, asked.gateway.settings.max_limit)
        profile = profiles.chosen(source, given.get("profile"))
        tag = caching.etag(asked, view, offer, of=caching.of_source(source))
        if not source.collection.remote and caching.is_fresh(asked, tag, source.dataset.updated):
            return caching.not_modified(tag, source.dataset.updated)
        if offer in representations.TABLE:
            head = _headers(asked, source, representations.crs_of(source, offer, request.crs), tag)
            return representations.items(asked, view, source, request, offer, head, lambda page: _page_members(asked, page))
        found = view.items(source, request)
    head = _headers(asked, source, found.crs, tag)
    if offer is HTML:
        from gateway.web import pages

        return pages.items(asked, found, head)
    head["Link"] = profiles.header(profile) + head["Link"]
    return Whole(_collection(asked, found, profile), head, GEOJSON_TYPE)


def item(asked: Asked, collection: str, feature: str) -> Response:
    """``GET /collections/{id}/items/{featureId}`` (OGC 17-069r4, /req/core/f-op)."""
    offer = _offer(asked, ITEM_OFFERS)
    given = asked.read(ITEM_PARAMETERS)
    with asked.gateway.queries.view(asked.access) as view:
        source = source_of(asked, view, collection)
        crs = representations.crs_of(source, offer, given.get("crs"))
        chosen, profile = shown(source.collection, given), profiles.chosen(source, given.get("profile"))
        found = view.item(source, feature, given.get("crs"), chosen)
        tag = caching.item_etag(asked, found, offer, () if offer is GEOJSON else source.dataset.version)
        published = view.published(source.dataset, found.row.since)
        if caching.is_fresh(asked, tag, published):
            return caching.not_modified(tag, published)
        head = {**_headers(asked, source, crs, tag), **caching.modified(published)}
        if offer is HTML:
            from gateway.web import pages

            return pages.item(asked, found, view, head)
        if offer in representations.TABLE:
            return representations.item(
                asked,
                view,
                Rows(source, [found.row], 1, None, crs, shown=chosen),
                offer,
                head,
                lambda page: _item_members(asked, found),
            )
    if offer in (JSON_LD, TURTLE):
        return linked.feature(asked, found, offer, head)
    head["Link"] = profiles.header(profile) + head["Link"]
    return Whole(_feature(asked, found, profile), head, GEOJSON_TYPE)


def _headers(asked: Asked, source: Source, crs: Crs, tag: str) -> dict[str, str]:
    """Content-Crs (OGC 18-058r1, /req/crs/ogc-crs-header), validators, language, source and licence."""
    found = {
        "Content-Crs": f"<{crs.uri}>",
        "Content-Language": asked.language,
        **caching.headers(tag, None if source.collection.remote else source.dataset),
    }
    found["Link"] = attribution.named(asked, source.dataset).link
    return found


def _collection(asked: Asked, found: Items, profile: str | None) -> bytes:
    head: dict[str, Any] = {"type": "FeatureCollection", **_counted(found.matched, found.returned)}
    told = attribution.named(asked, found.source.dataset).spliced
    links = _items_links(asked, found, profile)
    body = profiles.written(asked, found.source, profile, found.body)
    return b"".join((orjson.dumps(head)[:-1], b',"links":[', links, b"],", told, b',"features":[', body, b"]}"))


def _counted(matched: int | None, returned: int) -> dict[str, Any]:
    """numberMatched where it is known, numberReturned, timeStamp (/req/core/fc-numberMatched and following)."""
    head: dict[str, Any] = {} if matched is None else {"numberMatched": matched}
    return {**head, "numberReturned": returned, "timeStamp": clock.seconds()}


def _items_links(asked: Asked, found: Items, profile: str | None) -> bytes:
    """self, next, collection, an alternate for every other representation (/req/core/fc-links), and the licence."""
    parts = [_href(asked.again()), _SELF_PAGE]
    if (token := next_token(found)) is not None:
        parts += (_href(asked.again(after=token, offset=None)), _NEXT_PAGE)
    parts.append(_kept_context(asked, found.source)[2])
    if profile is not None:
        parts += (orjson.dumps(profiles.links(profile))[1:-1], b",")
    parts.append(_ITEMS_ALTERNATES.spliced(asked))
    return b"".join(parts)


def _href(address: str) -> bytes:
    """The beginning of a link up to the end of its address."""
    return b'{"href":' + orjson.dumps(address)


_SELF_PAGE = b',"rel":"self","type":"application/geo+json","title":"this page of features"},'
_NEXT_PAGE = b',"rel":"next","type":"application/geo+json","title":"the next page"},'


def _page_links(asked: Asked, found: Items | Rows) -> list[dict[str, str]]:
    links = [link(asked.again(), "self", GEOJSON_TYPE, "this page of features")]
    if (token := next_token(found)) is not None:
        links.append(link(asked.again(after=token, offset=None), "next", GEOJSON_TYPE, "the next page"))
    return links + _context(asked, found.source)


def _page_members(asked: Asked, found: Rows) -> dict[str, Any]:
    """What a page of JSON-FG says beside its features."""
    links = [*_page_links(asked, found), *representations.profile_links(JSONFG)]
    return {
        **_counted(found.matched, len(found.rows)),
        "links": [*links, *orjson.loads(b"[" + _JSONFG_ALTERNATES.spliced(asked) + b"]")],
        **attribution.named(asked, found.source.dataset).members,
    }


def _item_members(asked: Asked, found: Item) -> dict[str, Any]:
    """What a feature of JSON-FG says beside itself."""
    others = orjson.loads(b"[" + _JSONFG_ITEM_ALTERNATES.spliced(asked) + b"]")
    links = [*_item_links(asked, found), *representations.profile_links(JSONFG), *others]
    return {**attribution.named(asked, found.source.dataset).members, "links": links}


type _Context = tuple[Source, list[dict[str, str]], bytes]

_contexts: dict[tuple[str, str, str], _Context] = {}
_MOST_CONTEXTS = 1000


def _context(asked: Asked, source: Source) -> list[dict[str, str]]:
    """The links to the collection and its licence."""
    return _kept_context(asked, source)[1]


def _kept_context(asked: Asked, source: Source) -> _Context:
    """The same, made once for each source, address and language; as JSON they end with a comma."""
    key = (source.collection.id, asked.base, asked.language)
    kept = _contexts.get(key)
    if kept is None or kept[0] is not source:
        if len(_contexts) >= _MOST_CONTEXTS:
            _contexts.clear()
        links = _context_of(asked, source)
        kept = _contexts[key] = (source, links, orjson.dumps(links)[1:-1] + b",")
    return kept


def _context_of(asked: Asked, source: Source) -> list[dict[str, str]]:
    title = pick(source.collection.title, asked.languages) or source.collection.id
    links = [link(asked.url("collections", source.collection.id), "collection", "application/json", title)]
    licence = attribution.named(asked, source.dataset).licence
    if licence is not None:
        links.append({"href": licence, "rel": "license", "title": source.dataset.licence or licence})
    return links


def _feature(asked: Asked, found: Item, profile: str | None) -> bytes:
    """The ready feature with its links (/req/core/f-links)."""
    told = attribution.named(asked, found.source.dataset).spliced
    links = orjson.dumps([*_item_links(asked, found), *profiles.links(profile)])[:-1]
    body = profiles.written(asked, found.source, profile, found.body)
    return b"".join((body[:-1], b",", told, b',"links":', links, b",", _ITEM_ALTERNATES.spliced(asked), b"]}"))


def _item_links(asked: Asked, found: Item) -> list[dict[str, str]]:
    """self, collection, the licence, and the feature it is a part of."""
    links = [link(asked.again(), "self", GEOJSON_TYPE, "this feature"), *_context(asked, found.source)]
    if found.row.parent is not None:
        parent = asked.url("collections", found.home, "items", found.row.parent)
        links.append(link(parent, "up", GEOJSON_TYPE, "the feature it is a part of"))
    return links


def link(href: str, rel: str, kind: str, title: str) -> dict[str, str]:
    """One link as OGC API writes it."""
    return {"href": href, "rel": rel, "type": kind, "title": title}
