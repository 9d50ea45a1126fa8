"""A feature: anything the twin knows of the world, a city object with its levels of detail or a plain GIS feature."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gateway.model.geometry import Geometry

type Scalar = str | int | float | bool | None
type Value = Any
"""A property's value: a Scalar, or lists and dicts of them (nested values live in the full document)."""


@dataclass(slots=True)
class Feature:
    """One feature, as an adapter reads it and as a writer takes it.

    `collection` is the id of the layer or module it belongs to (``building``, ``vegetation``, a layer's name).
    `type` is the CityJSON 2.0 object type (``Building``, ``SolitaryVegetationObject``, ``+Name`` for an extension's), or
    ``Feature`` for a plain GIS feature.
    `shape` is ISO WKB in the file's CRS and visualisation order (2D or 3D): the geometry of a plain feature, or the
    footprint of a city object once it has been derived; None means no geometry, or not derived yet.
    `geometries` are the 3D geometries of a city object.
    `parent` and `children` are ids of features of the same dataset. The members of one family (a root and all below it)
    follow one another, root first, parents before children: readers yield and writers expect this order.
    `validity` is (from, to), each an RFC 3339 date or date-time or None (open).
    `addresses` are CityJSON 2.0 address objects. `opaque` keeps XML fragments nobody here interprets (ADE content,
    unknown modules), each a complete element with its own namespace declarations.
    `place` says where in the source the feature stands ("line 120", "/features/3", "row 7"), for findings.
    """

    id: str
    type: str = "Feature"
    collection: str = "features"
    properties: dict[str, Value] = field(default_factory=dict)
    shape: bytes | None = None
    geometries: list[Geometry] = field(default_factory=list)
    parent: str | None = None
    children: tuple[str, ...] = ()
    validity: tuple[str | None, str | None] | None = None
    addresses: list[dict[str, Any]] = field(default_factory=list)
    opaque: list[str] = field(default_factory=list)
    place: str | None = None

    @property
    def is_city_object(self) -> bool:
        """Whether it has more to say than a row: 3D geometry, family, addresses or opaque content."""
        return bool(self.geometries or self.parent or self.children or self.addresses or self.opaque) or self.type != "Feature"


@dataclass(frozen=True, slots=True)
class Field:
    """One declared property of a collection. `type` is a JSON Schema type: string, integer, number, boolean, or array (a list of
    scalars); `format` may be date, date-time or uri."""

    name: str
    type: str
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """What a file says of one collection before its features are read; `fields` is empty where the file does not declare them."""

    id: str
    title: str | None = None
    geometry_type: str | None = None
    fields: tuple[Field, ...] = ()
    features: int | None = None
