"""What both forms of CQL2 are read into before types are looked at: nodes that know where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.errors import ParameterError

DEEPEST = 64
"""Levels of nesting: parentheses, NOT, arguments, and the terms of one sum or product."""
MOST_NODES = 20_000
"""Parts of one filter, each number of a list among them."""

type Place = int | str
"""A character of the text, from 0, or a JSON pointer."""


@dataclass(frozen=True, slots=True)
class Node:
    """One part of a filter.

    `op` is the operator as CQL2 JSON writes it (``and``, ``=``, ``isNull``, ``s_intersects``, a function's name), or what kind
    of operand it is: ``property`` (`value` its name), ``literal`` (a scalar), ``date``, ``timestamp`` (text), ``interval``,
    ``array`` (`parts`), ``geometry`` (GeoJSON), ``bbox`` (numbers).
    """

    op: str
    at: Place
    parts: tuple[Node, ...] = ()
    value: Any = None


def fault(at: Place, message: str, cure: str | None = None) -> ParameterError:
    """An error of the filter, with the character or the JSON pointer where it stands."""
    if isinstance(at, int):
        return ParameterError("filter", message, cure=cure, position=at)
    return ParameterError("filter", message, cure=cure, pointer=at)


def shown(text: str) -> str:
    """A stranger's text, short enough for an error."""
    return text if len(text) <= 60 else f"{text[:60]}…"
