"""Patterns of LIKE as PostgreSQL takes them."""

from __future__ import annotations

from gateway.model.query import Like
from gateway.store.expression import pattern

_SPECIAL = "%_\\"


def like(given: Like) -> str:
    """The pattern with every escape whole. Raises ParameterError where matching could take too long, as everywhere."""
    pattern(given)
    signs: list[str] = []
    escaped = False
    for sign in given.pattern:
        if escaped:
            signs.append(f"\\{sign}" if sign in _SPECIAL else sign)
            escaped = False
        elif sign == "\\":
            escaped = True
        elif sign != "%" or not (signs and signs[-1] == "%"):
            signs.append(sign)
    return "".join(signs)
