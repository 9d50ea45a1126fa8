"""What strangers may ask of the PostGIS reader: odd texts and numbers find nothing, and never break a question."""

from __future__ import annotations

import pytest
import shapely
from store_samples import dataset, publish, row

from gateway.model.access import EVERYTHING, Access
from gateway.model.query import Array, Arrays, Call, Comparison, Geometry, In, Like, Property, Query, RecordQuery, Spatial
from gateway.model.query import Text as Words

pytestmark = pytest.mark.service
C = "building"
ODD = ("a\0b", "\ud800", "\U0010ffff", "%", "\\", "?", "$1", "é" * 5000, "")


@pytest.fixture
def filled(twin):
    publish(twin.store, {C: (row(n, note=f"note {n}") for n in range(20))})
    return twin


@pytest.mark.parametrize("text", ODD)
def test_an_odd_text_finds_nothing_and_harms_nothing(filled, text):
    with filled.store.reading() as reader:
        assert reader.collection(text, EVERYTHING) is None
        assert reader.dataset(text, EVERYTHING) is None
        assert reader.item(C, text, EVERYTHING) is None
        assert reader.item(text, "f1", EVERYTHING) is None
        assert reader.existing(C, [text, "f1"]) == {"f1"}
        assert reader.collections(Access(owner=text, datasets=frozenset({text}))) == []
        for part in (
            Comparison(Property("note"), "=", text),
            In(Property("note"), (text, text)),
            Comparison(Call("casei", (Property("note"),)), "=", Call("accenti", (text,))),
            Like(Property("note"), text[:100]) if text != "%" else In(Property("note"), (text,)),
        ):
            assert reader.count(Query(C, EVERYTHING, filter=part)) == 0
        assert reader.records(RecordQuery(EVERYTHING, Comparison(Property("title"), "=", text), ids=(text,)))[0] == 0
        reader.records(RecordQuery(EVERYTHING, Words(text)))


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**70, 1e308, -1e308, 5e-324])
def test_numbers_beyond_64_bits_are_compared_and_pages_begin_behind_any_key(filled, number):
    with filled.store.reading() as reader:
        for name in ("height", "storeys"):
            below = reader.count(Query(C, EVERYTHING, filter=Comparison(Property(name), "<", number)))
            assert below == sum((n * 1.5 if name == "height" else n % 4) < number for n in range(20))
        assert reader.count(Query(C, EVERYTHING, filter=Comparison(Call("*", (Property("storeys"), number)), "=", 1))) == 0
        if isinstance(number, int):
            box = (5.0, 45.0, 7.0, 47.0)
            for boxes in ((), (box,)):
                found = reader.page(Query(C, EVERYTHING, after=number, boxes=boxes))
                assert found.returned == (0 if number > 0 else 10)
            assert reader.published("city", number) is None


def test_facts_of_many_collections_are_read_once_and_follow_their_versions(twin):
    for number in range(4):
        publish(twin.store, {f"c{number}": [row(1)]}, of=dataset(f"d{number}"))
    for _ in range(2):
        with twin.store.reading() as reader:
            assert [one.features for one in reader.collections(EVERYTHING)] == [1, 1, 1, 1]
    publish(twin.store, {"c2": [row(1), row(2)]}, of=dataset("d2"))
    with twin.store.reading() as reader:
        assert [one.features for one in reader.collections(EVERYTHING)] == [1, 1, 2, 1]
        assert [one.collections[0].features for one in reader.datasets(EVERYTHING)] == [1, 1, 2, 1]


@pytest.mark.parametrize("relation", ["intersects", "equals", "disjoint", "touches", "within", "overlaps", "crosses", "contains"])
def test_relations_hold_for_geometries_that_are_not_valid_and_for_collections(twin, relation):
    shapes = [
        shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)]),
        shapely.GeometryCollection([shapely.Point(1, 1), shapely.Point(5, 5)]),
        shapely.GeometryCollection([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]),
        shapely.box(0, 0, 2, 2),
        shapely.Polygon(),
    ]
    publish(twin.store, {C: [row(n, shape=shape) for n, shape in enumerate(shapes)]})
    literal = shapely.box(0, 0, 2, 2)
    asked = Spatial(relation, Property("geometry"), Geometry(shapely.to_wkb(literal)))
    wanted = [f"f{n}" for n, shape in enumerate(shapes) if n and getattr(shapely, relation)(shape, literal)]
    with twin.store.reading() as reader:
        found = [one.id for one in reader.rows(Query(C, EVERYTHING, filter=asked, limit=-1))]
    assert [id for id in found if id != "f0"] == wanted  # what is not valid is answered, as the server's GEOS sees it


def test_a_list_of_odd_texts_is_compared(filled):
    with filled.store.reading() as reader:
        asked = Arrays("overlaps", Array(ODD[:1] + ODD[2:]), Array(("a\0b",)))
        assert reader.count(Query(C, EVERYTHING, filter=asked)) == 20
