"""Small readings that both kinds of metadata XML share: values with their line, dates, numbers, boxes."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from lxml import etree

from gateway.errors import Unreadable
from gateway.model.dataset import Box

type Element = etree._Element

_DATE = re.compile(r"(\d{4}(?:-\d{2}(?:-\d{2})?)?)(?:Z|[+-]\d{2}:\d{2})?")
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a record is read from, for messages."""

    name: str

    def at(self, element: Element) -> str:
        """``file line 12``."""
        return f"{self.name} line {element.sourceline}"


def local(element: Element) -> str:
    """The local name of an element."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def own_text(element: Element | None) -> str | None:
    """The text of an element with white space folded; None for nothing."""
    if element is None:
        return None
    text = " ".join("".join(str(part) for part in element.itertext()).split())
    return text or None


def date(element: Element | None, source: Source) -> str | None:
    """A date or time as RFC 3339 (``2017``, ``2017-01``, ``2017-01-24``, ``2017-01-24T12:15:29Z``). Raises Unreadable."""
    text = own_text(element)
    if element is None or text is None:
        return None
    plain = _DATE.fullmatch(text)
    if plain:
        return plain.group(1)
    moment = _MOMENT.fullmatch(text.replace(" ", "T"))
    if moment is None:
        raise Unreadable(
            f"{text[:60]!r} is no date", place=source.at(element), cure="write it as 2026-01-31 or 2026-01-31T12:00:00Z"
        )
    return moment.group(1) + (moment.group(2) or "Z")


def number(element: Element, source: Source) -> float:
    """A finite number. Raises Unreadable."""
    text = own_text(element) or ""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise Unreadable(f"{text[:60]!r} is no number", place=source.at(element), cure="write a decimal number")
    return value


def box(west: float, south: float, east: float, north: float, *, place: str) -> Box:
    """A box in CRS84 degrees (west > east crosses the antimeridian). Raises Unreadable for one outside the world."""
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        found = f"west {west} south {south} east {east} north {north}"
        raise Unreadable(
            f"no geographic box: {found}", place=place, cure="longitudes -180 to 180, latitudes -90 to 90, south <= north"
        )
    return (west, south, east, north)
