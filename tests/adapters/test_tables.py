"""Formats with one table: what is written comes back, other programs read it, and hostile files are refused."""

from __future__ import annotations

import io
import json
import random
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from gateway import registry
from gateway.errors import GatewayError, Unreadable, UsageError
from gateway.model.crs import CRS84, Crs
from gateway.model.feature import Feature, Field, Layer
from gateway.model.geometry import Geometry
from gateway.model.report import Report
from gateway.ports import Output, ReadOptions
from gateway.services.formats import detect

LV95 = Crs("EPSG:2056")
SUFFIXES = {"csv": ".csv", "flatgeobuf": ".fgb", "geoparquet": ".parquet"}
SHAPES = (
    "POINT (2500000.25 1118000.5)",
    "LINESTRING (0 0, 1 1, 2 0)",
    "POLYGON ((0 0, 10 0, 10 10, 0 10, 0 0), (2 2, 4 2, 4 4, 2 4, 2 2))",
    "MULTIPOINT (1 1, 2 2)",
    "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3, 4 4))",
    "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 9 5, 9 9, 5 5), (7 5.5, 8.5 6, 8 6.5, 7 5.5)))",
    "GEOMETRYCOLLECTION (POINT (1 1), LINESTRING (0 0, 5 5))",
    None,
)
RAISED = ("POINT Z (1 2 3)", "POLYGON Z ((0 0 1, 10 0 2, 10 10 3, 0 0 1))", "LINESTRING (0 0, 1 1)")


def features(shapes: Iterable[str | None], collection: str = "roads") -> list[Feature]:
    made = []
    for n, text in enumerate(shapes):
        properties: dict[str, Any] = {
            "name": f'a "quoted", name; {n}\nof two lines',
            "formula": "=1+1",
            "number": n,
            "share": n / 3,
            "is": n % 2 == 0,
            "empty": "",
            "zeros": "007",
            "nothing": None,
            "é€𝄞": "ü",
        }
        shape = None if text is None else shapely.to_wkb(shapely.from_wkt(text), flavor="iso", output_dimension=3)
        made.append(Feature(f"f/{n}", "Feature", collection, properties, shape))
    return made


def write(path: Path, found: Iterable[Feature], crs: Crs | None = LV95, layers: tuple[Layer, ...] = ()) -> Report:
    name = next(name for name, suffix in SUFFIXES.items() if path.suffix == suffix)
    report = Report()
    with path.open("x+b") as sink:
        registry.get("adapters", name).write(iter(found), sink, Output(crs, layers=layers), report)
    return report


def read(path: Path, **options: Any) -> list[Feature]:
    with detect(path).open(path, ReadOptions(**options)) as reading:
        return list(reading)


@pytest.mark.parametrize("name", SUFFIXES)
@pytest.mark.parametrize("shapes", [SHAPES, RAISED], ids=["flat", "raised"])
def test_what_is_written_comes_back(tmp_path: Path, name: str, shapes: tuple[str | None, ...]) -> None:
    path = tmp_path / f"roads{SUFFIXES[name]}"
    write(path, features(shapes))
    with detect(path).open(path, ReadOptions()) as reading:
        assert reading.header.format == name
        assert reading.header.ids == "source"
        assert reading.header.crs == (None if name == "csv" else LV95)
        kinds = {field.name: field.type for field in reading.header.layers[0].fields}
        assert (kinds["number"], kinds["share"], kinds["is"], kinds["zeros"]) == ("integer", "number", "boolean", "string")
        found = list(reading)
    for one, other in zip(found, features(shapes), strict=True):
        assert one.id == other.id
        assert {k: v for k, v in one.properties.items() if v is not None} == {
            k: v for k, v in other.properties.items() if v is not None
        }
        assert (one.shape is None) == (other.shape is None)
        if one.shape is not None:
            left, right = shapely.from_wkb(one.shape), shapely.from_wkb(other.shape)
            assert shapely.equals_exact(left, right) and left.has_z == right.has_z


@pytest.mark.parametrize("name", SUFFIXES)
def test_nothing_is_a_table_without_rows(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"none{SUFFIXES[name]}"
    write(path, [], layers=(Layer("roads", fields=(Field("name", "string"),)),))
    assert read(path) == []


@pytest.mark.parametrize("name", SUFFIXES)
def test_what_a_table_cannot_hold_is_told(tmp_path: Path, name: str) -> None:
    cube = Geometry("MultiSurface", "2", [[[(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0)]]])
    house = Feature("h", "Building", "building", {"nested": {"a": 1}, "either": 1, "huge": 2**70}, geometries=[cube])
    other = Feature("p", "BuildingPart", "building", {"either": "one", "huge": 1}, parent="h", geometries=[cube])
    path = tmp_path / f"b{SUFFIXES[name]}"
    report = write(path, [house, other])
    told = {(change.what, change.effect) for change in report.changes.values()}
    assert told >= {
        ("MultiSurface at LoD 2", "lost"),
        ("nested values", "changed"),
        ("values of several types in one column", "changed"),
        ("family of city objects", "changed"),
    }
    assert report.written == {"building": 2}
    first, second = read(path)
    assert first.properties["either"] == "1" and second.properties["parent"] == "h"
    assert first.properties["huge"] == str(2**70)
    nested = first.properties["nested"]
    assert (json.loads(nested) if isinstance(nested, str) else nested) == {"a": 1}


@pytest.mark.parametrize("name", SUFFIXES)
def test_several_collections_are_told_apart_and_a_property_named_id_stays(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"two{SUFFIXES[name]}"
    write(path, [Feature("1", collection="a", properties={"id": "mine"}), Feature("2", collection="b")])
    found = [(one.id, one.properties["collection"], one.properties.get("id")) for one in read(path)]
    assert found == [("1", "a", "mine"), ("2", "b", None)]


@pytest.mark.parametrize("name", SUFFIXES)
def test_ids_come_from_the_column_named_by_the_caller(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"x{SUFFIXES[name]}"
    write(path, features(SHAPES[:2]))
    assert [one.id for one in read(path, id_field="number")] == ["0", "1"]
    with pytest.raises(UsageError, match="no column egid"):
        read(path, id_field="egid")


def test_gdal_reads_the_table_and_its_index(tmp_path: Path) -> None:
    random.seed(5)
    spots = [(2_500_000 + random.random() * 1000, 1_118_000 + random.random() * 1000) for _ in range(5000)]
    path = tmp_path / "many.fgb"
    write(path, (Feature(str(n), properties={"n": n}, shape=shapely.to_wkb(shapely.Point(at))) for n, at in enumerate(spots)))
    info = pyogrio.read_info(path)
    assert (info["features"], info["crs"], info["geometry_type"], info["capabilities"]["fast_spatial_filter"]) == (
        *(5000, "EPSG:2056", "Point"),
        True,
    )
    box = (2_500_100.0, 1_118_200.0, 2_500_150.0, 1_118_260.0)
    _, _, found, values = pyogrio.raw.read(path, bbox=box)
    within = {n for n, (x, y) in enumerate(spots) if box[0] <= x <= box[2] and box[1] <= y <= box[3]}
    assert set(values[1].tolist()) == within and len(found) == len(within) > 0


def test_pyarrow_reads_the_metadata_of_geoparquet(tmp_path: Path) -> None:
    path = tmp_path / "g.parquet"
    write(path, features(SHAPES[:3]), Crs("EPSG:2056", "EPSG:5728"))
    file = pq.ParquetFile(path)
    geo = json.loads(file.metadata.metadata[b"geo"])
    column = geo["columns"][geo["primary_column"]]
    assert (geo["version"], column["encoding"]) == ("1.1.0", "WKB")
    assert column["geometry_types"] == ["LineString", "Point", "Polygon"]
    assert [part["id"]["code"] for part in column["crs"]["components"]] == [2056, 5728]
    assert column["bbox"] == [0.0, 0.0, 2500000.25, 1118000.5]
    table = file.read()
    assert table.column("bbox").to_pylist()[1] == {"xmin": 0.0, "ymin": 0.0, "xmax": 2.0, "ymax": 1.0}
    assert shapely.from_wkb(table.column("geometry").to_pylist()[0]).equals(shapely.Point(2500000.25, 1118000.5))
    with detect(path).open(path, ReadOptions()) as reading:
        assert reading.header.crs == Crs("EPSG:2056", "EPSG:5728")


def test_crs84_needs_no_words_in_geoparquet_and_an_unknown_system_is_null(tmp_path: Path) -> None:
    for crs, said in ((CRS84, "absent"), (None, None)):
        path = tmp_path / f"{said}.parquet"
        write(path, features(SHAPES[:1]), crs)
        geo = json.loads(pq.ParquetFile(path).metadata.metadata[b"geo"])
        assert geo["columns"]["geometry"].get("crs", "absent") == said
        with detect(path).open(path, ReadOptions()) as reading:
            assert reading.header.crs == crs


def test_parquet_of_others_is_read_with_its_types(tmp_path: Path) -> None:
    import datetime
    import decimal

    table = pa.table(
        {
            "fid": pa.array([1, 2], pa.int32()),
            "day": pa.array([datetime.date(2024, 5, 1), None]),
            "at": pa.array([datetime.datetime(2024, 5, 1, 8, tzinfo=datetime.UTC), None], pa.timestamp("us", "UTC")),
            "price": pa.array([decimal.Decimal("1.50"), None]),
            "tags": pa.array([["a", "b"], None]),
            "photo": pa.array([b"\xff", None]),
            "geom": pa.array([shapely.to_wkb(shapely.Point(6.1, 46.2)), None]),
        }
    )
    geo = {"version": "1.0.0", "primary_column": "geom", "columns": {"geom": {"encoding": "WKB", "geometry_types": []}}}
    path = tmp_path / "others.parquet"
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
    first, second = read(path, id_field="fid")
    assert first.properties == {"day": "2024-05-01", "at": "2024-05-01T08:00:00Z", "price": 1.5, "tags": ["a", "b"]}
    assert (first.id, second.shape) == ("1", None)


def test_parquet_without_geometry_or_cut_short_is_refused(tmp_path: Path) -> None:
    plain = tmp_path / "plain.parquet"
    pq.write_table(pa.table({"a": [1]}), plain)
    with pytest.raises(Unreadable, match="nothing of geometry"):
        read(plain)
    write(tmp_path / "g.parquet", features(SHAPES))
    body = (tmp_path / "g.parquet").read_bytes()
    for cut in (4, 100, len(body) - 1):
        (tmp_path / "cut.parquet").write_bytes(body[:cut])
        with pytest.raises(Unreadable):
            read(tmp_path / "cut.parquet")


def test_a_damaged_flatgeobuf_is_refused_and_kills_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.fgb"
    write(path, features([*SHAPES, *RAISED]))
    whole = path.read_bytes()
    random.seed(7)
    for _ in range(150):
        body = bytearray(whole)
        for _ in range(random.choice((1, 3, 20))):
            body[random.randrange(8, len(body))] = random.randrange(256)
        (tmp_path / "y.fgb").write_bytes(body[: random.choice((len(body), random.randrange(8, len(body))))])
        try:
            read(tmp_path / "y.fgb")
        except GatewayError as error:
            assert str(error)


def test_one_part_of_a_flatgeobuf_cannot_stand_for_many(tmp_path: Path) -> None:
    """A collection whose parts all point to one collection that does the same is small in the file and endless in memory."""
    from gateway.adapters.flatgeobuf.encoding import Buffer
    from gateway.adapters.flatgeobuf.schema import FEATURE, GEOMETRY

    path = tmp_path / "x.fgb"
    write(path, features(SHAPES[:1]))
    head = path.read_bytes()
    size = struct.unpack_from("<I", head, 8)[0]
    buffer = Buffer()
    root = buffer.table(FEATURE, {"geometry": None})
    buffer.root(root)
    above: tuple[int, int] | None = None
    for _ in range(20):
        table = buffer.table(GEOMETRY, {"type": b"\x07", "parts": None})
        vector = buffer.pointers(8)
        buffer.point(table, GEOMETRY["parts"], vector)
        if above is None:
            buffer.point(root, FEATURE["geometry"], table)
        else:
            for at in range(8):
                buffer.aim(above[0], at, table)
        above = (vector, table)
    (tmp_path / "y.fgb").write_bytes(head[: 12 + size] + buffer.done())
    with pytest.raises(Unreadable):
        read(tmp_path / "y.fgb")


@pytest.mark.parametrize(
    ("text", "crs", "wkt", "properties"),
    [
        ("id,x,y,z,n\n1,2600000,1200000,400,5\n", None, "POINT Z (2600000 1200000 400)", {"n": 5}),
        ("name;lon;lat\nü;6,1;46\n", CRS84, None, None),
        ("name;lon;lat\nü;6.1;46\n", CRS84, "POINT (6.1 46)", {"name": "ü"}),
        ("\ufeffname\tLatitude\tLongitude\nA\t46\t6\n", CRS84, "POINT (6 46)", {"name": "A"}),
        ("geom,a\nSRID=2056;POINT(1 2),true\n", LV95, "POINT (1 2)", {"a": True}),
        ('WKT,a,b\n"POLYGON((0 0,1 0,1 1,0 0))",007,1e3\n', None, "POLYGON ((0 0, 1 0, 1 1, 0 0))", {"a": "007", "b": 1000.0}),
        ("WKT,a\n,x\n", None, None, {"a": "x"}),
    ],
)
def test_csv_of_others_is_read(
    tmp_path: Path, text: str, crs: Crs | None, wkt: str | None, properties: dict[str, Any] | None
) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    if properties is None:
        with pytest.raises(Unreadable, match="no position"):
            read(path)
        return
    with detect(path).open(path, ReadOptions()) as reading:
        assert reading.header.crs == crs
        (found,) = reading
    assert found.properties == properties
    assert (None if found.shape is None else shapely.from_wkb(found.shape)) == (None if wkt is None else shapely.from_wkt(wkt))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("WKT,a\nPOINT (1 2),1,2\n", "3 values under 2 names"),
        ('WKT,a\n"POINT (1 2),1\n', "not closed"),
        ("WKT,a,a\nPOINT (1 2),1,2\n", "no header"),
        ("WKT,a\nPOINT (nan 2),1\n", "well-known text|finite"),
        ('WKT,a\n"CIRCULARSTRING (0 0, 1 1, 2 0)",1\n', "no geometry"),
        ("WKT,a\n" + "GEOMETRYCOLLECTION (" * 5000 + "POINT (1 1)" + ")" * 5000 + ",1\n", "nested"),
        ("WKT,a\nPOINT (1,1\n", "well-known text|values"),
        ("x,y,a\n1,inf,1\n", "position|finite"),
    ],
)
def test_a_bad_csv_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(GatewayError, match=says) as caught:
        read(path)
    assert "line" in str(caught.value.place)


def test_a_csv_that_is_no_utf_8_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes("WKT,a\nPOINT (1 2),Genève\n".encode("latin-1"))
    with pytest.raises(Unreadable, match="UTF-8"):
        read(path)


def test_text_that_is_no_table_is_not_taken_for_csv() -> None:
    csv = registry.get("adapters", "csv")
    for head in (b"{}", b"<a/>", b"hello world\n", b"a,b\n1,2\n", b"\x00\x01,x,y\n", b""):
        assert not csv.sniff(head, "file.txt")
    assert csv.sniff(b"a,b\n1,2\n", "file.csv")
    assert csv.sniff(b"id,x,y\n", "upload")


def test_csv_is_rfc_4180(tmp_path: Path) -> None:
    sink = io.BytesIO()
    registry.get("adapters", "csv").write(iter(features(SHAPES[:2])), sink, Output(LV95), Report())
    lines = sink.getvalue().decode().split("\r\n")
    assert lines[0] == "id,name,formula,number,share,is,empty,zeros,nothing,é€𝄞,WKT"
    assert lines[1].startswith('"f/0","a ""quoted"", name; 0\nof two lines","=1+1",0,0.0,true,"","007",,"ü","POINT (2500000.25')
    assert lines[-1] == ""
