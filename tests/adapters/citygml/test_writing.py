"""Writing CityGML 2.0: what was read comes back the same, in the order of the schema, and nothing is lost in silence."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from lxml import etree

from gateway.adapters.citygml import ADAPTER
from gateway.model.crs import CRS84, Crs
from gateway.model.feature import Feature
from gateway.model.geometry import BoundarySurface, Geometry
from gateway.model.report import Report
from gateway.ports import Output

SWISS = Crs("EPSG:2056", "EPSG:5728")
TRIANGLE = [[(2500000.0, 1118000.0, 400.0), (2500001.0, 1118000.0, 400.0), (2500001.0, 1118001.0, 400.5)]]
OTHER = [[(2500000.0, 1118000.0, 400.0), (2500001.0, 1118001.0, 400.5), (2500000.0, 1118001.0, 400.0)]]


def local(element: etree._Element) -> str:
    return etree.QName(element).localname


def surface(*faces, lod: str = "2", surfaces=(), values=None) -> Geometry:
    return Geometry("MultiSurface", lod, list(faces), list(surfaces), values)


def test_the_building_module_comes_back_the_same(read, written, placeless, house) -> None:
    before = read(house)
    content, report = written(before.features, before.header.crs, before.header.title)
    after = read(content)
    assert placeless(after.features) == placeless(before.features)
    assert (after.header.crs, after.header.title) == (before.header.crs, before.header.title)
    assert (after.problems, report.changes, after.report.changes) == ([], {}, {})
    assert report.written == before.report.read


def test_properties_come_in_the_order_of_the_schema(read, written, house) -> None:
    root = etree.fromstring(written(read(house).features, SWISS)[0])
    building = root.find(".//{*}Building")
    names = list(dict.fromkeys(map(local, building)))
    assert names == [
        "description", "name", "creationDate", "terminationDate", "externalReference", "relativeToTerrain", "stringAttribute",
        "intAttribute", "doubleAttribute", "measureAttribute", "genericAttributeSet", "class", "function", "usage",
        "yearOfConstruction", "roofType", "measuredHeight", "storeysAboveGround", "storeyHeightsAboveGround", "lod0FootPrint",
        "lod0RoofEdge", "lod1Solid", "lod2Solid", "lod2MultiCurve", "lod2TerrainIntersection", "outerBuildingInstallation",
        "interiorBuildingInstallation", "boundedBy", "lod3MultiSurface", "interiorRoom", "consistsOfBuildingPart", "address",
    ]  # fmt: skip
    room = root.find(".//{*}Room")
    assert list(dict.fromkeys(map(local, room)))[1:] == [
        "function",
        "lod4Solid",
        "boundedBy",
        "interiorFurniture",
        "roomInstallation",
    ]


def test_a_solid_refers_to_the_polygons_of_its_surfaces(read, written, house) -> None:
    root = etree.fromstring(written(read(house).features, SWISS)[0])
    members = root.findall(".//{*}lod2Solid//{*}surfaceMember")
    ids = {polygon.get("{http://www.opengis.net/gml}id") for polygon in root.iter("{http://www.opengis.net/gml}Polygon")}
    assert len(members) == 6
    assert all(member.get("{http://www.w3.org/1999/xlink}href").removeprefix("#") in ids for member in members)
    every = [element.get("{http://www.opengis.net/gml}id") for element in root.iter(etree.Element)]
    named = [name for name in every if name is not None]
    assert len(named) == len(set(named))


def test_a_surface_of_the_building_seen_from_a_room_is_written_once(read, written, placeless) -> None:
    window = BoundarySurface("Window", "window", {"name": "W"}, 0)
    wall = BoundarySurface("WallSurface", "wall", {}, None, (1,))
    building = Feature("b", "Building", "building", children=("r",))
    outside = Geometry("Solid", "4", [[TRIANGLE, OTHER]], [wall, window], [[0, 1]])
    building.geometries = [outside]
    room = Feature("r", "BuildingRoom", "building", parent="b")
    turned = [[OTHER[0][0], *OTHER[0][:0:-1]]]
    room.geometries = [
        Geometry("Solid", "4", [[turned]], [BoundarySurface("WallSurface", "wall", wall.attributes, None, (1,)), window], [[1]])
    ]
    content, _ = written([building, room], SWISS)
    assert content.count(b"<bldg:Window ") == 1
    assert b'<gml:OrientableSurface orientation="-">' in content
    assert placeless(read(content).features) == [building, room]


def test_every_system_is_written_in_its_authoritys_order(read, written) -> None:
    ring = [(6.1, 46.2, 400.0), (6.2, 46.2, 400.0), (6.2, 46.3, 400.0)]
    feature = Feature("b", "Building", "building", geometries=[surface([ring])])
    for crs, name, first in (
        (Crs("EPSG:4979"), b"urn:ogc:def:crs:EPSG::4979", b">46.2 6.1 400.0 46.2 6.2"),
        (CRS84, b"urn:ogc:def:crs:OGC:1.3:CRS84", b">6.1 46.2 400.0 6.2 46.2"),
        (Crs("EPSG:4326", "EPSG:5773"), b"urn:ogc:def:crs,crs:EPSG::4326,crs:EPSG::5773", b">46.2 6.1"),
    ):
        content, _ = written([feature], crs)
        assert b'<gml:Envelope srsName="' + name in content
        assert first in content
        again = read(content)
        assert again.header.crs == crs
        assert again.features[0].geometries == feature.geometries
        assert again.problems == []


@pytest.mark.parametrize(
    ("crs", "point"),
    [
        (Crs("EPSG:31467"), (3450000.0, 5540000.0)),
        (Crs("EPSG:3068", "EPSG:5783"), (6.0, 1.0)),
        (Crs("EPSG:3068"), (24600.0, 21000.0)),
        (Crs("", local="#site"), (1.0, 2.0)),
        (None, (1.0, 2.0)),
    ],
)
def test_north_first_and_local_systems_come_back(read, written, crs, point) -> None:
    x, y = point
    ring = [(x, y, 0.0), (x + 1, y, 0.0), (x, y + 1, 0.0)]
    feature = Feature("b", "Building", "building", geometries=[surface([ring])])
    again = read(written([feature], crs)[0])
    assert again.features[0].geometries == feature.geometries
    assert again.header.crs == crs


def test_a_sink_that_cannot_go_back_gets_the_name_on_every_geometry(read, house, placeless) -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation("seek")

    before, sink = read(house), Pipe()
    ADAPTER.write(iter(before.features), sink, Output(before.header.crs), Report())
    assert b"Envelope" not in sink.getvalue()
    after = read(sink.getvalue())
    assert after.header.crs == before.header.crs
    assert placeless(after.features) == placeless(before.features)


def test_finer_levels_are_written_as_whole_ones_and_counted(read, written) -> None:
    feature = Feature("b", "Building", "building", geometries=[surface(TRIANGLE, lod="2.2"), surface(OTHER, lod="2.1")])
    content, report = written([feature], SWISS)
    again = read(content).features[0].geometries
    assert [(g.lod, g.boundaries) for g in again] == [("2", [TRIANGLE])]
    assert {(c.what, c.effect) for c in report.changes.values()} == {
        ("LoD 2.2", "changed"),
        ("LoD 2.1", "changed"),
        ("geometry MultiSurface", "lost"),
    }


def test_types_that_version_two_lacks_become_generic_objects(read, written) -> None:
    building = Feature("b", "Building", "building", children=("s",))
    storey = Feature("s", "BuildingStorey", "building", {"class": "1"}, geometries=[surface(TRIANGLE)], parent="b")
    content, report = written([building, storey, Feature("x", "+Mast", "extension", {"n": 1})], SWISS)
    found = read(content).features
    assert [(f.id, f.type, f.collection) for f in found] == [
        ("b", "Building", "building"),
        ("s", "GenericCityObject", "generics"),
        ("x", "GenericCityObject", "generics"),
    ]
    assert found[1].properties == {"class": "1", "cityObjectType": "BuildingStorey", "parentObject": "b"}
    assert found[1].geometries[0].boundaries == [TRIANGLE]
    assert report.written == {"Building": 1, "BuildingStorey": 1, "+Mast": 1}
    assert {c.what for c in report.changes.values()} == {"type BuildingStorey", "parent of BuildingStorey", "type +Mast"}


def test_plain_features_become_generic_objects_with_their_shape(read, written) -> None:
    point = struct.pack("<BIdd", 1, 1, 2500000.0, 1118000.0)
    line = struct.pack("<BII6d", 1, 1002, 2, 2500000.0, 1118000.0, 1.0, 2500001.0, 1118000.0, 2.0)
    ring = (2500000.0, 1118000.0, 2500001.0, 1118000.0, 2500001.0, 1118001.0, 2500000.0, 1118000.0)
    area = struct.pack("<BIII8d", 1, 3, 1, 4, *ring)
    shapes = {"p": point, "l": line, "a": area}
    features = [Feature(name, "Feature", "things", {"kind": name}, shape=shape) for name, shape in shapes.items()]
    content, report = written(features, Crs("EPSG:2056"))
    found = read(content)
    assert [f.geometries[0].type for f in found.features] == ["MultiPoint", "MultiLineString", "MultiSurface"]
    assert [f.properties for f in found.features] == [{"kind": name} for name in shapes]
    assert found["l"].geometries[0].boundaries == [[(2500000.0, 1118000.0, 1.0), (2500001.0, 1118000.0, 2.0)]]
    assert len(found["a"].geometries[0].boundaries[0][0]) == 3
    assert {c.what: c.count for c in report.changes.values()} == {"height": 2}


def test_ids_become_xml_names_and_keep_their_first_form(read, written) -> None:
    features = [Feature(name, "Feature", "things") for name in ("1", "a/b", "a_b", "Straße")]
    found = read(written(features)[0])
    assert [f.id for f in found.features][::3] == ["id_1", "Straße"]
    assert [f.properties.get("originalId") for f in found.features] == ["1", "a/b", None, None]
    assert len({f.id for f in found.features}) == 4
    assert found.problems == []


def test_values_of_every_kind_are_written_and_what_changes_is_counted(read, written) -> None:
    properties = {
        "text": 'a <b> & "c"\n',
        "empty": "",
        "whole": -5,
        "real": 1e-7,
        "length": 2.5,
        "length_uom": "cm",
        "several": ["x", "y"],
        "inner": {"a": 1, "b": {"c": 2.0}},
        "function_codeSpace": "urn:alone",
    }
    feature = Feature("b", "Building", "building", dict(properties))
    content, report = written([feature])
    assert read(content).features[0].properties == properties
    assert report.changes == {}
    odd = {"flag": True, "nothing": None, "control": "a\x00b", "one": ["x"], "yearOfConstruction": "long ago"}
    content, report = written([Feature("b", "Building", "building", odd)])
    assert read(content).features[0].properties == {
        "flag": "true",
        "control": "a\ufffdb",
        "one": "x",
        "generic_yearOfConstruction": "long ago",
    }
    assert {(c.what, c.effect) for c in report.changes.values()} == {
        ("attribute flag", "changed"),
        ("attribute nothing", "lost"),
        ("character", "changed"),
        ("attribute one", "changed"),
        ("attribute yearOfConstruction", "changed"),
    }


def test_semantics_without_a_place_leave_the_faces(read, written) -> None:
    surfaces = [BoundarySurface("Window", "w"), BoundarySurface("+Solar", "s"), BoundarySurface("RoofSurface", "r")]
    feature = Feature(
        "b", "Building", "building", geometries=[surface(TRIANGLE, OTHER, TRIANGLE, surfaces=surfaces, values=[0, 1, 2])]
    )
    content, report = written([feature], SWISS)
    (geometry,) = read(content).features[0].geometries
    assert len(geometry.boundaries) == 3
    assert geometry.values == [None, None, 0]
    assert {c.what for c in report.changes.values()} == {"semantics Window", "semantics +Solar"}


def test_fragments_of_extensions_go_back_and_others_are_counted(read, written, document) -> None:
    fragment = '<ade:certificate xmlns:ade="urn:ade"><ade:Certificate><ade:grade>A</ade:grade></ade:Certificate></ade:certificate>'
    later = '<dynamizer xmlns="http://www.opengis.net/citygml/3.0"/>'
    content, report = written([Feature("b", "Building", "building", opaque=[fragment, later])])
    assert read(content).features[0].opaque == [fragment]
    assert [(c.what, c.effect) for c in report.changes.values()] == [("dynamizer", "lost")]


def test_prototypes_are_written_once(read, written) -> None:
    template = Geometry("MultiSurface", "2", [[[(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0)]]])
    matrix = tuple(float(i % 5 == 0) for i in range(16))
    trees = [
        Feature(
            f"t{n}",
            "SolitaryVegetationObject",
            "vegetation",
            {"height": 5.0 + n},
            geometries=[Geometry("GeometryInstance", "2", [(2500000.0 + n, 1118000.0, 400.0)], template=template, matrix=matrix)],
        )
        for n in range(3)
    ]
    content, report = written(trees, SWISS)
    assert content.count(b"<gml:Polygon") == 1
    assert report.changes == {}
    found = read(content).features
    assert [(f.properties, f.geometries) for f in found] == [(f.properties, f.geometries) for f in trees]


def test_other_modules_come_back_the_same(read, written, placeless) -> None:
    traffic = surface(TRIANGLE, surfaces=[BoundarySurface("TrafficArea", "ta", {"surfaceMaterial": "asphalt"})], values=[0])
    water = surface(TRIANGLE, surfaces=[BoundarySurface("WaterSurface", "ws")], values=[0])
    roof = surface(TRIANGLE, surfaces=[BoundarySurface("RoofSurface", "rs")], values=[0])
    tin = Geometry("CompositeSurface", "1", [TRIANGLE, OTHER])
    features = [
        Feature("road", "Road", "transportation", {"function": "1"}, geometries=[traffic]),
        Feature("water", "WaterBody", "waterbody", geometries=[water]),
        Feature("land", "LandUse", "landuse", {"class": "2"}, geometries=[surface(TRIANGLE, lod="1")]),
        Feature("cover", "PlantCover", "vegetation", geometries=[Geometry("MultiSolid", "1", [[[TRIANGLE, OTHER]]])]),
        Feature("lamp", "CityFurniture", "cityfurniture", geometries=[Geometry("MultiPoint", "1", [TRIANGLE[0][0]])]),
        Feature("bridge", "Bridge", "bridge", {"isMovable": False}, children=("pier",)),
        Feature("pier", "BridgeConstructiveElement", "bridge", parent="bridge", geometries=[roof]),
        Feature("tunnel", "Tunnel", "tunnel", geometries=[roof]),
        Feature("relief", "+ReliefFeature", "relief", {"lod": 1}, children=("tin",)),
        Feature("tin", "TINRelief", "relief", {"lod": 1}, parent="relief", geometries=[tin]),
        Feature("group", "CityObjectGroup", "cityobjectgroup", {"groupMember": ["road", "water"]}),
    ]
    content, report = written(features, SWISS)
    assert placeless(read(content).features) == features
    assert report.changes == {}


def test_features_stream_through_in_one_pass(tmp_path: Path) -> None:
    alive = 0
    peak = 0

    class Counted(Feature):
        __slots__ = ()

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def features():
        nonlocal alive, peak
        for n in range(500):
            alive += 1
            peak = max(peak, alive)
            yield Counted(f"f{n}", "Building", "building")

    with (tmp_path / "out.gml").open("wb") as sink:
        ADAPTER.write(features(), sink, Output(None), Report())
    assert peak < 8


def test_an_empty_stream_is_an_empty_model(read, written) -> None:
    content, report = written([], SWISS, "Nothing")
    found = read(content)
    assert (found.features, found.header.title, report.changes) == ([], "Nothing", {})


def test_faces_without_positions_are_counted_and_left_out(read, written) -> None:
    roof = [BoundarySurface("RoofSurface", "r")]
    shapes = [
        surface([[]], TRIANGLE, surfaces=roof, values=[0, 0]),
        Geometry("Solid", "3", [[[[]], TRIANGLE, []]], roof, [[0, 0, None]]),
        Geometry("GeometryInstance", "2", [], template=surface(TRIANGLE), matrix=(1.0,) * 16),
        Geometry("MultiPoint", "1", []),
    ]
    content, report = written([Feature("b", "Building", "building", geometries=shapes)], SWISS)
    found = read(content)
    assert [(g.type, len(list(g.polygons()))) for g in found.features[0].geometries] == [("MultiSurface", 1), ("Solid", 1)]
    assert {c.what: c.count for c in report.changes.values()} == {"empty geometry": 4}
