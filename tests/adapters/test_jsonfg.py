"""JSON-FG out: every requirement of OGC 21-045r1 that a writer can break, and GDAL's own reader of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely

from gateway import registry
from gateway.geo.moments import time_of
from gateway.model.crs import CRS84, Crs
from gateway.model.feature import Feature, Layer
from gateway.model.geometry import BoundarySurface, Geometry
from gateway.model.report import Report
from gateway.ports import Output, ReadOptions
from gateway.services.formats import detect

COMPOUND = Crs("EPSG:2056", "EPSG:5728")
SPEC = "http://www.opengis.net/spec/json-fg-1/1.0/conf/"
SIMPLE = {"Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection"}


def cube(x: float = 2_500_000.0, *, outward: bool = True) -> list[Any]:
    """The faces of a box of 10 m."""
    y, low, high = 1_118_000.0, 400.0, 410.0
    a, b, c, d = (x, y), (x + 10, y), (x + 10, y + 10), (x, y + 10)
    ground = [(*p, low) for p in (d, c, b, a)]
    roof = [(*p, high) for p in (a, b, c, d)]
    walls = [[(*p, low), (*q, low), (*q, high), (*p, high)] for p, q in ((a, b), (b, c), (c, d), (d, a))]
    faces = [[ground], [roof], *([wall] for wall in walls)]
    return faces if outward else [[ring[::-1] for ring in face] for face in faces]


def house(id: str = "h", kind: str = "Solid", **members: Any) -> Feature:
    bodies = {"Solid": [cube()], "MultiSolid": [[cube()], [cube(2_500_020.0)]], "MultiSurface": cube()}[kind]
    return Feature(id, "Building", "building", {"usage": "flats"}, geometries=[Geometry(kind, "2", bodies)], **members)


def written(features: Iterable[Feature], crs: Crs | None = COMPOUND, **output: Any) -> tuple[dict[str, Any], Report]:
    from io import BytesIO

    sink, report = BytesIO(), Report()
    layers = output.pop("layers", (Layer("building"),))
    registry.get("adapters", "jsonfg").write(iter(features), sink, Output(crs, layers=layers, **output), report)
    return json.loads(sink.getvalue()), report


def volume(shell: list[Any]) -> float:
    found = 0.0
    for ring, *_ in shell:
        points = np.array(ring) - np.array(shell[0][0][0])
        found += float(np.cross(points[1:-1], points[2:]).dot(points[0]).sum()) / 6
    return found


def test_a_solid_is_a_polyhedron_in_the_compound_crs_with_its_footprint_beside_it() -> None:
    document, report = written([house()], schema="http://localhost/schema")
    assert document["conformsTo"] == [f"{SPEC}core", f"{SPEC}polyhedra", f"{SPEC}types-schemas"]
    assert document["coordRefSys"] == [
        "http://www.opengis.net/def/crs/EPSG/0/2056",
        "http://www.opengis.net/def/crs/EPSG/0/5728",
    ]
    assert (document["featureType"], document["featureSchema"]) == ("building", "http://localhost/schema")
    assert document["geometryDimension"] == 3
    (feature,) = document["features"]
    assert not feature.keys() & {"conformsTo", "coordRefSys", "featureType", "featureSchema"}
    place = feature["place"]
    assert place["type"] == "Polyhedron"
    (shell,) = place["coordinates"]
    assert len(shell) == 6
    for (ring,) in shell:
        assert ring[0] == ring[-1] and len(ring) == 5 and all(len(position) == 3 for position in ring)
    assert volume(shell) == pytest.approx(1000)
    footprint = shapely.from_geojson(json.dumps(feature["geometry"]))
    assert footprint.geom_type == "Polygon" and not footprint.has_z
    assert footprint.bounds == pytest.approx((5.95, 46.2, 6.0, 46.3), abs=0.2)
    assert report.written == {"building": 1}


def test_a_shell_turned_inside_out_is_turned_back() -> None:
    inside = Feature("x", "Building", "building", geometries=[Geometry("Solid", "2", [cube(outward=False)])])
    document, _ = written([inside])
    assert volume(document["features"][0]["place"]["coordinates"][0]) == pytest.approx(1000)


def test_a_crs_without_heights_allows_no_polyhedron() -> None:
    document, report = written([house()], Crs("EPSG:2056"))
    place = document["features"][0]["place"]
    assert place["type"] == "MultiPolygon" and len(place["coordinates"]) == 6
    assert any(change.what == "solid" for change in report.changes.values())


def test_several_bodies_are_a_multipolyhedron_and_open_surfaces_a_multipolygon() -> None:
    document, _ = written([house("a", "MultiSolid"), house("b", "MultiSurface")])
    assert [feature["place"]["type"] for feature in document["features"]] == ["MultiPolyhedron", "MultiPolygon"]
    assert len(document["features"][0]["place"]["coordinates"]) == 2
    assert "geometryDimension" not in document


def test_the_finest_solid_stands_and_the_others_are_told() -> None:
    one = house()
    one.geometries += [Geometry("MultiSurface", "3", cube()), Geometry("Solid", "1", [cube()], [BoundarySurface("RoofSurface")])]
    one.opaque.append("<a/>")
    document, report = written([one])
    assert document["features"][0]["place"]["type"] == "Polyhedron"
    assert {change.what for change in report.changes.values()} >= {"MultiSurface at LoD 3", "Solid at LoD 1", "opaque XML"}


@pytest.mark.parametrize("code", ["EPSG:2056", "EPSG:4326", "EPSG:25832", "EPSG:4258"])
def test_place_is_in_the_axis_order_of_the_authority_and_geometry_in_crs84(code: str) -> None:
    spots = {"EPSG:2056": (2_500_000.0, 1_118_000.0), "EPSG:25832": (290_000.0, 5_120_000.0)}
    x, y = spots.get(code, (6.1, 46.2))
    point = Feature("p", collection="building", shape=shapely.to_wkb(shapely.Point(x, y)))
    document, _ = written([point], Crs(code))
    (feature,) = document["features"]
    swapped = code in ("EPSG:4326", "EPSG:4258")
    assert feature["place"]["coordinates"] == pytest.approx([y, x] if swapped else [x, y])
    longitude, latitude = feature["geometry"]["coordinates"]
    assert 5 < longitude < 8 and 46 < latitude < 47
    assert document["geometryDimension"] == 0


@pytest.mark.parametrize("crs", [CRS84, Crs("OGC:CRS84h")])
def test_in_crs84_geometry_says_it_all(crs: Crs) -> None:
    point = Feature("p", collection="building", shape=shapely.to_wkb(shapely.Point(6.1, 46.2, 400), flavor="iso"))
    document, _ = written([point], crs)
    assert "coordRefSys" not in document
    assert document["features"][0]["place"] is None
    assert document["features"][0]["geometry"]["coordinates"] == [6.1, 46.2, 400.0]


def test_an_unknown_system_is_called_engineering_and_geometry_stays_empty() -> None:
    point = Feature("p", collection="building", shape=shapely.to_wkb(shapely.Point(1, 2)))
    document, report = written([point], None)
    assert document["coordRefSys"].endswith("Engineering3D")
    assert document["features"][0]["geometry"] is None
    assert report.notes


@pytest.mark.parametrize(
    ("validity", "time"),
    [
        (None, None),
        ((None, None), None),
        (("2024-05-01", "2024-05-01"), {"date": "2024-05-01"}),
        (("2024-05-01T08:00:00+02:00", "2024-05-01T06:00:00Z"), {"timestamp": "2024-05-01T06:00:00Z"}),
        (("2020-01-01", None), {"interval": ["2020-01-01", ".."]}),
        ((None, "2020-01-01T00:00:00Z"), {"interval": ["..", "2020-01-01T00:00:00Z"]}),
        (("2020-01-01", "2021-01-01T10:00:00Z"), {"interval": ["2020-01-01T00:00:00Z", "2021-01-01T10:00:00Z"]}),
        (("2020-01-01T10:00:00Z", "2021-01-01"), {"interval": ["2020-01-01T10:00:00Z", "2021-01-01T23:59:59Z"]}),
        (("long ago", "2021-01-01"), {"interval": ["..", "2021-01-01"]}),
    ],
)
def test_time_is_a_date_a_timestamp_or_an_interval_of_one_kind(validity: Any, time: Any) -> None:
    assert time_of(validity) == time
    document, _ = written([house(validity=validity)])
    assert document["features"][0]["time"] == time
    assert not document["features"][0]["properties"].keys() & {"validFrom", "validTo"}


def test_one_feature_alone_is_the_root() -> None:
    document, _ = written([house()], single=True, members={"links": [], "license": "x"})
    assert (document["type"], document["id"], document["license"]) == ("Feature", "h", "x")
    assert document["conformsTo"] and document["coordRefSys"] and document["featureType"] == "building"
    assert "features" not in document


def test_features_of_several_collections_have_their_types_each() -> None:
    tree = Feature("t", collection="vegetation", shape=shapely.to_wkb(shapely.Point(2_500_000, 1_118_000)))
    document, _ = written([house(), tree], layers=(Layer("building"), Layer("vegetation")))
    assert "featureType" not in document and "featureSchema" not in document
    assert [feature["featureType"] for feature in document["features"]] == ["building", "vegetation"]


def test_many_features_stream_and_come_back(tmp_path: Path) -> None:
    path = tmp_path / "many.fg.json"
    points = (
        Feature(f"p{n}", collection="spots", properties={"n": n}, shape=shapely.to_wkb(shapely.Point(2_500_000 + n, 1_118_000)))
        for n in range(2500)
    )
    with path.open("wb") as sink:
        registry.get("adapters", "jsonfg").write(points, sink, Output(COMPOUND, layers=(Layer("spots"),)), Report())
    with detect(path).open(path, ReadOptions()) as reading:
        assert (reading.header.version, reading.header.crs) == ("JSON-FG", COMPOUND)
        found = list(reading)
    assert [one.id for one in found] == [f"p{n}" for n in range(2500)]
    assert shapely.from_wkb(found[7].shape).equals(shapely.Point(2_500_007, 1_118_000))


def test_a_solid_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "h.fg.json"
    document, _ = written([house(validity=("2020-01-01", None))])
    path.write_text(json.dumps(document))
    with detect(path).open(path, ReadOptions()) as reading:
        (found,) = reading
    assert found.geometries[0].boundaries == [cube()]
    assert found.validity == ("2020-01-01", None)


def test_gdal_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "h.fg.json"
    tree = Feature(
        "t", collection="building", properties={"usage": "tree"}, shape=shapely.to_wkb(shapely.Point(2_500_000, 1_118_000))
    )
    document, _ = written([house("a"), house("b", "MultiSurface"), tree])
    path.write_text(json.dumps(document))
    info = pyogrio.read_info(path, force_feature_count=True)
    assert (info["driver"], info["features"]) == ("JSONFG", 3)
    assert "usage" in info["fields"]


def test_place_of_a_simple_kind_is_never_in_crs84() -> None:
    for crs in (CRS84, Crs("OGC:CRS84h"), Crs("EPSG:4326")):
        document, _ = written([Feature("p", collection="building", shape=shapely.to_wkb(shapely.Point(6.1, 46.2)))], crs)
        (feature,) = document["features"]
        assert feature["place"] is None or (feature["place"]["type"] in SIMPLE and "CRS84" not in document["coordRefSys"])
        assert feature["place"] != feature["geometry"]
