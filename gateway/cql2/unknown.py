"""When a condition is neither true nor false, as a condition that always is one or the other: IS NULL of a condition."""

from __future__ import annotations

from collections.abc import Callable

from gateway.errors import ParameterError
from gateway.model.query import (
    And,
    Arrays,
    Between,
    Comparison,
    Condition,
    Expression,
    In,
    IsNull,
    Like,
    Not,
    Operand,
    Or,
    Spatial,
    Temporal,
)

_DEEPEST = 6
"""Each level says its parts twice."""


def unknown(expression: Expression, depth: int = 0) -> Expression:
    """True where `expression` is unknown, else false. Raises ParameterError for one that is nested deeply."""
    if depth > _DEEPEST:
        raise ParameterError("filter", f"IS NULL of a condition nested more than {_DEEPEST} deep", cure="ask which operand is null")
    match expression:
        case And(parts):
            return _of_parts(parts, depth, lambda known, part: And((known, Not(part))))
        case Or(parts):
            return _of_parts(parts, depth, lambda known, part: And((known, part)))
        case Not(part):
            return unknown(part, depth + 1)
        case Between(operand, low, high):
            return unknown(And((Comparison(operand, ">=", low), Comparison(operand, "<=", high))), depth + 1)
        case In(operand, values) if not all(isinstance(value, str | int | float) for value in values):
            return unknown(Or(tuple(Comparison(operand, "=", value) for value in values)), depth + 1)
        case Temporal():
            raise ParameterError("filter", "IS NULL of a relation in time", cure="ask which operand is null")
        case _:
            return Or(tuple(IsNull(operand) for operand in _operands(expression)))


def _of_parts(parts: tuple[Expression, ...], depth: int, deciding: Callable[[Expression, Expression], Expression]) -> Expression:
    """One part is unknown and none decides."""
    found = [(unknown(part, depth + 1), part) for part in parts]
    decided = tuple(deciding(Not(is_unknown), part) for is_unknown, part in found)
    return And((Or(tuple(is_unknown for is_unknown, _ in found)), Not(Or(decided))))


def _operands(leaf: Condition) -> tuple[Operand, ...]:
    match leaf:
        case Comparison(left, _, right) | Spatial(_, left, right) | Arrays(_, left, right):
            return left, right
        case Like(operand) | In(operand):
            return (operand,)
        case _:
            return ()
