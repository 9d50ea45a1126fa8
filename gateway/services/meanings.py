"""What is known of a collection's properties beyond their types: units, code lists, and which one refers to another feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from gateway.model.dataset import Collection
from gateway.model.feature import Field
from gateway.model.query import Query
from gateway.services.query import Source, View

REFERENCE, TYPE = "parent", "type"
"""The properties that a city object has where its source gave it no others of these names (`services.rows`)."""

_UNIT, _SPACE = "_uom", "_codeSpace"
_UCUM = frozenset(
    ("m", "dm", "cm", "mm", "km", "m2", "m3", "kg", "g", "t", "deg", "rad", "%", "Pa", "kPa", "W", "kW", "MW", "K", "Cel", "V", "A")
) | {"s", "min", "h", "d", "a", "km/h", "m/s", "W/m2", "J", "kJ", "dB"}
_UCUM_NAMES = ("urn:ogc:def:uom:UCUM::", "urn:ogc:def:uom:UCUM:", "http://www.opengis.net/def/uom/UCUM/0/", "#")
_METRES = frozenset(("measuredHeight",))
"""Properties of city objects that are in metres where no unit stands beside them (`adapters.citygml`)."""

_MOST = 256
_known: dict[tuple[str, str, int], dict[str, Meaning]] = {}


@dataclass(frozen=True, slots=True)
class Meaning:
    """The unit of a number (UCUM, case-sensitive), or the address of the code list that values come from."""

    unit: str | None = None
    codes: str | None = None


def reference(source: Source) -> str | None:
    """The property that holds the id of another feature of the same collection; None where there is none.

    The parts of a building model live in one collection for each class, so there a parent is no reference to a fixed one.
    """
    found, dataset = source.collection, source.dataset
    fixed = len(dataset.collections) == 1 or dataset.source_format != "ifc"
    return REFERENCE if found.three_d and fixed and _is_text(found, REFERENCE) else None


def kind(source: Source) -> str | None:
    """The property that says of which type a feature is."""
    return TYPE if source.collection.three_d and _is_text(source.collection, TYPE) else None


def _is_text(found: Collection, name: str) -> bool:
    return any(field.name == name and field.type == "string" for field in found.fields)


def meanings(view: View, source: Source) -> dict[str, Meaning]:
    """By property. A unit or code list stands beside a property as ``<name>_uom`` and ``<name>_codeSpace``; it is that of all
    features where it is the same everywhere. Remembered for each version of a collection."""
    found = source.collection
    key = (view.twin, found.id, found.version)
    if key not in _known:
        if len(_known) >= _MOST:
            _known.clear()
        _known[key] = dict(_meanings(view, source))
    return _known[key]


def _meanings(view: View, source: Source) -> Any:
    fields = {field.name: field for field in source.collection.fields}
    for name, field in fields.items():
        if field.type in ("integer", "number"):
            unit = _unit(_only(view, source, fields, f"{name}{_UNIT}"))
            if unit is None and name in _METRES and source.collection.three_d and f"{name}{_UNIT}" not in fields:
                unit = "m"
            if unit is not None:
                yield name, Meaning(unit=unit)
        else:
            space = _only(view, source, fields, f"{name}{_SPACE}")
            if space is not None and urlsplit(space).scheme in ("http", "https"):
                yield name, Meaning(codes=space)


def _only(view: View, source: Source, fields: dict[str, Field], name: str) -> str | None:
    """The one value that a text property has in all features that have it."""
    if name not in fields or fields[name].type != "string":
        return None
    values = set()
    for descending in (False, True):
        sort = ((name, descending),)
        query = Query(source.collection.id, view.access, limit=1, sort=sort, version=source.version)
        values |= {row.properties.get(name) for row in view.reader.rows(query)}
    only = values.pop() if len(values) == 1 else None
    return only if isinstance(only, str) else None


def _unit(text: str | None) -> str | None:
    for prefix in _UCUM_NAMES:
        text = None if text is None else text.removeprefix(prefix)
    return text if text in _UCUM else None
