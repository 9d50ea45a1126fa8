"""How conditions are said of features: by the columns that the version declares."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gateway.errors import ParameterError
from gateway.model.feature import Field
from gateway.model.query import (
    Arrays,
    Between,
    Call,
    Comparison,
    Geometry,
    In,
    Intersects,
    IsNull,
    Like,
    Operand,
    Property,
    Spatial,
    Temporal,
    Text,
)
from gateway.store import container, moments, relations, tables, times
from gateway.store.area import OVERLAP
from gateway.store.container import quoted
from gateway.store.expression import Sql, compiled, pattern, prefix
from gateway.store.facts import Facts
from gateway.store.operands import Operands, fitting, joined
from gateway.store.spatial import turned

_TEXTS = frozenset(("casei", "accenti", "upper", "lower", "concat", "geometry_type"))


@dataclass(frozen=True, slots=True)
class FeatureTerms:
    """Terms over a feature table called ``f``."""

    facts: Facts

    @property
    def operands(self) -> Operands:
        """How operands are said."""
        return Operands(self.facts)

    def comparison(self, part: Comparison) -> Sql:
        """`left` `operator` `right`"""
        if times.concerns((part.left, part.right), self.operands.time):
            part = times.comparison(part, self.operands.time)
        left, right = self._alike(part.left, part.right)
        return Sql(f"{left.text} {part.operator} {right.text}", [*left.values, *right.values])

    def like(self, part: Like) -> Sql:
        """`operand` GLOB ?, since LIKE takes A for a."""
        value, wanted = self._text(part.operand), pattern(part)
        first, last = prefix(wanted)
        if last is None or not isinstance(part.operand, Property):
            return Sql(f"{value.text} GLOB ?", [*value.values, wanted])
        # The range lets an index find the prefix: SQLite would do so itself only for a pattern that is no bound value.
        return Sql(f"({value.text} GLOB ? AND {value.text} >= ? AND {value.text} < ?)", [wanted, first, last])

    def between(self, part: Between) -> Sql:
        """`operand` BETWEEN `low` AND `high`"""
        if times.concerns((part.operand, part.low, part.high), self.operands.time):
            return compiled(times.between(part, self.operands.time), self)
        value, low, high = self._alike(part.operand, part.low, part.high)
        return Sql(f"{value.text} BETWEEN {low.text} AND {high.text}", [*value.values, *low.values, *high.values])

    def among(self, part: In) -> Sql:
        """`operand` IN (…)"""
        if times.concerns((part.operand, *part.values), self.operands.time):
            changed = times.among(part, self.operands.time)
            part = changed if isinstance(changed, In) else part
        value, *values = self._alike(part.operand, *part.values)
        return joined(f"{value.text} IN ({{}})", values) if not value.values else _listed(value, values)

    def is_null(self, part: IsNull) -> Sql:
        """`operand` IS NULL"""
        value = self.operands.said(part.operand)
        return Sql(f"{value.text} IS NULL", value.values)

    def spatial(self, part: Spatial) -> Sql:
        """Two geometries stand in a relation; unknown where one has no value."""
        part = turned(part)
        left, right = self.operands.said(part.left), self.operands.said(part.right)
        exact = Sql(f"gw_related(?, {left.text}, {right.text})", [part.operator, *left.values, *right.values])
        if not (self.facts.is_current and isinstance(part.right, Geometry) and self.operands.is_geometry(part.left)):
            return exact
        return self._near(part.right, exact, otherwise=int(part.operator == "disjoint"))

    def _near(self, literal: Geometry, exact: Sql, *, otherwise: int) -> Sql:
        """A relation that only what the R-tree finds near the literal is tested for; the rest is apart from it."""
        _, (minx, miny, maxx, maxy) = relations.prepared(literal.wkb)
        if math.isnan(minx):
            return exact
        rtree = quoted(container.rtree(tables.current(self.facts.number)))
        near = f"f.fid IN (SELECT r.id FROM {rtree} r WHERE {OVERLAP})"
        text = f"CASE WHEN f.geom IS NULL THEN NULL WHEN {near} THEN {exact.text} ELSE {otherwise} END"
        return Sql(text, [maxx, minx, maxy, miny, *exact.values])

    def temporal(self, part: Temporal) -> Sql:
        """Two times stand in a relation."""
        return compiled(times.relation(part, self.operands.time), self)

    def arrays(self, part: Arrays) -> Sql:
        """Two lists, as sets, stand in a relation."""
        left, right = self.operands.said(part.left), self.operands.said(part.right)
        return Sql(f"gw_listed(?, {left.text}, {right.text})", [part.operator, *left.values, *right.values])

    def intersects(self, part: Intersects) -> Sql:
        """The geometry itself meets the box; unknown without geometry."""
        return Sql("gw_meets(f.geom, ?, ?, ?, ?)", list(part.box))

    def text(self, part: Text) -> Sql:
        """Features have no full text."""
        raise ParameterError("filter", "features have no full text search")

    def _alike(self, *operands: Operand) -> list[Sql]:
        """Operands compared with one another: literals as the column holds them that they are compared with."""
        found = next((known for operand in operands if (known := self.operands.declared(operand)) is not None), None)
        if found is None:
            return [self.operands.said(operand) for operand in operands]
        return [self.operands.said(_like(found[0], operand)) for operand in operands]

    def _text(self, operand: Operand) -> Sql:
        found = self.operands.declared(_innermost(operand))
        if found is not None and found[0].type != "string":
            raise ParameterError(found[0].name, f"is a {found[0].type}, not text")
        return self.operands.said(operand)


def _like(field: Field, operand: Operand) -> Operand:
    return operand if isinstance(operand, Property) else fitting(field, operand)


def _innermost(operand: Operand) -> Operand:
    while isinstance(operand, Call) and operand.name in _TEXTS and operand.name != "geometry_type":
        operand = operand.arguments[0]
    return operand


def _listed(value: Sql, values: list[Sql]) -> Sql:
    found = joined(f"{value.text} IN ({{}})", values)
    return Sql(found.text, [*value.values, *found.values])


def rising(heights: tuple[float, float] | None) -> Sql:
    """The geometry reaches between two heights, or has none."""
    return Sql("1") if heights is None else Sql("gw_rises(f.geom, ?, ?)", list(heights))


def during(interval: tuple[str | None, str | None] | None) -> Sql:
    """Validity meets the interval; a feature without validity always does."""
    if interval is None:
        return Sql("1")
    first, last = moments.start(interval[0]), moments.end(interval[1])
    parts, values = [], []
    if last is not None:
        parts.append("(f.gw_from IS NULL OR f.gw_from <= ?)")
        values.append(last)
    if first is not None:
        parts.append("(f.gw_to IS NULL OR f.gw_to >= ?)")
        values.append(first)
    return Sql(" AND ".join(parts) or "1", list(values))
