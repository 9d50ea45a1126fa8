"""Turns what a caller asks of a collection into a `model.query.Query`: boxes, times, CRS and property filters, all checked.

No web here: parameters arrive as plain values, with the name they had, so that an error can name it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from gateway.errors import ParameterError
from gateway.geo import crs as systems
from gateway.geo import transform
from gateway.geo.region import region
from gateway.model.access import Access
from gateway.model.crs import CRS84, Crs
from gateway.model.dataset import Collection
from gateway.model.feature import Field, Scalar
from gateway.model.query import And, Box, Comparison, Expression, Property, Query
from gateway.services.selection import Selection

OFFERED = tuple(Crs(code) for code in ("EPSG:4326", "EPSG:3857", "EPSG:4258", "EPSG:3035"))
"""Offered for every collection that lies in their area of use, besides CRS84 and the storage CRS."""

_DEGREE, _METRE = 1e-6, 0.1
"""Margins around a collection's extent to which a box of another CRS is cut."""

_FARTHEST = 1e9
"""No projected coordinate on Earth is larger, in metres or feet."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ItemsRequest:
    """What is asked of a collection. `box` has 4 or 6 numbers in the axis order of `box_crs`; `crs` and `box_crs` are as written.

    `interval` is (from, to) in RFC 3339 UTC; `properties` are (name, value as written); `after` is a row key. `sort` is
    (property, descending) pairs and `position` the sort values of the feature with the key `after`; `shown` is what the answer
    shows of each feature, None for everything.
    """

    limit: int = 10
    box: tuple[float, ...] | None = None
    box_crs: str | None = None
    crs: str | None = None
    interval: tuple[str | None, str | None] | None = None
    properties: tuple[tuple[str, str], ...] = ()
    after: int | None = None
    sort: tuple[tuple[str, bool], ...] = ()
    position: tuple[Scalar, ...] = ()
    shown: Selection | None = None

    @property
    def is_unfiltered(self) -> bool:
        """Whether every feature of the collection qualifies."""
        return self.box is None and self.interval is None and not self.properties


def number(text: str) -> float | None:
    """A finite number in ASCII digits (no NaN, no infinity, no digits of other scripts), or None."""
    if _NUMBER.fullmatch(text) is None:
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def offered(collection: Collection) -> tuple[Crs, ...]:
    """The CRS a collection can be had in: CRS84 first, its storage CRS, the horizontal part of that, and the common ones.

    OGC 18-058r1, /req/crs/fc-md-crs-list.
    """
    return _offered(collection.crs, collection.box)


@lru_cache(maxsize=1024)
def _offered(storage: Crs, box: Box | None) -> tuple[Crs, ...]:
    found = [CRS84]
    if storage.is_known:
        found += [storage, systems.horizontal_of(storage)]
        found += [crs for crs in OFFERED if box is None or _covers(systems.area_of_use(crs), box)]
    return tuple(dict.fromkeys(found))


def _covers(area: Box | None, box: Box) -> bool:
    if area is None:
        return True
    return area[0] <= box[0] and area[1] <= box[1] and box[2] <= area[2] and box[3] <= area[3]


def choose_crs(collection: Collection, text: str | None, parameter: str) -> Crs:
    """The CRS that `text` names, which must be one the collection offers. Raises ParameterError (/req/crs/fc-crs-valid-value)."""
    return CRS84 if text is None else _choose(collection.crs, collection.box, text, parameter)


@lru_cache(maxsize=1024)
def _choose(storage: Crs, box: Box | None, text: str, parameter: str) -> Crs:
    crs = systems.known(text, parameter)
    if crs not in _offered(storage, box):
        offers = ", ".join(offer.uri for offer in _offered(storage, box))
        raise ParameterError(parameter, f"this collection is not offered in {crs.code}", cure=f"one of {offers}")
    return crs


def question(collection: Collection, access: Access, request: ItemsRequest, version: int | None = None) -> Query:
    """The typed query. Raises ParameterError naming the parameter (/req/core/query-param-invalid)."""
    boxes, shape = _boxes(collection, request)
    return Query(
        collection=collection.id,
        access=access,
        limit=request.limit,
        boxes=boxes,
        region=shape,
        interval=request.interval,
        filter=_filter(collection, request.properties),
        after=request.after,
        version=version,
        sort=request.sort,
        position=request.position,
    )


def _boxes(collection: Collection, request: ItemsRequest) -> tuple[tuple[Box, ...], bytes | None]:
    """The boxes of a question in the storage CRS, and its true shape where that is no box there."""
    if request.box is None:
        return (), None
    crs = choose_crs(collection, request.box_crs, "bbox-crs")
    asked = _halves(horizontal_box(request.box, crs))
    if _same_plane(crs, collection.crs):
        return asked, None
    near = [part for half in asked for part in _near(half, collection, crs)]
    if not near:
        return (transform.NOWHERE,), None
    return tuple(box for part in near for box in transform.boxes(part, crs, collection.crs)), region(near, crs, collection.crs)


def _near(box: Box, collection: Collection, crs: Crs) -> list[Box]:
    """The parts of a box near the features: elsewhere nothing can match, and a transformation may have no answer."""
    if collection.storage_box is None:
        return []
    margin = _DEGREE if systems.is_geographic(crs) else _METRE
    found = []
    for west, south, east, north in transform.boxes(collection.storage_box, collection.crs, crs):
        part = (max(box[0], west - margin), max(box[1], south - margin), min(box[2], east + margin), min(box[3], north + margin))
        if part[0] <= part[2] and part[1] <= part[3]:
            found.append(part)
    return found


def horizontal_box(box: Sequence[float], crs: Crs) -> Box:
    """The horizontal part of 4 or 6 numbers, turned into visualisation order and checked (/req/core/fc-bbox-definition)."""
    low, high = tuple(box[: len(box) // 2]), tuple(box[len(box) // 2 :])
    if systems.swaps_axes(crs):
        low, high = (low[1], low[0], *low[2:]), (high[1], high[0], *high[2:])
    if low[1] > high[1] or (low[0] > high[0] and not systems.is_geographic(crs)):
        raise ParameterError(
            "bbox", "the lower corner lies above the upper one", cure="minx,miny,maxx,maxy in the order of bbox-crs"
        )
    if len(low) == 3 and low[2] > high[2]:
        raise ParameterError("bbox", "the lowest height lies above the highest one", cure="minx,miny,minz,maxx,maxy,maxz")
    if systems.is_geographic(crs) and (abs(low[1]) > 90 or abs(high[1]) > 90 or abs(low[0]) > 180 or abs(high[0]) > 180):
        raise ParameterError("bbox", "outside the globe", cure="longitudes within ±180, latitudes within ±90 degrees")
    if max(abs(value) for value in (*low[:2], *high[:2])) > _FARTHEST:
        raise ParameterError("bbox", "beyond every reference system", cure="coordinates of bbox-crs")
    return low[0], low[1], high[0], high[1]


def _same_plane(left: Crs, right: Crs) -> bool:
    """Whether coordinates in visualisation order mean the same in both (CRS84 and EPSG:4326 differ in axis order alone)."""
    return _plane(left) == _plane(right)


def _plane(crs: Crs) -> str:
    code = systems.horizontal_of(crs).horizontal if crs.is_known else crs.code
    return "EPSG:4326" if code == "OGC:CRS84" else code


def _halves(box: Box) -> tuple[Box, ...]:
    """One box, or two where a geographic one crosses the antimeridian (west greater than east)."""
    west, south, east, north = box
    return (box,) if west <= east else ((west, south, 180.0, north), (-180.0, south, east, north))


def _filter(collection: Collection, properties: Sequence[tuple[str, str]]) -> Expression | None:
    if not properties:
        return None
    fields = {field.name: field for field in collection.fields}
    parts = tuple(Comparison(Property(name), "=", _value(fields[name], text)) for name, text in properties)
    return parts[0] if len(parts) == 1 else And(parts)


def _value(field: Field, text: str) -> Scalar:
    """`text` as the declared type of a queryable. Raises ParameterError."""
    if field.type == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    if field.type == "number" and (value := number(text)) is not None:
        return value
    if field.type == "boolean" and text in ("true", "false"):
        return text == "true"
    if field.type not in ("integer", "number", "boolean") and "\0" not in text:
        return text
    raise ParameterError(field.name, f"not a value of type {field.type}", cure=f"{field.name} is of type {field.type}")
