"""The properties of one product: its attributes, type, material, classifications, property and quantity sets, all flat."""

from __future__ import annotations

import math
from typing import Any

import ifcopenshell.util.classification as classifications
import ifcopenshell.util.element as elements

_ATTRIBUTES = {
    "Name": "name",
    "LongName": "longName",
    "Description": "description",
    "ObjectType": "objectType",
    "Tag": "tag",
    "PredefinedType": "predefinedType",
    "CompositionType": "compositionType",
    "Elevation": "elevation",
    "ElevationOfRefHeight": "elevationOfRefHeight",
    "OverallHeight": "overallHeight",
    "OverallWidth": "overallWidth",
}


def properties(product: Any) -> dict[str, Any]:
    """Scalar properties by name; sets as ``Pset_WallCommon.LoadBearing``, complex and list values nested as they are."""
    found: dict[str, Any] = {"ifcClass": product.is_a()}
    for attribute, name in _ATTRIBUTES.items():
        value = _plain(getattr(product, attribute, None))
        if value is not None:
            found[name] = value
    found |= _type(product) | _material(product) | _classification(product)
    for group, values in elements.get_psets(product).items():
        for name, value in values.items():
            kept = _plain(value)
            if name != "id" and kept is not None:
                found[f"{group}.{name}"] = kept
    return found


def _type(product: Any) -> dict[str, Any]:
    kind = elements.get_type(product)
    if kind is None:
        return {}
    return {"typeName": kind.Name, "typeGlobalId": kind.GlobalId} if kind.Name else {"typeGlobalId": kind.GlobalId}


def _material(product: Any) -> dict[str, Any]:
    names = [name for material in elements.get_materials(product) if (name := getattr(material, "Name", None))]
    return {"material": "; ".join(dict.fromkeys(names))} if names else {}


def _classification(product: Any) -> dict[str, Any]:
    codes = []
    for reference in classifications.get_references(product):
        code = getattr(reference, "Identification", None) or getattr(reference, "ItemReference", None)
        if code or reference.Name:
            codes.append(code or reference.Name)
    return {"classification": "; ".join(sorted(set(codes)))} if codes else {}


def _plain(value: Any) -> Any:
    """`value` as JSON has it: entities by their name or identity, tuples as lists, no NaN."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items() if name != "id"}
    return str(getattr(value, "Name", None) or value)
