"""GeoJSON geometries (RFC 7946 section 3.1): WKB to bytes in bulk, and a stranger's geometry object to WKB.

Coordinates are in visualisation order on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import shapely

from gateway.geo import wkb as wkbs
from gateway.geo.geojson_decode import decode

__all__ = ["decode", "encode", "encode_shapes"]

type Array = np.ndarray[Any, Any]

_NUMPY = orjson.OPT_SERIALIZE_NUMPY
_TINY, _HUGE = 1e-4, 1e15
"""Outside these, orjson may write an exponent."""
_EXACT = 2.0**52
"""A number this many times the last decimal has no digits left to round."""
_NAMES = {
    0: b"Point",
    1: b"LineString",
    2: b"LineString",
    3: b"Polygon",
    4: b"MultiPoint",
    5: b"MultiLineString",
    6: b"MultiPolygon",
    7: b"GeometryCollection",
}
_POINT, _LINE, _RING, _POLYGON, _COLLECTION = 0, 1, 2, 3, 7
_HEADS = {kind: b'{"type":"' + name + b'","coordinates":' for kind, name in _NAMES.items()}


def encode(geometries: Sequence[bytes | None], decimals: int) -> list[bytes]:
    """The GeoJSON geometry of each WKB (``null`` for None), coordinates rounded to `decimals`; never an exponent, -0 or NaN."""
    return encode_shapes(wkbs.normal(geometries), decimals)


def encode_shapes(shapes: Array, decimals: int) -> list[bytes]:
    """The same for shapely geometries whose coordinates are finite; None and empty ones are ``null``."""
    kinds = shapely.get_type_id(shapes)
    raised = shapely.has_z(shapes)
    found: list[bytes] = [b"null"] * len(shapes)
    for include_z in (False, True):
        chosen = np.flatnonzero((raised == include_z) & (kinds >= 0) & ~shapely.is_empty(shapes))
        if chosen.size:
            _encode_alike(shapes[chosen], kinds[chosen], chosen, include_z, decimals, found)
    return found


def _encode_alike(shapes: Array, kinds: Array, places: Array, include_z: bool, decimals: int, found: list[bytes]) -> None:
    """Encode geometries of one dimension: one array of rounded coordinates, of which each takes its slice."""
    coordinates = shapely.get_coordinates(shapes, include_z=include_z)
    sizes = np.abs(coordinates)
    coarse = sizes > _EXACT / 10**decimals
    with np.errstate(over="ignore", invalid="ignore"):
        coordinates = np.where(coarse, coordinates, np.round(coordinates, decimals) + 0.0)
    writer = _Plain(decimals) if ((coordinates != 0) & ((sizes < _TINY) | (sizes > _HUGE))).any() else _Swift()
    counts = shapely.get_num_coordinates(shapes)
    simple = (kinds == _POINT) | (kinds == _LINE) | ((kinds == _POLYGON) & (shapely.get_num_interior_rings(shapes) == 0))
    start = 0
    rows = zip(places.tolist(), kinds.tolist(), counts.tolist(), simple.tolist(), shapes, strict=True)
    for place, kind, count, is_simple, shape in rows:
        part = coordinates[start : start + count]
        start += count
        if is_simple:
            found[place] = _simple(kind, part, writer)
        else:
            found[place] = _object(shape, kind, _Cursor(part), writer)


class _Swift:
    """Writes positions with orjson: shortest form of each number."""

    def positions(self, part: Array) -> bytes:
        return orjson.dumps(part, option=_NUMPY)


class _Plain:
    """Writes positions digit by digit, for the rare numbers that would get an exponent."""

    def __init__(self, decimals: int) -> None:
        self.decimals = decimals

    def positions(self, part: Array) -> bytes:
        return b"[" + b",".join(b"[" + b",".join(map(self._number, row)) + b"]" for row in part.tolist()) + b"]"

    def _number(self, value: float) -> bytes:
        text = f"{value:.{self.decimals}f}".rstrip("0") if abs(value) < _HUGE else f"{int(value)}."
        return (text + "0" if text.endswith(".") else text).encode()


class _Cursor:
    """Hands out the coordinates of one geometry in order."""

    def __init__(self, part: Array) -> None:
        self.part, self.start = part, 0

    def take(self, count: int) -> Array:
        self.start += count
        return self.part[self.start - count : self.start]


type _Writer = _Swift | _Plain


def _simple(kind: int, part: Array, writer: _Writer) -> bytes:
    text = writer.positions(part)
    if kind == _POINT:
        text = text[1:-1]
    elif kind == _POLYGON:
        text = b"[" + text + b"]"
    return _HEADS[kind] + text + b"}"


def _object(shape: Any, kind: int, cursor: _Cursor, writer: _Writer) -> bytes:
    if kind == _COLLECTION:
        parts = (
            _object(part, int(shapely.get_type_id(part)), cursor, writer) for part in shapely.get_parts(shape) if not part.is_empty
        )
        return b'{"type":"GeometryCollection","geometries":[' + b",".join(parts) + b"]}"
    return _HEADS[kind] + _coordinates(shape, kind, cursor, writer) + b"}"


def _coordinates(shape: Any, kind: int, cursor: _Cursor, writer: _Writer) -> bytes:
    if kind in (_POINT, _LINE, _RING):
        text = writer.positions(cursor.take(int(shapely.get_num_coordinates(shape))))
        return text[1:-1] if kind == _POINT else text
    parts = shapely.get_rings(shape) if kind == _POLYGON else shapely.get_parts(shape)
    inner = {_POLYGON: _RING, 4: _POINT, 5: _LINE, 6: _POLYGON}[kind]
    return b"[" + b",".join(_coordinates(part, inner, cursor, writer) for part in parts if not part.is_empty) + b"]"
