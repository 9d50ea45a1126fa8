"""What a city sees of a building: its footprint (LoD 0), the block over it (LoD 1) and its outer surfaces (LoD 2).

LoD 2 here is a MultiSurface of ground, walls up to the eaves and the roof's uppermost faces; it is an outline for maps and city
models, not a closed solid, and stands beside the full geometry of the elements.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gateway.adapters.ifc.mesh import Mesh

_GRID = 1e-3
_SMALLEST = 0.05
"""Square metres: smaller pieces of an outline are noise."""
_UP = 1e-3


def of_building(parts: list[tuple[Any, Mesh]]) -> list[dict[str, Any]]:
    """LoD 0 footprint, LoD 1 block and LoD 2 surfaces of a building's elements; nothing when they have no area."""
    outline = _outline([mesh for _, mesh in parts])
    if outline is None:
        return []
    low, high = _heights([mesh for _, mesh in parts])
    return [_footprint(outline, low), _block(outline, low, high), *_surfaces(parts, outline, low, high)]


def footprint_only(parts: list[tuple[Any, Mesh]]) -> list[dict[str, Any]]:
    """The LoD 0 outline of a storey's elements."""
    outline = _outline([mesh for _, mesh in parts])
    return [] if outline is None else [_footprint(outline, _heights([mesh for _, mesh in parts])[0])]


def _heights(meshes: list[Mesh]) -> tuple[float, float]:
    return min(float(mesh.points[:, 2].min()) for mesh in meshes), max(float(mesh.points[:, 2].max()) for mesh in meshes)


def _outline(meshes: list[Mesh]) -> shapely.MultiPolygon | None:
    """The union of all meshes seen from above, holes narrower than noise closed; None when there is no area."""
    seen = [polygon for mesh in meshes if (polygon := _shadow(mesh)) is not None]
    if not seen:
        return None
    joined = shapely.union_all(np.array(seen), grid_size=_GRID)
    kept = [_cleaned(part) for part in shapely.get_parts(joined) if part.geom_type == "Polygon" and part.area > _SMALLEST]
    return shapely.MultiPolygon(kept) if kept else None


def _shadow(mesh: Mesh) -> Any:
    """A mesh seen from above: the union of its faces that are not vertical."""
    flat = mesh.triangles[np.abs(mesh.normals()[:, 2]) > _UP]
    if not len(flat):
        return None
    corners = mesh.points[flat][:, :, :2]
    return shapely.union_all(shapely.polygons(np.concatenate([corners, corners[:, :1]], axis=1)), grid_size=_GRID)


def _cleaned(part: shapely.Polygon) -> shapely.Polygon:
    holes = [hole for hole in part.interiors if shapely.Polygon(hole).area > _SMALLEST]
    return shapely.Polygon(part.exterior, holes).simplify(_GRID)


def _rings(polygon: shapely.Polygon, height: float, *, upward: bool) -> list[list[tuple[float, float, float]]]:
    """Rings of a polygon at a height: the outer anticlockwise when seen from the side it faces, holes against it."""
    polygon = shapely.geometry.polygon.orient(polygon, 1.0 if upward else -1.0)
    return [[(x, y, height) for x, y in list(ring.coords)[:-1]] for ring in (polygon.exterior, *polygon.interiors)]


def _footprint(outline: shapely.MultiPolygon, low: float) -> dict[str, Any]:
    faces = [_rings(part, low, upward=True) for part in outline.geoms]
    return {"type": "MultiSurface", "lod": "0", "boundaries": faces, "surfaces": [], "values": None}


def _walls(part: shapely.Polygon, low: float, high: float) -> Iterator[list[list[tuple[float, float, float]]]]:
    for ring in _rings(part, low, upward=True):
        for (x, y, _), (u, v, _) in zip(ring, [*ring[1:], ring[0]], strict=True):
            yield [[(x, y, low), (u, v, low), (u, v, high), (x, y, high)]]


def _block(outline: shapely.MultiPolygon, low: float, high: float) -> dict[str, Any]:
    shells = []
    for part in outline.geoms:
        top, bottom = _rings(part, high, upward=True), _rings(part, low, upward=False)
        shells.append([[bottom, top, *_walls(part, low, high)]])
    if len(shells) == 1:
        return {"type": "Solid", "lod": "1", "boundaries": shells[0], "surfaces": [], "values": None}
    return {"type": "MultiSolid", "lod": "1", "boundaries": shells, "surfaces": [], "values": None}


def _surfaces(parts: list[tuple[Any, Mesh]], outline: shapely.MultiPolygon, low: float, high: float) -> list[dict[str, Any]]:
    roofs = [mesh for product, mesh in parts if _is_roof(product)]
    if not roofs:
        return []
    eaves = max(low, min(float(mesh.points[:, 2].min()) for mesh in roofs))
    faces = [_rings(part, low, upward=False) for part in outline.geoms]
    kinds = [0] * len(faces)
    for part in outline.geoms:
        walls = list(_walls(part, low, eaves))
        faces += walls
        kinds += [1] * len(walls)
    tops = [face for mesh in roofs for face in _upward(mesh)]
    faces += tops
    kinds += [2] * len(tops)
    named = ["GroundSurface", "WallSurface", "RoofSurface"]
    return [{"type": "MultiSurface", "lod": "2", "boundaries": faces, "surfaces": named, "values": kinds}]


def _is_roof(product: Any) -> bool:
    return product.is_a("IfcRoof") or (product.is_a("IfcSlab") and getattr(product, "PredefinedType", None) == "ROOF")


def _upward(mesh: Mesh) -> list[list[list[tuple[float, float, float]]]]:
    chosen: NDArray[np.int64] = mesh.triangles[mesh.normals()[:, 2] > _UP]
    return [[[tuple(mesh.points[corner].tolist()) for corner in triangle]] for triangle in chosen]
