"""What an edit meets and what it makes of a feature, before anybody is asked for leave."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from gateway.model.crs import Crs
from gateway.model.dataset import Collection, Dataset
from gateway.model.feature import Feature
from gateway.model.row import Row
from gateway.services import document, edit_body, edit_shape
from gateway.services.rows import kept, rows


@dataclass(frozen=True, slots=True)
class Scene:
    """What an edit meets: its collection, and the feature as it stands."""

    collection: Collection
    dataset: Dataset
    standing: Row | None
    published: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """What an edit makes of a feature: a new row (None: it goes), and its parent as it is without a part that goes."""

    id: str
    feature: Feature | None
    row: Row | None
    parent: tuple[Collection, Row] | None = None


def over(standing: Row, collection: Collection, properties: dict[str, Any], said: edit_body.Said, crs: Crs) -> Change:
    """A feature that stands, with other properties and, where GeoJSON can say it, another geometry."""
    made = as_stored(standing, collection)
    made.properties = untold(properties, made)
    if not said.names_geometry or edit_shape.stays(said.geometry, standing, collection.crs, crs):
        return Change(standing.id, judgeable(made, standing), kept(made, standing, collection.crs))
    edit_shape.demand_flat(standing)
    made.shape = edit_shape.stored(said.geometry, collection, crs)
    return Change(standing.id, made, row_of(made, collection.crs))


def as_stored(row: Row, collection: Collection) -> Feature:
    """The feature behind a row, its shape left out where it was derived."""
    return document.of_row(row, collection.id) if row.document is None else document.decode(row.document)


def judgeable(feature: Feature, standing: Row) -> Feature:
    """The same for the charter's eyes, with the footprint that stands where it has no shape of its own."""
    return feature if feature.shape is not None or feature.geometries else replace(feature, shape=standing.geometry)


def untold(properties: dict[str, Any], before: Feature) -> dict[str, Any]:
    """Without what the door told of the feature beside its own properties, where it came back as it was told."""
    told = {"type": before.type if before.type != "Feature" else None, "parent": before.parent}
    return {
        name: value
        for name, value in properties.items()
        if not (name in told and name not in before.properties and value is not None and value == told[name])
    }


def row_of(feature: Feature, crs: Crs) -> Row:
    """The row that one feature becomes."""
    return next(rows([feature], crs))


def kind_of(collection: Collection, row: Row) -> str | None:
    """The geometry type to state: the collection's, unless the row's own is to be found out."""
    return None if row.geometry is not None and row.document is None else collection.geometry_type


def names_of(scene: Scene) -> frozenset[str]:
    """The properties a collection is known to have: declared columns, the record's attributes, and what the feature has."""
    found = {field.name for field in scene.collection.fields} | {"type", "parent"}
    found |= {entry.name for entry in scene.dataset.record.attributes if entry.collection in (None, scene.collection.id)}
    if scene.standing is not None:
        found |= set(as_stored(scene.standing, scene.collection).properties)
    return frozenset(found)
