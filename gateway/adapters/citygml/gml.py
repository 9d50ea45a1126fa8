"""Geometry of GML 3.1.1 and 3.2 as shapes, with references resolved inside one city object."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from lxml import etree

from gateway.adapters.citygml.coordinates import bad_number, identifier_of, joined, of_coordinates, plain_rings, shown, turned
from gateway.adapters.citygml.names import HREF
from gateway.adapters.citygml.problems import Problems
from gateway.adapters.citygml.shape import Element, Face, Frame, Line, Move, Shape
from gateway.adapters.citygml.tags import (
    COORDINATES,
    CURVE_SETS,
    CURVES,
    FLAT,
    GATHERED,
    MEMBERS,
    MIXED,
    ORIENTED,
    OUTER,
    PATCHED,
    PATCHES,
    PLAIN,
    POINT_SETS,
    POINTS,
    POS,
    POS_LIST,
    SEGMENTS,
    SOLID_SETS,
    SOLIDS,
    STRAIGHT,
    SURFACES,
)
from gateway.errors import InputError, TooLarge
from gateway.model.geometry import Point, Surface

_MOST_FACES = 2_000_000
_MOST_LINKS = 60


class Geometries:
    """Reads the geometries of one city object after another; `begin` each. Problems name the object being read.

    `frames` gives the frame of a srsName; where a geometry names none, that of the file (`home`) holds.
    """

    def __init__(self, problems: Problems, home: Frame, frames: Callable[[str, Element], Frame]) -> None:
        self._problems, self._frames = problems, frames
        self.home = self._frame = home
        self.object_id: str | None = None
        self._member: Element | None = None
        self._cache: dict[str, tuple[Element, list[Face]]] = {}
        self._index: dict[str, Element] | None = None
        self._active: list[str] = []
        self._next = 0
        self._faces = 0

    def begin(self, member: Element) -> None:
        """Start on the next city object: references lead to what is in it."""
        self._member = member
        self._cache.clear()
        self._index = None
        self._faces = 0

    @property
    def frame(self) -> Frame:
        """The frame that holds where the reading stands."""
        return self._frame

    def end(self) -> None:
        """Let go of the city object's elements, so that they can be freed."""
        self._member = self._index = None
        self._cache.clear()

    def shapes(self, holder: Element) -> list[Shape]:
        """The geometries that a property element holds or refers to."""
        found: list[Shape] = []
        for element in holder:
            found += self.shape(element)
        if not len(holder):
            target = self._target(holder)
            if target is not None:
                found = self._linked(holder, lambda: self.shape(target)) or []
        return found

    def plain(self, holder: Element) -> list[Face] | None:
        """The faces of the usual case: one MultiSurface of sound polygons in the file's system; None for any other.

        Nine surfaces in ten are such: one walk straight down reads them. Whatever is unusual or wrong is left to the general
        functions, which know what to say of it.
        """
        frame = self._frame
        if frame.move is not None or frame.dimension != 3 or len(holder) != 1:
            return None
        whole = holder[0]
        if whole.tag not in PLAIN or whole.get("srsName") or whole.get("srsDimension"):
            return None
        found: list[tuple[Surface, Element]] = []
        for member in whole:
            if len(member) != 1 or member.tag not in MEMBERS:
                return None
            polygon = member[0]
            rings = plain_rings(polygon, swap=frame.swap)
            if rings is None:
                return None
            found.append((rings, polygon))
        return self._remembered(found)

    def _remembered(self, found: list[tuple[Surface, Element]]) -> list[Face] | None:
        faces: list[Face] = []
        for rings, element in found:
            identifier = identifier_of(element)
            if not rings or identifier in self._cache:
                return None
            if identifier is None:
                self._next += 1
                faces.append((rings, self._next))
            else:
                face: Face = (rings, identifier)
                self._cache[identifier] = (element, [face])
                faces.append(face)
        return faces or None

    def template(self, element: Element) -> list[Shape]:
        """The geometries of a prototype, whose coordinates are in its own system."""
        before, self._frame = self._frame, Frame()
        home, self.home = self.home, self._frame
        try:
            return self.shape(element)
        finally:
            self._frame, self.home = before, home

    def shape(self, element: Element) -> list[Shape]:
        """The geometry of a GML element; several for a mixture of kinds."""
        return self._framed(element, self._shape)

    def find(self, identifier: str) -> Element | None:
        """The element with this gml:id in the city object being read."""
        if self._index is None:
            self._index = {}
            for element in [] if self._member is None else self._member.iter(etree.Element):
                own = identifier_of(element)
                if own is not None:
                    self._index.setdefault(own, element)
        return self._index.get(identifier)

    def _framed[T](self, element: Element, read: Callable[[Element], list[T]]) -> list[T]:
        name, dimension = element.get("srsName"), element.get("srsDimension")
        if name is None and dimension is None:
            return read(element)
        before = self._frame
        frame = before if name is None else self._frames(name, element)
        if dimension is not None:
            frame = Frame(frame.swap, 2 if dimension == "2" else 3, frame.move, frame.usable)
        self._frame = frame
        try:
            return read(element) if frame.usable else []
        finally:
            self._frame = before

    def _shape(self, element: Element) -> list[Shape]:
        tag = element.tag
        if tag in SOLIDS:
            shells = self._shells(element)
            return [Shape("Solid", shells)] if shells else []
        if tag in MIXED:
            return self._mixture(element)
        if tag in SURFACES:
            kind = "CompositeSurface" if tag.endswith(("CompositeSurface", "TriangulatedSurface", "}Tin")) else "MultiSurface"
            return self._filled(Shape(kind, self.faces(element)), element)
        if tag in SOLID_SETS:
            solids = [shape.parts for shape in self._members(element) if shape.type == "Solid"]
            return self._filled(Shape(SOLID_SETS[tag], solids), element)
        if tag in CURVES:
            return self._filled(Shape("MultiLineString", self._lines_of(element)), element)
        if tag in POINTS or tag in POINT_SETS:
            return self._filled(Shape("MultiPoint", self._points_of(element)), element)
        if tag.endswith("TexturedSurface"):
            return self._filled(Shape("MultiSurface", self.faces(element)), element)
        self._note("geometry-unknown", element, tag.rpartition("}")[2])
        return []

    def _filled(self, shape: Shape, element: Element) -> list[Shape]:
        if not shape.parts and not any(child.get(HREF) for child in element.iter(etree.Element)):
            self._note("geometry-empty", element)
        return [shape] if shape.parts else []

    def _members(self, element: Element) -> list[Shape]:
        found: list[Shape] = []
        for holder in element:
            found += self.shapes(holder)
        return found

    def _mixture(self, element: Element) -> list[Shape]:
        """A set of any geometries as one geometry of each kind."""
        kinds: dict[str, list[Any]] = {}
        for shape in self._members(element):
            kind = {"CompositeSurface": "MultiSurface", "Solid": "MultiSolid", "CompositeSolid": "MultiSolid"}.get(
                shape.type, shape.type
            )
            kinds.setdefault(kind, []).extend([shape.parts] if shape.type == "Solid" else shape.parts)
        return [Shape(kind, parts) for kind, parts in kinds.items()]

    def _shells(self, solid: Element) -> list[list[Face]]:
        outer: list[list[Face]] = []
        inner: list[list[Face]] = []
        for side in solid:
            if side.tag in OUTER:
                outer.append(self._held(side))
            elif side.tag.endswith("}interior"):
                inner.append(self._held(side))
        shells = [shell for shell in (*outer[:1], *inner) if shell]
        if not shells:
            self._note("geometry-empty", solid)
        return shells if outer and outer[0] else []

    # --- surfaces ----------------------------------------------------------------------------------------------------

    def faces(self, element: Element) -> list[Face]:
        """All faces of a surface element, in order."""
        if element.tag in FLAT:
            named = element.get("srsName") is not None or element.get("srsDimension") is not None
            return self._framed(element, self._flat) if named else self._flat(element)
        identifier = identifier_of(element)
        if identifier is not None and (known := self._cache.get(identifier)) is not None and known[0] is element:
            return known[1]
        found = self._framed(element, self._gather)
        self._faces += len(found)
        if self._faces > _MOST_FACES:
            raise TooLarge(f"an object of more than {_MOST_FACES} faces", place=f"line {element.sourceline}")
        if identifier is not None:
            self._cache.setdefault(identifier, (element, found))
        return found

    def _gather(self, element: Element) -> list[Face]:
        tag, found = element.tag, []
        if tag in ORIENTED or tag.endswith("TexturedSurface"):
            return self._oriented(element)
        if tag in PATCHED:
            for patches in element:
                if patches.tag in PATCHES:
                    for patch in patches:
                        found += self.faces(patch)
        elif tag in GATHERED:
            for holder in element:
                found += self._held(holder)
        else:
            self._note("geometry-unknown", element, tag.rpartition("}")[2])
        return found

    def _held(self, holder: Element) -> list[Face]:
        """The faces a member property holds or refers to."""
        found: list[Face] = []
        for element in holder:
            found += self.faces(element)
        if not found and not len(holder):
            return self._referred(holder)
        return found

    def _referred(self, holder: Element) -> list[Face]:
        identifier = (holder.get(HREF) or "").removeprefix("#")
        known = self._cache.get(identifier)
        if known is not None:
            self._faces += len(known[1])
            if self._faces > _MOST_FACES:
                raise TooLarge(f"an object of more than {_MOST_FACES} faces", place=f"line {holder.sourceline}")
            return known[1]
        target = self._target(holder)
        return [] if target is None else self._linked(holder, lambda: self.faces(target)) or []

    def _oriented(self, element: Element) -> list[Face]:
        base = next((child for child in element if child.tag.endswith("}baseSurface")), None)
        found = [] if base is None else self._held(base)
        if element.get("orientation") == "-":
            return [([turned(ring) for ring in rings], key) for rings, key in found]
        return found

    def _flat(self, element: Element) -> list[Face]:
        """A polygon or patch; empty if one of its rings cannot be read."""
        identifier = identifier_of(element)
        if identifier is not None and (known := self._cache.get(identifier)) is not None and known[0] is element:
            return known[1]
        rings: Surface = []
        for side in element:
            ring = self._ring(side)
            if ring is None:
                return []
            if side.tag in OUTER:
                rings.insert(0, ring)
            else:
                rings.append(ring)
        if not rings:
            self._note("geometry-empty", element)
            return []
        if identifier is None or identifier in self._cache:
            self._next += 1
            return [(rings, self._next)]
        found: list[Face] = [(rings, identifier)]
        self._cache[identifier] = (element, found)
        return found

    def _ring(self, side: Element) -> list[Point] | None:
        if not len(side):
            self._note("geometry-empty", side)
            return None
        ring = side[0]
        one_list = len(ring) == 1 and ring[0].tag in POS_LIST
        positions = self._positions(ring[0]) if one_list else self._ring_of_parts(ring)
        if positions is None:
            return None
        if len(positions) > 1 and positions[0] == positions[-1]:
            del positions[-1]
        elif positions:
            self._note("ring-open", ring, f"first {shown(positions[0])}, last {shown(positions[-1])}")
        if len(positions) < 3:
            self._note("ring-short", ring, f"{len(positions)} different positions", "3 or more")
            return None
        return positions

    def _ring_of_parts(self, ring: Element) -> list[Point] | None:
        if ring.tag not in CURVE_SETS:
            return self._straight(ring)
        joined: list[Point] = []
        for positions, _ in self._lines(ring):
            joined += positions[1:] if joined and joined[-1] == positions[0] else positions
        return joined or None

    # --- lines and points --------------------------------------------------------------------------------------------

    def _lines(self, element: Element) -> list[Line]:
        return self._framed(element, self._lines_of)

    def _lines_of(self, element: Element) -> list[Line]:
        tag = element.tag
        if tag in STRAIGHT or tag in SEGMENTS:
            if tag in SEGMENTS:
                self._problems.report.changed(
                    "curve", "arcs and splines are kept as the line through their control points", self.object_id
                )
            positions = self._straight(element)
            self._next += 1
            return [(positions, identifier_of(element) or self._next)] if positions else []
        found: list[Line] = []
        for holder in element:
            if len(holder):
                for part in holder:
                    found += self._lines(part)
            elif (target := self._target(holder)) is not None:
                found += self._linked(holder, lambda target=target: self._lines(target)) or []  # type: ignore[misc]
        if tag.endswith("}Curve") and len(found) > 1:
            found = [(joined(found), found[0][1])]
        if tag.endswith("}OrientableCurve") and element.get("orientation") == "-":
            found = [(positions[::-1], key) for positions, key in reversed(found)]
        return found

    def _points(self, element: Element) -> list[Point]:
        return self._framed(element, self._points_of)

    def _points_of(self, element: Element) -> list[Point]:
        if element.tag in POINTS:
            return self._straight(element) or []
        found: list[Point] = []
        for holder in element:
            for part in holder:
                found += self._points(part)
            if not len(holder) and (target := self._target(holder)) is not None:
                found += self._points(target) if target.tag in POINTS else []
        return found

    def _straight(self, element: Element) -> list[Point] | None:
        """The positions of a ring, line or point, however they are written."""
        found: list[Point] = []
        for part in element:
            if part.tag in POS_LIST or part.tag in POS or part.tag in COORDINATES:
                positions = self._positions(part)
            else:
                positions = self._points(part[0]) if len(part) else []
            if positions is None:
                return None
            found += positions
        if not found:
            self._note("geometry-empty", element)
        return found or None

    def _positions(self, element: Element) -> list[Point] | None:
        text = element.text or ""
        frame = self._frame
        dimension = frame.dimension
        if (own := element.get("srsDimension")) is not None:
            dimension = 2 if own == "2" else 3
        try:
            values = list(map(float, text.split())) if "," not in text else of_coordinates(element, text)
        except ValueError:
            values = None
        if values is None or not math.isfinite(sum(values)) or "_" in text:
            self._note("position-number", element, bad_number(text))
            return None
        if dimension == 3 and len(values) == 2:
            dimension = 2
        if dimension == 2 or len(values) % 3:
            return self._two_dimensional(element, values, dimension)
        if frame.swap:
            points = list(zip(values[1::3], values[::3], values[2::3], strict=True))
        else:
            numbers = iter(values)
            points = list(zip(numbers, numbers, numbers, strict=True))
        return points if frame.move is None else self._moved(points, frame.move, element)

    def _two_dimensional(self, element: Element, values: list[float], dimension: int) -> list[Point] | None:
        if dimension != 2 or len(values) % 2:
            self._note("position-count", element, f"{len(values)} numbers", f"a multiple of {dimension}")
            return None
        self._problems.report.changed("height", "positions with two coordinates get the height 0", self.object_id)
        first, second = (1, 0) if self._frame.swap else (0, 1)
        points = [(x, y, 0.0) for x, y in zip(values[first::2], values[second::2], strict=True)]
        return points if self._frame.move is None else self._moved(points, self._frame.move, element)

    def _moved(self, points: list[Point], move: Move, element: Element) -> list[Point] | None:
        try:
            return move(points)
        except InputError as error:
            self._note("crs-unusable", element, error.message)
            return None

    # --- references --------------------------------------------------------------------------------------------------

    def _target(self, holder: Element) -> Element | None:
        """The element that an empty property refers to inside the city object. Nothing outside is ever fetched."""
        href = holder.get(HREF)
        if href is None:
            if holder.get("nilReason") is None:
                self._note("geometry-empty", holder)
            return None
        target = self.find(href.removeprefix("#"))
        if target is None:
            self._note("xlink-dangling", holder, href)
        return target

    def _linked[T](self, holder: Element, read: Callable[[], list[T]]) -> list[T] | None:
        href = holder.get(HREF) or ""
        if href in self._active or len(self._active) >= _MOST_LINKS:
            self._note("xlink-circular", holder, href)
            return None
        self._active.append(href)
        before, self._frame = self._frame, self.home
        try:
            return read()
        finally:
            self._frame = before
            self._active.pop()

    def _note(self, kind: str, element: Element, found: str | None = None, expected: str | None = None) -> None:
        self._problems.add(kind, self.object_id, element.sourceline, found, expected)
