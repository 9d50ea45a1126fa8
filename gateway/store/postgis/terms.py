"""How conditions are said of features in PostgreSQL, with the same answers as in the embedded store."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.model.query import Intersects, Like, Spatial
from gateway.store import feature_terms, moments
from gateway.store.expression import Sql
from gateway.store.postgis.area import meets
from gateway.store.postgis.operands import Operands
from gateway.store.postgis.patterns import like


@dataclass(frozen=True, slots=True)
class FeatureTerms(feature_terms.FeatureTerms):
    """Terms over a feature table called ``f``, whose geometries have this SRID."""

    srid: int = 0

    @property
    def operands(self) -> Operands:
        """How operands are said."""
        return Operands(self.facts, self.srid)

    def like(self, part: Like) -> Sql:
        """`operand` LIKE ?; an index in byte order serves what begins with something."""
        value = self._text(part.operand)
        return Sql(f"{value.text} LIKE ?", [*value.values, like(part)])

    def spatial(self, part: Spatial) -> Sql:
        """Two geometries stand in a relation; unknown where one has no value. Bounds that do not meet need no test."""
        left, right = self.operands.said(part.left), self.operands.said(part.right)
        near = Sql(f"{left.text} && {right.text}", [*left.values, *right.values])
        if part.operator == "intersects":
            return near & Sql(f"ST_Intersects({left.text}, {right.text})", near.values)
        holds = Sql(f"gw_holds(?, {left.text}, {right.text})", [part.operator, *near.values])
        if part.operator != "disjoint":
            return near & holds
        return Sql(f"NOT ({near.text}) OR ({holds.text})", [*near.values, *holds.values])

    def intersects(self, part: Intersects) -> Sql:
        """The geometry itself meets the box; unknown without geometry."""
        return meets(part.box, self.srid)


def rising(heights: tuple[float, float] | None) -> Sql | None:
    """The geometry reaches between two heights, or has none (ST_Zmflag: 2 and 3 have Z). None where everything does."""
    if heights is None:
        return None
    return Sql("(ST_Zmflag(f.geom) < 2 OR (ST_ZMin(f.geom) <= ? AND ST_ZMax(f.geom) >= ?))", [heights[1], heights[0]])


def during(interval: tuple[str | None, str | None] | None) -> Sql | None:
    """Validity meets the interval; a feature without validity always does. None where everything does."""
    first, last = (None, None) if interval is None else (moments.start(interval[0]), moments.end(interval[1]))
    parts, values = [], []
    if last is not None:
        parts.append("(f.gw_from IS NULL OR f.gw_from <= ?)")
        values.append(last)
    if first is not None:
        parts.append("(f.gw_to IS NULL OR f.gw_to >= ?)")
        values.append(first)
    return Sql(" AND ".join(parts), list(values)) if parts else None
