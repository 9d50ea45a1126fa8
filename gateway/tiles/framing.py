"""Geometries from the storage CRS onto the grid of one tile: moved, cut at its edge, simplified, and never lost in silence."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from gateway.geo import crs as systems
from gateway.geo import transform
from gateway.model.crs import CRS84, Crs
from gateway.model.dataset import Box
from gateway.tiles import drawing
from gateway.tiles.drawing import Drawn, Rings
from gateway.tiles.grids import EXTENT

type Array = np.ndarray[Any, Any]

PIXEL = 8
"""Units of a pixel, a tile being shown 512 pixels wide."""

BUFFER = 64
"""Units that are drawn beyond the edge, so that outlines meet: the 8 pixels of 512 that web maps use."""

TOLERANCE = 1.0
"""Units by which a shape of many vertices may differ from what it was."""

_MANY = 200
"""Vertices from which on a shape is simplified."""

_SURROUNDINGS = 1.0
"""How far beyond its edge, in sides of the tile, a shape is cut before it is moved to the tile's CRS."""

_WEB_MERCATOR = "EPSG:3857"
_FLAT = 16
_SINGLE_HEAD, _SINGLE_BODY = 9, 13
_SINGLE = {struct.pack("<BII", 1, 3, 1): _FLAT, struct.pack("<BII", 1, 1003, 1): 24}
"""How the WKB of a polygon of one ring begins, and the bytes of one of its positions."""
_FEWEST = 4
_HALF = 20037508.342789244
_LAST_LATITUDE = 89.9
_BEYOND = 180.0 + 1e-9
"""Longitudes east of the antimeridian, for a tile of the whole world, which has all up to it already."""
_FITTED_FROM = 400
"""Vertices from which on a polynomial takes the place of PROJ, where it is as good."""
_NEAR = 0.02
"""Units by which that polynomial may differ from PROJ."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the storage CRS that a tile shows: bounds, and how far its longitudes are turned to lie in the tile."""

    box: Box
    turn: float = 0.0


@dataclass(frozen=True)
class Frame:
    """One tile: its bounds in its own CRS `target`, the CRS `source` that geometries come in, and the bounds of all of them."""

    box: Box
    target: Crs
    source: Crs
    extent: Box

    @cached_property
    def _is_wgs84(self) -> bool:
        return systems.horizontal_of(self.source).horizontal in ("OGC:CRS84", "EPSG:4326")

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """Where to look for what the tile and its buffer show; none where it can show nothing."""
        found = []
        for piece in self._around(BUFFER / EXTENT):
            west, south, east, north = (
                *(max(one, other) for one, other in zip(piece.box[:2], self.extent[:2], strict=True)),
                *(min(one, other) for one, other in zip(piece.box[2:], self.extent[2:], strict=True)),
            )
            if west <= east and south <= north:
                found.append(Piece((west, south, east, north), piece.turn))
        return tuple(found)

    @cached_property
    def bounds(self) -> tuple[Box, ...]:
        """What of the storage CRS the tile and its buffer show, whatever there is now: a change elsewhere is none of the tile."""
        return tuple(piece.box for piece in self._around(BUFFER / EXTENT))

    @cached_property
    def pixel(self) -> float:
        """A pixel, in units of the storage CRS where the tile has something to show."""
        piece = self.pieces[0]
        west, south, east, north = piece.box
        x, y, step = (west + east) / 2 + piece.turn, (south + north) / 2, max(east - west, north - south, 1e-6) / 1000
        at, right, up = self._units(np.array([[x, y], [x + step, y], [x, y + step]]))
        units = max(float(np.hypot(*(right - at))), float(np.hypot(*(up - at))))
        return PIXEL * step / units if units > 0 else 0.0

    def draw(self, geometries: Sequence[bytes], turns: Array | None) -> Drawn:
        """Draw ISO WKB of the storage CRS; `turns` are degrees to add to each one's longitudes, where not all are zero."""
        if turns is None and (plain := _single_rings(geometries)) is not None:
            drawn = self._drawn_plain(plain)
            rest = np.ones(len(geometries), dtype=bool)
            rest[drawn.owners] = False
            places = np.flatnonzero(rest)
            if not len(places):
                return drawn
            others = self._drawn([geometries[place] for place in places.tolist()], None)
            return drawing.joined([drawn, Drawn(places[others.owners], others.kinds, others.counts, others.numbers)])
        return self._drawn(geometries, turns)

    def _drawn(self, geometries: Sequence[bytes], turns: Array | None) -> Drawn:
        shapes = shapely.from_wkb(np.array(geometries, dtype=object))
        if turns is not None:
            shapes = _turned(shapes, turns)
        return _whole(self._fitted(self._near(shapes)))

    def _drawn_plain(self, plain: Rings) -> Drawn:
        """The short way for polygons of one ring that lie in the tile and its buffer whole: no geometry is built for them."""
        west, south, east, north = self._surroundings
        chosen = plain.only(_inside(plain, west, south, east, north))
        if not len(chosen.sizes):
            return drawing.joined([])
        units = replace(chosen, positions=self._units(chosen.positions))
        edge = EXTENT + BUFFER
        return drawing.draw_rings(units.only(_inside(units, -BUFFER, -BUFFER, edge, edge)))

    def _around(self, margin: float) -> tuple[Piece, ...]:
        """The tile and a margin about it (in sides of the tile) in the storage CRS."""
        west, south, east, north = self.box
        x, y = (east - west) * margin, (north - south) * margin
        wide = (west - x, south - y, east + x, north + y)
        if systems.same(systems.horizontal_of(self.source), self.target):
            return (Piece(wide),)
        if self.target.horizontal == _WEB_MERCATOR:
            degrees = _in_degrees(wide)
        else:
            degrees = tuple(Piece(box) for box in transform.boxes(wide, self.target, CRS84))
        if self._is_wgs84:
            return degrees
        moved = [box for piece in degrees if not piece.turn for box in transform.boxes(piece.box, CRS84, self.source)]
        return tuple(Piece(box) for box in moved if box != transform.NOWHERE)

    def _near(self, shapes: Array) -> Array:
        """Cut away what lies far outside: it may have no place in the tile's CRS, and is long to move."""
        return _cut(shapes, self._surroundings)

    @cached_property
    def _surroundings(self) -> Box:
        parts = self._around(_SURROUNDINGS)
        west, south = min(part.box[0] + part.turn for part in parts), min(part.box[1] for part in parts)
        east, north = max(part.box[2] + part.turn for part in parts), max(part.box[3] for part in parts)
        return west, south, east, north

    def _fitted(self, shapes: Array) -> tuple[Array, Array]:
        """Shapes in tile units, cut at the buffer's edge; and which of them lie within it whole."""
        coordinates = shapely.get_coordinates(shapes)
        there = shapely.set_coordinates(shapes, self._units(coordinates)) if len(coordinates) else shapes
        edge = (-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)
        bounds = shapely.bounds(there)
        inside = _within(bounds, edge)
        many = shapely.get_num_coordinates(there) > _MANY
        if many.any():
            there[many] = shapely.simplify(there[many], TOLERANCE)
        return _cut(there, edge, inside), inside

    def _units(self, coordinates: Array) -> Array:
        """Positions of the storage CRS in tile units."""
        west, south, east, north = self.box
        by_formula = self._is_wgs84 and self.target.horizontal == _WEB_MERCATOR
        found = _mercator(coordinates) if by_formula else self._moved(coordinates)
        found -= (west, north)
        found *= (EXTENT / (east - west), -EXTENT / (north - south))
        return found

    def _moved(self, coordinates: Array) -> Array:
        """Positions in the tile's CRS; many of them by a polynomial over where they lie, if it is as good as PROJ."""
        if len(coordinates) >= _FITTED_FROM:
            found = _Polynomial(self, coordinates)
            if found.error * EXTENT / (self.box[2] - self.box[0]) <= _NEAR:
                return found.of(coordinates)
        return transform.points(coordinates, self.source, self.target)


def _single_rings(geometries: Sequence[bytes]) -> Rings | None:
    """The polygons of one ring, two- or three-dimensional, that are not to be simplified; None where that is not most of them."""
    places, bodies, sizes = [], [], []
    for place, wkb in enumerate(geometries):
        side = _SINGLE.get(wkb[:_SINGLE_HEAD])
        size = len(wkb) - _SINGLE_BODY
        if side is None or not _FEWEST * side <= size <= _MANY * side:
            continue
        body = wkb[_SINGLE_BODY:]
        places.append(place)
        bodies.append(body if side == _FLAT else _flat(body))
        sizes.append(size // side)
    if 2 * len(places) < len(geometries):
        return None
    positions = np.frombuffer(b"".join(bodies), dtype="<f8").reshape(-1, 2)
    return Rings(positions, np.array(sizes), np.array(places))


def _flat(body: bytes) -> bytes:
    """Positions without their heights."""
    return np.frombuffer(body, dtype="<f8").reshape(-1, 3)[:, :2].tobytes()


def _inside(rings: Rings, west: float, south: float, east: float, north: float) -> Array:
    begins, x, y = rings.begins, np.ascontiguousarray(rings.positions[:, 0]), np.ascontiguousarray(rings.positions[:, 1])
    low, high = np.minimum.reduceat, np.maximum.reduceat
    across = (low(x, begins) >= west) & (high(x, begins) <= east)
    return np.asarray(across & (low(y, begins) >= south) & (high(y, begins) <= north))


class _Polynomial:
    """The way from one CRS to another over a small area, as a polynomial of the third degree laid through 7 by 7 positions;
    `error` is by how much it fails at positions between those, in units of the target."""

    def __init__(self, frame: Frame, coordinates: Array) -> None:
        low, high = coordinates.min(axis=0), coordinates.max(axis=0)
        self._middle, self._half = (low + high) / 2, np.maximum((high - low) / 2, 1e-12)
        corners = np.linspace(-1, 1, 7)
        between = np.linspace(-0.95, 0.95, 6)
        known, probes = (_spread(sides) * self._half + self._middle for sides in (corners, between))
        both = transform.points(np.concatenate((known, probes)), frame.source, frame.target)
        self._factors = _INVERSE @ both[: len(known)]
        self.error = float(np.abs(self.of(probes) - both[len(known) :]).max())

    def of(self, coordinates: Array) -> Array:
        return np.asarray(_terms((coordinates - self._middle) / self._half) @ self._factors)


def _spread(sides: Array) -> Array:
    return np.stack(np.meshgrid(sides, sides), axis=-1).reshape(-1, 2)


def _terms(positions: Array) -> Array:
    x, y = positions[:, 0], positions[:, 1]
    xx, yy = x * x, y * y
    return np.stack((np.ones_like(x), x, y, xx, x * y, yy, xx * x, xx * y, x * yy, yy * y), axis=1)


_INVERSE = np.linalg.pinv(_terms(_spread(np.linspace(-1, 1, 7))))


def _mercator(coordinates: Array) -> Array:
    """CRS84 to EPSG:3857 (EPSG method 1024)."""
    found = np.empty_like(coordinates)
    found[:, 0] = coordinates[:, 0] * (_HALF / 180)
    latitudes = np.clip(coordinates[:, 1], -_LAST_LATITUDE, _LAST_LATITUDE)
    found[:, 1] = np.arctanh(np.sin(np.radians(latitudes))) * (_HALF / np.pi)
    return found


def _in_degrees(box: Box) -> tuple[Piece, ...]:
    """A box of EPSG:3857 in degrees, with the other side of the antimeridian where it reaches over it."""
    west, east = box[0] / _HALF * 180, box[2] / _HALF * 180
    south, north = (float(np.degrees(np.arctan(np.sinh(side / _HALF * np.pi)))) for side in (box[1], box[3]))
    if east - west >= 360:
        return (Piece((-180.0, south, 180.0, north)), Piece((_BEYOND, south, 540.0, north), -360.0))
    pieces = [Piece((west, south, east, north))]
    pieces += [
        Piece((west + turn, south, east + turn, north), -turn) for turn in (360.0, -360.0) if _meets(west + turn, east + turn)
    ]
    return tuple(pieces)


def _meets(west: float, east: float) -> bool:
    """Whether longitudes from `west` to `east` are ones that positions have (-180 to 360)."""
    return east >= -180 and west <= 360


def _turned(shapes: Array, turns: Array) -> Array:
    coordinates, index = shapely.get_coordinates(shapes, return_index=True)
    coordinates[:, 0] += turns[index]
    return np.asarray(shapely.set_coordinates(shapes, coordinates))


def _within(bounds: Array, box: Box) -> Array:
    return np.asarray((bounds[:, 0] >= box[0]) & (bounds[:, 1] >= box[1]) & (bounds[:, 2] <= box[2]) & (bounds[:, 3] <= box[3]))


def _cut(shapes: Array, box: Box, inside: Array | None = None) -> Array:
    """Shapes cut at a box; one that is not valid is mended first."""
    inside = _within(shapely.bounds(shapes), box) if inside is None else inside
    if inside.all():
        return shapes
    across = shapes[~inside]
    try:
        found = shapely.clip_by_rect(across, *box)
    except shapely.errors.GEOSException:
        found = shapely.intersection(shapely.make_valid(across), shapely.box(*box))
    cut = shapes.copy()
    cut[~inside] = found
    return cut


def _whole(fitted: tuple[Array, Array]) -> Drawn:
    """What is drawn, with a stand-in for each shape that is too small or too thin to be seen at the tile's scale; of one that the
    edge cuts only where the part within is long, since a small part is the neighbour's to show."""
    shapes, inside = fitted
    drawn = drawing.draw(shapes)
    lost = ~shapely.is_empty(shapes)
    lost[drawn.owners] = False
    if not lost.any():
        return drawn
    lost &= inside | (_sides(shapely.bounds(shapes)) > PIXEL)
    places = np.flatnonzero(lost)
    instead = drawing.draw(_stand_ins(shapes[places]))
    return drawing.joined([drawn, Drawn(places[instead.owners], instead.kinds, instead.counts, instead.numbers)])


def _sides(bounds: Array) -> Array:
    """The larger side of each box; NaN (an empty shape) is larger than nothing."""
    return np.asarray(np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1]))


def _stand_ins(shapes: Array) -> Array:
    """A square of a pixel for an area, a dash of a pixel for a line; a long thin area is widened by a unit."""
    bounds = shapely.bounds(shapes)
    middle = np.stack(((bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2), axis=1)
    half = PIXEL / 2
    found = shapely.box(middle[:, 0] - half, middle[:, 1] - half, middle[:, 0] + half, middle[:, 1] + half)
    long = _sides(bounds) > PIXEL
    found[long] = shapely.buffer(shapes[long], 1.0, quad_segs=1)
    lines = shapely.get_dimensions(shapes) == 1
    if lines.any():
        ends = np.stack((middle[lines] - (half, 0), middle[lines] + (half, 0)), axis=1)
        found[lines] = shapely.linestrings(ends)
    return np.asarray(found)
