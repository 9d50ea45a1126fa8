"""What is wrong with a geometry, and where."""

import numpy as np
import pytest
import shapely

from gateway.geo import validity
from gateway.model.geometry import Geometry
from tests.geo.test_footprint import prism


@pytest.mark.parametrize(
    ("wkt", "reason", "position"),
    [
        ("POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))", "Self-intersection", (0.5, 0.5)),
        ("POLYGON ((0 0, 9 0, 9 9, 0 9, 0 0), (20 20, 21 20, 21 21, 20 20))", "Hole lies outside shell", (20, 20)),
        ("LINESTRING (1 2, 1 2)", "Too few points in geometry component", (1, 2)),
    ],
)
def test_an_invalid_geometry_has_a_reason_and_a_position(wkt, reason, position):
    assert validity.problem(shapely.to_wkb(shapely.from_wkt(wkt))) == (reason, position)


def test_a_valid_geometry_has_no_problem():
    assert validity.problem(shapely.to_wkb(shapely.box(0, 0, 1, 1))) is None


def test_a_closed_solid_has_no_problem_and_an_open_one_names_the_gap():
    faces = prism()
    assert validity.shell_problem(Geometry("Solid", "2", [faces])) is None
    said = validity.shell_problem(Geometry("Solid", "2", [faces[:-1]]))
    assert said is not None
    assert said.startswith("shell 0 is not closed: 4 edges have no face on the other side")


def test_a_face_turned_the_wrong_way_leaves_the_shell_open():
    faces = prism()
    faces[0] = [faces[0][0][::-1]]
    assert validity.shell_problem(Geometry("Solid", "2", [faces])) is not None


def test_vertices_within_a_millimetre_are_one():
    faces = prism()
    x, y, z = faces[0][0][0]
    faces[0][0][0] = (x + 0.0004, y, z)
    assert validity.shell_problem(Geometry("Solid", "2", [faces])) is None
    faces[0][0][0] = (x + 0.004, y, z)
    assert validity.shell_problem(Geometry("Solid", "2", [faces])) is not None


def test_multi_solids_name_the_solid_and_surfaces_are_never_open():
    said = validity.shell_problem(Geometry("MultiSolid", "2", [[prism()], [prism()[1:]]]))
    assert said is not None
    assert said.startswith("solid 1, shell 0")
    assert validity.shell_problem(Geometry("MultiSurface", "2", prism()[1:])) is None


@pytest.mark.parametrize("number", [1e308, float("inf"), float("nan")])
def test_a_shell_with_a_coordinate_beyond_numbers_is_told_not_a_crash(number):
    faces = prism()
    faces[0][0][0] = (number, 0.0, 0.0)
    assert "not a finite number" in validity.shell_problem(Geometry("Solid", "2", [faces]))


def test_a_collapsed_ring_that_one_way_of_mending_cannot_take_is_mended_by_the_other() -> None:
    collapsed = shapely.Polygon([(0, 0), (0, 0), (0, 0), (0, 0)], [[(0, 1), (0, 2), (1, 0), (0, 1)]])
    whole = shapely.box(0, 0, 1, 1)
    (first, second) = validity.mended(np.array([collapsed, whole]))
    assert shapely.is_valid(first)
    assert second.equals(whole)
