"""The footprint of a city object: LoD 0, else its ground surfaces, else its lowest level of detail seen from above."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from gateway.errors import InputError
from gateway.geo import wkb as wkbs
from gateway.geo.nesting import depth_of, explicit, points_of
from gateway.geo.validity import mended
from gateway.model.feature import Feature
from gateway.model.geometry import DEPTH, Geometry, Surface

type Array = np.ndarray[Any, Any]

_GROUND = "GroundSurface"
_THIN = 1e-6
"""Area over squared perimeter below which a projected face is a line: a wall seen from above."""
_BALANCED = 1e-6
"""Share of the ground by which what looks up and what looks down may differ in a closed shell."""
_GRID = 1e-9
"""Grid for a union that fails on exact coordinates, as a share of the largest one: millimetres, or 1e-7 degrees."""


def footprint(feature: Feature) -> bytes | None:
    """The 2D footprint of one feature as WKB, from its own geometries; None where it has none.

    A Polygon or MultiPolygon turned counter-clockwise; points and lines where it has nothing else. Broken rings are mended
    (`geo.validity.mended`). Raises InputError, naming the feature, for coordinates that are not finite.
    """
    return wkbs.write(footprints([feature]))[0]


def footprints(features: Sequence[Feature]) -> Array:
    """The footprints of many features at once, shapely geometries (None where there is none), in the same order."""
    faces = _Faces()
    prototypes: dict[int, Any] = {}
    found = np.full(len(features), None, dtype=object)
    for position, feature in enumerate(features):
        planted = _planted(feature, prototypes)
        if planted is not None:
            found[position] = planted
        elif not faces.take(position, feature):
            found[position] = _points_and_lines(feature)
    stray = faces.stray()
    if stray is not None:
        raise InputError("a coordinate is not a finite number", place=features[stray].id)
    for position, shape in faces.united().items():
        found[position] = shape
    return found


def united(shapes: Sequence[Any]) -> Any:
    """The union of footprints, robust against overlaps and slivers; None of none."""
    kept = [shape for shape in shapes if shape is not None]
    return _union(np.array(kept, dtype=object)) if len(kept) > 1 else (kept[0] if kept else None)


@dataclass(slots=True)
class _Faces:
    """Collects the faces of a batch of features, so that all become polygons in one call."""

    coordinates: list[tuple[float, float, float]] = field(default_factory=list)
    rings: list[int] = field(default_factory=lambda: [0])
    polygons: list[int] = field(default_factory=lambda: [0])
    owners: list[int] = field(default_factory=list)

    def take(self, owner: int, feature: Feature) -> bool:
        """Add the faces that make this feature's footprint; whether there were any."""
        before = len(self.owners)
        for surface in _chosen(feature):
            self._add(owner, surface)
        return len(self.owners) > before

    def _add(self, owner: int, surface: Surface) -> None:
        if not surface or len(surface[0]) < 3:
            return
        for ring in surface:
            if len(ring) >= 3:
                self.coordinates.extend(ring)
                self.coordinates.append(ring[0])
                self.rings.append(len(self.coordinates))
        self.polygons.append(len(self.rings) - 1)
        self.owners.append(owner)

    def stray(self) -> int | None:
        """The owner of the first coordinate that is not finite."""
        wrong = ~np.isfinite(np.array(self.coordinates, dtype=np.float64).reshape(-1, 3)).all(axis=1)
        if not wrong.any():
            return None
        ring = int(np.searchsorted(self.rings, int(np.argmax(wrong)), side="right")) - 1
        return self.owners[int(np.searchsorted(self.polygons, ring, side="right")) - 1]

    def united(self) -> dict[int, Any]:
        """Owner to footprint."""
        if not self.owners:
            return {}
        shapes = self._shapes()
        owners = np.array(self.owners)
        ends = np.flatnonzero(np.diff(owners, append=-1)) + 1
        starts = np.concatenate(([0], ends[:-1]))
        found = {}
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            found[self.owners[start]] = shapes[start] if end - start == 1 else _union(_seen(shapes[start:end]))
        singles = np.array(list(found.values()), dtype=object)
        return dict(zip(found, shapely.orient_polygons(singles), strict=True))

    def _shapes(self) -> Array:
        coordinates = np.ascontiguousarray(np.array(self.coordinates, dtype=np.float64)[:, :2])
        offsets = (np.array(self.rings), np.array(self.polygons))
        shapes = np.asarray(shapely.from_ragged_array(shapely.GeometryType.POLYGON, coordinates, offsets))
        broken = ~shapely.is_valid(shapes)
        if broken.any():
            shapes[broken] = [_areas(shape) for shape in mended(shapes[broken])]
        return shapes


def _chosen(feature: Feature) -> list[Surface]:
    """The faces to unite: those of the lowest LoD 0, else the ground surfaces, else all of the lowest LoD that has faces."""
    levels = sorted((g for g in map(_resolved, feature.geometries) if DEPTH.get(g.type, 0) >= 2), key=_level)
    if not levels:
        return []
    if _level(levels[0]) >= 1:
        for geometry in levels:
            ground = _ground(geometry)
            if ground:
                return ground
    return _ground(levels[0]) or [surface for surface, _ in levels[0].polygons()]


def _planted(feature: Feature, prototypes: dict[int, Any]) -> Any:
    """The footprint of a feature that is one upright implicit geometry: that of its prototype, made once, turned and set down.

    None for any other feature. Upright means that heights do not move points sideways, so that seeing from above comes first.
    """
    if len(feature.geometries) != 1:
        return None
    instance = feature.geometries[0]
    template, matrix = instance.template, instance.matrix
    if template is None or matrix is None or len(matrix) != 16 or not instance.boundaries:
        return None
    if matrix[2] or matrix[6] or DEPTH.get(template.type, 0) < 2:
        return None
    if id(template) not in prototypes:
        prototypes[id(template)] = footprints([Feature(feature.id, geometries=[template])])[0]
    return None if prototypes[id(template)] is None else _set_down(prototypes[id(template)], matrix, instance.boundaries[0])


def _set_down(shape: Any, matrix: Sequence[float], anchor: Sequence[float]) -> Any:
    turn = np.array([[matrix[0], matrix[4]], [matrix[1], matrix[5]]])
    shift = np.array([matrix[3] + anchor[0], matrix[7] + anchor[1]])
    with np.errstate(over="ignore", invalid="ignore"):
        placed = shapely.get_coordinates(shape) @ turn + shift
    if not np.isfinite(placed).all():
        return None
    return shapely.orient_polygons(shapely.set_coordinates(shape, placed))


def _resolved(geometry: Geometry) -> Geometry:
    return geometry if geometry.template is None else explicit(geometry)


def _level(geometry: Geometry) -> float:
    try:
        return float(geometry.lod)
    except ValueError:
        return 9.0


def _ground(geometry: Geometry) -> list[Surface]:
    kinds = [surface.type == _GROUND for surface in geometry.surfaces]
    if not any(kinds):
        return []
    return [surface for surface, index in geometry.polygons() if index is not None and kinds[index]]


def _seen(shapes: Array) -> Array:
    """The faces that make the view from above: none that are lines from there, and of a closed shell one side only."""
    length, area = shapely.length(shapes), shapely.area(shapes)
    broad = area > _THIN * length * length
    if not broad.any():
        return shapes
    return _one_side(shapes[broad], area[broad])


def _one_side(shapes: Array, area: Array) -> Array:
    """Of faces that look up over as much ground as others look down on, as those of a closed shell do, the fewer; else all."""
    rings = shapely.get_exterior_ring(shapes)
    if (rings == None).any():  # noqa: E711 - elementwise: a mended face may be of several parts
        return shapes
    up = np.asarray(shapely.is_ccw(rings))
    above, below = float(area[up].sum()), float(area[~up].sum())
    if abs(above - below) > _BALANCED * (above + below):
        return shapes
    return shapes[up] if 2 * int(up.sum()) <= len(up) else shapes[~up]


def _union(shapes: Array) -> Any:
    try:
        return _areas(shapely.union_all(shapes))
    except shapely.errors.GEOSException:
        largest = float(np.abs(shapely.total_bounds(shapes)).max())
        return _areas(shapely.union_all(mended(shapes), grid_size=_GRID * max(largest, 1.0)))


def _areas(shape: Any) -> Any:
    """The areal part of a mixed result, where it has one."""
    if shapely.get_type_id(shape) != 7:
        return shape
    parts = [part for part in shapely.get_parts(shape) if shapely.get_dimensions(part) == 2]
    return shapely.union_all(parts) if parts else shape


def _points_and_lines(feature: Feature) -> Any:
    """The lowest level of detail of a feature without faces, flat."""
    for geometry in sorted(map(_resolved, feature.geometries), key=_level):
        if geometry.type == "MultiLineString":
            lines = [np.array(line, dtype=np.float64)[:, :2] for line in geometry.boundaries if len(line) > 1]
            if lines:
                return shapely.MultiLineString(lines)
        elif points_of(geometry.boundaries, depth_of(geometry)):
            flat = np.array(points_of(geometry.boundaries, depth_of(geometry)), dtype=np.float64)[:, :2]
            return shapely.MultiPoint(flat)
    return None
