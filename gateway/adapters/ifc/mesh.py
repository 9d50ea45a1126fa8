"""Meshes of products: made by ifcopenshell in metres in the model's own system, given on as boundaries."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import ifcopenshell.geom
import numpy as np
from numpy.typing import NDArray

LOD = "3"
_PRECISION = 1e-4
"""Metres within which two corners are one."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """`points` (n, 3) float64 in metres; `triangles` (m, 3) indices, seen from outside anticlockwise."""

    points: NDArray[np.float64]
    triangles: NDArray[np.int64]

    def normals(self) -> NDArray[np.float64]:
        """Unit normals (m, 3); zero for degenerate triangles."""
        a, b, c = (self.points[self.triangles[:, corner]] for corner in range(3))
        cross = np.cross(b - a, c - a)
        length = np.linalg.norm(cross, axis=1, keepdims=True)
        unit: NDArray[np.float64] = np.divide(cross, length, out=np.zeros_like(cross), where=length > 0)
        return unit


class Maker:
    """Makes meshes of products with the default kernel (Open CASCADE), the one that agrees with authoring software."""

    def __init__(self) -> None:
        self._settings = ifcopenshell.geom.settings()
        self._settings.set("use-world-coords", True)
        self._settings.set("weld-vertices", True)
        self._settings.set("no-normals", True)

    def make(self, product: Any) -> Mesh | None:
        """The mesh of a product, None when it has no faces. Raises RuntimeError when the kernel cannot."""
        shape = ifcopenshell.geom.create_shape(self._settings, product)
        points = np.array(shape.geometry.verts, dtype=np.float64).reshape(-1, 3)
        triangles = np.array(shape.geometry.faces, dtype=np.int64).reshape(-1, 3)
        if not len(triangles):
            return None
        if not np.isfinite(points).all():
            raise RuntimeError("coordinates that are no finite numbers")
        return _welded(points, triangles)


def _welded(points: NDArray[np.float64], triangles: NDArray[np.int64]) -> Mesh | None:
    """The mesh with equal corners merged and triangles without area dropped."""
    _, first, inverse = np.unique(np.round(points / _PRECISION).astype(np.int64), axis=0, return_index=True, return_inverse=True)
    merged = inverse.reshape(-1)[triangles]
    proper = (merged[:, 0] != merged[:, 1]) & (merged[:, 1] != merged[:, 2]) & (merged[:, 2] != merged[:, 0])
    return Mesh(points[first], merged[proper]) if proper.any() else None


def is_closed(mesh: Mesh) -> bool:
    """Whether every edge is used once in each direction: the mesh bounds a solid."""
    a, b, c = mesh.triangles.T
    edges = np.concatenate([np.stack([a, b], 1), np.stack([b, c], 1), np.stack([c, a], 1)])
    counted = Counter(map(tuple, edges.tolist()))
    return all(count == 1 and counted.get((end, start)) == 1 for (start, end), count in counted.items())


def geometry(mesh: Mesh) -> dict[str, Any]:
    """The mesh as one geometry of LoD 3: a Solid when it is closed, a MultiSurface when not."""
    corners = list(map(tuple, mesh.points.tolist()))
    faces = [[[corners[corner] for corner in triangle]] for triangle in mesh.triangles.tolist()]
    closed = is_closed(mesh)
    return {
        "type": "Solid" if closed else "MultiSurface",
        "lod": LOD,
        "boundaries": [faces] if closed else faces,
        "surfaces": [],
        "values": None,
    }
