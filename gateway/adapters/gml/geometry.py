"""Geometries of GML 3.2 from shapely: every object has an id, as the schema asks."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
import shapely

_MEMBERS = {4: ("MultiPoint", "pointMember"), 5: ("MultiCurve", "curveMember"), 6: ("MultiSurface", "surfaceMember")}
_COLLECTION = ("MultiGeometry", "geometryMember")


class Encoder:
    """Writes geometries in one reference system: `swap` exchanges the first two axes."""

    def __init__(self, system: str | None, decimals: int, *, swap: bool) -> None:
        self._system = "" if system is None else f" srsName={quoteattr(system)}"
        self._decimals = decimals
        self._swap = swap

    def write(self, shape: Any, id: str) -> str:
        """The element of a geometry whose id is `id`."""
        raised = bool(shapely.has_z(shape))
        return self._element(shape, id, f'{self._system} srsDimension="{3 if raised else 2}"', raised)

    def _element(self, shape: Any, id: str, system: str, raised: bool) -> str:
        kind = int(shapely.get_type_id(shape))
        head = f' gml:id="{id}"{system}'
        if kind == 0:
            return f"<gml:Point{head}><gml:pos>{self._positions(shape, raised)}</gml:pos></gml:Point>"
        if kind in (1, 2):
            return f"<gml:LineString{head}><gml:posList>{self._positions(shape, raised)}</gml:posList></gml:LineString>"
        if kind == 3:
            rings = (self._ring(ring, at, raised) for at, ring in enumerate(shapely.get_rings(shape)))
            return f"<gml:Polygon{head}>{''.join(rings)}</gml:Polygon>"
        name, member = _MEMBERS.get(kind, _COLLECTION)
        parts = enumerate(shapely.get_parts(shape), 1)
        inner = (f"<gml:{member}>{self._element(part, f'{id}.{at}', '', raised)}</gml:{member}>" for at, part in parts)
        return f"<gml:{name}{head}>{''.join(inner)}</gml:{name}>"

    def _ring(self, ring: Any, at: int, raised: bool) -> str:
        side = "interior" if at else "exterior"
        positions = self._positions(ring, raised)
        return f"<gml:{side}><gml:LinearRing><gml:posList>{positions}</gml:posList></gml:LinearRing></gml:{side}>"

    def _positions(self, shape: Any, raised: bool) -> str:
        points = shapely.get_coordinates(shape, include_z=raised)
        if self._swap:
            points = points[:, [1, 0, *range(2, points.shape[1])]]
        return " ".join(map(_number, np.round(points, self._decimals).ravel().tolist()))


def _number(value: float) -> str:
    text = repr(value + 0.0)
    return text if "e" not in text else f"{value:.9f}".rstrip("0")
