"""GeoJSON in and out; hardening cases G01 to G12 where they meet this format."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest
import shapely

from gateway.adapters.geojson import ADAPTER
from gateway.errors import GatewayError, TooLarge, Unreadable
from gateway.model.crs import CRS84, Crs
from gateway.model.feature import Feature
from gateway.model.geometry import BoundarySurface, Geometry
from gateway.model.report import Report
from gateway.ports import Output, Reading, ReadOptions

LV95 = "urn:ogc:def:crs:EPSG::2056"
POINT = {"type": "Point", "coordinates": [6.1, 46.2]}


def _feature(**members: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": POINT, "properties": {"name": "a"}, **members}


def _file(folder: Path, value: Any, name: str = "trees.geojson") -> Path:
    path = folder / name
    path.write_bytes(value if isinstance(value, bytes) else orjson.dumps(value))
    return path


def _collection(*features: Any, **members: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", **members, "features": list(features)}


def _read(path: Path, **options: Any) -> tuple[Reading, list[Feature]]:
    with ADAPTER.open(path, ReadOptions(**options)) as reading:
        return reading, list(reading)


def _write(features: Iterable[Feature], crs: Crs | None = CRS84) -> tuple[dict[str, Any], Report]:
    sink, report = io.BytesIO(), Report()
    ADAPTER.write(features, sink, Output(crs), report)
    return orjson.loads(sink.getvalue()), report


# --- what surrounds the features


def test_a_collection_without_a_crs_is_in_crs84_and_named_after_its_file(tmp_path: Path) -> None:
    reading, (feature,) = _read(_file(tmp_path, _collection(_feature(id="x"))))
    assert reading.header.crs == CRS84
    assert (feature.id, feature.collection, feature.properties) == ("x", "trees", {"name": "a"})
    assert feature.shape is not None and shapely.from_wkb(feature.shape).equals(shapely.Point(6.1, 46.2))
    assert reading.report.read == {"trees": 1}


def test_an_option_fills_a_missing_crs_and_never_overrides_one(tmp_path: Path) -> None:
    given = Crs("EPSG:21781")
    assert _read(_file(tmp_path, _collection(_feature())), crs=given)[0].header.crs == given
    named = _collection(_feature(), crs={"type": "name", "properties": {"name": LV95}})
    assert _read(_file(tmp_path, named), crs=given)[0].header.crs == Crs("EPSG:2056")


@pytest.mark.parametrize("length", [1, 5000])
def test_the_crs_member_may_stand_behind_the_features(tmp_path: Path, length: int) -> None:
    raw = b'{"type":"FeatureCollection","features":[%b],"bbox":[1,2,3,4],"crs":{"type":"name","properties":{"name":"%b"}}}'
    path = _file(tmp_path, raw % (b",".join([orjson.dumps(_feature())] * length), LV95.encode()))
    reading, features = _read(path)
    assert reading.header.crs == Crs("EPSG:2056")
    assert len(features) == length


def test_a_crs_that_is_a_link_is_never_followed_and_becomes_a_finding(tmp_path: Path) -> None:
    link = {"type": "link", "properties": {"href": "http://127.0.0.1:9/crs", "type": "proj4"}}
    reading, _ = _read(_file(tmp_path, _collection(_feature(), crs=link)))
    assert reading.header.crs is not None and not reading.header.crs.is_known
    assert reading.problems[0].place == "/crs"


def test_a_crs_member_that_names_nothing_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="/crs"):
        _read(_file(tmp_path, _collection(_feature(), crs={"type": "name", "properties": {}})))


def test_the_name_of_the_collection_becomes_its_id_with_odd_characters_replaced(tmp_path: Path) -> None:
    reading, (feature,) = _read(_file(tmp_path, _collection(_feature(), name="Arbres isolés/2026")))
    assert (feature.collection, reading.header.title) == ("Arbres-isol-s-2026", "Arbres isolés/2026")


def test_the_name_the_sender_gave_counts_before_the_name_of_the_spooled_file(tmp_path: Path) -> None:
    _, (feature,) = _read(_file(tmp_path, _collection(_feature()), "tmp123"), name="parcs.geojson")
    assert feature.collection == "parcs"


@pytest.mark.parametrize("value", [_feature(id=1), POINT, {"type": "GeometryCollection", "geometries": [POINT]}])
def test_a_lone_feature_or_geometry_is_one_feature(tmp_path: Path, value: Any) -> None:
    _, (feature,) = _read(_file(tmp_path, value))
    assert feature.id == "1" and feature.shape


@pytest.mark.parametrize(("separator", "end"), [(b"", b"\n"), (b"\x1e", b"\n"), (b"", b"\r\n\r\n")])
def test_a_sequence_is_read_line_by_line(tmp_path: Path, separator: bytes, end: bytes) -> None:
    raw = b"".join(separator + orjson.dumps(_feature(id=str(n))) + end for n in range(5))
    _, features = _read(_file(tmp_path, raw))
    assert [feature.id for feature in features] == list("01234")
    assert ADAPTER.sniff(raw, "x")


def test_a_broken_line_of_a_sequence_is_named(tmp_path: Path) -> None:
    raw = b"\n".join([orjson.dumps(_feature()), orjson.dumps(_feature()), b'{"type":'])
    with pytest.raises(Unreadable, match="line 3"):
        _read(_file(tmp_path, raw))


def test_an_empty_collection_has_no_features(tmp_path: Path) -> None:
    assert _read(_file(tmp_path, _collection()))[1] == []


@pytest.mark.parametrize(
    "value",
    [
        [1],
        {"type": "FeatureCollection"},
        {"type": "FeatureCollection", "features": [1]},
        _collection({"type": "Thing"}),
        _collection(_feature(properties=[])),
    ],
)
def test_what_is_no_geojson_is_unreadable(tmp_path: Path, value: Any) -> None:
    with pytest.raises(Unreadable):
        _read(_file(tmp_path, value))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_a_file_that_is_cut_off_is_unreadable(tmp_path: Path, share: float) -> None:
    raw = orjson.dumps(_collection(*[_feature(id=n) for n in range(3000)]))
    with pytest.raises(Unreadable):
        _read(_file(tmp_path, raw[: int(len(raw) * share)]))


def test_a_collection_of_many_windows_is_read_whole(tmp_path: Path) -> None:
    features = [_feature(id=f"t{n}", properties={"text": "x" * (n % 300), "n": n, "nested": {"a": [n]}}) for n in range(20_000)]
    _, found = _read(_file(tmp_path, _collection(*features)))
    assert [(f.id, f.properties) for f in found] == [(f["id"], f["properties"]) for f in features]


# --- ids


def test_ids_come_from_the_file_else_from_a_field_else_from_the_order(tmp_path: Path) -> None:
    reading, (feature,) = _read(_file(tmp_path, _collection(_feature(id=7))))
    assert (reading.header.ids, feature.id) == ("source", "7")
    reading, (feature,) = _read(_file(tmp_path, _collection(_feature(id=7))), id_field="name")
    assert (reading.header.ids, feature.id) == ("field", "a")
    reading, features = _read(_file(tmp_path, _collection(_feature(), _feature())))
    assert (reading.header.ids, [f.id for f in features]) == ("order", ["1", "2"])


def test_number_and_text_ids_in_one_file_are_a_finding(tmp_path: Path) -> None:
    reading, features = _read(_file(tmp_path, _collection(_feature(id=1), _feature(id="1"))))
    assert [f.id for f in features] == ["1", "1"]
    assert reading.problems[0].place == "/features/1"


@pytest.mark.parametrize("odd", [None, True, [], {}, ""])
def test_a_feature_without_a_usable_id_among_others_is_a_finding(tmp_path: Path, odd: Any) -> None:
    reading, features = _read(_file(tmp_path, _collection(_feature(id="a"), _feature(id=odd))))
    assert features[1].id == "no-id-2" and reading.problems


@pytest.mark.parametrize("odd", ["../x", "?f=html", "x" * 2000, "🏠", ".", "%2F"])
def test_an_odd_id_is_kept_as_it_is(tmp_path: Path, odd: str) -> None:
    _, features = _read(_file(tmp_path, _collection(_feature(id=odd))))
    written, _ = _write(features)
    assert written["features"][0]["id"] == odd


# --- members nobody asked for


def test_foreign_members_of_a_feature_are_kept_as_properties_and_reported(tmp_path: Path) -> None:
    reading, (feature,) = _read(_file(tmp_path, _collection(_feature(style={"fill": "red"}, name="b", bbox=[1, 2, 3, 4]))))
    assert feature.properties == {"name": "a", "style": {"fill": "red"}}
    changes = {(change.what, change.effect) for change in reading.report.changes.values()}
    assert changes == {("member style of a feature", "changed"), ("member name of a feature", "lost")}


def test_foreign_members_of_the_collection_are_reported(tmp_path: Path) -> None:
    reading, _ = _read(_file(tmp_path, _collection(_feature(), generator="x")))
    assert [change.what for change in reading.report.changes.values()] == ["member generator of the collection"]


# --- JSON-FG

POLYHEDRON = [[[[[0, 0, 0], [0, 1, 0], [1, 1, 0], [1, 0, 0], [0, 0, 0]]], [[[0, 0, 0], [1, 0, 0], [0, 0, 1], [0, 0, 0]]]]]


def _jsonfg(place: Any, crs: Any = "http://www.opengis.net/def/crs/EPSG/0/2056", **members: Any) -> dict[str, Any]:
    return _collection(_feature(place=place, **members), coordRefSys=crs)


def test_place_counts_before_geometry_and_has_the_crs_of_coordrefsys(tmp_path: Path) -> None:
    reading, (feature,) = _read(_file(tmp_path, _jsonfg({"type": "Point", "coordinates": [2500000, 1118000]})))
    assert reading.header.crs == Crs("EPSG:2056")
    assert shapely.from_wkb(feature.shape).equals(shapely.Point(2500000, 1118000))


def test_place_is_read_in_the_order_of_the_authority(tmp_path: Path) -> None:
    value = _jsonfg({"type": "Point", "coordinates": [46.2, 6.1]}, "http://www.opengis.net/def/crs/EPSG/0/4326")
    _, (feature,) = _read(_file(tmp_path, value))
    assert shapely.from_wkb(feature.shape).equals(shapely.Point(6.1, 46.2))


def test_a_feature_with_geometry_alone_is_moved_into_the_crs_of_the_others(tmp_path: Path) -> None:
    _, (feature,) = _read(_file(tmp_path, _jsonfg(None)))
    found = shapely.from_wkb(feature.shape)
    assert 2_400_000 < found.x < 2_600_000 and 1_050_000 < found.y < 1_200_000


def test_a_compound_coordrefsys_is_an_array_of_two(tmp_path: Path) -> None:
    uris = [f"http://www.opengis.net/def/crs/EPSG/0/{number}" for number in (2056, 5728)]
    reading, _ = _read(_file(tmp_path, _jsonfg({"type": "Point", "coordinates": [2500000, 1118000, 400]}, uris)))
    assert reading.header.crs == Crs("EPSG:2056", "EPSG:5728")


@pytest.mark.parametrize(
    ("time", "validity"),
    [
        ({"interval": ["2014-04-24T10:50:18Z", ".."]}, ("2014-04-24T10:50:18Z", None)),
        ({"date": "2020-01-01"}, ("2020-01-01", "2020-01-01")),
        ({"timestamp": "2020-01-01T00:00:00Z"}, ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z")),
        (None, None),
    ],
)
def test_time_becomes_the_validity(tmp_path: Path, time: Any, validity: Any) -> None:
    _, (feature,) = _read(_file(tmp_path, _jsonfg({"type": "Point", "coordinates": [2500000, 1118000]}, time=time)))
    assert feature.validity == validity


def test_a_polyhedron_is_a_solid(tmp_path: Path) -> None:
    _, (feature,) = _read(_file(tmp_path, _jsonfg({"type": "Polyhedron", "coordinates": POLYHEDRON})))
    (geometry,) = feature.geometries
    assert geometry.type == "Solid" and geometry.boundaries[0][1] == [[(0, 0, 0), (1, 0, 0), (0, 0, 1)]]


def test_a_prism_is_extruded_to_a_closed_solid(tmp_path: Path) -> None:
    base = {"type": "Polygon", "coordinates": [[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]], [[1, 1], [1, 2], [2, 2], [1, 1]]]}
    _, (feature,) = _read(_file(tmp_path, _jsonfg({"type": "Prism", "base": base, "lower": 1, "upper": 3})))
    (shell,) = feature.geometries[0].boundaries
    edges = [edge for surface in shell for ring in surface for edge in zip(ring, ring[1:] + ring[:1], strict=True)]
    assert len(shell) == 9 and sorted(edges) == sorted((end, start) for start, end in edges)


def test_arcs_are_stroked_on_their_circle(tmp_path: Path) -> None:
    arc = {"type": "CircularString", "coordinates": [[2600001, 1200000], [2600000, 1200001], [2599999, 1200000]]}
    reading, (feature,) = _read(_file(tmp_path, _jsonfg(arc)))
    points = shapely.get_coordinates(shapely.from_wkb(feature.shape)) - (2600000, 1200000)
    assert len(points) > 40 and abs((points**2).sum(axis=1) - 1).max() < 1e-6 and (points[:, 1] > -1e-6).all()
    assert reading.report.changes


@pytest.mark.parametrize(
    "place",
    [
        [],
        {"type": "Prism"},
        {"type": "Polyhedron", "coordinates": [1]},
        {"type": "CircularString", "coordinates": [[1, 2]]},
        {"type": "CurvePolygon", "geometries": [3]},
    ],
)
def test_a_broken_place_is_unreadable(tmp_path: Path, place: Any) -> None:
    with pytest.raises(Unreadable, match="/features/0"):
        _read(_file(tmp_path, _jsonfg(place)))


# --- writing


def test_what_was_written_reads_back_the_same(tmp_path: Path) -> None:
    geometries = [
        POINT,
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]},
        {"type": "LineString", "coordinates": [[0, 0, 5], [1, 1, 6]]},
        {"type": "GeometryCollection", "geometries": [POINT]},
        None,
    ]
    source = _collection(
        *[_feature(id=f"f{n}", geometry=g, properties={"n": n, "x": {"y": [1, None]}}) for n, g in enumerate(geometries)]
    )
    _, features = _read(_file(tmp_path, source))
    written, report = _write(features)
    _, again = _read(_file(tmp_path, written))
    assert again == features
    assert report.written == {"trees": 5} and not report.changes


def test_other_systems_are_named_by_the_crs_member_and_noted(tmp_path: Path) -> None:
    written, report = _write([], Crs("EPSG:2056", "EPSG:5728"))
    assert written["crs"]["properties"]["name"] == "urn:ogc:def:crs,crs:EPSG::2056,crs:EPSG::5728"
    assert report.notes
    assert _read(_file(tmp_path, written))[0].header.crs == Crs("EPSG:2056", "EPSG:5728")


def test_a_city_object_is_written_as_its_footprint_with_a_report_of_what_is_lost() -> None:
    floor = [[(0.0, 0.0, 4.0), (0.0, 2.0, 4.0), (2.0, 2.0, 4.0), (2.0, 0.0, 4.0)]]
    geometry = Geometry("MultiSurface", "2", [floor], [BoundarySurface("GroundSurface")], [0])
    part = Feature("p", "BuildingPart", "building", {"height": 3}, geometries=[geometry], parent="b")
    written, report = _write([part], Crs("EPSG:2056"))
    (feature,) = written["features"]
    assert shapely.from_geojson(json.dumps(feature["geometry"])).equals(shapely.box(0, 0, 2, 2))
    assert feature["properties"] == {"height": 3, "type": "BuildingPart", "parent": "b"}
    assert {change.what for change in report.changes.values()} == {
        "MultiSurface at LoD 2",
        "boundary surfaces",
        "family of city objects",
    }


# --- bad input


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "1" * 5000, "0." + "3" * 60])
@pytest.mark.parametrize("where", ["coordinate", "property", "id"])
def test_g01_g02_numbers_that_cannot_be_kept_are_refused_with_their_place(tmp_path: Path, number: str, where: str) -> None:
    feature = _feature(id=1, properties={"p": 1})
    raw = orjson.dumps(_collection(_feature(id=2), feature)).decode()
    old = {"coordinate": '6.1,46.2]},"properties":{"p"', "property": '"p":1', "id": '"id":1'}[where]
    new = old.replace("6.1", number) if where == "coordinate" else old.replace("1", number)
    assert old in raw
    with pytest.raises(Unreadable, match="/features/1"):
        _read(_file(tmp_path, raw.replace(old, new).encode()))


def test_g02_a_huge_coordinate_is_kept(tmp_path: Path) -> None:
    _, (feature,) = _read(_file(tmp_path, _collection(_feature(geometry={"type": "Point", "coordinates": [1e308, 0]}))))
    assert shapely.from_wkb(feature.shape).x == 1e308


@pytest.mark.parametrize("depth", [33, 1000, 100_000])
def test_g03_a_deep_geometry_collection_is_refused(tmp_path: Path, depth: int) -> None:
    geometry = b'{"type":"GeometryCollection","geometries":[' * depth + b"]}" * depth
    raw = b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":null,"geometry":%b}]}' % geometry
    with pytest.raises(Unreadable):
        _read(_file(tmp_path, raw))


def test_g03_deep_properties_are_refused(tmp_path: Path) -> None:
    raw = orjson.dumps(_collection(_feature(properties={"p": 0}))).replace(b'"p":0', b'"p":' + b"[" * 100 + b"]" * 100)
    with pytest.raises(Unreadable, match="/features/0: nested"):
        _read(_file(tmp_path, raw))


@pytest.mark.parametrize("text", [b'"\\ud800"', b'"\\u0000"', b'"\xff"'])
@pytest.mark.parametrize("where", [b'"id":1', b'"name":"a"'])
def test_g04_g06_text_that_is_no_unicode_is_refused(tmp_path: Path, text: bytes, where: bytes) -> None:
    raw = orjson.dumps(_collection(_feature(id=1)))
    assert where in raw
    with pytest.raises(Unreadable):
        _read(_file(tmp_path, raw.replace(where, where.partition(b":")[0] + b":" + text)))


@pytest.mark.parametrize(
    "raw",
    [
        b'{"type":"FeatureCollection","type":"Feature","features":[]}',
        b'{"type":"FeatureCollection","features":[{"type":"Feature","geometry":null,"properties":{"access":"open","access":"restricted"}}]}',
    ],
)
def test_g05_a_key_that_stands_twice_is_refused(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(Unreadable, match="twice"):
        _read(_file(tmp_path, raw))


def test_g06_a_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    raw = b"\xef\xbb\xbf" + orjson.dumps(_collection(_feature()))
    assert ADAPTER.sniff(raw, "x")
    assert len(_read(_file(tmp_path, raw))[1]) == 1


@pytest.mark.parametrize(
    "rings",
    [
        [[[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]],
        [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]],
        [[[0, 0], [1, 0], [1, 1]]],
        [[[0, 0], [1, 0], [0, 0]]],
        [[[0, 0], [1, 0], [1, 1], [0, 0]], [[5, 5], [6, 5], [6, 6], [5, 5]]],
    ],
)
def test_g07_an_odd_polygon_is_read_and_what_had_to_be_mended_is_a_finding(tmp_path: Path, rings: Any) -> None:
    reading, (feature,) = _read(_file(tmp_path, _collection(_feature(geometry={"type": "Polygon", "coordinates": rings}))))
    assert feature.shape
    mended = rings[0][0] != rings[0][-1] or len(rings[0]) < 4
    assert bool(reading.problems) == mended


def test_g10_a_feature_beyond_the_limit_is_too_large_and_memory_stays_bounded(tmp_path: Path) -> None:
    with (tmp_path / "big.geojson").open("wb") as file:
        file.write(
            b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":null,"geometry":{"type":"Polygon","coordinates":[['
        )
        for _ in range(60):
            file.write(b"[6.1234567,46.1234567]," * 50_000)
        file.write(b"[6.1,46.1]]]}}]}")
    with pytest.raises(TooLarge):
        _read(tmp_path / "big.geojson")


@pytest.mark.parametrize("seed", range(60))
def test_a_file_with_a_flipped_byte_is_read_or_refused_never_a_crash(tmp_path: Path, seed: int) -> None:
    raw = bytearray(orjson.dumps(_collection(*[_feature(id=n) for n in range(5)], name="x")))
    raw[(seed * 7919) % len(raw)] ^= 1 << (seed % 8)
    try:
        _read(_file(tmp_path, bytes(raw)))
    except GatewayError as error:
        assert error.exit_code == 3
