"""What a collection's features can be asked by: the id, the geometry, the span of validity and the declared fields.

One list for every door: the schemas of `/queryables` and `/sortables`, the typing of CQL2, `sortby` and property parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from gateway.model.dataset import Collection
from gateway.model.feature import Field
from gateway.model.kept import by_identity
from gateway.model.members import named

_ORDERED = frozenset({"string", "integer", "number", "boolean", "date", "date-time"})
_ROLES = {"id": "id", "geometry": "primary-geometry", "validFrom": "primary-interval-start", "validTo": "primary-interval-end"}
_KINDS = {"id": "string", "geometry": "geometry", "validFrom": "date-time", "validTo": "date-time"}


@dataclass(frozen=True, slots=True)
class Queryable:
    """One property by name.

    `kind` is string, integer, number, boolean, date, date-time, array or geometry. `field` is the declared field; None for what
    features have besides: then `member` says what it is (one of `model.members.MEMBERS`) and `role` its role in Common Part 3.
    """

    name: str
    kind: str
    field: Field | None = None
    member: str | None = None
    role: str | None = None


@by_identity
def queryables(collection: Collection) -> tuple[Queryable, ...]:
    """All queryables of a collection: id, geometry (where it has one) and validity (where it has one), then the fields."""
    has_geometry = collection.geometry_type is not None or collection.storage_box is not None or collection.features == 0
    return _queryables(collection.fields, has_geometry, collection.interval is not None)


@lru_cache(maxsize=1024)
def _queryables(fields: tuple[Field, ...], has_geometry: bool, has_validity: bool) -> tuple[Queryable, ...]:
    there = {"id": True, "geometry": has_geometry, "validFrom": has_validity, "validTo": has_validity}
    names = {member: name for name, member in named(fields).items()}
    own = [Queryable(names[member], _KINDS[member], None, member, _ROLES[member]) for member, has in there.items() if has]
    return (*own, *(Queryable(field.name, _kind(field), field) for field in fields))


def sortables(collection: Collection) -> tuple[Queryable, ...]:
    """Those of them that have an order: one scalar value a feature."""
    return tuple(one for one in queryables(collection) if one.kind in _ORDERED)


def _kind(field: Field) -> str:
    return field.format if field.type == "string" and field.format in ("date", "date-time") else field.type
