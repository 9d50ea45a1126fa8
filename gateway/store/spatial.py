"""What a filter says of where features lie: the areas that an R-tree can be asked for, and the condition that is left."""

from __future__ import annotations

from collections.abc import Callable

from gateway.model.query import And, Expression, Geometry, Intersects, Operand, Or, Spatial
from gateway.store.area import Area, around

_CONVERSE = {"within": "contains", "contains": "within"}
_MOST = 8
"""Areas of one filter; more are not worth a reading of the R-tree each."""

type IsGeometry = Callable[[Operand], bool]
"""Whether an operand is the feature's geometry."""


def turned(part: Spatial) -> Spatial:
    """The same relation with a literal on the right, if there is one."""
    if isinstance(part.left, Geometry) and not isinstance(part.right, Geometry):
        return Spatial(_CONVERSE.get(part.operator, part.operator), part.right, part.left)
    return part


def implied(expression: Expression | None, is_geometry: IsGeometry) -> tuple[list[Area], Expression | None]:
    """Areas, in one of which every feature that fulfils a filter lies, and the condition that is left to test of those that do.

    Only a part that must hold says where features are: the whole, or a part of a conjunction. Of several the smallest is taken.
    No areas where nothing is said.
    """
    if expression is None:
        return [], None
    parts = list(expression.parts) if isinstance(expression, And) else [expression]
    found = [(place, areas) for place, part in enumerate(parts) if (areas := _areas(part, is_geometry))]
    if not found:
        return [], expression
    place, areas = min(found, key=lambda one: sum(map(_size, one[1])))
    rest = (*parts[:place], *parts[place + 1 :])
    if not rest:
        return areas, None
    return areas, rest[0] if len(rest) == 1 else And(rest)


def _areas(part: Expression, is_geometry: IsGeometry) -> list[Area]:
    match part:
        case Intersects(box):
            return [Area(box, box)]
        case Spatial():
            return _area(turned(part), is_geometry)
        case And(parts):
            areas, rest = implied(part, is_geometry)
            return areas if rest is None and parts else []
        case Or(parts) if 0 < len(parts) <= _MOST:
            found = [_areas(one, is_geometry) for one in parts]
            every = [area for areas in found for area in areas]
            return every if all(found) and len(every) <= _MOST else []
        case _:
            return []


def _area(part: Spatial, is_geometry: IsGeometry) -> list[Area]:
    if part.operator == "disjoint" or not isinstance(part.right, Geometry) or not is_geometry(part.left):
        return []
    return around(part.right.wkb, part.operator)


def _size(area: Area) -> float:
    minx, miny, maxx, maxy = area.outer
    return (maxx - minx) * (maxy - miny)
