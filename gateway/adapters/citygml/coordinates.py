"""Coordinates as text, and small things done with positions."""

from __future__ import annotations

import math

from gateway.adapters.citygml import tags
from gateway.adapters.citygml.names import IDS
from gateway.adapters.citygml.shape import Element, Line
from gateway.model.geometry import Point


def plain_ring(element: Element, *, swap: bool) -> list[Point] | None:
    """The positions of a sound posList of a ring, not closed; None for any other."""
    text = element.text
    if text is None or element.get("srsDimension", "3") != "3" or "_" in text:
        return None
    try:
        values = list(map(float, text.split()))
    except ValueError:
        return None
    if len(values) < 12 or len(values) % 3 or values[:3] != values[-3:] or not math.isfinite(sum(values)):
        return None
    del values[-3:]
    if swap:
        return list(zip(values[1::3], values[::3], values[2::3], strict=True))
    numbers = iter(values)
    return list(zip(numbers, numbers, numbers, strict=True))


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
