"""Materials and textures: indices into a file's lists resolved to themes that stand by themselves, and back.

In the model `Geometry.appearance` is {"material": {theme: {"materials": [object, …], "value": n | "values": nested}},
"texture": {theme: {"textures": [object, …], "values": nested; a ring is [n, [u, v], …] or [null]}}} (CityJSON 2.0 section 6).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from gateway.errors import Unreadable


def resolve(geometry: Mapping[str, Any], appearance: Mapping[str, Any], place: str) -> dict[str, Any] | None:
    """The appearance of one parsed geometry, free of the file's lists; None where it has none. Raises Unreadable."""
    found: dict[str, Any] = {}
    try:
        for theme, one in (geometry.get("material") or {}).items():
            found.setdefault("material", {})[theme] = _material(one, appearance.get("materials") or [])
        for theme, one in (geometry.get("texture") or {}).items():
            texture = _texture(one, appearance.get("textures") or [], appearance.get("vertices-texture") or [])
            found.setdefault("texture", {})[theme] = texture
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise Unreadable("material or texture refers to what is not in the appearance", place=place) from error
    return found or None


def _material(one: Mapping[str, Any], materials: list[Any]) -> dict[str, Any]:
    used = _Used(materials)
    if "values" in one:
        values = _mapped(one["values"], used.number)
        return {"materials": used.objects, "values": values}
    return {"materials": used.objects, "value": used.number(one["value"])}


def _texture(one: Mapping[str, Any], textures: list[Any], spots: list[Any]) -> dict[str, Any]:
    used = _Used(textures)
    values = _rings(one["values"], lambda ring: [used.number(ring[0]), *(_spot(spots, number) for number in ring[1:])])
    return {"textures": used.objects, "values": values}


def _spot(spots: list[Any], number: Any) -> Any:
    if type(number) is not int or number < 0:
        raise IndexError(number)
    return spots[number]


class _Used:
    """Numbers those objects of a list that are used, in the order of their first use."""

    def __init__(self, objects: list[Any]) -> None:
        self._all = objects
        self._numbers: dict[int, int] = {}
        self.objects: list[Any] = []

    def number(self, index: Any) -> int | None:
        """The new number of an object; None stays None."""
        if index is None:
            return None
        if type(index) is not int or not 0 <= index < len(self._all):
            raise IndexError(index)
        if index not in self._numbers:
            self._numbers[index] = len(self.objects)
            self.objects.append(self._all[index])
        return self._numbers[index]


def _mapped(values: Any, number: Callable[[Any], Any]) -> Any:
    return [_mapped(value, number) if isinstance(value, list) else number(value) for value in values]


def _rings(values: Any, ring: Callable[[list[Any]], list[Any]]) -> Any:
    """Apply `ring` to each innermost list: one that holds no list except positions."""
    if values is None:
        return None
    if values and not isinstance(values[0], list):
        return [None] if values[0] is None else ring(values)
    return [_rings(value, ring) for value in values]


class Palette:
    """The lists of an `appearance` member being written; `materials` and `textures` hold each distinct object once.

    `spots` are texture coordinates not written yet, numbered from `first_spot`.
    """

    def __init__(self) -> None:
        self.materials: list[Any] = []
        self.textures: list[Any] = []
        self.spots: list[Any] = []
        self.first_spot = 0
        self._numbers: dict[bytes, int] = {}
        self._spot_numbers: dict[tuple[Any, ...], int] = {}

    def members(self, appearance: Mapping[str, Any]) -> dict[str, Any]:
        """The `material` and `texture` members of a geometry."""
        found: dict[str, Any] = {}
        for theme, one in appearance.get("material", {}).items():
            numbers = [self._number(self.materials, b"m", item) for item in one["materials"]]
            if "values" in one:
                entry = {"values": _mapped(one["values"], dict(enumerate(numbers)).get)}
            else:
                entry = {"value": numbers[one["value"]]}
            found.setdefault("material", {})[theme] = entry
        for theme, one in appearance.get("texture", {}).items():
            numbers = [self._number(self.textures, b"t", item) for item in one["textures"]]
            found.setdefault("texture", {})[theme] = {"values": self._texture(one["values"], numbers)}
        return found

    def start_family(self) -> None:
        """Texture coordinates are shared within one family only, so that memory does not grow."""
        self.first_spot += len(self.spots)
        self.spots = []
        self._spot_numbers = {}

    def _texture(self, values: Any, numbers: list[int]) -> Any:
        return _rings(values, lambda ring: [numbers[ring[0]], *map(self._spot, ring[1:])])

    def _spot(self, spot: Any) -> int:
        key = tuple(spot)
        if key not in self._spot_numbers:
            self._spot_numbers[key] = self.first_spot + len(self.spots)
            self.spots.append(spot)
        return self._spot_numbers[key]

    def _number(self, objects: list[Any], kind: bytes, item: Any) -> int:
        key = kind + orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
        if key not in self._numbers:
            self._numbers[key] = len(objects)
            objects.append(item)
        return self._numbers[key]
