"""Closed shells of buildings by roof shape, in a local frame: x along the street, y into the plot, z up (metres).

Every ring is counter-clockwise seen from outside and not closed. Faces share their corners exactly, so that the shell stays
closed after it has been turned and rounded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

type Local = tuple[float, float, float]
type Face = tuple[str, list[Local]]
type Outline = Sequence[tuple[float, float]]

GROUND, WALL, ROOF = "GroundSurface", "WallSurface", "RoofSurface"
CODES = {"flat": "1000", "shed": "1010", "gabled": "1030", "hipped": "1040", "pyramid": "1070"}
"""CityGML 2.0 Annex C.1, code list RoofType."""


@dataclass(frozen=True, slots=True)
class Heights:
    """Heights of one shell: its base, its eaves and its highest point, LN02."""

    base: float
    eaves: float
    top: float


def flat(outline: Outline, heights: Heights) -> list[Face]:
    """A prism over any outline."""
    roof = [(x, y, heights.top) for x, y in outline]
    return [*_ground_and_walls(outline, heights.base, heights.top), (ROOF, roof)]


def gabled(width: float, depth: float, heights: Heights) -> list[Face]:
    """A ridge along x, gables on both sides."""
    b, t = _boxes(width, depth, heights)
    left, right = (0.0, depth / 2, heights.top), (width, depth / 2, heights.top)
    return [
        (GROUND, [b[0], b[3], b[2], b[1]]),
        (WALL, [b[0], b[1], t[1], t[0]]),
        (WALL, [b[1], b[2], t[2], right, t[1]]),
        (WALL, [b[2], b[3], t[3], t[2]]),
        (WALL, [b[3], b[0], t[0], left, t[3]]),
        (ROOF, [t[0], t[1], right, left]),
        (ROOF, [t[2], t[3], left, right]),
    ]


def hipped(width: float, depth: float, heights: Heights) -> list[Face]:
    """A ridge along x, shorter than the house (`width` > `depth`), all four sides sloping."""
    _, t = _boxes(width, depth, heights)
    left, right = (depth / 2, depth / 2, heights.top), (width - depth / 2, depth / 2, heights.top)
    return [
        *_ground_and_walls(_rectangle(width, depth), heights.base, heights.eaves),
        (ROOF, [t[0], t[1], right, left]),
        (ROOF, [t[1], t[2], right]),
        (ROOF, [t[2], t[3], left, right]),
        (ROOF, [t[3], t[0], left]),
    ]


def shed(width: float, depth: float, heights: Heights) -> list[Face]:
    """One slope, rising from the street to the back."""
    b, t = _boxes(width, depth, heights)
    high = [(width, depth, heights.top), (0.0, depth, heights.top)]
    return [
        (GROUND, [b[0], b[3], b[2], b[1]]),
        (WALL, [b[0], b[1], t[1], t[0]]),
        (WALL, [b[1], b[2], high[0], t[1]]),
        (WALL, [b[2], b[3], high[1], high[0]]),
        (WALL, [b[3], b[0], t[0], high[1]]),
        (ROOF, [t[0], t[1], high[0], high[1]]),
    ]


def pyramid(outline: Outline, heights: Heights) -> list[Face]:
    """Walls over a convex outline, and a roof that rises to one point."""
    middle = (sum(x for x, _ in outline) / len(outline), sum(y for _, y in outline) / len(outline), heights.top)
    eaves = [(x, y, heights.eaves) for x, y in outline]
    slopes = [(ROOF, [eaves[i], eaves[(i + 1) % len(eaves)], middle]) for i in range(len(eaves))]
    return [*_ground_and_walls(outline, heights.base, heights.eaves), *slopes]


def across(shape: Callable[[float, float, Heights], list[Face]], width: float, depth: float, heights: Heights) -> list[Face]:
    """The same shape with its ridge along y: made lying, then turned by a quarter."""
    return [(kind, [(width - y, x, z) for x, y, z in ring]) for kind, ring in shape(depth, width, heights)]


def moved(faces: list[Face], x: float, y: float) -> list[Face]:
    """The shell moved within its frame."""
    return [(kind, [(a + x, b + y, c) for a, b, c in ring]) for kind, ring in faces]


def polygon(sides: int, radius: float, x: float, y: float) -> list[tuple[float, float]]:
    """A regular outline around (x, y)."""
    steps = (2 * math.pi * i / sides for i in range(sides))
    return [(x + radius * math.cos(a), y + radius * math.sin(a)) for a in steps]


def _rectangle(width: float, depth: float) -> Outline:
    return ((0.0, 0.0), (width, 0.0), (width, depth), (0.0, depth))


def _boxes(width: float, depth: float, heights: Heights) -> tuple[list[Local], list[Local]]:
    outline = _rectangle(width, depth)
    return [(x, y, heights.base) for x, y in outline], [(x, y, heights.eaves) for x, y in outline]


def _ground_and_walls(outline: Outline, base: float, eaves: float) -> list[Face]:
    bottom = [(x, y, base) for x, y in outline]
    top = [(x, y, eaves) for x, y in outline]
    after = [*range(1, len(bottom)), 0]
    walls: list[Face] = [(WALL, [bottom[i], bottom[j], top[j], top[i]]) for i, j in enumerate(after)]
    return [(GROUND, bottom[::-1]), *walls]
