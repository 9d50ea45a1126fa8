"""GeoJSON geometries in and out."""

import json
import re

import numpy as np
import orjson
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Unreadable
from gateway.geo import geojson

number = st.floats(-180, 180, allow_subnormal=True)
position = st.tuples(number, number).map(list)
high = st.tuples(number, number, number).map(list)


def ring(positions):
    return st.lists(positions, min_size=3, max_size=6).map(lambda found: [*found, found[0]])


def geometries(positions):
    polygon = st.lists(ring(positions), min_size=1, max_size=3)
    line = st.lists(positions, min_size=2, max_size=5)
    simple = st.one_of(
        st.builds(lambda c: {"type": "Point", "coordinates": c}, positions),
        st.builds(lambda c: {"type": "LineString", "coordinates": c}, line),
        st.builds(lambda c: {"type": "Polygon", "coordinates": c}, polygon),
        st.builds(lambda c: {"type": "MultiPoint", "coordinates": c}, st.lists(positions, min_size=1, max_size=4)),
        st.builds(lambda c: {"type": "MultiLineString", "coordinates": c}, st.lists(line, min_size=1, max_size=3)),
        st.builds(lambda c: {"type": "MultiPolygon", "coordinates": c}, st.lists(polygon, min_size=1, max_size=3)),
    )
    collection = st.lists(simple, min_size=1, max_size=3)
    return simple | st.builds(lambda g: {"type": "GeometryCollection", "geometries": g}, collection)


def rounded(value, decimals):
    if isinstance(value, float | int):
        return round(float(value), decimals) + 0.0
    if isinstance(value, dict):
        return {key: rounded(part, decimals) if key != "type" else part for key, part in value.items()}
    return [rounded(part, decimals) for part in value]


@given(geometries(position) | geometries(high))
def test_what_goes_in_comes_out_rounded(geometry):
    found = geojson.encode([geojson.decode(geometry, "")], 9)[0]
    assert not re.search(rb"[eE][+-]?\d|-0\.0[,\]]|nan|inf", found.replace(b"GeometryCollection", b"").replace(b"geometries", b""))
    decoded = json.loads(found)
    assert decoded["type"] == geometry["type"]
    ours, theirs = np.array(list(numbers(decoded))), np.array(list(numbers(rounded(geometry, 9))))
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 1.1e-9


def numbers(value):
    if isinstance(value, dict):
        value = value.get("coordinates", value.get("geometries"))
    if isinstance(value, list):
        for part in value:
            yield from numbers(part)
    else:
        yield value


def test_no_geometry_is_null_and_order_is_kept():
    shapes = shapely.from_wkt(["POINT (1 2)", "POINT Z (1 2 3)", "POLYGON EMPTY"])
    found = geojson.encode([shapely.to_wkb(shapes[0]), None, shapely.to_wkb(shapes[1]), shapely.to_wkb(shapes[2])], 9)
    assert found == [b'{"type":"Point","coordinates":[1.0,2.0]}', b"null", b'{"type":"Point","coordinates":[1.0,2.0,3.0]}', b"null"]


def test_small_and_huge_numbers_have_no_exponent():
    wkb = shapely.to_wkb(shapely.LineString([(1e-9, -1e-12), (1e20, 5.5)]))
    assert geojson.encode([wkb], 9) == [b'{"type":"LineString","coordinates":[[0.000000001,0.0],[100000000000000000000.0,5.5]]}']


def test_a_batch_of_small_polygons_is_one_valid_array():
    rng = np.random.default_rng(7)
    shapes = [shapely.Polygon(rng.uniform(0, 100, (6, 2))) for _ in range(500)]
    found = orjson.loads(b"[" + b",".join(geojson.encode(list(shapely.to_wkb(shapes)), 9)) + b"]")
    back = shapely.from_geojson([orjson.dumps(g) for g in found])
    assert shapely.equals_exact(back, shapes, tolerance=1e-9).all()


SQUARE = [[0, 0], [1, 0], [1, 1], [0, 0]]
FLAWED = [
    (
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]},
        "/g/coordinates/0",
        "not closed",
        "POLYGON ((0 0, 1 0, 1 1, 0 0))",
    ),
    (
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [0, 0]]]},
        "/g/coordinates/0",
        "4 positions",
        "POLYGON ((0 0, 1 0, 0 0, 0 0))",
    ),
    ({"type": "LineString", "coordinates": [[1, 2]]}, "/g/coordinates", "2 positions", "LINESTRING (1 2, 1 2)"),
    ({"type": "LineString", "coordinates": [[1, 2, 3], [4, 5]]}, "/g", "2 and 3 numbers", "LINESTRING (1 2, 4 5)"),
    ({"type": "Point", "coordinates": [1, 2, 3, 4]}, "/g", "4 numbers", "POINT Z (1 2 3)"),
    ({"type": "Polygon", "coordinates": [[], SQUARE]}, "/g/coordinates/0", "no positions", "POLYGON EMPTY"),
]


@pytest.mark.parametrize(("geometry", "place", "said", "kept"), FLAWED)
def test_a_flawed_geometry_is_kept_with_a_sentence_or_refused_at_its_place(geometry, place, said, kept):
    problems = []
    assert shapely.from_wkb(geojson.decode(geometry, "/g", problems)).wkt == kept
    assert len(problems) == 1
    assert problems[0].startswith(f"{place}: ")
    assert said in problems[0]
    with pytest.raises(Unreadable, match=said) as caught:
        geojson.decode(geometry, "/g")
    assert caught.value.place == place


BROKEN = [
    (None, "/g"),
    ([], "/g"),
    ({}, "/g/type"),
    ({"type": "Circle", "coordinates": [0, 0]}, "/g/type"),
    ({"type": ["Point"], "coordinates": [0, 0]}, "/g/type"),
    ({"type": "Point"}, "/g/coordinates"),
    ({"type": "Point", "coordinates": [1]}, "/g/coordinates"),
    ({"type": "Point", "coordinates": "ab"}, "/g/coordinates"),
    ({"type": "Point", "coordinates": [True, 1]}, "/g/coordinates"),
    ({"type": "Point", "coordinates": [float("nan"), 1]}, "/g/coordinates"),
    ({"type": "Point", "coordinates": [10**400, 1]}, "/g/coordinates"),
    ({"type": "LineString", "coordinates": [[0, 0], ["1", 1]]}, "/g/coordinates/1"),
    ({"type": "LineString", "coordinates": [[0, 0], [1, None]]}, "/g/coordinates/1"),
    ({"type": "LineString", "coordinates": [[0, 0], {"0": 1, "1": 2}]}, "/g/coordinates/1"),
    ({"type": "Polygon", "coordinates": [[[0, 0], [float("inf"), 0], [1, 1]]]}, "/g/coordinates/0/1"),
    ({"type": "Polygon", "coordinates": [[0, 0], [1, 0], [1, 1]]}, "/g/coordinates/0/0"),
    ({"type": "MultiPolygon", "coordinates": [[SQUARE], 5]}, "/g/coordinates/1"),
    ({"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [1, 2]}, 3]}, "/g/geometries/1"),
    ({"type": "GeometryCollection"}, "/g/geometries"),
]


@pytest.mark.parametrize(("geometry", "place"), BROKEN)
def test_what_is_no_geometry_is_refused_at_its_place_in_either_mode(geometry, place):
    for problems in (None, []):
        with pytest.raises(Unreadable) as caught:
            geojson.decode(geometry, "/g", problems)
        assert caught.value.place == place


@pytest.mark.parametrize(("levels", "passes"), [(31, True), (32, False), (5000, False)])
def test_collections_may_be_nested_32_deep(levels, passes):
    geometry = {"type": "Point", "coordinates": [1, 2]}
    for _ in range(levels):
        geometry = {"type": "GeometryCollection", "geometries": [geometry]}
    if passes:
        assert geojson.encode([geojson.decode(geometry, "")], 3)[0].count(b"Point") == 1
    else:
        with pytest.raises(Unreadable, match="nested"):
            geojson.decode(geometry, "")
