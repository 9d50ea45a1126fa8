"""The links to all other representations of a page of features, made as bytes since every answer carries them."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from gateway.web.asked import Asked
from gateway.web.negotiation import GEOJSON, HTML, JSON_LD, JSONFG, TURTLE, Offer
from gateway.web.representations import TABLE

_TITLES = {GEOJSON: "GeoJSON", HTML: "a web page", JSON_LD: "linked data", TURTLE: "linked data"}
_ANY, _WHOLE = b"\0", b"\1"
"""Where the address of a link goes; no JSON has these bytes."""


class Alternates:
    """Links with rel=alternate to every one of `offers` but `own`; `lead` begins their titles."""

    def __init__(self, own: Offer, offers: Sequence[Offer], lead: str) -> None:
        others = [offer for offer in offers if offer is not own]
        links = [_ANY + _tail(offer, lead) for offer in others if not _is_whole(offer)]
        links += [_WHOLE + _tail(offer, lead) for offer in others if _is_whole(offer)]
        self._links = b",".join(links)

    def spliced(self, asked: Asked) -> bytes:
        """Comma-joined links; those that come in the storage CRS alone are without `crs`."""
        begin = _begin(asked.again(f=None))
        alone = _begin(asked.again(f=None, crs=None)) if b"crs=" in asked.scope["query_string"] else begin
        return self._links.replace(_ANY, begin).replace(_WHOLE, alone)


def _begin(address: str) -> bytes:
    mark = "&" if "?" in address else "?"
    return b'{"href":"' + orjson.dumps(f"{address}{mark}f=")[1:-1]


def _is_whole(offer: Offer) -> bool:
    return offer in TABLE and TABLE[offer].is_whole


def _tail(offer: Offer, lead: str) -> bytes:
    """What follows ``f=`` in the link of one offer."""
    title = _TITLES.get(offer) or TABLE[offer].title
    kind = GEOJSON.types[0] if offer is JSONFG else offer.types[0]
    rest = {"rel": "alternate", "type": kind, "title": f"{lead} {title}"}
    return offer.name.encode() + b'",' + orjson.dumps(rest)[1:]
