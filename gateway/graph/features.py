"""One feature as RDF: GeoSPARQL for what and where, the twin's ontology for its type and attributes, PROV for its origin."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import orjson

from gateway.graph.terms import Line, iri, literal, segment, wkt
from gateway.graph.vocabulary import DIGEST, RDF_TYPE, term, vocabulary
from gateway.model.dataset import Collection
from gateway.model.row import Row

_FORMATS = {"date": "xsd:date", "date-time": "xsd:dateTime", "uri": "xsd:anyURI"}


def collection_iri(id_base: str, collection: str) -> str:
    """The IRI of a collection, without brackets."""
    return f"{id_base}{segment(collection)}"


def feature_iri(id_base: str, collection: str, feature: str) -> str:
    """The IRI of a feature, without brackets: `id_base`, the collection, the percent-encoded id."""
    return f"{id_base}{segment(collection)}/{segment(feature)}"


def signature(collection: Collection) -> bytes:
    """What of a collection shows in the RDF of its features; another signature means that they all read otherwise."""
    return repr([(field.name, field.type, field.format) for field in collection.fields]).encode()


def digest(row: Row, shape: bytes) -> str:
    """The fingerprint of a feature's RDF: of what was published, and of the `signature` of its collection."""
    return hashlib.sha256(row.digest + shape).hexdigest()


def feature_lines(row: Row, collection: Collection, dataset: str, id_base: str, shape: bytes, home: str) -> Iterator[Line]:
    """All statements about one feature. `dataset` is the dataset's IRI, `shape` the `signature` of the collection, `home` the
    collection that its parent lives in."""
    subject = f"<{feature_iri(id_base, collection.id, row.id)}>"
    for kind in _types(row.type):
        yield f"{subject} {RDF_TYPE} {kind} .\n"
    yield f"{subject} <{DIGEST}> {literal(digest(row, shape))} .\n"
    yield f"{subject} {term('dct:identifier')} {literal(row.id)} .\n"
    yield f"{subject} {term('twin:inCollection')} <{collection_iri(id_base, collection.id)}> .\n"
    yield f"{subject} {term('prov:wasDerivedFrom')} <{dataset}> .\n"
    if row.parent is not None:
        yield f"{subject} {term('twin:parent')} <{feature_iri(id_base, home, row.parent)}> .\n"
    yield from _validity(subject, row)
    yield from _attributes(subject, row, collection)
    yield from _geometry(subject, row)


def _types(kind: str) -> tuple[str, ...]:
    base = (term("geo:Feature"),)
    if kind == "Feature":
        return base
    known = vocabulary().types.get(kind)
    if known is not None:
        return base + known
    prefix = "extension" if kind.startswith("+") else "twin"
    return (*base, iri(vocabulary().prefixes[prefix] + segment(kind.lstrip("+"))))


def _validity(subject: str, row: Row) -> Iterator[Line]:
    for name, moment in zip(("twin:validFrom", "twin:validTo"), row.validity or (), strict=False):
        if moment is not None:
            yield f"{subject} {term(name)} {literal(moment, 'xsd:dateTime' if 'T' in moment else 'xsd:date')} .\n"


def _attributes(subject: str, row: Row, collection: Collection) -> Iterator[Line]:
    formats = {field.name: _FORMATS.get(field.format or "") for field in collection.fields if field.format}
    for name, value in row.properties.items():
        if value is None or not isinstance(value, str | int | float):
            continue
        datatype = formats.get(name)
        if datatype == "xsd:dateTime" and "T" not in str(value):
            datatype = None
        yield f"{subject} {attribute(name)} {literal(value, datatype)} .\n"


def attribute(name: str) -> str:
    """The property that stands for an attribute, in angle brackets."""
    return vocabulary().attributes.get(name) or f"<{vocabulary().prefixes['attribute']}{segment(name)}>"


def _geometry(subject: str, row: Row) -> Iterator[Line]:
    geometry: Any = orjson.loads(row.ready).get("geometry")
    text = None if geometry is None else wkt(geometry)
    if text is None:
        return
    node = f"{subject[:-1]}#geometry>"
    yield f"{subject} {term('geo:hasGeometry')} {node} .\n"
    yield f"{subject} {term('geo:hasDefaultGeometry')} {node} .\n"
    yield f"{node} {RDF_TYPE} {term('sf:' + geometry['type'])} .\n"
    yield f"{node} {term('geo:asWKT')} {literal(text, 'geo:wktLiteral')} .\n"
