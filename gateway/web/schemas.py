"""The logical schemas of a collection: returnables and receivables, queryables, sortables (OGC 23-058r2, Common Part 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.model.record import Attribute
from gateway.model.text import pick
from gateway.services import meanings
from gateway.services.meanings import Meaning
from gateway.services.query import Source, View
from gateway.services.queryables import Queryable, queryables, sortables
from gateway.web.asked import Asked
from gateway.web.describe import SCHEMA_TYPE, title
from gateway.web.messages import text

DRAFT = "https://json-schema.org/draft/2020-12/schema"
__all__ = ["DRAFT", "SCHEMA_TYPE", "document"]
_SHORT = 80
_SHAPES = frozenset(
    ("point", "multipoint", "linestring", "multilinestring", "polygon", "multipolygon", "geometrycollection"),
)


def document(asked: Asked, view: View, source: Source, name: str) -> dict[str, Any]:
    """One schema: `name` is ``schema`` (all properties), ``queryables`` or ``sortables`` (/req/schemas/json-schema).

    Only the schema of the features lets other properties stand beside those declared: nested ones have no column.
    """
    found = source.collection
    properties = sortables(found) if name == "sortables" else queryables(found)
    known = meanings.meanings(view, source)
    roles = {meanings.kind(source): {"x-ogc-role": "type"}}
    roles[meanings.reference(source)] = {"x-ogc-role": "reference", "x-ogc-collectionId": found.id}
    described = _described(source)
    members = {
        one.name: {
            **_property(asked, source, one, described.get(one.name), known.get(one.name)),
            **(roles.get(one.name, {}) if one.field is not None else {}),
            **({"readOnly": True} if name == "schema" and _is_given(one, roles) else {}),
            "x-ogc-propertySeq": place,
        }
        for place, one in enumerate(properties, 1)
    }
    return {
        "$schema": DRAFT,
        "$id": asked.url("collections", found.id, name),
        "type": "object",
        "title": pick(title(found, source.dataset), asked.languages),
        **({} if (about := pick(found.description, asked.languages)) is None or not about else {"description": about}),
        "properties": members,
        "additionalProperties": name == "schema",
    }


def _is_given(one: Queryable, roles: Mapping[str | None, Any]) -> bool:
    """Whether the twin gives the property its value, so that one cannot send it (/req/schemas/properties, H)."""
    return one.name in roles if one.field is not None else one.member != "geometry"


def _described(source: Source) -> dict[str, Attribute]:
    """The descriptions of the record's feature catalogue, this collection's own before those of the whole dataset."""
    entries: Sequence[Attribute] = source.dataset.record.attributes
    own = [entry for entry in entries if entry.collection == source.collection.id]
    return {entry.name: entry for entry in [*(entry for entry in entries if entry.collection is None), *own]}


def _property(asked: Asked, source: Source, one: Queryable, told: Attribute | None, meaning: Meaning | None) -> dict[str, Any]:
    if one.field is None:
        return _member(asked, source, one)
    members: dict[str, Any] = {"title": one.name}
    words = pick(told.description, asked.languages) if told is not None else None
    if words:
        members |= {"title": words} if len(words) <= _SHORT else {"description": words}
    members["type"] = one.field.type
    if one.field.format is not None:
        members["format"] = one.field.format
    if one.kind == "array":
        members["items"] = {"type": ["string", "number", "boolean"]}
    if meaning is not None and meaning.unit is not None:
        members["x-ogc-unit"] = meaning.unit
    if meaning is not None and meaning.codes is not None:
        members["x-ogc-codelistUri"] = meaning.codes
    return members


def _member(asked: Asked, source: Source, one: Queryable) -> dict[str, Any]:
    """What features have besides their fields (/req/schemas/role-id, /req/advanced-property-roles)."""
    members: dict[str, Any] = {"title": text(f"member-{one.member}", asked.language), "x-ogc-role": one.role}
    if one.kind == "geometry":
        shape = (source.collection.geometry_type or "").lower()
        return members | {"format": f"geometry-{shape if shape in _SHAPES else 'any'}"}
    return members | ({"type": "string"} if one.kind == "string" else {"type": "string", "format": one.kind})
