"""The contract of `ports.Store`, for features: pages, counts, filters, items, families."""

from __future__ import annotations

import orjson
import pytest
import shapely
from store_samples import SIZE, dataset, publication, publish, row

from gateway.errors import NotFound, ParameterError
from gateway.model.access import EVERYTHING, Access
from gateway.model.crs import Crs
from gateway.model.query import And, Between, Call, Comparison, In, Intersects, IsNull, Like, Not, Or, Property, Query

C = "building"


def ask(twin, **members):
    """(ids of all pages, number of pages)"""
    ids, after, pages = [], None, 0
    while True:
        with twin.store.reading() as reader:
            page = reader.page(Query(C, EVERYTHING, after=after, **members))
        found = orjson.loads(b"[" + page.body + b"]")
        assert len(found) == page.returned
        ids += [feature["id"] for feature in found]
        pages += 1
        if page.last is None:
            return ids, pages
        after = page.last


def count(twin, cap=None, **members):
    with twin.store.reading() as reader:
        return reader.count(Query(C, EVERYTHING, **members), cap)


def test_pages_hold_every_feature_once_in_one_order(twin):
    publish(twin.store, {C: (row(n) for n in range(95))})
    ids, pages = ask(twin, limit=10)
    assert ids == [f"f{n}" for n in range(95)]
    assert pages == 10
    assert count(twin) == 95


def test_the_bytes_served_are_the_bytes_published(twin):
    sent = [row(n, note="é ∑ 😀") for n in range(3)]
    publish(twin.store, {C: sent})
    with twin.store.reading() as reader:
        page = reader.page(Query(C, EVERYTHING, limit=10))
        rows = list(reader.rows(Query(C, EVERYTHING, limit=-1)))
    assert page.body == b",".join(one.ready for one in sent)
    for one, back in zip(sent, rows, strict=True):
        assert (back.id, back.properties, back.geometry, back.box, back.ready, back.digest) == (
            *(one.id, one.properties, one.geometry, one.box, one.ready, one.digest),
        )


def test_a_box_asks_the_geometry_itself_not_its_bounds(twin):
    corner = shapely.Polygon([(0, 0), (10, 0), (0, 10)])
    publish(twin.store, {C: [row(1, shape=corner), row(2, shape=shapely.Point(9, 9)), row(3, shape="none")]})
    far, near = (8.0, 8.0, 9.5, 9.5), (1.0, 1.0, 2.0, 2.0)
    assert ask(twin, boxes=(far,))[0] == ["f2"]
    assert ask(twin, boxes=(near,))[0] == ["f1"]
    assert ask(twin, boxes=(near, far))[0] == ["f1", "f2"]
    assert [count(twin, boxes=boxes) for boxes in ((far,), (near,), (near, far))] == [1, 1, 2]


def test_a_box_that_touches_a_feature_finds_it_to_the_last_bit(twin):
    edge = 6.1234567890123
    publish(twin.store, {C: [row(1, shape=shapely.box(6, 46, edge, 47))]})
    assert count(twin, boxes=((edge, 46.0, 7.0, 46.5),)) == 1
    assert count(twin, boxes=((edge + 1e-12, 46.0, 7.0, 46.5),)) == 0


def test_a_region_cuts_what_its_bounds_would_let_in(twin):
    publish(
        twin.store, {C: [row(1, shape=shapely.Point(1, 1)), row(2, shape=shapely.Point(5, 5)), row(3, shape=shapely.Point(5, 9.9))]}
    )
    region = shapely.Polygon([(5, 0), (10, 5), (5, 10), (0, 5)])
    wanted = {"boxes": (region.bounds,), "region": shapely.to_wkb(region)}
    assert ask(twin, **wanted)[0] == ["f2", "f3"]
    assert count(twin, **wanted) == 2


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_pages_of_a_box_hold_what_a_full_scan_finds(twin, limit):
    publish(twin.store, {C: (row(n, shape=shapely.Point(n % 50, n // 50).buffer(0.6, quad_segs=2)) for n in range(2500))})
    box = (9.5, 9.45, 30.45, 40.5)
    with twin.store.reading() as reader:
        rows = list(reader.rows(Query(C, EVERYTHING, limit=-1)))
    area = shapely.box(*box)
    wanted = [one.id for one in rows if shapely.intersects(area, shapely.from_wkb(one.geometry))]
    assert ask(twin, boxes=(box,), limit=limit)[0] == wanted
    assert count(twin, boxes=(box,)) == len(wanted)
    assert count(twin, boxes=(box,), cap=len(wanted)) == len(wanted)
    assert count(twin, boxes=(box,), cap=len(wanted) - 1) is None


def test_a_box_around_everything_pages_by_walking(twin):
    publish(twin.store, {C: (row(n, shape=shapely.Point(n % 70, n // 70)) for n in range(4900))})
    everything, half = (-1.0, -1.0, 99.0, 99.0), (-1.0, -1.0, 34.5, 99.0)
    assert len(set(ask(twin, boxes=(everything,), limit=1000)[0])) == 4900
    assert len(set(ask(twin, boxes=(half,), limit=10)[0])) == 35 * 70


PEOPLE = [
    {"name": "Ada", "age": 36, "note": "10%_x"},
    {"name": "ada", "age": None, "note": None},
    {"name": "Éloïse", "age": 7, "note": "a*b[c]?"},
    {"name": "Zoë's", "age": 70, "note": "\\back"},
]


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        (Comparison(Property("name"), "=", "Ada"), "0"),
        (Comparison(Call("casei", (Property("name"),)), "=", Call("casei", ("ADA",))), "01"),
        (Comparison(Call("casei", (Property("name"),)), "=", Call("casei", ("ÉLOÏSE",))), "2"),
        (Comparison(Property("name"), "=", "Zoë's"), "3"),
        (Comparison(Property("name"), "=", "x' OR '1'='1"), ""),
        (Comparison(Property("age"), "<>", 36), "23"),
        (Not(Comparison(Property("age"), "=", 36)), "23"),
        (Comparison(Property("age"), "=", None), ""),
        (IsNull(Property("age")), "1"),
        (Not(IsNull(Property("age"))), "023"),
        (Between(Property("age"), 7, 36), "02"),
        (In(Property("age"), (7, 70)), "23"),
        (In(Property("age"), ()), ""),
        (Not(In(Property("age"), (7,))), "03"),
        (Like(Property("name"), "%a"), "01"),
        (Like(Property("name"), "A%"), "0"),
        (Like(Call("casei", (Property("name"),)), "a__"), "01"),
        (Like(Property("note"), "10\\%\\_x"), "0"),
        (Like(Property("note"), "a*b[c]?"), "2"),
        (Like(Property("note"), "a_b%"), "2"),
        (Like(Property("note"), "\\\\b%"), "3"),
        (And(()), "0123"),
        (Or(()), ""),
        (And((Comparison(Property("age"), ">", 6), Comparison(Property("age"), "<=", 36))), "02"),
        (Or((Comparison(Property("age"), "=", 7), Comparison(Property("name"), "=", "Ada"))), "02"),
        (Intersects((0.5, -1.0, 1.5, 1.0)), "1"),
        (Not(Intersects((0.5, -1.0, 1.5, 1.0))), "02"),
    ],
)
def test_a_filter_follows_three_valued_logic(twin, expression, wanted):
    publish(
        twin.store, {C: [row(n, id=str(n), shape=shapely.Point(n, 0) if n != 3 else "none", **one) for n, one in enumerate(PEOPLE)]}
    )
    assert "".join(ask(twin, filter=expression)[0]) == wanted
    assert count(twin, filter=expression) == len(wanted)


@pytest.mark.parametrize(
    "expression",
    [
        Comparison(Property("gw_digest"), "=", "x"),
        Comparison(Property("no such"), "=", "x"),
        Comparison(Property("age"), "=", "seven"),
        Comparison(Property("age"), "=", True),
        Comparison(Property("name"), "; DROP TABLE", "x"),
        Like(Property("age"), "7%"),
        Like(Property("name"), "a" * 5000),
    ],
)
def test_a_filter_that_cannot_be_answered_names_its_property(twin, expression):
    publish(twin.store, {C: [row(n, **one) for n, one in enumerate(PEOPLE)]})
    with pytest.raises(ParameterError) as error:
        ask(twin, filter=expression)
    assert error.value.parameter == (expression.operand if isinstance(expression, Like) else expression.left).name


def test_a_filter_may_be_wide_but_not_bottomless(twin):
    publish(twin.store, {C: (row(n) for n in range(30))})
    wide = Or(tuple(Comparison(Property("name"), "=", f"n{n}") for n in range(3000)))
    assert count(twin, filter=wide) == 30
    deep = Comparison(Property("name"), "=", "n1")
    for _ in range(500):
        deep = Not(deep)
    with pytest.raises(ParameterError):
        count(twin, filter=deep)


def test_a_filter_and_a_box_hold_together(twin):
    publish(twin.store, {C: (row(n) for n in range(40))})
    box = (6.0095, 45.0, 6.0205, 47.0)
    assert ask(twin, boxes=(box,), filter=Comparison(Property("storeys"), "=", 0), limit=2)[0] == ["f12", "f16", "f20"]
    assert count(twin, boxes=(box,), filter=Comparison(Property("storeys"), "=", 0)) == 3


def test_datetime_is_the_validity_of_the_feature(twin):
    spans = [
        None,
        ("2020-01-01", "2020-12-31"),
        ("2020-12-31T12:00:00Z", None),
        (None, "2019-06-30T23:00:00+02:00"),
        ("2025-05-05", "2025-05-05"),
    ]
    publish(twin.store, {C: [row(n, validity=span) for n, span in enumerate(spans)]})
    assert ask(twin, interval=("2020-12-31", "2020-12-31"))[0] == ["f0", "f1", "f2"]
    assert ask(twin, interval=(None, "2019-06-30T21:00:00Z"))[0] == ["f0", "f3"]
    assert ask(twin, interval=("2019-06-30T21:00:00.001Z", None))[0] == ["f0", "f1", "f2", "f4"]
    assert ask(twin, interval=("2025-05-05T23:59:59Z", "2025-05-05T23:59:59Z"))[0] == ["f0", "f2", "f4"]
    with twin.store.reading() as reader:
        assert [one.validity for one in reader.rows(Query(C, EVERYTHING, limit=-1))] == spans
        assert reader.collection(C, EVERYTHING).interval == (None, None)


def test_a_property_may_be_called_what_it_likes(twin):
    names = {
        "fid": 1,
        "geom": "g",
        "gw_id": "x",
        "GW_ID": "y",
        "rowid": 2,
        "row": 3,
        "p0": "p",
        "n": 4,
        "": "empty",
        'q"; --': 5,
        "Name": "N",
        "NAME": "M",
        "é": 6,
        "ID": "i",
    }
    publish(twin.store, {C: [row(1, **names), row(2)]})
    for name, value in names.items():
        assert ask(twin, filter=Comparison(Property(name), "=", value))[0] == ["f1"], name
    publish(twin.store, {C: [row(1, **{**names, "p0": "q"}), row(2, **names)]})
    assert ask(twin, filter=Comparison(Property("p0"), "=", "p"))[0] == ["f2"]
    with twin.store.reading() as reader:
        assert reader.item(C, "f1", EVERYTHING).properties["GW_ID"] == "y"


def test_the_first_200_properties_have_columns_and_the_rest_is_told(twin):
    wide = {f"c{n}": n for n in range(300)}
    made = publication(twin.store, {C: [row(1, **wide)]})
    assert len(made.collections[0][1].dropped_columns) == 104
    twin.store.publish(made)
    with twin.store.reading() as reader:
        assert len(reader.collection(C, EVERYTHING).fields) == 200
        assert reader.item(C, "f1", EVERYTHING).properties["c299"] == 299
    with pytest.raises(ParameterError):
        ask(twin, filter=Comparison(Property("c299"), "=", 299))


def test_types_are_as_narrow_as_the_values_allow(twin):
    publish(
        twin.store,
        {C: [row(1, a=1, b=True, c="x", d=1, e=None, f=2**64 - 1), row(2, a=2.5, b=False, c="y", d="mixed", e=None, f=1)]},
    )
    with twin.store.reading() as reader:
        types = {field.name: field.type for field in reader.collection(C, EVERYTHING).fields}
        assert [types[name] for name in "abcdef"] == ["number", "boolean", "string", "string", "string", "integer"]
        assert reader.item(C, "f1", EVERYTHING).properties["f"] == 2**64 - 1
    assert ask(twin, filter=Comparison(Property("d"), "=", "1"))[0] == ["f1"]
    assert ask(twin, filter=Comparison(Property("b"), "=", True))[0] == ["f1"]


def test_a_collection_is_what_its_rows_add_up_to(twin):
    publish(twin.store, {C: (row(n) for n in range(10))})
    with twin.store.reading() as reader:
        found = reader.collection(C, EVERYTHING)
    assert found.storage_box == pytest.approx((6.0, 46.0, 6.009 + SIZE, 46 + SIZE), abs=1e-12)
    assert found.box == pytest.approx(found.storage_box)
    assert (found.features, found.geometry_type, found.three_d, found.interval) == (10, "Polygon", False, None)


def test_an_extent_in_another_system_is_told_in_degrees(twin):
    publish(twin.store, {C: [row(1, shape=shapely.Point(2600000, 1200000, 540))]}, crs=Crs("EPSG:2056", "EPSG:5728"))
    with twin.store.reading() as reader:
        found = reader.collection(C, EVERYTHING)
    assert found.box == pytest.approx((7.43864, 46.95108, 7.43864, 46.95108), abs=1e-4)
    assert found.crs.code == "EPSG:2056+5728"


def test_an_item_is_found_by_its_exact_id(twin):
    publish(twin.store, {C: [row(1, id="A"), row(2, id="a"), row(3, id="ä/'\"%")]})
    with twin.store.reading() as reader:
        assert reader.item(C, "a", EVERYTHING).properties["name"] == "n2"
        assert reader.item(C, "ä/'\"%", EVERYTHING).id == "ä/'\"%"
        assert reader.item(C, "b", EVERYTHING) is None
        assert reader.item("nowhere", "a", EVERYTHING) is None
        assert reader.existing(C, ["A", "b", "ä/'\"%"]) == {"A", "ä/'\"%"}
        assert reader.existing(C, []) == reader.existing("nowhere", ["A"]) == set()


def test_a_family_stays_together_parents_first(twin):
    rows = [
        row(1),
        row(2),
        row(3, parent="f1"),
        row(4, parent="f3"),
        row(5, parent="f2"),
        row(6, parent="f1"),
        row(7, parent="elsewhere"),
    ]
    publish(twin.store, {C: rows})
    publish(twin.store, {C: [row(8, parent="f3")]}, mode="delta")
    with twin.store.reading() as reader:
        order = [one.id for one in reader.family(C, EVERYTHING)]
    assert order == ["f1", "f3", "f4", "f8", "f6", "f2", "f5", "f7"]


def test_a_large_family_streams_whole(twin):
    publish(twin.store, {C: [row(n, parent=f"f{n - n % 7}" if n % 7 else None) for n in range(7 * 600)]})
    with twin.store.reading() as reader:
        order = [one.id for one in reader.family(C, EVERYTHING)]
    assert order == [f"f{n}" for n in range(7 * 600)]


def test_what_a_reader_may_not_see_does_not_exist(twin):
    publish(twin.store, {C: [row(1)]}, of=dataset("secret", level="B", owner="p-2"))
    publish(twin.store, {"tree": [row(1)]}, of=dataset("trees", level="A"))
    nobody = Access(levels=frozenset({"A"}))
    for access, seen in (
        (nobody, False),
        (Access(owner="p-2"), True),
        (Access(datasets=frozenset({"secret"})), True),
        (Access(), False),
        (Access(levels=frozenset({"B"})), True),
    ):
        with twin.store.reading() as reader:
            assert (reader.collection(C, access) is not None) == seen
            assert (reader.item(C, "f1", access) is not None) == seen
            assert (reader.dataset("secret", access) is not None) == seen
            assert (C in [one.id for one in reader.collections(access)]) == seen
            assert ("secret" in [one.id for one in reader.datasets(access)]) == seen
            for question in (reader.page, reader.count, lambda query, reader=reader: list(reader.rows(query))):
                if seen:
                    question(Query(C, access))
                else:
                    with pytest.raises(NotFound):
                        question(Query(C, access))


def test_all_rows_of_two_boxes_are_given_without_a_limit(twin):
    """Across the antimeridian a question has two boxes; a download of it asks for all rows."""
    publish(twin.store, {C: (row(n) for n in range(30))})
    boxes = ((5.9, 45.9, 6.0095, 46.1), (6.0195, 45.9, 6.1, 46.1))
    with twin.store.reading() as reader:
        both = [row.id for row in reader.rows(Query(C, EVERYTHING, limit=-1, boxes=boxes))]
    assert both == [f"f{n}" for n in (*range(10), *range(19, 30))]
