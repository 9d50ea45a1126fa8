"""RDF terms as N-Triples text (W3C N-Triples section 3): IRIs, literals, and geometry as WKT."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from gateway.graph.vocabulary import term

type Line = str
"""One N-Triples statement, ending in ``.`` and a line feed."""

_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_IRI_SAFE = "!#$%&'()*+,/:;=?@[]~"
_ESCAPES = str.maketrans(
    {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    | {chr(code): f"\\u{code:04X}" for code in (*range(9), 11, 12, *range(14, 32), 127)}
)


def iri(text: str) -> str:
    """An absolute IRI in angle brackets; characters that no IRI may have are percent-encoded."""
    return f"<{quote(text, safe=_IRI_SAFE)}>"


def segment(text: str) -> str:
    """One path segment: everything but unreserved characters percent-encoded (RFC 3986 section 2.3)."""
    return quote(text, safe="")


def literal(value: Any, datatype: str | None = None, *, language: str | None = None) -> str:
    """A literal of a Python scalar: bool, int, float and str get their XSD type unless `datatype` (a CURIE) says otherwise."""
    if isinstance(value, bool):
        return f'"{str(value).lower()}"^^{term("xsd:boolean")}'
    if isinstance(value, int):
        return f'"{value}"^^{term("xsd:integer")}'
    if isinstance(value, float):
        return f'"{_double(value)}"^^{term("xsd:double")}'
    text = _escape(str(value))
    if language is not None and _LANGUAGE.fullmatch(language):
        return f'"{text}"@{language}'
    return f'"{text}"' if datatype is None else f'"{text}"^^{term(datatype)}'


def texts(text: Mapping[str, str] | None) -> list[str]:
    """Literals of a human text, one a language; undetermined text has no language tag."""
    return [literal(value, language=None if tag == "und" else tag) for tag, value in (text or {}).items() if value]


def wkt(geometry: Mapping[str, Any]) -> str | None:
    """A GeoJSON geometry (CRS84) as WKT; None for an empty one. GeoSPARQL 1.1 section 8.8: without an IRI it is CRS84."""
    kind = geometry["type"]
    if kind == "GeometryCollection":
        parts = [part for part in map(wkt, geometry["geometries"]) if part is not None]
        return f"GEOMETRYCOLLECTION ({', '.join(parts)})" if parts else None
    coordinates = geometry["coordinates"]
    if not coordinates:
        return None
    z = " Z" if _dimension(coordinates) == 3 else ""
    body = f"({_position(coordinates)})" if kind == "Point" else _nest(coordinates, kind == "MultiPoint")
    return f"{kind.upper()}{z} {body}"


def _escape(text: str) -> str:
    escaped = text.translate(_ESCAPES)
    return escaped.encode("utf-8", "replace").decode("utf-8") if not escaped.isascii() else escaped


def _double(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else ("INF" if value > 0 else "-INF")


def _dimension(coordinates: list[Any]) -> int:
    first: Any = coordinates
    while isinstance(first[0], list):
        first = first[0]
        if not first:
            return 2
    return len(first)


def _position(position: list[float]) -> str:
    return " ".join(map(repr, position))


def _nest(coordinates: list[Any], points: bool = False) -> str:
    if isinstance(coordinates[0], list) and isinstance(coordinates[0][0], list):
        return f"({', '.join(_nest(inner) for inner in coordinates)})"
    if points:
        return f"({', '.join(f'({_position(position)})' for position in coordinates)})"
    return f"({', '.join(map(_position, coordinates))})"
