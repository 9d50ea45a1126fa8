"""Conversion: any format to any other, with a report, and nothing left behind when it fails."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson
import pytest
import shapely

from gateway.errors import GatewayError, ParameterError, Unreadable, UsageError
from gateway.model.feature import Feature
from gateway.ports import ReadOptions
from gateway.services.convert import convert
from gateway.services.formats import detect

TARGETS = [".geojson", ".gpkg", ".city.json", ".city.jsonl", ".gml"]
CORNERS = [
    [0, 0, 0],
    [1000, 0, 0],
    [1000, 1000, 0],
    [0, 1000, 0],
    [0, 0, 1000],
    [1000, 0, 1000],
    [1000, 1000, 1000],
    [0, 1000, 1000],
]
CUBE = [[[[0, 3, 2, 1]], [[4, 5, 6, 7]], [[0, 1, 5, 4]], [[1, 2, 6, 5]], [[2, 3, 7, 6]], [[3, 0, 4, 7]]]]


def _trees(folder: Path, **members: Any) -> Path:
    features = [
        {
            "type": "Feature",
            "id": f"t{n}",
            "geometry": {"type": "Point", "coordinates": [6.1 + n / 1e4, 46.2]},
            "properties": {"h": n},
        }
        for n in range(30)
    ]
    path = folder / "trees.json"
    path.write_bytes(orjson.dumps({"type": "FeatureCollection", "features": features, **members}))
    return path


def _city(folder: Path, **metadata: Any) -> Path:
    objects = {
        "b": {"type": "Building", "children": ["p"], "attributes": {"h": 1}},
        "p": {"type": "BuildingPart", "parents": ["b"], "geometry": [{"type": "Solid", "lod": "2", "boundaries": CUBE}]},
    }
    transform = {"scale": [0.001] * 3, "translate": [2500000, 1118000, 400]}
    value = {
        "type": "CityJSON",
        "version": "2.0",
        "metadata": metadata,
        "transform": transform,
        "CityObjects": objects,
        "vertices": CORNERS,
    }
    path = folder / "city.json"
    path.write_bytes(orjson.dumps(value))
    return path


LV95 = {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/2056"}


def _read(path: Path) -> list[Feature]:
    with detect(path).open(path, ReadOptions()) as reading:
        return list(reading)


@pytest.mark.parametrize("suffix", TARGETS)
def test_plain_features_become_any_format_and_every_one_arrives(tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"out{suffix}"
    report = convert(_trees(tmp_path), target)
    assert report.read.total() == report.written.total() == 30
    assert len(_read(target)) == 30
    assert target.stat().st_mode & 0o777 == 0o666 & ~_umask()


@pytest.mark.parametrize("suffix", TARGETS)
def test_city_objects_become_any_format_and_every_one_arrives(tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"out{suffix}"
    report = convert(_city(tmp_path, **LV95), target)
    assert report.written.total() == 2
    assert [feature.id for feature in _read(target)] == ["b", "p"]


def test_geojson_is_in_crs84_unless_another_system_is_asked_for(tmp_path: Path) -> None:
    report = convert(_city(tmp_path, **LV95), tmp_path / "a.geojson")
    (_, part) = _read(tmp_path / "a.geojson")
    box = shapely.from_wkb(part.shape).bounds
    assert 5.5 < box[0] < 6.5 and 45.5 < box[1] < 47
    assert any("EPSG:2056" in note for note in report.notes)
    convert(_city(tmp_path, **LV95), tmp_path / "b.geojson", crs="EPSG:2056")
    (_, part) = _read(tmp_path / "b.geojson")
    assert shapely.from_wkb(part.shape).equals(shapely.box(2500000, 1118000, 2500001, 1118001))


def test_features_are_moved_to_the_system_asked_for(tmp_path: Path) -> None:
    convert(_trees(tmp_path), tmp_path / "out.gpkg", crs="EPSG:2056")
    with detect(tmp_path / "out.gpkg").open(tmp_path / "out.gpkg", ReadOptions()) as reading:
        assert reading.header.crs is not None and reading.header.crs.code == "EPSG:2056"
        point = shapely.from_wkb(next(iter(reading)).shape)
    assert 2_480_000 < point.x < 2_510_000 and 1_110_000 < point.y < 1_130_000


def test_a_source_without_a_system_is_carried_through_and_noted(tmp_path: Path) -> None:
    report = convert(_city(tmp_path), tmp_path / "out.city.jsonl")
    assert any("no reference system" in note for note in report.notes)
    assert _read(tmp_path / "out.city.jsonl")[1].geometries[0].boundaries[0][0][0][0] == (2500000.0, 1118000.0, 400.0)


def test_moving_a_source_without_a_system_needs_an_assumption(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--assume-crs"):
        convert(_city(tmp_path), tmp_path / "out.gpkg", crs="EPSG:4326")
    convert(_city(tmp_path), tmp_path / "out.gpkg", crs="EPSG:4326", assume_crs="EPSG:2056")
    assert 6 < shapely.from_wkb(_read(tmp_path / "out.gpkg")[1].shape).centroid.x < 6.5


def test_ids_are_taken_from_the_field_named(tmp_path: Path) -> None:
    convert(_trees(tmp_path), tmp_path / "out.geojson", id_field="h")
    assert [feature.id for feature in _read(tmp_path / "out.geojson")][:3] == ["0", "1", "2"]


def test_numbers_in_file_order_are_noted_as_not_permanent(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b'{"type":"FeatureCollection","features":[{"type":"Feature","geometry":null,"properties":null}]}')
    assert any("not permanent" in note for note in convert(path, tmp_path / "out.geojson").notes)


def test_to_names_a_format_that_the_name_does_not_say(tmp_path: Path) -> None:
    convert(_trees(tmp_path), tmp_path / "out.dat", to="cityjsonseq")
    assert (tmp_path / "out.dat").read_bytes().startswith(b'{"type":"CityJSON"')


@pytest.mark.parametrize("suffix", TARGETS)
def test_an_empty_container_becomes_an_empty_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "empty.json"
    path.write_bytes(b'{"type":"FeatureCollection","features":[]}')
    assert convert(path, tmp_path / f"out{suffix}").written.total() == 0
    assert _read(tmp_path / f"out{suffix}") == []


@pytest.mark.parametrize("suffix", TARGETS)
def test_a_conversion_that_fails_half_way_leaves_nothing(tmp_path: Path, suffix: str) -> None:
    path = _trees(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    before = sorted(file.name for file in tmp_path.iterdir())
    with pytest.raises(Unreadable):
        convert(path, tmp_path / f"out{suffix}")
    assert sorted(file.name for file in tmp_path.iterdir()) == before


def test_a_failing_conversion_leaves_an_older_target_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "out.geojson"
    target.write_bytes(b"older")
    path = _trees(tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(Unreadable):
        convert(path, target)
    assert target.read_bytes() == b"older"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"crs": "EPSG:999999"}, ParameterError),
        ({"crs": "/etc/passwd"}, ParameterError),
        ({"assume_crs": "x"}, ParameterError),
        ({"to": "docx"}, UsageError),
        ({"id_field": "nothing"}, None),
    ],
)
def test_a_wrong_option_is_named_before_anything_is_written(tmp_path: Path, options: Any, error: type[GatewayError] | None) -> None:
    target = tmp_path / "out.geojson"
    if error is None:
        assert "problem" in str(convert(_trees(tmp_path), target, **options).changes)
        return
    with pytest.raises(error):
        convert(_trees(tmp_path), target, **options)
    assert not target.exists()


def test_a_file_cannot_be_converted_onto_itself(tmp_path: Path) -> None:
    path = _trees(tmp_path)
    before = path.read_bytes()
    with pytest.raises(UsageError, match="one file"):
        convert(path, path, to="geojson")
    assert path.read_bytes() == before


def test_a_target_in_no_folder_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder"):
        convert(_trees(tmp_path), tmp_path / "nowhere" / "out.geojson")


@pytest.mark.parametrize("path", ["a.geojson", "a.gpkg", "a.city.jsonl", "a.city.json"])
def test_there_and_back_again_nothing_changes(tmp_path: Path, path: str) -> None:
    """Plain features through every format and back: ids and properties stay, positions within a millimetre."""
    convert(_trees(tmp_path), tmp_path / path)
    convert(tmp_path / path, tmp_path / "back.geojson")
    back, source = _read(tmp_path / "back.geojson"), _read(_trees(tmp_path))
    assert [feature.id for feature in back] == [feature.id for feature in source]
    for one, other in zip(back, source, strict=True):
        assert one.properties["h"] == other.properties["h"]
        assert shapely.from_wkb(one.shape).distance(shapely.from_wkb(other.shape)) < 2e-9


@pytest.mark.corpus
@pytest.mark.parametrize("suffix", [".city.jsonl", ".geojson", ".gpkg"])
@pytest.mark.parametrize("folder", ["cityjson", "geojson", "geopackage", "jsonfg", "citygml"])
def test_files_of_others_convert_and_keep_every_feature(tmp_path: Path, folder: str, suffix: str) -> None:
    place = os.environ.get("GATEWAY_CORPUS")
    if place is None:
        pytest.skip("GATEWAY_CORPUS is not set: no files of others to read")
    for path in sorted(Path(place, folder).iterdir()):
        target = tmp_path / f"{path.name}{suffix}"
        report = convert(path, target)
        assert report.read.total() == report.written.total() == len(_read(target)), path.name


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
