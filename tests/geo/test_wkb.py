"""The gate before GEOS."""

import struct

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InputError
from gateway.geo import wkb

POINT = shapely.to_wkb(shapely.Point(1, 2))


def nested(levels, kind=7, core=POINT):
    return struct.pack("<BII", 1, kind, 1) * levels + core


def test_collections_up_to_32_deep_pass():
    wkb.check(nested(31))
    assert wkb.bounds(nested(31)) == (1, 2, 1, 2)


@pytest.mark.parametrize("levels", [33, 200_000])
@pytest.mark.parametrize("kind", [7, 1007])
def test_deeper_collections_are_refused_before_geos(levels, kind):
    with pytest.raises(InputError, match="nested"):
        wkb.bounds(nested(levels, kind))


@pytest.mark.parametrize("kind", [4, 5, 6])
def test_simple_multi_geometries_nested_in_one_another_are_refused(kind):
    with pytest.raises(InputError):
        wkb.bounds(nested(200_000, kind))


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"\x01",
        b"\x02\x01\x00\x00\x00",
        POINT[:-1],
        struct.pack("<BII", 1, 7, 2**32 - 1),
        struct.pack("<BII", 1, 3, 2**32 - 1),
        struct.pack("<BIII", 1, 3, 1, 2**32 - 1),
        struct.pack("<BII", 1, 8, 0),
        struct.pack("<BI", 1, 0),
    ],
)
def test_bytes_that_are_no_geometry_are_refused(bad):
    with pytest.raises(InputError):
        wkb.read([bad], "row 3")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    try:
        wkb.normal([data])
    except InputError:
        return


def test_heights_that_are_no_numbers_are_dropped_and_measures_too():
    given_ = shapely.from_wkt(["POINT Z (1 2 nan)", "LINESTRING ZM (1 2 3 4, 5 6 7 8)", "POINT M (1 2 9)", "POLYGON EMPTY"])
    found = wkb.write(wkb.normal(list(shapely.to_wkb(given_, flavor="iso", output_dimension=4))))
    assert [None if f is None else shapely.from_wkb(f).wkt for f in found] == [
        "POINT (1 2)",
        "LINESTRING Z (1 2 3, 5 6 7)",
        "POINT (1 2)",
        None,
    ]


def test_a_coordinate_that_is_not_finite_is_refused():
    for value in (float("nan"), float("inf")):
        with pytest.raises(InputError):
            wkb.normal([struct.pack("<BIIdddd", 1, 2, 2, 0, 0, value, 1)])


def test_headers_answer_for_heights():
    flat, solid = shapely.Point(1, 2), shapely.Point(1, 2, 3)
    for flavor in ("iso", "extended"):
        assert wkb.has_z(shapely.to_wkb(solid, flavor=flavor))
        assert not wkb.has_z(shapely.to_wkb(flat, flavor=flavor))
    assert wkb.to_2d(shapely.to_wkb(solid, flavor="iso")) == shapely.to_wkb(flat)
    assert wkb.bounds(shapely.to_wkb(shapely.Polygon())) is None


def test_rings_are_turned_and_heights_kept():
    clockwise = shapely.from_wkt("POLYGON Z ((0 0 1, 0 9 2, 9 9 3, 9 0 4, 0 0 1), (1 1 0, 2 1 0, 2 2 0, 1 1 0))")
    (turned, nothing) = wkb.oriented([shapely.to_wkb(clockwise), None])
    found = shapely.from_wkb(turned)
    assert nothing is None
    assert found.exterior.is_ccw
    assert not found.interiors[0].is_ccw
    assert sorted(found.exterior.coords) == sorted(clockwise.exterior.coords)
