"""Finds adapters, stores, checks, processes and harvesters by entry point; loaded on first use; a duplicate name is an error.

Groups: ``gateway.adapters``, ``gateway.stores``, ``gateway.checks``, ``gateway.points``, ``gateway.processes``,
``gateway.harvesters``. A stranger's package registers exactly as our own modules do.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from gateway.errors import UsageError

GROUPS = ("adapters", "stores", "checks", "points", "processes", "harvesters")


@cache
def _points(group: str) -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=f"gateway.{group}"):
        if point.name in found and found[point.name].value != point.value:
            raise UsageError(f"two plug-ins of group {group} are called {point.name}: {found[point.name].value}, {point.value}")
        found[point.name] = point
    return found


def names(group: str) -> list[str]:
    """The names registered in `group`, sorted."""
    return sorted(_points(group))


@cache
def get(group: str, name: str) -> Any:
    """The object registered as `name` in `group`. Raises UsageError for an unknown name, listing those there are."""
    point = _points(group).get(name)
    if point is None:
        raise UsageError(f"no {group.rstrip('s')} is called {name}", cure=f"known: {', '.join(names(group)) or 'none'}")
    return point.load()


def origin(group: str, name: str) -> str:
    """Where the plug-in comes from: ``module:attribute (distribution)``."""
    point = _points(group)[name]
    distribution = point.dist.name if point.dist is not None else "?"
    return f"{point.value} ({distribution})"
