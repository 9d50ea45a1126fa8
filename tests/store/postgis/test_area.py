"""Boxes on PostGIS: exact to the last bit though its bounds are rounded, whatever the geometry."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
import shapely
from store_samples import publish, row

from gateway.model.access import EVERYTHING
from gateway.model.crs import Crs
from gateway.model.query import Query
from gateway.store.postgis.area import _inwards

C = "building"


def test_a_box_is_rounded_inwards_and_no_further_than_to_the_next_number():
    draw = random.Random(1)
    for _ in range(5000):
        scale = draw.choice((1e-41, 1e-3, 1.0, 180.0, 3e6))
        x, y = sorted(draw.uniform(-scale, scale) for _ in range(2))
        box = (x, x, y, y)
        found = _inwards(box)
        if found is None:
            assert y - x < 4 * max(np.spacing(np.float32(max(abs(x), abs(y)))), 2**-149)
            continue
        assert box[0] <= found[0] and found[2] <= box[2]
        assert all(float(np.float32(side)) == side for side in found)
        assert found[0] - box[0] <= np.spacing(np.float32(max(abs(side) for side in box)))
    assert _inwards((0.0, 0.0, 0.0, 0.0)) is None
    assert _inwards((-1e300, -1.0, 1e300, 1.0)) is None


def count(twin, *boxes, **members):
    with twin.store.reading() as reader:
        return reader.count(Query(C, EVERYTHING, boxes=boxes, **members))


@pytest.mark.service
def test_a_box_misses_what_lies_beside_it_by_less_than_a_rounded_bound_tells(twin):
    edge = 6.1234567890123
    shapes = [shapely.box(6, 46, edge, 47), shapely.Point(edge, 46.5), shapely.LineString([(edge, 46.2), (6.5, 46.2)])]
    publish(twin.store, {C: [row(n, shape=shape) for n, shape in enumerate(shapes)]})
    assert count(twin, (edge, 46.0, edge, 47.0)) == 3
    assert count(twin, (math.nextafter(edge, 7), 46.0, 7.0, 47.0)) == 1
    assert count(twin, (edge, 46.5, edge, 46.5)) == 2
    assert count(twin, (5.0, 46.5, 6.5, 46.5)) == 2


@pytest.mark.service
def test_random_boxes_find_what_shapely_finds(twin):
    draw = random.Random(7)
    shapes = []
    for _ in range(400):
        x, y = draw.uniform(2_600_000, 2_601_000), draw.uniform(1_200_000, 1_201_000)
        spread = draw.choice((0.001, 5.0, 80.0))
        ring = [(x + draw.uniform(-spread, spread), y + draw.uniform(-spread, spread)) for _ in range(5)]
        made = draw.choice(
            (
                shapely.Polygon(ring).convex_hull,
                shapely.LineString(ring),
                shapely.MultiPoint(ring),
                shapely.GeometryCollection([shapely.Point(ring[0]), shapely.LineString(ring[1:])]),
                shapely.Polygon(),
            )
        )
        shapes.append(made)
    publish(twin.store, {C: [row(n, shape=shape) for n, shape in enumerate(shapes)]}, crs=Crs("EPSG:2056"))
    for _ in range(120):
        x, y = draw.uniform(2_599_900, 2_601_000), draw.uniform(1_199_900, 1_201_000)
        wide, high = draw.choice((0.0, 0.01, 30.0, 900.0)), draw.choice((0.0, 0.01, 30.0, 900.0))
        box = (x, y, x + wide, y + high)
        region = shapely.Polygon([(x, y), (x + wide + 1, y), (x, y + high + 1)])
        wanted = sum(bool(shapely.intersects(shapely.box(*box), shape)) for shape in shapes) if wide and high else None
        found = count(twin, box)
        assert wanted in (None, found)
        cut = {"boxes": (region.bounds,), "region": shapely.to_wkb(region)}
        with twin.store.reading() as reader:
            assert reader.count(Query(C, EVERYTHING, **cut)) == sum(bool(shapely.intersects(region, shape)) for shape in shapes)
