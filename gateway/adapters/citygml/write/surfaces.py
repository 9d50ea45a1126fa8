"""Boundary surfaces of one family: who owns which, and the polygons that solids refer to.

A surface is one and the same wherever its id (or, in what was read a moment ago, its attributes) is. The first member of the
family that has it owns it and writes it; the others refer to its polygons.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gateway.adapters.citygml.write.properties import PropertyWriter
from gateway.adapters.citygml.write.schema import CORE, OPENINGS, Spec
from gateway.adapters.citygml.write.shapes import Shapes
from gateway.adapters.citygml.write.text import identifier
from gateway.model.feature import Feature
from gateway.model.geometry import BoundarySurface, Geometry, Surface
from gateway.model.report import Report

type Key = str | int

_SEMANTIC_LEVELS = (2, 3, 4)
_OPENINGS_FROM = 3


@dataclass(slots=True)
class Written:
    """A boundary surface on its way out: its polygons or curves by level of detail."""

    surface: BoundarySurface
    property: str
    element: str
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

    def __init__(self, feature: Feature, spec: Spec, family: Family, shapes: Shapes, report: Report) -> None:
        self._feature, self._spec, self._family, self._shapes, self._report = feature, spec, family, shapes, report
        self._written: dict[Key, Written | None] = {}
        self._count = 0

    def prepare(self, geometry: Geometry, level: int) -> dict[int, Written]:
        """The surfaces of a geometry that can be written at this level, by their number; the others are counted."""
        if not geometry.surfaces:
            return {}
        if level not in _SEMANTIC_LEVELS or self._spec.surfaces is None:
            self._report.changed("semantics", f"{self._spec.element} has none at LoD {level}", self._feature.id)
            return {}
        found: dict[int, Written] = {}
        for number, surface in enumerate(geometry.surfaces):
            written = self._place(geometry, surface)
            if written is None or (written.property == "opening" and level < _OPENINGS_FROM):
                self._report.changed(f"semantics {surface.type}", "it has no place here in CityGML 2.0", self._feature.id)
            else:
                found[number] = written
        return found

    def _place(self, geometry: Geometry, surface: BoundarySurface) -> Written | None:
        key = key_of(surface)
        if key in self._written:
            return self._written[key]
        written: Written | None = None
        prefix = self._spec.prefix
        if surface.type in OPENINGS and surface.parent is not None and prefix in ("bldg", "brid", "tun"):
            parent = self._place(geometry, geometry.surfaces[surface.parent])
            if parent is not None and parent.surface.type not in OPENINGS:
                written = Written(surface, "opening", f"{prefix}:{surface.type}")
                parent.openings.append(written)
        elif self._spec.surfaces is not None and surface.type in self._spec.surfaces:
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
        base = f'<gml:OrientableSurface orientation="-"><gml:baseSurface xlink:href="#{target}"/></gml:OrientableSurface>'
        return f"<gml:surfaceMember>{base}</gml:surfaceMember>"

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
            if written is not None and written.property != "opening" and self._is_worth(written):
                slots.setdefault(written.property, []).append(self._finished(written, properties))
        return slots

    def _is_worth(self, written: Written) -> bool:
        """A surface that another member owns is written only for faces that found no polygon there."""
        return self.owns(written.surface) or bool(written.faces) or any(map(self._is_worth, written.openings))

    def _finished(self, written: Written, properties: PropertyWriter) -> str:
        surface, prefix, tag = written.surface, self._spec.prefix, written.element
        own = {key: value for key, value in surface.attributes.items() if key != "address"}
        if "address" in surface.attributes:
            self._report.lost("address of an opening", "addresses of doors are not written", self._feature.id)
        head = properties.names(own)
        codes = ("class", "function", "usage", "surfaceMaterial") if prefix == "tran" else ()
        slots = properties.write(own, codes, prefix, self._feature.id)
        parts = [*head, *(text for slot in (*CORE, *codes) for text in slots.get(slot, ()))]
        for level in sorted(written.faces):
            kind = "CompositeSurface" if self._spec.face == "Surface" else "MultiSurface"
            inner = self._shapes.surfaces(kind, written.faces[level])
            parts.append(f"<{prefix}:lod{level}{self._spec.face}>{inner}</{prefix}:lod{level}{self._spec.face}>")
        for opening in written.openings:
            if self._is_worth(opening):
                parts.append(self._finished(opening, properties))
        named = ""
        if surface.id is not None and self.owns(surface):
            named = f' gml:id="{identifier(surface.id)}"'
        return f"<{prefix}:{written.property}><{tag}{named}>{''.join(parts)}</{tag}></{prefix}:{written.property}>"


def _outer(surface: Surface) -> tuple[Any, ...]:
    return tuple(map(tuple, surface[0]))
