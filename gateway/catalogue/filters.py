"""OGC Filter 1.1 and FES 2.0 (OGC 04-095, 09-026r2) as the expressions of `gateway.model.query`.

What a record can be asked by are the properties of `RECORD_PROPERTIES`, under the names that CSW and its ISO profile give them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from gateway.catalogue.reading import Element, local
from gateway.errors import ParameterError
from gateway.geo.crs import parse as parse_crs
from gateway.geo.crs import swaps_axes
from gateway.geo.transform import boxes as transform_boxes
from gateway.model.crs import CRS84, Crs
from gateway.model.query import (
    And,
    Between,
    Box,
    Call,
    Comparison,
    Expression,
    In,
    Intersects,
    IsNull,
    Like,
    Not,
    Or,
    Property,
)

MAX_DEPTH = 64
MAX_PARTS = 1000

PROPERTIES = {
    "anytext": "anytext",
    "identifier": "identifier",
    "title": "title",
    "abstract": "abstract",
    "description": "abstract",
    "subject": "keywords",
    "type": "type",
    "format": "format",
    "language": "language",
    "modified": "modified",
    "date": "modified",
    "creator": "organisation",
    "publisher": "organisation",
    "contributor": "organisation",
    "source": "source",
    "rights": "licence",
    "spatial": "crs",
    "crs": "crs",
    "organisationname": "organisation",
    "organizationname": "organisation",
    "topiccategory": "topics",
    "resourcelanguage": "language",
    "creationdate": "created",
    "publicationdate": "published",
    "revisiondate": "revised",
    "accessconstraints": "licence",
}
"""Record property by local name, in lower case, of the queryables of CSW (dc, dct, csw) and of its ISO profile (apiso)."""

_COMPARISONS = {
    "PropertyIsEqualTo": "=",
    "PropertyIsNotEqualTo": "<>",
    "PropertyIsLessThan": "<",
    "PropertyIsGreaterThan": ">",
    "PropertyIsLessThanOrEqualTo": "<=",
    "PropertyIsGreaterThanOrEqualTo": ">=",
}


def property_of(name: str) -> str | None:
    """The record property that a queryable stands for; None for one that records do not have."""
    return PROPERTIES.get(name.strip().rpartition("/")[2].rpartition(":")[2].lower())


def is_box(name: str) -> bool:
    """Whether a queryable is the record's bounding box."""
    return name.strip().rpartition(":")[2] in ("BoundingBox", "Envelope")


def expression(element: Element) -> Expression:
    """The expression of an ogc:Filter or fes:Filter. Raises ParameterError (``constraint``) naming what is wrong."""
    parts = _parts(element)
    identifiers = [part for part in parts if local(part) in ("FeatureId", "GmlObjectId", "ResourceId")]
    if identifiers:
        return In(Property("identifier"), tuple(_identifier(part) for part in identifiers))
    if len(parts) != 1:
        raise _wrong("a Filter holds one condition", "put several in an And or Or")
    return _condition(parts[0], 1)


def _wrong(message: str, cure: str | None = None) -> ParameterError:
    return ParameterError("constraint", message, cure=cure)


def _parts(element: Element) -> list[Element]:
    return [child for child in element if isinstance(child.tag, str)]


def _identifier(element: Element) -> str:
    found = element.get("fid") or element.get("rid") or element.get("{http://www.opengis.net/gml}id")
    if not found:
        raise _wrong(f"{local(element)} without an id")
    return found


def _condition(element: Element, depth: int) -> Expression:
    if depth > MAX_DEPTH:
        raise _wrong(f"nested more than {MAX_DEPTH} deep", "ask a flatter question")
    name = local(element)
    if name in ("And", "Or"):
        parts = tuple(_condition(part, depth + 1) for part in _parts(element))
        if not 1 <= len(parts) <= MAX_PARTS:
            raise _wrong(f"{name} of {len(parts)} conditions", f"give 2 to {MAX_PARTS}")
        return And(parts) if name == "And" else Or(parts)
    if name == "Not":
        parts = tuple(_condition(part, depth + 1) for part in _parts(element))
        if len(parts) != 1:
            raise _wrong("Not of several conditions", "put them in an And")
        return Not(parts[0])
    if name in _COMPARISONS:
        return _comparison(element, _COMPARISONS[name])
    read = _READERS.get(name)
    if read is None:
        raise _wrong(f"the operator {name} is not offered", "GetCapabilities lists those that are")
    return read(element)


def _property(element: Element) -> str:
    """The record property a condition is about."""
    for child in _parts(element):
        if local(child) in ("PropertyName", "ValueReference"):
            name = (child.text or "").strip()
            found = property_of(name)
            if found is None:
                raise _wrong(f"there is no property {name}", "GetCapabilities lists the queryables")
            return found
        if local(child) == "Function":
            raise _wrong("functions are not offered")
    raise _wrong(f"{local(element)} names no property")


def _literal(element: Element | None) -> str:
    found = None if element is None else next((child for child in _parts(element) if local(child) == "Literal"), None)
    if found is None:
        raise _wrong("a condition without a Literal")
    return found.text or ""


def _comparison(element: Element, operator: str) -> Expression:
    name, value = _property(element), _literal(element)
    if name == "anytext":
        inside = _loosely("anytext", f"%{escaped(value.strip('%'))}%")
        return Not(inside) if operator == "<>" else inside
    if element.get("matchCase") == "false":
        return Comparison(Call("casei", (Property(name),)), operator, value.casefold())
    return Comparison(Property(name), operator, value)


def _loosely(name: str, pattern: str) -> Expression:
    """Matching without case."""
    return Like(Call("casei", (Property(name),)), pattern.casefold())


def escaped(text: str) -> str:
    """A text as a pattern that matches only itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _like(element: Element) -> Expression:
    name = _property(element)
    marks = {element.get("wildCard") or "%": "%", element.get("singleChar") or "_": "_"}
    escape = element.get("escapeChar") or element.get("escape") or "\\"
    pattern = _pattern(_literal(element), marks, escape)
    if name == "anytext":
        return _loosely(name, f"%{pattern.strip('%')}%" if not pattern.endswith("\\%") else f"%{pattern}%")
    return _loosely(name, pattern) if element.get("matchCase") == "false" else Like(Property(name), pattern)


def _pattern(text: str, marks: dict[str, str], escape: str) -> str:
    """A pattern with the caller's own marks as one with %, _ and a backslash."""
    found: list[str] = []
    position = 0
    while position < len(text):
        mark = next((mark for mark in marks if text.startswith(mark, position)), None)
        if text.startswith(escape, position) and position + len(escape) < len(text):
            position += len(escape)
            found.append(escaped(text[position]))
            position += 1
        elif mark is not None:
            found.append(marks[mark])
            position += len(mark)
        else:
            found.append(escaped(text[position]))
            position += 1
    return "".join(found)


def _between(element: Element) -> Expression:
    bounds = {local(child): child for child in _parts(element)}
    return Between(Property(_property(element)), _literal(bounds.get("LowerBoundary")), _literal(bounds.get("UpperBoundary")))


def _null(element: Element) -> Expression:
    return IsNull(Property(_property(element)))


def _intersects(element: Element) -> Expression:
    for child in _parts(element):
        if local(child) in ("PropertyName", "ValueReference") and not is_box(child.text or ""):
            raise _wrong(f"{(child.text or '').strip()} is no bounding box", "ask about ows:BoundingBox")
    envelopes = [child for child in _parts(element) if local(child) in ("Envelope", "Box")]
    if len(envelopes) != 1:
        raise _wrong(f"{local(element)} takes one gml:Envelope", "records have boxes, so ask by a box")
    boxes = _boxes(envelopes[0])
    return Intersects(boxes[0]) if len(boxes) == 1 else Or(tuple(map(Intersects, boxes)))


def _disjoint(element: Element) -> Expression:
    return Not(_intersects(element))


_READERS: dict[str, Callable[[Element], Expression]] = {
    "PropertyIsLike": _like,
    "PropertyIsBetween": _between,
    "PropertyIsNull": _null,
    "PropertyIsNil": _null,
    "BBOX": _intersects,
    "Intersects": _intersects,
    "Disjoint": _disjoint,
}


def _boxes(envelope: Element) -> tuple[Box, ...]:
    """The envelope in CRS84; two boxes where it crosses the antimeridian.

    A CRS named by URN or URI has the axis order of its authority; ``EPSG:4326`` and no name at all mean longitude first
    (OGC 07-006r1 section 7.5, as clients have settled it).
    """
    numbers = _numbers(envelope)
    if len(numbers) != 4:
        raise _wrong("an Envelope needs two corners of two numbers")
    name = envelope.get("srsName") or ""
    crs = parse_crs(name) if name else CRS84
    if not crs.is_known:
        raise _wrong(f"the CRS {name} is not known", "use urn:ogc:def:crs:EPSG::4326")
    west, south, east, north = numbers
    if ":def:" in name or "/def/crs" in name:
        west, south, east, north = (south, west, north, east) if swaps_axes(crs) else (west, south, east, north)
    return _in_crs84((west, south, east, north), crs)


def _in_crs84(box: Box, crs: Crs) -> tuple[Box, ...]:
    west, south, east, north = box
    if south > north:
        raise _wrong("the lower corner lies above the upper one")
    if crs.horizontal in ("EPSG:4326", "OGC:CRS84"):
        if not (-180 <= west <= 180 and -180 <= east <= 180 and south >= -90 and north <= 90):
            raise _wrong("the Envelope lies outside the world", "mind the axis order of its CRS")
        return (box,) if west <= east else ((west, south, 180.0, north), (-180.0, south, east, north))
    if west > east:
        raise _wrong("the lower corner lies right of the upper one")
    return transform_boxes(box, crs, CRS84)


def _numbers(envelope: Element) -> list[float]:
    texts = [child.text or "" for child in _parts(envelope) if local(child) in ("lowerCorner", "upperCorner", "coordinates", "pos")]
    try:
        numbers = [float(part) for text in texts for part in text.replace(",", " ").split()]
    except ValueError as error:
        raise _wrong("an Envelope with corners that are no numbers") from error
    if not all(map(math.isfinite, numbers)):
        raise _wrong("an Envelope with corners that are no numbers")
    return numbers
