"""Which members of a feature an answer shows (`properties`, `exclude-properties`), for every encoding alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import orjson

from gateway.errors import ParameterError
from gateway.model.dataset import Collection
from gateway.model.feature import Feature
from gateway.services.queryables import Queryable, queryables

MOST = 200
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Selection:
    """`only` these properties, or all but `without`; `geometry` says whether the geometry is shown. The id always is."""

    only: frozenset[str] | None = None
    without: frozenset[str] = frozenset()
    geometry: bool = True

    def of(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """The properties that are shown, in their order."""
        if self.only is not None:
            return {name: value for name, value in properties.items() if name in self.only}
        return {name: value for name, value in properties.items() if name not in self.without}

    def feature(self, feature: Feature) -> None:
        """Take from a feature what is not shown; without the geometry, its solids go too."""
        feature.properties = self.of(feature.properties)
        if not self.geometry:
            feature.shape, feature.geometries = None, []

    def body(self, features: bytes) -> bytes:
        """The same for comma-joined GeoJSON features."""
        found = orjson.loads(b"[" + features + b"]")
        for one in found:
            one["properties"] = self.of(one["properties"] or {})
            if not self.geometry:
                one["geometry"] = None
        return orjson.dumps(found)[1:-1]


def selection(collection: Collection, only: tuple[str, ...] | None, without: tuple[str, ...]) -> Selection | None:
    """What two lists of names select; None where that is everything. Raises ParameterError for a name that nothing has."""
    if only is None and not without:
        return None
    if only is not None and without:
        raise ParameterError("exclude-properties", "given beside properties", cure="give one of the two")
    known = {one.name: one for one in queryables(collection)}
    chosen, parameter = (only, "properties") if only is not None else (without, "exclude-properties")
    for name in chosen:
        if name not in known:
            raise unknown(parameter, name, known)
    members = {known[name].member for name in chosen}
    fields = frozenset(name for name in chosen if known[name].field is not None)
    if only is None:
        return Selection(without=fields, geometry="geometry" not in members)
    return Selection(only=fields, geometry="geometry" in members)


def unknown(parameter: str, name: str, known: Mapping[str, Queryable]) -> ParameterError:
    """The error for a name that nothing has: it tells which names are near, or which there are."""
    near = get_close_matches(name[:100], known, 3, 0.6)
    names = ", ".join(near or list(known)[:_SHOWN]) or "none"
    return ParameterError(parameter, f"there is no property {name[:100]!r} here", cure=f"{'near' if near else 'one of'}: {names}")
