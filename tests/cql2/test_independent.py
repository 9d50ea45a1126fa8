"""Our reading of CQL2 Text beside that of an independent parser, the Rust crate `cql2`, where it is installed."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from gateway.cql2 import text
from gateway.cql2.node import Node

cql2 = pytest.importorskip("cql2", reason="the independent parser comes with the group bench")

NAMES = ("a", "b", '"c d"', "eo:x", "größe")
SIGNS = ("=", "<>", "<", "<=", ">", ">=")


class Texts:
    """Random filters as text, from one seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def condition(self, depth: int = 3) -> str:
        choice = self._random.random()
        if depth and choice < 0.25:
            parts = [self.condition(depth - 1) for _ in range(self._random.randint(2, 3))]
            return f"({self._random.choice((' AND ', ' OR ')).join(f'({part})' for part in parts)})"
        if depth and choice < 0.35:
            return f"NOT ({self.condition(depth - 1)})"
        name = self._random.choice(NAMES)
        return self._random.choice(
            (
                f"{self.number()} {self._random.choice(SIGNS)} {self.number()}",
                f"{name} IS NULL",
                f"{name} IS NOT NULL",
                f"{name} LIKE 'x%_''y'",
                f"CASEI({name}) LIKE CASEI('X%')",
                f"{name} NOT LIKE 'x'",
                f"{name} BETWEEN {self.number()} AND {self.number()}",
                f"{name} IN (1, 2.5, 3)",
                f"{name} NOT IN ('a', 'b''c')",
                f"S_INTERSECTS({name}, POLYGON((0 0,1 0,1 1,0 0)))",
                f"S_WITHIN({name}, BBOX(1,2,3,4))",
                f"T_AFTER({name}, TIMESTAMP('2024-01-01T00:00:00Z'))",
                f"T_DURING({name}, INTERVAL('2024-01-01', '..'))",
                f"A_CONTAINS({name}, ('a', 'b'))",
                f"{name} = DATE('2024-01-01')",
            )
        )

    def number(self, depth: int = 2) -> str:
        choice = self._random.random()
        if depth and choice < 0.4:
            sign = self._random.choice("+-*/")
            return f"({self.number(depth - 1)} {sign} {self.number(depth - 1)})"
        return self._random.choice(NAMES) if choice < 0.7 else str(self._random.choice((1, 2.5, 7)))


def as_json(node: Node) -> Any:
    """CQL2 JSON of our nodes, spelt as the other parser does."""
    match node.op:
        case "literal":
            return float(node.value) if isinstance(node.value, int | float) and not isinstance(node.value, bool) else node.value
        case "property" | "date" | "timestamp" | "bbox":
            return {node.op: node.value}
        case "geometry":
            return node.value
        case "array":
            return [as_json(part) for part in node.parts]
        case "interval":
            return {"interval": [as_json(part) for part in node.parts]}
        case _:
            return {"op": node.op, "args": [as_json(part) for part in node.parts]}


def flat(value: Any) -> Any:
    """Nested AND of AND is one AND, as some parsers have it."""
    if isinstance(value, dict) and value.get("op") in ("and", "or"):
        parts = [flat(part) for part in value["args"]]
        joined = []
        for part in parts:
            joined += part["args"] if isinstance(part, dict) and part.get("op") == value["op"] else [part]
        return {"op": value["op"], "args": joined}
    if isinstance(value, dict):
        return {name: flat(part) for name, part in value.items()}
    return [flat(part) for part in value] if isinstance(value, list) else value


def test_an_independent_parser_reads_the_same() -> None:
    texts = Texts(7)
    for _ in range(1_000):
        given = texts.condition()
        assert flat(as_json(text.read(given))) == flat(cql2.parse_text(given).to_json()), given
