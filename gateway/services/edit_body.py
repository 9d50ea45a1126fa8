"""What the body of an edit says: GeoJSON or a merge patch, checked member by member; every error has a JSON pointer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from gateway.errors import InputError
from gateway.gates.json import loads
from gateway.model.dataset import Collection
from gateway.model.feature import Field

_MEMBERS = frozenset({"type", "id", "geometry", "properties", "bbox", "links"})
_JSON_FG = frozenset({"place", "time", "coordRefSys", "conformsTo", "featureType", "featureSchema", "geometryDimension"})
_TOLD = frozenset({"attribution", "dateOfActuality", "license", "timeStamp"})
"""Members that the doors add when they show a feature; sent back, they are passed over."""
_PATCHED = frozenset({"type", "id", "geometry", "properties", "bbox", "links"})
_LONGEST_ID = 2_000


@dataclass(frozen=True, slots=True)
class Said:
    """A feature as a body states it. `names_geometry` says whether the body speaks of the geometry at all."""

    properties: dict[str, Any]
    geometry: Any = None
    names_geometry: bool = True
    id: str | None = None


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object of a body. Raises InputError."""
    found = loads(body)
    if not isinstance(found, dict):
        raise InputError("the body is one JSON object", place="/")
    return found


def is_json_fg(document: Mapping[str, Any]) -> bool:
    """Whether a feature has what only JSON-FG has: a `place`, a `time`, a reference system or its conformance classes."""
    return any(document.get(name) is not None for name in ("place", "time", "coordRefSys", "conformsTo"))


def feature(document: Mapping[str, Any], path_id: str | None) -> Said:
    """A GeoJSON Feature (RFC 7946, 3.2) for the id of the path; None where the path names none."""
    if document.get("type") != "Feature":
        cure = "send one Feature; many at once go to POST /submissions with mode=delta"
        raise InputError("this is no GeoJSON Feature", place="/type", cure=cure)
    for name in document:
        if name not in _MEMBERS and name not in _JSON_FG and name not in _TOLD:
            raise InputError("GeoJSON gives this member no meaning", place=f"/{escaped(name)}", cure="put it under properties")
    if "geometry" not in document and "place" not in document:
        raise InputError("a Feature has a geometry, or null", place="/geometry", cure='"geometry": null where there is none')
    return Said(_properties(document), document.get("geometry"), True, _identifier(document, path_id))


def patch(document: Mapping[str, Any]) -> dict[str, Any]:
    """A merge patch (RFC 7396) as one of a GeoJSON Feature; a flat one, by the collection's schema, is brought into that form.

    OGC 20-002, /req/features/update-json-merge-patch: the patch is of the feature as its schema describes it.
    """
    if "properties" in document or document.keys() <= _PATCHED:
        for name in document.keys() - _PATCHED:
            raise InputError("this member can not be changed", place=f"/{escaped(name)}", cure="put it under properties")
        return dict(document)
    found: dict[str, Any] = {name: document[name] for name in ("id", "geometry") if name in document}
    return {**found, "properties": {name: value for name, value in document.items() if name not in ("id", "geometry")}}


def patched(shown: Mapping[str, Any], change: Mapping[str, Any], path_id: str) -> Said:
    """The feature that a patch makes of one that is shown as GeoJSON."""
    if "properties" in change and not isinstance(change["properties"], dict | None):
        raise InputError("properties is an object or null", place="/properties")
    document = merged(shown, change)
    if document.get("type") != "Feature":
        raise InputError("a feature stays a Feature", place="/type")
    return Said(_properties(document), document.get("geometry"), "geometry" in change, _identifier(change, path_id))


def merged(target: Any, change: Any) -> Any:
    """RFC 7396, section 2."""
    if not isinstance(change, Mapping):
        return change
    found = dict(target) if isinstance(target, Mapping) else {}
    for name, value in change.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = merged(found.get(name), value)
    return found


def check_values(said: Said, collection: Collection, known: frozenset[str] | None) -> dict[str, Any]:
    """The properties, each of the type that the collection declares. With `known` (strict handling) no others are taken."""
    fields = {field.name: field for field in collection.fields}
    found: dict[str, Any] = {}
    for name, value in said.properties.items():
        place = f"/properties/{escaped(name)}"
        field = fields.get(name)
        if field is None and known is not None and name not in known:
            raise InputError("the collection has no such property", place=place, cure=f"known: {', '.join(sorted(known)[:40])}")
        found[name] = value if field is None or value is None else _typed(field, value, place)
    return found


def escaped(name: str) -> str:
    """A name as a token of a JSON pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")[:200]


def _properties(document: Mapping[str, Any]) -> dict[str, Any]:
    found = document.get("properties")
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise InputError("properties is an object or null", place="/properties")
    return found


def _identifier(document: Mapping[str, Any], path_id: str | None) -> str | None:
    """The body's id as text. Raises InputError for one that is none, or not that of the path."""
    found = document.get("id")
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | str) or found == "" or len(str(found)) > _LONGEST_ID:
        raise InputError(f"an id is a text of 1 to {_LONGEST_ID} characters, or a whole number", place="/id")
    if path_id is not None and str(found) != path_id:
        raise InputError("the id is not that of the address", place="/id", cure="leave it out: a feature keeps its id")
    return str(found)


def _typed(field: Field, value: Any, place: str) -> Any:
    """A value as its field keeps it. Raises InputError for one of another type."""
    sound = {
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "integer": isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer(),
        "number": isinstance(value, int | float) and not isinstance(value, bool),
        "array": isinstance(value, list),
    }.get(field.type, True)
    if not sound or not _is_moment(field, value):
        kind = field.type if field.format is None else f"{field.type} ({field.format})"
        raise InputError(f"this is not a value of type {kind}", place=place, cure=f"a value of type {kind}, or null")
    return int(value) if field.type == "integer" else value


def _is_moment(field: Field, value: Any) -> bool:
    """Whether a date or date-time is one; true for every other format."""
    try:
        if field.format == "date":
            date.fromisoformat(value)
        elif field.format == "date-time":
            datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True
