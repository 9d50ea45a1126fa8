"""Features become rows."""

import hashlib
import struct
from dataclasses import replace

import orjson
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InputError
from gateway.model.crs import CRS84, Crs
from gateway.model.feature import Feature
from gateway.model.geometry import Geometry
from gateway.services import document
from gateway.services.rows import rows
from tests.geo.test_footprint import solid

LV95 = Crs("EPSG:2056", "EPSG:5728")


def wkb(wkt):
    return shapely.to_wkb(shapely.from_wkt(wkt), flavor="iso")


def one(feature, crs=LV95):
    (row,) = rows([feature], crs)
    return row


def house(identity="b1", east=2500000.0, **other):
    return Feature(identity, type="Building", collection="building", geometries=[solid(x=east, y=1118000.0)], **other)


def test_a_plain_feature_is_ready_in_crs84_and_kept_in_its_own_system():
    row = one(Feature("t1", properties={"kind": "oak", "height": 7.5}, shape=wkb("POINT Z (2600000 1200000 550)")))
    assert row.ready == (
        b'{"type":"Feature","id":"t1","geometry":{"type":"Point","coordinates":[7.438632421,46.951082772]},'
        b'"properties":{"kind":"oak","height":7.5}}'
    )
    assert row.geometry == wkb("POINT Z (2600000 1200000 550)")
    assert row.box == (2600000.0, 1200000.0, 2600000.0, 1200000.0)
    assert row.document is None
    assert len(row.digest) == hashlib.sha256().digest_size


def test_a_building_has_its_footprint_its_document_its_type_and_its_parent():
    row = one(house(properties={"storeys": 3}, parent="b0"))
    ready = orjson.loads(row.ready)
    assert ready["properties"] == {"storeys": 3, "type": "Building", "parent": "b0"}
    assert row.properties == ready["properties"]
    assert shapely.from_geojson(orjson.dumps(ready["geometry"])).exterior.is_ccw
    assert shapely.from_wkb(row.geometry).equals(shapely.box(2500000, 1118000, 2500010, 1118008))
    back = document.of_row(row, "house")
    assert back == replace(house(properties={"storeys": 3}, parent="b0"), collection="house", shape=row.geometry)


def test_a_source_that_says_type_itself_keeps_its_word():
    row = one(house(properties={"type": "villa"}))
    assert row.properties["type"] == "villa"


def test_nested_values_are_shown_but_are_no_columns():
    item = Feature("a", properties={"n": 1, "tags": ["x", {"y": None}]}, shape=wkb("POINT (6 46)"))
    row = one(item, CRS84)
    assert row.properties == {"n": 1}
    assert orjson.loads(row.ready)["properties"] == item.properties
    assert document.of_row(row, "features") == item


def test_a_feature_without_geometry_is_null_and_has_no_box():
    row = one(Feature("a"))
    assert (row.geometry, row.box) == (None, None)
    assert orjson.loads(row.ready)["geometry"] is None
    assert one(Feature("a", shape=wkb("POLYGON EMPTY"))).geometry is None


def test_a_building_of_parts_has_the_footprint_of_its_parts():
    family = [
        Feature("b", type="Building", children=("p1", "p2")),
        house("p1", parent="b"),
        house("p2", east=2500010.0, parent="b"),
        house("other"),
    ]
    found = {row.id: row for row in rows(family, LV95)}
    assert shapely.from_wkb(found["b"].geometry).equals(shapely.box(2500000, 1118000, 2500020, 1118008))
    moved = [family[0], family[1], house("p2", east=2500030.0, parent="b")]
    assert next(iter(rows(moved, LV95))).digest != found["b"].digest


def test_batches_do_not_part_families_and_keep_the_order():
    family = [Feature(f"f{n}", parent=None if n % 3 == 0 else f"f{n - n % 3}") for n in range(3000)]
    assert [row.id for row in rows(iter(family), LV95)] == [item.id for item in family]


def test_rows_stream():
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield Feature(f"f{taken}", shape=wkb("POINT (2600000 1200000)"))

    stream = rows(endless(), LV95)
    assert next(stream).id == "f1"
    assert taken < 1100


def test_the_digest_is_blind_to_the_order_of_members_and_to_nothing_else():
    item = Feature("a", properties={"x": 1, "y": {"p": 1, "q": 2}}, shape=wkb("POINT (6 46)"), place="line 1")
    base = one(item, CRS84).digest
    assert one(replace(item, properties={"y": {"q": 2, "p": 1}, "x": 1}, place="line 9"), CRS84).digest == base
    changed = [
        replace(item, id="b"),
        replace(item, properties={"x": 1.0, "y": {"p": 1, "q": 2}}),
        replace(item, properties={"x": 1}),
        replace(item, shape=wkb("POINT (6 46.000000001)")),
        replace(item, shape=wkb("POINT Z (6 46 1)")),
        replace(item, shape=None),
        replace(item, validity=("2020-01-01", None)),
        replace(item, type="Building"),
        replace(item, parent="p"),
        replace(item, addresses=[{"a": 1}]),
    ]
    digests = {one(other, CRS84).digest for other in changed}
    assert base not in digests
    assert len(digests) == len(changed)
    assert one(item, Crs("EPSG:4258")).digest != base


def test_a_change_inside_a_3d_geometry_changes_the_digest():
    taller = house()
    taller.geometries = [solid(x=2500000.0, y=1118000.0, high=407.0)]
    assert one(taller).digest != one(house()).digest


GOOD = [Feature(f"g{n}", shape=wkb("POINT (6 46)")) for n in range(3)]


@pytest.mark.parametrize(
    "bad",
    [
        Feature("bad", properties={"a": float("nan")}),
        Feature("bad", properties={"a": "\ud800"}),
        Feature("bad", properties={"a": 10**30}),
        Feature("bad", shape=struct.pack("<BIdd", 1, 1, float("inf"), 1.0)),
        Feature("bad", shape=b"\x01\x07"),
        Feature("bad", shape=struct.pack("<BII", 1, 7, 1) * 100_000),
        Feature("bad", shape=wkb("POINT (6 91)")),
        Feature("bad", shape=wkb("POINT (1e9 6)")),
        Feature("bad", geometries=[Geometry("MultiPoint", "1", [(6.0, 91.0, 0.0)])]),
        Feature(
            "bad", geometries=[Geometry("MultiSurface", "1", [[[(6.0, float("nan"), 0.0), (6.0, 4.0, 0.0), (6.0, 5.0, 0.0)]]])]
        ),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_id_among_good_features(bad):
    with pytest.raises(InputError) as caught:
        list(rows([*GOOD, bad, *GOOD], CRS84))
    assert caught.value.place == "bad"


def test_an_unknown_system_has_no_rows():
    with pytest.raises(InputError):
        list(rows(GOOD, Crs("", local="site")))


plain = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    max_size=6,
)


@given(plain.filter(lambda p: "\ud800" not in str(p)), st.floats(-180, 180), st.floats(-90, 90))
def test_a_row_and_its_ready_bytes_say_the_same(properties, lon, lat):
    item = Feature('é\n"', properties=properties, shape=shapely.to_wkb(shapely.Point(lon, lat)))
    try:
        row = one(item, CRS84)
    except InputError:
        assert any(isinstance(v, str) and any(0xD800 <= ord(c) < 0xE000 for c in v) for v in properties.values())
        return
    ready = orjson.loads(row.ready)
    assert (ready["type"], ready["id"], ready["properties"]) == ("Feature", item.id, dict(row.properties))
    assert list(ready) == ["type", "id", "geometry", "properties"]
    assert ready["geometry"]["coordinates"] == pytest.approx([lon, lat], abs=1e-9)
    assert document.of_row(row, "features") == item


@pytest.mark.parametrize("identity", ["", ".", ".."])
def test_an_id_that_no_address_can_name_is_refused(identity):
    with pytest.raises(InputError, match="address"):
        one(Feature(identity, shape=wkb("POINT (6 46)")), CRS84)
