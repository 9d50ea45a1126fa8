"""The sample quarter is what it says: believable, closed, without overlaps, and the same for the same seed."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path

import pytest
import shapely
from lxml import etree

from gateway import registry
from gateway.demo import buildings, cityfile, kerbs, network, parcels, plan, roofs, trees
from gateway.demo.roofs import Heights
from gateway.ports import ReadOptions

GML = "{http://www.opengis.net/gml}"
HREF = "{http://www.w3.org/1999/xlink}href"
HEIGHTS = Heights(400.0, 406.0, 409.0)


@pytest.fixture(scope="module")
def quarter() -> plan.Quarter:
    return plan.lay_out()


@pytest.fixture(scope="module")
def built(quarter: plan.Quarter) -> list[buildings.Building]:
    return list(buildings.build(quarter))


@pytest.fixture(scope="module")
def city(built: list[buildings.Building], tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("city") / "buildings.gml"
    cityfile.write(built, target)
    return target


def test_about_four_hundred_buildings_stand_under_five_kinds_of_roof(built: list[buildings.Building]) -> None:
    assert 380 <= len(built) <= 420
    assert {shell.roof for building in built for shell in building.shells} == set(roofs.CODES)
    assert sum(len(building.shells) > 1 for building in built) > 15
    assert len({building.id for building in built}) == len(built)


def test_no_two_buildings_overlap(built: list[buildings.Building]) -> None:
    shapes = [shapely.Polygon([b.frame.place(x, y) for x, y in b.outline]) for b in built]
    assert all(shape.is_valid and shape.exterior.is_ccw for shape in shapes)
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    common = [shapes[a].intersection(shapes[b]).area for a, b in zip(left, right, strict=True) if a < b]
    assert max(common) < 0.1


def test_a_building_stays_on_its_parcel(built: list[buildings.Building]) -> None:
    for building in built:
        shape = shapely.Polygon([building.frame.place(x, y) for x, y in building.outline])
        assert shape.difference(shapely.Polygon(building.parcel.ring())).area < 0.1


@pytest.mark.parametrize(
    "faces",
    [
        roofs.flat([(0, 0), (9, 0), (9, 5), (4, 5), (4, 8), (0, 8)], HEIGHTS),
        roofs.gabled(10, 8, HEIGHTS),
        roofs.hipped(10, 8, HEIGHTS),
        roofs.shed(10, 8, HEIGHTS),
        roofs.pyramid(roofs.polygon(8, 4, 0, 0), HEIGHTS),
        roofs.across(roofs.gabled, 8, 10, HEIGHTS),
        roofs.across(roofs.hipped, 8, 10, HEIGHTS),
    ],
)
def test_a_shell_is_closed_and_faces_outwards(faces: list[roofs.Face]) -> None:
    assert _open_edges([ring for _, ring in faces]) == []
    assert _volume([ring for _, ring in faces]) > 0


def test_every_solid_in_the_file_is_closed(city: Path) -> None:
    document = etree.parse(city)
    polygons = {polygon.get(f"{GML}id"): polygon for polygon in document.iter(f"{GML}Polygon")}
    solids = list(document.iter(f"{GML}Solid"))
    assert len(solids) > 400
    for solid in solids:
        rings = [_ring(polygons[member.get(HREF)[1:]]) for member in solid.iter(f"{GML}surfaceMember")]
        assert _open_edges(rings) == [], solid.get(f"{GML}id")


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(city: Path, tmp_path: Path) -> None:
    again, other = tmp_path / "again.gml", tmp_path / "other.gml"
    cityfile.write(buildings.build(plan.lay_out()), again)
    cityfile.write(buildings.build(plan.lay_out(7)), other)
    assert again.read_bytes() == city.read_bytes()
    assert other.read_bytes() != city.read_bytes()


def test_trees_stand_in_lv95_with_ids_and_not_in_houses(
    quarter: plan.Quarter, built: list[buildings.Building], tmp_path: Path
) -> None:
    count = trees.write(quarter, tmp_path / "trees.geojson")
    document = json.loads((tmp_path / "trees.geojson").read_text())
    assert 1300 <= count <= 1700
    assert document["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::2056"
    assert len({feature["id"] for feature in document["features"]}) == count
    points = [shapely.Point(feature["geometry"]["coordinates"]) for feature in document["features"]]
    houses = shapely.union_all([shapely.Polygon([b.frame.place(x, y) for x, y in b.outline]) for b in built])
    shapely.prepare(houses)
    assert not any(shapely.contains(houses, points))


def test_parcels_streets_and_park_are_valid_and_fill_the_quarter(quarter: plan.Quarter, tmp_path: Path) -> None:
    count = parcels.write(quarter, tmp_path / "parcels.json")
    with registry.get("adapters", "esrijson").open(tmp_path / "parcels.json", ReadOptions()) as reading:
        shapes = [shapely.from_wkb(feature.shape) for feature in reading]
    assert len(shapes) == count == len(quarter.parcels) + 3
    assert all(shape.is_valid for shape in shapes)
    whole = shapely.union_all(shapes)
    assert sum(shape.area for shape in shapes) == pytest.approx(whole.area, rel=1e-4)
    assert whole.buffer(0.01).geom_type == "Polygon"


def test_the_canary_is_in_every_object_of_the_network(quarter: plan.Quarter, tmp_path: Path) -> None:
    count = network.write(quarter, tmp_path / "n.city.json", "zorivatemu")
    objects = json.loads((tmp_path / "n.city.json").read_text())["CityObjects"]
    assert len(objects) == count > 150
    assert all(item["attributes"]["marque"] == "zorivatemu" for item in objects.values())


def test_the_kerbs_are_wrong_in_four_ways(quarter: plan.Quarter, tmp_path: Path) -> None:
    kerbs.write(quarter, tmp_path / "kerbs.geojson")
    document = json.loads((tmp_path / "kerbs.geojson").read_text())
    shapes = [shapely.Polygon(feature["geometry"]["coordinates"][0]) for feature in document["features"]]
    assert "crs" not in document
    assert sum(not shape.is_valid for shape in shapes) == 3
    assert sum(shape.bounds[0] > 40 for shape in shapes) == 1
    assert max(Counter(feature["id"] for feature in document["features"]).values()) == 2


def _ring(polygon: etree._Element) -> list[tuple[float, ...]]:
    numbers = [float(text) for text in (polygon.findtext(f".//{GML}posList") or "").split()]
    return list(zip(*[iter(numbers)] * 3, strict=True))[:-1]


def _open_edges(rings: list[list[tuple[float, ...]]]) -> list[tuple[object, object]]:
    edges: Counter[tuple[object, object]] = Counter()
    for ring in rings:
        edges.update(zip(ring, ring[1:] + ring[:1], strict=True))
    return [(a, b) for (a, b), count in edges.items() if count != 1 or edges[(b, a)] != 1]


def _volume(rings: list[list[tuple[float, float, float]]]) -> float:
    total = 0.0
    for ring in rings:
        (ax, ay, az), *rest = ring
        for (bx, by, bz), (cx, cy, cz) in itertools.pairwise(rest):
            total += ax * (by * cz - bz * cy) - ay * (bx * cz - bz * cx) + az * (bx * cy - by * cx)
    return total / 6
