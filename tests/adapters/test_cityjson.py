"""CityJSON and CityJSONSeq in and out."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest
import shapely

from gateway.adapters import cityjson, cityjsonseq
from gateway.errors import GatewayError, Unreadable, Unsupported
from gateway.geo.nesting import depth_of, points_of
from gateway.model.crs import Crs
from gateway.model.feature import Feature
from gateway.model.geometry import BoundarySurface, Geometry
from gateway.model.report import Report
from gateway.ports import Output, Reading, ReadOptions

LV95 = Crs("EPSG:2056")
CUBE = [[[[0, 3, 2, 1]], [[4, 5, 6, 7]], [[0, 1, 5, 4]], [[1, 2, 6, 5]], [[2, 3, 7, 6]], [[3, 0, 4, 7]]]]
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
TRANSFORM = {"scale": [0.001, 0.001, 0.001], "translate": [2500000.0, 1118000.0, 400.0]}


def _solid(**members: Any) -> dict[str, Any]:
    return {"type": "Solid", "lod": "2.2", "boundaries": CUBE, **members}


def _city(objects: Any, **members: Any) -> dict[str, Any]:
    base = {"type": "CityJSON", "version": "2.0", "transform": TRANSFORM, "CityObjects": objects, "vertices": CORNERS}
    return {**base, **members}


def _file(folder: Path, value: Any, name: str = "x.city.json") -> Path:
    path = folder / name
    path.write_bytes(value if isinstance(value, bytes) else orjson.dumps(value))
    return path


def _seq(folder: Path, *lines: Any) -> Path:
    return _file(
        folder, b"".join((line if isinstance(line, bytes) else orjson.dumps(line)) + b"\n" for line in lines), "x.city.jsonl"
    )


def _read(path: Path, **options: Any) -> tuple[Reading, list[Feature]]:
    adapter = cityjsonseq.ADAPTER if path.name.endswith(".jsonl") else cityjson.ADAPTER
    with adapter.open(path, ReadOptions(**options)) as reading:
        return reading, list(reading)


def _write(path: Path, features: Iterable[Feature], crs: Crs | None = LV95, **output: Any) -> Report:
    adapter = cityjsonseq.ADAPTER if path.name.endswith(".jsonl") else cityjson.ADAPTER
    report = Report()
    with path.open("wb") as sink:
        adapter.write(features, sink, Output(crs, **output), report)
    return report


HEAD = {"type": "CityJSON", "version": "2.0", "transform": TRANSFORM, "CityObjects": {}, "vertices": []}


def _line(identifier: str = "b", **members: Any) -> dict[str, Any]:
    objects = {identifier: {"type": "Building", "geometry": [_solid()]}}
    return {"type": "CityJSONFeature", "id": identifier, "CityObjects": objects, "vertices": CORNERS, **members}


def _flat(feature: Feature) -> tuple[Any, ...]:
    """A feature as a value that can be compared, its place in the file left out."""
    return (
        feature.id,
        feature.type,
        feature.collection,
        feature.properties,
        feature.geometries,
        feature.parent,
        feature.children,
        feature.validity,
        feature.addresses,
    )


# --- reading


def test_an_object_is_read_with_its_module_attributes_and_coordinates(tmp_path: Path) -> None:
    uri = "https://www.opengis.net/def/crs/EPSG/0/2056"
    value = _city(
        {"b": {"type": "Building", "attributes": {"h": 1.5}, "geometry": [_solid()]}},
        metadata={"referenceSystem": uri, "title": "Ville"},
    )
    reading, (feature,) = _read(_file(tmp_path, value))
    assert (reading.header.crs, reading.header.title, reading.header.version) == (LV95, "Ville", "2.0")
    assert (feature.id, feature.type, feature.collection, feature.properties) == ("b", "Building", "building", {"h": 1.5})
    (geometry,) = feature.geometries
    assert (geometry.type, geometry.lod) == ("Solid", "2.2")
    assert geometry.boundaries[0][1] == [
        [(2500000.0, 1118000.0, 401.0), (2500001.0, 1118000.0, 401.0), (2500001.0, 1118001.0, 401.0), (2500000.0, 1118001.0, 401.0)]
    ]


def test_version_1_0_with_numbers_for_lod_and_real_vertices_is_read(tmp_path: Path) -> None:
    value = {
        "type": "CityJSON",
        "version": "1.0",
        "metadata": {"referenceSystem": "urn:ogc:def:crs:EPSG::7415", "presentLoDs": {"1": 1}},
        "CityObjects": {"b": {"type": "Building", "geometry": [_solid(lod=1), _solid(lod=2.2)], "address": {"CountryName": "CH"}}},
        "vertices": [[x / 1000 for x in corner] for corner in CORNERS],
    }
    reading, (feature,) = _read(_file(tmp_path, value))
    assert reading.header.crs == Crs("EPSG:7415")
    assert [geometry.lod for geometry in feature.geometries] == ["1", "2.2"]
    assert feature.addresses == [{"CountryName": "CH"}]
    assert feature.geometries[0].boundaries[0][1][0][2] == (1.0, 1.0, 1.0)


def test_the_generic_object_of_the_1_1_extension_becomes_the_type_of_2_0(tmp_path: Path) -> None:
    reading, (feature,) = _read(_file(tmp_path, _city({"x": {"type": "+GenericCityObject"}}, version="1.1")))
    assert (feature.type, feature.collection) == ("GenericCityObject", "generics")
    assert reading.report.changes


def test_an_extension_object_goes_with_its_parent_and_keeps_its_own_members(tmp_path: Path) -> None:
    objects = {
        "b": {"type": "Building", "children": ["w"]},
        "w": {"type": "+Workshop", "parents": ["b"], "attributes": {"n": 1}, "+noise": {"day": 55}},
        "n": {"type": "+NoiseBarrier"},
    }
    _, features = _read(_file(tmp_path, _city(objects, extensions={"Noise": {"url": "x", "version": "1"}})))
    found = {feature.id: feature for feature in features}
    assert (found["w"].type, found["w"].collection, found["w"].properties) == (
        "+Workshop",
        "building",
        {"n": 1, "+noise": {"day": 55}},
    )
    assert found["n"].collection == "generics"


@pytest.mark.parametrize(
    ("version", "error"), [("0.9", Unsupported), ("3.0", Unsupported), (None, Unreadable), (2, Unreadable), ("x", Unreadable)]
)
def test_other_versions_are_refused(tmp_path: Path, version: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="/version"):
        _read(_file(tmp_path, _city({}, version=version)))


def test_semantics_are_kept_with_their_tree(tmp_path: Path) -> None:
    surfaces = [{"type": "WallSurface", "id": "w", "children": [1], "material": "brick"}, {"type": "Window", "parent": 0}]
    values = [[0, 0, 1, None, 0, 0]]
    _, (feature,) = _read(
        _file(
            tmp_path, _city({"b": {"type": "Building", "geometry": [_solid(semantics={"surfaces": surfaces, "values": values})]}})
        )
    )
    (geometry,) = feature.geometries
    assert geometry.surfaces == [
        BoundarySurface("WallSurface", "w", {"material": "brick"}, None, (1,)),
        BoundarySurface("Window", None, {}, 0),
    ]
    assert geometry.values == values
    assert [index for _, index in geometry.polygons()] == [0, 0, 1, None, 0, 0]


def test_semantics_that_point_nowhere_are_a_finding(tmp_path: Path) -> None:
    semantics = {"surfaces": [{"type": "WallSurface"}], "values": [[0, 7, 0, -1, "x", 0]]}
    reading, (feature,) = _read(_file(tmp_path, _city({"b": {"type": "Building", "geometry": [_solid(semantics=semantics)]}})))
    assert feature.geometries[0].values == [[0, None, 0, None, None, 0]]
    assert reading.problems[0].place == "/CityObjects/b/geometry/0/semantics/values"


TEMPLATES = {
    "templates": [{"type": "MultiSurface", "lod": "2", "boundaries": [[[0, 1, 2]]]}],
    "vertices-templates": [[0, 0, 0], [1, 0, 0], [0, 1, 0.5]],
}
MATRIX = [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1]


def _tree(**changes: Any) -> dict[str, Any]:
    instance = {"type": "GeometryInstance", "template": 0, "boundaries": [1], "transformationMatrix": MATRIX, **changes}
    return _city({"t": {"type": "SolitaryVegetationObject", "geometry": [instance]}}, **{"geometry-templates": TEMPLATES})


def test_a_template_is_shared_by_its_instances(tmp_path: Path) -> None:
    _, (tree,) = _read(_file(tmp_path, _tree()))
    (geometry,) = tree.geometries
    assert (geometry.type, geometry.lod, geometry.boundaries) == ("GeometryInstance", "2", [(2500001.0, 1118000.0, 400.0)])
    assert geometry.template is not None and geometry.template.boundaries == [[[(0, 0, 0), (1, 0, 0), (0, 1, 0.5)]]]
    assert geometry.matrix == tuple(map(float, MATRIX))


@pytest.mark.parametrize(
    "changes", [{"template": 1}, {"template": True}, {"boundaries": []}, {"boundaries": [99]}, {"transformationMatrix": [1]}]
)
def test_a_broken_instance_is_unreadable_with_its_pointer(tmp_path: Path, changes: Any) -> None:
    with pytest.raises(Unreadable, match="/CityObjects/t/geometry/0"):
        _read(_file(tmp_path, _tree(**changes)))


APPEARANCE = {
    "materials": [{"name": "a"}, {"name": "b"}],
    "textures": [{"type": "PNG", "image": "a.png"}],
    "vertices-texture": [[0, 0], [1, 0], [1, 1], [0, 1]],
}
TEXTURED = _solid(
    material={"year": {"values": [[0, 1, None, 1, 1, 1]]}, "all": {"value": 1}},
    texture={"photo": {"values": [[[[0, 0, 1, 2, 3]], [[None]], [[None]], [[0, 3, 2, 1, 0]], [[None]], [[None]]]]}},
)


def test_materials_and_textures_stand_by_themselves(tmp_path: Path) -> None:
    _, (feature,) = _read(_file(tmp_path, _city({"b": {"type": "Building", "geometry": [TEXTURED]}}, appearance=APPEARANCE)))
    appearance = feature.geometries[0].appearance
    assert appearance is not None
    assert appearance["material"]["all"] == {"materials": [{"name": "b"}], "value": 0}
    assert appearance["texture"]["photo"]["values"][0][0] == [[0, [0, 0], [1, 0], [1, 1], [0, 1]]]


def test_an_appearance_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    reading, (feature,) = _read(_file(tmp_path, _city({"b": {"type": "Building", "geometry": [TEXTURED]}})))
    assert feature.geometries[0].appearance is None and reading.problems


def test_addresses_have_coordinates(tmp_path: Path) -> None:
    address = {"Locality": "Genève", "location": {"type": "MultiPoint", "lod": "1", "boundaries": [1]}}
    _, (feature,) = _read(_file(tmp_path, _city({"b": {"type": "Building", "address": [address]}})))
    assert feature.addresses[0]["location"]["boundaries"] == [(2500001.0, 1118000.0, 400.0)]


def test_the_members_of_a_group_are_no_family(tmp_path: Path) -> None:
    objects = {"g": {"type": "CityObjectGroup", "children": ["b"], "children_roles": ["main"]}, "b": {"type": "Building"}}
    path = tmp_path / "y.city.json"
    _, features = _read(_file(tmp_path, _city(objects)))
    assert [(f.id, f.children, f.parent) for f in features] == [("g", (), None), ("b", (), None)]
    assert features[0].properties == {"members": ["b"], "memberRoles": ["main"]}
    _write(path, features)
    assert orjson.loads(path.read_bytes())["CityObjects"]["g"] == objects["g"]


@pytest.mark.parametrize(("x", "y"), [(139_700_000_000, 35_600_000_000), (35_600_000_000, 139_700_000_000)])
def test_degrees_are_read_east_first_whichever_comes_first_in_the_file(tmp_path: Path, x: int, y: int) -> None:
    transform = {"scale": [1e-9, 1e-9, 0.001], "translate": [0.0, 0.0, 0.0]}
    objects = {"b": {"type": "Building", "geometry": [{"type": "MultiPoint", "lod": "0", "boundaries": [0]}]}}
    uri = "https://www.opengis.net/def/crs/EPSG/0/6697"
    head = _city(objects, vertices=[[x, y, 5000]], transform=transform, metadata={"referenceSystem": uri})
    line = {"type": "CityJSONFeature", "id": "b", "CityObjects": objects, "vertices": head["vertices"]}
    for path in (_file(tmp_path, head), _seq(tmp_path, {**head, "CityObjects": {}, "vertices": []}, line, line)):
        reading, features = _read(path)
        assert features[-1].geometries[0].boundaries == [(139.7, 35.6, 5.0)]
        assert len(reading.problems) == (x < y)


# --- families

FAMILY = {
    "b": {"type": "Building", "children": ["p", "q"]},
    "p": {"type": "BuildingPart", "parents": ["b"], "children": ["i"]},
    "i": {"type": "BuildingInstallation", "parents": ["p"]},
    "q": {"type": "BuildingPart", "parents": ["b"]},
}


@pytest.mark.parametrize("order", list(itertools.permutations(FAMILY)))
def test_a_family_comes_root_first_whatever_its_order_in_the_file(tmp_path: Path, order: tuple[str, ...]) -> None:
    reading, features = _read(_file(tmp_path, _city({"z": {"type": "Road"}, **{name: FAMILY[name] for name in order}})))
    assert [feature.id for feature in features] == ["z", "b", "p", "i", "q"]
    assert [feature.parent for feature in features] == [None, None, "b", "p", "b"]
    assert not reading.problems


@pytest.mark.parametrize(
    ("objects", "ids"),
    [
        ({"p": {"type": "BuildingPart", "parents": ["gone"]}}, ["p"]),
        ({"b": {"type": "Building", "children": ["gone"]}}, ["b"]),
        ({"p": {"type": "BuildingPart"}, "b": {"type": "Building", "children": ["p"]}}, ["p", "b"]),
        ({"b": {"type": "Building"}, "p": {"type": "BuildingPart", "parents": ["b"]}}, ["b", "p"]),
        (
            {
                "a": {"type": "Building", "parents": ["b"], "children": ["b"]},
                "b": {"type": "Building", "parents": ["a"], "children": ["a"]},
            },
            ["a", "b"],
        ),
        ({"a": {"type": "Building", "parents": ["a"], "children": ["a"]}}, ["a"]),
    ],
    ids=["no parent", "no child", "child does not know", "parent does not know", "circle", "own parent"],
)
def test_a_broken_family_is_read_with_a_finding_and_no_dangling_links(tmp_path: Path, objects: Any, ids: list[str]) -> None:
    reading, features = _read(_file(tmp_path, _city(objects)))
    assert sorted(feature.id for feature in features) == sorted(ids)
    assert reading.problems
    seen: set[str] = set()
    for feature in features:
        assert feature.parent is None or feature.parent in seen
        assert set(feature.children) <= set(ids)
        seen.add(feature.id)


def test_a_large_family_in_the_worst_order_takes_no_quadratic_time(tmp_path: Path) -> None:
    parts = [f"p{n}" for n in range(20_000)]
    objects = {"b": {"type": "Building", "children": parts}, **{p: {"type": "BuildingPart", "parents": ["b"]} for p in parts}}
    _, features = _read(_file(tmp_path, _city(objects)))
    assert [feature.id for feature in features] == ["b", *parts]


# --- bad input


@pytest.mark.parametrize(
    "boundaries",
    [
        [[[[0, 1, 99]]]],
        [[[[0, 1, -1]]]],
        [[[[0, 1, 1.5]]]],
        [[[[0, 1, None]]]],
        [[[[0, 1, "2"]]]],
        [[[0, 1, 2]]],
        [[[[[0, 1, 2]]]]],
        [0],
        {},
    ],
)
def test_boundaries_that_are_wrong_are_unreadable_with_their_pointer(tmp_path: Path, boundaries: Any) -> None:
    with pytest.raises(Unreadable, match="/CityObjects/a~1b/geometry/0"):
        _read(_file(tmp_path, _city({"a/b": {"type": "Building", "geometry": [_solid(boundaries=boundaries)]}})))


@pytest.mark.parametrize(
    "value",
    [
        {"type": "CityJSON", "version": "2.0"},
        _city([]),
        _city({"a": 1}),
        _city({"a": {}}),
        _city({"a": {"type": "Building", "attributes": []}}),
        _city({"a": {"type": "Building", "geometry": {}}}),
        _city({"a": {"type": "Building", "geometry": [{"type": "Blob", "boundaries": []}]}}),
        _city({}, vertices=[[1, 2]]),
        _city({}, vertices=[[1, 2, "3"]]),
        _city({}, vertices=[1]),
        _city({}, vertices={}),
        _city({}, transform={"scale": [1, 1], "translate": [0, 0, 0]}),
        _city({}, transform={"scale": 1}),
        _city({}, appearance=[]),
        _city({}, **{"geometry-templates": {"templates": 1}}),
        b'{"type":"CityJSON","version":"2.0","CityObjects":{"a":{"type":"Road"},"a":{"type":"Road"}},"vertices":[]}',
        orjson.dumps(_city({"a": {"type": "Road"}}))[:-20],
        b"[]",
    ],
)
def test_what_is_no_cityjson_is_unreadable(tmp_path: Path, value: Any) -> None:
    with pytest.raises(Unreadable):
        _read(_file(tmp_path, value))


def test_the_same_object_twice_far_apart_is_unreadable(tmp_path: Path) -> None:
    inner = b",".join(b'"o%d":{"type":"Road","attributes":{"t":"%b"}}' % (n, b"x" * 1000) for n in range(3000))
    raw = b'{"type":"CityJSON","version":"2.0","CityObjects":{%b,"o1":{"type":"Road"}},"vertices":[]}' % inner
    with pytest.raises(Unreadable, match="'o1' stands twice"):
        _read(_file(tmp_path, raw))


@pytest.mark.parametrize("seed", range(60))
def test_a_file_with_a_flipped_byte_is_read_or_refused_never_a_crash(tmp_path: Path, seed: int) -> None:
    whole = _city({**FAMILY, "t": {"type": "Building", "geometry": [TEXTURED]}}, appearance=APPEARANCE)
    raw = bytearray(orjson.dumps(whole))
    raw[(seed * 7919) % len(raw)] ^= 1 << (seed % 8)
    try:
        _read(_file(tmp_path, bytes(raw)))
    except GatewayError as error:
        assert error.exit_code == 3


# --- sequences


def test_a_sequence_is_read_line_by_line(tmp_path: Path) -> None:
    _, features = _read(_seq(tmp_path, HEAD, _line("a"), b"", _line("b")))
    assert [feature.id for feature in features] == ["a", "b"]
    assert features[1].place == "line 4, /CityObjects/b"
    assert features[0].geometries[0].boundaries[0][1][0][2] == (2500001.0, 1118001.0, 401.0)


def test_a_broken_line_is_named_by_its_number(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="line 3"):
        _read(_seq(tmp_path, HEAD, _line(), b'{"type":"CityJSONFeature",'))
    with pytest.raises(Unreadable, match="line 3"):
        _read(_seq(tmp_path, HEAD, _line(), {"type": "Feature"}))


@pytest.mark.parametrize("lines", [[], [_line()], [{"type": "CityJSON"}], [[1]], [HEAD, _line(vertices=[[0, 0, 0]])]])
def test_what_is_no_sequence_is_unreadable(tmp_path: Path, lines: list[Any]) -> None:
    with pytest.raises(Unreadable):
        _read(_seq(tmp_path, *lines))


def test_a_further_head_changes_the_transform_from_there_on(tmp_path: Path) -> None:
    further = {**HEAD, "transform": {**TRANSFORM, "translate": [0.0, 0.0, 0.0]}}
    _, features = _read(_seq(tmp_path, HEAD, _line("a"), further, _line("b")))
    assert [feature.geometries[0].boundaries[0][0][0][0] for feature in features] == [
        (2500000.0, 1118000.0, 400.0),
        (0.0, 0.0, 0.0),
    ]
    other = {**HEAD, "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/21781"}}
    with pytest.raises(Unreadable, match="line 3: the reference system changes"):
        _read(_seq(tmp_path, HEAD, _line("a"), other))


# --- writing


def _building() -> list[Feature]:
    walls = [
        [
            [(2500000.0, 1118000.0, 400.0), (2500010.0, 1118000.0, 400.0), (2500010.0, 1118000.0, 406.123)],
            [(2500001.0, 1118000.0, 401.0), (2500002.0, 1118000.0, 401.0), (2500002.0, 1118000.0, 402.0)],
        ]
    ]
    wall = Geometry(
        "MultiSurface",
        "2.2",
        walls,
        [BoundarySurface("WallSurface", "w1", {"colour": "red"}, None, (1,)), BoundarySurface("Window", None, {}, 0)],
        [0],
        appearance={
            "material": {"m": {"materials": [{"name": "x"}], "value": 0}},
            "texture": {"t": {"textures": [{"type": "PNG", "image": "a.png"}], "values": [[[0, [0, 0], [1, 0], [1, 1]], [None]]]}},
        },
    )
    line = Geometry("MultiLineString", "1", [[(2500000.0, 1118000.0, 400.0), (2500001.0, 1118001.0, 401.5)]])
    spot = Geometry("MultiPoint", "0", [(2500000.0, 1118000.0, 400.0)])
    address = {"Locality": "Genève", "location": {"type": "MultiPoint", "lod": "1", "boundaries": [(2500003.0, 1118004.0, 400.0)]}}
    return [
        Feature(
            "b",
            "Building",
            "building",
            {"h": 3, "x": {"y": [1, None]}, "validFrom": "2020-01-01"},
            geometries=[wall, line],
            children=("p",),
            addresses=[address],
            validity=("2020-01-01", None),
        ),
        Feature("p", "BuildingPart", "building", geometries=[spot], parent="b"),
        Feature("r", "Road", "transportation", {"n": "é"}),
        Feature("w", "+Workshop", "generics", {"n": 1}),
    ]


@pytest.mark.parametrize("name", ["x.city.json", "x.city.jsonl"])
def test_what_was_written_reads_back_the_same(tmp_path: Path, name: str) -> None:
    crs = Crs("EPSG:2056", "EPSG:5728")
    report = _write(tmp_path / name, iter(_building()), crs, title="Ville")
    reading, found = _read(tmp_path / name)
    assert (reading.header.crs, reading.header.title) == (crs, "Ville")
    assert list(map(_flat, found)) == list(map(_flat, _building()))
    assert report.written == {"building": 2, "transportation": 1, "generics": 1}
    assert [change.what for change in report.changes.values()] == ["type +Workshop"]


def test_templates_are_shared_in_a_file_and_written_out_in_a_sequence(tmp_path: Path) -> None:
    _, trees = _read(_file(tmp_path, _tree(), "source.city.json"))
    assert not _write(tmp_path / "a.city.json", [*trees, *trees]).changes
    written = orjson.loads((tmp_path / "a.city.json").read_bytes())
    assert len(written["geometry-templates"]["templates"]) == 1
    _, (again, *_) = _read(_file(tmp_path, {**written, "CityObjects": {"t": written["CityObjects"]["t"]}}))
    assert again.geometries == trees[0].geometries
    report = _write(tmp_path / "a.city.jsonl", trees)
    _, (tree,) = _read(tmp_path / "a.city.jsonl")
    assert tree.geometries[0].boundaries == [
        [[(2500001.0, 1118000.0, 400.0), (2500003.0, 1118000.0, 400.0), (2500001.0, 1118002.0, 401.0)]]
    ]
    assert [change.what for change in report.changes.values()] == ["implicit geometry"]


def _check_cityjson(value: dict[str, Any], vertices: list[Any], templates: int = 0) -> None:
    """What a validator would look at first: indices, types, links, levels of detail."""
    ids = value["CityObjects"].keys()
    for one in value["CityObjects"].values():
        assert one["type"][0] == "+" or one["type"] in cityjson.terms.MODULE
        assert set(one.get("parents", [])) <= ids and set(one.get("children", [])) <= ids
        for geometry in one.get("geometry", []):
            if geometry["type"] == "GeometryInstance":
                assert geometry["template"] < templates and len(geometry["transformationMatrix"]) == 16
                continue
            assert isinstance(geometry["lod"], str)
            shape = Geometry(geometry["type"], geometry["lod"], geometry["boundaries"])
            numbers = points_of(shape.boundaries, depth_of(shape))
            assert all(0 <= n < len(vertices) for n in numbers)
    assert all(isinstance(n, int) for vertex in vertices for n in vertex)


def test_the_written_text_is_sound_and_its_vertices_are_whole_millimetres_near_the_city(tmp_path: Path) -> None:
    _write(tmp_path / "x.city.json", _building(), Crs("EPSG:2056", "EPSG:5728"))
    value = orjson.loads((tmp_path / "x.city.json").read_bytes())
    _check_cityjson(value, value["vertices"])
    assert value["transform"] == {"scale": [0.001] * 3, "translate": [2500000.0, 1118000.0, 0.0]}
    assert value["metadata"]["referenceSystem"].startswith("http://www.opengis.net/def/crs-compound?1=")
    assert value["metadata"]["geographicalExtent"] == [2500000.0, 1118000.0, 400.0, 2500010.0, 1118004.0, 406.123]
    assert len({tuple(vertex) for vertex in value["vertices"]}) == len(value["vertices"])
    _write(tmp_path / "x.city.jsonl", _building())
    head, *lines = map(orjson.loads, (tmp_path / "x.city.jsonl").read_bytes().splitlines())
    assert head["metadata"]["referenceSystem"] == "https://www.opengis.net/def/crs/EPSG/0/2056"
    assert [line["id"] for line in lines] == ["b", "r", "w"]
    for line in lines:
        _check_cityjson(line, line["vertices"])


def test_degrees_are_quantised_finer_than_metres(tmp_path: Path) -> None:
    point = Feature("t", "Feature", "trees", {}, shapely.to_wkb(shapely.Point(6.123456789, 46.2)))
    _write(tmp_path / "x.city.jsonl", [point], Crs("EPSG:4326"))
    _, (found,) = _read(tmp_path / "x.city.jsonl")
    assert found.geometries[0].boundaries == [(6.123456789, 46.2, 0.0)]


@pytest.mark.parametrize(
    ("wkt", "geometries"),
    [
        ("POINT Z (1 2 3)", [("MultiPoint", [(1, 2, 3)])]),
        ("MULTIPOINT (1 2, 3 4)", [("MultiPoint", [(1, 2, 0), (3, 4, 0)])]),
        ("LINESTRING (0 0, 1 1)", [("MultiLineString", [[(0, 0, 0), (1, 1, 0)]])]),
        (
            "POLYGON ((0 0, 9 0, 9 9, 0 0), (1 1, 2 1, 2 2, 1 1))",
            [("MultiSurface", [[[(0, 0, 0), (9, 0, 0), (9, 9, 0)], [(1, 1, 0), (2, 1, 0), (2, 2, 0)]]])],
        ),
        (
            "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0)), ((0 0, 5 0, 5 5, 0 0)))",
            [("MultiSurface", [[[(0, 0, 0), (9, 0, 0), (9, 9, 0)]], [[(0, 0, 0), (5, 0, 0), (5, 5, 0)]]])],
        ),
        (
            "GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (0 0, 1 1))",
            [("MultiPoint", [(1, 2, 0)]), ("MultiLineString", [[(0, 0, 0), (1, 1, 0)]])],
        ),
        ("POLYGON EMPTY", []),
    ],
)
def test_a_plain_feature_becomes_a_generic_object_at_lod_0(tmp_path: Path, wkt: str, geometries: Any) -> None:
    feature = Feature("f", "Feature", "roads", {"a": 1}, shapely.to_wkb(shapely.from_wkt(wkt), flavor="iso"))
    report = _write(tmp_path / "x.city.jsonl", [feature])
    _, (found,) = _read(tmp_path / "x.city.jsonl")
    assert (found.type, found.collection, found.properties) == ("GenericCityObject", "generics", {"a": 1})
    assert [(geometry.type, geometry.boundaries) for geometry in found.geometries] == geometries
    assert all(geometry.lod == "0" for geometry in found.geometries)
    assert "plain feature" in {change.what for change in report.changes.values()}


@pytest.mark.parametrize("name", ["x.city.json", "x.city.jsonl"])
def test_no_features_make_an_empty_city(tmp_path: Path, name: str) -> None:
    _write(tmp_path / name, [])
    assert _read(tmp_path / name)[1] == []


def test_what_cityjson_cannot_say_is_reported(tmp_path: Path) -> None:
    surface = BoundarySurface("WallSurface", attributes={"type": "x"})
    geometry = Geometry("MultiSurface", "2", [[[(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)]]], [surface], [0])
    feature = Feature("b", "Building", "building", geometries=[geometry], opaque=["<x/>", "<y/>"])
    report = _write(tmp_path / "x.city.json", [feature])
    assert {(change.what, change.count) for change in report.changes.values()} == {
        ("opaque XML", 2),
        ("attribute type of a surface", 1),
    }


@pytest.mark.parametrize("coordinate", [float("nan"), float("inf"), 1e300])
def test_a_coordinate_that_cannot_be_quantised_is_refused(coordinate: float) -> None:
    features = [
        Feature("a", "Road", "transportation", geometries=[Geometry("MultiPoint", "0", [(0.0, 0.0, 0.0), (coordinate, 0.0, 0.0)])])
    ]
    with pytest.raises(Unreadable):
        cityjsonseq.ADAPTER.write(features, io.BytesIO(), Output(None), Report())


# --- which is which


@pytest.mark.parametrize(
    ("raw", "name", "is_file", "is_sequence"),
    [
        (orjson.dumps(_city({"a": {"type": "Road"}})), "x.json", True, False),
        (orjson.dumps(HEAD), "x.city.json", True, False),
        (orjson.dumps(HEAD), "x.city.jsonl", False, True),
        (orjson.dumps(HEAD) + b"\n" + orjson.dumps(_line()), "x", False, True),
        (orjson.dumps(HEAD) + b"\n" + orjson.dumps(_line()), "x.city.json", False, True),
        (orjson.dumps(_line()), "x", False, True),
        (orjson.dumps(_city({}, vertices=[[0, 0, 0]] * 20_000))[:65536], "x", True, False),
        (b'{"type":"FeatureCollection","features":[]}', "x.city.json", False, False),
        (b'{"type":"Feature","properties":{"type":"CityJSON"}}', "x", False, False),
        (b"", "x.city.json", False, False),
    ],
)
def test_a_file_and_a_sequence_are_told_apart(raw: bytes, name: str, is_file: bool, is_sequence: bool) -> None:
    assert (cityjson.ADAPTER.sniff(raw, name), cityjsonseq.ADAPTER.sniff(raw, name)) == (is_file, is_sequence)
