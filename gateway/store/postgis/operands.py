"""How operands are said of a feature's row in PostgreSQL: columns, bound literals, and calls of PostGIS's functions and ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from gateway.errors import ParameterError
from gateway.geo import crs as systems
from gateway.model.query import Array, Call, Geometry, Instant, Operand
from gateway.store import operands
from gateway.store.expression import Sql
from gateway.store.operands import joined
from gateway.store.postgis.area import shape

_LARGEST = 2**63 - 1
_CALLS: dict[str, str] = {
    "+": "gw_add({}, {})",
    "-": "gw_subtract({}, {})",
    "*": "gw_multiply({}, {})",
    "/": "gw_divide({}, {})",
    "%": "gw_mod({}, {})",
    "div": "gw_div({}, {})",
    "^": "gw_power({}, {})",
    "casei": "gw_fold({})",
    "accenti": "gw_plain({})",
    "upper": "gw_upper({})",
    "lower": "gw_lower({})",
    "length": "length({})::bigint",
    "concat": "({} || {})",
    "abs": "gw_abs({})",
    "round": "gw_round({})",
    "floor": "floor(({})::float8)",
    "ceiling": "ceil(({})::float8)",
    "sqrt": "gw_sqrt({})",
    "year": "substr({}, 1, 4)::bigint",
    "month": "substr({}, 6, 2)::bigint",
    "day": "substr({}, 9, 2)::bigint",
    "area": "gw_area({}, {})",
    "perimeter": "gw_perimeter({}, {})",
    "centroid": "gw_centroid({})",
    "geometry_type": "gw_kind({})",
    "first": "gw_first({})",
    "last": "gw_last({})",
    "else": "coalesce({}, {})",
}
_OF_TIME = frozenset(("year", "month", "day"))
_MEASURES = frozenset(("area", "perimeter"))


@dataclass(frozen=True, slots=True)
class Operands(operands.Operands):
    """Operands over a feature table called ``f``, whose geometries have this SRID."""

    srid: int = 0

    def said(self, operand: Operand) -> Sql:
        """An operand as SQL. Raises ParameterError for a property that is not declared and a function that there is not."""
        match operand:
            case str() | bool() | int() | float() | None:
                return literal(operand)
            case Instant(text):
                return literal(text)
            case Geometry(wkb):
                return Sql("?", [shape(wkb, self.srid)])
            case Array(items):
                return self._list(items)
            case Call(name, arguments):
                return self._called(name, arguments)
            case _:
                # Two arguments, since a dataclass with slots is made anew and its methods do not know the new class.
                return operands.Operands.said(self, operand)

    def _list(self, items: tuple[Operand, ...]) -> Sql:
        if all(isinstance(item, str | int | float) for item in items):
            return Sql("?::jsonb", [orjson.dumps(items).decode().replace("\\u0000", "\U0010ffff")])
        return joined("jsonb_build_array({})", [self.said(item) for item in items])

    def _called(self, name: str, arguments: tuple[Operand, ...]) -> Sql:
        if name in _OF_TIME:
            arguments = tuple(Call("first", (argument,)) for argument in arguments)
        said = [self.said(argument) for argument in arguments]
        if name in _MEASURES:
            said.append(Sql("TRUE" if systems.is_geographic(self.facts.collection.crs) else "FALSE"))
        template = _CALLS.get(name)
        if template is None or template.count("{}") != len(said):
            raise ParameterError("filter", f"there is no function {name[:60]} of {len(said)} arguments")
        return Sql(template.format(*(one.text for one in said)), [value for one in said for value in one.values])


def literal(value: str | bool | int | float | None) -> Sql:
    """A literal; text compares byte by byte, and a whole number beyond 64 bits is a double."""
    if isinstance(value, str):
        return Sql('(? COLLATE "C")', [value])
    return Sql("?", [bound(value)])


def bound(value: Any) -> Any:
    """A value as PostgreSQL takes it."""
    if isinstance(value, int) and not isinstance(value, bool) and not -_LARGEST <= value <= _LARGEST:
        return float(value)
    return value
