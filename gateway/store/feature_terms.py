"""How conditions are said of features: by the columns that the version declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.errors import ParameterError
from gateway.model.feature import Field
from gateway.model.query import (
    Arrays,
    Between,
    Call,
    Comparison,
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
from gateway.store import moments
from gateway.store.columns import Column
from gateway.store.container import quoted
from gateway.store.expression import Sql, each, named, pattern, prefix
from gateway.store.facts import Facts

_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class FeatureTerms:
    """Terms over a feature table called ``f``."""

    facts: Facts

    def comparison(self, part: Comparison) -> Sql:
        """`column` `operator` ?"""
        field, value = self._value(part.left)
        return Sql(f"{value} {part.operator} ?", [_fitting(field, part.right)])

    def like(self, part: Like) -> Sql:
        """`column` GLOB ?, since LIKE takes A for a."""
        field, value = self._value(part.operand)
        if field.type != "string":
            raise ParameterError(field.name, f"is a {field.type}, not text")
        wanted = pattern(part)
        first, last = prefix(wanted)
        if last is None or not isinstance(part.operand, Property):
            return Sql(f"{value} GLOB ?", [wanted])
        # The range lets an index find the prefix: SQLite would do so itself only for a pattern that is no bound value.
        return Sql(f"({value} GLOB ? AND {value} >= ? AND {value} < ?)", [wanted, first, last])

    def between(self, part: Between) -> Sql:
        """`column` BETWEEN ? AND ?"""
        field, value = self._value(part.operand)
        return Sql(f"{value} BETWEEN ? AND ?", [_fitting(field, part.low), _fitting(field, part.high)])

    def among(self, part: In) -> Sql:
        """`column` IN (?, …)"""
        field, value = self._value(part.operand)
        marks, values = each(part.values, lambda one: _fitting(field, one))
        return Sql(f"{value} IN ({marks})", values)

    def is_null(self, part: IsNull) -> Sql:
        """`column` IS NULL"""
        return Sql(f"{self._value(part.operand)[1]} IS NULL")

    def spatial(self, part: Spatial) -> Sql:
        """Two geometries stand in a relation."""
        raise ParameterError("filter", "features are not asked by relations in space")

    def temporal(self, part: Temporal) -> Sql:
        """Two times stand in a relation."""
        raise ParameterError("filter", "features are not asked by relations in time")

    def arrays(self, part: Arrays) -> Sql:
        """Two lists stand in a relation."""
        raise ParameterError("filter", "features are not asked by relations of lists")

    def intersects(self, part: Intersects) -> Sql:
        """The geometry itself meets the box; unknown without geometry."""
        return Sql("gw_meets(f.geom, ?, ?, ?, ?)", list(part.box))

    def text(self, part: Text) -> Sql:
        """Features have no full text."""
        raise ParameterError("filter", "features have no full text search")

    def _value(self, operand: Operand) -> tuple[Field, str]:
        """The field that an operand is, and how its value is said."""
        match operand:
            case Property(name):
                field, column = self._column(name)
                return field, f"f.{quoted(column.name)}"
            case Call("casei", (Property(name),)):
                field, column = self._column(name)
                return field, f"gw_fold(f.{quoted(column.name)})"
            case _:
                raise ParameterError(named(operand), "features are asked by their properties")

    def _column(self, name: str) -> tuple[Field, Column]:
        found = self.facts.column(name)
        if found is None:
            known = ", ".join(field.name for field in self.facts.collection.fields[:20])
            raise ParameterError(name, "is no property of this collection", cure=f"properties: {known or 'none'}")
        return found


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


def _fitting(field: Field, value: Operand) -> Any:
    """A value as its column holds it. Raises ParameterError for a value of another type."""
    if isinstance(value, Call) and value.name == "casei" and isinstance(value.arguments[0], str):
        return value.arguments[0].casefold()
    if not isinstance(value, str | int | float | None):
        raise ParameterError(field.name, "is compared with literals")
    if value is None:
        return None
    if field.type == "string":
        return value if isinstance(value, str) else _as_text(value)
    if isinstance(value, str) or (field.type == "boolean") != isinstance(value, bool):
        raise ParameterError(field.name, f"is a {field.type}, {value!r} is not")
    if isinstance(value, int) and not -_LARGEST <= value <= _LARGEST:
        return float(value)
    return value


def _as_text(value: bool | int | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
