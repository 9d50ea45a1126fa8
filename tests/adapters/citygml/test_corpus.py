"""Other people's files (folder in GATEWAY_CORPUS): each is read whole, and pairs of versions and formats agree."""

from __future__ import annotations

import io
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.adapters.citygml import ADAPTER
from gateway.model.feature import Feature
from gateway.model.report import Report
from gateway.ports import Output, ReadOptions

pytestmark = pytest.mark.corpus

EXPECTED: dict[str, tuple[dict[str, int], int, int]] = {
    "BuildingUnits_Storeys_xlink.gml": ({"Building": 1, "BuildingRoom": 3, "BuildingUnit": 2, "BuildingStorey": 2}, 45, 0),
    "Building_CityGML3.0_LOD2_with_several_attributes.gml": ({"Building": 1}, 11, 1),
    "Building_CityGML3.0_with_Dynamizer_and_SensorConnection_V1.gml": ({"Building": 1, "BuildingRoom": 1}, 11, 0),
    "DenHaag_1BwBP.gml": ({"Building": 1, "BuildingPart": 6}, 39, 0),
    "JeffersonBuilding_CityGML3.0_LOD1_with_xAL3_CommonTypes.gml": ({"Building": 1}, 123, 0),
    "Road_over_Bridge_CityGML3.0_LOD2_with_CityObjectRelations.gml": (
        {"Bridge": 1, "Road": 1, "+Section": 3, "+TrafficSpace": 6},
        28,
        0,
    ),
    "berlin_open_data_sample_data.citygml": ({"Building": 61}, 1125, 0),
    "invalid_building_v3.gml": ({"Building": 1}, 7, 1),
    "lod2_buildings_v3.gml": ({"Building": 100}, 700, 0),
    "lod2_test_ade_v2.gml": ({"Building": 1, "+BuildingUnit": 1, "+OtherConstruction": 1}, 20, 0),
    "lod3_building_v2.gml": ({"Building": 1, "BuildingInstallation": 1}, 3092, 0),
    "lod4_building_v2.gml": (
        {"Building": 1, "BuildingRoom": 1, "BuildingFurniture": 1, "+ReliefFeature": 1, "TINRelief": 1},
        1010,
        2,
    ),
}
"""Features by type, faces, problems."""

PAIRS = ("LOD0-EPSG25832", "LOD1-EPSG25832", "LOD1-LocalEngineeringCRS", "LOD2-EPSG25832")


@pytest.fixture(scope="module")
def corpus() -> Path:
    folder = os.environ.get("GATEWAY_CORPUS")
    if not folder or not (Path(folder) / "citygml").is_dir():
        pytest.skip("GATEWAY_CORPUS is not set to a folder with citygml/")
    return Path(folder)


def read(path: Path) -> tuple[list[Feature], Any]:
    with ADAPTER.open(path, ReadOptions()) as reading:
        return list(reading), reading


def faces(features: list[Feature]) -> int:
    return sum(1 for feature in features for geometry in feature.geometries for _ in geometry.polygons())


def plain(feature: Feature) -> tuple[Any, ...]:
    geometries = [(g.type, g.lod, g.boundaries, g.values, [s.type for s in g.surfaces]) for g in feature.geometries]
    properties = dict(feature.properties)
    year = properties.pop("dateOfConstruction", None)
    if year is not None:
        properties["yearOfConstruction"] = int(year[:4])
    addresses = [{key: value for key, value in address.items() if key != "location"} for address in feature.addresses]
    return feature.type, feature.collection, properties, geometries, addresses, feature.parent, feature.children


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_is_read_whole(corpus: Path, name: str) -> None:
    features, reading = read(corpus / "citygml" / name)
    types, count, problems = EXPECTED[name]
    assert Counter(feature.type for feature in features) == types == reading.report.read
    assert faces(features) == count
    assert len(reading.problems) == problems
    assert not any(change.effect == "lost" for change in reading.report.changes.values())


@pytest.mark.parametrize("version", ["2.0", "3.0"])
def test_every_file_is_recognised_and_written_again(corpus: Path, version: str) -> None:
    for path in sorted((corpus / "citygml").iterdir()):
        with path.open("rb") as file:
            assert ADAPTER.sniff(file.read(65536), path.name), path.name
        features, reading = read(path)
        sink, report = io.BytesIO(), Report()
        ADAPTER.write(iter(features), sink, Output(reading.header.crs, reading.header.title, version=version), report)
        again = _reread(sink.getvalue())
        assert faces(again) == faces(features), path.name
        assert len(again) == len(features)
        if not report.changes:
            assert [replace(f, place=None) for f in again] == [replace(f, place=None) for f in features], path.name
        if version == "3.0" == reading.header.version:
            assert not any(change.effect == "lost" for change in report.changes.values()), path.name


@pytest.mark.parametrize("pair", PAIRS)
def test_both_versions_of_a_file_say_the_same(corpus: Path, pair: str) -> None:
    two, first = read(corpus / "citygml" / f"ogc_v2_Building_{pair}.gml")
    three, second = read(corpus / "citygml" / f"ogc_v3_Building_{pair}.gml")
    assert first.header.crs == second.header.crs
    assert [feature.id for feature in two] == [feature.id for feature in three]
    for old, new in zip(two, three, strict=True):
        assert plain(new) == plain(old)


def test_the_same_city_as_cityjson_has_the_same_faces(corpus: Path) -> None:
    features, _ = read(corpus / "citygml" / "lod2_buildings_v3.gml")
    model = json.loads((corpus / "cityjson" / "lod2_buildings_v2.json").read_text())
    scale, shift = model["transform"]["scale"], model["transform"]["translate"]
    vertices = [tuple(v * s + t for v, s, t in zip(vertex, scale, shift, strict=True)) for vertex in model["vertices"]]
    assert {feature.id for feature in features} == set(model["CityObjects"])
    for feature in features:
        theirs = model["CityObjects"][feature.id]
        (ours,), (geometry,) = feature.geometries, theirs["geometry"]
        assert ours.type == geometry["type"]
        assert ours.values == geometry["semantics"]["values"]
        assert [(s.type, s.id) for s in ours.surfaces] == [(s["type"], s["id"]) for s in geometry["semantics"]["surfaces"]]
        points = [[[[vertices[n] for n in ring] for ring in face] for face in shell] for shell in geometry["boundaries"]]
        assert list(flat(ours.boundaries)) == pytest.approx(list(flat(points)), abs=1e-6)
        for key, value in theirs["attributes"].items():
            assert feature.properties[key] == value, key


def flat(nested: Any) -> Iterator[float]:
    if isinstance(nested, list | tuple):
        for inner in nested:
            yield from flat(inner)
    else:
        yield nested


def _reread(content: bytes) -> list[Feature]:
    import tempfile

    with tempfile.NamedTemporaryFile(suffix=".gml") as file:
        file.write(content)
        file.flush()
        return read(Path(file.name))[0]
