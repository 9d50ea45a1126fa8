"""Three-dimensional geometry of city objects, nested as in CityJSON 2.0 section 3, with coordinates in place of indices.

Nesting of `boundaries` by type (a *ring* is a list of (x, y, z) tuples, not closed: the first point is not repeated):

=================  ==========================================
MultiPoint         [point, …]
MultiLineString    [[point, …], …]
MultiSurface       [[ring, …], …]              surface = outer ring, then holes
CompositeSurface   [[ring, …], …]
Solid              [[[ring, …], …], …]         shells of surfaces, the outer shell first
MultiSolid         [[[[ring, …], …], …], …]
CompositeSolid     [[[[ring, …], …], …], …]
=================  ==========================================
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

type Point = tuple[float, float, float]
type Ring = list[Point]
type Surface = list[Ring]

DEPTH = {
    "MultiPoint": 0,
    "MultiLineString": 1,
    "MultiSurface": 2,
    "CompositeSurface": 2,
    "Solid": 3,
    "MultiSolid": 4,
    "CompositeSolid": 4,
}
"""How many list levels lie between `boundaries` and a point, less one."""


@dataclass(slots=True)
class BoundarySurface:
    """A semantic surface (CityGML 3 thematic surface, CityJSON semantic object).

    `parent` and `children` are indices into the `surfaces` of the same geometry (a Window in a WallSurface).
    `id` is the source's gml:id where it had one.
    """

    type: str
    id: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    parent: int | None = None
    children: tuple[int, ...] = ()


@dataclass(slots=True)
class Geometry:
    """One geometry of a city object at one level of detail.

    `lod` is a string ("1", "2.2"). `values` is nested like `boundaries` down to the surface (point for MultiPoint, line for
    MultiLineString) and holds an index into `surfaces` or None. `template` and `matrix` are set for an implicit geometry
    (type ``GeometryInstance``): `template` is the shared prototype in its local system, `boundaries` is ``[anchor point]``,
    `matrix` is 16 numbers, row by row (CityJSON 2.0 section 3.4).
    `appearance` keeps materials and textures as the source gave them, by theme; see the loss report of each writer.
    """

    type: str
    lod: str
    boundaries: list[Any]
    surfaces: list[BoundarySurface] = field(default_factory=list)
    values: list[Any] | None = None
    template: Geometry | None = None
    matrix: tuple[float, ...] | None = None
    appearance: Mapping[str, Any] | None = None

    def polygons(self) -> Iterator[tuple[Surface, int | None]]:
        """Each surface of the geometry with the index of its semantic surface; none for points and lines."""
        depth = DEPTH.get(self.type, 0)
        if depth >= 2:
            yield from _surfaces(self.boundaries, self.values, depth - 2)


def _surfaces(boundaries: list[Any], values: list[Any] | None, levels: int) -> Iterator[tuple[Surface, int | None]]:
    for position, inner in enumerate(boundaries):
        value = values[position] if values is not None and position < len(values) else None
        if levels == 0:
            yield inner, value
        else:
            yield from _surfaces(inner, value, levels - 1)
