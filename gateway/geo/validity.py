"""What is wrong with a geometry: OGC Simple Features validity in 2D, and whether a solid's shells are closed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from gateway.geo import wkb as wkbs
from gateway.model.geometry import Geometry, Surface

type Vertex = tuple[int, int, int]

_PLACED = re.compile(r"(?P<reason>[^\[]+)\[(?P<x>\S+) (?P<y>\S+)(?: \S+)?\]")
_MILLIMETRE = 0.001
_SHELLS = {"Solid": 0, "MultiSolid": 1, "CompositeSolid": 1}


def problem(wkb: bytes) -> tuple[str, tuple[float, float] | None] | None:
    """The reason why a geometry is not valid (OGC 06-103r4 section 6.1), with its position where GEOS gives one; None if valid.

    Heights are not looked at. Raises InputError for bytes that are no WKB.
    """
    shape = wkbs.read([wkb])[0]
    if shapely.is_valid(shape):
        return None
    found = _PLACED.fullmatch(shapely.is_valid_reason(shape))
    if found is None:
        return shapely.is_valid_reason(shape), None
    return found["reason"].strip(), (float(found["x"]), float(found["y"]))


def mended(shapes: Any) -> Any:
    """Valid geometries out of any, one by one where GEOS cannot mend them together (`shapely.make_valid`).

    Its way by linework fails on some collapsed rings; then its way by structure, which drops what has collapsed, is taken.
    """
    try:
        return shapely.make_valid(shapes)
    except shapely.errors.GEOSException:
        return np.array([_mended(shape) for shape in np.atleast_1d(shapes)], dtype=object)


def _mended(shape: Any) -> Any:
    try:
        return shapely.make_valid(shape)
    except shapely.errors.GEOSException:
        return shapely.make_valid(shape, method="structure", keep_collapsed=False)


def shell_problem(geometry: Geometry, *, snap: float = _MILLIMETRE) -> str | None:
    """Why the shells of a solid are not closed (each edge used as often one way as the other); None for a closed solid and for
    any other type. Vertices in one cell of a grid of size `snap` (in units of the coordinates) are one; a shell is open when it
    is open on that grid and on the one half a cell away."""
    level = _SHELLS.get(geometry.type)
    if level is None:
        return None
    solids: Sequence[Any] = [geometry.boundaries] if level == 0 else geometry.boundaries
    for number, solid in enumerate(solids):
        for index, shell in enumerate(solid):
            where = f"shell {index}" if level == 0 else f"solid {number}, shell {index}"
            try:
                found = _open_edges(shell, snap, 0.0)
                if found and _open_edges(shell, snap, 0.5):
                    return f"{where} is not closed: {_told(found, snap)}"
            except (OverflowError, ValueError):  # an infinite number or none has no cell
                return f"{where} has a coordinate that is not a finite number"
    return None


def _open_edges(shell: Sequence[Surface], snap: float, shift: float) -> list[tuple[Vertex, Vertex]]:
    edges: Counter[tuple[Vertex, Vertex]] = Counter()
    for surface in shell:
        for ring in surface:
            vertices = [(round(x / snap + shift), round(y / snap + shift), round(z / snap + shift)) for x, y, z in ring]
            edges.update(zip(vertices, vertices[1:] + vertices[:1], strict=True))
    return [edge for edge, count in edges.items() if edge[0] != edge[1] and edges[edge[1], edge[0]] != count]


def _told(edges: list[tuple[Vertex, Vertex]], snap: float) -> str:
    place = " ".join(f"{number * snap:.10g}" for number in edges[0][0])
    count = "1 edge has" if len(edges) == 1 else f"{len(edges)} edges have"
    return f"{count} no face on the other side, the first at {place}"
