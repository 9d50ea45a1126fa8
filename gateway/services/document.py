"""The full document of a feature: all that the row and its ready GeoJSON do not say, as compact bytes, exact to the last bit.

A document is one version byte, one byte that says whether zlib follows, and a JSON array. Everything of a `Feature` comes back
but `place`, which is about a file that is gone.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from typing import Any

import orjson

from gateway.errors import InputError, IntegrityError
from gateway.geo.nesting import depth_of
from gateway.model.feature import Feature
from gateway.model.geometry import BoundarySurface, Geometry
from gateway.model.row import Row
from gateway.services import values

_VERSION = 1
_PLAIN, _ZLIB = 0, 1
_LEVEL = 1
_WORTHWHILE = 200
_SORTED = orjson.OPT_SORT_KEYS


def encode(feature: Feature) -> bytes:
    """The document of a feature. Raises InputError, naming it, for a number that is not finite or text that is no Unicode."""
    values.demand_exact(feature.properties, feature.id)
    return packed(values.dumps(feature.properties, feature.id), content(feature))


def packed(properties: bytes, rest: bytes) -> bytes:
    """A document of its two parts in JSON, as `rows` has them at hand."""
    body = b"[" + properties + b"," + rest + b"]"
    if len(body) < _WORTHWHILE:
        return bytes((_VERSION, _PLAIN)) + body
    return bytes((_VERSION, _ZLIB)) + zlib.compress(body, _LEVEL)


def content(feature: Feature) -> bytes:
    """All of a feature but its properties, as JSON: the same bytes for the same content, whatever the order of members."""
    shape = None if feature.shape is None else b64encode(feature.shape).decode("ascii")
    values.demand_exact({"addresses": feature.addresses}, feature.id)
    parts = [
        feature.id,
        feature.type,
        feature.collection,
        shape,
        [_geometry(geometry, feature.id) for geometry in feature.geometries],
        feature.parent,
        feature.children,
        feature.validity,
        feature.addresses,
        feature.opaque,
    ]
    return values.dumps(parts, feature.id, _SORTED)


def decode(document: bytes) -> Feature:
    """The feature of a document. Raises IntegrityError for bytes that are none, or of a newer version."""
    if len(document) < 2 or document[0] != _VERSION or document[1] not in (_PLAIN, _ZLIB):
        raise IntegrityError("a stored document is damaged or of a newer version")
    try:
        body = zlib.decompress(document[2:]) if document[1] == _ZLIB else document[2:]
        properties, rest = orjson.loads(body)
        return _as_feature(properties, *rest)
    except (zlib.error, ValueError, TypeError) as error:
        raise IntegrityError("a stored document is damaged") from error


def of_row(row: Row, collection: str) -> Feature:
    """The feature a row stands for, as a writer takes it: from its document where it has one, else from the row itself.

    `shape` is the row's geometry in the storage CRS, also where it is a footprint that was derived.
    """
    if row.document is not None:
        feature = decode(row.document)
        feature.collection = collection
        feature.shape = row.geometry if feature.shape is None else feature.shape
        return feature
    return Feature(
        id=row.id,
        type=row.type,
        collection=collection,
        properties=orjson.loads(row.ready)["properties"],
        shape=row.geometry,
        parent=row.parent,
        validity=row.validity,
    )


def _as_feature(
    properties: dict[str, Any],
    identity: str,
    kind: str,
    collection: str,
    shape: str | None,
    geometries: list[list[Any]],
    parent: str | None,
    children: list[str],
    validity: list[str | None] | None,
    addresses: list[dict[str, Any]],
    opaque: list[str],
) -> Feature:
    """The parts in the order of `content`."""
    return Feature(
        id=identity,
        type=kind,
        collection=collection,
        properties=properties,
        shape=None if shape is None else b64decode(shape),
        geometries=list(map(_as_geometry, geometries)),
        parent=parent,
        children=tuple(children),
        validity=None if validity is None else (validity[0], validity[1]),
        addresses=addresses,
        opaque=opaque,
    )


def _geometry(geometry: Geometry, owner: str) -> list[Any]:
    boundaries = values.dumps(geometry.boundaries, owner)
    if b"null" in boundaries:
        raise InputError(f"a coordinate of LoD {geometry.lod} is not a finite number", place=owner)
    if geometry.appearance is not None or geometry.matrix is not None:
        values.demand_exact({"appearance": geometry.appearance, "matrix": geometry.matrix}, owner)
    return [
        geometry.type,
        geometry.lod,
        orjson.Fragment(boundaries),
        [_surface(surface, owner) for surface in geometry.surfaces],
        geometry.values,
        None if geometry.template is None else _geometry(geometry.template, owner),
        geometry.matrix,
        geometry.appearance,
    ]


def _surface(surface: BoundarySurface, owner: str) -> list[Any]:
    values.demand_exact(surface.attributes, owner)
    return [surface.type, surface.id, surface.attributes, surface.parent, surface.children]


def _as_geometry(parts: list[Any]) -> Geometry:
    kind, lod, boundaries, surfaces, semantics, template, matrix, appearance = parts
    geometry = Geometry(
        type=kind,
        lod=lod,
        boundaries=boundaries,
        surfaces=[BoundarySurface(s[0], s[1], s[2], s[3], tuple(s[4])) for s in surfaces],
        values=semantics,
        template=None if template is None else _as_geometry(template),
        matrix=None if matrix is None else tuple(matrix),
        appearance=appearance,
    )
    geometry.boundaries = _tupled(boundaries, depth_of(geometry))
    return geometry


def _tupled(nested: list[Any], depth: int) -> list[Any]:
    if depth == 0:
        return list(map(tuple, nested))
    return [_tupled(part, depth - 1) for part in nested]
