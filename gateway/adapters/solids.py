"""The one 3D geometry that stands for a city object in a format with room for one: the finest solid, else the finest surfaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gateway.geo.nesting import explicit
from gateway.model.feature import Feature
from gateway.model.geometry import Geometry, Ring, Surface
from gateway.model.report import Report

_SOLIDS = {"Solid": 0, "MultiSolid": 1, "CompositeSolid": 1}
_SURFACES = frozenset(("MultiSurface", "CompositeSurface"))


@dataclass(frozen=True, slots=True)
class Solid:
    """`bodies` are solids of shells of surfaces; what is not closed is one body of one shell."""

    bodies: list[list[list[Surface]]]
    is_closed: bool

    def coordinates(self, decimals: int, *, swap: bool) -> list[Any]:
        """Bodies, shells, faces, rings and positions as JSON nests them; rings are closed, x and y exchanged where `swap` says."""
        return [[[[_ring(ring, decimals, swap) for ring in face] for face in shell] for shell in body] for body in self.bodies]


def chosen(feature: Feature, report: Report) -> Solid | None:
    """The geometry that stands for `feature`, if it has one of surfaces; the others are told to `report`."""
    ranked = sorted(filter(_counts, feature.geometries), key=lambda one: (one.type in _SOLIDS, _level(one)), reverse=True)
    best = ranked[0] if ranked else None
    for geometry in feature.geometries:
        if geometry is not best:
            report.lost(f"{geometry.type} at LoD {geometry.lod}", "one geometry a feature: the finest solid is kept", feature.id)
        elif geometry.surfaces:
            report.lost(
                "boundary surfaces", "the faces are kept, what they are called is not", feature.id, count=len(geometry.surfaces)
            )
        if geometry.appearance:
            report.lost("appearance", "there is no place for it", feature.id)
    if feature.opaque:
        report.lost("opaque XML", "there is no place for it", feature.id, count=len(feature.opaque))
    if best is None:
        return None
    plain = explicit(best) if best.template is not None else best
    if plain.type in _SURFACES:
        return Solid([[plain.boundaries]], is_closed=False)
    bodies = plain.boundaries if _SOLIDS[plain.type] else [plain.boundaries]
    return Solid([[_turned(shell, outer=not at) for at, shell in enumerate(body)] for body in bodies], is_closed=True)


def _turned(shell: list[Surface], *, outer: bool) -> list[Surface]:
    """A shell whose faces are anticlockwise seen from outside (those of a void from inside), as its volume tells."""
    volume = 0.0
    for face in shell:
        for ring in face:
            points = np.array(ring, dtype=np.float64) - shell[0][0][0]
            volume += float((np.cross(points[1:-1], points[2:]) @ points[0]).sum())
    return shell if (volume >= 0) == outer else [[ring[::-1] for ring in face] for face in shell]


def _counts(geometry: Geometry) -> bool:
    kind = geometry.template.type if geometry.template is not None else geometry.type
    return kind in _SOLIDS or kind in _SURFACES


def _level(geometry: Geometry) -> float:
    try:
        return float(geometry.lod)
    except ValueError:
        return 0.0


def _ring(ring: Ring, decimals: int, swap: bool) -> list[list[float]]:
    points = (
        [[round(y, decimals), round(x, decimals), round(z, decimals)] for x, y, z in ring]
        if swap
        else [[round(x, decimals), round(y, decimals), round(z, decimals)] for x, y, z in ring]
    )
    return [*points, points[0]] if points else points
