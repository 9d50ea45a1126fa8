"""SQL functions that every connection of ours has: the five that GeoPackage's R-tree triggers call, and three of our own."""

from __future__ import annotations

from typing import Any

import apsw
import shapely

from gateway.store import geometry


def register(connection: apsw.Connection) -> None:
    """Make the functions known; all are deterministic and harmless in a schema."""
    for name, function, arguments in _FUNCTIONS:
        connection.create_scalar_function(name, function, arguments, deterministic=True, flags=apsw.SQLITE_INNOCUOUS)


def fold(text: object) -> object:
    """Text without case (Unicode case folding); anything else as it is."""
    return text.casefold() if isinstance(text, str) else text


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
    ("gw_overlaps", overlaps, 5),
    ("gw_meets", meets, 5),
)
