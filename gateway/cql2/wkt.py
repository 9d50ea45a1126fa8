"""Well-known text inside CQL2 Text (OGC 21-065, annex B; OGC 06-103r4, 7.2): what it says as GeoJSON, its size counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.cql2.node import Node, fault
from gateway.cql2.tokens import Token, number

if TYPE_CHECKING:
    from gateway.cql2.text import Parser

NAMES = {
    "point": ("Point", 0),
    "linestring": ("LineString", 1),
    "polygon": ("Polygon", 2),
    "multipoint": ("MultiPoint", 1),
    "multilinestring": ("MultiLineString", 2),
    "multipolygon": ("MultiPolygon", 3),
    "geometrycollection": ("GeometryCollection", -1),
}
"""By keyword: the GeoJSON type and how deeply its positions are nested."""

_MOST_NUMBERS = 200_000
"""Numbers of one geometry."""


def read_wkt(parser: Parser, name: Token) -> Node:
    """A geometry, its keyword taken already. Raises ParameterError at the character that is wrong."""
    return parser.node("geometry", name.at, value=_Reader(parser).geometry(name))


class _Reader:
    """One geometry; `numbers` counts what was read."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self._numbers = 0
        self._measures = ""

    def geometry(self, name: Token) -> dict[str, object]:
        kind, depth = NAMES[name.text.lower()]
        if self._parser.is_word("z", "m", "zm"):
            self._measures = self._parser.advance().text.lower()
        if self._parser.is_word("empty"):
            raise fault(self._parser.token.at, "an empty geometry", "ask by one that has positions")
        self._parser.expect("(", f"of {kind}")
        if kind == "GeometryCollection":
            return {"type": kind, "geometries": self._members()}
        found = self._positions(kind, depth)
        self._parser.expect(")", f"of {kind}")
        return {"type": kind, "coordinates": found}

    def _members(self) -> list[dict[str, object]]:
        found = []
        while True:
            token = self._parser.advance()
            if token.kind != "word" or token.text.lower() not in NAMES or token.text.lower() == "geometrycollection":
                raise fault(token.at, "no geometry of a collection", "POINT, LINESTRING, POLYGON or one of the MULTI types")
            self._measures = ""
            found.append(self.geometry(token))
            if not self._parser.is_sign(","):
                break
            self._parser.advance()
        self._parser.expect(")", "of GEOMETRYCOLLECTION")
        return found

    def _positions(self, kind: str, depth: int) -> object:
        """Positions `depth` levels down, the outermost parenthesis taken already."""
        if depth == 0:
            return self._position()
        found = [self._part(kind, depth)]
        while self._parser.is_sign(","):
            self._parser.advance()
            found.append(self._part(kind, depth))
        return found

    def _part(self, kind: str, depth: int) -> object:
        wrapped = depth > 1 or (kind == "MultiPoint" and self._parser.is_sign("("))
        if wrapped:
            self._parser.expect("(", f"of {kind}")
        found = self._positions(kind, depth - 1)
        if wrapped:
            self._parser.expect(")", f"of {kind}")
        return found

    def _position(self) -> list[float]:
        """x y, with z where there is one; a measure is read and left out."""
        at = self._parser.token.at
        found: list[float] = []
        while self._parser.token.kind == "number" or self._parser.is_sign("-", "+"):
            found.append(self._number())
        if not 2 <= len(found) <= 4 or (self._measures and len(found) != 2 + len(self._measures)):
            raise fault(at, f"a position of {len(found)} numbers", "x y, or x y z")
        return found[:2] if self._measures == "m" else found[:3]

    def _number(self) -> float:
        sign = self._parser.advance().text if self._parser.token.kind == "sign" else ""
        token = self._parser.advance()
        if token.kind != "number":
            raise fault(token.at, "no number of a position", "digits; not NaN, not infinity")
        self._numbers += 1
        if self._numbers > _MOST_NUMBERS:
            raise fault(token.at, f"a geometry has at most {_MOST_NUMBERS} numbers")
        return float(number(token, sign))
