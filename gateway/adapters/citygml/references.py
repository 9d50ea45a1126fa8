"""The reference system of a file and the order of its axes.

The order is decided once for each srsName, from its spelling and one position of the file:

1. An URN or URI of the OGC (``urn:ogc:def:crs:…``, ``http://www.opengis.net/def/crs/…``) means the authority's order, so that
   EPSG:4326 comes latitude first and EPSG:31467 north first. Any other spelling (``EPSG:25833``, ``urn:adv:crs:…``,
   ``…/gml/srs/epsg.xml#4326``) means east or longitude first, as the tools that write it do.
2. If the position lies outside the system's area of use in that order and inside it in the other, the coordinates decide and
   a problem is noted (many exporters write urn:ogc names and east first).
3. If it lies outside in both orders of a projected system, the coordinates are not really in it (a model at the origin): they
   are kept in the file's order.
4. If it lies inside in both (EPSG:3068, whose two axes have the same range) and the file names the system as the OGC does, the
   corners of its envelope decide, where only one order leaves them in the area of use; else the spelling does, and a problem
   says so.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from lxml import etree

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

type Position = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference system as a file uses it: `swap` says that its coordinates come north (latitude) first.

    `contradicted` says that the coordinates overruled the spelling, `undecided` that they fit both orders.
    """

    crs: Crs
    swap: bool = False
    contradicted: bool = False
    undecided: bool = False
    text: str | None = None


def decide(text: str, sample: Position | None, corners: tuple[Position, ...] = ()) -> Reference:
    """The reference that the srsName `text` means; `sample` is one position of the file, `corners` are those of its envelope
    (lower, upper), all in the file's order."""
    crs = systems.parse(text)
    if not crs.is_known or not systems.swaps_axes(crs):
        return Reference(crs, text=text)
    swap = _OFFICIAL.match(text) is not None
    if sample is None:
        return Reference(crs, swap, text=text)
    if _fits(crs, sample, swap=swap):
        if swap and not systems.is_geographic(crs) and _fits(crs, sample, swap=False):
            return _between(crs, sample, corners, text)
        return Reference(crs, swap, text=text)
    if _fits(crs, sample, swap=not swap):
        return Reference(crs, not swap, contradicted=True, text=text)
    return Reference(crs, swap and systems.is_geographic(crs), text=text)


def _between(crs: Crs, sample: Position, corners: tuple[Position, ...], text: str) -> Reference:
    """The reference of a projected system, named as the OGC does, whose area of use holds the sample in both orders."""
    if len(corners) == 2 and all(low <= value <= high for low, value, high in zip(corners[0], sample, corners[1], strict=True)):
        north_first, east_first = (all(_fits(crs, corner, swap=swap, margin=0) for corner in corners) for swap in (True, False))
        if north_first != east_first:
            return Reference(crs, north_first, contradicted=east_first, text=text)
    return Reference(crs, swap=True, undecided=True, text=text)


def writes_swapped(crs: Crs | None, sample: Position | None) -> bool:
    """Whether coordinates of `crs` (`sample` is one, x before y) are written north first, so that `decide` reads them back."""
    if crs is None or not systems.swaps_axes(crs):
        return False
    if sample is None or systems.is_geographic(crs):
        return True
    return _fits(crs, sample, swap=False) or _fits(crs, sample, swap=True)


def _fits(crs: Crs, sample: Position, *, swap: bool, margin: float = _MARGIN) -> bool:
    area = systems.area_of_use(crs)
    if area is None:
        return True
    x, y = reversed(sample) if swap else sample
    try:
        longitude, latitude = points(np.array([[x, y]]), crs, CRS84)[0]
    except InputError:
        return False
    west, south, east, north = area
    inside = west - margin <= longitude <= east + margin
    if west > east:
        inside = longitude >= west - margin or longitude <= east + margin
    return bool(inside and south - margin <= latitude <= north + margin)


def look_ahead(path: Path, *, for_name: bool) -> tuple[str | None, Position | None]:
    """The first srsName (if asked for) and the first position in a file's text, found without parsing it.

    Reads on until both are found, at the speed of a search in bytes.
    """
    name: str | None = None
    sample: Position | None = None
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


def _pair(text: bytes) -> Position | None:
    try:
        x, y = map(float, codecs.decode(text, "ascii", "replace").split()[:2])
    except ValueError:
        return None
    return (x, y)


def corners_of(envelope: etree._Element | None) -> tuple[Position, ...]:
    """The corners of an envelope, lower and upper; empty where it has none."""
    found = [] if envelope is None else [_pair((part.text or "").encode()) for part in envelope if part.tag.endswith("Corner")]
    return tuple(corner for corner in found if corner is not None)


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
