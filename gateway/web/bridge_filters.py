"""Filters as pygeoapi hands them to a provider (pygeofilter's tree) in the words of the twin's own query."""

from __future__ import annotations

from typing import Any

import shapely
from pygeoapi.provider.base import ProviderInvalidQueryError
from pygeofilter import ast

from gateway.geo import transform
from gateway.model.crs import CRS84
from gateway.model.dataset import Collection
from gateway.model.query import And, Between, Comparison, Expression, Geometry, In, IsNull, Like, Not, Or, Property, Spatial

_COMPARED = {
    ast.Equal: "=",
    ast.NotEqual: "<>",
    ast.LessThan: "<",
    ast.LessEqual: "<=",
    ast.GreaterThan: ">",
    ast.GreaterEqual: ">=",
}
_SPATIAL = {
    ast.GeometryIntersects: "intersects",
    ast.GeometryDisjoint: "disjoint",
    ast.GeometryContains: "contains",
    ast.GeometryWithin: "within",
    ast.GeometryTouches: "touches",
    ast.GeometryCrosses: "crosses",
    ast.GeometryOverlaps: "overlaps",
    ast.GeometryEquals: "equals",
}


def expression(node: Any, collection: Collection) -> Expression | None:
    """The same condition; geometries of the filter are in CRS84. Raises ProviderInvalidQueryError for what has no such word."""
    return None if node is None else _condition(node, collection)


def _condition(node: Any, collection: Collection) -> Expression:
    match node:
        case ast.And():
            return And((_condition(node.lhs, collection), _condition(node.rhs, collection)))
        case ast.Or():
            return Or((_condition(node.lhs, collection), _condition(node.rhs, collection)))
        case ast.Not():
            return Not(_condition(node.sub_node, collection))
        case ast.Comparison():
            return Comparison(_operand(node.lhs), _COMPARED[type(node)], _operand(node.rhs))
        case ast.SpatialComparisonPredicate() if type(node) in _SPATIAL:
            return Spatial(_SPATIAL[type(node)], _shape(node.lhs, collection), _shape(node.rhs, collection))
        case _:
            return _predicate(node)


def _predicate(node: Any) -> Expression:
    found: Expression
    match node:
        case ast.Between():
            found = Between(_operand(node.lhs), _operand(node.low), _operand(node.high))
        case ast.Like():
            found = Like(_operand(node.lhs), _pattern(node))
        case ast.In():
            found = In(_operand(node.lhs), tuple(_operand(value) for value in node.sub_nodes))
        case ast.IsNull():
            found = IsNull(_operand(node.lhs))
        case _:
            raise ProviderInvalidQueryError(f"the twin is not asked by {type(node).__name__} here")
    return Not(found) if node.not_ else found


def _operand(node: Any) -> Any:
    if isinstance(node, ast.Attribute):
        return Property(node.name)
    if isinstance(node, str | int | float | bool):
        return node
    raise ProviderInvalidQueryError(f"{type(node).__name__} is no operand here")


def _pattern(node: Any) -> str:
    """A pattern whose any, one and escape marks are those of CQL2."""
    signs = {node.wildcard: "%", node.singlechar: "_"}
    return "".join(signs.get(sign, f"\\{sign}" if sign in "%_\\" else sign) for sign in node.pattern)


def _shape(node: Any, collection: Collection) -> Property | Geometry:
    if isinstance(node, ast.Attribute):
        return Property("geometry")
    given = shapely.to_wkb(shapely.force_2d(shapely.geometry.shape(node.geometry)))
    (own,) = transform.wkb([given], CRS84, collection.crs)
    if own is None:
        raise ProviderInvalidQueryError("an empty geometry is no operand")
    return Geometry(own)
