"""One page of features, or one feature, in any format that an adapter writes: rows become features, features become bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any, Protocol

import orjson

from gateway import registry
from gateway.geo import crs as systems
from gateway.geo import transform, wkb
from gateway.model.crs import Crs
from gateway.model.feature import Feature, Field, Layer
from gateway.model.report import Report
from gateway.model.row import Row
from gateway.model.text import pick
from gateway.ports import Adapter, Output
from gateway.services import document, family
from gateway.services.query import Rows, Source, View


class Described(Protocol):
    """An adapter whose features follow a schema document of their own."""

    def schema(self, layer: Layer) -> bytes:
        """The schema of one collection, as `write` follows it where `Output.schema` says where it is served."""
        ...


def flat(
    found: Rows, format: str, *, schema: str | None = None, members: Mapping[str, Any] | None = None, single: bool = False
) -> bytes:
    """The features with one geometry each, in `found.crs`, as the adapter `format` writes them.

    In the storage CRS itself the geometry keeps its heights; every other CRS is two-dimensional.
    """
    output = _output(found, found.crs, len(found.rows), schema, members or {}, single=single)
    features = _flat(found)
    if found.shown is not None:
        features = (_bare(feature, timed=format == "jsonfg") for feature in _shown(found, features))
    return _written(format, features, output)


def whole(view: View, found: Rows, format: str) -> bytes:
    """The features with all that belongs to them, each family once, in the storage CRS, as the adapter `format` writes them."""
    output = _output(found, found.source.collection.crs, None, None, {}, single=False)
    return _written(format, _shown(found, _families(view, found)), output)


def schema(source: Source, format: str) -> bytes:
    """The schema of a collection's features as the adapter `format` writes them."""
    adapter: Described = registry.get("adapters", format)
    return adapter.schema(_layer(source, source.collection.fields, None))


def _written(format: str, features: Iterator[Feature], output: Output) -> bytes:
    adapter: Adapter = registry.get("adapters", format)
    sink = BytesIO()
    adapter.write(features, sink, output, Report())
    return sink.getvalue()


def _shown(found: Rows, features: Iterator[Feature]) -> Iterator[Feature]:
    """The features with what the answer shows of them."""
    for feature in features:
        if found.shown is not None:
            found.shown.feature(feature)
        yield feature


def _flat(found: Rows) -> Iterator[Feature]:
    collection = found.source.collection
    for row, shape in zip(found.rows, _shapes(found.rows, collection.crs, found.crs), strict=True):
        feature = document.of_row(row, collection.id)
        feature.shape = shape
        if found.shown is not None:
            feature.properties = orjson.loads(row.ready)["properties"] or {}
        if found.crs != collection.crs:
            feature.geometries = []
        yield feature


def _shapes(rows: list[Row], storage: Crs, target: Crs) -> list[bytes | None]:
    geometries = [row.geometry for row in rows]
    if target == storage:
        return geometries
    flat = [None if geometry is None else wkb.to_2d(geometry) for geometry in geometries]
    return transform.wkb(flat, systems.horizontal_of(storage), systems.horizontal_of(target))


def _bare(feature: Feature, *, timed: bool) -> Feature:
    """The feature with the properties that are shown and nothing that a format would make columns of besides."""
    validity = feature.validity if timed else None
    return Feature(
        feature.id, "Feature", feature.collection, feature.properties, feature.shape, feature.geometries, validity=validity
    )


def _families(view: View, found: Rows) -> Iterator[Feature]:
    name, seen = found.source.collection.id, set[str]()
    for row in found.rows:
        if row.id in seen:
            continue
        if row.document is None and row.parent is None:
            yield document.of_row(row, name)
            continue
        for feature in family.members(view, found.source, row):
            if feature.id not in seen:
                seen.add(feature.id)
                yield feature


def _output(page: Rows, crs: Crs, features: int | None, schema: str | None, members: Mapping[str, Any], *, single: bool) -> Output:
    found = page.source.collection
    fields = found.fields if page.shown is None else tuple(field for field in found.fields if page.shown.of({field.name: None}))
    layer = _layer(page.source, fields, features)
    box = found.storage_box if crs == found.crs else None
    return Output(crs=crs, title=layer.title, layers=(layer,), box=box, schema=schema, members=members, single=single)


def _layer(source: Source, fields: tuple[Field, ...], features: int | None) -> Layer:
    found = source.collection
    return Layer(found.id, pick(found.title, ("en", "fr")) or None, found.geometry_type, fields, features)
