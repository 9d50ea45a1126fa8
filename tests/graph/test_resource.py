"""One feature and one dataset as linked data: two encodings, the same statements, and those of the graph."""

from __future__ import annotations

import pytest
import rdflib
from rdflib.compare import isomorphic
from smalltwin import ID_BASE, OPEN, VISIBLE

from gateway.errors import NotAcceptable
from gateway.graph.resource import JSON_LD, TURTLE, dataset_bytes, encode, feature_bytes

BASE = "https://twin.example"
pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")


def parsed(body: bytes, kind: str) -> rdflib.Graph:
    return rdflib.Graph().parse(data=body, format=kind)


def test_a_features_json_ld_and_turtle_say_the_same_and_what_the_graph_says(graph, broker) -> None:
    with graph.twin.store.reading() as reader:
        dataset = reader.dataset("trees", OPEN)
        row = reader.item("trees", "tree/3 é", OPEN)
        assert dataset is not None and row is not None
        parts = (dataset, dataset.collections[0], row, ID_BASE, BASE)
        turtle, linked = (feature_bytes(*parts, kind) for kind in (TURTLE, JSON_LD))
    one, other = parsed(turtle, "turtle"), parsed(linked, "json-ld")
    assert isomorphic(one, other)
    subject = f"{ID_BASE}trees/tree%2F3%20%C3%A9"
    stored = parsed(broker.ask(f"DESCRIBE <{subject}> <{subject}#geometry>", VISIBLE, "nt")[1], "nt")
    assert set(stored) <= set(one)
    assert (rdflib.URIRef(subject), rdflib.RDF.type, rdflib.URIRef("http://www.opengis.net/ont/geosparql#Feature")) in one


def test_a_datasets_json_ld_and_turtle_say_the_same(graph) -> None:
    with graph.twin.store.reading() as reader:
        dataset = reader.dataset("trees", OPEN)
        assert dataset is not None
        turtle, linked = (dataset_bytes(dataset, ID_BASE, BASE, kind) for kind in (TURTLE, JSON_LD))
    one = parsed(turtle, "turtle")
    assert isomorphic(one, parsed(linked, "json-ld"))
    title = rdflib.Literal("trees de la ville", lang="fr")
    assert (rdflib.URIRef(f"{ID_BASE}dataset/trees"), rdflib.DCTERMS.title, title) in one
    assert (None, rdflib.DCAT.accessURL, rdflib.URIRef(f"{BASE}/collections/trees/items")) in one


def test_nothing_else_is_written() -> None:
    with pytest.raises(NotAcceptable):
        encode([], "application/rdf+xml")


@pytest.mark.parametrize(
    ("geometry", "text"),
    [
        ({"type": "Point", "coordinates": [6.1, 46.2]}, "POINT (6.1 46.2)"),
        ({"type": "MultiPoint", "coordinates": [[1, 2], [3, 4]]}, "MULTIPOINT ((1 2), (3 4))"),
        ({"type": "LineString", "coordinates": [[1, 2, 3], [3, 4, 5]]}, "LINESTRING Z (1 2 3, 3 4 5)"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}, "POLYGON ((0 0, 1 0, 1 1, 0 0))"),
        ({"type": "MultiPolygon", "coordinates": [[[[0, 0], [1, 0], [1, 1], [0, 0]]]]}, "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))"),
        (
            {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [1, 2]}]},
            "GEOMETRYCOLLECTION (POINT (1 2))",
        ),
        ({"type": "Polygon", "coordinates": []}, None),
    ],
)
def test_a_geometry_is_written_as_wkt(geometry, text) -> None:
    from gateway.graph.terms import wkt

    assert wkt(geometry) == text
