"""Geometries on a tile: cut at its edge, across the antimeridian, from every system, and never lost in silence."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import numpy as np
import pytest
import shapely

from gateway.geo import transform
from gateway.model.crs import CRS84, Crs
from gateway.model.feature import Field
from gateway.tiles import make as making
from gateway.tiles.framing import Frame
from gateway.tiles.grids import grids
from gateway.tiles.make import Made, make

LV95 = Crs("EPSG:2056")
WORLD = (-180.0, -90.0, 180.0, 90.0)
OGRINFO = shutil.which("ogrinfo")


class Shelf:
    """Shapes as a store would find them: by bounds, thinned by key and size."""

    def __init__(self, shapes: list[Any]) -> None:
        self.rows = [(n, f"f{n}", shapely.to_wkb(shape, flavor="iso"), (n,)) for n, shape in enumerate(shapes, 1)]
        self.bounds = shapely.bounds(np.array(shapes, dtype=object))
        self.asked: list[tuple[float, int]] = []

    def ask(self, box: Any, limit: int, smallest: float, every: int) -> list[Any]:
        self.asked.append((smallest, every))
        west, south, east, north = self.bounds.T
        hits = (west <= box[2]) & (east >= box[0]) & (south <= box[3]) & (north >= box[1])
        large = np.maximum(east - west, north - south) >= smallest
        found = [
            row for row, hit, big in zip(self.rows, hits, large, strict=True) if hit and (every == 1 or big or row[0] % every == 0)
        ]
        return found[:limit][::-1]


def frame(zoom: int, row: int, column: int, source: Crs = CRS84, grid: str = "WebMercatorQuad", extent: Any = None) -> Frame:
    found = grids()[grid]
    return Frame(found.matrices[str(zoom)].box(row, column), found.crs, source, extent or (-1e9, -1e9, 1e9, 1e9))


def made(where: Frame, shapes: list[Any], expected: float = 0.0) -> Made:
    return make(where, "l", [Field("n", "integer")], Shelf(shapes).ask, expected)


def read(tile: Made) -> dict[str, Any]:
    if not tile.body:
        return {}
    layer = mapbox_vector_tile.decode(tile.body, default_options={"y_coord_down": True})["l"]
    return {feature["properties"]["id"]: shapely.geometry.shape(feature["geometry"]) for feature in layer["features"]}


def test_the_whole_world_fills_every_tile_to_its_buffer() -> None:
    world = [shapely.box(*WORLD)]
    assert read(made(frame(3, 2, 5), world))["f1"].equals(shapely.box(-64, -64, 4160, 4160))
    assert read(made(frame(18, 92_000, 135_000), world))["f1"].equals(shapely.box(-64, -64, 4160, 4160))
    assert read(made(frame(0, 0, 0), world))["f1"].bounds == (0, -64, 4096, 4160)


def test_a_hole_larger_than_the_tile_leaves_nothing() -> None:
    ring = shapely.box(*WORLD).difference(shapely.box(0, 0, 60, 60))
    assert read(made(frame(6, 20, 37), [ring])) == {}


def test_what_reaches_over_the_antimeridian_is_seen_from_both_sides() -> None:
    stored = {"past": shapely.box(179, 10, 181, 12), "west": shapely.box(-180, 20, -179, 22), "east": shapely.box(179, 30, 180, 32)}
    last, first = frame(4, 7, 15), frame(4, 7, 0)
    assert set(read(made(last, [stored["past"]]))) == set(read(made(first, [stored["past"]]))) == {"f1"}
    right = read(made(last, [stored["past"]]))["f1"].bounds
    left = read(made(first, [stored["past"]]))["f1"].bounds
    assert right[2] == 4160 and left[0] == -64
    assert left[2] == pytest.approx(182, abs=1)  # a degree of a tile 22.5 degrees wide
    seam = read(made(frame(4, 6, 15), [stored["west"]]))
    assert seam["f1"].bounds[:3:2] == (4096, 4160)
    assert read(made(frame(4, 6, 0), [stored["east"]]))["f1"].bounds[:3:2] == (-64, 0)
    assert read(made(frame(4, 7, 8), list(stored.values()))) == {}


def test_latitudes_beyond_web_mercator_are_cut_not_refused() -> None:
    pole = shapely.box(-10, 84, 10, 90)
    found = read(made(frame(2, 0, 1), [pole]))["f1"]
    assert found.bounds[1] == -64
    assert read(made(frame(2, 0, 1), [shapely.Point(-5, 90), shapely.Point(-5, 84)])).keys() == {"f2"}


@pytest.mark.parametrize("grid", ["WebMercatorQuad", "EuropeanETRS89_LAEAQuad"])
def test_many_positions_are_moved_as_exactly_as_a_few(grid: str) -> None:
    zoom, row, column = (14, 5801, 8471) if grid == "WebMercatorQuad" else (11, 1331, 1017)
    where = frame(zoom, row, column, LV95, grid)
    west, south, east, north = transform.boxes(where.box, where.target, LV95)[0]
    rng = np.random.default_rng(7)
    at = rng.uniform((west, south), (east, north), (3000, 2))
    tile = read(made(where, [shapely.Point(position) for position in at]))
    exact = transform.points(at, LV95, where.target)
    left, _, right, top = where.box
    units = (exact - (left, top)) * (4096 / (right - left), -4096 / (right - left))
    assert len(tile) > 2000
    for name, point in tile.items():
        assert np.abs(units[int(name[1:]) - 1] - (point.x, point.y)).max() < 0.53


def test_a_geographic_system_of_another_datum_is_moved_by_proj() -> None:
    where = frame(14, 5801, 8471, Crs("EPSG:4149"))
    left, bottom, right, top = where.box
    middle = transform.points(np.array([[(left + right) / 2, (bottom + top) / 2]]), where.target, Crs("EPSG:4149"))[0]
    point = read(made(where, [shapely.Point(middle)]))["f1"]
    assert (point.x, point.y) == (2048, 2048)


def test_areas_and_lines_below_the_grid_are_drawn_as_a_pixel_and_slivers_stay_where_they_are() -> None:
    left, bottom, right, top = 6.15, 46.20, 6.1501, 46.2001
    sliver = shapely.LineString([(6.0, 46.0), (6.3, 46.3)]).buffer(1e-5, cap_style="flat")
    shapes = [shapely.box(left, bottom, right, top), shapely.LineString([(left, bottom), (right, top)]), sliver]
    found = read(made(frame(8, 90, 132), shapes))
    assert found["f1"].area == 64
    assert found["f2"].length == 8
    assert found["f3"].bounds[2] - found["f3"].bounds[0] > 200
    assert 0 < found["f3"].area < 4000


def test_a_shape_of_very_many_vertices_is_simplified_within_a_unit() -> None:
    circle = shapely.Point(6.15, 46.2).buffer(0.02, quad_segs=5000)
    where = frame(12, 1453, 2117)
    found = read(made(where, [circle]))["f1"]
    exact = shapely.set_coordinates(shapely.Polygon(circle), where._units(shapely.get_coordinates(circle)))
    exact = shapely.clip_by_rect(exact, -64, -64, 4160, 4160)
    assert shapely.get_num_coordinates(found) < 500
    assert shapely.hausdorff_distance(found, exact) < 2.5


def test_an_invalid_polygon_is_drawn_too() -> None:
    bow = shapely.Polygon([(6.0, 46.0), (6.3, 46.3), (6.3, 46.0), (6.0, 46.3)])
    assert read(made(frame(10, 363, 529), [bow]))


def test_above_the_limit_small_features_are_thinned_by_one_rule_and_large_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "MOST", 100)
    rng = np.random.default_rng(5)
    small = [shapely.box(x, y, x + 1e-4, y + 1e-4) for x, y in rng.uniform((6.0, 46.0), (6.3, 46.3), (1500, 2))]
    large = [shapely.box(6.0 + n / 50, 46.0, 6.05 + n / 50, 46.3) for n in range(10)]
    where = frame(8, 90, 132)
    tile = made(where, [*small, *large])
    found = read(tile)
    assert tile.step > 0
    assert making.thinning(tile.step) is not None
    assert {f"f{n}" for n in range(1501, 1511)} <= found.keys()
    rest = {int(name[1:]) for name in found} - set(range(1501, 1511))
    assert 20 < len(rest) <= 90
    assert all(n % 2**tile.step == 0 for n in rest)
    for guess in (0.0, 900.0, 1e9):
        assert made(where, [*small, *large], guess) == tile


def test_a_tile_that_shows_nothing_has_no_bytes() -> None:
    assert made(frame(14, 0, 0), [shapely.Point(6, 46)]).body == b""
    assert made(frame(5, 0, 0, extent=(6.0, 46.0, 7.0, 47.0)), [shapely.Point(6, 46)]).body == b""
    assert made(frame(5, 11, 16), [shapely.Point()]).body == b""


@pytest.mark.service
@pytest.mark.skipif(OGRINFO is None, reason="no GDAL here; .ci/run installs it")
def test_gdal_reads_a_tile(tmp_path: Path) -> None:
    lake = shapely.Polygon([(6.1, 46.1), (6.2, 46.1), (6.2, 46.2), (6.1, 46.2)], [[(6.14, 46.14), (6.16, 46.14), (6.16, 46.16)]])
    shapes = [lake, shapely.Point(6.15, 46.15), shapely.MultiLineString([[(6.1, 46.1), (6.2, 46.2)], [(6.12, 46.1), (6.2, 46.12)]])]
    place = tmp_path / "10" / "529"
    place.mkdir(parents=True)
    (place / "363.pbf").write_bytes(made(frame(10, 363, 529), shapes).body)
    done = subprocess.run([OGRINFO or "", "-al", str(place / "363.pbf")], capture_output=True, text=True, timeout=60, check=True)
    assert "Layer name: l" in done.stdout
    assert "Feature Count: 3" in done.stdout
    assert "id (String) = f3" in done.stdout
    assert "n (Integer) = 2" in done.stdout
