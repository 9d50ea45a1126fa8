"""The representations of features beside GeoJSON, HTML and linked data: a table, and the answers made from it.

A further format is one line here and an adapter. What a format has no place for travels as headers: ``OGC-NumberMatched``,
``OGC-NumberReturned`` and the links of the page (OGC 17-069r4, /req/gmlsf0/headers, which serves every format alike).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from fastapi import Response

from gateway.errors import ParameterError
from gateway.model.crs import Crs
from gateway.services import encoding
from gateway.services.query import Rows, Source, View
from gateway.services.question import ItemsRequest, choose_crs
from gateway.web.asked import Asked
from gateway.web.negotiation import (
    CITYGML,
    CITYGML_3,
    CITYJSON,
    CITYJSONSEQ,
    CSV,
    FLATGEOBUF,
    GEOJSON,
    GEOPACKAGE,
    GEOPARQUET,
    GML,
    JSONFG,
    Offer,
)
from gateway.web.parameters import next_token

type Members = Callable[[Rows], dict[str, Any]]

PROFILES: dict[Offer, tuple[str, ...]] = {
    JSONFG: tuple(f"http://www.opengis.net/def/profile/OGC/0/{name}" for name in ("jsonfg", "jsonfg-plus")),
}
"""Profiles that a representation keeps besides its media type (OGC 21-045r1, clause 14)."""


@dataclass(frozen=True, slots=True)
class Representation:
    """How one format is sent: the adapter that writes it, its title for people, the suffix of a saved file.

    `is_whole`: each feature comes with its family and its solids, in the storage CRS alone. `is_file`: it is saved, not shown.
    `schema`: the word of `f` by which the schema that the answer names is had.
    """

    adapter: str
    title: str
    suffix: str
    is_whole: bool = False
    is_file: bool = False
    schema: str | None = None


TABLE: dict[Offer, Representation] = {
    JSONFG: Representation("jsonfg", "JSON-FG", ".fg.json", schema="json"),
    CITYJSON: Representation("cityjson", "CityJSON", ".city.json", is_whole=True),
    CITYJSONSEQ: Representation("cityjsonseq", "CityJSONSeq", ".city.jsonl", is_whole=True),
    GML: Representation("gml", "GML 3.2 simple features", ".gml", schema="xsd"),
    CITYGML: Representation("citygml2", "CityGML 2.0", ".gml", is_whole=True),
    CITYGML_3: Representation("citygml3", "CityGML 3.0", ".gml", is_whole=True),
    CSV: Representation("csv", "CSV", ".csv", is_file=True),
    FLATGEOBUF: Representation("flatgeobuf", "FlatGeobuf", ".fgb", is_file=True),
    GEOPARQUET: Representation("geoparquet", "GeoParquet", ".parquet", is_file=True),
    GEOPACKAGE: Representation("geopackage", "GeoPackage", ".gpkg", is_file=True),
}
"""By offer, in the order in which they are listed."""


def crs_of(source: Source, offer: Offer, text: str | None) -> Crs:
    """The CRS of the coordinates that `offer` is sent in. Raises ParameterError for one it cannot be had in."""
    storage = source.collection.crs
    if offer in TABLE and TABLE[offer].is_whole:
        if text is not None and choose_crs(source.collection, text, "crs") != storage:
            raise ParameterError("crs", f"{TABLE[offer].title} comes in the storage CRS", cure=storage.uri)
        return storage
    if offer is JSONFG and text is None:
        return storage
    return choose_crs(source.collection, text, "crs")


def items(
    asked: Asked, view: View, source: Source, request: ItemsRequest, offer: Offer, head: dict[str, str], members: Members
) -> Response:
    """One page in the format of `offer`; `members` makes what a JSON document says beside its features."""
    found = replace(view.rows(source, request), crs=crs_of(source, offer, request.crs))
    head["OGC-NumberReturned"] = str(len(found.rows))
    if found.matched is not None:
        head["OGC-NumberMatched"] = str(found.matched)
    links = [_link(asked.again(), "self", offer)]
    if (token := next_token(found)) is not None:
        links.append(_link(asked.again(after=token, offset=None), "next", offer))
    body = _encoded(asked, view, found, offer, members)
    return _sent(asked, body, offer, head, links, found, source.collection.id)


def item(asked: Asked, view: View, found: Rows, offer: Offer, head: dict[str, str], members: Members) -> Response:
    """One feature in the format of `offer`."""
    body = _encoded(asked, view, found, offer, members, single=True)
    links = [_link(asked.again(), "self", offer)]
    return _sent(asked, body, offer, head, links, found, found.rows[0].id)


def _encoded(asked: Asked, view: View, found: Rows, offer: Offer, members: Members, *, single: bool = False) -> bytes:
    form = TABLE[offer]
    if form.is_whole:
        return encoding.whole(view, found, form.adapter)
    schema = _schema(asked, found, form)
    said = members(found) if offer is JSONFG else None
    return encoding.flat(found, form.adapter, schema=schema, members=said, single=single)


def _sent(asked: Asked, body: bytes, offer: Offer, head: dict[str, str], links: list[str], found: Rows, name: str) -> Response:
    form, schema = TABLE[offer], _schema(asked, found, TABLE[offer])
    links.append(f'<{asked.url("collections", found.source.collection.id)}>; rel="collection"; type="application/json"')
    if schema is not None:
        links.append(f'<{schema}>; rel="describedby"')
    links += [f'<{profile}>; rel="profile"' for profile in PROFILES.get(offer, ())]
    head["Link"] = ", ".join([*links, head["Link"]])
    if form.is_file:
        head["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}{form.suffix}"
    return Response(body, headers=head, media_type=_media_type(asked, offer))


def _schema(asked: Asked, found: Rows, form: Representation) -> str | None:
    """Where the schema that an answer follows is had."""
    source = found.source
    then = {} if source.version is None else {"version": str(source.version)}
    return None if form.schema is None else asked.url("collections", source.collection.id, "schema", **then, f=form.schema)


def _media_type(asked: Asked, offer: Offer) -> str:
    """That of the offer; JSON-FG is sent as GeoJSON, which it is, but to those who ask for the type of its drafts."""
    if offer is JSONFG and "fg+json" not in (asked.header(b"accept") or ""):
        return GEOJSON.types[0]
    return offer.media_type


def profile_links(offer: Offer) -> list[dict[str, str]]:
    """The profiles of a representation, for a document that has links."""
    return [{"href": profile, "rel": "profile"} for profile in PROFILES.get(offer, ())]


def _link(href: str, rel: str, offer: Offer) -> str:
    return f'<{href}>; rel="{rel}"; type="{_bare(offer)}"'


@lru_cache(maxsize=64)
def _bare(offer: Offer) -> str:
    """The media type without parameters, which a quoted string could not hold."""
    return offer.types[0]
