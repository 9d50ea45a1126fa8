"""The kinds of value a check's parameter may have, and how each is read from YAML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.geo import crs as crs_codes
from gateway.model.crs import Crs

type Parameters = Mapping[str, tuple[str, bool]]
"""Name of a parameter to (kind, whether it must be given)."""


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be text")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError("must be a list of texts")
    return tuple(_text(item) for item in value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    return float(value)


def _share(value: Any) -> float:
    number = _number(value)
    if not 0 <= number <= 1:
        raise ValueError("must be between 0 and 1")
    return number


def _crs(value: Any) -> Crs:
    found = crs_codes.parse(_text(value))
    if not found.is_known:
        raise ValueError(f"names no coordinate reference system: {value}")
    return found


def _systems(value: Any) -> tuple[Crs, ...]:
    if not isinstance(value, list) or not value:
        raise ValueError("must be a list of coordinate reference systems")
    return tuple(_crs(item) for item in value)


def _box(value: Any) -> tuple[float, float, float, float]:
    if not isinstance(value, list) or len(value) != 4:
        raise ValueError("must be four numbers: minx, miny, maxx, maxy")
    low_x, low_y, high_x, high_y = (_number(item) for item in value)
    if low_x >= high_x or low_y >= high_y:
        raise ValueError("must have minx < maxx and miny < maxy")
    return low_x, low_y, high_x, high_y


KINDS: Mapping[str, Callable[[Any], Any]] = {
    "text": _text,
    "texts": _texts,
    "flag": _flag,
    "number": _number,
    "share": _share,
    "crs": _crs,
    "systems": _systems,
    "box": _box,
}


def read(given: Mapping[str, Any], declared: Parameters, problems: list[str], where: str) -> dict[str, Any]:
    """The values of a check's parameters; what is wrong with them is added to `problems`, each beginning with `where`."""
    problems.extend(f"{where}: the check has no parameter {name}" for name in given if name not in declared)
    values: dict[str, Any] = {}
    for name, (kind, required) in declared.items():
        if name not in given:
            if required:
                problems.append(f"{where}: parameter {name} is missing")
            continue
        try:
            values[name] = KINDS[kind](given[name])
        except ValueError as error:
            problems.append(f"{where}: parameter {name} {error}")
    return values
