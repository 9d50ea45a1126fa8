"""What the reading of GML yields: shapes of faces, lines and points; and the frame that coordinates are read in.

A *face* is (rings, key): rings are not closed, and the key names the polygon it came from, so that a solid that refers to the
polygons of boundary surfaces finds their semantics. Lines are (points, key) as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lxml import etree

from gateway.model.geometry import Point, Surface

type Element = etree._Element
type Key = str | int
type Face = tuple[Surface, Key]
type Line = tuple[list[Point], Key]
type Move = Callable[[list[Point]], list[Point]]


@dataclass(frozen=True, slots=True)
class Shape:
    """One geometry: its type (as `model.geometry`) and its parts, nested like boundaries down to faces, lines or points."""

    type: str
    parts: list[Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """How coordinates are to be read: axis order, dimension, and the way into the file's system where they are in another."""

    swap: bool = False
    dimension: int = 3
    move: Move | None = None
    usable: bool = True
