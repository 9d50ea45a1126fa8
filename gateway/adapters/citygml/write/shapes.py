"""Geometries as GML 3.1.1 and 3.2: polygons, solids, curves and points, in the axis order of the system's authority."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any

from gateway.adapters.citygml.names import unnamed
from gateway.adapters.citygml.write.text import identifier, number
from gateway.model.geometry import Geometry, Point, Ring, Surface

type Member = Callable[[Surface, int | None], str]
"""Writes one gml:surfaceMember of a face with the number of its semantic surface."""

_SPACE = 1e308


class Extent:
    """The box of everything written so far."""

    def __init__(self) -> None:
        self.low = [_SPACE] * 3
        self.high = [-_SPACE] * 3

    def add(self, points: Iterable[Point]) -> None:
        """Take in some points."""
        for axis, values in enumerate(zip(*points, strict=True)):
            self.low[axis] = min(self.low[axis], *values)
            self.high[axis] = max(self.high[axis], *values)

    def corners(self, *, swap: bool) -> tuple[str, str] | None:
        """Lower and upper corner in the order of the file; None when nothing was written."""
        if self.low[0] > self.high[0]:
            return None
        order = (1, 0, 2) if swap else (0, 1, 2)
        low, high = (" ".join(number(corner[axis]) for axis in order) for corner in (self.low, self.high))
        return low, high


class Shapes:
    """Writes geometries of GML 3.1.1; `swap` puts y before x. `attributes` (an srsName) goes on every outermost geometry."""

    shell = "CompositeSurface"
    """The element of a solid's exterior."""

    def __init__(self, *, swap: bool, attributes: str = "", extent: Extent | None = None) -> None:
        self.swap, self._attributes = swap, attributes
        self._extent = extent

    def named(self, given: str | None = None) -> str:
        """The gml:id of an object or geometry: the one `given` (already an XML name, or made one), else none."""
        return "" if given is None else f' gml:id="{identifier(given)}"'

    def prototypes(self) -> Shapes:
        """A writer of prototypes in their own system."""
        return Shapes(swap=False)

    def turned(self, target: str) -> str:
        """The polygon `target`, the other way round."""
        base = f'<gml:baseSurface xlink:href="#{target}"/>'
        return f'<gml:OrientableSurface{self.named()} orientation="-">{base}</gml:OrientableSurface>'

    def geometry(self, geometry: Geometry, member: Member | None = None) -> str:
        """A whole geometry; `member` writes its faces, where they are not to stand in it."""
        write = member or (lambda surface, _: self.member(surface))
        kind, boundaries, values = geometry.type, geometry.boundaries, geometry.values
        if kind in ("MultiSurface", "CompositeSurface"):
            return self._tagged(kind, _joined(boundaries, values, write))
        if kind == "Solid":
            return self._solid(boundaries, values, write, self._attributes)
        if kind in ("MultiSolid", "CompositeSolid"):
            solids = (self._solid(solid, _at(values, n), write, "") for n, solid in enumerate(boundaries))
            return self._tagged(kind, "".join(f"<gml:solidMember>{solid}</gml:solidMember>" for solid in solids))
        if kind == "MultiLineString":
            return self._tagged("MultiCurve", "".join(map(self._curve, boundaries)))
        if kind == "MultiPoint" and len(boundaries) == 1:
            return self.point(boundaries[0], self._attributes)
        return self._tagged("MultiPoint", "".join(f"<gml:pointMember>{self.point(p)}</gml:pointMember>" for p in boundaries))

    def tin(self, geometry: Geometry) -> str:
        """A TIN: its faces as the triangles of a gml:TriangulatedSurface, or as polygons where they are no triangles."""
        if not are_triangles(geometry.boundaries):
            return self.geometry(geometry)
        triangles = "".join(f"<gml:Triangle>{self._rings(surface)}</gml:Triangle>" for surface in geometry.boundaries)
        return self._tagged("TriangulatedSurface", f"<gml:trianglePatches>{triangles}</gml:trianglePatches>")

    def surfaces(self, kind: str, members: Iterable[str]) -> str:
        """A MultiSurface or CompositeSurface of members that are written already."""
        return self._tagged(kind, "".join(members))

    def member(self, surface: Surface, gml_id: str | None = None) -> str:
        """A gml:surfaceMember with its polygon; nothing for a surface without positions."""
        if not surface or not surface[0]:
            return ""
        return f"<gml:surfaceMember><gml:Polygon{self.named(gml_id)}>{self._rings(surface)}</gml:Polygon></gml:surfaceMember>"

    def point(self, point: Point, attributes: str = "") -> str:
        """A gml:Point."""
        return f'<gml:Point{self.named()}{attributes}><gml:pos srsDimension="3">{self._positions([point])}</gml:pos></gml:Point>'

    def _tagged(self, tag: str, content: str) -> str:
        return f"<gml:{tag}{self.named()}{self._attributes}>{content}</gml:{tag}>"

    def _solid(self, shells: list[list[Surface]], values: list[Any] | None, member: Member, attributes: str) -> str:
        sides = []
        for number_of_shell, shell in enumerate(shells):
            faces = _joined(shell, _at(values, number_of_shell), member)
            side = "interior" if number_of_shell else "exterior"
            sides.append(f"<gml:{side}><gml:{self.shell}{self.named()}>{faces}</gml:{self.shell}></gml:{side}>")
        return f"<gml:Solid{self.named()}{attributes}>{''.join(sides)}</gml:Solid>"

    def _rings(self, surface: Surface) -> str:
        sides = []
        for number_of_ring, ring in enumerate(ring for ring in surface if ring):
            side = "interior" if number_of_ring else "exterior"
            positions = self._positions([*ring, ring[0]])
            sides.append(
                f'<gml:{side}><gml:LinearRing><gml:posList srsDimension="3">{positions}</gml:posList></gml:LinearRing></gml:{side}>'
            )
        return "".join(sides)

    def _curve(self, line: Ring) -> str:
        positions = f'<gml:posList srsDimension="3">{self._positions(line)}</gml:posList>'
        return f"<gml:curveMember><gml:LineString{self.named()}>{positions}</gml:LineString></gml:curveMember>"

    def _positions(self, points: list[Point]) -> str:
        if self._extent is not None:
            self._extent.add(points)
        if self.swap:
            return " ".join(f"{number(y)} {number(x)} {number(z)}" for x, y, z in points)
        return " ".join(f"{number(x)} {number(y)} {number(z)}" for x, y, z in points)


class NewShapes(Shapes):
    """Writes geometries of GML 3.2, where each of them must have an id; one that has none of its own gets one of our making."""

    shell = "Shell"

    def __init__(
        self, *, swap: bool, attributes: str = "", extent: Extent | None = None, numbers: Iterator[int] | None = None
    ) -> None:
        super().__init__(swap=swap, attributes=attributes, extent=extent)
        self._numbers = numbers or count(1)

    def prototypes(self) -> NewShapes:
        """A writer of prototypes in their own system, with ids from the same numbers."""
        return NewShapes(swap=False, numbers=self._numbers)

    def named(self, given: str | None = None) -> str:
        """The gml:id of an object or geometry: the one `given`, else one that the reader knows to mean none."""
        return super().named(unnamed(next(self._numbers)) if given is None else given)

    def tin(self, geometry: Geometry) -> str:
        """A TIN: its faces as the patches of a gml:TriangulatedSurface, triangles or not."""
        kind = "Triangle" if are_triangles(geometry.boundaries) else "PolygonPatch"
        patches = "".join(f"<gml:{kind}>{self._rings(surface)}</gml:{kind}>" for surface in geometry.boundaries)
        return self._tagged("TriangulatedSurface", f"<gml:patches>{patches}</gml:patches>")


def are_triangles(boundaries: list[Surface]) -> bool:
    """Whether every face has three corners and no hole."""
    return all(len(surface) == 1 and len(surface[0]) == 3 for surface in boundaries)


def _joined(surfaces: list[Surface], values: list[Any] | None, member: Member) -> str:
    return "".join(member(surface, _at(values, position)) for position, surface in enumerate(surfaces))


def _at(values: list[Any] | None, position: int) -> Any:
    return values[position] if values is not None and position < len(values) else None
