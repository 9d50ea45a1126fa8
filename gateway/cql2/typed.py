"""From nodes to the expressions of the model: each property a queryable, each operand of the kind its operator takes."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Protocol

from gateway.cql2 import instants
from gateway.cql2.functions import BY_NAME, FUNCTIONS
from gateway.cql2.node import Node, Place, fault, shown
from gateway.cql2.unknown import unknown
from gateway.cql2.words import bare, constant, fold
from gateway.errors import ParameterError
from gateway.model.query import (
    And,
    Array,
    Arrays,
    Between,
    Call,
    Comparison,
    Expression,
    Geometry,
    In,
    Instant,
    Interval,
    IsNull,
    Like,
    Not,
    Operand,
    Or,
    Property,
    Spatial,
    Temporal,
)

COMPARISONS = frozenset(("=", "<>", "<", "<=", ">", ">="))
ARITHMETIC = frozenset(("+", "-", "*", "/", "%", "div", "^"))
SPATIAL = ("intersects", "equals", "disjoint", "touches", "within", "overlaps", "crosses", "contains")
TEMPORAL = (
    *("after", "before", "contains", "disjoint", "during", "equals", "finishedBy", "finishes", "intersects", "meets", "metBy"),
    *("overlappedBy", "overlaps", "startedBy", "starts"),
)
ARRAYS = ("contains", "containedBy", "equals", "overlaps")
_RELATIONS = (
    {f"s_{name}".lower(): ("geometry", name) for name in SPATIAL}
    | {f"t_{name}".lower(): ("time", name) for name in TEMPORAL}
    | {f"a_{name}".lower(): ("array", name) for name in ARRAYS}
)
_CONDITIONS = COMPARISONS | {"and", "or", "not", "isNull", "like", "between", "in"} | set(_RELATIONS)
_FAMILIES = {"integer": "number", "date": "time", "date-time": "time", "datetime": "time", "interval": "time"}
_SAID = {"string": "a text", "number": "a number", "boolean": "true or false", "time": "a time", "geometry": "a geometry"}
_SAID |= {"array": "a list", "interval": "an interval"}
_MOST_VALUES = 10_000
_LONGEST_PATTERN = 1500

type Typed = tuple[Operand, str]
"""An operand and its kind: string, integer, number, boolean, date, date-time, interval, geometry or array."""


class Shapes(Protocol):
    """Makes geometries of the question: checked, and moved from the CRS of the filter to that of the storage."""

    def geometry(self, value: Mapping[str, Any]) -> bytes:
        """ISO WKB, 2D, of GeoJSON whose positions are in the axis order of the filter's CRS. Raises GatewayError."""
        ...

    def bbox(self, numbers: list[float]) -> bytes:
        """The same of a box of four or six numbers."""
        ...


class Typing:
    """Types one filter. `kinds` are the queryables: name to string, integer, number, boolean, date, date-time, array, geometry."""

    def __init__(self, kinds: Mapping[str, str], shapes: Shapes) -> None:
        self._kinds = kinds
        self._shapes = shapes

    def condition(self, node: Node) -> Expression:
        """The expression of a node that is true or false. Raises ParameterError naming the place."""
        if node.op in ("and", "or"):
            parts = tuple(self.condition(part) for part in node.parts)
            return And(parts) if node.op == "and" else Or(parts)
        if node.op == "not":
            return Not(self.condition(self._count(node, 1)[0]))
        if node.op == "literal" and isinstance(node.value, bool):
            return And(()) if node.value else Or(())
        return self._leaf(node)

    def _leaf(self, node: Node) -> Expression:
        if node.op in COMPARISONS:
            return self._comparison(node)
        if node.op in _RELATIONS:
            return self._relation(node)
        match node.op:
            case "like":
                return self._like(node)
            case "between":
                return self._between(node)
            case "in":
                return self._in(node)
            case "isNull":
                part = self._count(node, 1)[0]
                return unknown(self.condition(part)) if part.op in _CONDITIONS else IsNull(self.operand(part)[0])
            case _:
                raise self._no_condition(node)

    def _no_condition(self, node: Node) -> ParameterError:
        _, kind = self.operand(node)
        said = f"{shown(str(node.value))} is" if node.op == "property" else "this is"
        cure = f"{shown(str(node.value))} = true" if kind == "boolean" else "compare it, for example with ="
        return fault(node.at, f"{said} {_said(kind)}, not a condition", cure)

    def _count(self, node: Node, wanted: int) -> tuple[Node, ...]:
        if len(node.parts) != wanted:
            operands = "one operand" if wanted == 1 else f"{wanted} operands"
            raise fault(node.at, f"{node.op} takes {operands}, not {len(node.parts)}")
        return node.parts

    def _comparison(self, node: Node) -> Expression:
        left, right = self._count(node, 2)
        first, second = self._alike(left, right)
        return Comparison(first, node.op, second)

    def _alike(self, *nodes: Node) -> tuple[Operand, ...]:
        """Operands that can be compared with the first: scalars of one family."""
        found = [self._scalar(node) for node in nodes]
        families = {_family(kind) for _, kind in found}
        if "time" in families:
            return tuple(self._as_time(node, one) for node, one in zip(nodes, found, strict=True))
        for node, (_, kind) in zip(nodes, found, strict=True):
            if _family(kind) != _family(found[0][1]):
                raise fault(node.at, f"{self._named(nodes[0], found[0][1])} is compared with {_said(kind)}")
        return tuple(operand for operand, _ in found)

    def _named(self, node: Node, kind: str) -> str:
        return f"{shown(str(node.value))}, {_said(kind)}," if node.op == "property" else _said(kind)

    def _scalar(self, node: Node) -> Typed:
        operand, kind = self.operand(node)
        other = {"geometry": "S_EQUALS", "array": "A_EQUALS", "interval": "T_EQUALS"}.get(kind)
        if other is not None:
            raise fault(node.at, f"{_said(kind)} is not compared by a sign", f"ask by {other}")
        return operand, kind

    def _as_time(self, node: Node, found: Typed) -> Operand:
        """An operand as an instant: a text says one; a property of texts is read as one, and is unknown where it is none."""
        operand, kind = found
        if isinstance(operand, str):
            return instants.instant(operand, node.at)
        if _family(kind) == "time" or (kind == "string" and isinstance(operand, Property)):
            return operand
        raise fault(node.at, f"{self._named(node, kind)} is no time", "DATE('2024-05-01') or TIMESTAMP('2024-05-01T08:00:00Z')")

    def _like(self, node: Node) -> Expression:
        left, right = self._count(node, 2)
        operand = self._of_kind(left, "string")
        pattern = bare(right)
        if pattern is None:
            raise fault(right.at, "a pattern is a text", "'%' is any text, '_' one character; CASEI and ACCENTI may be around it")
        if len(pattern) > _LONGEST_PATTERN:
            raise fault(right.at, f"a pattern has at most {_LONGEST_PATTERN} characters")
        return Like(operand, pattern)

    def _between(self, node: Node) -> Expression:
        return Between(*self._alike(*self._count(node, 3)))

    def _in(self, node: Node) -> Expression:
        left, values = self._count(node, 2)
        if values.op != "array":
            raise fault(values.at, "IN takes a list", "in parentheses, separated by commas")
        if len(values.parts) > _MOST_VALUES:
            raise fault(values.at, f"a list holds at most {_MOST_VALUES} values")
        operand, *found = self._alike(left, *values.parts)
        return In(operand, tuple(found))

    def _relation(self, node: Node) -> Expression:
        family, operator = _RELATIONS[node.op]
        first, second = self._count(node, 2)
        if family == "time":
            return Temporal(operator, self._time(first), self._time(second))
        if family == "array":
            return Arrays(operator, self._list(first), self._list(second))
        return Spatial(operator, self._of_kind(first, family), self._of_kind(second, family))

    def _list(self, node: Node) -> Operand:
        """A list; a literal in parentheses is a list of one."""
        return Array((node.value,)) if node.op == "literal" and isinstance(node.at, int) else self._of_kind(node, "array")

    def _time(self, node: Node) -> Operand:
        return self._as_time(node, self.operand(node))

    def _of_kind(self, node: Node, family: str) -> Operand:
        operand, kind = self.operand(node)
        if _family(kind) != family or kind == "interval":
            raise fault(node.at, f"{self._named(node, kind)} stands where {_said(family)} is due")
        return operand

    def operand(self, node: Node) -> Typed:
        """The operand of a node, and its kind. Raises ParameterError naming the place."""
        match node.op:
            case "property":
                return Property(node.value), self._kind(node.value, node.at)
            case "literal":
                return node.value, _kind_of(node.value)
            case "date" | "timestamp":
                return instants.literal(node), "date" if node.op == "date" else "date-time"
            case "interval":
                start, end = self._count(node, 2)
                return self._interval(node, start, end), "interval"
            case "geometry" | "bbox":
                return self._geometry(node), "geometry"
            case "array":
                return Array(tuple(self._item(part) for part in node.parts)), "array"
            case _:
                return self._call(node)

    def _kind(self, name: str, at: Place) -> str:
        found = self._kinds.get(name)
        if found is None:
            near = get_close_matches(name, self._kinds, n=3, cutoff=0.5) or sorted(self._kinds)[:20]
            listed = ", ".join(shown(one) for one in near)
            raise fault(at, f"there is no property {shown(name)} here", f"properties: {listed or 'none'}")
        return found

    def _interval(self, node: Node, start: Node, end: Node) -> Interval:
        found = Interval(self._end(start), self._end(end))
        if isinstance(found.start, Instant) and isinstance(found.end, Instant) and instants.ends_before(found.start, found.end):
            raise fault(node.at, "the interval ends before it begins", "INTERVAL(BEGIN, END)")
        return found

    def _end(self, node: Node) -> Operand | None:
        if node.op == "literal" and node.value in ("..", ""):
            return None
        operand = self._time(node)
        if isinstance(operand, Interval):
            raise fault(node.at, "an interval stands where an instant is due")
        return operand

    def _geometry(self, node: Node) -> Geometry:
        try:
            return Geometry(self._shapes.geometry(node.value) if node.op == "geometry" else self._shapes.bbox(node.value))
        except ParameterError as error:
            if error.parameter != "filter":
                raise
            raise fault(node.at, error.message, error.cure) from error

    def _item(self, node: Node) -> Operand:
        operand, kind = self.operand(node)
        if _family(kind) not in ("string", "number", "boolean"):
            raise fault(node.at, f"{_said(kind)} in a list", "lists hold texts, numbers, true and false")
        return operand

    def _call(self, node: Node) -> Typed:
        if node.op in ARITHMETIC:
            left, right = self._count(node, 2)
            return Call(node.op, (self._of_kind(left, "number"), self._of_kind(right, "number"))), "number"
        if node.op in ("casei", "accenti"):
            inner = self._of_kind(self._count(node, 1)[0], "string")
            return fold(node.op, inner), "string"
        function = BY_NAME.get(node.op)
        if function is None:
            raise self._no_function(node)
        arguments = self._count(node, len(function.arguments))
        given = tuple(self._argument(part, one.type) for part, one in zip(arguments, function.arguments, strict=True))
        return constant(Call(function.name, given)), function.returns

    def _argument(self, node: Node, kind: str) -> Operand:
        if kind != "datetime":
            return self._of_kind(node, _family(kind))
        operand = self._time(node)
        if isinstance(operand, Interval):
            raise fault(node.at, "an interval stands where an instant is due")
        return operand

    def _no_function(self, node: Node) -> ParameterError:
        if node.op in _CONDITIONS:
            return fault(node.at, "a condition stands where an operand is due", "join conditions by AND and OR")
        near = get_close_matches(node.op, [*BY_NAME, *_RELATIONS, "casei", "accenti"], n=3, cutoff=0.6)
        listed = ", ".join(near or [function.name for function in FUNCTIONS])
        return fault(node.at, f"there is no function {shown(node.op)}", f"functions: {listed}; /functions describes them")


def _family(kind: str) -> str:
    return _FAMILIES.get(kind, kind)


def _said(kind: str) -> str:
    return _SAID.get(kind) or _SAID.get(_family(kind), kind)


def _kind_of(value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str) else "number"
