"""One family of features as elements of CityGML: each object's properties in the order of its schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from gateway.adapters.citygml.assembly import TERRAIN
from gateway.adapters.citygml.write.dialects import Dialect
from gateway.adapters.citygml.write.schema_3 import PLAIN
from gateway.adapters.citygml.write.shapes import Member, Shapes, are_triangles
from gateway.adapters.citygml.write.spec import Spec
from gateway.adapters.citygml.write.surfaces import Family, Surfaces
from gateway.adapters.citygml.write.text import identifier, number
from gateway.adapters.citygml.write.wkb import geometry_of
from gateway.model.feature import Feature
from gateway.model.geometry import Geometry, Surface
from gateway.model.report import Report

_MOST_TEMPLATES = 500
_IDENTITY = tuple(float(position % 5 == 0) for position in range(16))
_FIRST_TAG = re.compile(r'^(<gml:\w+)(?: gml:id="[^"]*")?')
_OWN_TAG = re.compile(r"<(?:([\w.-]+):)?([\w.-]+)")
_NAMESPACE = re.compile(r"""xmlns(?::[\w.-]+)?\s*=\s*["']([^"']*)["']""")
_OURS = re.compile(r"http://www\.opengis\.net/(?:citygml|gml)|urn:oasis:names:tc:ciq:")
_VERSIONS = {
    "2.0": re.compile(r"http://www\.opengis\.net/(?:citygml/(?:\w+/)?[13]\.0|gml/3\.2)|urn:oasis:names:tc:ciq:xal:3"),
    "3.0": re.compile(r"http://www\.opengis\.net/(?:citygml/(?:\w+/)?[12]\.0|gml$)|urn:oasis:names:tc:ciq:xsdschema:xAL"),
}
"""Namespaces of other versions, which have no place in this one."""
_FORMS = {
    "Solid": ("Solid", "Geometry"),
    "CompositeSolid": ("Solid", "Geometry"),
    "MultiSolid": ("MultiSolid", "Geometry", "Solid"),
    "MultiSurface": ("MultiSurface", "Geometry"),
    "CompositeSurface": ("Geometry", "MultiSurface"),
    "MultiLineString": ("MultiCurve", "Geometry", "Network"),
    "MultiPoint": ("Geometry", "Point"),
    "GeometryInstance": ("ImplicitRepresentation",),
}
"""How a geometry property's name may end, best first, by type of geometry."""


_WHOLE = {
    "MultiSurface": ("tin", "geometry"),
    "CompositeSurface": ("tin", "geometry"),
    "MultiPoint": ("reliefPoints", "geometry"),
    "MultiLineString": ("breaklines", "ridgeOrValleyLines", "geometry"),
}
"""Geometry properties without a level."""


class ObjectWriter:
    """Writes families; keeps the prototypes of implicit geometries, so that each is written once."""

    def __init__(self, dialect: Dialect, shapes: Shapes, report: Report) -> None:
        self._shapes, self._report = shapes, report
        self._edition, self._address = dialect.edition, dialect.address
        self._called = f"CityGML {dialect.edition.version}"
        self._properties = dialect.properties(dialect.edition, report, shapes.named)
        self._templates: dict[int, tuple[Geometry, str]] = {}
        self._prototypes = shapes.prototypes()

    def members(self, features: list[Feature]) -> Iterator[str]:
        """The top-level elements of one family: its root, then members that have no place inside it."""
        family = Family(features)
        by_id = {feature.id: feature for feature in features}
        outside = [features[0]]
        while outside:
            feature = outside.pop(0)
            spec = self._edition.specs.get(feature.type, self._edition.generic)
            if feature is not features[0]:
                why = f"{self._called} has no place for it inside its parent; written beside it"
                self._report.changed(f"parent of {feature.type}", why, feature.id)
            yield self._object(feature, spec, family, by_id, outside)

    def _object(self, feature: Feature, spec: Spec, family: Family, by_id: dict[str, Feature], outside: list[Feature]) -> str:
        self._report.written[feature.type] += 1
        properties = dict(feature.properties)
        self._explain(feature, spec, properties)
        head = self._properties.names(properties)
        slots = self._properties.write(properties, spec, feature.id)
        surfaces = Surfaces(feature, spec, family, self._edition, self._shapes, self._report)
        self._geometries(feature, spec, surfaces, slots)
        for slot, elements in surfaces.slots(self._properties).items():
            slots.setdefault(slot, []).extend(elements)
        self._children(feature, spec, family, by_id, outside, slots)
        self._addresses(feature, spec, slots)
        tail = "".join(self._opaque(feature, spec, slots))
        content = spec.joined(slots)
        return f'<{spec.element} gml:id="{identifier(feature.id)}">{"".join(head)}{content}{tail}</{spec.element}>'

    def _explain(self, feature: Feature, spec: Spec, properties: dict[str, object]) -> None:
        """Say in attributes what the element cannot say, and count it."""
        if ":Int" in spec.element and properties.get("relationToConstruction") == "inside":
            del properties["relationToConstruction"]
        if "lod" in spec.properties:
            properties.setdefault("lod", self._level(feature.geometries[0], spec, feature.id) if feature.geometries else 0)
        if identifier(feature.id) != feature.id:
            self._report.changed("id", "it is not an XML name; it was written as one made from it", feature.id)
            properties.setdefault("originalId", feature.id)
        if feature.validity is not None:
            has_validity = "validFrom" in spec.properties
            for key, time in zip(("creationDate", "terminationDate"), feature.validity, strict=True):
                if time is not None and not {"validFrom", "validTo", key} & set(properties):
                    properties[{"creationDate": "validFrom", "terminationDate": "validTo"}[key] if has_validity else key] = time
        if spec is self._edition.generic and feature.type not in ("GenericCityObject", "Feature"):
            why = f"{self._called} has none such; written as {spec.element.partition(':')[2]}"
            self._report.changed(f"type {feature.type}", why, feature.id)
            properties.setdefault("cityObjectType", feature.type)
            if feature.parent is not None:
                properties.setdefault("parentObject", feature.parent)

    # --- children, addresses, opaque ---------------------------------------------------------------------------------

    def _children(
        self,
        feature: Feature,
        spec: Spec,
        family: Family,
        by_id: dict[str, Feature],
        outside: list[Feature],
        slots: dict[str, list[str]],
    ) -> None:
        for child_id in feature.children:
            child = by_id.get(child_id)
            if child is None:
                self._report.lost("child", "it does not come with its parent", child_id)
                continue
            place = spec.children.get(child.type)
            if place is None:
                outside.append(child)
                continue
            outer, _, inner = place.partition("|")
            indoors = bool(inner) and (outer == inner or child.properties.get("relationToConstruction") == "inside")
            child_spec = self._edition.specs[f"{child.type}|" if indoors else child.type]
            slot = inner if indoors else outer
            element = self._object(child, child_spec, family, by_id, outside)
            tag = spec.properties[slot]
            slots.setdefault(slot, []).append(f"<{tag}>{element}</{tag}>")

    def _addresses(self, feature: Feature, spec: Spec, slots: dict[str, list[str]]) -> None:
        if "address" in spec.properties:
            tag = spec.properties["address"]
            slots["address"] = [self._address(item, tag, self._shapes, self._report, feature.id) for item in feature.addresses]
        elif feature.addresses:
            self._report.lost("address", f"{spec.element} has none in {self._called}", feature.id, count=len(feature.addresses))

    def _opaque(self, feature: Feature, spec: Spec, slots: dict[str, list[str]]) -> Iterator[str]:
        """Fragments of extensions; those of other versions or other types, and appearances, have no place.

        A fragment of this version itself (a hook of an extension, a dynamizer) goes into its slot.
        """
        for fragment in feature.opaque:
            own = _OWN_TAG.match(fragment)
            what = own.group(2) if own else "fragment"
            mine = re.search(rf"""xmlns{f":{own.group(1)}" if own and own.group(1) else ""}\s*=\s*["']([^"']*)["']""", fragment)
            other = _VERSIONS[self._edition.version]
            if what == "appearance":
                self._report.lost(what, "its targets are polygons, whose ids are not kept", feature.id)
            elif mine is None or feature.type not in self._edition.specs or any(map(other.match, _NAMESPACE.findall(fragment))):
                self._report.lost(what, f"this XML has no place in {self._called}", feature.id)
            elif not _OURS.match(mine.group(1)) and self._edition.version == "2.0":  # in 3.0 they stand in hooks
                yield fragment
            elif self._namespace(spec.properties.get(what, "")) == mine.group(1):
                slots.setdefault(what, []).append(fragment)
            else:
                self._report.lost(what, f"this XML has no place in {self._called}", feature.id)

    def _namespace(self, tag: str) -> str | None:
        return self._edition.namespaces.get(tag.partition(":")[0])

    # --- geometries --------------------------------------------------------------------------------------------------

    def _geometries(self, feature: Feature, spec: Spec, surfaces: Surfaces, slots: dict[str, list[str]]) -> None:
        geometries = list(feature.geometries)
        if not geometries and feature.shape is not None:
            flat = geometry_of(feature.shape, self._report, feature.id)
            geometries = [] if flat is None else [flat]
        geometries.sort(key=lambda geometry: geometry.lod, reverse=True)
        taken: dict[int, str] = {}
        for position, geometry in enumerate(geometries):
            if not geometry.boundaries or any(not face or not face[0] for face, _ in geometry.polygons()):
                self._report.lost("empty geometry", "a geometry or a face without positions is not written", feature.id)
            if not geometry.boundaries:
                continue
            if geometry.appearance:
                self._report.lost("appearance", "materials and textures are not written", feature.id)
            level = self._level(geometry, spec, feature.id)
            if self._is_taken(geometry, level, taken):
                why = f"a finer one stands at LoD {level}, and {self._called} has room for one"
                self._report.lost(f"geometry of LoD {geometry.lod}", why, feature.id)
                continue
            follows = any(g.type == geometry.type and g.lod == geometry.lod for g in geometries[position + 1 :])
            self._geometry(feature, geometry, level, spec, surfaces, slots, follows=follows)

    def _level(self, geometry: Geometry, spec: Spec, object_id: str) -> int:
        """The level of detail that a geometry is written at: its own, else the next higher one that its type has."""
        level = int(geometry.lod[:1]) if geometry.lod[:1] in ("0", "1", "2", "3", "4") and geometry.lod else 0
        if geometry.lod != str(level):
            why = f"{self._called} has whole levels only; written as {level}"
            self._report.changed(f"LoD {geometry.lod}", why, object_id)
        levels = spec.levels or self._edition.levels
        nearest = min((other for other in levels if other >= level), default=levels[-1])
        if nearest != level:
            why = f"{spec.element} has no such level in {self._called}; written as {nearest}"
            self._report.changed(f"LoD {level}", why, object_id)
        return nearest

    @staticmethod
    def _is_taken(geometry: Geometry, level: int, taken: dict[int, str]) -> bool:
        """Whether surfaces of a finer level stand at this one already: those of two levels would become one."""
        return bool(geometry.surfaces) and taken.setdefault(level, geometry.lod) != geometry.lod

    def _geometry(
        self,
        feature: Feature,
        geometry: Geometry,
        level: int,
        spec: Spec,
        surfaces: Surfaces,
        slots: dict[str, list[str]],
        *,
        follows: bool,
    ) -> None:
        """One geometry into its slot or its surfaces; another surface at its level `follows`, so that this one stands by itself."""
        terrain = any(surface.type == TERRAIN for surface in geometry.surfaces)
        meant = {} if terrain or _is_roof_edge(geometry, level, spec) else surfaces.prepare(geometry, level)
        slot = _slot(geometry, level, spec, slots, terrain=terrain)
        is_surface = geometry.type in ("MultiSurface", "CompositeSurface")
        if is_surface and meant and _covers(geometry, meant) and not (follows and slot):
            for face, number_of_surface in geometry.polygons():
                written = meant[number_of_surface or 0]
                if not face or not face[0]:
                    continue
                if surfaces.owns(written.surface) or surfaces.reference(face, level) is None:
                    surfaces.add(written, face, level, named=False)
            return
        by_itself = is_surface and "boundary" in spec.properties and slot != f"lod{level}MultiSurface"
        if slot is None and not by_itself:
            why = f"{spec.element} has no free place for a {geometry.type} at LoD {level}"
            self._report.lost(f"geometry {geometry.type}", why, feature.id)
            return
        if slot is not None and not by_itself and slot.startswith("lod") and slot[3] != str(level):
            self._report.changed(f"LoD {level}", f"{spec.element} has no such level; written as {slot[3]}", feature.id)
            meant = {}

        def member(face: Surface, number_of_surface: int | None) -> str:
            written = None if number_of_surface is None else meant.get(number_of_surface)
            if written is None or not face or not face[0]:
                return self._shapes.member(face)
            shared = None if surfaces.owns(written.surface) else surfaces.reference(face, level)
            return shared or surfaces.add(written, face, level, named=True)

        if by_itself or slot is None:
            slots.setdefault("boundary", []).append(self._by_itself(geometry, level, spec, member))
            return
        content = self._content(geometry, slot, member if meant else None, feature.id)
        slots[slot] = [f"<{spec.properties[slot]}>{content}</{spec.properties[slot]}>"]

    def _by_itself(self, geometry: Geometry, level: int, spec: Spec, member: Member) -> str:
        """Faces at a level where the type has no property for them: a boundary surface of CityGML 3.0 without a meaning."""
        shapes, tag = self._shapes, spec.properties["boundary"]
        faces = f"<core:lod{level}MultiSurface>{shapes.geometry(replace(geometry, type='MultiSurface'), member)}"
        return f"<{tag}><{PLAIN}{shapes.named()}>{faces}</core:lod{level}MultiSurface></{PLAIN}></{tag}>"

    def _content(self, geometry: Geometry, slot: str, member: Member | None, object_id: str) -> str:
        if geometry.type == "GeometryInstance":
            return self._implicit(geometry, object_id)
        if slot == "tin":
            if not are_triangles(geometry.boundaries):
                self._report.changed("TIN", "faces with more than three corners; written as a surface of polygons", object_id)
            return self._shapes.tin(geometry)
        if slot.endswith("MultiSurface") or slot.startswith("lod0Foot") or slot.startswith("lod0Roof"):
            geometry = replace(geometry, type="MultiSurface")
        if slot.endswith("Solid") and geometry.type == "MultiSolid" and not slot.endswith("MultiSolid"):
            self._report.changed("MultiSolid", "written as CompositeSolid, the only set of solids allowed here", object_id)
            geometry = replace(geometry, type="CompositeSolid")
        if slot.endswith("MultiSolid") and geometry.type != "MultiSolid":
            values = None if geometry.values is None else [geometry.values]
            geometry = replace(geometry, type="MultiSolid", boundaries=[geometry.boundaries], values=values)
        if slot.endswith("Network"):
            curves = self._shapes.geometry(geometry)
            return f"<gml:GeometricComplex><gml:element>{curves}</gml:element></gml:GeometricComplex>"
        return self._shapes.geometry(geometry, member)

    def _implicit(self, geometry: Geometry, object_id: str) -> str:
        matrix = " ".join(map(number, geometry.matrix or _IDENTITY))
        matrix = f"<core:transformationMatrix>{matrix}</core:transformationMatrix>"
        anchor = self._shapes.point(geometry.boundaries[0])
        named = self._shapes.named()
        parts = (self._template(geometry.template, object_id), f"<core:referencePoint>{anchor}</core:referencePoint>")
        if self._edition.version == "3.0":
            parts = parts[::-1]
        return f"<core:ImplicitGeometry{named}>{matrix}{''.join(parts)}</core:ImplicitGeometry>"

    def _template(self, template: Geometry | None, object_id: str) -> str:
        if template is None:
            self._report.lost("template", "an implicit geometry came without its prototype", object_id)
            return ""
        tag = f"core:{self._edition.template}"
        known = self._templates.get(id(template))
        if known is not None:
            return f'<{tag} xlink:href="#{known[1]}"/>'
        text = self._prototypes.geometry(template)
        if len(self._templates) < _MOST_TEMPLATES:
            name = f"template_{identifier(object_id)}_{len(self._templates)}"
            self._templates[id(template)] = (template, name)
            text = _FIRST_TAG.sub(lambda found: f'{found.group(1)} gml:id="{name}"', text, count=1)
        return f"<{tag}>{text}</{tag}>"


def _covers(geometry: Geometry, meant: Mapping[int, object]) -> bool:
    """Whether every face belongs to a surface that can be written, so that the surfaces say it all."""
    return all(value is not None and value in meant for _, value in geometry.polygons())


def _is_roof_edge(geometry: Geometry, level: int, spec: Spec) -> bool:
    return level == 0 and "lod0RoofEdge" in spec.properties and {surface.type for surface in geometry.surfaces} == {"RoofSurface"}


def _slot(geometry: Geometry, level: int, spec: Spec, slots: dict[str, list[str]], *, terrain: bool) -> str | None:
    """The free property for a geometry: at its own level, else at the next higher one that the type has."""
    if terrain:
        forms: tuple[str, ...] = ("TerrainIntersection", "TerrainIntersectionCurve")
    elif geometry.type not in _FORMS:
        return None
    else:
        forms = _FORMS[geometry.type]
    if geometry.type == "MultiPoint" and len(geometry.boundaries) > 1:
        forms = ("Geometry",)
    if geometry.type in ("MultiSurface", "CompositeSurface") and level == 0 and not terrain and "lod0FootPrint" in spec.properties:
        forms = ("RoofEdge" if _is_roof_edge(geometry, level, spec) else "FootPrint",)
    for other in (*range(level, 5), *range(level - 1, -1, -1)):
        there = [name for form in forms if (name := f"lod{other}{form}") in spec.properties]
        if there:
            return next((name for name in there if name not in slots), None)
    return next((name for name in _WHOLE.get(geometry.type, ("geometry",)) if name in spec.properties and name not in slots), None)
