"""CQL2 filters of a collection: typed by its queryables, their geometries moved to its storage CRS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gateway import cql2
from gateway.errors import InputError, ParameterError
from gateway.geo.literal import literal, same_plane
from gateway.geo.region import region
from gateway.model.crs import Crs
from gateway.model.dataset import Collection
from gateway.model.query import Expression
from gateway.services.boxes import around, halves, horizontal_box, near
from gateway.services.queryables import queryables


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter as it was asked: its text, its language, and the CRS of its geometries as written (None: CRS84)."""

    text: str
    language: str = cql2.TEXT
    crs: str | None = None


def expression(collection: Collection, asked: Filter, crs: Crs) -> Expression:
    """The condition that a filter says. Raises ParameterError naming the place in it (OGC 19-079r2, /req/filter)."""
    kinds = {one.name: one.kind for one in queryables(collection)}
    return cql2.expression(asked.text, asked.language, kinds, _Shapes(collection, crs))


@dataclass(frozen=True, slots=True)
class _Shapes:
    """Geometries of a filter whose positions are in `crs`."""

    collection: Collection
    crs: Crs

    def geometry(self, value: Mapping[str, Any]) -> bytes:
        """A geometry in the storage CRS."""
        try:
            return literal(value, self.crs, self.collection.crs, around(self.collection, self.crs))
        except InputError as error:
            raise ParameterError("filter", error.message, cure=error.cure) from error

    def bbox(self, numbers: list[float]) -> bytes:
        """A box in the storage CRS, its edges as they run there; west greater than east crosses the antimeridian."""
        if len(numbers) not in (4, 6) or not np.isfinite(numbers).all():
            raise ParameterError("filter", f"a box of {len(numbers)} numbers", cure="BBOX(minx,miny,maxx,maxy)")
        asked = halves(horizontal_box(numbers, self.crs, "filter"))
        if same_plane(self.crs, self.collection.crs):
            return region(asked, self.crs, self.crs)
        found = [part for half in asked for part in near(half, self.collection, self.crs)]
        return region(found, self.crs, self.collection.crs)
