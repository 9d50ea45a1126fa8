"""Rules that machinery keeps: their checks name an enforcement point, and a charter is refused where that point is not wired.

A point is an entry of the group ``gateway.points``: the function or class that does what the rule says.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gateway import registry
from gateway.charter.terms import Charter


def problems(kind: Any) -> Iterable[str]:
    """What is wrong with asking a check of this kind here: its enforcement point is not wired."""
    point = getattr(kind, "point", None)
    if point is not None and point not in registry.names("points"):
        yield f"its enforcement point {point} is not wired (wired: {', '.join(registry.names('points')) or 'none'})"


def points(charter: Charter) -> dict[str, Any]:
    """The enforcement points a charter rests on, by name, loaded."""
    kinds = (registry.get("checks", rule.check) for rule in charter.rules)
    names = sorted({point for kind in kinds if (point := getattr(kind, "point", None)) is not None})
    return {name: registry.get("points", name) for name in names}
