"""Turns features into rows: footprint, ready GeoJSON, box, digest and, where it says more, the full document; in batches.

In the ready GeoJSON the geometry is 2D in CRS84, its rings turned as RFC 7946 section 3.1.6 asks. A city object's properties
have, where the source has none of these names, `type` (its CityJSON type) and `parent` (the id of the feature it is part of).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any

import numpy as np
import orjson
import shapely

from gateway.errors import InputError
from gateway.geo import crs as systems
from gateway.geo import geojson, transform
from gateway.geo import wkb as wkbs
from gateway.geo.footprint import footprints, united
from gateway.model.crs import CRS84, Crs
from gateway.model.dataset import Box
from gateway.model.feature import Feature
from gateway.model.row import Row
from gateway.services import document, values

type Array = np.ndarray[Any, Any]

_BATCH, _LONGEST_BATCH = 1000, 4000
_DECIMALS = systems.decimals(CRS84)
_SORTED = orjson.OPT_SORT_KEYS
_NO_SEGMENT = frozenset({"", ".", ".."})
"""Ids that no URL can name: a path segment that is empty or made of dots goes away when the address is resolved."""
_ID, _GEOMETRY, _PROPERTIES = b'{"type":"Feature","id":', b',"geometry":', b',"properties":'


def rows(features: Iterable[Feature], crs: Crs) -> Iterator[Row]:
    """The rows of features whose coordinates are in `crs`, streamed in the same order; memory holds one batch.

    A feature without geometry whose descendants have some gets the union of their footprints. Raises InputError, naming the
    feature, for what cannot be kept: coordinates that are not finite or not on the Earth, numbers and text that JSON has not.
    """
    for batch in _batches(features):
        yield from _rows(batch, crs)


def kept(feature: Feature, standing: Row, crs: Crs) -> Row:
    """The row of a feature whose geometry stays as `standing` has it; only what stands beside the geometry may have changed."""
    begin = standing.ready.index(_GEOMETRY) + len(_GEOMETRY)
    shown = standing.ready[begin : standing.ready.index(_PROPERTIES, begin)]
    return _row(feature, standing.geometry, standing.box, shown, crs.code.encode())


def _batches(features: Iterable[Feature]) -> Iterator[list[Feature]]:
    """Batches that end between families, unless one family is very large."""
    batch: list[Feature] = []
    for feature in features:
        if len(batch) >= _BATCH and (feature.parent is None or len(batch) >= _LONGEST_BATCH):
            yield batch
            batch = []
        batch.append(feature)
    if batch:
        yield batch


def _rows(batch: Sequence[Feature], crs: Crs) -> Iterator[Row]:
    shapes = _shapes(batch)
    seen = geojson.encode_shapes(_in_crs84(shapes, batch, crs), _DECIMALS)
    written = wkbs.write(shapes)
    boxes = shapely.bounds(shapes).tolist()
    system = crs.code.encode()
    for feature, geometry, box, shown in zip(batch, written, boxes, seen, strict=True):
        yield _row(feature, geometry, None if geometry is None else tuple(box), shown, system)


def _shapes(batch: Sequence[Feature]) -> Array:
    """The geometry of each row in the storage CRS: the feature's own, else its footprint, else that of what it consists of."""
    given = [feature.shape for feature in batch]
    try:
        shapes = wkbs.normal(given)
    except InputError:
        shapes = np.array([_named(feature) for feature in batch], dtype=object)
    derived = [place for place, feature in enumerate(batch) if feature.shape is None and feature.geometries]
    if derived:
        shapes[derived] = footprints([batch[place] for place in derived])
    if any(feature.parent is not None for feature in batch):
        _gather(batch, shapes)
    return shapes


def _named(feature: Feature) -> Any:
    return wkbs.normal([feature.shape], feature.place or feature.id)[0]


def _gather(batch: Sequence[Feature], shapes: Array) -> None:
    """Give a feature without geometry the union of what stands below it; children come after their parents."""
    below: dict[str, list[Any]] = {}
    for place in range(len(batch) - 1, -1, -1):
        feature = batch[place]
        if shapes[place] is None and feature.shape is None and feature.id in below:
            shapes[place] = united(below[feature.id])
        if feature.parent is not None and shapes[place] is not None:
            below.setdefault(feature.parent, []).append(shapes[place])


def _in_crs84(shapes: Array, batch: Sequence[Feature], crs: Crs) -> Array:
    flat = shapely.force_2d(shapes)
    try:
        moved = transform.shapes(flat, crs, CRS84)
    except InputError:
        for feature, shape in zip(batch, flat, strict=True):
            transform.shapes(np.array([shape], dtype=object), crs, CRS84, place=feature.place or feature.id)
        raise
    return np.asarray(shapely.orient_polygons(moved))


def _row(feature: Feature, geometry: bytes | None, box: Box | None, shown: bytes, system: bytes) -> Row:
    if feature.id in _NO_SEGMENT:
        raise InputError(f"the id {feature.id!r} cannot stand in an address", place=feature.place, cure="name the field with --id")
    scalar = values.demand_exact(feature.properties, feature.id)
    try:
        identity = orjson.dumps(feature.id)
        ordered = orjson.dumps(feature.properties, option=_SORTED)
        rest, full = _full(feature) if feature.is_city_object else (b"", None)
        properties = feature.properties if full is None else _told(feature)
        visible = orjson.dumps(properties)
        span = b"" if feature.validity is None else orjson.dumps(feature.validity)
    except orjson.JSONEncodeError as error:
        raise values.without_form(feature.id, error) from error
    return Row(
        id=feature.id,
        properties=properties if scalar else {name: value for name, value in properties.items() if values.fits_column(value)},
        geometry=geometry,
        box=box,
        ready=b"".join((_ID, identity, _GEOMETRY, shown, _PROPERTIES, visible, b"}")),
        digest=sha256(b"\0".join((system, identity, ordered, span, rest, geometry or b""))).digest(),
        document=full,
        validity=feature.validity,
        parent=feature.parent,
        type=feature.type,
    )


def _full(feature: Feature) -> tuple[bytes, bytes]:
    """What a city object has besides its properties, and its document."""
    rest = document.content(feature)
    return rest, document.packed(orjson.dumps(feature.properties), rest)


def _told(feature: Feature) -> dict[str, Any]:
    """The properties of a city object with what a client must know to make sense of them."""
    told = dict(feature.properties)
    if feature.type != "Feature":
        told.setdefault("type", feature.type)
    if feature.parent is not None:
        told.setdefault("parent", feature.parent)
    return told
