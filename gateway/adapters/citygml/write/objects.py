"""One family of features as elements of CityGML 2.0: each object's properties in the order of its schema."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from gateway.adapters.citygml.assembly import TERRAIN
from gateway.adapters.citygml.write import postal
from gateway.adapters.citygml.write.properties import PropertyWriter
from gateway.adapters.citygml.write.schema import CORE, GENERIC, SPECS, Spec
from gateway.adapters.citygml.write.shapes import Shapes
from gateway.adapters.citygml.write.surfaces import Family, Surfaces
from gateway.adapters.citygml.write.text import identifier, number
from gateway.adapters.citygml.write.wkb import geometry_of
from gateway.model.feature import Feature
from gateway.model.geometry import Geometry, Surface
from gateway.model.report import Report

_MOST_TEMPLATES = 500
_NAMESPACE = re.compile(r"""xmlns(?::[\w.-]+)?\s*=\s*["']([^"']*)["']""")
_OURS = re.compile(r"http://www\.opengis\.net/(?:citygml|gml)|urn:oasis:names:tc:ciq:")
_SOLIDS = ("Solid", "MultiSolid", "CompositeSolid")
_FORMS = {
    "Solid": ("Solid", "Geometry"),
    "CompositeSolid": ("Solid", "Geometry"),
    "MultiSolid": ("MultiSolid", "Geometry", "Solid"),
    "MultiSurface": ("MultiSurface", "Geometry"),
    "CompositeSurface": ("Geometry", "MultiSurface"),
    "MultiLineString": ("MultiCurve", "Geometry", "Network"),
    "MultiPoint": ("Geometry",),
    "GeometryInstance": ("ImplicitRepresentation",),
}
"""How a geometry property's name may end, best first, by type of geometry."""


class ObjectWriter:
    """Writes families; keeps the prototypes of implicit geometries, so that each is written once."""

    def __init__(self, shapes: Shapes, report: Report) -> None:
        self._shapes, self._report = shapes, report
        self._properties = PropertyWriter(report)
        self._templates: dict[int, tuple[Geometry, str]] = {}
        self._prototypes = Shapes(swap=False)

    def members(self, features: list[Feature]) -> Iterator[str]:
        """The top-level elements of one family: its root, then members that CityGML 2.0 has no place for inside it."""
        family = Family(features)
        by_id = {feature.id: feature for feature in features}
        outside = [features[0]]
        while outside:
            feature = outside.pop(0)
            spec = SPECS.get(feature.type, GENERIC)
            if feature is not features[0]:
                why = "CityGML 2.0 has no place for it inside its parent; written beside it"
                self._report.changed(f"parent of {feature.type}", why, feature.id)
            yield self._object(feature, spec, family, by_id, outside)

    def _object(self, feature: Feature, spec: Spec, family: Family, by_id: dict[str, Feature], outside: list[Feature]) -> str:
        self._report.written[feature.type] += 1
        properties = dict(feature.properties)
        self._explain(feature, spec, properties)
        head = self._properties.names(properties)
        slots = self._properties.write(properties, spec.sequence, spec.prefix, feature.id)
        surfaces = Surfaces(feature, spec, family, self._shapes, self._report)
        self._geometries(feature, spec, surfaces, slots)
        for slot, elements in surfaces.slots(self._properties).items():
            slots.setdefault(slot, []).extend(elements)
        self._children(feature, spec, family, by_id, outside, slots)
        self._addresses(feature, spec, slots)
        content = "".join(text for slot in (*CORE, *spec.sequence) for text in slots.get(slot, ()))
        tail = "".join(self._opaque(feature))
        return f'<{spec.element} gml:id="{identifier(feature.id)}">{"".join(head)}{content}{tail}</{spec.element}>'

    def _explain(self, feature: Feature, spec: Spec, properties: dict[str, object]) -> None:
        """Say in attributes what the element cannot say, and count it."""
        if spec.element.startswith("bldg:Int") and properties.get("relationToConstruction") == "inside":
            del properties["relationToConstruction"]
        if identifier(feature.id) != feature.id:
            self._report.changed("id", "it is not an XML name; it was written as one made from it", feature.id)
            properties.setdefault("originalId", feature.id)
        if feature.validity is not None:
            for key, time in zip(("creationDate", "terminationDate"), feature.validity, strict=True):
                if time is not None and not {"validFrom", "validTo", key} & set(properties):
                    properties[key] = time
        if spec is GENERIC and feature.type not in ("GenericCityObject", "Feature"):
            self._report.changed(f"type {feature.type}", "CityGML 2.0 has none such; written as GenericCityObject", feature.id)
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
            place = (spec.children or {}).get(child.type)
            if place is None:
                outside.append(child)
                continue
            outer, _, inner = place.partition("|")
            indoors = bool(inner) and (outer == inner or child.properties.get("relationToConstruction") == "inside")
            child_spec = SPECS[f"{child.type}|" if indoors else child.type]
            slot = inner if indoors else outer
            element = self._object(child, child_spec, family, by_id, outside)
            slots.setdefault(slot, []).append(f"<{spec.prefix}:{slot}>{element}</{spec.prefix}:{slot}>")

    def _addresses(self, feature: Feature, spec: Spec, slots: dict[str, list[str]]) -> None:
        if "address" in spec.sequence:
            tag = f"{spec.prefix}:address"
            slots["address"] = [postal.write(item, tag, self._shapes, self._report, feature.id) for item in feature.addresses]
        elif feature.addresses:
            self._report.lost("address", f"{spec.element} has none in CityGML 2.0", feature.id, count=len(feature.addresses))

    def _opaque(self, feature: Feature) -> Iterator[str]:
        """Fragments of extensions for GML 3.1.1; those of other versions or other types, and appearances, have no place."""
        for fragment in feature.opaque:
            namespaces = _NAMESPACE.findall(fragment)
            own = re.match(r"<(?:([\w.-]+):)?([\w.-]+)", fragment)
            what = own.group(2) if own else "fragment"
            mine = re.search(rf"""xmlns{f":{own.group(1)}" if own and own.group(1) else ""}\s*=\s*["']([^"']*)["']""", fragment)
            if what == "appearance":
                self._report.lost(what, "its targets are polygons, whose ids are not kept", feature.id)
            elif mine is None or feature.type not in SPECS or _OURS.match(mine.group(1)) or any(map(_is_other_version, namespaces)):
                self._report.lost(what, "this XML has no place in CityGML 2.0", feature.id)
            else:
                yield fragment

    # --- geometries --------------------------------------------------------------------------------------------------

    def _geometries(self, feature: Feature, spec: Spec, surfaces: Surfaces, slots: dict[str, list[str]]) -> None:
        geometries = list(feature.geometries)
        if not geometries and feature.shape is not None:
            flat = geometry_of(feature.shape, self._report, feature.id)
            geometries = [] if flat is None else [flat]
        geometries.sort(key=lambda geometry: geometry.lod, reverse=True)
        for position, geometry in enumerate(geometries):
            if not geometry.boundaries or any(not face or not face[0] for face, _ in geometry.polygons()):
                self._report.lost("empty geometry", "a geometry or a face without positions is not written", feature.id)
            if not geometry.boundaries:
                continue
            if geometry.appearance:
                self._report.lost("appearance", "materials and textures are not written", feature.id)
            level = int(geometry.lod[:1]) if geometry.lod[:1] in ("0", "1", "2", "3", "4") and geometry.lod else 0
            if geometry.lod != str(level):
                self._report.changed(f"LoD {geometry.lod}", f"CityGML 2.0 has whole levels only; written as {level}", feature.id)
            follows = any(g.type == geometry.type and g.lod == geometry.lod for g in geometries[position + 1 :])
            self._geometry(feature, geometry, level, spec, surfaces, slots, follows=follows)

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
        if slot is None:
            why = f"{spec.element} has no free place for a {geometry.type} at LoD {level}"
            self._report.lost(f"geometry {geometry.type}", why, feature.id)
            return
        if slot.startswith("lod") and slot[3] != str(level):
            self._report.changed(f"LoD {level}", f"{spec.element} has no such level; written as {slot[3]}", feature.id)
            meant = {}

        def member(face: Surface, number_of_surface: int | None) -> str:
            written = None if number_of_surface is None else meant.get(number_of_surface)
            if written is None or not face or not face[0]:
                return self._shapes.member(face)
            shared = None if surfaces.owns(written.surface) else surfaces.reference(face, level)
            return shared or surfaces.add(written, face, level, named=True)

        content = self._content(geometry, slot, member if meant else None, feature.id)
        slots[slot] = [f"<{spec.prefix}:{slot}>{content}</{spec.prefix}:{slot}>"]

    def _content(self, geometry: Geometry, slot: str, member: object, object_id: str) -> str:
        if geometry.type == "GeometryInstance":
            return self._implicit(geometry, object_id)
        if slot == "tin":
            if all(len(surface) == 1 and len(surface[0]) == 3 for surface in geometry.boundaries):
                return self._shapes.triangulated(geometry.boundaries)
            self._report.changed("TIN", "faces with more than three corners; written as a surface of polygons", object_id)
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
        return self._shapes.geometry(geometry, member)  # type: ignore[arg-type]

    def _implicit(self, geometry: Geometry, object_id: str) -> str:
        matrix = " ".join(map(number, geometry.matrix or ()))
        matrix = f"<core:transformationMatrix>{matrix}</core:transformationMatrix>" if matrix else ""
        anchor = self._shapes.point(geometry.boundaries[0])
        return (
            f"<core:ImplicitGeometry>{matrix}{self._template(geometry.template, object_id)}"
            f"<core:referencePoint>{anchor}</core:referencePoint></core:ImplicitGeometry>"
        )

    def _template(self, template: Geometry | None, object_id: str) -> str:
        if template is None:
            self._report.lost("template", "an implicit geometry came without its prototype", object_id)
            return ""
        known = self._templates.get(id(template))
        if known is not None:
            return f'<core:relativeGMLGeometry xlink:href="#{known[1]}"/>'
        text = self._prototypes.geometry(template)
        if len(self._templates) < _MOST_TEMPLATES:
            name = f"template_{identifier(object_id)}_{len(self._templates)}"
            self._templates[id(template)] = (template, name)
            text = re.sub(r"^<gml:\w+", lambda found: f'{found.group()} gml:id="{name}"', text, count=1)
        return f"<core:relativeGMLGeometry>{text}</core:relativeGMLGeometry>"


def _covers(geometry: Geometry, meant: Mapping[int, object]) -> bool:
    """Whether every face belongs to a surface that can be written, so that the surfaces say it all."""
    return all(value is not None and value in meant for _, value in geometry.polygons())


def _is_roof_edge(geometry: Geometry, level: int, spec: Spec) -> bool:
    return level == 0 and "lod0RoofEdge" in spec.sequence and {surface.type for surface in geometry.surfaces} == {"RoofSurface"}


def _slot(geometry: Geometry, level: int, spec: Spec, slots: dict[str, list[str]], *, terrain: bool) -> str | None:
    """The free property for a geometry: at its own level, else at the next higher one that the type has."""
    if terrain:
        forms: tuple[str, ...] = ("TerrainIntersection",)
    elif geometry.type not in _FORMS:
        return None
    else:
        forms = _FORMS[geometry.type]
    if geometry.type in ("MultiSurface", "CompositeSurface") and level == 0 and not terrain and "lod0FootPrint" in spec.sequence:
        forms = ("RoofEdge" if _is_roof_edge(geometry, level, spec) else "FootPrint",)
    for higher in range(level, 5):
        there = [name for form in forms if (name := f"lod{higher}{form}") in spec.sequence]
        if there:
            return next((name for name in there if name not in slots), None)
    whole = ("tin", "geometry") if geometry.type in ("MultiSurface", "CompositeSurface") else ("geometry",)
    return next((name for name in whole if name in spec.sequence and name not in slots), None)


def _is_other_version(namespace: str) -> bool:
    return bool(re.match(r"http://www\.opengis\.net/(?:citygml/(?:\w+/)?[13]\.0|gml/3\.2)|urn:oasis:names:tc:ciq:xal:3", namespace))
