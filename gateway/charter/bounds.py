"""What the checks need to know of each feature's geometry, worked out for a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import shapely

from gateway.errors import InputError
from gateway.geo import wkb
from gateway.model.dataset import Box
from gateway.model.feature import Feature
from gateway.model.geometry import Geometry


@dataclass(frozen=True, slots=True)
class Glimpse:
    """`box` is (minx, miny, maxx, maxy) over the plain and all 3D geometries, in the feature's CRS; `valid` is the plain one's."""

    box: Box | None
    valid: bool


def glimpses(features: Sequence[Feature]) -> list[Glimpse]:
    """A glimpse of each feature. Raises InputError for WKB that is none, naming the feature's place."""
    shapes = _shapes(features)
    bounds = shapely.bounds(shapes).tolist()
    valid = shapely.is_valid(shapes).tolist()
    return [
        Glimpse(_united(bounds[index], feature), valid[index] or feature.shape is None) for index, feature in enumerate(features)
    ]


def _shapes(features: Sequence[Feature]) -> Any:
    try:
        return wkb.read([feature.shape for feature in features])
    except InputError:
        for feature in features:
            wkb.read([feature.shape], feature.place or feature.id)
        raise


def _united(plain: Sequence[float], feature: Feature) -> Box | None:
    has_plain = plain[0] == plain[0]  # NaN: no geometry
    if not feature.geometries:
        return (plain[0], plain[1], plain[2], plain[3]) if has_plain else None
    boxes = [tuple(plain)] if has_plain else []
    boxes.extend(box for geometry in feature.geometries if (box := of_geometry(geometry)) is not None)
    if not boxes:
        return None
    return min(b[0] for b in boxes), min(b[1] for b in boxes), max(b[2] for b in boxes), max(b[3] for b in boxes)


def of_geometry(geometry: Geometry) -> Box | None:
    """The plan bounds of one 3D geometry; of an implicit geometry its anchor point."""
    points = list(_points(geometry.boundaries))
    if not points:
        return None
    xs = [point[0] for point in points]
    ys = [point[1] for point in points]
    return min(xs), min(ys), max(xs), max(ys)


def _points(boundaries: list[Any]) -> Iterator[tuple[float, ...]]:
    for inner in boundaries:
        if isinstance(inner, tuple):
            yield inner
        else:
            yield from _points(inner)
