"""Sorts rings that come without order into polygons: what formats with bare rings (Esri JSON, shapefiles, DXF) need."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from gateway.geo.validity import mended

type Ring = list[list[float]]


def polygons(rings: list[Ring]) -> list[list[Ring]]:
    """Polygons (outer ring, then holes) out of rings in any order: a ring inside an odd number of others is a hole of the
    smallest of these.

    Direction is not trusted, since exporters disagree; nesting decides. Unclosed rings are closed; rings of less than three
    corners stay as polygons of their own, for the checks to find.
    """
    closed = [ring if ring[0] == ring[-1] else [*ring, ring[0]] for ring in rings]
    if len(closed) < 2:
        return [closed] if closed else []
    proper = [number for number, ring in enumerate(closed) if len(ring) >= 4]
    outlines = [shapely.linearrings([position[:2] for position in closed[number]]) for number in proper]
    areas = np.atleast_1d(mended(shapely.polygons(outlines))) if outlines else np.empty(0, object)
    sizes = shapely.area(areas)
    around = _containers(areas, sizes)
    found: dict[int, list[Ring]] = {}
    holes: list[tuple[int, int]] = []
    for at, containers in enumerate(around):
        if len(containers) % 2 == 0:
            found[at] = [closed[proper[at]]]
        else:
            holes.append((min(containers, key=lambda other: float(sizes[other])), at))
    for outer, hole in holes:
        found.setdefault(outer, [closed[proper[outer]]]).append(closed[proper[hole]])
    broken = [[ring] for number, ring in enumerate(closed) if number not in set(proper)]
    return [*found.values(), *broken]


def _containers(areas: NDArray[np.object_], sizes: NDArray[np.float64]) -> list[list[int]]:
    """For each area, which larger ones contain a point of its inside."""
    tree = shapely.STRtree(shapely.point_on_surface(areas))
    found: list[list[int]] = [[] for _ in areas]
    for outer, inner in tree.query(areas, predicate="contains").T.tolist():
        if sizes[outer] > sizes[inner]:
            found[inner].append(outer)
    return found
