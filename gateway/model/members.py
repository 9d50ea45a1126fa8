"""What every feature has besides its declared fields, and the names it goes by in filters, sort orders and schemas."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from gateway.model.feature import Field

MEMBERS = ("id", "geometry", "validFrom", "validTo")
"""The id, the geometry, the first and the last instant of validity."""


def named(fields: Iterable[Field]) -> dict[str, str]:
    """Name -> member. Where a field has a member's name already, the name means the field, and the member goes by
    ``feature-<member>`` (with as many hyphens at its end as make it free)."""
    return _named(frozenset(field.name for field in fields))


@lru_cache(maxsize=1024)
def _named(taken: frozenset[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for member in MEMBERS:
        name = member if member not in taken else f"feature-{member}"
        while name in taken:
            name += "-"
        found[name] = member
    return found
