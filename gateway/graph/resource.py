"""One feature or one dataset as JSON-LD or Turtle, at its identifier: the same statements as in the graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson
import pyoxigraph as engine

from gateway.errors import NotAcceptable
from gateway.graph.datasets import attribution_lines, dataset_iri, dataset_lines
from gateway.graph.features import collection_iri, feature_iri, feature_lines, signature
from gateway.graph.terms import Line, iri, literal, segment
from gateway.graph.vocabulary import RDF_TYPE, term, vocabulary
from gateway.model.dataset import Collection, Dataset
from gateway.model.row import Row

JSON_LD = "application/ld+json"
TURTLE = "text/turtle"
_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_PLAIN = "http://www.w3.org/2001/XMLSchema#string"
_NATIVE = {"http://www.w3.org/2001/XMLSchema#boolean", "http://www.w3.org/2001/XMLSchema#integer"}


def feature_bytes(
    dataset: Dataset, collection: Collection, row: Row, id_base: str, base_url: str, media_type: str, *, home: str | None = None
) -> bytes:
    """One feature as `media_type` (JSON-LD or Turtle), with links to the page and data below `base_url` (no slash at its end).

    `home` is the collection of its parent, by default its own.
    """
    about = dataset_iri(id_base, dataset.id)
    subject = f"<{feature_iri(id_base, collection.id, row.id)}>"
    place = f"{base_url}/collections/{segment(collection.id)}/items/{segment(row.id)}"
    lines = [*feature_lines(row, collection, about, id_base, signature(collection), home or collection.id)]
    lines.extend(attribution_lines(dataset, id_base))
    lines.append(f"{subject} {term('foaf:page')} {iri(place + '?f=html')} .\n")
    lines.append(f"{subject} {term('rdfs:seeAlso')} {iri(place + '?f=json')} .\n")
    return encode(lines, media_type)


def dataset_bytes(dataset: Dataset, id_base: str, base_url: str, media_type: str) -> bytes:
    """One dataset as `media_type` (JSON-LD or Turtle), with its distributions below `base_url` (no slash at its end)."""
    lines = [*dataset_lines(dataset, id_base, full=dataset.graph == "full"), *_distributions(dataset, id_base, base_url)]
    return encode(lines, media_type)


def encode(lines: Iterable[Line], media_type: str) -> bytes:
    """Statements as `media_type`. Raises NotAcceptable for another than JSON-LD and Turtle."""
    text = "".join(lines).encode()
    triples = [quad.triple for quad in _parsed(text)]
    if media_type == JSON_LD:
        return json_ld(triples)
    if media_type != TURTLE:
        raise NotAcceptable(f"no RDF of type {media_type}", cure=f"ask for {JSON_LD} or {TURTLE}")
    used = {name: space for name, space in vocabulary().prefixes.items() if space.encode() in text}
    written = engine.serialize(triples, format=engine.RdfFormat.TURTLE, prefixes=used)
    return written or b""


def _parsed(text: bytes) -> list[engine.Quad]:
    """The statements of N-Triples text; those that are no RDF (a partner's address that is no IRI) are left out."""
    try:
        return list(engine.parse(text, format=engine.RdfFormat.N_TRIPLES))
    except SyntaxError:
        return [quad for line in text.splitlines(keepends=True) for quad in _parsed_line(line)]


def _parsed_line(line: bytes) -> list[engine.Quad]:
    try:
        return list(engine.parse(line, format=engine.RdfFormat.N_TRIPLES))
    except SyntaxError:
        return []


def json_ld(triples: Iterable[engine.Triple]) -> bytes:
    """Triples as JSON-LD 1.1: one node object a subject, its context written out with the prefixes used and nothing remote."""
    nodes: dict[str, dict[str, Any]] = {}
    used: dict[str, str] = {}
    for triple in triples:
        subject = _name(triple.subject)
        node = nodes.setdefault(subject, {"@id": subject})
        predicate = _name(triple.predicate)
        if predicate == _TYPE:
            node.setdefault("@type", []).append(_compact(_name(triple.object), used))
        else:
            _append(node, _compact(predicate, used), _value(triple.object, used))
    context: dict[str, Any] = dict(sorted(used.items()))
    only = list(nodes.values())
    body = {"@context": context, **only[0]} if len(only) == 1 else {"@context": context, "@graph": only}
    return orjson.dumps(body)


def _distributions(dataset: Dataset, id_base: str, base_url: str) -> Iterator[Line]:
    subject = f"<{dataset_iri(id_base, dataset.id)}>"
    yield f"{subject} {term('dcat:landingPage')} {iri(f'{base_url}/datasets/{segment(dataset.id)}?f=html')} .\n"
    for collection in dataset.collections:
        node = f"<{collection_iri(id_base, collection.id)}#items>"
        address = f"{base_url}/collections/{segment(collection.id)}/items"
        yield f"{subject} {term('dcat:distribution')} {node} .\n"
        yield f"{node} {RDF_TYPE} {term('dcat:Distribution')} .\n"
        yield f"{node} {term('dcat:accessURL')} {iri(address)} .\n"
        yield f"{node} {term('dcat:mediaType')} {iri('https://www.iana.org/assignments/media-types/application/geo+json')} .\n"
        yield f"{node} {term('dct:conformsTo')} {iri('http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core')} .\n"
        yield f"{node} {term('dct:title')} {literal(collection.id)} .\n"


def _name(node: Any) -> str:
    return str(node.value) if isinstance(node, engine.NamedNode) else str(node)


def _compact(name: str, used: dict[str, str]) -> str:
    """An IRI as prefix and local name where that is unambiguous JSON-LD; its prefix is noted in `used`."""
    for prefix, space in vocabulary().prefixes.items():
        if name.startswith(space) and name != space:
            used[prefix] = space
            return f"{prefix}:{name.removeprefix(space)}"
    return name


def _value(node: Any, used: dict[str, str]) -> Any:
    if not isinstance(node, engine.Literal):
        return {"@id": _name(node)}
    if node.language is not None:
        return {"@language": node.language, "@value": node.value}
    kind = node.datatype.value
    if kind == _PLAIN:
        return node.value
    if kind in _NATIVE and node.value == str(orjson.loads(node.value)).lower() and len(node.value) < 16:
        return orjson.loads(node.value)
    return {"@type": _compact(kind, used), "@value": node.value}


def _append(node: dict[str, Any], key: str, value: Any) -> None:
    if key not in node:
        node[key] = value
    elif isinstance(node[key], list):
        node[key].append(value)
    else:
        node[key] = [node[key], value]
