"""The plan of the quarter: two grids of blocks that meet at a wedge-shaped park, their parcels and streets.

All coordinates are metres in EPSG:2056 (east, north); heights are LN02 (EPSG:5728). A grid is turned by a few degrees, as
streets on a slope are; within a grid, `u` runs along the cross streets and `v` up the hill.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from gateway.model.crs import Crs

LV95 = Crs("EPSG:2056")
LV95_LN02 = Crs("EPSG:2056", "EPSG:5728")
CENTRE = (2_498_500.0, 1_116_300.0)
BLOCK_WIDTH, BLOCK_DEPTH, STREET = 90.0, 60.0, 14.0
COLUMNS, ROWS = 3, 6
PARK_FOOT = 40.0

WEST_STREETS = (
    "Rue des Tilleuls",
    "Rue du Lavoir",
    "Chemin des Alouettes",
    "Rue de la Forge",
    "Rue du Clos",
    "Chemin de la Source",
)
EAST_STREETS = (
    "Rue des Potiers",
    "Rue du Verger",
    "Chemin des Noyers",
    "Rue de la Fontaine",
    "Rue du Belvédère",
    "Chemin du Moulin",
)

type Position = tuple[float, float]


def ground(east: float, north: float) -> float:
    """The terrain's height at a place (LN02, metres): a slope towards the lake with a soft fold."""
    de, dn = east - CENTRE[0], north - CENTRE[1]
    return round(408.0 + 0.011 * de + 0.031 * dn + 1.8 * math.sin(de / 170.0) * math.cos(dn / 210.0), 3)


@dataclass(frozen=True, slots=True)
class Frame:
    """A turned local system: `origin` in LV95, `angle` in radians, counter-clockwise from east."""

    origin: Position
    angle: float

    def place(self, u: float, v: float) -> Position:
        """Local metres to LV95, rounded to the millimetre."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return round(self.origin[0] + u * cos - v * sin, 3), round(self.origin[1] + u * sin + v * cos, 3)

    def at(self, u: float, v: float, turn: float = 0.0) -> Frame:
        """A frame that begins at (u, v) of this one, turned further."""
        return Frame(self.place(u, v), self.angle + turn)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A plot: `frame` begins at its street corner, x along the street, y into the plot; `kind` is its block's."""

    number: int
    frame: Frame
    width: float
    depth: float
    kind: str
    street: str
    house: int

    def ring(self) -> list[Position]:
        """The corners, counter-clockwise, not closed."""
        return [self.frame.place(u, v) for u, v in ((0, 0), (self.width, 0), (self.width, self.depth), (0, self.depth))]


@dataclass(frozen=True, slots=True)
class Grid:
    """One half of the quarter. `side` is -1 west of the park (its `u` runs from -width to 0) and +1 east of it."""

    name: str
    frame: Frame
    side: int
    streets: tuple[str, ...]

    @property
    def span(self) -> float:
        """The width of the grid, streets included."""
        return COLUMNS * (BLOCK_WIDTH + STREET) + STREET

    @property
    def height(self) -> float:
        """The depth of the grid, streets included."""
        return ROWS * (BLOCK_DEPTH + STREET)

    def corner(self, column: int, row: int) -> Position:
        """The lower left corner (u, v) of a block; column 0 lies at the park."""
        offset = STREET + column * (BLOCK_WIDTH + STREET)
        u = offset if self.side > 0 else -offset - BLOCK_WIDTH
        return u, STREET / 2 + row * (BLOCK_DEPTH + STREET)

    def outline(self) -> list[Position]:
        """The corners of the whole grid, counter-clockwise."""
        low, high = (0.0, self.span) if self.side > 0 else (-self.span, 0.0)
        return [self.frame.place(u, v) for u, v in ((low, 0.0), (high, 0.0), (high, self.height), (low, self.height))]


@dataclass(frozen=True, slots=True)
class Quarter:
    """The whole plan, and the random source that the generators of its content draw from."""

    seed: int
    grids: tuple[Grid, Grid]
    parcels: tuple[Parcel, ...]
    park: tuple[Position, ...]
    blocks: dict[str, list[list[Position]]] = field(default_factory=dict)

    def random(self, purpose: str) -> Random:
        """A random source of its own for each purpose, so that a change in one file leaves the others as they were."""
        return Random(f"{self.seed}/{purpose}")


def lay_out(seed: int = 2056) -> Quarter:
    """The plan for a seed: about 400 parcels to build on, one square, one plot kept for a school, one park."""
    west = Grid("west", Frame(CENTRE, math.radians(29)), -1, WEST_STREETS)
    east_foot = (CENTRE[0] + PARK_FOOT, CENTRE[1] - 6.0)
    east = Grid("east", Frame(east_foot, math.radians(17)), 1, EAST_STREETS)
    park = (
        west.frame.place(0, 0),
        east.frame.place(0, 0),
        east.frame.place(0, east.height),
        west.frame.place(0, west.height),
    )
    random = Random(f"{seed}/plan")
    parcels = tuple(_parcels((west, east), random))
    blocks = {grid.name: [_block_ring(grid, c, r) for c in range(COLUMNS) for r in range(ROWS)] for grid in (west, east)}
    return Quarter(seed, (west, east), parcels, park, blocks)


def _parcels(grids: tuple[Grid, Grid], random: Random) -> Iterator[Parcel]:
    number = 1001
    for grid in grids:
        for row in range(ROWS):
            for column in range(COLUMNS):
                for parcel in _block(grid, column, row, number, random):
                    yield parcel
                    number = parcel.number + 1


def _block(grid: Grid, column: int, row: int, number: int, random: Random) -> Iterator[Parcel]:
    u, v = grid.corner(column, row)
    kind = _kind(grid, column, row)
    if kind in ("square", "school"):
        yield Parcel(number, grid.frame.at(u, v), BLOCK_WIDTH, BLOCK_DEPTH, kind, grid.streets[row], 1)
        return
    for back in (False, True):
        street = grid.streets[min(row + back, ROWS - 1)]
        position = 0.0
        for width in _widths(kind, random):
            house = 1 + 2 * int((column * (BLOCK_WIDTH + STREET) + position) / 14) + (0 if back else 1)
            frame = grid.frame.at(u + BLOCK_WIDTH - position, v + BLOCK_DEPTH, math.pi) if back else grid.frame.at(u + position, v)
            yield Parcel(number, frame, width, BLOCK_DEPTH / 2, kind, street, house)
            number += 1
            position += width


def _kind(grid: Grid, column: int, row: int) -> str:
    if (grid.side, column, row) == (-1, 0, 2):
        return "square"
    if (grid.side, column, row) == (1, 1, 0):
        return "school"
    return ("dense", "town", "villas")[column]


def _widths(kind: str, random: Random) -> list[float]:
    count = {"dense": 6, "town": 6, "villas": 6}[kind]
    shares = [random.uniform(0.86, 1.14) for _ in range(count)]
    widths = [round(BLOCK_WIDTH * share / sum(shares), 2) for share in shares]
    widths[-1] = round(BLOCK_WIDTH - sum(widths[:-1]), 2)
    return widths


def _block_ring(grid: Grid, column: int, row: int) -> list[Position]:
    u, v = grid.corner(column, row)
    corners = ((u, v), (u + BLOCK_WIDTH, v), (u + BLOCK_WIDTH, v + BLOCK_DEPTH), (u, v + BLOCK_DEPTH))
    return [grid.frame.place(a, b) for a, b in corners]
