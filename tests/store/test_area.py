"""What the R-tree alone can tell of an area: where it is sure, the geometry itself agrees; where it doubts, few are left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from store_samples import create, publish, row

from gateway.model.access import EVERYTHING
from gateway.model.crs import Crs
from gateway.model.query import Query
from gateway.store.area import OVERLAP, Area

AT = {"degrees": (6.1, 46.2, 1e-3), "lv95": (2_500_000.0, 1_118_000.0, 1.0), "south": (-58.4, -34.6, 1e-3)}


def shapes(x: float, y: float, unit: float) -> list[object]:
    """Polygons, slanted lines, points and scattered multipoints, many with bounds on the very edge of a rounded number."""
    random = np.random.default_rng(5)
    found: list[object] = []
    for number in range(400):
        cx, cy = x + unit * random.integers(-8, 9), y + unit * random.integers(-8, 9)
        far = unit * random.choice([0.25, 1.0, 4.0, 30.0])
        points = [(cx + far * dx, cy + far * dy) for dx, dy in random.uniform(-1, 1, (3, 2))]
        kind = number % 4
        found.append((shapely.Polygon, shapely.LineString, lambda p: shapely.Point(p[0]), shapely.MultiPoint)[kind](points))
    return found


@pytest.mark.parametrize("place", AT)
def test_a_sure_entry_is_a_hit_and_a_page_is_exact(tmp_path: Path, place: str) -> None:
    x, y, unit = AT[place]
    made = shapes(x, y, unit)
    crs = Crs("EPSG:2056") if place == "lv95" else Crs("OGC:CRS84")
    store, _ = create(tmp_path / "twin")
    publish(store, {"a": [row(n, shape=shape, crs=crs) for n, shape in enumerate(made)]}, crs=crs)
    doubts = candidates = 0
    with store.reading() as reader:
        connection = reader._connection  # type: ignore[attr-defined]
        (table,) = connection.execute("SELECT name FROM sqlite_schema WHERE name LIKE 'rtree_current_%_geom'").fetchone()
        for west, south, wide, high in np.random.default_rng(6).integers(-8, 9, (120, 4)).tolist():
            box = (x + unit * west, y + unit * south, x + unit * (west + abs(wide)), y + unit * (south + abs(high)))
            area = Area(box, box)
            sure, values = area.sure
            entries = connection.execute(f"SELECT r.id, {sure} FROM {table} r WHERE {OVERLAP}", (*values, *area.overlap)).fetchall()
            hits = {n + 1 for n, shape in enumerate(made) if shapely.intersects(shape, shapely.box(*box))}
            assert {key for key, is_sure in entries if is_sure} <= hits <= {key for key, _ in entries}
            doubts += sum(not is_sure for _, is_sure in entries)
            candidates += len(entries)
            query = Query("a", EVERYTHING, limit=1000, boxes=(box,))
            page = reader.page(query)
            assert (page.returned, reader.count(query), page.last) == (len(hits), len(hits), None)
            assert [found.key for found in reader.rows(query)] == sorted(hits)
    assert 0 < doubts < candidates
    store.close()


def test_pages_of_a_box_follow_one_another_and_each_knows_the_count(tmp_path: Path) -> None:
    store, _ = create(tmp_path / "twin")
    publish(store, {"a": (row(n) for n in range(60))})
    seen: list[int] = []
    with store.reading() as reader:
        after = None
        while True:
            query = Query("a", EVERYTHING, limit=7, boxes=((6.0, 45.0, 6.0401, 47.0),), after=after)
            page = reader.page(query)
            assert reader.count(query) == 41
            seen.append(page.returned)
            after = page.last
            if after is None:
                break
    assert seen == [7, 7, 7, 7, 7, 6]
    store.close()
