"""ISO WKB: the gate before GEOS, and small questions about one geometry."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from gateway.errors import InputError, TooLarge
from gateway.model.dataset import Box

DEEPEST = 32
"""Levels a GeometryCollection may be nested; GEOS dies of a few tens of thousands."""
LARGEST = 256_000_000
"""Bytes one geometry may have (16 million positions)."""
_SHALLOW = 16_384
"""Below this size no nesting is deep enough to hurt GEOS, so that simple multi-geometries need no walk."""
_Z, _M, _SRID = 0x80000000, 0x40000000, 0x20000000
_HEADER = 5
_SIMPLE = frozenset(struct.pack("<BI", 1, code) for code in (1, 2, 3, 1001, 1002, 1003))
"""Headers of geometries that hold no others, as nearly all are written."""

type Array = np.ndarray[Any, Any]


def check(wkb: bytes, place: str | None = None) -> None:
    """Refuse WKB that GEOS must not see: too large, too deeply nested, cut short, or of an unknown type.

    Raises TooLarge or InputError. Accepts ISO WKB and EWKB of either byte order, types 1 to 7.
    """
    if len(wkb) > LARGEST:
        raise TooLarge(f"a geometry of {len(wkb)} bytes is over the limit of {LARGEST}", place=place)
    if wkb[:_HEADER] in _SIMPLE:
        return
    kind = _kind(wkb, place)
    if kind == 7 or (kind >= 4 and len(wkb) > _SHALLOW):
        _walk(wkb, place)


def read(geometries: Sequence[bytes | None], place: str | None = None) -> Array:
    """Shapely geometries of WKB, an array; gated. Raises InputError for WKB that is none."""
    for wkb in geometries:
        if wkb is not None:
            check(wkb, place)
    try:
        with np.errstate(invalid="ignore"):  # NaN coordinates are for `normal` to judge
            return np.asarray(shapely.from_wkb(np.array(geometries, dtype=object)))
    except shapely.errors.GEOSException as error:
        raise InputError(f"a geometry is not valid WKB: {_first_line(error)}", place=place) from error


def write(geometries: Any) -> list[bytes | None]:
    """Little-endian ISO WKB of shapely geometries, without SRID and M."""
    array = np.atleast_1d(geometries)
    measured = shapely.has_m(array)
    if measured.any():
        array = array.copy()
        array[measured] = _without_m(array[measured])
    return list(shapely.to_wkb(array, flavor="iso", byte_order=1, include_srid=False))


def normal(geometries: Sequence[bytes | None], place: str | None = None) -> Array:
    """Shapely geometries of WKB as the twin keeps them: empty ones are None, and one with a height that is no number is 2D.

    Raises InputError for coordinates that are NaN or infinite in x or y, or infinite in z.
    """
    array = read(geometries, place)
    array[shapely.is_empty(array)] = None
    coordinates, index = shapely.get_coordinates(array, include_z=True, return_index=True)
    if not np.isfinite(coordinates[:, :2]).all() or np.isinf(coordinates[:, 2]).any():
        raise InputError("a geometry has a coordinate that is not a finite number", place=place)
    spoilt = np.unique(index[np.isnan(coordinates[:, 2])])
    spoilt = spoilt[shapely.has_z(array[spoilt])]
    if spoilt.size:
        array[spoilt] = shapely.force_2d(array[spoilt])
    return array


def bounds(wkb: bytes) -> Box | None:
    """(minx, miny, maxx, maxy) of one geometry; None for an empty one."""
    return box_of(read([wkb])[0])


def box_of(geometry: Any) -> Box | None:
    """The bounds of a shapely geometry, None when there are none."""
    if geometry is None or shapely.is_empty(geometry):
        return None
    west, south, east, north = shapely.bounds(geometry).tolist()
    return (west, south, east, north)


def has_z(wkb: bytes) -> bool:
    """Whether the geometry says it has heights (from its header alone)."""
    code = _code(wkb, None)
    return bool(code & _Z) or (code & 0x0FFFFFFF) // 1000 in (1, 3)


def to_2d(wkb: bytes) -> bytes:
    """The same geometry without heights."""
    found = write(shapely.force_2d(read([wkb])))[0]
    assert found is not None  # noqa: S101 - from_wkb of bytes is a geometry
    return found


def oriented(geometries: Sequence[bytes | None]) -> list[bytes | None]:
    """The same geometries with outer rings anticlockwise and holes against them (RFC 7946 section 3.1.6)."""
    return write(shapely.orient_polygons(read(geometries)))


def _without_m(array: Array) -> Array:
    """Set positions anew, which keeps x, y and, where there is one, z."""
    bare = np.asarray(shapely.force_2d(array))
    raised = shapely.has_z(array)
    heights = shapely.get_coordinates(array[raised], include_z=True)
    bare[raised] = shapely.set_coordinates(shapely.force_3d(bare[raised]), heights)
    return bare


def _code(wkb: bytes, place: str | None, position: int = 0) -> int:
    try:
        order = {0: ">", 1: "<"}[wkb[position]]
        return int(struct.unpack_from(f"{order}I", wkb, position + 1)[0])
    except (IndexError, KeyError, struct.error) as error:
        raise InputError("a geometry is not valid WKB", place=place) from error


def _kind(wkb: bytes, place: str | None, position: int = 0) -> int:
    kind = (_code(wkb, place, position) & 0x0FFFFFFF) % 1000
    if not 1 <= kind <= 7:
        raise InputError(
            f"geometries of WKB type {kind} are not kept", place=place, cure="points, lines, polygons and collections of them"
        )
    return kind


def _walk(wkb: bytes, place: str | None) -> None:
    """Step over every part without building anything; the depth and the counts are checked on the way."""
    position, open_parts = 0, [1]
    while open_parts:
        if open_parts[-1] == 0:
            open_parts.pop()
            continue
        open_parts[-1] -= 1
        position, parts = _step(wkb, position, place)
        if parts:
            open_parts.append(parts)
            if len(open_parts) - 1 > DEEPEST:
                raise InputError(f"a geometry collection is nested more than {DEEPEST} deep", place=place)


def _step(wkb: bytes, position: int, place: str | None) -> tuple[int, int]:
    """The position after one part's own content, and how many parts follow inside it."""
    code, kind = _code(wkb, place, position), _kind(wkb, place, position)
    order = "<" if wkb[position] == 1 else ">"
    size = 8 * _dimensions(code)
    position += _HEADER + (4 if code & _SRID else 0)
    if kind == 1:
        return position + size, 0
    count = _count(wkb, order, position, place)
    position += 4
    if kind >= 4:
        return position, count
    for _ in range(count if kind == 3 else 0):
        position += 4 + size * _count(wkb, order, position, place)
    return position + (size * count if kind == 2 else 0), 0


def _dimensions(code: int) -> int:
    iso = (code & 0x0FFFFFFF) // 1000
    return 2 + (bool(code & _Z) or iso in (1, 3)) + (bool(code & _M) or iso in (2, 3))


def _count(wkb: bytes, order: str, position: int, place: str | None) -> int:
    try:
        count = int(struct.unpack_from(f"{order}I", wkb, position)[0])
    except struct.error as error:
        raise InputError("a geometry is cut short", place=place) from error
    if count * 4 > len(wkb):
        raise InputError("a geometry counts more parts than it has", place=place)
    return count


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:120]
