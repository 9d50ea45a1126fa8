"""Which representation and which language a caller wants: `f` and `lang` first, then Accept and Accept-Language (RFC 9110, 12)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from gateway.errors import NotAcceptable, ParameterError

LANGUAGES = ("en", "fr")

_RANGES = 64
"""Ranges of an Accept header that are looked at; nobody needs more."""

_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """One representation: the word of `f`, the media type it is sent as, and other types a caller may ask it by.

    Each is made once and is itself alone, so that a list of them is looked up by identity.
    """

    name: str
    media_type: str
    also: tuple[str, ...] = ()

    @property
    def types(self) -> tuple[str, ...]:
        """All media types this representation answers to, without parameters."""
        return (self.media_type.partition(";")[0], *self.also)


JSON = Offer("json", "application/json")
GEOJSON = Offer("json", "application/geo+json", ("application/json",))
JSON_LD = Offer("jsonld", "application/ld+json")
TURTLE = Offer("ttl", "text/turtle", ("application/x-turtle",))
CITYJSON = Offer("cityjson", "application/city+json")
HTML = Offer("html", "text/html; charset=utf-8", ("application/xhtml+xml",))
CITYJSONSEQ = Offer("cityjsonseq", "application/city+json-seq")
JSONFG = Offer("jsonfg", "application/vnd.ogc.fg+json", ("application/fg+json",))
CSV = Offer("csv", "text/csv; charset=utf-8; header=present")
FLATGEOBUF = Offer("flatgeobuf", "application/flatgeobuf", ("application/vnd.flatgeobuf",))
GEOPARQUET = Offer("geoparquet", "application/vnd.apache.parquet", ("application/x-parquet",))
GML = Offer("gml", 'application/gml+xml;version=3.2;profile="http://www.opengis.net/def/profile/ogc/2.0/gml-sf0"')
XSD = Offer("xsd", "application/xml", ("text/xml",))
CITYGML = Offer("citygml", "application/gml+xml")
CITYGML_3 = Offer("citygml3", "application/gml+xml")
GEOPACKAGE = Offer("geopackage", "application/geopackage+sqlite3")


@lru_cache(maxsize=1024)
def choose(f: str | None, accept: str | None, offers: tuple[Offer, ...]) -> Offer:
    """The representation to send; the first of `offers` where the caller does not mind.

    Raises ParameterError for an unknown `f`, NotAcceptable when Accept names none of the types.
    """
    if f is not None:
        found = next((offer for offer in offers if offer.name == f), None)
        if found is None:
            raise ParameterError(
                "f", "there is no such representation here", cure=f"one of {', '.join(offer.name for offer in offers)}"
            )
        return found
    if not accept:
        return offers[0]
    wanted = {name: weight for name, weight in _weights(accept).items() if "/" in name}
    if not wanted:
        return offers[0]
    ranked = [(max(_weight(kind, wanted) for kind in offer.types), -place, offer) for place, offer in enumerate(offers)]
    weight, _, best = max(ranked, key=lambda entry: entry[:2])
    if weight <= 0:
        raise NotAcceptable(
            "none of the accepted types is offered", cure=f"Accept: {', '.join(offer.types[0] for offer in offers)}"
        )
    return best


@lru_cache(maxsize=1024)
def language(lang: str | None, accept: str | None) -> str:
    """The language of the answer, English where nothing else fits. Raises ParameterError for an unknown `lang`."""
    if lang is not None:
        if lang not in LANGUAGES:
            raise ParameterError("lang", "there is no such language here", cure=f"one of {', '.join(LANGUAGES)}")
        return lang
    wanted = sorted(_weights(accept or "").items(), key=lambda entry: -entry[1])
    for tag, weight in wanted:
        primary = tag.partition("-")[0]
        if weight > 0 and primary in LANGUAGES:
            return primary
    return LANGUAGES[0]


def _weights(header: str) -> dict[str, float]:
    """The members of an Accept header with their weights; a member whose weight is no qvalue counts for nothing."""
    found: dict[str, float] = {}
    for member in header.split(",", _RANGES)[:_RANGES]:
        name, *parameters = (part.strip().lower() for part in member.split(";"))
        weight = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        if name and _QUALITY.fullmatch(weight):
            found[name] = max(found.get(name, 0.0), float(weight))
    return found


def _weight(media_type: str, wanted: dict[str, float]) -> float:
    group = media_type.partition("/")[0]
    for name in (media_type, f"{group}/*", "*/*"):
        if name in wanted:
            return wanted[name]
    return 0.0
