"""How conditions are said of features: by the columns that the version declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.errors import ParameterError
from gateway.model.feature import Field, Scalar
from gateway.model.query import Between, Comparison, In, Intersects, IsNull, Like, Text
from gateway.store import moments
from gateway.store.columns import Column
from gateway.store.container import quoted
from gateway.store.expression import Sql, each, pattern
from gateway.store.facts import Facts

_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class FeatureTerms:
    """Terms over a feature table called ``f``."""

    facts: Facts

    def comparison(self, part: Comparison) -> Sql:
        """`column` `operator` ?"""
        field, column = self._column(part.property)
        value = _fitting(field, part.value)
        name = f"f.{quoted(column.name)}"
        if part.fold and isinstance(value, str):
            return Sql(f"gw_fold({name}) {part.operator} ?", [value.casefold()])
        return Sql(f"{name} {part.operator} ?", [value])

    def like(self, part: Like) -> Sql:
        """`column` GLOB ?, since LIKE takes A for a."""
        field, column = self._column(part.property)
        if field.type != "string":
            raise ParameterError(part.property, f"is a {field.type}, not text")
        name = f"f.{quoted(column.name)}"
        return Sql(f"{f'gw_fold({name})' if part.fold else name} GLOB ?", [pattern(part)])

    def between(self, part: Between) -> Sql:
        """`column` BETWEEN ? AND ?"""
        field, column = self._column(part.property)
        return Sql(f"f.{quoted(column.name)} BETWEEN ? AND ?", [_fitting(field, part.low), _fitting(field, part.high)])

    def among(self, part: In) -> Sql:
        """`column` IN (?, …)"""
        field, column = self._column(part.property)
        marks, values = each(part.values, lambda value: _fitting(field, value))
        return Sql(f"f.{quoted(column.name)} IN ({marks})", values)

    def is_null(self, part: IsNull) -> Sql:
        """`column` IS NULL"""
        _, column = self._column(part.property)
        return Sql(f"f.{quoted(column.name)} IS NULL")

    def intersects(self, part: Intersects) -> Sql:
        """The geometry itself meets the box; unknown without geometry."""
        return Sql("gw_meets(f.geom, ?, ?, ?, ?)", list(part.box))

    def text(self, part: Text) -> Sql:
        """Features have no full text."""
        raise ParameterError("filter", "features have no full text search")

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


def _fitting(field: Field, value: Scalar) -> Any:
    """A value as its column holds it. Raises ParameterError for a value of another type."""
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
