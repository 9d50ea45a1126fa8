"""Coordinates as text, and small things done with positions."""

from __future__ import annotations

import math

import orjson

from gateway.adapters.citygml import tags
from gateway.adapters.citygml.names import IDS
from gateway.adapters.citygml.shape import Element, Line
from gateway.model.geometry import Point, Surface


def plain_rings(polygon: Element, *, swap: bool) -> Surface | None:
    """The rings of a sound polygon in the file's system, outer first, each a posList; None for any other."""
    if polygon.tag not in tags.POLYGON or len(polygon.keys()) > 1:
        return None
    rings: Surface = []
    for side in polygon:
        if side.tag not in (tags.INTERIOR if rings else tags.EXTERIOR) or len(side) != 1:
            return None
        ring = side[0]
        if len(ring) != 1 or ring.tag not in tags.RINGS:
            return None
        positions = ring[0]
        points = plain_ring(positions, swap=swap) if positions.tag in tags.POS_LIST else None
        if points is None:
            return None
        rings.append(points)
    return rings


def plain_ring(element: Element, *, swap: bool) -> list[Point] | None:
    """The positions of a sound posList of a ring, not closed; None for any other."""
    text = element.text
    if text is None or element.get("srsDimension", "3") != "3":
        return None
    values = _numbers(text)
    if values is None or len(values) < 12 or len(values) % 3 or values[:3] != values[-3:] or not math.isfinite(sum(values)):
        return None
    del values[-3:]
    if swap:
        return list(zip(values[1::3], values[::3], values[2::3], strict=True))
    numbers = iter(values)
    return list(zip(numbers, numbers, numbers, strict=True))


def _numbers(text: str) -> list[float] | None:
    """The numbers of a text; None where it holds anything else.

    Most files part plain decimal numbers by one space: these are read as a JSON array, four times as fast as one by one.
    """
    if "," in text:
        return None
    try:
        values: list[float] = orjson.loads(f"[{text.strip().replace(' ', ',')}]")
        kinds = set(map(type, values))
        if kinds == {float}:
            return values
        return list(map(float, values)) if kinds <= {float, int} else None
    except ValueError:
        pass
    try:
        return None if "_" in text else list(map(float, text.split()))
    except ValueError:
        return None


def identifier_of(element: Element) -> str | None:
    """The gml:id of an element, of either GML."""
    return element.get(IDS[0]) or element.get(IDS[1])


def turned(ring: list[Point]) -> list[Point]:
    """A ring the other way round, from the same first point."""
    return [ring[0], *ring[:0:-1]]


def joined(lines: list[Line]) -> list[Point]:
    """Lines one after another as one, without repeating where they meet."""
    points: list[Point] = []
    for positions, _ in lines:
        points += positions[1:] if points and points[-1] == positions[0] else positions
    return points


def of_coordinates(element: Element, text: str) -> list[float] | None:
    """The numbers of gml:coordinates (GML 2): tuples apart by `ts`, numbers by `cs`."""
    decimal, between = element.get("decimal", "."), element.get("cs", ",")
    if element.tag not in tags.COORDINATES or decimal != ".":
        return None
    return list(map(float, text.replace(element.get("ts", " "), " ").replace(between, " ").split()))


def bad_number(text: str) -> str:
    """The first word of a text that is no finite number."""
    for word in text.split():
        try:
            if math.isfinite(float(word)) and "_" not in word:
                continue
        except ValueError:
            pass
        return word
    return "a sum beyond all numbers"


def shown(point: Point) -> str:
    """A position for people."""
    return " ".join(f"{value:g}" for value in point)
