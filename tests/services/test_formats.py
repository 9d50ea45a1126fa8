"""A format is found in the bytes: hardening case N09."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from gateway.errors import Unreadable, UsageError
from gateway.services.formats import adapters, detect, writer

CITY = {"type": "CityJSON", "version": "2.0", "CityObjects": {}, "vertices": []}
GML = b'<?xml version="1.0"?>\n<CityModel xmlns="http://www.opengis.net/citygml/2.0"></CityModel>'


def _file(folder: Path, raw: bytes, name: str = "x") -> Path:
    (folder / name).write_bytes(raw)
    return folder / name


@pytest.mark.parametrize(
    ("raw", "format"),
    [
        (b'{"type":"FeatureCollection","features":[]}', "geojson"),
        (b'\xef\xbb\xbf\n {"type" : "Feature","properties":null,"geometry":null}', "geojson"),
        (b'\x1e{"type":"Feature","properties":null,"geometry":null}\n', "geojson"),
        (b'{"features":[{"type":"Feature"}],"type":"FeatureCollection"}', "geojson"),
        (b'{"type":"Polygon","coordinates":[]}', "geojson"),
        (orjson.dumps(CITY), "cityjson"),
        (b'{"type":"CityJSONFeature","id":"a"}\n', "cityjsonseq"),
        (GML, "citygml"),
    ],
)
@pytest.mark.parametrize("name", ["x", "x.ifc", "x.gpkg", "x.json"])
def test_the_bytes_decide_whatever_the_name_says(tmp_path: Path, raw: bytes, format: str, name: str) -> None:
    assert detect(_file(tmp_path, raw, name)).name == format


@pytest.mark.parametrize(
    ("tail", "format"), [(b'"type":"CityJSON","version":"2.0"', "cityjson"), (b'"type":"FeatureCollection"', "geojson")]
)
def test_a_type_that_stands_far_behind_is_found(tmp_path: Path, tail: bytes, format: str) -> None:
    raw = b'{"vertices":[' + b"[1,2,3]," * 50_000 + b'[1,2,3]],"CityObjects":{},"features":[],' + tail + b"}"
    assert detect(_file(tmp_path, raw)).name == format


def test_the_name_the_sender_gave_breaks_a_tie(tmp_path: Path) -> None:
    path = _file(tmp_path, orjson.dumps(CITY), "spooled")
    assert detect(path, "x.city.jsonl").name == "cityjsonseq"
    assert detect(path, "x.city.json").name == "cityjson"


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        (b"", "empty"),
        (b"{", "JSON of no known format"),
        (b"x", "text of no known format"),
        (b"\x00", "binary data"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a PNG image"),
        (b"PK\x03\x04" + bytes(100), "a ZIP archive"),
        (b"ISO-10303-21;", "a STEP file"),
        (b"SQLite format 3\x00" + bytes(100), "a SQLite database that is no GeoPackage"),
        (b'{"a":1}', "JSON of no known format"),
        (b'{"type":"Topology","objects":{}}', "JSON of no known format"),
        (b'{"features":[],"kind":"none that is known"}', "JSON of no known format"),
        (b"[1,2]", "JSON of no known format"),
        (b"<html></html>", "XML of no known format"),
        (b"<", "broken XML"),
        (b"[" * 200_000, "JSON of no known format"),
        (b'{"a":' * 200_000, "JSON of no known format"),
    ],
)
def test_n09_what_is_no_known_format_is_refused_saying_what_was_seen(tmp_path: Path, raw: bytes, seen: str) -> None:
    with pytest.raises(Unreadable) as caught:
        detect(_file(tmp_path, raw, "house.ifc"))
    assert caught.value.message.startswith(f"house.ifc is {seen}")
    assert caught.value.cure is not None and "GeoPackage" in caught.value.cure
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    "raw",
    [
        b'<gmd:MD_Metadata xmlns:gmd="http://www.isotc211.org/2005/gmd"/>',
        b'<?xml version="1.0"?><!-- x --><csw:Record xmlns:csw="http://www.opengis.net/cat/csw/2.0.2"></csw:Record>',
    ],
)
def test_a_metadata_record_is_no_data_and_the_cure_is_named(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(Unreadable, match="--record"):
        detect(_file(tmp_path, raw))


def test_a_file_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        detect(tmp_path / "nothing")


def test_a_sparse_file_of_five_gigabytes_is_refused_at_once(tmp_path: Path) -> None:
    with (tmp_path / "x").open("wb") as file:
        file.truncate(5_000_000_000)
    with pytest.raises(Unreadable, match="binary data"):
        detect(tmp_path / "x")


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a/b.gml", "citygml"),
        ("x.city.json", "cityjson"),
        ("x.city.jsonl", "cityjsonseq"),
        ("X.GeoJSON", "geojson"),
        ("x.gpkg", "geopackage"),
        ("cityjsonseq", "cityjsonseq"),
        ("geojson", "geojson"),
        ("gpkg", "geopackage"),
    ],
)
def test_the_name_of_a_target_decides_its_format(name: str, format: str) -> None:
    assert writer(name).name == format


@pytest.mark.parametrize("name", ["x.docx", "x", "", "ifc"])
def test_a_target_of_no_known_format_is_wrong_use_and_the_formats_are_listed(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        writer(name)
    assert caught.value.cure is not None and "geojson" in caught.value.cure


def test_adapters_keep_the_contract() -> None:
    names = [adapter.name for adapter in adapters()]
    assert len(set(names)) == len(names) >= 5
    suffixes = [suffix for adapter in adapters() if adapter.writes for suffix in adapter.suffixes]
    assert len(set(suffixes)) == len(suffixes)
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in suffixes)
