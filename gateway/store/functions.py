"""SQL functions that every connection of ours has: the five that GeoPackage's R-tree triggers call, and our own."""

from __future__ import annotations

import math
import unicodedata
from functools import lru_cache
from typing import Any

import apsw
import numpy as np
import shapely

from gateway.errors import Unreadable
from gateway.store import geometry, moments, relations

_KEPT = 10_000
"""Texts whose instants are kept: dates come again and again."""

_LONGEST_INSTANT = 40


def register(connection: apsw.Connection) -> None:
    """Make the functions known; all are deterministic and harmless in a schema."""
    for name, function, arguments in _FUNCTIONS:
        connection.create_scalar_function(name, function, arguments, deterministic=True, flags=apsw.SQLITE_INNOCUOUS)


def fold(text: object) -> object:
    """Text without case (Unicode case folding); anything else as it is."""
    return text.casefold() if isinstance(text, str) else text


def plain(text: object) -> object:
    """Text without accents (what is left of its decomposed form); anything else as it is."""
    if not isinstance(text, str) or text.isascii():
        return text
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(sign for sign in decomposed if not unicodedata.combining(sign)))


def upper(text: object) -> object:
    """Text in capital letters; anything else as it is."""
    return text.upper() if isinstance(text, str) else text


def lower(text: object) -> object:
    """Text in small letters; anything else as it is."""
    return text.lower() if isinstance(text, str) else text


def first(text: object) -> str | None:
    """The first microsecond that a text names (`store.moments`); None where it names none."""
    return _edges(text)[0] if isinstance(text, str) and len(text) <= _LONGEST_INSTANT else None


def last(text: object) -> str | None:
    """The last microsecond that a text names; None where it names none."""
    return _edges(text)[1] if isinstance(text, str) and len(text) <= _LONGEST_INSTANT else None


@lru_cache(_KEPT)
def _edges(text: str) -> tuple[str | None, str | None]:
    if not text[:4].isdecimal():
        return None, None
    try:
        return moments.start(text), moments.end(text)
    except Unreadable:
        return None, None


def remainder(left: Any, right: Any) -> int | float | None:
    """What a division leaves, with the sign of `left`; None without a divisor."""
    if left is None or not right:
        return None
    if isinstance(left, int) and isinstance(right, int):
        return int(math.copysign(1, left)) * (abs(left) % abs(right))
    return None if math.isinf(left) else math.fmod(left, right)


def quotient(left: Any, right: Any) -> int | float | None:
    """A division cut to whole numbers, towards zero; None without a divisor."""
    if left is None or not right:
        return None
    if isinstance(left, int) and isinstance(right, int):
        whole = abs(left) // abs(right)
        return whole if (left < 0) == (right < 0) else -whole
    found = left / right
    return float(math.trunc(found)) if math.isfinite(found) else None


def power(base: Any, exponent: Any) -> float | None:
    """`base` to `exponent`; None where there is none, or none that a double holds."""
    if base is None or exponent is None:
        return None
    try:
        return math.pow(base, exponent)
    except (ValueError, OverflowError):
        return None


def absolute(value: Any) -> int | float | None:
    """The number without its sign."""
    if value is None:
        return None
    return float(-value) if value == -(2**63) else value if value >= 0 else -value


def overlaps(blob: bytes | None, minx: float, miny: float, maxx: float, maxy: float) -> int | None:
    """Whether the bounds of a geometry meet a box; None without geometry."""
    box = None if blob is None else geometry.bounds(blob)
    if blob is None:
        return None
    return int(box is not None and box[0] <= maxx and box[2] >= minx and box[1] <= maxy and box[3] >= miny)


def meets(blob: bytes | None, minx: float, miny: float, maxx: float, maxy: float) -> int | None:
    """Whether a geometry itself intersects a box; None without geometry."""
    near = overlaps(blob, minx, miny, maxx, maxy)
    if blob is None or not near:
        return near
    box = geometry.bounds(blob)
    if box is not None and minx <= box[0] and miny <= box[1] and box[2] <= maxx and box[3] <= maxy:
        return 1
    return int(bool(shapely.intersects(shapely.box(minx, miny, maxx, maxy), shapely.from_wkb(geometry.body(blob)))))


def rises(blob: bytes | None, low: float, high: float) -> int | None:
    """Whether a geometry's heights reach between two others; true for one without heights, None without geometry."""
    if blob is None:
        return None
    found = shapely.get_coordinates(shapely.from_wkb(geometry.body(blob)), include_z=True)[:, 2]
    solid = found[~np.isnan(found)]
    return int(not len(solid) or bool(solid.min() <= high and solid.max() >= low))


def _is_empty(blob: bytes | None) -> int | None:
    return None if blob is None else int(geometry.bounds(blob) is None)


def _minx(blob: bytes | None) -> float | None:
    return _side(blob, 0)


def _miny(blob: bytes | None) -> float | None:
    return _side(blob, 1)


def _maxx(blob: bytes | None) -> float | None:
    return _side(blob, 2)


def _maxy(blob: bytes | None) -> float | None:
    return _side(blob, 3)


def _side(blob: bytes | None, index: int) -> float | None:
    box = None if blob is None else geometry.bounds(blob)
    return None if box is None else box[index]


_FUNCTIONS: tuple[tuple[str, Any, int], ...] = (
    ("ST_IsEmpty", _is_empty, 1),
    ("ST_MinX", _minx, 1),
    ("ST_MinY", _miny, 1),
    ("ST_MaxX", _maxx, 1),
    ("ST_MaxY", _maxy, 1),
    ("gw_fold", fold, 1),
    ("gw_plain", plain, 1),
    ("gw_upper", upper, 1),
    ("gw_lower", lower, 1),
    ("gw_first", first, 1),
    ("gw_last", last, 1),
    ("gw_mod", remainder, 2),
    ("gw_div", quotient, 2),
    ("gw_power", power, 2),
    ("gw_abs", absolute, 1),
    ("gw_related", relations.related, 3),
    ("gw_listed", relations.listed, 3),
    ("gw_area", relations.area, 2),
    ("gw_perimeter", relations.perimeter, 2),
    ("gw_centroid", relations.centroid, 1),
    ("gw_kind", relations.kind, 1),
    ("gw_overlaps", overlaps, 5),
    ("gw_meets", meets, 5),
    ("gw_rises", rises, 3),
)
