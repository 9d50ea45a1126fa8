"""The cascaded collections of a twin: a YAML file each in the folder ``cascades``, with a provider block as in pygeoapi."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from gateway.errors import Conflict, NotFound, RemoteError, UsageError
from gateway.federation.host import Host
from gateway.gates import egress
from gateway.geo import crs as systems
from gateway.geo import transform
from gateway.model.cascade import Cascade
from gateway.model.crs import CRS84
from gateway.model.dataset import Box
from gateway.model.feature import Field
from gateway.settings import Settings

FOLDER = "cascades"
_ID = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)
_KINDS = ("feature", "coverage")
_TYPES = ("string", "integer", "number", "boolean")
_FORMATS = ("date", "date-time", "uri")
_KNOWN = frozenset(("collection", "dataset", "title", "crs", "extent", "geometry", "fields", "provider"))


def load(twin: Path) -> list[Cascade]:
    """The cascades of a twin, by id. Raises UsageError naming the file that is wrong."""
    return [read(path) for path in sorted((twin / FOLDER).glob("*.yaml"))]


def read(path: Path) -> Cascade:
    """One definition. Raises UsageError naming the file, the member and what it should be."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError("is no YAML file that can be read", place=str(path)) from error
    if not isinstance(document, dict):
        raise UsageError("is no mapping", place=str(path))
    if strange := sorted(map(str, document.keys() - _KNOWN)):
        raise UsageError(
            f"has members that mean nothing here: {', '.join(strange)}", place=str(path), cure=", ".join(sorted(_KNOWN))
        )
    return Cascade(
        id=_name(path, document, "collection"),
        dataset=_name(path, document, "dataset"),
        provider=_provider(path, document.get("provider")),
        title=_title(path, document.get("title")),
        crs=systems.known(str(document.get("crs", "OGC:CRS84")), "crs"),
        box=_box(path, document.get("extent")),
        fields=_fields(path, document.get("fields", [])),
        geometry_type=None if document.get("geometry") is None else str(document["geometry"]),
    )


def add(twin: Path, path: Path, settings: Settings) -> Cascade:
    """Take a definition into the twin after asking its provider what it has; the answer is kept with it.

    Raises UsageError, Conflict for an id that is cascaded already, RemoteError and OutOfTime where the remote cannot be had.
    """
    cascade = read(path)
    target = twin / FOLDER / f"{cascade.id}.yaml"
    if target.exists():
        raise Conflict(f"{cascade.id} is cascaded already", place=str(target), cure=f"gateway cascade remove {twin} {cascade.id}")
    _judge(cascade, settings)
    complete = probe(cascade, settings)
    target.parent.mkdir(mode=0o700, exist_ok=True)
    temporary = target.with_suffix(".new")
    temporary.write_text(_text(complete), encoding="utf-8")
    temporary.chmod(0o600)
    temporary.replace(target)
    return complete


def remove(twin: Path, collection: str) -> None:
    """Take a cascaded collection away. Raises NotFound."""
    if _ID.fullmatch(collection) is None or not (twin / FOLDER / f"{collection}.yaml").is_file():
        raise NotFound(f"no collection {collection} is cascaded", place=collection)
    (twin / FOLDER / f"{collection}.yaml").unlink()


def probe(cascade: Cascade, settings: Settings) -> Cascade:
    """The definition with the fields its provider says there are, unless it declares them itself."""
    if cascade.fields and not cascade.is_coverage:
        return cascade
    host = Host(cascade.id, cascade.provider, settings)
    try:
        document = host.ask("fields").document
    finally:
        host.close()
    found = document["fields"]
    if not isinstance(found, dict):
        raise RemoteError(f"the provider of {cascade.id} tells no fields", place=cascade.id)
    complete = replace(cascade, fields=tuple(_field(str(name), entry) for name, entry in found.items()))
    return _placed(complete, document) if cascade.is_coverage else complete


def _placed(cascade: Cascade, document: Mapping[str, Any]) -> Cascade:
    """A coverage with the system and the extent of its raster. Raises UsageError for a raster that says no EPSG code."""
    if not document.get("epsg") or not document.get("box"):
        raise UsageError("the raster says no coordinate reference system with an EPSG code", place=cascade.id)
    crs = systems.known(f"EPSG:{document['epsg']}", "crs")
    west, south, east, north = map(float, document["box"])
    (box, *_) = transform.boxes((west, south, east, north), crs, CRS84)
    return replace(cascade, crs=crs, box=box)


def _judge(cascade: Cascade, settings: Settings) -> None:
    """An address in the provider block is judged before anything is asked (every connection is judged again)."""
    data = cascade.provider["data"]
    if isinstance(data, str) and "://" in data:
        egress.target(data, settings.allowed_egress)


def _name(path: Path, document: Mapping[str, Any], member: str) -> str:
    value = document.get(member)
    if not isinstance(value, str) or _ID.fullmatch(value) is None:
        raise UsageError(f"{member} is no identifier", place=str(path), cure="letters, digits, - and _")
    return value


def _provider(path: Path, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not {"name", "data"} <= value.keys():
        raise UsageError("provider has no name and data", place=str(path), cure="a provider block of pygeoapi's configuration")
    found = {"type": "feature", **value}
    if found["type"] not in _KINDS:
        raise UsageError(f"a provider of type {found['type']} is not cascaded", place=str(path), cure=" or ".join(_KINDS))
    if isinstance(found["data"], str) and found["data"].startswith("/vsi"):
        raise UsageError("a provider's data is no /vsi path", place=str(path), cure="a file, or an http address")
    return found


def _title(path: Path, value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if isinstance(value, str):
        return {"und": value}
    if not isinstance(value, dict) or not all(isinstance(part, str) for pair in value.items() for part in pair):
        raise UsageError("title is neither text nor a mapping from language to text", place=str(path))
    return dict(value)


def _box(path: Path, value: Any) -> Box | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 4 or not all(isinstance(part, int | float) for part in value):
        raise UsageError("extent is no list of four numbers", place=str(path), cure="[west, south, east, north] in degrees")
    west, south, east, north = map(float, value)
    return west, south, east, north


def _fields(path: Path, value: Any) -> tuple[Field, ...]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) and isinstance(entry.get("name"), str) for entry in value):
        raise UsageError("fields is no list of names and types", place=str(path), cure="- {name: storeys, type: integer}")
    return tuple(_field(entry["name"], entry) for entry in value)


def _field(name: str, entry: Any) -> Field:
    kind = entry.get("type") if isinstance(entry, dict) else None
    form = entry.get("format") if isinstance(entry, dict) else None
    if kind not in _TYPES:
        kind = "number" if str(kind).startswith(("float", "int", "uint")) else "string"
    return Field(name, kind, form if form in _FORMATS else None)


def _text(cascade: Cascade) -> str:
    fields = [
        {"name": field.name, "type": field.type} | ({"format": field.format} if field.format else {}) for field in cascade.fields
    ]
    document = {
        "collection": cascade.id,
        "dataset": cascade.dataset,
        "title": dict(cascade.title) or None,
        "crs": cascade.crs.code,
        "extent": None if cascade.box is None else list(cascade.box),
        "geometry": cascade.geometry_type,
        "fields": fields or None,
        "provider": dict(cascade.provider),
    }
    kept = {name: value for name, value in document.items() if value is not None}
    return yaml.safe_dump(kept, sort_keys=False, allow_unicode=True)
