"""Reads CQL2 JSON (OGC 21-065, annex on CQL2 JSON and its schema), each level of nesting counted."""

from __future__ import annotations

import math
from typing import Any

import orjson

from gateway.cql2.node import DEEPEST, MOST_NODES, Node, fault, shown
from gateway.errors import Unreadable
from gateway.gates import json as gate

_GEOMETRIES = frozenset(("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"))
_MOST_NUMBERS = 200_000
_NAMES = {name.lower(): name for name in ("isNull",)}


def read(text: str | bytes) -> Node:
    """The nodes of a filter written as JSON. Raises ParameterError naming the JSON pointer and what would be right."""
    try:
        value = gate.loads(text.encode() if isinstance(text, str) else text)
    except (Unreadable, UnicodeEncodeError) as error:
        raise fault("", str(error), "CQL2 JSON, or filter-lang=cql2-text") from error
    return _Reader().node(value, "", 1)


def of_value(value: Any) -> Node:
    """The nodes of a filter that is a member of a JSON body already read through the gate."""
    return _Reader().node(value, "", 1)


def written(value: Any) -> str:
    """A filter of a JSON body as the text of the parameter."""
    return orjson.dumps(value).decode()


class _Reader:
    """One filter on its way through; parts and numbers are counted."""

    def __init__(self) -> None:
        self._nodes = 0
        self._numbers = 0

    def node(self, value: Any, at: str, depth: int) -> Node:
        self._nodes += 1
        if depth > DEEPEST:
            raise fault(at, f"nested more than {DEEPEST} deep", "ask a flatter question")
        if self._nodes > MOST_NODES:
            raise fault(at, f"a filter has at most {MOST_NODES} parts")
        if value is None:
            raise fault(at, "null is no operand", 'ask by {"op": "isNull", "args": [{"property": …}]}')
        if isinstance(value, str | bool | int | float):
            return Node("literal", at, value=value)
        if isinstance(value, list):
            return Node("array", at, tuple(self.node(one, f"{at}/{place}", depth + 1) for place, one in enumerate(value)))
        return self._object(value, at, depth)

    def _object(self, value: dict[str, Any], at: str, depth: int) -> Node:
        if "op" in value:
            return self._operation(value, at, depth)
        if isinstance(value.get("type"), str):
            return Node("geometry", at, value=self._geometry(value, at))
        found = [name for name in ("property", "date", "timestamp", "interval", "bbox") if name in value]
        if len(found) != 1 or len(value) != 1:
            raise fault(
                at, "no operand", 'one of {"op": …}, {"property": …}, {"date": …}, {"interval": …}, a geometry or a literal'
            )
        return self._single(found[0], value[found[0]], at, depth)

    def _operation(self, value: dict[str, Any], at: str, depth: int) -> Node:
        op, arguments = value["op"], value.get("args")
        if not isinstance(op, str) or not op:
            raise fault(f"{at}/op", "an operator without a name")
        if not isinstance(arguments, list) or len(value) != 2:
            raise fault(at, f"the operator {shown(op)} needs its arguments, and nothing else", '"args": […]')
        name = _NAMES.get(op.lower(), op.lower())
        return Node(name, at, tuple(self.node(one, f"{at}/args/{place}", depth + 1) for place, one in enumerate(arguments)))

    def _single(self, kind: str, value: Any, at: str, depth: int) -> Node:
        here = f"{at}/{kind}"
        if kind == "interval":
            if not isinstance(value, list) or len(value) != 2:
                raise fault(here, "an interval has two ends", '"interval": ["2024-01-01", ".."]')
            return Node(kind, at, tuple(self.node(one, f"{here}/{place}", depth + 1) for place, one in enumerate(value)))
        if kind == "bbox":
            return Node(kind, at, value=self._numbers_of(value, here))
        if not isinstance(value, str) or not value:
            raise fault(here, f"{kind} takes a text")
        return Node(kind, at, value=value)

    def _geometry(self, value: dict[str, Any], at: str) -> dict[str, Any]:
        kind = value["type"]
        if kind not in _GEOMETRIES:
            raise fault(f"{at}/type", f"{shown(kind)} is no type of geometry", ", ".join(sorted(_GEOMETRIES)))
        if kind == "GeometryCollection":
            members = value.get("geometries")
            if not isinstance(members, list) or not members:
                raise fault(at, "a collection without geometries")
            return {"type": kind, "geometries": [self._member(one, f"{at}/geometries/{n}") for n, one in enumerate(members)]}
        here = f"{at}/coordinates"
        return {"type": kind, "coordinates": self._coordinates(value.get("coordinates"), here, _DEPTHS[kind])}

    def _member(self, value: Any, at: str) -> dict[str, Any]:
        if not isinstance(value, dict) or not isinstance(value.get("type"), str) or value["type"] == "GeometryCollection":
            raise fault(at, "no geometry of a collection", "a Point, LineString, Polygon or one of the Multi types")
        return self._geometry(value, at)

    def _coordinates(self, value: Any, at: str, depth: int) -> list[Any]:
        if depth == 0:
            numbers = self._numbers_of(value, at)
            if not 2 <= len(numbers) <= 4:
                raise fault(at, f"a position of {len(numbers)} numbers", "[x, y] or [x, y, z]")
            return list(numbers[:3])
        if not isinstance(value, list) or not value:
            raise fault(at, "coordinates that are no list of positions")
        return [self._coordinates(one, f"{at}/{place}", depth - 1) for place, one in enumerate(value)]

    def _numbers_of(self, value: Any, at: str) -> list[float]:
        if not isinstance(value, list) or not value:
            raise fault(at, "no list of numbers")
        self._numbers += len(value)
        if self._numbers > _MOST_NUMBERS:
            raise fault(at, f"a geometry has at most {_MOST_NUMBERS} numbers")
        for place, one in enumerate(value):
            if isinstance(one, bool) or not isinstance(one, int | float) or not math.isfinite(one):
                raise fault(f"{at}/{place}", "no number")
        return [float(one) for one in value]


_DEPTHS = {"Point": 0, "LineString": 1, "Polygon": 2, "MultiPoint": 1, "MultiLineString": 2, "MultiPolygon": 3}
