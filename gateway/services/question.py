"""Turns what a caller asks of a collection into a `model.query.Query`: boxes, times, CRS and property filters, all checked.

No web here: parameters arrive as plain values, with the name they had, so that an error can name it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache

from gateway.cql2.instants import of_parameter
from gateway.errors import ParameterError
from gateway.geo import crs as systems
from gateway.geo import transform
from gateway.geo.literal import same_plane
from gateway.geo.region import region
from gateway.model.access import Access
from gateway.model.crs import CRS84, Crs
from gateway.model.dataset import Collection
from gateway.model.feature import Field, Scalar
from gateway.model.query import And, Array, Arrays, Box, Comparison, Expression, Or, Property, Query
from gateway.services.boxes import halves, heights, near
from gateway.services.boxes import horizontal_box as horizontal_box
from gateway.services.filtering import Filter, expression
from gateway.services.queryables import Queryable, queryables
from gateway.services.selection import Selection

OFFERED = tuple(Crs(code) for code in ("EPSG:4326", "EPSG:3857", "EPSG:4258", "EPSG:3035"))
"""Offered for every collection that lies in their area of use, besides CRS84 and the storage CRS."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ItemsRequest:
    """What is asked of a collection. `box` has 4 or 6 numbers in the axis order of `box_crs`; `crs` and `box_crs` are as written.

    `interval` is (from, to) in RFC 3339 UTC; `properties` are (name, value as written); `after` is a row key. `sort` is
    (property, descending) pairs and `position` the sort values of the feature with the key `after`; `shown` is what the answer
    shows of each feature, None for everything. `filter` is CQL2. `offset` features are passed over, where `after` is None.
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
    filter: Filter | None = None
    offset: int = 0

    @property
    def is_unfiltered(self) -> bool:
        """Whether every feature of the collection qualifies."""
        return self.box is None and self.interval is None and not self.properties and self.filter is None


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
        filter=_filter(collection, request),
        after=request.after,
        version=version,
        sort=request.sort,
        position=request.position,
        heights=_heights(collection, request),
    )


def _heights(collection: Collection, request: ItemsRequest) -> tuple[float, float] | None:
    if request.box is None or len(request.box) == 4:
        return None
    return heights(request.box, choose_crs(collection, request.box_crs, "bbox-crs"), collection)


def _boxes(collection: Collection, request: ItemsRequest) -> tuple[tuple[Box, ...], bytes | None]:
    """The boxes of a question in the storage CRS, and its true shape where that is no box there."""
    if request.box is None:
        return (), None
    crs = choose_crs(collection, request.box_crs, "bbox-crs")
    asked = halves(horizontal_box(request.box, crs))
    if same_plane(crs, collection.crs):
        return asked, None
    parts = [part for half in asked for part in near(half, collection, crs)]
    if not parts:
        return (transform.NOWHERE,), None
    return tuple(box for part in parts for box in transform.boxes(part, crs, collection.crs)), region(parts, crs, collection.crs)


def _filter(collection: Collection, request: ItemsRequest) -> Expression | None:
    """The CQL2 filter and the property parameters, all of which must hold (OGC 19-079r2, /req/filter/mixing-expressions)."""
    known = {one.name: one for one in queryables(collection)}
    parts: list[Expression] = [_equal(known[name], text) for name, text in request.properties]
    if request.filter is not None:
        crs = choose_crs(collection, request.filter.crs, "filter-crs")
        parts.append(expression(collection, request.filter, crs))
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _equal(asked: Queryable, text: str) -> Expression:
    """The property has this value; of a list, that it is among its members."""
    if asked.kind == "array":
        texts = Arrays("contains", Property(asked.name), Array((text,)))
        amount = number(text)
        return texts if amount is None else Or((texts, Arrays("contains", Property(asked.name), Array((amount,)))))
    if asked.field is None and asked.kind == "date-time":
        return Comparison(Property(asked.name), "=", of_parameter(text, asked.name))
    return Comparison(Property(asked.name), "=", _value(asked.field or Field(asked.name, asked.kind), text))


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
