"""The contract of `ports.Reader` for sorted pages, earlier versions and the list of versions."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
import shapely
from store_samples import dataset, publish, row

from gateway.errors import NotFound, ParameterError
from gateway.model.access import EVERYTHING, Access
from gateway.model.query import Query

C = "building"


def ask(twin, limit=7, keep_values=True, **members):
    """All pages of a sorted question, as ids."""
    ids, after, position = [], None, ()
    while True:
        with twin.store.reading() as reader:
            page = reader.page(Query(C, EVERYTHING, limit=limit, after=after, position=position, **members))
        ids += [feature["id"] for feature in orjson.loads(b"[" + page.body + b"]")]
        if page.last is None:
            return ids
        assert len(page.position) == len(members["sort"])
        after, position = page.last, page.position if keep_values else ()


def expected(rows, sort):
    """By the definition: stable sorts from the last term to the first, values without order last."""
    found = list(rows)
    for name, descending in reversed(sort):
        with_value = [one for one in found if value(one, name) is not None]
        with_value.sort(key=lambda one: value(one, name), reverse=False)
        if descending:
            groups = {}
            for one in with_value:
                groups.setdefault(value(one, name), []).append(one)
            with_value = [one for key in sorted(groups, reverse=True) for one in groups[key]]
        found = with_value + [one for one in found if value(one, name) is None]
    return [one.id for one in found]


def value(one, name):
    return one.id if name == "id" else one.properties.get(name)


def sample(number=60):
    return [
        row(
            n,
            use=("office", "flats", None)[n % 3],
            floors=None if n % 5 == 0 else (n * 7) % 11,
            code=f"é{n * 13 % 17:02}",
            height=None if n % 7 == 0 else ((n * 29) % 50) / 3,
        )
        for n in range(number)
    ]


ORDERS = (
    (("floors", False),),
    (("floors", True),),
    (("height", True),),
    (("code", False),),
    (("listed", True), ("height", False)),
    (("use", False), ("floors", True), ("code", False)),
    (("use", True), ("id", False)),
    (("id", True),),
)


@pytest.mark.parametrize("sort", ORDERS)
@pytest.mark.parametrize("keep_values", [True, False])
def test_pages_in_an_order_hold_every_feature_once_nulls_last(twin, sort, keep_values):
    rows = sample()
    publish(twin.store, {C: rows})
    assert ask(twin, sort=sort, keep_values=keep_values) == expected(rows, sort)


def test_a_large_collection_is_sorted_along_its_indexes(twin):
    rows = sample(6000)
    publish(twin.store, {C: rows})
    publish(twin.store, {C: rows})  # a second publication may bring indexes
    for sort in ORDERS:
        assert ask(twin, sort=sort, limit=1700) == expected(rows, sort)


def test_boxes_and_filters_sort_what_they_find(twin):
    rows = sample(200)
    publish(twin.store, {C: rows})
    box = (6.0505, 45.0, 6.1201, 47.0)
    inside = [one for one in rows if shapely.intersects(shapely.from_wkb(one.geometry), shapely.box(*box))]
    sort = (("floors", True), ("code", False))
    assert ask(twin, sort=sort, boxes=(box,)) == expected(inside, sort)
    assert ask(twin, sort=sort, boxes=(box, (6.15, 45.0, 6.16, 47.0))) == expected(
        [
            one
            for one in rows
            if any(shapely.intersects(shapely.from_wkb(one.geometry), shapely.box(*b)) for b in (box, (6.15, 45.0, 6.16, 47.0)))
        ],
        sort,
    )
    with twin.store.reading() as reader:
        query = Query(C, EVERYTHING, boxes=(box,), sort=sort)
        assert reader.count(query) == len(inside)
        assert [one.id for one in reader.rows(replace(query, limit=-1))] == expected(inside, sort)
        assert [one.id for one in reader.rows(replace(query, limit=5))] == expected(inside, sort)[:5]


def test_features_that_come_and_go_between_two_pages_shift_nothing(twin):
    rows = sample(30)
    publish(twin.store, {C: rows})
    sort = (("code", False),)
    order = expected(rows, sort)
    with twin.store.reading() as reader:
        first = reader.page(Query(C, EVERYTHING, limit=10, sort=sort))
    gone = order[9]
    publish(twin.store, {C: [one for one in rows if one.id != gone] + [row(100, code="!")]})
    with twin.store.reading() as reader:
        second = reader.page(Query(C, EVERYTHING, limit=10, sort=sort, after=first.last, position=first.position))
        assert [one["id"] for one in orjson.loads(b"[" + second.body + b"]")] == order[10:20]
        with pytest.raises(ParameterError, match="gone"):
            reader.page(Query(C, EVERYTHING, limit=10, sort=sort, after=first.last))


def test_what_has_no_order_is_said_so(twin):
    publish(twin.store, {C: sample(3)})
    with twin.store.reading() as reader:
        for sort in ((("nothing", False),), (("geometry", False),), (("code; DROP TABLE x", True),)):
            with pytest.raises(ParameterError):
                reader.page(Query(C, EVERYTHING, sort=sort))
        with pytest.raises(ParameterError):
            reader.page(Query(C, EVERYTHING, sort=(("code", False),), after=1, position=("a", "b")))


def test_versions_are_listed_for_those_who_may_see_the_dataset(twin):
    publish(twin.store, {C: sample(3)}, of=dataset(level="B"))
    publish(twin.store, {C: sample(4)}, of=dataset(level="B"))
    with twin.store.reading() as reader:
        found = reader.versions("city", EVERYTHING)
        assert [one.number for one in found] == [1, 2]
        assert found[0].published < found[1].published
        assert found[0].entry < found[1].entry
        assert reader.versions("city", Access(levels=frozenset({"A"}))) == []
        assert reader.versions("nothing", EVERYTHING) == []


def test_a_collection_is_described_as_it_stood(twin):
    publish(twin.store, {C: sample(3)})
    publish(twin.store, {C: [row(n, colour="red") for n in range(5)]}, allow_removal=True)
    with twin.store.reading() as reader:
        first, second = reader.versions("city", EVERYTHING)
        before = reader.collection(C, EVERYTHING, version=1)
        assert (before.features, before.version) == (3, 1)
        assert "colour" not in {field.name for field in before.fields}
        assert reader.collection(C, EVERYTHING, as_of=first.published) == before
        now = reader.collection(C, EVERYTHING)
        assert now.features == 5
        assert reader.collection(C, EVERYTHING, version=2) == now
        assert reader.collection(C, EVERYTHING, as_of=second.published) == now
        for version in (0, 3, -1, 2**63):
            assert reader.collection(C, EVERYTHING, version=version) is None
        assert reader.collection(C, EVERYTHING, as_of="1999-01-01T00:00:00Z") is None
        assert reader.collection(C, Access(levels=frozenset({"A"})), version=1) is None


def test_an_earlier_version_is_sorted_searched_and_counted_as_the_present_one(twin):
    rows = sample(60)
    publish(twin.store, {C: rows})
    changed = [row(n, use="barn", code="z", floors=1, height=1.0) if n % 4 == 0 else rows[n] for n in range(55)]
    publish(twin.store, {C: changed})
    sort, box = (("use", False), ("height", True)), (6.0105, 45.0, 6.0401, 47.0)
    inside = [one for one in rows if shapely.intersects(shapely.from_wkb(one.geometry), shapely.box(*box))]
    assert ask(twin, sort=sort, version=1) == expected(rows, sort)
    assert ask(twin, sort=sort, version=1, boxes=(box,), limit=4) == expected(inside, sort)
    with twin.store.reading() as reader:
        assert reader.count(Query(C, EVERYTHING, version=1, boxes=(box,))) == len(inside)
        assert reader.count(Query(C, EVERYTHING, version=1)) == 60
        found = [one.id for one in reader.rows(Query(C, EVERYTHING, version=1, boxes=(box,), sort=sort, limit=-1))]
        assert found == expected(inside, sort)
        assert reader.item(C, "f0", EVERYTHING, version=1).properties["use"] == "office"
        assert reader.item(C, "f59", EVERYTHING) is None
        assert reader.item(C, "f59", EVERYTHING, version=1).id == "f59"
        with pytest.raises(NotFound):
            reader.page(Query(C, EVERYTHING, version=3))


@pytest.mark.parametrize("sort", ORDERS)
def test_an_area_with_very_many_features_is_walked_in_order(twin, sort, monkeypatch):
    if twin.name == "geopackage":
        monkeypatch.setattr("gateway.store.sorting._FEW", 20)
    rows = sample(150)
    publish(twin.store, {C: rows})
    triangle = shapely.Polygon([(6.01, 45.9), (6.14, 45.9), (6.01, 46.1)])
    inside = [one for one in rows if shapely.intersects(shapely.from_wkb(one.geometry), triangle)]
    found = ask(twin, sort=sort, limit=9, boxes=(triangle.bounds,), region=shapely.to_wkb(triangle, flavor="iso"))
    assert found == expected(inside, sort)


def test_heights_are_asked_of_geometries_that_have_them(twin):
    def tower(n, low, high):
        x = 6 + n * 0.001
        return row(n, shape=shapely.LineString([(x, 46, low), (x, 46, high)]))

    rows = [tower(1, 0, 5), tower(2, 5, 9), tower(3, 20, 30), row(4), row(5, shape="none")]
    publish(twin.store, {C: rows})
    publish(twin.store, {C: [tower(1, 100, 105), *rows[1:]]})
    box = (6.0, 45.0, 6.1, 47.0)
    with twin.store.reading() as reader:
        for heights, now, then in (
            ((0, 5), ["f2", "f4"], ["f1", "f2", "f4"]),
            ((10, 19), ["f4"], ["f4"]),
            ((5, 5), ["f2", "f4"], ["f1", "f2", "f4"]),
        ):
            for version, expected_ids in ((None, now), (1, then)):
                query = Query(C, EVERYTHING, boxes=(box,), heights=heights, version=version)
                page = reader.page(query)
                assert [one["id"] for one in orjson.loads(b"[" + page.body + b"]")] == expected_ids
                assert reader.count(query) == len(expected_ids)
