"""How operands are said of a feature's row: columns, bound literals, and calls of SQL's functions and ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.errors import ParameterError
from gateway.geo import crs as systems
from gateway.model.feature import Field
from gateway.model.members import named as members
from gateway.model.query import Array, Call, Geometry, Instant, Interval, Operand, Property
from gateway.store import times
from gateway.store.columns import Column
from gateway.store.container import quoted
from gateway.store.expression import Sql
from gateway.store.facts import Facts

_LARGEST = 2**63 - 1
_MEMBERS = {"id": "f.gw_id", "geometry": "f.geom", "validFrom": "f.gw_from", "validTo": "f.gw_to"}
_CALLS: dict[str, str] = {
    "+": "({} + {})",
    "-": "({} - {})",
    "*": "({} * {})",
    "/": "(CAST({} AS REAL) / {})",
    "%": "gw_mod({}, {})",
    "div": "gw_div({}, {})",
    "^": "gw_power({}, {})",
    "casei": "gw_fold({})",
    "accenti": "gw_plain({})",
    "upper": "gw_upper({})",
    "lower": "gw_lower({})",
    "length": "length({})",
    "concat": "({} || {})",
    "abs": "gw_abs({})",
    "round": "round({})",
    "floor": "floor({})",
    "ceiling": "ceil({})",
    "sqrt": "sqrt({})",
    "year": "CAST(substr({}, 1, 4) AS INTEGER)",
    "month": "CAST(substr({}, 6, 2) AS INTEGER)",
    "day": "CAST(substr({}, 9, 2) AS INTEGER)",
    "centroid": "gw_centroid({})",
    "geometry_type": "gw_kind({})",
    "first": "gw_first({})",
    "last": "gw_last({})",
    "else": "coalesce({}, {})",
}
_OF_TIME = frozenset(("year", "month", "day"))
_MEASURES = {"area": "gw_area", "perimeter": "gw_perimeter"}


@dataclass(frozen=True, slots=True)
class Operands:
    """Operands over a feature table called ``f``."""

    facts: Facts

    def said(self, operand: Operand) -> Sql:
        """An operand as SQL. Raises ParameterError for a property that is not declared and a function that there is not."""
        match operand:
            case Property(name):
                return Sql(self.column(name))
            case str() | bool() | int() | float() | None:
                return Sql("?", [bound(operand)])
            case Instant(text):
                return Sql("?", [text])
            case Geometry(wkb):
                return Sql("?", [wkb])
            case Array(items):
                return self._array(items)
            case Call(name, arguments):
                return self._call(name, arguments)
            case Interval():
                raise ParameterError("filter", "an interval is compared by T_ functions")

    def column(self, name: str) -> str:
        """The column of a property, or of what every feature has besides."""
        found = self.facts.column(name)
        if found is not None:
            return f"f.{quoted(found[1].name)}"
        member = members(self.facts.collection.fields).get(name)
        if member is None:
            known = ", ".join(field.name for field in self.facts.collection.fields[:20])
            raise ParameterError(name, "is no property of this collection", cure=f"properties: {known or 'none'}")
        return _MEMBERS[member]

    def declared(self, operand: Operand) -> tuple[Field, Column] | None:
        """The field and column of an operand that is a declared property."""
        return self.facts.column(operand.name) if isinstance(operand, Property) else None

    def time(self, operand: Property) -> str | None:
        """What a property is in time (`store.times`)."""
        found = self.facts.column(operand.name)
        if found is None:
            is_span = members(self.facts.collection.fields).get(operand.name) in ("validFrom", "validTo")
            return times.SPAN if is_span else None
        field = found[0]
        if field.type != "string":
            return None
        return {"date": times.DAY, "date-time": times.MOMENT}.get(field.format or "", times.TEXT)

    def is_geometry(self, operand: Operand) -> bool:
        """Whether an operand is the feature's geometry."""
        return isinstance(operand, Property) and self.column(operand.name) == _MEMBERS["geometry"]

    def _array(self, items: tuple[Operand, ...]) -> Sql:
        if all(isinstance(item, str | int | float) for item in items):
            return Sql("?", [orjson.dumps(items).decode()])
        return joined("json_array({})", [self._item(item) for item in items])

    def _item(self, item: Operand) -> Sql:
        """An operand as JSON writes it: SQLite's truths are numbers."""
        found, said = self.declared(item), self.said(item)
        is_truth = isinstance(item, bool) or (found is not None and found[0].type == "boolean")
        if not is_truth:
            return said
        return Sql(f"json(CASE {said.text} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END)", said.values)

    def _call(self, name: str, arguments: tuple[Operand, ...]) -> Sql:
        if name in _OF_TIME:
            arguments = tuple(Call("first", (argument,)) for argument in arguments)
        said = [self.said(argument) for argument in arguments]
        if name in _MEASURES:
            is_geographic = int(systems.is_geographic(self.facts.collection.crs))
            return Sql(f"{_MEASURES[name]}({said[0].text}, {is_geographic})", said[0].values)
        template = _CALLS.get(name)
        if template is None or template.count("{}") != len(said):
            raise ParameterError("filter", f"there is no function {name[:60]} of {len(said)} arguments")
        return Sql(template.format(*(one.text for one in said)), [value for one in said for value in one.values])


def bound(value: str | int | float | None) -> Any:
    """A literal as SQLite takes it: a whole number beyond 64 bits is a float."""
    if isinstance(value, int) and not -_LARGEST <= value <= _LARGEST:
        return float(value)
    return value


def joined(template: str, parts: list[Sql], mark: str = ", ") -> Sql:
    """Operands in a list."""
    return Sql(template.format(mark.join(part.text for part in parts)), [value for part in parts for value in part.values])


def fitting(field: Field, value: Operand) -> Operand:
    """A literal as a declared column holds it. Raises ParameterError for a value of another type."""
    if value is None or not isinstance(value, str | int | float):
        return value
    if field.type in ("string", "array"):
        return value if isinstance(value, str) else _as_text(value)
    if isinstance(value, str) or (field.type == "boolean") != isinstance(value, bool):
        raise ParameterError(field.name, f"is a {field.type}, {value!r} is not")
    return value


def _as_text(value: bool | int | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


type Said = Callable[[Operand], Sql]
