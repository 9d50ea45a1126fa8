"""Coordinates from one system to another, against published values and PROJ itself."""

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InputError
from gateway.geo import crs, transform
from gateway.model.crs import CRS84, Crs
from gateway.model.feature import Feature
from gateway.model.geometry import Geometry

LV95, SWISS = Crs("EPSG:2056"), Crs("EPSG:2056", "EPSG:5728")
METRE = 1 / 111_000


def degrees(whole, minutes, seconds):
    return whole + minutes / 60 + seconds / 3600


def test_zimmerwald_comes_out_where_swisstopo_publishes_it():
    # swisstopo, "Formulas and constants for the calculation of the Swiss projection": the published position is that of a
    # point 950 m up, which moves it 2.3 cm against the ellipsoid's surface, where horizontal coordinates alone are taken.
    found = transform.points(np.array([[2602030.74, 1191775.03]]), LV95, CRS84)[0]
    assert found == pytest.approx((degrees(7, 27, 54.983506), degrees(46, 52, 37.540562)), abs=0.025 * METRE)


def test_the_old_observatory_of_berne_is_the_origin():
    found = transform.points(np.array([[2600000.0, 1200000.0]]), LV95, CRS84)[0]
    assert found == pytest.approx((7.438632421, 46.951082773), abs=1e-8)


@given(st.floats(2_485_000, 2_834_000), st.floats(1_075_000, 1_296_000))
def test_lv95_agrees_with_proj_to_a_hundredth_of_a_millimetre_and_comes_back_within_two(east, north):
    direct = pyproj.Transformer.from_crs("EPSG:2056", "OGC:CRS84", always_xy=True).transform(east, north)
    there = transform.points(np.array([[east, north]]), LV95, CRS84)
    assert there[0] == pytest.approx(direct, abs=1e-10)
    assert transform.points(there, CRS84, LV95)[0] == pytest.approx((east, north), abs=2e-3)


def test_heights_without_a_grid_stay_what_they_were_and_say_so():
    found = transform.points(np.array([[2600000.0, 1200000.0, 400.0]]), SWISS, Crs("EPSG:4979"))
    assert found[0, 2] == 400.0
    assert transform.outcome(SWISS, Crs("EPSG:4979")) == Crs("EPSG:4326", "EPSG:5728")
    assert transform.outcome(SWISS, Crs("OGC:CRS84h")) == Crs("OGC:CRS84", "EPSG:5728")
    note = transform.heights_note(SWISS, Crs("EPSG:4979"))
    assert note is not None
    assert "LN02" in note


def test_heights_in_the_same_system_need_no_note():
    assert transform.heights_note(SWISS, Crs("EPSG:21781", "EPSG:5728")) is None
    assert transform.outcome(SWISS, Crs("EPSG:21781", "EPSG:5728")) == Crs("EPSG:21781", "EPSG:5728")


def test_heights_in_feet_become_metres_where_proj_can():
    feet, metres = Crs("EPSG:2263", "EPSG:6360"), Crs("EPSG:32118", "EPSG:5703")
    assert transform.heights_note(feet, metres) is None
    found = transform.points(np.array([[985000.0, 200000.0, 1000.0]]), feet, metres)
    assert found[0, 2] == pytest.approx(304.8006, abs=1e-4)


def test_latitude_first_systems_are_in_visualisation_order_too():
    assert transform.points(np.array([[7.5, 46.9]]), Crs("EPSG:4326"), CRS84).tolist() == [[7.5, 46.9]]
    east, north = transform.points(np.array([[11.5, 48.1]]), CRS84, Crs("EPSG:31468"))[0]
    assert 4_400_000 < east < 4_500_000
    assert 5_300_000 < north < 5_400_000


@pytest.mark.parametrize("position", [(1e9, 0.0), (0.0, 91.0), (float("inf"), 0.0), (float("nan"), 0.0), (0.0, -1e300)])
@pytest.mark.parametrize("target", [CRS84, Crs("EPSG:4326"), LV95, Crs("EPSG:3857")])
def test_a_position_that_is_not_on_the_earth_is_refused_at_its_place(position, target):
    with pytest.raises(InputError) as caught:
        transform.points(np.array([position]), CRS84, target, place="feature 7")
    assert caught.value.place == "feature 7"


def test_nothing_leads_from_an_unknown_system():
    with pytest.raises(InputError, match="unknown system site"):
        transform.points(np.array([[1.0, 2.0]]), Crs("", local="site"), CRS84)


def test_geometries_of_all_dimensions_move_together_and_keep_their_heights():
    shapes = shapely.from_wkt(["POINT (2600000 1200000)", "LINESTRING Z (2600000 1200000 7, 2600010 1200000 8)", "POINT EMPTY"])
    moved = transform.wkb([*shapely.to_wkb(shapes, flavor="iso"), None], LV95, CRS84)
    assert moved[3] is None
    point, line, empty = shapely.from_wkb(moved[:3])
    assert (point.x, point.y) == pytest.approx((7.438632421, 46.951082773), abs=1e-8)
    assert [z for _, _, z in line.coords] == [7, 8]
    assert empty.is_empty


def test_a_feature_moves_with_its_shape_and_every_3d_geometry():
    solid = Geometry("Solid", "1", [[[[(2600000.0, 1200000.0, 1.0), (2600010.0, 1200000.0, 1.0), (2600000.0, 1200010.0, 1.0)]]]])
    before = Feature("b", type="Building", geometries=[solid], shape=shapely.to_wkb(shapely.Point(2600000, 1200000)))
    after = transform.feature(before, SWISS, CRS84)
    assert after.geometries[0].boundaries[0][0][0][0] == pytest.approx((7.438632421, 46.951082773, 1.0), abs=1e-8)
    assert shapely.from_wkb(after.shape).x == pytest.approx(7.438632421, abs=1e-8)
    assert before.geometries[0].boundaries[0][0][0][0] == (2600000.0, 1200000.0, 1.0)
    assert transform.feature(before, SWISS, SWISS) is before


def test_an_implicit_geometry_becomes_explicit_when_it_moves():
    template = Geometry("MultiSurface", "1", [[[(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)]]])
    matrix = (2.0, 0, 0, 10, 0, 2.0, 0, 0, 0, 0, 1, 5, 0, 0, 0, 1)
    tree = Geometry("GeometryInstance", "2", [(2600000.0, 1200000.0, 400.0)], template=template, matrix=matrix)
    after = transform.feature(Feature("t", geometries=[tree]), LV95, Crs("EPSG:21781")).geometries[0]
    assert (after.type, after.lod, after.template) == ("MultiSurface", "2", None)
    assert after.boundaries[0][0][1] == pytest.approx((600012.0, 200000.0, 405.0), abs=1e-3)


def test_a_box_is_laid_around_its_curved_sides():
    (box,) = transform.boxes((6.0, 46.0, 6.2, 46.3), CRS84, LV95)
    corners = transform.points(np.array([[6.0, 46.0], [6.2, 46.0], [6.2, 46.3], [6.0, 46.3], [6.1, 46.3]]), CRS84, LV95)
    assert box[0] <= corners[:, 0].min()
    assert box[3] >= corners[:, 1].max()


def test_boxes_over_the_antimeridian_are_two():
    assert transform.boxes((170.0, -20.0, -170.0, 10.0), CRS84, CRS84) == (
        (170.0, -20.0, 180.0, 10.0),
        (-180.0, -20.0, -170.0, 10.0),
    )
    west, east = transform.boxes((1_700_000, 5_000_000, 2_900_000, 6_000_000), Crs("EPSG:2193"), CRS84)
    assert west[2] == 180.0
    assert east[0] == -180.0
    first, second = transform.boxes((176.0, -45.0, -178.0, -40.0), CRS84, Crs("EPSG:2193"))
    assert first[0] < second[0] < second[2]


def test_a_polar_box_holds_its_pole():
    (box,) = transform.boxes((-3e6, -3e6, 3e6, 3e6), Crs("EPSG:3031"), CRS84)
    assert box[:3] == (-180.0, -90.0, 180.0)


def test_a_box_without_a_place_in_the_target_is_nowhere_and_the_world_is_everywhere():
    assert transform.boxes((100.0, 10.0, 101.0, 11.0), CRS84, LV95) == (transform.NOWHERE,)
    assert transform.boxes((-180.0, -90.0, 180.0, 90.0), CRS84, LV95) == (transform.EVERYWHERE,)
    assert transform.boxes((-180.0, -90.0, 180.0, 90.0), CRS84, Crs("EPSG:2193")) == (transform.EVERYWHERE,)


@pytest.mark.parametrize("code", ["EPSG:2056", "EPSG:25832", "EPSG:28992", "EPSG:31468", "EPSG:3857", "EPSG:2263"])
def test_a_position_in_a_box_stays_in_the_transformed_box(code):
    target = crs.parse(code)
    west, south, east, north = crs.area_of_use(target)
    middle = ((west + east) / 2, (south + north) / 2)
    for size in (0.001, 0.1, 1.0):
        (box,) = transform.boxes((middle[0], middle[1], middle[0] + size, middle[1] + size), CRS84, target)
        inside = transform.points(np.array([[middle[0] + size / 3, middle[1] + size / 7]]), CRS84, target)[0]
        assert box[0] <= inside[0] <= box[2]
        assert box[1] <= inside[1] <= box[3]
