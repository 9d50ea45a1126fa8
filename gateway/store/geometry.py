"""Geometry as a GeoPackage keeps it: a header with the exact bounds, then WKB (OGC 12-128r19, 2.1.3)."""

from __future__ import annotations

import struct
from collections.abc import Sequence

type Box = tuple[float, float, float, float]

_HEADER = struct.Struct("<2sBBi")
_ENVELOPE = struct.Struct("<4d")
_BOUNDED = 0b0000_0011
_EMPTY = 0b0001_0001
_ENVELOPE_SIZES = {0: 0, 1: 32, 2: 48, 3: 48, 4: 64}

NAMES = {
    1: "Point",
    2: "LineString",
    3: "Polygon",
    4: "MultiPoint",
    5: "MultiLineString",
    6: "MultiPolygon",
    7: "GeometryCollection",
}


def pack(wkb: bytes, box: Box | None, srs: int) -> bytes:
    """A GeoPackage geometry of ISO WKB with its bounds (minx, miny, maxx, maxy); no bounds means an empty geometry."""
    if box is None:
        return _HEADER.pack(b"GP", 0, _EMPTY, srs) + wkb
    return _HEADER.pack(b"GP", 0, _BOUNDED, srs) + _ENVELOPE.pack(box[0], box[2], box[1], box[3]) + wkb


def body(blob: bytes) -> bytes:
    """The WKB of a GeoPackage geometry."""
    return blob[_HEADER.size + _ENVELOPE_SIZES[(blob[3] >> 1) & 7] :]


def bounds(blob: bytes) -> Box | None:
    """The exact bounds (minx, miny, maxx, maxy) in the header; None when empty."""
    if blob[3] & 0b0001_0000:
        return None
    minx, maxx, miny, maxy = _ENVELOPE.unpack_from(blob, _HEADER.size)
    return minx, miny, maxx, maxy


def kind(wkb: bytes) -> tuple[int, bool]:
    """The WKB type (1 to 7, 0 for another) and whether it has Z; ISO and EWKB codes."""
    (code,) = struct.unpack_from("<I" if wkb[0] else ">I", wkb, 1)
    plain = (code & 0xFFFF) % 1000
    return (plain if plain in NAMES else 0), bool(code & 0x8000_0000) or (code & 0xFFFF) // 1000 in (1, 3)


def type_name(kinds: Sequence[int]) -> str | None:
    """The one geometry type that holds all of `kinds` (Polygon and MultiPolygon: MultiPolygon), else None."""
    found = set(kinds)
    if len(found) == 1:
        return NAMES.get(next(iter(found)))
    for simple in (1, 2, 3):
        if found == {simple, simple + 3}:
            return NAMES[simple + 3]
    return None
