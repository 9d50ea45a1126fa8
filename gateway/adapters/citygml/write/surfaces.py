"""Boundary surfaces of one family: who owns which, and the polygons that solids refer to.

A surface is one and the same wherever its id (or, in what was read a moment ago, its attributes) is. The first member of the
family that has it owns it and writes it; the others refer to its polygons.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gateway.adapters.citygml.write.properties import PropertyWriter
from gateway.adapters.citygml.write.shapes import Shapes
from gateway.adapters.citygml.write.spec import Edition, Spec
from gateway.adapters.citygml.write.text import identifier
from gateway.model.feature import Feature
from gateway.model.geometry import BoundarySurface, Geometry, Surface
from gateway.model.report import Report

type Key = str | int


@dataclass(slots=True)
class Written:
    """A boundary surface on its way out: its polygons or curves by level of detail."""

    surface: BoundarySurface
    property: str
    element: str
    is_opening: bool = False
    faces: dict[int, list[str]] = field(default_factory=dict)
    openings: list[Written] = field(default_factory=list)


def key_of(surface: BoundarySurface) -> Key:
    """What makes a surface the same in several geometries."""
    return surface.id if surface.id is not None else id(surface.attributes)


class Family:
    """What the members of one family share: owners of surfaces, and polygons already written."""

    def __init__(self, features: Iterable[Feature]) -> None:
        self.owners: dict[Key, str] = {}
        self.shared: set[Key] = set()
        self.polygons: dict[tuple[int, tuple[Any, ...]], str] = {}
        for feature in features:
            for geometry in feature.geometries:
                for surface in geometry.surfaces:
                    if self.owners.setdefault(key_of(surface), feature.id) != feature.id:
                        self.shared.add(key_of(surface))


class Surfaces:
    """The boundary surfaces of one feature, filled as its geometries are written."""

    def __init__(self, feature: Feature, spec: Spec, family: Family, edition: Edition, shapes: Shapes, report: Report) -> None:
        self._feature, self._spec, self._family, self._shapes, self._report = feature, spec, family, shapes, report
        self._edition = edition
        self._written: dict[Key, Written | None] = {}
        self._count = 0

    def prepare(self, geometry: Geometry, level: int) -> dict[int, Written]:
        """The surfaces of a geometry that can be written at this level, by their number; the others are counted."""
        if not geometry.surfaces:
            return {}
        if level not in self._edition.semantic_levels or not self._spec.surfaces:
            self._report.changed("semantics", f"{self._spec.element} has none at LoD {level}", self._feature.id)
            return {}
        found: dict[int, Written] = {}
        for number, surface in enumerate(geometry.surfaces):
            written = self._place(geometry, surface)
            if written is None or (written.is_opening and level < self._edition.openings_from):
                why = f"it has no place here in CityGML {self._edition.version}"
                self._report.changed(f"semantics {surface.type}", why, self._feature.id)
            else:
                found[number] = written
        return found

    def _place(self, geometry: Geometry, surface: BoundarySurface) -> Written | None:
        key = key_of(surface)
        if key in self._written:
            return self._written[key]
        written: Written | None = None
        parent = None if surface.parent is None else self._place(geometry, geometry.surfaces[surface.parent])
        if parent is not None and surface.type in (inner := self._edition.surfaces[parent.element].surfaces):
            written = Written(surface, *inner[surface.type], is_opening=True)
            parent.openings.append(written)
        elif surface.type in self._spec.surfaces:
            written = Written(surface, *self._spec.surfaces[surface.type])
        self._written[key] = written
        return written

    def reference(self, surface: Surface, level: int) -> str | None:
        """A reference to a polygon with these positions that another member has written at this level."""
        target = self._family.polygons.get((level, _outer(surface)))
        if target is not None:
            return f'<gml:surfaceMember xlink:href="#{target}"/>'
        target = self._family.polygons.get((level, _outer([[surface[0][0], *surface[0][:0:-1]]])))
        if target is None:
            return None
        return f"<gml:surfaceMember>{self._shapes.turned(target)}</gml:surfaceMember>"

    def owns(self, surface: BoundarySurface) -> bool:
        """Whether this feature is the one to write the surface."""
        return self._family.owners.get(key_of(surface)) == self._feature.id

    def add(self, written: Written, surface: Surface, level: int, *, named: bool) -> str:
        """Write a face into its surface; gives the reference to it (empty where it is not `named`)."""
        gml_id = None
        if named or key_of(written.surface) in self._family.shared:
            self._count += 1
            gml_id = f"{identifier(self._feature.id)}_lod{level}_{self._count}"
            self._family.polygons.setdefault((level, _outer(surface)), gml_id)
        written.faces.setdefault(level, []).append(self._shapes.member(surface, gml_id))
        return f'<gml:surfaceMember xlink:href="#{gml_id}"/>'

    def slots(self, properties: PropertyWriter) -> dict[str, list[str]]:
        """The finished surfaces by the property they stand in."""
        slots: dict[str, list[str]] = {}
        for written in self._written.values():
            if written is not None and not written.is_opening and self._is_worth(written):
                tag = self._spec.properties[written.property]
                slots.setdefault(written.property, []).append(f"<{tag}>{self._finished(written, properties)}</{tag}>")
        return slots

    def _is_worth(self, written: Written) -> bool:
        """A surface that another member owns is written only for faces that found no polygon there."""
        return self.owns(written.surface) or bool(written.faces) or any(map(self._is_worth, written.openings))

    def _finished(self, written: Written, properties: PropertyWriter) -> str:
        surface, spec = written.surface, self._edition.surfaces[written.element]
        own = {key: value for key, value in surface.attributes.items() if key != "address"}
        if "address" in surface.attributes:
            self._report.lost("address of an opening", "addresses of doors are not written", self._feature.id)
        head = "".join(properties.names(own))
        slots = properties.write(own, spec, self._feature.id)
        for level in sorted(written.faces):
            kind = "CompositeSurface" if spec.face == "Surface" else "MultiSurface"
            slot = f"lod{level}{spec.face}"
            slots[slot] = [
                f"<{spec.properties[slot]}>{self._shapes.surfaces(kind, written.faces[level])}</{spec.properties[slot]}>"
            ]
        for opening in written.openings:
            if self._is_worth(opening):
                tag = spec.properties[opening.property]
                slots.setdefault(opening.property, []).append(f"<{tag}>{self._finished(opening, properties)}</{tag}>")
        given = surface.id if surface.id is not None and self.owns(surface) else None
        return f"<{spec.element}{self._shapes.named(given)}>{head}{spec.joined(slots)}</{spec.element}>"


def _outer(surface: Surface) -> tuple[Any, ...]:
    return tuple(map(tuple, surface[0]))
