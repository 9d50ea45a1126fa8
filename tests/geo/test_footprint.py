"""Footprints of city objects."""

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import InputError
from gateway.geo.footprint import footprint, footprints
from gateway.geo.nesting import explicit
from gateway.model.feature import Feature
from gateway.model.geometry import BoundarySurface, Geometry


def prism(x=0.0, y=0.0, w=10.0, d=8.0, low=400.0, high=406.0):
    """Floor (seen from below), four walls, roof."""
    floor = [(x, y), (x, y + d), (x + w, y + d), (x + w, y)]
    below, above = [(*p, low) for p in floor], [(*p, high) for p in floor]
    walls = [[[below[i], below[i - 1], above[i - 1], above[i]]] for i in range(4)]
    return [[below], *walls, [above[::-1]]]


def solid(lod="2", semantic=True, **where):
    kinds = ["GroundSurface", *["WallSurface"] * 4, "RoofSurface"] if semantic else []
    values = [list(range(6))] if semantic else None
    return Geometry("Solid", lod, [prism(**where)], [BoundarySurface(kind) for kind in kinds], values)


def building(*geometries):
    return Feature("b1", type="Building", geometries=list(geometries))


def shape(*geometries):
    found = footprint(building(*geometries))
    return None if found is None else shapely.from_wkb(found)


BOX = shapely.box(0, 0, 10, 8)


def test_the_ground_surface_is_the_footprint_turned_counter_clockwise():
    found = shape(solid())
    assert found.equals(BOX)
    assert found.exterior.is_ccw
    assert not found.has_z


def test_lod_0_comes_before_ground_surfaces():
    flat = Geometry("MultiSurface", "0", [[[(0.0, 0.0, 1.0), (4.0, 0.0, 1.0), (4.0, 4.0, 1.0), (0.0, 4.0, 1.0)]]])
    assert shape(solid(), flat).equals(shapely.box(0, 0, 4, 4))


def test_ground_surfaces_of_any_level_come_before_a_projection():
    assert shape(solid("1", semantic=False, w=99.0), solid("2")).equals(BOX)


def test_without_ground_surfaces_the_lowest_level_is_seen_from_above():
    assert shape(solid("3", semantic=False, w=99.0), solid("1", semantic=False)).equals(BOX)


def test_a_face_turned_the_wrong_way_does_not_leave_a_gap():
    faces = [*prism(), *prism(x=10.0, w=5.0)]
    faces[-1] = [faces[-1][0][::-1]]
    assert shape(Geometry("MultiSurface", "1", faces)).equals(shapely.box(0, 0, 15, 8))


def test_an_overhanging_roof_is_part_of_the_view_from_above():
    wide = Geometry("CompositeSolid", "1", [[prism(high=403.0)], [prism(x=-2.0, w=14.0, low=403.0)]])
    assert shape(wide).equals(shapely.box(-2, 0, 12, 8))


def test_several_ground_surfaces_are_united_and_apart_they_are_a_multipolygon():
    left, right = prism(), prism(x=10.0)
    both = Geometry("MultiSurface", "2", [left[0], right[0]], [BoundarySurface("GroundSurface")], [0, 0])
    assert shape(both).equals(shapely.box(0, 0, 20, 8))
    apart = Geometry("MultiSurface", "2", [left[0], prism(x=50.0)[0]], [BoundarySurface("GroundSurface")], [0, 0])
    assert shape(apart).geom_type == "MultiPolygon"


def test_a_courtyard_stays_open():
    outer = [(0.0, 0.0, 1.0), (10.0, 0.0, 1.0), (10.0, 10.0, 1.0), (0.0, 10.0, 1.0)]
    inner = [(4.0, 4.0, 1.0), (4.0, 6.0, 1.0), (6.0, 6.0, 1.0), (6.0, 4.0, 1.0)]
    assert shape(Geometry("MultiSurface", "0", [[outer, inner]])).area == 96


def test_a_ring_that_crosses_itself_is_mended():
    bow = [[(0.0, 0.0, 1.0), (2.0, 2.0, 1.0), (2.0, 0.0, 1.0), (0.0, 2.0, 1.0)]]
    found = shape(Geometry("MultiSurface", "0", [bow]))
    assert found.is_valid
    assert found.area == pytest.approx(2.0)


def test_points_and_lines_are_what_is_left():
    assert shape(Geometry("MultiPoint", "0", [(1.0, 2.0, 3.0)])).wkt == "MULTIPOINT ((1 2))"
    assert shape(Geometry("MultiLineString", "0", [[(1.0, 2.0, 3.0), (4.0, 5.0, 6.0)]])).wkt == "MULTILINESTRING ((1 2, 4 5))"
    assert shape() is None
    assert shape(Geometry("MultiSurface", "1", [])) is None


def test_a_wall_alone_is_a_line_and_does_not_hide_the_feature():
    assert shape(Geometry("MultiSurface", "2", [prism()[1]])) is not None


def test_an_implicit_geometry_stands_at_its_anchor():
    matrix = (2.0, 0, 0, 0, 0, 2.0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1)
    tree = Geometry("GeometryInstance", "1", [(100.0, 200.0, 0.0)], template=solid("1", semantic=False), matrix=matrix)
    assert shape(tree).equals(shapely.box(100, 200, 120, 216))


def test_a_coordinate_that_is_no_number_names_its_feature():
    bad = Feature(
        "b2", geometries=[Geometry("MultiSurface", "0", [[[(0.0, 0.0, 0.0), (1.0, float("nan"), 0.0), (1.0, 1.0, 0.0)]]])]
    )
    with pytest.raises(InputError) as caught:
        footprints([building(solid()), bad, building(solid())])
    assert caught.value.place == "b2"


corner = st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 3)).map(lambda p: tuple(map(float, p)))
faces = st.lists(st.lists(st.lists(corner, min_size=3, max_size=6), min_size=1, max_size=2), min_size=1, max_size=6)


@given(st.lists(faces, min_size=1, max_size=4))
@settings(max_examples=50)
def test_any_heap_of_faces_has_a_valid_footprint_alone_and_in_a_batch(heaps):
    features = [building(Geometry("MultiSurface", "1", heap)) for heap in heaps]
    together = footprints(features)
    for feature, found in zip(features, together, strict=True):
        assert found.is_valid
        assert not found.has_z
        assert shapely.from_wkb(footprint(feature)).equals(found)


@settings(max_examples=50)
@given(st.tuples(*[st.floats(-3, 3)] * 4), st.tuples(*[st.floats(-1e6, 1e6)] * 3))
def test_an_upright_prototype_is_seen_from_above_once_and_set_down_where_all_its_points_would_be(turn, anchor):
    a, b, c, d = turn
    matrix = (a, b, 0, 1, c, d, 0, 2, 0, 0, 1, 3, 0, 0, 0, 1)
    tree = Geometry("GeometryInstance", "1", [anchor], template=solid("1"), matrix=matrix)
    swift, slow = footprints([building(tree)])[0], footprints([building(explicit(tree))])[0]
    assert swift.symmetric_difference(slow).area < 1e-3
    assert not swift.is_valid or swift.area == 0 or swift.exterior.is_ccw
