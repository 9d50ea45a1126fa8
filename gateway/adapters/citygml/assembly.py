"""Puts the geometries of one family together: every face finds the semantics of the boundary surface it belongs to.

The surfaces of all members are known before the first geometry is made, so a solid may refer to polygons that come later or
belong to another member. What boundary surfaces have beyond the explicit geometries of a level of detail becomes a
MultiSurface (MultiLineString for curves) of its own: nothing is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from gateway.adapters.citygml.implicit import bare
from gateway.adapters.citygml.shape import Face, Key, Line, Shape
from gateway.model.feature import Feature
from gateway.model.geometry import BoundarySurface, Geometry
from gateway.model.report import Report

type Element = etree._Element

TERRAIN = "+TerrainIntersection"
"""Marks a terrain intersection curve, which CityJSON has no word for."""

_RANK = {"Solid": 0, "MultiSolid": 0, "CompositeSolid": 0, "MultiSurface": 1, "CompositeSurface": 1, "MultiLineString": 2}
_WHOLE = {"RoofEdge": "RoofSurface", "TerrainIntersection": TERRAIN, "TerrainIntersectionCurve": TERRAIN}
"""Geometry properties whose whole geometry has one meaning."""


@dataclass(slots=True)
class Draft:
    """A feature while its family is being read: its surfaces with their faces and lines by level of detail."""

    feature: Feature
    surfaces: list[BoundarySurface] = field(default_factory=list)
    faces: dict[str, list[tuple[Face, int]]] = field(default_factory=dict)
    lines: dict[str, list[tuple[Line, int]]] = field(default_factory=dict)
    holders: list[tuple[str, str, Element]] = field(default_factory=list)
    """Geometry properties still to be read: level of detail, form, element."""
    done: list[Geometry] = field(default_factory=list)


class Meanings:
    """Which boundary surface each face of a family belongs to."""

    def __init__(self) -> None:
        self._of: dict[Key, tuple[Draft, int]] = {}

    def add(self, key: Key, draft: Draft, surface: int) -> None:
        """The face or line `key` belongs to a surface of `draft`; the first one said holds."""
        self._of.setdefault(key, (draft, surface))

    def clear(self) -> None:
        """Forget the last family."""
        self._of.clear()

    def geometry(self, draft: Draft, shape: Shape, lod: str, form: str = "") -> Geometry:
        """A shape of `draft` as a geometry with its semantic surfaces."""
        geometry = Geometry(shape.type, lod, bare(shape.type, shape.parts))
        if form in _WHOLE:
            geometry.surfaces = [BoundarySurface(_WHOLE[form])]
            geometry.values = _valued(shape.type, shape.parts, {}, 0)
        elif shape.type != "MultiPoint" and self._of:
            self._give_meaning(geometry, draft, shape)
        return geometry

    def _give_meaning(self, geometry: Geometry, draft: Draft, shape: Shape) -> None:
        of = self._of
        meant = {key: of[key] for key in _keys(shape.type, shape.parts) if key in of}
        if not meant:
            return
        own = {surface for owner, surface in meant.values() if owner is draft}
        if len(own) == len(draft.surfaces) and all(owner is draft for owner, _ in meant.values()):
            geometry.surfaces = list(draft.surfaces)
            numbered = {key: surface for key, (_, surface) in meant.items()}
        else:
            geometry.surfaces, numbers = _surfaces(draft, meant.values())
            numbered = {key: numbers[id(owner), surface] for key, (owner, surface) in meant.items()}
        geometry.values = _valued(shape.type, shape.parts, numbered, None)


def assemble(draft: Draft, shapes: Iterable[tuple[str, str, Shape]], meanings: Meanings, report: Report) -> None:
    """Make the geometries of one member from its explicit `shapes` (level of detail, form, shape) and what surfaces add."""
    used: dict[str, set[Key]] = {}
    made: list[tuple[tuple[str, int], Geometry]] = [((geometry.lod, 4), geometry) for geometry in draft.done]
    for lod, form, shape in shapes:
        rank = 3 if form.startswith("Terrain") else _RANK.get(shape.type, 4)
        made.append(((lod, rank), meanings.geometry(draft, shape, lod, form)))
        used.setdefault(lod, set()).update(_keys(shape.type, shape.parts))
    for kind, parts in (("MultiSurface", draft.faces), ("MultiLineString", draft.lines)):
        for lod, valued in parts.items():
            taken = used.get(lod)
            rest = [part for part, _ in valued if taken is None or part[1] not in taken]
            if rest:
                made.append(((lod, _RANK[kind]), meanings.geometry(draft, Shape(kind, rest), lod)))
    if len(made) > 1:
        made.sort(key=lambda pair: pair[0])
    draft.feature.geometries = [geometry for _, geometry in made]
    _keep_bare_surfaces(draft, report)


def _keep_bare_surfaces(draft: Draft, report: Report) -> None:
    """Surfaces without a geometry of their own stand with the most detailed geometry that has surfaces."""
    own = draft.surfaces
    if not own or any(len(g.surfaces) == len(own) and g.surfaces[-1] is own[-1] for g in draft.feature.geometries):
        return
    present = {id(surface.attributes) for geometry in draft.feature.geometries for surface in geometry.surfaces}
    missing = [surface for surface in draft.surfaces if id(surface.attributes) not in present]
    if not missing:
        return
    hosts = [g for g in draft.feature.geometries if g.type in _RANK]
    if not hosts:
        report.lost("boundary surface", "neither it nor its object has a geometry", draft.feature.id, count=len(missing))
        return
    host = max(hosts, key=lambda geometry: geometry.lod)
    numbers = {id(surface.attributes): number for number, surface in enumerate(host.surfaces)}
    for surface in missing:
        parent = None if surface.parent is None else numbers.get(id(draft.surfaces[surface.parent].attributes))
        numbers[id(surface.attributes)] = number = len(host.surfaces)
        host.surfaces.append(replace(surface, parent=parent, children=()))
        if parent is not None:
            host.surfaces[parent] = replace(host.surfaces[parent], children=(*host.surfaces[parent].children, number))


def _surfaces(draft: Draft, meant: Iterable[tuple[Draft, int]]) -> tuple[list[BoundarySurface], dict[tuple[int, int], int]]:
    """The surfaces meant, with their parents, in file order (own before others'), and the number of each."""
    owners: dict[int, Draft] = {id(draft): draft}
    wanted: dict[int, set[int]] = {}
    for owner, surface in meant:
        owners.setdefault(id(owner), owner)
        chosen = wanted.setdefault(id(owner), set())
        number: int | None = surface
        while number is not None and number not in chosen:
            chosen.add(number)
            number = owner.surfaces[number].parent
    surfaces: list[BoundarySurface] = []
    numbers: dict[tuple[int, int], int] = {}
    for who, owner in owners.items():
        chosen_here = sorted(wanted.get(who, ()))
        for number in chosen_here:
            numbers[who, number] = len(numbers)
        for number in chosen_here:
            surface_here = owner.surfaces[number]
            children = tuple(numbers[who, child] for child in surface_here.children if (who, child) in numbers)
            parent = None if surface_here.parent is None else numbers[who, surface_here.parent]
            surfaces.append(BoundarySurface(surface_here.type, surface_here.id, surface_here.attributes, parent, children))
    return surfaces, numbers


def _keys(kind: str, parts: list[Any]) -> Iterable[Key]:
    if kind in ("MultiSurface", "CompositeSurface", "MultiLineString"):
        return [part[1] for part in parts]
    if kind == "Solid":
        return [face[1] for shell in parts for face in shell]
    if kind in ("MultiSolid", "CompositeSolid"):
        return [face[1] for solid in parts for shell in solid for face in shell]
    return []


def _valued(kind: str, parts: list[Any], numbers: dict[Key, int], default: int | None) -> list[Any]:
    if kind == "MultiPoint":
        return [default] * len(parts)
    if kind in ("MultiSurface", "CompositeSurface", "MultiLineString"):
        return [numbers.get(part[1], default) for part in parts]
    if kind == "Solid":
        return [[numbers.get(face[1], default) for face in shell] for shell in parts]
    return [[[numbers.get(face[1], default) for face in shell] for shell in solid] for solid in parts]
