"""The representations of features beside GeoJSON, HTML and linked data: a table, and the answers made from it.

A further format is one line here and an adapter. What a format has no place for travels as headers: ``OGC-NumberMatched``,
``OGC-NumberReturned`` and the links of the page (OGC 17-069r4, /req/gmlsf0/headers, which serves every format alike).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from fastapi import Response

from gateway.errors import ParameterError
from gateway.model.crs import Crs
from gateway.services import encoding
from gateway.services.query import Rows, Source, View
from gateway.services.question import ItemsRequest, choose_crs
from gateway.web.asked import Asked
from gateway.web.negotiation import CITYGML, CITYGML_3, CITYJSON, CITYJSONSEQ, GEOPACKAGE, Offer
from gateway.web.parameters import next_token


@dataclass(frozen=True, slots=True)
class Representation:
    """How one format is sent: the adapter that writes it, its title for people, the suffix of a saved file.

    `is_whole`: each feature comes with its family and its solids, in the storage CRS alone. `is_file`: it is saved, not shown.
    """

    adapter: str
    title: str
    suffix: str
    is_whole: bool = False
    is_file: bool = False


TABLE: dict[Offer, Representation] = {
    CITYJSON: Representation("cityjson", "CityJSON", ".city.json", is_whole=True),
    CITYJSONSEQ: Representation("cityjsonseq", "CityJSONSeq", ".city.jsonl", is_whole=True),
    CITYGML: Representation("citygml2", "CityGML 2.0", ".gml", is_whole=True),
    CITYGML_3: Representation("citygml3", "CityGML 3.0", ".gml", is_whole=True),
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
    return choose_crs(source.collection, text, "crs")


def items(asked: Asked, view: View, source: Source, request: ItemsRequest, offer: Offer, head: dict[str, str]) -> Response:
    """One page in the format of `offer`."""
    found = view.rows(source, request)
    head["OGC-NumberReturned"] = str(len(found.rows))
    if found.matched is not None:
        head["OGC-NumberMatched"] = str(found.matched)
    links = [_link(asked.again(), "self", offer)]
    if (token := next_token(found)) is not None:
        links.append(_link(asked.again(after=token), "next", offer))
    return _sent(asked, view, found, offer, head, links, source.collection.id)


def item(asked: Asked, view: View, found: Rows, offer: Offer, head: dict[str, str]) -> Response:
    """One feature in the format of `offer`."""
    links = [_link(asked.again(), "self", offer)]
    return _sent(asked, view, found, offer, head, links, found.rows[0].id, single=True)


def _sent(
    asked: Asked,
    view: View,
    found: Rows,
    offer: Offer,
    head: dict[str, str],
    links: list[str],
    name: str,
    *,
    single: bool = False,
) -> Response:
    form, collection = TABLE[offer], found.source.collection.id
    body = encoding.whole(view, found, form.adapter) if form.is_whole else encoding.flat(found, form.adapter, single=single)
    links.append(f'<{asked.url("collections", collection)}>; rel="collection"; type="application/json"')
    head["Link"] = ", ".join([*links, head["Link"]])
    if form.is_file:
        head["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}{form.suffix}"
    return Response(body, headers=head, media_type=offer.media_type)


def _link(href: str, rel: str, offer: Offer) -> str:
    return f'<{href}>; rel="{rel}"; type="{_bare(offer)}"'


@lru_cache(maxsize=64)
def _bare(offer: Offer) -> str:
    """The media type without parameters, which a quoted string could not hold."""
    return offer.types[0]
