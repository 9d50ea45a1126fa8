"""Moves coordinates from one reference system to another: always x (east, longitude) before y, never a ballpark guess.

The horizontal part is transformed alone. Heights change only where PROJ has an operation with all its grids; elsewhere they
stay the numbers they were, in their own vertical system, and `outcome` and `heights_note` say so.
"""

from __future__ import annotations

import threading
import warnings
from typing import Any

import numpy as np
import pyproj
import pyproj.network
from pyproj.exceptions import ProjError

from gateway.errors import InputError
from gateway.geo import crs as systems
from gateway.model.crs import Crs

type Array = np.ndarray[Any, Any]

_POLE, _TURN, _SLACK = 90.0, 360.0, 1e-7


class _Transformers(threading.local):
    """PROJ's transformers, one set a thread: they may not be shared."""

    def __init__(self) -> None:
        self.horizontal: dict[tuple[str, str], pyproj.Transformer | None] = {}
        self.vertical: dict[tuple[Crs, Crs], pyproj.Transformer | None] = {}


_cache = _Transformers()


def points(array: Array, source: Crs, target: Crs, *, place: str | None = None) -> Array:
    """Positions (n, 2) or (n, 3), x and y first, moved from `source` to `target`, both in visualisation order.

    Raises InputError for a position that is not finite, not on the Earth, or has no place in the target, and where either
    system is unknown or no operation of known accuracy leads from one to the other.
    """
    array = np.asarray(array, dtype=np.float64)
    _demand_finite(array, place)
    if source == target and not systems.is_geographic(source):
        return array.copy()
    _demand_on_earth(array, source, place)
    moved = array.copy()
    operation = _horizontal(source, target)
    if operation is not None and len(array):
        moved[:, 0], moved[:, 1] = operation.transform(array[:, 0], array[:, 1])
        _demand_reached(array, moved, target, place)
    if array.shape[1] == 3 and len(array):
        moved[:, 2] = _heights(array, source, target)
    return moved


def outcome(source: Crs, target: Crs) -> Crs:
    """The system that coordinates really are in after `points`: the target, or its horizontal part with the heights of `source`."""
    ours, theirs = systems.vertical_of(source), systems.vertical_of(target)
    if theirs is None or ours == theirs or _vertical(source, target) is not None:
        return target
    flat = systems.horizontal_of(target)
    return flat if ours is None or _is_ellipsoidal(ours) else Crs(flat.horizontal, ours)


def heights_note(source: Crs, target: Crs) -> str | None:
    """What to tell people of heights that do not move with their positions; None when they do or there are none."""
    ours, theirs = systems.vertical_of(source), systems.vertical_of(target)
    if ours == theirs or (ours is not None and theirs is not None and _vertical(source, target) is not None):
        return None
    if ours is None:
        return f"heights have no stated system; they stay as they are and are not heights of {target.code}"
    name = f"{systems.system(ours).name} ({ours})"
    if theirs is None:
        return f"heights stay in {name}: {target.code} has none"
    return f"heights stay in {name}: no operation with its grids leads to those of {target.code}"


def _horizontal(source: Crs, target: Crs) -> pyproj.Transformer | None:
    """The operation between the horizontal parts; None when they are the same."""
    for crs in (source, target):
        if not crs.is_known:
            raise InputError(
                f"coordinates in the unknown system {crs.code} cannot be moved", cure="state the CRS, for example EPSG:2056"
            )
    key = (systems.horizontal_of(source).horizontal, systems.horizontal_of(target).horizontal)
    if key not in _cache.horizontal:
        _cache.horizontal[key] = None if _is_same_plane(*key) else _operation(systems.flat(source), systems.flat(target), key)
    return _cache.horizontal[key]


def _is_same_plane(first: str, second: str) -> bool:
    """WGS 84 by latitude and CRS84 differ in axis order only, which visualisation order has evened out."""
    return first == second or {first, second} == {"EPSG:4326", "OGC:CRS84"}


def _operation(source: pyproj.CRS, target: pyproj.CRS, key: tuple[str, str]) -> pyproj.Transformer:
    pyproj.network.set_network_enabled(active=False)  # type: ignore[attr-defined]  # pyproj does not export it by name
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return pyproj.Transformer.from_crs(source, target, always_xy=True, allow_ballpark=False)
    except ProjError as error:
        raise InputError(f"no operation of known accuracy leads from {key[0]} to {key[1]}") from error


def _heights(array: Array, source: Crs, target: Crs) -> Array:
    operation = _vertical(source, target)
    if operation is None:
        return array[:, 2]
    moved = np.asarray(operation.transform(array[:, 0], array[:, 1], array[:, 2])[2])
    return np.where(np.isfinite(moved), moved, array[:, 2]) if np.isnan(array[:, 2]).any() else moved


def _vertical(source: Crs, target: Crs) -> pyproj.Transformer | None:
    """The operation that moves heights too, where both systems have some and PROJ has all its grids."""
    ours, theirs = systems.vertical_of(source), systems.vertical_of(target)
    if ours is None or theirs is None or ours == theirs:
        return None
    key = (source, target)
    if key not in _cache.vertical:
        _cache.vertical[key] = _grid_operation(source, target)
    return _cache.vertical[key]


def _grid_operation(source: Crs, target: Crs) -> pyproj.Transformer | None:
    try:
        return _operation(_spatial(source), _spatial(target), (source.code, target.code))
    except InputError:
        return None


def _spatial(crs: Crs) -> pyproj.CRS:
    whole = systems.system(crs.horizontal)
    if crs.vertical is None:
        return whole
    return pyproj.crs.CompoundCRS(systems.title(crs), [whole, systems.system(crs.vertical)])


def _is_ellipsoidal(code: str) -> bool:
    return not systems.system(code).is_vertical and not systems.system(code).is_compound


def _demand_finite(array: Array, place: str | None) -> None:
    if not np.isfinite(array[:, :2]).all() or np.isinf(array).any():
        raise InputError("a coordinate is not a finite number", place=place)


def _demand_on_earth(array: Array, source: Crs, place: str | None) -> None:
    if not systems.is_geographic(source) or not len(array):
        return
    wrong = (np.abs(array[:, 1]) > _POLE + _SLACK) | (np.abs(array[:, 0]) > _TURN + _SLACK)
    if wrong.any():
        x, y = array[int(np.argmax(wrong)), :2].tolist()
        raise InputError(
            f"longitude {x:.9g}, latitude {y:.9g} is not on the Earth",
            place=place,
            cure=f"state the right CRS; read as {source.code}",
        )


def _demand_reached(before: Array, after: Array, target: Crs, place: str | None) -> None:
    lost = ~np.isfinite(after[:, :2]).all(axis=1)
    if lost.any():
        x, y = before[int(np.argmax(lost)), :2].tolist()
        raise InputError(f"position ({x:.9g}, {y:.9g}) has no place in {target.code}", place=place, cure="state the right CRS")
