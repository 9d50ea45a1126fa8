"""Vertices are numbered once, and few points become the same whole numbers as many."""

from __future__ import annotations

import random

import numpy as np
import pytest

from gateway.adapters.cityobjects.vertices import Transform, VertexIndex
from gateway.errors import Unreadable

FRAME = Transform((0.001, 0.001, 0.001), (2500000.0, 1118000.0, 0.0))


def test_few_points_and_many_are_quantised_alike() -> None:
    seeded = random.Random(4)
    points = [
        (2500000 + seeded.uniform(-9e5, 9e5), 1118000 + seeded.uniform(-9e5, 9e5), seeded.uniform(-99, 99)) for _ in range(900)
    ]
    points += [(2500000.0005, 1118000.0015, -0.0025), (2500000.0, 1118000.0, -0.0)]
    many = FRAME.quantise(np.array(points)).tolist()
    assert [vertex for start in range(0, len(points), 50) for vertex in FRAME.quantised(points[start : start + 50])] == many
    assert FRAME.quantised(points) == many


def test_points_that_become_one_vertex_have_one_number() -> None:
    index = VertexIndex(FRAME, start=5)
    spots = [(2500001.0, 1118001.0, 4.0), (2500001.0001, 1118001.0, 4.0), (2500002.0, 1118001.0, 4.0)]
    assert index.numbers(spots) == [5, 5, 6]
    assert index.numbers(spots[::-1]) == [6, 5, 5]
    assert index.new == [[1000, 1000, 4000], [2000, 1000, 4000]]


@pytest.mark.parametrize("coordinate", [float("nan"), float("inf"), -float("inf"), 1e300])
@pytest.mark.parametrize("count", [1, 500])
def test_what_is_no_position_is_refused(coordinate: float, count: int) -> None:
    with pytest.raises(Unreadable, match="not finite"):
        VertexIndex(FRAME).numbers([(2500001.0 + n, 1118001.0, coordinate) for n in range(count)])
