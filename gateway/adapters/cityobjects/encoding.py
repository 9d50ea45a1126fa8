"""City objects out: a Feature becomes one object of a CityJSON 2.0 text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.adapters.cityobjects import terms
from gateway.adapters.cityobjects.appearance import Palette
from gateway.adapters.cityobjects.flat import flat_geometries
from gateway.adapters.cityobjects.vertices import Transform, VertexIndex
from gateway.geo import wkb as wkbs
from gateway.geo.nesting import depth_of, explicit, points_of, rebuilt
from gateway.model.feature import Feature
from gateway.model.geometry import BoundarySurface, Geometry
from gateway.model.report import Report

_OWN_SURFACE = ("type", "id", "parent", "children")


@dataclass(slots=True)
class Templates:
    """The distinct prototypes of implicit geometries, to be written with their vertices; `allowed` False writes them out."""

    allowed: bool = True
    objects: list[dict[str, Any]] = field(default_factory=list)
    vertices: list[list[float]] = field(default_factory=list)
    _numbers: dict[bytes, int] = field(default_factory=dict)
    _seen: dict[int, tuple[Geometry, int]] = field(default_factory=dict)

    def number(self, template: Geometry, encoder: Encoder) -> int:
        """The number of a prototype, added on first use."""
        known = self._seen.get(id(template))
        if known is not None and known[0] is template:
            return known[1]
        corners = points_of(template.boundaries, depth_of(template))
        key = orjson.dumps([template.type, template.lod, corners, template.values])
        if key not in self._numbers:
            start = len(self.vertices)
            self.vertices += [list(point) for point in corners]
            numbers: Any = iter(range(start, start + len(corners)))
            self._numbers[key] = len(self.objects)
            self.objects.append(encoder.plain(template, rebuilt(template.boundaries, depth_of(template), numbers)))
        if len(self._seen) < 10_000:
            self._seen[id(template)] = (template, self._numbers[key])
        return self._numbers[key]


class Encoder:
    """Writes the objects of one family at a time: set `index` before each."""

    def __init__(self, palette: Palette, templates: Templates, report: Report) -> None:
        self.palette = palette
        self.index = VertexIndex(Transform())
        self._templates = templates
        self._report = report

    def city_object(self, feature: Feature) -> dict[str, Any]:
        """The city object of a feature; what CityJSON cannot say goes to the report."""
        kind, attributes = self._type(feature)
        found: dict[str, Any] = {"type": kind}
        if kind == terms.GROUP:
            attributes = dict(attributes)
            for name, member in (("members", "children"), ("memberRoles", "children_roles")):
                if isinstance(attributes.get(name), list):
                    found[member] = attributes.pop(name)
        if feature.validity is not None:
            start, end = feature.validity
            attributes = {"validFrom": start, "validTo": end, **attributes}
            attributes = {name: value for name, value in attributes.items() if value is not None or name in feature.properties}
        if attributes:
            found["attributes"] = attributes
        if feature.parent is not None:
            found["parents"] = [feature.parent]
        if feature.children:
            found["children"] = list(feature.children)
        geometries = [self._geometry(geometry, feature) for geometry in self._all_geometries(feature)]
        if geometries:
            found["geometry"] = geometries
        if feature.addresses:
            found["address"] = [self._address(address) for address in feature.addresses]
        if feature.opaque:
            self._report.lost("opaque XML", "CityJSON has no place for it", feature.id, count=len(feature.opaque))
        return found

    def _type(self, feature: Feature) -> tuple[str, dict[str, Any]]:
        kind = feature.type
        if kind in terms.MODULE:
            return kind, feature.properties
        if kind == "Feature":
            self._report.changed("plain feature", "written as GenericCityObject", feature.id)
            return terms.GENERIC, feature.properties
        self._report.changed(f"type {kind}", f"written as GenericCityObject; {terms.TYPE_ATTRIBUTE} keeps the name", feature.id)
        return terms.GENERIC, {**feature.properties, terms.TYPE_ATTRIBUTE: kind}

    def _all_geometries(self, feature: Feature) -> Iterable[Geometry]:
        if feature.geometries or feature.shape is None:
            return feature.geometries
        if not wkbs.has_z(feature.shape):
            self._report.changed("two-dimensional geometry", "height 0 stands for none", feature.id)
        return flat_geometries(feature.shape)

    def _geometry(self, geometry: Geometry, feature: Feature) -> dict[str, Any]:
        if geometry.template is not None and not self._templates.allowed:
            self._report.changed("implicit geometry", "written out: a sequence names templates before its features", feature.id)
            geometry = explicit(geometry)
        if geometry.template is not None:
            return {
                "type": "GeometryInstance",
                "template": self._templates.number(geometry.template, self),
                "boundaries": self.index.numbers(geometry.boundaries),
                "transformationMatrix": list(geometry.matrix or ()),
            }
        depth = depth_of(geometry)
        numbers: Any = iter(self.index.numbers(points_of(geometry.boundaries, depth)))
        return self.plain(geometry, rebuilt(geometry.boundaries, depth, numbers))

    def plain(self, geometry: Geometry, boundaries: list[Any]) -> dict[str, Any]:
        """A geometry object around boundaries that are numbers already."""
        found: dict[str, Any] = {"type": geometry.type, "lod": geometry.lod, "boundaries": boundaries}
        if geometry.surfaces:
            found["semantics"] = {"surfaces": [self._surface(surface) for surface in geometry.surfaces], "values": geometry.values}
        if geometry.appearance:
            found |= self.palette.members(geometry.appearance)
        return found

    def _surface(self, surface: BoundarySurface) -> dict[str, Any]:
        found: dict[str, Any] = {"type": surface.type}
        if surface.id is not None:
            found["id"] = surface.id
        for name, value in surface.attributes.items():
            if name in _OWN_SURFACE:
                self._report.lost(f"attribute {name} of a surface", "CityJSON uses the name itself", surface.id)
            else:
                found[name] = value
        if surface.parent is not None:
            found["parent"] = surface.parent
        if surface.children:
            found["children"] = list(surface.children)
        return found

    def _address(self, address: dict[str, Any]) -> dict[str, Any]:
        location = address.get("location")
        if not isinstance(location, dict) or not isinstance(location.get("boundaries"), list):
            return address
        spots = [tuple(spot) for spot in location["boundaries"]]
        return {**address, "location": {**location, "boundaries": self.index.numbers(spots)}}


def families(features: Iterable[Feature]) -> Iterator[list[Feature]]:
    """Features in family order, one list a family: a feature whose parent is in the family before it belongs to it."""
    family: list[Feature] = []
    members: set[str] = set()
    for feature in features:
        if family and feature.parent not in members:
            yield family
            family, members = [], set()
        family.append(feature)
        members.add(feature.id)
    if family:
        yield family
