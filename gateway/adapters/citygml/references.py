"""The reference system of a file and the order of its axes.

The order is decided once for each srsName, from its spelling and one position of the file:

1. An URN or URI of the OGC (``urn:ogc:def:crs:…``, ``http://www.opengis.net/def/crs/…``) means the authority's order, so that
   EPSG:4326 comes latitude first and EPSG:31467 north first. Any other spelling (``EPSG:25833``, ``urn:adv:crs:…``,
   ``…/gml/srs/epsg.xml#4326``) means east or longitude first, as the tools that write it do.
2. If the position lies outside the system's area of use in that order and inside it in the other, the coordinates decide and
   a problem is noted (many exporters write urn:ogc names and east first).
3. If it lies outside in both orders of a projected system, the coordinates are not really in it (a model at the origin): they
   are kept in the file's order.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gateway.errors import InputError
from gateway.gates import xml
from gateway.geo import crs as systems
from gateway.geo.positions import points
from gateway.model.crs import CRS84, Crs
from gateway.model.geometry import Point

_OFFICIAL = re.compile(r"urn:(?:x-)?ogc:def:crs|https?://www\.opengis\.net/def/crs", re.IGNORECASE)
_SRS_NAME = re.compile(rb"""\ssrsName\s*=\s*["']([^"']{1,2000})["']""")
_POSITION = re.compile(rb"""<(?:[\w.-]+:)?(?:posList|pos)(?:\s[^>]*)?>\s*([^<]{1,400})""")
_MARGIN = 0.02
"""Degrees (about 2 km) that a position may lie beyond the area of use."""
_WINDOW = 4096


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference system as a file uses it: `swap` says that its coordinates come north (latitude) first."""

    crs: Crs
    swap: bool = False
    contradicted: bool = False
    text: str | None = None


def decide(text: str, sample: tuple[float, float] | None) -> Reference:
    """The reference that the srsName `text` means; `sample` is one position of the file, in the file's order."""
    crs = systems.parse(text)
    if not crs.is_known or not systems.swaps_axes(crs):
        return Reference(crs, text=text)
    swap = _OFFICIAL.match(text) is not None
    if sample is None or _fits(crs, sample, swap=swap):
        return Reference(crs, swap, text=text)
    if _fits(crs, sample, swap=not swap):
        return Reference(crs, not swap, contradicted=True, text=text)
    return Reference(crs, swap and systems.is_geographic(crs), text=text)


def writes_swapped(crs: Crs | None, sample: tuple[float, float] | None) -> bool:
    """Whether coordinates of `crs` (`sample` is one, x before y) are written north first, so that `decide` reads them back."""
    if crs is None or not systems.swaps_axes(crs):
        return False
    if sample is None or systems.is_geographic(crs):
        return True
    return _fits(crs, sample, swap=False) or _fits(crs, sample, swap=True)


def _fits(crs: Crs, sample: tuple[float, float], *, swap: bool) -> bool:
    area = systems.area_of_use(crs)
    if area is None:
        return True
    x, y = reversed(sample) if swap else sample
    try:
        longitude, latitude = points(np.array([[x, y]]), crs, CRS84)[0]
    except InputError:
        return False
    west, south, east, north = area
    inside = west - _MARGIN <= longitude <= east + _MARGIN
    if west > east:
        inside = longitude >= west - _MARGIN or longitude <= east + _MARGIN
    return bool(inside and south - _MARGIN <= latitude <= north + _MARGIN)


def look_ahead(path: Path, *, for_name: bool) -> tuple[str | None, tuple[float, float] | None]:
    """The first srsName (if asked for) and the first position in a file's text, found without parsing it.

    Reads on until both are found, at the speed of a search in bytes.
    """
    name: str | None = None
    sample: tuple[float, float] | None = None
    tail = b""
    for chunk in xml.chunks(path):
        window = tail + chunk
        if for_name and name is None and b"srsName" in window and (found := _SRS_NAME.search(window)) is not None:
            name = found.group(1).decode(errors="replace")
        if sample is None and (position := _POSITION.search(window)) is not None:
            sample = _pair(position.group(1))
        if sample is not None and (name is not None or not for_name):
            break
        tail = window[-_WINDOW:]
    return name, sample


def _pair(text: bytes) -> tuple[float, float] | None:
    try:
        x, y = map(float, codecs.decode(text, "ascii", "replace").split()[:2])
    except ValueError:
        return None
    return (x, y)


def mover(reference: Reference, target: Crs) -> Callable[[list[Point]], list[Point]] | None:
    """A function that moves points (x before y) from `reference` into `target`; None when one of them is unknown."""
    if not (reference.crs.is_known and target.is_known):
        return None

    def move(positions: list[Point]) -> list[Point]:
        if not positions:
            return []
        moved = points(np.array(positions, dtype=np.float64), reference.crs, target).tolist()
        return [(x, y, z) for x, y, z in moved]

    return move
