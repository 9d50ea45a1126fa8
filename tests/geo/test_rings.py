"""Rings without order become polygons by nesting."""

import shapely
from hypothesis import given
from hypothesis import strategies as st

from gateway.geo.rings import polygons


def square(x: float, y: float, size: float) -> list[list[float]]:
    return [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]


def test_one_ring_is_one_polygon_and_is_closed() -> None:
    assert polygons([square(0, 0, 1)[:-1]]) == [[square(0, 0, 1)]]


def test_a_ring_too_short_stays_for_the_checks_to_find() -> None:
    assert [[1, 1], [2, 2], [1, 1]] in [ring for polygon in polygons([square(0, 0, 1), [[1, 1], [2, 2]]]) for ring in polygon]


@given(st.permutations(range(5)), st.lists(st.booleans(), min_size=5, max_size=5))
def test_order_and_direction_do_not_matter(order: list[int], turned: list[bool]) -> None:
    nested = [square(number, number, 10 - 2 * number) for number in range(5)]
    rings = [nested[number][::-1] if flip else nested[number] for number, flip in zip(order, turned, strict=True)]
    area = sum(shapely.Polygon(outer, holes).area for outer, *holes in polygons(rings))
    assert area == 100 - 64 + 36 - 16 + 4
