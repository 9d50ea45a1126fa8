"""Tile matrix sets (OGC 17-083r4): one data file each under ``mappings/tile-matrix-sets``, in the JSON encoding of the standard."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import orjson

from gateway.errors import Unreadable
from gateway.geo import crs as systems
from gateway.model.crs import Crs
from gateway.model.dataset import Box
from gateway.settings import data_folder

EXTENT = 4096
"""Units along the side of a tile (Mapbox Vector Tile 2.1, 4.1)."""

FINEST = 0.04
"""Metres of one unit from which on a deeper matrix would show nothing more; the first matrix as fine as this is the last served."""

_PIXEL = 0.00028
"""Metres of a pixel that scale denominators suppose (OGC 17-083r4, 6.1)."""

_EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Matrix:
    """One level: `left` and `top` are its origin in visualisation order, `wide` and `high` the sides of a tile, in CRS units."""

    id: str
    scale: float
    left: float
    top: float
    wide: float
    high: float
    columns: int
    rows: int

    def box(self, row: int, column: int) -> Box:
        """The bounds of a tile; row 0 is the northernmost."""
        west, north = self.left + column * self.wide, self.top - row * self.high
        return west, north - self.high, west + self.wide, north

    def holds(self, row: int, column: int) -> bool:
        """Whether there is such a tile."""
        return 0 <= row < self.rows and 0 <= column < self.columns

    def span(self, box: Box) -> Span | None:
        """The tiles that a box touches; None when it lies outside the matrix."""
        first = math.floor((box[0] - self.left) / self.wide + _EDGE), math.floor((self.top - box[3]) / self.high + _EDGE)
        last = math.ceil((box[2] - self.left) / self.wide - _EDGE) - 1, math.ceil((self.top - box[1]) / self.high - _EDGE) - 1
        west, north = max(first[0], 0), max(first[1], 0)
        east, south = min(max(last[0], first[0]), self.columns - 1), min(max(last[1], first[1]), self.rows - 1)
        return None if west > east or north > south else Span(self.id, north, south, west, east)


@dataclass(frozen=True, slots=True)
class Span:
    """Tile matrix limits (OGC 17-083r4, 6.2): rows and columns, both ends included."""

    matrix: str
    min_row: int
    max_row: int
    min_column: int
    max_column: int

    def holds(self, row: int, column: int) -> bool:
        """Whether a tile lies within."""
        return self.min_row <= row <= self.max_row and self.min_column <= column <= self.max_column


@dataclass(frozen=True, slots=True)
class Grid:
    """One tile matrix set: `matrices` are those tiles are served on, by id, coarsest first; `document` is it all, as published."""

    id: str
    title: str
    crs: Crs
    matrices: Mapping[str, Matrix] = field(repr=False, compare=False)
    document: Mapping[str, Any] = field(repr=False, compare=False)

    @property
    def uri(self) -> str | None:
        """The URI it is registered under, where it is."""
        return self.document.get("uri")

    @property
    def is_web_mercator(self) -> bool:
        """Whether its tiles lie as TileJSON and MapLibre suppose."""
        return self.id == "WebMercatorQuad"

    @property
    def box(self) -> Box:
        """The bounds of the coarsest matrix, visualisation order."""
        first = next(iter(self.matrices.values()))
        return first.left, first.top - first.rows * first.high, first.left + first.columns * first.wide, first.top


@cache
def grids() -> Mapping[str, Grid]:
    """All grids there are, by id; the one that every web map knows comes first. Raises Unreadable for a file that is none."""
    found = [_read(path.name, path.read_bytes()) for path in sorted(data_folder("mappings").glob("tile-matrix-sets/*.json"))]
    return {grid.id: grid for grid in sorted(found, key=lambda grid: (not grid.is_web_mercator, grid.id))}


def _read(name: str, content: bytes) -> Grid:
    try:
        document = orjson.loads(content)
        crs = systems.parse(document["crs"])
        if not crs.is_known:
            raise Unreadable("its crs is not known", place=f"tile-matrix-sets/{name}")
        matrices = [_matrix(entry, swaps=systems.swaps_axes(crs)) for entry in document["tileMatrices"]]
        return Grid(document["id"], document["title"], crs, {matrix.id: matrix for matrix in _served(matrices)}, document)
    except (KeyError, TypeError, ValueError) as error:
        raise Unreadable(f"not a tile matrix set: {error!r}", place=f"tile-matrix-sets/{name}") from error


def _matrix(entry: Mapping[str, Any], *, swaps: bool) -> Matrix:
    """One matrix; its origin comes in the axis order of the CRS."""
    if "variableMatrixWidths" in entry:
        raise ValueError("variableMatrixWidths are not known here")
    wide, high = entry["cellSize"] * entry["tileWidth"], entry["cellSize"] * entry["tileHeight"]
    x, y = reversed(entry["pointOfOrigin"]) if swaps else entry["pointOfOrigin"]
    if entry.get("cornerOfOrigin", "topLeft") != "topLeft":
        raise ValueError("the corner of origin must be topLeft")
    return Matrix(entry["id"], entry["scaleDenominator"], x, y, wide, high, entry["matrixWidth"], entry["matrixHeight"])


def _served(matrices: list[Matrix]) -> list[Matrix]:
    """From the coarsest to the first whose units are as small as `FINEST`."""
    found: list[Matrix] = []
    for matrix in sorted(matrices, key=lambda matrix: -matrix.scale):
        found.append(matrix)
        if matrix.scale * _PIXEL * 256 / EXTENT <= FINEST:
            break
    return found
