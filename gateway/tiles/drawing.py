"""Geometries on a tile's own grid become the drawing commands of Mapbox Vector Tile 2.1 (4.3), by array.

Coordinates are tile units: x to the right, y down, 0 to 4096 across the tile. Vertices are rounded to whole units; repeated ones,
rings without an area and lines without a length go. Outer rings are positive by the surveyor's formula, holes negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from gateway.tiles.varints import zigzag

type Array = np.ndarray[Any, Any]

POINT, LINE, POLYGON = 1, 2, 3
_COLLECTION = 7
_FAMILY_OF = np.array([POINT, LINE, LINE, POLYGON, POINT, LINE, POLYGON, 0])
"""By the type ids of shapely; -1 (None) comes out as a collection does, as none."""
_MOVE, _LINE, _CLOSE = 1, 2, 15


@dataclass(frozen=True, slots=True)
class Drawn:
    """Drawn features: the index of each in the input, its kind, how many numbers its commands take, and those numbers (uint32)."""

    owners: Array
    kinds: Array
    counts: Array
    numbers: Array


@dataclass(frozen=True, slots=True)
class _Parts:
    """Runs of whole-unit vertices: `sizes` and `owners` by run, `groups` the polygon each ring is of (its first ring is outer)."""

    vertices: Array
    sizes: Array
    owners: Array
    groups: Array

    @property
    def begins(self) -> Array:
        return np.cumsum(self.sizes) - self.sizes

    def only(self, kept: Array) -> _Parts:
        """The runs that `kept` (by run) names."""
        if kept.all():
            return self
        return _Parts(
            self.vertices.take(np.flatnonzero(np.repeat(kept, self.sizes)), axis=0),
            self.sizes[kept],
            self.owners[kept],
            self.groups[kept],
        )

    def thinned(self, kept: Array) -> _Parts:
        """The vertices that `kept` (by vertex) names; runs without any go."""
        totals = np.concatenate(([0], np.cumsum(kept)))
        begins = self.begins
        sizes = totals[begins + self.sizes] - totals[begins]
        there = sizes > 0
        return _Parts(self.vertices.take(np.flatnonzero(kept), axis=0), sizes[there], self.owners[there], self.groups[there])


@dataclass(frozen=True, slots=True)
class Rings:
    """Closed rings, each a polygon without holes: positions (n, 2), how many each has, and the place of each in the input."""

    positions: Array
    sizes: Array
    owners: Array

    @property
    def begins(self) -> Array:
        """Where each begins."""
        return np.cumsum(self.sizes) - self.sizes

    def only(self, kept: Array) -> Rings:
        """The rings that `kept` names."""
        if kept.all():
            return self
        return Rings(self.positions.take(np.flatnonzero(np.repeat(kept, self.sizes)), axis=0), self.sizes[kept], self.owners[kept])


def draw_rings(rings: Rings) -> Drawn:
    """The commands of polygons without holes, in tile units."""
    if not len(rings.sizes):
        return joined([])
    vertices = np.rint(rings.positions).astype(np.int64)
    return _lined(_ring_parts(_Parts(vertices, rings.sizes, rings.owners, np.arange(len(rings.sizes)))), closes=True)


def draw(shapes: Array) -> Drawn:
    """The commands of shapely geometries in tile units (empty ones and None draw nothing)."""
    kinds = shapely.get_type_id(shapes)
    drawn = []
    mixed = kinds == _COLLECTION
    families, there = _FAMILY_OF[kinds], ~shapely.is_empty(shapes)
    for family in (POINT, LINE, POLYGON):
        chosen = np.flatnonzero((families == family) & there)
        if len(chosen):
            drawn.append(_drawn(shapes[chosen], chosen, family))
        if mixed.any():
            drawn += _of_collections(shapes, np.flatnonzero(mixed), family)
    return joined(drawn)


def joined(drawn: list[Drawn]) -> Drawn:
    """Several drawings as one, in order."""
    if len(drawn) == 1:
        return drawn[0]
    nothing = np.zeros(0, dtype=np.int64)
    if not drawn:
        return Drawn(nothing, nothing, nothing, nothing.astype(np.uint32))
    return Drawn(
        np.concatenate([one.owners for one in drawn]),
        np.concatenate([one.kinds for one in drawn]),
        np.concatenate([one.counts for one in drawn]),
        np.concatenate([one.numbers for one in drawn]),
    )


def _of_collections(shapes: Array, chosen: Array, family: int) -> list[Drawn]:
    """The parts of geometry collections that are of one family, each collection's as one feature."""
    gather = {POINT: shapely.multipoints, LINE: shapely.multilinestrings, POLYGON: shapely.multipolygons}[family]
    found, owners = [], []
    for place in chosen:
        parts = _simple_parts(shapes[place])
        same = parts[(_FAMILY_OF[shapely.get_type_id(parts)] == family) & ~shapely.is_empty(parts)]
        if len(same):
            found.append(gather(list(same)))
            owners.append(place)
    return [_drawn(np.array(found, dtype=object), np.array(owners), family)] if found else []


def _simple_parts(shape: Any) -> Array:
    """All points, lines and polygons of a collection, however they are nested (at most 32 deep in the store)."""
    parts = np.array([shape], dtype=object)
    while (shapely.get_type_id(parts) > POLYGON).any():
        parts = shapely.get_parts(parts)
    return parts


def _drawn(shapes: Array, owners: Array, family: int) -> Drawn:
    parts = _parts(shapes, owners, family)
    if family == POINT:
        return _pointed(parts)
    return _lined(_line_parts(parts) if family == LINE else _ring_parts(parts), closes=family == POLYGON)


def _parts(shapes: Array, owners: Array, family: int) -> _Parts:
    """Runs of vertices of geometries of one family, rounded to whole units."""
    _, coordinates, offsets = shapely.to_ragged_array(shapes, include_z=False)
    vertices = np.rint(coordinates[:, :2]).astype(np.int64)
    if not offsets:  # points: each a run of its own
        sizes = np.ones(len(vertices), dtype=np.int64)
        return _Parts(vertices, sizes, owners, owners)
    sizes = np.diff(offsets[0]).astype(np.int64)
    if family == POINT or (family == LINE and len(offsets) == 1):
        return _Parts(vertices, sizes, owners, owners)
    if family == LINE:
        by_line = np.repeat(owners, np.diff(offsets[1]))
        return _Parts(vertices, sizes, by_line, by_line)
    groups = np.repeat(np.arange(len(offsets[1]) - 1), np.diff(offsets[1]))
    of_group = owners if len(offsets) == 2 else np.repeat(owners, np.diff(offsets[2]))
    return _Parts(vertices, sizes, of_group[groups], groups)


def _differ(vertices: Array) -> Array:
    """Whether each vertex but the first is another than the one before."""
    x, y = vertices[:, 0], vertices[:, 1]
    return np.asarray((x[1:] != x[:-1]) | (y[1:] != y[:-1]))


def _line_parts(parts: _Parts) -> _Parts:
    """Lines without repeated vertices, of two at least."""
    kept = np.ones(len(parts.vertices), dtype=bool)
    kept[1:] = _differ(parts.vertices)
    kept[parts.begins[parts.sizes > 0]] = True
    thin = parts.thinned(kept)
    return thin.only(thin.sizes > 1)


def _ring_parts(parts: _Parts) -> _Parts:
    """Rings without their closing vertex and without repeated ones, with an area, in the direction the format asks for."""
    kept = np.zeros(len(parts.vertices), dtype=bool)
    kept[:-1] = _differ(parts.vertices)
    kept[(parts.begins + parts.sizes - 1)[parts.sizes > 0]] = False  # where the next ring begins is no next vertex
    outer = np.ones(len(parts.groups), dtype=bool)
    outer[1:] = parts.groups[1:] != parts.groups[:-1]
    marked = _Parts(parts.vertices, parts.sizes, parts.owners, parts.groups * 2 + outer)
    thin = marked.thinned(kept)
    thin = thin.only(thin.sizes > 2)
    if not len(thin.sizes):
        return thin
    areas = _areas(thin)
    groups, is_outer = thin.groups >> 1, (thin.groups & 1).astype(bool)
    has_outer = np.zeros(int(groups.max()) + 1, dtype=bool)
    has_outer[groups[is_outer & (areas != 0)]] = True
    sound = (areas != 0) & has_outer[groups]
    turned = _turned(thin, (areas > 0) != is_outer)
    return _Parts(turned, thin.sizes, thin.owners, groups).only(sound)


def _areas(parts: _Parts) -> Array:
    """Twice the area of each ring, by the surveyor's formula."""
    begins = parts.begins
    following = np.arange(1, len(parts.vertices) + 1)
    following[begins + parts.sizes - 1] = begins
    x, y = parts.vertices[:, 0], parts.vertices[:, 1]
    return np.add.reduceat(x * y[following] - x[following] * y, begins)


def _turned(parts: _Parts, wrong: Array) -> Array:
    """The vertices, with those rings turned round that `wrong` names; each keeps its first vertex."""
    if not wrong.any():
        return parts.vertices
    begins = np.repeat(parts.begins, parts.sizes)
    places = np.arange(len(parts.vertices))
    within = places - begins
    back = np.where(within == 0, begins, begins + np.repeat(parts.sizes, parts.sizes) - within)
    return np.asarray(parts.vertices.take(np.where(np.repeat(wrong, parts.sizes), back, places), axis=0))


def _steps(vertices: Array, firsts: Array) -> Array:
    """Each vertex relative to the one before; those at `firsts` relative to the origin. As zigzag numbers (n, 2)."""
    steps = vertices.copy()
    steps[1:] -= vertices[:-1]
    steps[firsts] = vertices[firsts]
    return zigzag(steps)


def _lined(parts: _Parts, *, closes: bool) -> Drawn:
    """Lines and rings: move to the first vertex, lines to the others, and close."""
    if not len(parts.sizes):
        return joined([])
    is_first = np.ones(len(parts.owners), dtype=bool)
    is_first[1:] = parts.owners[1:] != parts.owners[:-1]
    begins, extra = parts.begins, 3 if closes else 2
    room = 2 * parts.sizes + extra
    starts = np.cumsum(room) - room
    numbers = np.empty(int(room.sum()), dtype=np.uint32)
    steps = _steps(parts.vertices, begins[is_first])
    places = 2 * np.arange(len(parts.vertices)) + np.repeat(starts - 2 * begins + 2, parts.sizes)
    places[begins] -= 1
    numbers[places], numbers[places + 1] = steps[:, 0], steps[:, 1]
    numbers[starts] = (1 << 3) | _MOVE
    numbers[starts + 3] = ((parts.sizes - 1) << 3) | _LINE
    if closes:
        numbers[starts + room - 1] = _CLOSE
    counts = np.add.reduceat(room, np.flatnonzero(is_first))
    return Drawn(parts.owners[is_first], np.full(len(counts), POLYGON if closes else LINE), counts, numbers)


def _pointed(parts: _Parts) -> Drawn:
    """Points: one move to all of them; repeated ones once."""
    is_first = np.ones(len(parts.vertices), dtype=bool)
    by_vertex = np.repeat(parts.owners, parts.sizes)
    is_first[1:] = (by_vertex[1:] != by_vertex[:-1]) | _differ(parts.vertices)
    parts = _Parts(parts.vertices, parts.sizes, parts.owners, parts.groups).thinned(is_first)
    room = 2 * parts.sizes + 1
    starts = np.cumsum(room) - room
    numbers = np.empty(int(room.sum()), dtype=np.uint32)
    begins = parts.begins
    steps = _steps(parts.vertices, begins)
    places = 2 * np.arange(len(parts.vertices)) + np.repeat(starts - 2 * begins + 1, parts.sizes)
    numbers[places], numbers[places + 1] = steps[:, 0], steps[:, 1]
    numbers[starts] = (parts.sizes << 3) | _MOVE
    return Drawn(parts.owners, np.full(len(room), POINT), room, numbers)
