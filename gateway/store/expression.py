"""Compiles `model.query.Expression` to SQL with bound values. Text of a request never becomes text of SQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, assert_never

from gateway.errors import ParameterError
from gateway.model.query import (
    And,
    Arrays,
    Between,
    Call,
    Comparison,
    Condition,
    Expression,
    In,
    Intersects,
    IsNull,
    Like,
    Not,
    Operand,
    Or,
    Property,
    Spatial,
    Temporal,
    Text,
)

OPERATORS = frozenset(("=", "<>", "<", "<=", ">", ">="))
_LAST_CODE, _SURROGATES, _AFTER_SURROGATES = 0x10FFFF, 0xD800, 0xE000
_DEEPEST = 100
_LONGEST_PATTERN = 1500
_MOST_VALUES = 10_000


class Terms(Protocol):
    """How the leaves of an expression are said of one kind of row; each gives SQL and its values, in SQL's three-valued logic."""

    def comparison(self, part: Comparison) -> Sql:
        """`left` `operator` `right`."""
        ...

    def like(self, part: Like) -> Sql:
        """An operand matches a pattern."""
        ...

    def between(self, part: Between) -> Sql:
        """An operand lies between two."""
        ...

    def among(self, part: In) -> Sql:
        """An operand is one of some."""
        ...

    def is_null(self, part: IsNull) -> Sql:
        """An operand has no value."""
        ...

    def spatial(self, part: Spatial) -> Sql:
        """Two geometries stand in a relation."""
        ...

    def temporal(self, part: Temporal) -> Sql:
        """Two times stand in a relation."""
        ...

    def arrays(self, part: Arrays) -> Sql:
        """Two lists stand in a relation."""
        ...

    def intersects(self, part: Intersects) -> Sql:
        """The geometry meets a box."""
        ...

    def text(self, part: Text) -> Sql:
        """Words occur."""
        ...


@dataclass(frozen=True, slots=True)
class Sql:
    """A condition and the values of its marks, in order."""

    text: str
    values: list[Any] = field(default_factory=list)

    def __and__(self, other: Sql) -> Sql:
        return Sql(f"({self.text}) AND ({other.text})", [*self.values, *other.values])


TRUE = Sql("TRUE")


def compiled(expression: Expression | None, terms: Terms, depth: int = 0) -> Sql:
    """The condition of an expression. Raises ParameterError for an undeclared property, a value of another type, or too much."""
    if depth > _DEEPEST:
        raise ParameterError("filter", f"nested more than {_DEEPEST} deep")
    match expression:
        case None:
            return TRUE
        case And(parts):
            return _joined([compiled(part, terms, depth + 1) for part in parts], "AND", "TRUE")
        case Or(parts):
            return _joined([compiled(part, terms, depth + 1) for part in parts], "OR", "FALSE")
        case Not(part):
            inner = compiled(part, terms, depth + 1)
            return Sql(f"NOT ({inner.text})", inner.values)
        case _:
            return _leaf(expression, terms)


def _leaf(expression: Condition, terms: Terms) -> Sql:
    match expression:
        case Comparison():
            if expression.operator not in OPERATORS:
                raise ParameterError(named(expression.left), f"no comparison is written {expression.operator}")
            return terms.comparison(expression)
        case Like():
            return terms.like(expression)
        case Between():
            return terms.between(expression)
        case In():
            if len(expression.values) > _MOST_VALUES:
                raise ParameterError(named(expression.operand), f"a list holds at most {_MOST_VALUES} values")
            return terms.among(expression) if expression.values else Sql("FALSE")
        case IsNull():
            return terms.is_null(expression)
        case Intersects():
            return terms.intersects(expression)
        case Text():
            return terms.text(expression)
        case _:
            return _relation(expression, terms)


def _relation(expression: Spatial | Temporal | Arrays, terms: Terms) -> Sql:
    match expression:
        case Spatial():
            return terms.spatial(expression)
        case Temporal():
            return terms.temporal(expression)
        case Arrays():
            return terms.arrays(expression)
        case _:
            assert_never(expression)


def named(operand: Operand) -> str:
    """What an error about an operand names: the property it is made of, or the filter."""
    while isinstance(operand, Call) and operand.arguments:
        operand = operand.arguments[0]
    return operand.name if isinstance(operand, Property) else "filter"


def pattern(given: Like) -> str:
    """A LIKE pattern as a GLOB pattern, which minds case. Raises ParameterError when matching it could take too long.

    SQLite gives up at the first wildcard that cannot be passed, so the cost grows with the text and the pattern, not with the
    number of ways to match.
    """
    text = given.pattern
    if len(text) > _LONGEST_PATTERN:
        raise ParameterError(named(given.operand), f"a pattern has at most {_LONGEST_PATTERN} characters")
    signs: list[str] = []
    escaped = False
    for sign in text:
        if escaped or sign not in "%_\\":
            signs.append(f"[{sign}]" if sign in "*?[" else sign)
            escaped = False
        elif sign == "\\":
            escaped = True
        elif sign == "_":
            signs.append("?")
        elif not (signs and signs[-1] == "*"):
            signs.append("*")
    return "".join(signs)


def prefix(glob: str) -> tuple[str, str | None]:
    """What every match of a GLOB pattern begins with, and the first text after all of those; None where nothing is said."""
    literal = re.split(r"[*?\[]", glob, maxsplit=1)[0]
    code = ord(literal[-1]) + 1 if literal else 0
    if not literal or code > _LAST_CODE:
        return literal, None
    return literal, literal[:-1] + chr(_AFTER_SURROGATES if code == _SURROGATES else code)


def each(values: Sequence[Operand], convert: Callable[[Operand], Any]) -> tuple[str, list[Any]]:
    """Marks for a list of values, and the values."""
    found = [convert(value) for value in values]
    return ",".join("?" * len(found)), found


def _joined(parts: Sequence[Sql], word: str, empty: str) -> Sql:
    """`parts` joined in a balanced tree, since SQLite bounds the depth of an expression."""
    if not parts:
        return Sql(empty)
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    left, right = _joined(parts[:middle], word, empty), _joined(parts[middle:], word, empty)
    return Sql(f"({left.text}) {word} ({right.text})", [*left.values, *right.values])
