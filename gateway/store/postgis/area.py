"""The areas of a question as conditions that GiST answers: bounds that lie inside a box are in, only the border is tested.

PostGIS keeps bounds rounded outwards to 32 bits. The box within which bounds are taken for granted is therefore rounded inwards
to 32 bits, so that what an index entry says of it is true of the geometry.
"""

from __future__ import annotations

import struct

from gateway.model.dataset import Box
from gateway.model.query import Query
from gateway.store.area import areas
from gateway.store.expression import Sql
from gateway.store.postgis.wire import Shape

_SINGLE = struct.Struct("<f")
_SINGLES = struct.Struct("<4f")
_BITS = struct.Struct("<i")
_POINT, _LINE, _POLYGON = 1, 2, 3
_WITH_SRID = 0x20000000


def near(query: Query, srid: int) -> Sql | None:
    """The geometry of a row ``f`` itself meets one of the boxes of a query, or its region; None without boxes."""
    if not query.boxes:
        return None
    region = None if query.region is None else shape(query.region, srid)
    found = [_meets(area.outer, area.inner, region, srid) for area in areas(query)]
    if len(found) == 1:
        return found[0]
    return Sql(" OR ".join(f"({one.text})" for one in found), [value for one in found for value in one.values])


def meets(box: Box, srid: int) -> Sql:
    """The geometry of a row ``f`` itself meets a box; unknown without geometry."""
    return _meets(box, box, None, srid)


def bounds_meet(box: Box, srid: int) -> Sql:
    """The bounds of a row ``f`` meet a box."""
    return Sql("f.geom && ?", [_box(box, srid)])


def shape(wkb: bytes, srid: int) -> Shape:
    """A 2D geometry in ISO WKB of either byte order, with an SRID."""
    if srid == 0:
        return Shape(wkb)
    order = "<" if wkb[0] else ">"
    (kind,) = struct.unpack_from(order + "I", wkb, 1)
    return Shape(wkb[:1] + struct.pack(order + "II", kind | _WITH_SRID, srid) + wkb[5:])


def _meets(outer: Box, inner: Box | None, region: Shape | None, srid: int) -> Sql:
    asked = _box(outer, srid)
    exact = asked if region is None else region
    sure = None if inner is None else _inwards(inner)
    if sure is None:
        return Sql("f.geom && ? AND ST_Intersects(f.geom, ?)", [asked, exact])
    text = "f.geom && ? AND CASE WHEN f.geom @ ? THEN TRUE ELSE ST_Intersects(f.geom, ?) END"
    return Sql(text, [asked, _box(sure, srid), exact])


def _box(box: Box, srid: int) -> Shape:
    """A box as the geometry that it is: a polygon, or a line or a point where it has no width or height."""
    minx, miny, maxx, maxy = box
    if minx == maxx and miny == maxy:
        return shape(struct.pack("<BI2d", 1, _POINT, minx, miny), srid)
    if minx == maxx or miny == maxy:
        return shape(struct.pack("<BII4d", 1, _LINE, 2, minx, miny, maxx, maxy), srid)
    ring = (minx, miny, maxx, miny, maxx, maxy, minx, maxy, minx, miny)
    return shape(struct.pack("<BIII10d", 1, _POLYGON, 1, 5, *ring), srid)


def _inwards(box: Box) -> Box | None:
    """A box rounded inwards to numbers of 32 bits; None where nothing is left."""
    try:
        near = _SINGLES.unpack(_SINGLES.pack(*box))
    except OverflowError:
        return None
    minx, miny = (one if one >= value else _next(one, up=True) for one, value in zip(near[:2], box[:2], strict=True))
    maxx, maxy = (one if one <= value else _next(one, up=False) for one, value in zip(near[2:], box[2:], strict=True))
    return (minx, miny, maxx, maxy) if minx < maxx and miny < maxy else None


def _next(value: float, *, up: bool) -> float:
    """The neighbour of a number of 32 bits."""
    if value == 0.0:
        return 2.0**-149 if up else -(2.0**-149)
    (bits,) = _BITS.unpack(_SINGLE.pack(value))
    moved: float = _SINGLE.unpack(_BITS.pack(bits + (1 if (value > 0) == up else -1)))[0]
    return moved
