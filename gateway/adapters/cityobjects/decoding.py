"""City objects in: one object of a CityJSON text becomes a Feature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gateway.adapters.cityobjects import appearance, terms, vertices
from gateway.adapters.reading import OpenFile
from gateway.errors import Unreadable
from gateway.geo.nesting import points_of, rebuilt
from gateway.model.feature import Feature
from gateway.model.geometry import DEPTH, BoundarySurface, Geometry

_OWN = frozenset(("type", "attributes", "geometry", "geographicalExtent", "parents", "children", "address", "bbox"))
_GROUP_OWN = frozenset(("members", "children", "children_roles", "parents"))
_LEVELS = {kind: max(0, depth - 2) for kind, depth in DEPTH.items()}
"""List levels of semantic values above one value: per point, line or surface."""


@dataclass(slots=True)
class Surroundings:
    """What an object's geometry refers to: coordinates (n, 3), appearance and templates of the file (or of the feature)."""

    coordinates: Any = field(default_factory=lambda: np.empty((0, 3)))
    appearance: Mapping[str, Any] = field(default_factory=dict)
    templates: list[Geometry] = field(default_factory=list)


def feature(identifier: str, value: Any, around: Surroundings, reading: OpenFile, place: str) -> Feature:
    """The Feature of one city object. Raises Unreadable, with a JSON pointer under `place`."""
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise Unreadable("a city object is an object with a type", place=place)
    kind = terms.current_type(value["type"])
    if kind != value["type"]:
        reading.report.changed(f"type {value['type']}", f"it is {kind} in CityJSON 2.0", identifier)
    properties = value.get("attributes")
    if not isinstance(properties, dict | None):
        raise Unreadable("attributes is an object", place=f"{place}/attributes")
    properties = properties or {}
    if kind == terms.GENERIC and isinstance(properties.get(terms.TYPE_ATTRIBUTE), str):
        kind = properties.pop(terms.TYPE_ATTRIBUTE)
    found = Feature(identifier, kind, terms.module_of(kind), properties, place=place)
    found.geometries = _geometries(value.get("geometry"), around, reading, place, identifier)
    found.addresses = _addresses(value.get("address"), around, place)
    if "validFrom" in properties or "validTo" in properties:
        start, end = (properties.get(name) for name in ("validFrom", "validTo"))
        if isinstance(start, str | None) and isinstance(end, str | None):
            found.validity = (start, end)
    _keep_other_members(found, value, reading, place)
    return found


def _keep_other_members(found: Feature, value: dict[str, Any], reading: OpenFile, place: str) -> None:
    """A group's members and an extension's own members are kept as properties where their names are free."""
    if found.type == terms.GROUP:
        members = value.get("children", value.get("members"))
        if isinstance(members, list):
            found.properties.setdefault("members", members)
        if isinstance(value.get("children_roles"), list):
            found.properties.setdefault("memberRoles", value["children_roles"])
    for key in value.keys() - _OWN:
        if found.type == terms.GROUP and key in _GROUP_OWN:
            continue
        if key in found.properties:
            reading.report.lost(f"member {key} of a city object", "an attribute has the same name", place)
        else:
            found.properties[key] = value[key]
            reading.report.changed(f"member {key} of a city object", "kept as an attribute", place)


def _addresses(value: Any, around: Surroundings, place: str) -> list[dict[str, Any]]:
    """Address objects, the location's indices replaced by coordinates; CityJSON 1.0 has one object, later ones an array."""
    if value is None:
        return []
    addresses = value if isinstance(value, list) else [value]
    found = []
    for number, address in enumerate(addresses):
        if not isinstance(address, dict):
            raise Unreadable("an address is an object", place=f"{place}/address/{number}")
        location = address.get("location")
        if isinstance(location, dict) and isinstance(location.get("boundaries"), list):
            spots = vertices.points(location["boundaries"], around.coordinates, f"{place}/address/{number}/location")
            address = {**address, "location": {**location, "boundaries": spots}}
        found.append(address)
    return found


def _geometries(value: Any, around: Surroundings, reading: OpenFile, place: str, owner: str) -> list[Geometry]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unreadable("geometry is an array", place=f"{place}/geometry")
    return [geometry(one, around, reading, f"{place}/geometry/{number}", owner) for number, one in enumerate(value)]


def geometry(value: Any, around: Surroundings, reading: OpenFile, place: str, owner: str) -> Geometry:
    """One geometry object with coordinates in place of indices. Raises Unreadable."""
    if not isinstance(value, dict) or not isinstance(value.get("boundaries"), list):
        raise Unreadable("a geometry is an object with boundaries", place=place)
    kind = value.get("type")
    if kind == "GeometryInstance":
        return _instance(value, around, place)
    if not isinstance(kind, str) or kind not in DEPTH:
        raise Unreadable(f"{str(kind)[:40]!r} is no type of geometry", place=place)
    try:
        indices = points_of(value["boundaries"], DEPTH[kind])
        corners = vertices.points(indices, around.coordinates, f"{place}/boundaries")
        boundaries = rebuilt(value["boundaries"], DEPTH[kind], iter(corners))
    except TypeError as error:
        raise Unreadable(f"the boundaries are not nested as those of a {kind}", place=f"{place}/boundaries") from error
    found = Geometry(kind, terms.lod_of(value.get("lod")), boundaries)
    _semantics(found, value.get("semantics"), reading, place, owner)
    found.appearance = _appearance(value, around, reading, place, owner)
    return found


def _appearance(value: dict[str, Any], around: Surroundings, reading: OpenFile, place: str, owner: str) -> dict[str, Any] | None:
    try:
        return appearance.resolve(value, around.appearance, place)
    except Unreadable as error:
        reading.problem(
            (error.message, "un matériau ou une texture n'existe pas dans l'apparence"),
            ("mend the appearance; the geometry is kept without it", "corriger l'apparence ; la géométrie est gardée sans elle"),
            feature=owner,
            place=place,
        )
        return None


def _instance(value: dict[str, Any], around: Surroundings, place: str) -> Geometry:
    number, matrix = value.get("template"), value.get("transformationMatrix")
    if type(number) is not int or not 0 <= number < len(around.templates):
        raise Unreadable(f"template {number!r} does not exist; there are {len(around.templates)}", place=f"{place}/template")
    if not isinstance(matrix, list) or len(matrix) != 16 or not all(isinstance(n, int | float) for n in matrix):
        raise Unreadable("transformationMatrix has 16 numbers", place=f"{place}/transformationMatrix")
    anchor = vertices.points(value["boundaries"], around.coordinates, f"{place}/boundaries")
    if len(anchor) != 1:
        raise Unreadable("an instance has one anchor point", place=f"{place}/boundaries")
    template = around.templates[number]
    return Geometry("GeometryInstance", template.lod, anchor, template=template, matrix=tuple(map(float, matrix)))


def _semantics(found: Geometry, value: Any, reading: OpenFile, place: str, owner: str) -> None:
    if value is None:
        return
    if not isinstance(value, dict) or not isinstance(value.get("surfaces"), list):
        raise Unreadable("semantics has an array of surfaces", place=f"{place}/semantics")
    found.surfaces = [_surface(one, f"{place}/semantics/surfaces/{n}") for n, one in enumerate(value["surfaces"])]
    values = value.get("values")
    if isinstance(values, list):
        checked = _Values(len(found.surfaces))
        found.values = checked.nested(values, _LEVELS[found.type])
        if checked.wrong:
            reading.problem(
                ("a surface refers to semantics that do not exist", "une surface renvoie à une sémantique inexistante"),
                ("mend semantics.values", "corriger semantics.values"),
                feature=owner,
                place=f"{place}/semantics/values",
                found=str(checked.wrong[0])[:80],
                expected=f"0 to {len(found.surfaces) - 1}, or null",
            )


def _surface(value: Any, place: str) -> BoundarySurface:
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise Unreadable("a semantic surface is an object with a type", place=place)
    identifier, parent, children = value.get("id"), value.get("parent"), value.get("children")
    return BoundarySurface(
        type=value["type"],
        id=identifier if isinstance(identifier, str) else None,
        attributes={key: inner for key, inner in value.items() if key not in ("type", "id", "parent", "children")},
        parent=parent if type(parent) is int else None,
        children=tuple(child for child in children if type(child) is int) if isinstance(children, list) else (),
    )


class _Values:
    """Checks nested semantic values: indices of surfaces, or null at any level."""

    def __init__(self, surfaces: int) -> None:
        self._surfaces = surfaces
        self.wrong: list[Any] = []

    def nested(self, values: list[Any], levels: int) -> list[Any]:
        """The same nesting with what is wrong made null."""
        if levels > 0:
            return [self.nested(inner, levels - 1) if isinstance(inner, list) else None for inner in values]
        return [self._value(value) for value in values]

    def _value(self, value: Any) -> int | None:
        if value is None or (type(value) is int and 0 <= value < self._surfaces):
            return value
        self.wrong.append(value)
        return None
