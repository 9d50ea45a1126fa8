"""The contract of `ports.Reader`, for tiles: geometries with their properties by bounds, and where a collection changed."""

from __future__ import annotations

import pytest
import shapely
from store_samples import dataset, publish, row

from gateway.errors import NotFound, ParameterError
from gateway.model.access import EVERYTHING, Access
from gateway.model.crs import Crs
from gateway.model.query import Query

C = "building"
LINE = (6.0, 46.0, 6.0205, 46.001)
"""Bounds of the first 21 squares of `row`."""


def ask(twin, boxes, fields=(), **members):
    thinning = {name: members.pop(name) for name in ("smallest", "every") if name in members}
    with twin.store.reading() as reader:
        return sorted(reader.shapes(Query(C, EVERYTHING, boxes=boxes, **{"limit": 1000, **members}), fields, **thinning))


def changed(twin, since, access=EVERYTHING):
    with twin.store.reading() as reader:
        return reader.changed(C, since, access)


def test_shapes_are_what_was_published_with_the_declared_fields_asked(twin):
    publish(twin.store, {C: [row(n, note="é") for n in range(30)]})
    found = ask(twin, ((6.0, 46.0, 6.0025, 46.1),), ("listed", "note", "height", "storeys"))
    assert [one[1] for one in found] == ["f0", "f1", "f2"]
    assert found[1][3] == (False, "é", 1.5, 1)
    assert found[2][3][0] is True
    assert shapely.equals_exact(
        shapely.from_wkb(found[2][2]), shapely.box(6.002, 46, 6.0025, 46.0005), tolerance=1e-9, normalize=True
    )
    with twin.store.reading() as reader:
        keys = {one.id: one.key for one in reader.rows(Query(C, EVERYTHING, limit=-1))}
    assert [one[0] for one in found] == [keys["f0"], keys["f1"], keys["f2"]]


def test_shapes_keep_their_heights(twin):
    solid = shapely.from_wkt("POLYGON Z ((0 0 400, 1 0 400, 1 1 401, 0 0 400))")
    publish(twin.store, {C: [row(1, shape=solid)]})
    ((_, _, wkb, _),) = ask(twin, ((0, 0, 1, 1),))
    assert shapely.get_coordinates(shapely.from_wkb(wkb), include_z=True)[2][2] == 401


def test_bounds_decide_and_a_feature_without_geometry_is_in_no_box(twin):
    corner = shapely.Polygon([(0, 0), (10, 0), (0, 10)])
    publish(twin.store, {C: [row(1, shape=corner), row(2, shape="none"), row(3, shape=shapely.Polygon())]})
    assert [one[1] for one in ask(twin, ((8.0, 8.0, 9.5, 9.5),))] == ["f1"]


def test_a_feature_in_two_boxes_comes_once_and_the_limit_holds(twin):
    publish(twin.store, {C: [row(n) for n in range(21)]})
    both = ((6.0, 46.0, 6.012, 46.1), (6.01, 46.0, 6.02, 46.1))
    assert len(ask(twin, both)) == 21
    assert len(ask(twin, both, limit=5)) == 5


def test_thinning_keeps_the_large_and_every_nth_of_the_small(twin):
    large = [row(n, shape=shapely.box(6, 46, 6.02, 46.02)) for n in range(100, 103)]
    publish(twin.store, {C: [*(row(n) for n in range(21)), *large]})
    found = ask(twin, (LINE,), smallest=0.01, every=4)
    assert {one[1] for one in found} >= {"f100", "f101", "f102"}
    small = [one for one in found if one[1] not in ("f100", "f101", "f102")]
    assert small and all(one[0] % 4 == 0 for one in small)
    assert found == ask(twin, (LINE,), smallest=0.01, every=4)


def test_shapes_hold_the_time_asked(twin):
    publish(twin.store, {C: [row(1, validity=("2020-01-01", "2020-12-31")), row(2, validity=("2022-01-01", None)), row(3)]})
    found = ask(twin, (LINE,), interval=("2021-06-01T00:00:00Z", "2023-06-01T00:00:00Z"))
    assert [one[1] for one in found] == ["f2", "f3"]


def test_an_undeclared_field_and_a_hidden_collection_are_refused(twin):
    publish(twin.store, {C: [row(1)]}, of=dataset(level="C"))
    with pytest.raises(ParameterError):
        ask(twin, (LINE,), ("nothing",))
    nobody = Access()
    with twin.store.reading() as reader:
        for question in (
            lambda: reader.shapes(Query(C, nobody, boxes=(LINE,)), ()),
            lambda: reader.changed(C, 0, nobody),
            lambda: reader.changed("never", 0, EVERYTHING),
        ):
            with pytest.raises(NotFound):
                question()


def test_changed_tells_the_bounds_before_and_after(twin):
    publish(twin.store, {C: [row(n) for n in range(10)]})
    assert changed(twin, 1) == []
    moved = [*(row(n) for n in range(9) if n != 4), row(4, shape=shapely.box(7, 47, 7.5, 47.5)), row(20)]
    publish(twin.store, {C: moved}, allow_removal=True)
    before, gone, new = row(4).box, row(9).box, row(20).box
    assert sorted(changed(twin, 1)) == sorted([(7.0, 47.0, 7.5, 47.5), before, gone, new])
    assert changed(twin, 2) == []
    publish(twin.store, {C: moved})
    assert changed(twin, 2) == []
    assert len(changed(twin, 1)) == 4


def test_changed_does_not_tell_of_more_than_ten_thousand_or_of_another_system(twin):
    publish(twin.store, {C: [row(n) for n in range(10_001)]})
    assert changed(twin, 0) is None
    publish(twin.store, {C: [row(n, name="other") for n in range(10_001)]})
    assert changed(twin, 1) is None
    publish(twin.store, {C: [row(1)]}, allow_removal=True, crs=Crs("EPSG:4258"))
    assert changed(twin, 2) is None
