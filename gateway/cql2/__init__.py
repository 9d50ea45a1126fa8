"""CQL2 (OGC 21-065), text and JSON, as the expressions of `gateway.model.query`: read behind gates, typed by the queryables."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.cql2 import json, text
from gateway.cql2.node import fault
from gateway.cql2.typed import Shapes, Typing
from gateway.errors import ParameterError
from gateway.model.query import Expression

TEXT, JSON = "cql2-text", "cql2-json"
LANGUAGES = (TEXT, JSON)

LONGEST = 1_000_000
"""Characters of one filter; an address holds far fewer, a body may hold the outline of a city."""

__all__ = ["JSON", "LANGUAGES", "LONGEST", "TEXT", "Shapes", "expression"]


def expression(filter: str, language: str, kinds: Mapping[str, str], shapes: Shapes) -> Expression:
    """The condition that a filter says of features whose queryables are `kinds`.

    Raises ParameterError (`filter`, or `filter-lang`) with the character or the JSON pointer and what would be right.
    """
    if language not in LANGUAGES:
        raise ParameterError("filter-lang", "not a language of filters", cure=f"one of {', '.join(LANGUAGES)}")
    if len(filter) > LONGEST:
        raise ParameterError("filter", f"longer than {LONGEST} characters", cure="ask a shorter question")
    if not filter.strip():
        raise fault(0 if language == TEXT else "", "an empty filter", "for example height > 10")
    node = text.read(filter) if language == TEXT else json.read(filter)
    return Typing(kinds, shapes).condition(node)
