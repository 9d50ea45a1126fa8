"""What a SPARQL answer can be written as, and which of it a caller's Accept header asks for."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.errors import NotAcceptable


@dataclass(frozen=True, slots=True)
class Format:
    """One representation: the word of ``f``, the media types it answers to (the first is sent), the engine's name for it."""

    word: str
    media_types: tuple[str, ...]
    engine: str


RESULTS = (
    Format("json", ("application/sparql-results+json", "application/json"), "JSON"),
    Format("xml", ("application/sparql-results+xml", "application/xml", "text/xml"), "XML"),
    Format("csv", ("text/csv",), "CSV"),
    Format("tsv", ("text/tab-separated-values",), "TSV"),
)
GRAPHS = (
    Format("ttl", ("text/turtle", "application/x-turtle"), "TURTLE"),
    Format("nt", ("application/n-triples", "text/plain"), "N_TRIPLES"),
    Format("rdf", ("application/rdf+xml", "application/xml", "text/xml"), "RDF_XML"),
    Format("jsonld", ("application/ld+json", "application/json"), "JSON_LD"),
)


def offered(form: str) -> tuple[Format, ...]:
    """The formats of a query of this form, the preferred one first."""
    return RESULTS if form in ("SELECT", "ASK") else GRAPHS


def negotiate(accept: str, formats: tuple[Format, ...]) -> Format:
    """The format that `accept` (an Accept header, RFC 9110 section 12.5.1, or a word of ``f``) asks for.

    Raises NotAcceptable where none fits.
    """
    by_word = {found.word: found for found in formats} | ({"json": formats[-1]} if formats is GRAPHS else {})
    if accept in by_word:
        return by_word[accept]
    best: tuple[float, int, int] | None = None
    chosen = None
    for rank, found in enumerate(formats):
        for media_type in found.media_types:
            quality, detail = _quality(accept or "*/*", media_type)
            score = (quality, detail, -rank)
            if quality > 0 and (best is None or score > best):
                best, chosen = score, found
    if chosen is None:
        names = ", ".join(found.media_types[0] for found in formats)
        raise NotAcceptable(f"no answer of type {accept}", cure=f"ask for one of {names}")
    return chosen


def _quality(accept: str, media_type: str) -> tuple[float, int]:
    """(q, how specific the matching range is) of a media type under an Accept header."""
    kind = media_type.partition("/")[0]
    found = (0.0, -1)
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        detail = {media_type: 2, f"{kind}/*": 1, "*/*": 0}.get(name)
        if detail is not None and detail > found[1]:
            found = (_weight(parameters), detail)
    return found


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0
