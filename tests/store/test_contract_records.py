"""The contract of `ports.Store`, for records: search, order, values, access."""

from __future__ import annotations

from dataclasses import replace

import pytest
from store_samples import dataset, publish

from gateway.errors import ParameterError
from gateway.model.access import EVERYTHING, Access
from gateway.model.query import Call, Comparison, In, Intersects, IsNull, Like, Not, Property, RecordQuery, Text
from gateway.model.record import Attribute, Contact, Extent, Keyword, Record

RECORDS = [
    Record(
        "r-trees",
        {"en": "Trees of the city", "fr": "Arbres de la ville"},
        {"fr": "Inventaire des arbres isolés, relevé à l'été."},
        contacts=(Contact({"fr": "Service des espaces verts"}, "owner", email="x@example.org"),),
        metadata_contacts=(Contact({"en": "Centre"}),),
        keywords=(Keyword({"en": "tree", "fr": "arbre"}), Keyword({"en": "green"}, "GEMET", "http://example.org/green")),
        topics=("environment",),
        extent=Extent((6.0, 46.0, 6.3, 46.4), (300.0, 500.0), ("2020-01-01", None)),
        crs=("EPSG:2056",),
        modified="2026-03-01",
        attributes=(Attribute("height", "number", {"en": "Height"}),),
        constraints=({"en": "none"},),
        links=({"href": "http://example.org", "rel": "about"},),
        formats=("GeoJSON",),
        source=b"<xml>\xc3\xa9</xml>",
        source_schema="iso19139",
    ),
    Record("r-heat", {"en": "heating network"}, keywords=(Keyword({"en": "tree"}),), modified="2026-01-01"),
    Record("r-pacific", {"en": "Pacific"}, extent=Extent((170.0, -20.0, -170.0, -10.0)), modified="2026-02-01"),
]


@pytest.fixture
def filled(twin):
    for one, level in zip(RECORDS, "ABA", strict=True):
        publish(twin.store, {}, of=replace(dataset(one.id[2:], level=level), record=one))
    return twin


def find(twin, **members):
    with twin.store.reading() as reader:
        matched, found = reader.records(RecordQuery(members.pop("access", EVERYTHING), **members))
    return matched, [one.id[2:] for one in found]


def test_a_record_comes_back_as_it_went_in(filled):
    with filled.store.reading() as reader:
        assert [one.record for one in reader.datasets(EVERYTHING)] == [RECORDS[1], RECORDS[2], RECORDS[0]]


@pytest.mark.parametrize(
    ("filter", "wanted"),
    [
        (Text("arbres ville"), ["trees"]),
        (Text("ETE releve"), ["trees"]),
        (Text("tree"), ["heat", "trees"]),
        (Text("tree nothing"), []),
        (Text('" OR NEAR('), []),
        (Text("---"), ["heat", "pacific", "trees"]),
        (Comparison(Property("title"), "=", "Arbres de la ville"), ["trees"]),
        (Comparison(Call("casei", (Property("title"),)), "=", Call("casei", ("HEATING NETWORK",))), ["heat"]),
        (Comparison(Property("modified"), ">=", "2026-02-01"), ["pacific", "trees"]),
        (Not(Comparison(Property("topics"), "=", "environment")), []),
        (Not(IsNull(Property("topics"))), ["trees"]),
        (IsNull(Property("topics")), ["heat", "pacific"]),
        (Like(Call("casei", (Property("anytext"),)), "%espaces%"), ["trees"]),
        (In(Property("keywords"), ("green", "x")), ["trees"]),
        (Intersects((6.2, 46.3, 7.0, 47.0)), ["trees"]),
        (Intersects((-175.0, -15.0, -174.0, -14.0)), ["pacific"]),
        (Intersects((179.0, -15.0, -179.0, -14.0)), ["pacific"]),
        (Not(Intersects((0.0, 0.0, 1.0, 1.0))), ["pacific", "trees"]),
    ],
)
def test_records_are_found(filled, filter, wanted):
    assert find(filled, filter=filter) == (len(wanted), wanted)


def test_pages_and_order_of_records(filled):
    assert find(filled, sort=(("modified", True),), limit=2) == (3, ["trees", "pacific"])
    assert find(filled, sort=(("title", False),), limit=2, offset=1) == (3, ["pacific", "trees"])
    assert find(filled, limit=0) == (3, [])
    assert find(filled, ids=("r-heat", "r-none")) == (1, ["heat"])


def test_values_of_a_property_are_counted(filled):
    with filled.store.reading() as reader:
        assert reader.record_values("keywords", EVERYTHING) == [("arbre", 1), ("green", 1), ("tree", 2)]
        assert reader.record_values("keywords", Access(levels=frozenset({"B"}))) == [("tree", 1)]
        with pytest.raises(ParameterError):
            reader.record_values("nothing", EVERYTHING)


def test_a_hidden_record_is_not_found_or_counted(filled):
    assert find(filled, access=Access(levels=frozenset({"A"})), filter=Text("tree")) == (1, ["trees"])
    assert find(filled, access=Access(), filter=None) == (0, [])


def test_an_unknown_property_of_records_is_named(filled):
    with pytest.raises(ParameterError) as error:
        find(filled, filter=Comparison(Property("nothing"), "=", "x"))
    assert error.value.parameter == "nothing"


def test_a_new_version_replaces_what_is_searched(filled):
    publish(filled.store, {}, of=replace(dataset("trees", level="A"), record=replace(RECORDS[0], title={"en": "Shrubs"})))
    assert find(filled, filter=Text("arbres ville")) == (0, [])
    assert find(filled, filter=Text("shrubs")) == (1, ["trees"])
    filled.store.rebuild_index()
    assert find(filled, filter=Text("shrubs")) == (1, ["trees"])
    assert find(filled, filter=Text("heating")) == (1, ["heat"])
