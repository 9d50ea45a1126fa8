"""GeoPackage in and out; hardening case N05: a GeoPackage from a stranger is hostile."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import apsw
import numpy as np
import pyogrio
import pytest
import shapely

from gateway.adapters.geopackage import ADAPTER
from gateway.errors import GatewayError, Unreadable, UsageError
from gateway.gates.child import Limits
from gateway.model.crs import CRS84, Crs
from gateway.model.feature import Feature, Layer
from gateway.model.geometry import Geometry
from gateway.model.report import Report
from gateway.ports import Output, Reading, ReadOptions

LV95 = Crs("EPSG:2056")


def _blob(wkt: str, envelope: bool = True, srs: int = 2056) -> bytes:
    shape = shapely.from_wkt(wkt)
    west, south, east, north = shape.bounds
    box = struct.pack("<4d", west, east, south, north) if envelope else b""
    return b"GP\x00" + (b"\x03" if envelope else b"\x01") + struct.pack("<i", srs) + box + shapely.to_wkb(shape, flavor="iso")


def _make(path: Path, *statements: Any, columns: str = "name TEXT", data_type: str = "features", table: str = "t") -> Path:
    """A GeoPackage made by hand with one table `table`, then whatever `statements` do to it."""
    connection = apsw.Connection(str(path))
    connection.execute(
        f"""PRAGMA application_id = 1196444487; PRAGMA user_version = 10300;
        CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT, srs_id INTEGER PRIMARY KEY, organization TEXT,
          organization_coordsys_id INTEGER, definition TEXT, description TEXT);
        INSERT INTO gpkg_spatial_ref_sys VALUES ('LV95', 2056, 'EPSG', 2056, 'x', NULL), ('u', -1, 'NONE', -1, 'undefined', NULL);
        INSERT INTO gpkg_spatial_ref_sys VALUES ('Local grid', 5, 'NONE', 5, 'undefined', NULL), ('LV03', 7, 'epsg', 21781, '', '');
        CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT, identifier TEXT, description TEXT,
          last_change TEXT, min_x REAL, min_y REAL, max_x REAL, max_y REAL, srs_id INTEGER);
        CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, geometry_type_name TEXT, srs_id INTEGER, z, m);
        CREATE TABLE "{table}" (fid INTEGER PRIMARY KEY, geom POINT, {columns});
        INSERT INTO gpkg_contents (table_name, data_type, srs_id) VALUES ('{table}', '{data_type}', 2056);
        INSERT INTO gpkg_geometry_columns VALUES ('{table}', 'geom', 'POINT', 2056, 0, 0);"""
    ).fetchall()
    for statement in statements:
        connection.execute(*((statement,) if isinstance(statement, str) else statement)).fetchall()
    connection.close()
    return path


def _row(wkt: str = "POINT (2500000 1118000)", name: Any = "a") -> tuple[str, tuple[Any, ...]]:
    return "INSERT INTO t (geom, name) VALUES (?, ?)", (_blob(wkt), name)


def _read(path: Path, **options: Any) -> tuple[Reading, list[Feature]]:
    with ADAPTER.open(path, ReadOptions(**options)) as reading:
        return reading, list(reading)


def _write(path: Path, features: Iterable[Feature], crs: Crs | None = LV95, layers: tuple[Layer, ...] = ()) -> Report:
    report = Report()
    with path.open("wb") as sink:
        ADAPTER.write(features, sink, Output(crs, layers=layers), report)
    return report


def _feature(number: int, **properties: Any) -> Feature:
    return Feature(f"f{number}", "Feature", "roads", properties, shapely.to_wkb(shapely.Point(number, number + 1)))


# --- reading


def test_a_table_is_read_as_a_collection_with_its_crs_and_fields(tmp_path: Path) -> None:
    reading, (feature,) = _read(_make(tmp_path / "x.gpkg", _row(), columns="name TEXT, ok BOOLEAN, day DATE, n INTEGER, x DOUBLE"))
    header = reading.header
    assert (header.crs, header.ids) == (LV95, "order")
    kinds = [(field.name, field.type, field.format) for field in header.layers[0].fields]
    assert kinds == [
        ("name", "string", None),
        ("ok", "boolean", None),
        ("day", "string", "date"),
        ("n", "integer", None),
        ("x", "number", None),
    ]
    assert (feature.id, feature.collection, feature.properties["name"]) == ("1", "t", "a")
    assert shapely.from_wkb(feature.shape).equals(shapely.Point(2500000, 1118000))


def test_ids_come_from_the_column_named_by_the_caller(tmp_path: Path) -> None:
    path = _make(tmp_path / "x.gpkg", _row(name="b7"))
    reading, (feature,) = _read(path, id_field="name")
    assert (reading.header.ids, feature.id) == ("field", "b7")
    with pytest.raises(UsageError, match="no column egid"):
        _read(path, id_field="egid")


def test_a_row_without_an_id_is_a_finding(tmp_path: Path) -> None:
    reading, features = _read(_make(tmp_path / "x.gpkg", _row(), _row(name=None)), id_field="name")
    assert [feature.id for feature in features] == ["a", "no-id-2"]
    assert reading.problems[0].place == "layer t, row 2"


def test_booleans_are_booleans_and_binary_values_are_reported(tmp_path: Path) -> None:
    path = _make(
        tmp_path / "x.gpkg",
        "INSERT INTO t VALUES (1, NULL, 'a', 1, x'00', x'ff')",
        columns="name TEXT, ok BOOLEAN, photo BLOB, odd TEXT",
    )
    reading, (feature,) = _read(path)
    assert feature.properties == {"name": "a", "ok": True}
    assert {(change.what, change.effect) for change in reading.report.changes.values()} == {
        ("BLOB column", "lost"),
        ("binary value", "lost"),
    }


def test_tables_without_geometry_are_read_and_tiles_are_reported(tmp_path: Path) -> None:
    path = _make(
        tmp_path / "x.gpkg",
        "INSERT INTO t (name) VALUES ('a')",
        "INSERT INTO gpkg_contents (table_name, data_type) VALUES ('ortho', 'tiles')",
        data_type="attributes",
    )
    reading, (feature,) = _read(path)
    assert feature.shape is None and feature.properties["name"] == "a"
    assert [change.examples for change in reading.report.changes.values()] == [["ortho"]]


@pytest.mark.parametrize(
    ("srs", "given", "expected"),
    [
        (-1, None, Crs("", local="u")),
        (-1, LV95, LV95),
        (5, None, Crs("", local="Local grid")),
        (7, None, Crs("EPSG:21781")),
        (7, LV95, Crs("EPSG:21781")),
        (99, None, None),
    ],
)
def test_the_reference_system_is_that_of_its_authority(tmp_path: Path, srs: int, given: Crs | None, expected: Crs | None) -> None:
    path = _make(tmp_path / "x.gpkg", f"UPDATE gpkg_geometry_columns SET srs_id = {srs}")
    assert _read(path, crs=given)[0].header.crs == expected


def test_a_layer_in_another_system_is_moved_into_that_of_the_first(tmp_path: Path) -> None:
    path = _make(
        tmp_path / "x.gpkg",
        _row(),
        "CREATE TABLE u (fid INTEGER PRIMARY KEY, geom POINT)",
        "INSERT INTO gpkg_contents (table_name, data_type, srs_id) VALUES ('u', 'features', 7)",
        "INSERT INTO gpkg_geometry_columns VALUES ('u', 'geom', 'POINT', 7, 0, 0)",
        ("INSERT INTO u VALUES (1, ?)", (_blob("POINT (500000 118000)"),)),
    )
    reading, features = _read(path)
    moved = shapely.from_wkb(features[1].shape)
    assert abs(moved.x - 2_500_000) < 5 and abs(moved.y - 1_118_000) < 5
    assert [change.what for change in reading.report.changes.values()] == ["layer in another reference system"]


def test_big_endian_and_measured_geometries_become_plain_ones(tmp_path: Path) -> None:
    point = shapely.from_wkt("POINT ZM (1 2 3 4)")
    head = b"GP\x00\x01" + struct.pack("<i", 2056)
    path = _make(
        tmp_path / "x.gpkg", ("INSERT INTO t (geom) VALUES (?)", (head + shapely.to_wkb(point, flavor="iso", byte_order=0),))
    )
    _, (feature,) = _read(path)
    assert feature.shape == shapely.to_wkb(shapely.Point(1, 2, 3), flavor="iso", byte_order=1)


def _wkb(kind: int, *parts: bytes, big: bool = False) -> bytes:
    order = ">" if big else "<"
    return struct.pack(f"{order}BII", 0 if big else 1, kind, len(parts)) + b"".join(parts)


ARC = _wkb(1008, *[struct.pack("<3d", *point) for point in ((2, 0, 5), (1, 1, 5), (0, 0, 5))])
CHORD = _wkb(1002, *[struct.pack("<3d", *point) for point in ((0, 0, 5), (2, 0, 5))])
HALF_DISC = _wkb(1010, _wkb(1009, CHORD, ARC))


@pytest.mark.parametrize(
    ("wkb", "kind", "length"),
    [
        (ARC, "LineString", np.pi),
        (_wkb(1009, CHORD, ARC), "LineString", np.pi + 2),
        (_wkb(1011, ARC, CHORD), "MultiLineString", np.pi + 2),
        (HALF_DISC, "Polygon", np.pi + 2),
        (_wkb(1012, HALF_DISC, HALF_DISC), "MultiPolygon", 2 * (np.pi + 2)),
        (_wkb(3008, *[struct.pack("<4d", *point, 9.0) for point in ((2, 0, 5), (1, 1, 5), (0, 0, 5))]), "LineString", np.pi),
        (_wkb(8, *[struct.pack(">2d", *point) for point in ((2, 0), (1, 1), (0, 0))], big=True), "LineString", np.pi),
    ],
)
def test_curves_are_stroked_and_reported(tmp_path: Path, wkb: bytes, kind: str, length: float) -> None:
    blob = b"GP\x00\x01" + struct.pack("<i", 2056) + wkb
    path = _make(
        tmp_path / "x.gpkg",
        "UPDATE gpkg_geometry_columns SET geometry_type_name = 'GEOMETRY'",
        ("INSERT INTO t (geom) VALUES (?)", (blob,)),
    )
    reading, (feature,) = _read(path)
    shape = shapely.from_wkb(feature.shape)
    assert shape.geom_type == kind and abs(shape.length - length) < 0.01
    assert [change.what for change in reading.report.changes.values()] == ["curved geometry"]


@pytest.mark.parametrize(
    "wkb",
    [
        ARC[:-1],
        _wkb(1013),
        _wkb(1009, *[_wkb(1009, b"")] * 9),
        b"\x01\x09\x00\x00\x00\xff\xff\xff\xff",
        _wkb(1008, struct.pack("<3d", 0, 0, 0)),
    ],
)
def test_a_broken_curve_is_unreadable(tmp_path: Path, wkb: bytes) -> None:
    path = _make(
        tmp_path / "x.gpkg",
        "UPDATE gpkg_geometry_columns SET geometry_type_name = 'CURVE'",
        ("INSERT INTO t (geom) VALUES (?)", (b"GP\x00\x01" + bytes(4) + wkb,)),
    )
    with pytest.raises(Unreadable, match="layer t, row 1"):
        _read(path)


def test_a_file_in_wal_mode_is_read_without_touching_it(tmp_path: Path) -> None:
    path = _make(tmp_path / "x.gpkg", _row(), "PRAGMA journal_mode = WAL")
    before = path.read_bytes()
    assert len(_read(path)[1]) == 1
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == ["x.gpkg"]


# --- writing


def test_what_was_written_reads_back_the_same(tmp_path: Path) -> None:
    features = [
        _feature(n, name=f"Route {n}", lanes=n, width=n / 3, paved=n % 2 == 0, tags={"a": [n, None]}, empty=None)
        for n in range(1, 5000)
    ]
    report = _write(tmp_path / "x.gpkg", features)
    reading, found = _read(tmp_path / "x.gpkg")
    assert (reading.header.crs, reading.header.ids) == (LV95, "source")
    assert [(f.id, f.properties, f.shape) for f in found] == [(f.id, f.properties, f.shape) for f in features]
    assert report.written == {"roads": 4999} and not report.changes


def test_several_collections_and_late_columns_are_found_while_streaming(tmp_path: Path) -> None:
    features = [_feature(1, a=1), _feature(2, b="x"), Feature("g", "Feature", "lakes", {"a": 2}), _feature(3, a=2, c=1.5)]
    _write(tmp_path / "x.gpkg", iter(features))
    _, found = _read(tmp_path / "x.gpkg")
    assert [(f.collection, f.id) for f in found] == [("roads", "f1"), ("roads", "f2"), ("roads", "f3"), ("lakes", "g")]
    assert found[2].properties == {"a": 2, "b": None, "c": 1.5}


def test_gdal_reads_the_file_with_its_types_its_index_and_its_crs(tmp_path: Path) -> None:
    squares = [
        Feature(
            f"s{n}",
            "Feature",
            "squares",
            {"n": n, "x": 0.5 * n, "t": "a", "b": True, "mixed": n if n % 2 else "x"},
            shapely.to_wkb(shapely.box(n, 0, n + 0.5, 1)),
        )
        for n in range(3000)
    ]
    report = _write(tmp_path / "x.gpkg", squares)
    info = pyogrio.read_info(tmp_path / "x.gpkg")
    assert (info["features"], info["geometry_type"], info["crs"]) == (3000, "Polygon", "EPSG:2056")
    assert info["total_bounds"] == (0, 0, 2999.5, 1)
    assert dict(zip(info["fields"], info["dtypes"], strict=True)) == {
        "gw_id": "object",
        "n": "int64",
        "x": "float64",
        "t": "object",
        "b": "bool",
        "mixed": "object",
    }
    assert info["capabilities"]["fast_spatial_filter"]
    _, _, geometry, _ = pyogrio.raw.read(tmp_path / "x.gpkg", bbox=(10, 0, 12.6, 1))
    assert len(geometry) == 3
    assert [change.what for change in report.changes.values()] == ["values of several types in one column"]


def test_property_names_that_sqlite_cannot_tell_apart_are_renamed_and_reported(tmp_path: Path) -> None:
    report = _write(tmp_path / "x.gpkg", [_feature(1, Name="a", name="b", fid=3, geom="g", **{'we"ird': 1, "": 2})])
    _, (found,) = _read(tmp_path / "x.gpkg")
    assert found.properties == {"Name": "a", "name_2": "b", "fid_2": 3, "geom_2": "g", 'we"ird': 1, "column": 2}
    assert report.changes[("name of a property", "SQLite knows no case and some names are taken", "changed")].count == 4


@pytest.mark.parametrize(
    "crs", [CRS84, Crs("EPSG:4326"), Crs("EPSG:2056", "EPSG:5728"), Crs("EPSG:7415"), Crs("", local="grid"), None]
)
def test_any_reference_system_survives(tmp_path: Path, crs: Crs | None) -> None:
    _write(tmp_path / "x.gpkg", [_feature(1)], crs)
    found = _read(tmp_path / "x.gpkg")[0].header.crs
    same = {
        CRS84: Crs("EPSG:4326"),
        None: Crs("", local="Undefined Cartesian SRS"),
        Crs("", local="grid"): Crs("", local="Undefined Cartesian SRS"),
    }
    assert found == same.get(crs, crs)


def test_no_features_make_an_empty_file_with_its_layers(tmp_path: Path) -> None:
    _write(tmp_path / "x.gpkg", [], layers=(Layer("roads", "Routes"),))
    reading, features = _read(tmp_path / "x.gpkg")
    assert features == [] and [(layer.id, layer.title) for layer in reading.header.layers] == [("roads", "Routes")]
    _write(tmp_path / "y.gpkg", [])
    assert _read(tmp_path / "y.gpkg")[1] == []


def test_a_city_object_is_written_as_its_footprint_with_a_report(tmp_path: Path) -> None:
    floor = [[(0.0, 0.0, 4.0), (0.0, 2.0, 4.0), (2.0, 2.0, 4.0), (2.0, 0.0, 4.0)]]
    building = Feature("b", "Building", "building", {"h": 1}, geometries=[Geometry("MultiSurface", "2", [floor])], children=("p",))
    report = _write(tmp_path / "x.gpkg", [building])
    _, (found,) = _read(tmp_path / "x.gpkg")
    assert shapely.from_wkb(found.shape).equals(shapely.box(0, 0, 2, 2))
    assert found.properties == {"h": 1, "type": "Building", "children": ["p"]}
    assert "MultiSurface at LoD 2" in {change.what for change in report.changes.values()}


def test_a_failing_source_leaves_no_temporary_file_and_no_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def source() -> Iterable[Feature]:
        yield _feature(1)
        raise Unreadable("half way")

    with pytest.raises(Unreadable, match="half way"):
        ADAPTER.write(source(), io.BytesIO(), Output(LV95), Report())
    assert list(tmp_path.iterdir()) == []


# --- N05

HOSTILE = {
    "a view with an endless query": (
        "DROP TABLE t",
        "CREATE VIEW t AS WITH RECURSIVE c(fid) AS (SELECT 1 UNION ALL SELECT fid + 1 FROM c) SELECT fid, '' geom, '' name FROM c",
    ),
    "a virtual table": ("DROP TABLE t", "CREATE VIRTUAL TABLE t USING fts5(geom, name)"),
    "a virtual table of contents": ("DROP TABLE gpkg_contents", "CREATE VIRTUAL TABLE gpkg_contents USING rtree(a, b, c)"),
    "a view as table of contents": ("ALTER TABLE gpkg_contents RENAME TO c", "CREATE VIEW gpkg_contents AS SELECT * FROM c"),
    "the schema as a layer": ("UPDATE gpkg_contents SET table_name = 'sqlite_master'",),
    "the schema in capitals": ("UPDATE gpkg_contents SET table_name = 'SQLITE_MASTER'",),
    "the contents as a layer": ("UPDATE gpkg_contents SET table_name = 'gpkg_contents'",),
    "a layer that is not there": ("UPDATE gpkg_contents SET table_name = 'nothing'",),
    "a name that breaks out of its quotes": ("UPDATE gpkg_contents SET table_name = 't\" UNION SELECT * FROM sqlite_master --'",),
    "a blob that is no geometry": (("INSERT INTO t VALUES (1, ?, 'a')", (b"xx",)),),
    "a text as geometry": ("INSERT INTO t VALUES (1, 'POINT (1 1)', 'a')",),
    "a false envelope": (
        (
            "INSERT INTO t VALUES (1, ?, 'a')",
            (_blob("LINESTRING (0 0, 1 1)").replace(struct.pack("<d", 1.0), struct.pack("<d", 9.0), 1),),
        ),
    ),
    "a false count": (
        (
            "INSERT INTO t VALUES (1, ?, 'a')",
            (_blob("LINESTRING (0 0, 1 1)").replace(b"\x02\x00\x00\x00\x02", b"\x02\x00\x00\x00\xff"),),
        ),
    ),
    "a geometry cut short": (("INSERT INTO t VALUES (1, ?, 'a')", (_blob("LINESTRING (0 0, 1 1)")[:-9],)),),
    "a geometry with a header alone": (("INSERT INTO t VALUES (1, ?, 'a')", (b"GP\x00\x03" + bytes(36),)),),
    "a nest of collections": (
        ("INSERT INTO t VALUES (1, ?, 'a')", (b"GP\x00\x01" + bytes(4) + b"\x01\x07\x00\x00\x00\x01\x00\x00\x00" * 5000,)),
    ),
}


@pytest.mark.parametrize("deeds", HOSTILE.values(), ids=HOSTILE)
def test_n05_a_hostile_geopackage_is_refused(tmp_path: Path, deeds: tuple[Any, ...]) -> None:
    path = _make(tmp_path / "x.gpkg", *deeds)
    with pytest.raises(Unreadable):
        _read(path)


def test_n05_triggers_views_and_foreign_tables_beside_the_layers_do_nothing(tmp_path: Path) -> None:
    path = _make(
        tmp_path / "x.gpkg",
        _row(),
        "CREATE TABLE secret (x)",
        "CREATE VIEW v AS WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c",
        "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO secret VALUES (1); END",
        "CREATE VIRTUAL TABLE f USING fts5(x)",
        "CREATE INDEX i ON t (lower(name))",
    )
    assert len(_read(path)[1]) == 1


def test_n05_the_sql_of_a_generated_column_is_not_run(tmp_path: Path) -> None:
    path = _make(
        tmp_path / "x.gpkg",
        "INSERT INTO t (name) VALUES ('a')",
        columns="name TEXT, big TEXT AS (upper(name)) VIRTUAL",
    )
    reading, (feature,) = _read(path)
    assert feature.properties == {"name": "a"}
    assert "generated column" in {change.what for change in reading.report.changes.values()}


def test_n05_a_check_that_costs_minutes_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clause = " AND ".join(f"length(hex(zeroblob({20_000_000 + n} + length(name)))) > 0" for n in range(40))
    path = _make(
        tmp_path / "x.gpkg",
        "PRAGMA ignore_check_constraints = 1",
        "INSERT INTO t (name) VALUES ('a'), ('b'), ('c'), ('d'), ('e'), ('f'), ('g'), ('h'), ('i'), ('j')",
        columns=f"name TEXT CHECK ({clause})",
    )
    monkeypatch.setattr("gateway.adapters.geopackage.LIMITS", Limits(cpu=3, seconds=3))
    assert len(_read(path)[1]) == 10


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.9])
def test_a_file_that_is_cut_off_is_unreadable(tmp_path: Path, share: float) -> None:
    path = _make(tmp_path / "x.gpkg", *[_row(name="x" * 3000) for _ in range(50)])
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * share)])
    with pytest.raises(Unreadable):
        _read(path)


@pytest.mark.parametrize("seed", range(25))
def test_a_file_with_flipped_bytes_is_read_or_refused_never_a_crash(tmp_path: Path, seed: int) -> None:
    path = _make(tmp_path / "x.gpkg", *[_row(name="x" * 500) for _ in range(20)])
    raw = bytearray(path.read_bytes())
    for at in np.random.default_rng(seed).integers(16, len(raw), 20):
        raw[at] ^= 0x55
    path.write_bytes(raw)
    try:
        _read(path)
    except GatewayError as error:
        assert error.exit_code in (3, 4)


def test_a_sqlite_file_that_is_no_geopackage_is_unreadable(tmp_path: Path) -> None:
    apsw.Connection(str(tmp_path / "x.gpkg")).execute("CREATE TABLE a (b)").fetchall()
    with pytest.raises(Unreadable, match="no GeoPackage"):
        _read(tmp_path / "x.gpkg")
