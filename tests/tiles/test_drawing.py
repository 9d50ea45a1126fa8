"""Drawing commands and their bytes, read back by an independent decoder."""

from __future__ import annotations

from typing import Any

import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.tiles import drawing, mvt, varints


def read(shapes: list[Any], columns: dict[str, list[Any]] | None = None) -> list[dict[str, Any]]:
    """The features of a layer of these shapes, in tile units with y down."""
    drawn = drawing.draw(np.array(shapes, dtype=object))
    given = columns or {}
    body = mvt.layer("l", list(given), list(given.values()), list(range(1, len(shapes) + 1)), drawn)
    if not body:
        return []
    decoded = mapbox_vector_tile.decode(body, default_options={"y_coord_down": True})["l"]
    assert decoded["extent"] == 4096
    assert decoded["version"] == 2
    found: list[dict[str, Any]] = decoded["features"]
    return found


def shape(feature: dict[str, Any]) -> Any:
    return shapely.geometry.shape(feature["geometry"])


def rings(shapes: list[Any]) -> list[list[float]]:
    """Signed areas of the rings of each drawn feature, read from the commands themselves."""
    drawn = drawing.draw(np.array(shapes, dtype=object))
    found, at = [], 0
    for count in drawn.counts:
        numbers, areas, x, y, ring = iter(drawn.numbers[at : at + count].tolist()), [], 0, 0, []
        at += int(count)
        for command in numbers:
            if command == 15:
                ahead = [*ring[1:], ring[0]]
                areas.append(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ahead, strict=True)) / 2)
                ring = []
                continue
            for _ in range(command >> 3):
                x += unzigzag(next(numbers))
                y += unzigzag(next(numbers))
                ring.append((x, y))
        found.append(areas)
    return found


def unzigzag(value: int) -> int:
    return (value >> 1) ^ -(value & 1)


def test_every_kind_of_geometry_comes_back() -> None:
    shapes = [
        shapely.Point(3, 4),
        shapely.MultiPoint([(1, 1), (5, 9), (5, 9)]),
        shapely.LineString([(0, 0), (10, 0), (10, 0.2), (10, 10)]),
        shapely.MultiLineString([[(0, 0), (5, 5)], [(7, 7), (9, 9)]]),
        shapely.Polygon([(0, 0), (100, 0), (100, 100), (0, 100)], [[(10, 10), (20, 10), (20, 20), (10, 20)]]),
        shapely.MultiPolygon([shapely.box(0, 0, 5, 5), shapely.box(10, 10, 20, 20)]),
    ]
    found = {feature["id"]: shape(feature) for feature in read(shapes)}
    assert found[1].equals(shapes[0])
    assert found[2].equals(shapely.MultiPoint([(1, 1), (5, 9)]))
    assert found[3].equals(shapely.LineString([(0, 0), (10, 0), (10, 10)]))
    assert found[4].equals(shapes[3])
    assert found[5].equals(shapes[4])
    assert found[6].equals(shapes[5])


def test_a_collection_is_drawn_by_kind_under_one_id() -> None:
    inner = shapely.GeometryCollection([shapely.Point(9, 9), shapely.LineString([(1, 1), (2, 2)])])
    mixed = shapely.GeometryCollection([shapely.Point(1, 2), shapely.box(0, 0, 9, 9), inner])
    found = read([shapely.Point(0, 0), mixed])
    assert sorted((feature["id"], feature["geometry"]["type"]) for feature in found) == [
        (1, "Point"),
        (2, "LineString"),
        (2, "MultiPoint"),
        (2, "Polygon"),
    ]


def test_what_has_no_area_or_length_on_the_grid_is_not_drawn() -> None:
    shapes = [
        shapely.Polygon([(0, 0), (0.2, 0), (0.2, 0.2)]),
        shapely.Polygon([(0, 0), (10, 0), (20, 0.3)]),
        shapely.LineString([(1, 1), (1.2, 1.2)]),
        shapely.Polygon(),
        None,
        shapely.Point(),
    ]
    assert read(shapes) == []
    hole = shapely.Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(3, 3), (3.1, 3), (3.1, 3.1)]])
    (only,) = read([*shapes, hole])
    assert shape(only).equals(shapely.box(0, 0, 9, 9))


def test_a_lost_outer_ring_takes_its_holes_along_and_no_others() -> None:
    thin = shapely.Polygon([(0, 0), (50, 0), (50, 0.4), (0, 0.4)], [[(10, 0.1), (40, 0.1), (40, 0.3)]])
    sound = shapely.Polygon([(0, 10), (50, 10), (50, 50), (0, 50)], [[(10, 20), (40, 20), (40, 30)]])
    (only,) = read([shapely.MultiPolygon([thin, sound])])
    assert shape(only).equals(sound)


coordinates = st.integers(-80, 4200)
triangles = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=9)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(triangles, st.booleans()), min_size=1, max_size=6))
def test_outer_rings_are_positive_and_holes_negative_whatever_came(given: list[tuple[Any, bool]]) -> None:
    shapes = []
    for ring, has_hole in given:
        outer = shapely.Polygon(ring)
        holes = [[(x + 0.4, y) for x, y in ring[:3]]] if has_hole else []
        shapes.append(shapely.Polygon(outer.exterior, holes) if outer.area else outer)
    for areas in rings(shapes):
        assert areas[0] > 0
        assert all(area < 0 for area in areas[1:])


@settings(max_examples=150, deadline=None)
@given(st.lists(triangles, min_size=1, max_size=8))
def test_polygons_keep_their_vertices(given: list[Any]) -> None:
    shapes = [shapely.Polygon(ring) for ring in given]
    drawn = {feature["id"]: shape(feature) for feature in read(shapes)}
    for number, polygon in enumerate(shapes, 1):
        twice = sum(
            a[0] * b[1] - b[0] * a[1]
            for a, b in zip(given[number - 1], [*given[number - 1][1:], given[number - 1][0]], strict=True)
        )
        if twice == 0:
            assert number not in drawn
        else:
            assert set(drawn[number].exterior.coords) == set(polygon.exterior.coords)


def test_values_keep_their_types_and_are_written_once() -> None:
    columns: dict[str, list[Any]] = {
        "text": ["a", "é" * 200, None, "a"],
        "whole": [1, -5, 2**40, 1],
        "part": [0.5, 1, None, -0.25],
        "truth": [True, False, None, True],
        "vast": [2**63, 1, 2, 3],
        "nothing": [None, None, None, None],
        "mixed": ["x", 1, True, None],
    }
    found = read([shapely.Point(n, n) for n in range(4)], columns)
    assert [feature["properties"] for feature in found] == [
        {"text": "a", "whole": 1, "part": 0.5, "truth": True, "vast": 2.0**63, "mixed": "x"},
        {"text": "é" * 200, "whole": -5, "part": 1.0, "truth": False, "vast": 1.0, "mixed": "1"},
        {"whole": 2**40, "vast": 2.0, "mixed": "True"},
        {"text": "a", "whole": 1, "part": -0.25, "truth": True, "vast": 3.0},
    ]
    assert found[0]["properties"]["truth"] is True
    drawn = drawing.draw(np.array([shapely.Point(n, n) for n in range(50)], dtype=object))
    body = mvt.layer("l", ["same"], [["repeated"] * 50], list(range(50)), drawn)
    assert body.count(b"repeated") == 1


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1), max_size=40))
def test_varints_are_those_of_protocol_buffers(values: list[int]) -> None:
    array = np.array(values, dtype=np.uint64)
    assert varints.pack(array) == b"".join(varints.one(value) for value in values)
    assert varints.lengths(array).tolist() == [len(varints.one(value)) for value in values]


@pytest.mark.parametrize("value", [0, 1, -1, 63, -64, 2**40, -(2**40)])
def test_zigzag_is_undone(value: int) -> None:
    assert unzigzag(int(varints.zigzag(np.array([value]))[0])) == value
