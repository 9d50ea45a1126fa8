"""Esri FeatureSet JSON: systems by wkid, ids, dates, rings in any order, curves; and what breaks it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import shapely

from gateway.adapters.esrijson import ADAPTER
from gateway.adapters.reading import OpenFile
from gateway.errors import Unreadable
from gateway.model.crs import Crs
from gateway.model.feature import Feature, Field
from gateway.ports import Reading, ReadOptions
from gateway.services import formats

FIELDS = [
    {"name": "OBJECTID", "type": "esriFieldTypeOID"},
    {"name": "etat", "type": "esriFieldTypeDate"},
    {"name": "surface", "type": "esriFieldTypeDouble"},
]


def feature_set(*geometries: Any, **members: Any) -> dict[str, Any]:
    features = [{"attributes": {"OBJECTID": n, "etat": 0, "surface": 1.5}, "geometry": g} for n, g in enumerate(geometries, 1)]
    return {"objectIdFieldName": "OBJECTID", "fields": FIELDS, "spatialReference": {"wkid": 2056}, "features": features, **members}


def read(tmp_path: Path, document: Any, **options: Any) -> tuple[Reading, list[Feature]]:
    path = tmp_path / "parcels.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    with ADAPTER.open(path, ReadOptions(**options)) as reading:
        return reading, list(reading)


def shape(tmp_path: Path, geometry: Any, **members: Any) -> Any:
    _, (feature,) = read(tmp_path, feature_set(geometry, **members))
    assert feature.shape is not None
    return shapely.from_wkb(feature.shape)


def test_the_bytes_decide_what_is_a_feature_set(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_text(json.dumps(feature_set({"x": 1, "y": 2})))
    assert formats.detect(path).name == "esrijson"
    path.write_text('{"type": "FeatureCollection", "features": []}')
    assert formats.detect(path).name == "geojson"


def test_fields_ids_and_dates(tmp_path: Path) -> None:
    reading, (feature,) = read(tmp_path, feature_set({"x": 2498000, "y": 1116000}))
    assert reading.header.crs == Crs("EPSG:2056")
    assert reading.header.ids == "order"
    assert reading.header.layers[0].fields[1] == Field("etat", "string", "date-time")
    assert (feature.id, feature.collection) == ("1", "parcels")
    assert feature.properties["etat"] == "1970-01-01T00:00:00Z"


def test_a_global_id_is_a_permanent_id(tmp_path: Path) -> None:
    document = feature_set({"x": 1, "y": 2}, globalIdFieldName="gid")
    document["features"][0]["attributes"]["gid"] = "{A-1}"
    reading, (feature,) = read(tmp_path, document)
    assert (reading.header.ids, feature.id) == ("source", "{A-1}")


@pytest.mark.parametrize(
    ("reference", "crs"),
    [
        ({"wkid": 102100, "latestWkid": 3857}, Crs("EPSG:3857")),
        ({"wkid": 102645}, Crs("ESRI:102645")),
        ({"wkid": 2056, "vcsWkid": 5728}, Crs("EPSG:2056", "EPSG:5728")),
        ({"wkt": 'PROJCS["own"]'}, Crs("", local='PROJCS["own"]')),
    ],
)
def test_the_reference_system_goes_by_its_latest_number(tmp_path: Path, reference: Any, crs: Crs) -> None:
    reading, _ = read(tmp_path, feature_set({"x": 1, "y": 2}, spatialReference=reference))
    assert reading.header.crs == crs


def test_a_set_without_a_system_takes_the_one_given(tmp_path: Path) -> None:
    document = feature_set({"x": 1, "y": 2})
    del document["spatialReference"]
    assert read(tmp_path, document)[0].header.crs is None
    assert read(tmp_path, document, crs=Crs("EPSG:21781"))[0].header.crs == Crs("EPSG:21781")


def test_rings_are_sorted_by_nesting_whatever_their_direction(tmp_path: Path) -> None:
    outer = [[0, 0], [0, 10], [10, 10], [10, 0], [0, 0]]
    hole = [[2, 2], [8, 2], [8, 8], [2, 8], [2, 2]]
    island = [[4, 4], [4, 6], [6, 6], [6, 4], [4, 4]]
    other = [[20, 0], [25, 0], [25, 5], [20, 5], [20, 0]]
    found = shape(tmp_path, {"rings": [island, other, hole[::-1], outer]})
    assert found.geom_type == "MultiPolygon"
    assert found.area == pytest.approx(100 - 36 + 4 + 25)
    assert sorted(len(part.interiors) for part in found.geoms) == [0, 0, 1]


def test_heights_are_kept_and_measures_dropped_with_a_word(tmp_path: Path) -> None:
    document = feature_set({"paths": [[[0, 0, 5, 99], [1, 1, 6, 99]]]}, hasZ=True, hasM=True)
    reading, (feature,) = read(tmp_path, document)
    assert list(shapely.get_coordinates(shapely.from_wkb(feature.shape), include_z=True)[:, 2]) == [5, 6]
    assert [change["what"] for change in reading.report.as_json()["changes"]] == ["measure (m)"]


@pytest.mark.parametrize(
    ("curve", "length"),
    [
        ({"c": [[2, 0], [1, 1]]}, 3.14159),
        ({"a": [[2, 0], [1, 0], 1, 1]}, 3.14159),
        ({"a": [[2, 0], [1, 0], 1, 1, 0, 1, 0.5]}, 2.42211),
        ({"b": [[2, 0], [0, 0], [2, 0]]}, 2.0),
    ],
    ids=["circle", "arc", "half an ellipse", "bezier"],
)
def test_curves_are_stroked_and_reported(tmp_path: Path, curve: Any, length: float) -> None:
    reading, (feature,) = read(tmp_path, feature_set({"curvePaths": [[[0, 0], curve]]}))
    line = shapely.from_wkb(feature.shape)
    assert line.length == pytest.approx(length, rel=1e-3)
    assert shapely.get_coordinates(line)[[0, -1]].tolist() == [[0, 0], [2, 0]]
    assert any(change["what"] == "curve segment" for change in reading.report.as_json()["changes"])


def test_an_empty_geometry_is_none(tmp_path: Path) -> None:
    _, features = read(tmp_path, feature_set(None, {"x": "NaN"}, {"rings": []}))
    assert [feature.shape for feature in features] == [None, None, None]


def test_an_answer_cut_off_by_its_service_is_said(tmp_path: Path) -> None:
    reading, _ = read(tmp_path, feature_set({"x": 1, "y": 2}, exceededTransferLimit=True))
    assert isinstance(reading, OpenFile)
    assert [problem.place for problem in reading.problems] == ["/exceededTransferLimit"]


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"geometryType": "esriGeometryPoint", "fields": []}, "/features"),
        (feature_set({"q": 1}), "/features/0/geometry"),
        (feature_set({"paths": [[[0, 0], {"z": 1}]]}), "/features/0/geometry/paths/0/1"),
        (feature_set({"paths": [[{"c": [[1, 1], [2, 2]]}]]}), "/features/0/geometry/paths/0/0"),
        (feature_set({"rings": [[["a", 0]]]}), "/features/0/geometry/rings/0/0"),
        (feature_set({"x": 1, "y": 2, "spatialReference": {"wkid": 4326}}), "/features/0/geometry/spatialReference"),
    ],
)
def test_what_is_broken_is_refused_with_its_place(tmp_path: Path, document: Any, place: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(tmp_path, document)
    assert caught.value.place == place


def test_truncated_and_hostile_json_is_unreadable(tmp_path: Path) -> None:
    text = json.dumps(feature_set({"x": 1, "y": 2}))
    for broken in (text[:-20], text.replace("1.5", "NaN"), text.replace('"x"', '"x":1,"x"')):
        with pytest.raises(Unreadable):
            read(tmp_path, broken)


@pytest.mark.parametrize(("named", "ours"), [("esriGeometryPoint", "Point"), ("esriGeometryPolygon", None), (None, None)])
def test_the_type_of_a_layer_is_one_of_ours_or_left_to_the_features(tmp_path: Path, named: str | None, ours: str | None) -> None:
    reading, _ = read(tmp_path, feature_set(geometryType=named))
    assert [layer.geometry_type for layer in reading.header.layers] == [ours]
