"""Writing CityGML 3.0: the Building module and what IFC fills it with come back the same; what only one version says is counted."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import replace

import pytest
from lxml import etree

from gateway.adapters.citygml import THREE, TWO
from gateway.model.crs import Crs
from gateway.model.feature import Feature
from gateway.model.geometry import BoundarySurface, Geometry
from gateway.model.report import Report
from gateway.ports import Output
from gateway.services.convert import convert

SWISS = Crs("EPSG:2056", "EPSG:5728")
ID = "{http://www.opengis.net/gml/3.2}id"
HREF = "{http://www.w3.org/1999/xlink}href"
TRIANGLE = [[(2500000.0, 1118000.0, 400.0), (2500001.0, 1118000.0, 400.0), (2500001.0, 1118001.0, 400.5)]]
OTHER = [[(2500000.0, 1118000.0, 400.0), (2500001.0, 1118001.0, 400.5), (2500000.0, 1118001.0, 400.0)]]


def surface(*faces, lod="2", surfaces=(), values=None) -> Geometry:
    return Geometry("MultiSurface", lod, list(faces), list(surfaces), values)


def local(element: etree._Element) -> str:
    return etree.QName(element).localname


def what(report: Report) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for change in report.changes.values():
        found[change.what, change.effect] += change.count
    return found


def test_the_building_module_comes_back_the_same(read, written, placeless, house_3) -> None:
    before = read(house_3)
    content, report = written(before.features, before.header.crs, before.header.title, "3.0")
    after = read(content)
    assert after.header.version == "3.0"
    assert placeless(after.features) == placeless(before.features)
    assert (after.problems, report.changes, after.report.changes) == ([], {}, {})
    assert report.written == before.report.read


def test_what_both_versions_can_say_survives_the_way_there_and_back(read, written, placeless, house) -> None:
    before = read(house)
    three, report = written(before.features, SWISS, version="3.0")
    assert what(report) == {("external reference", "changed"): 1, ("LoD 4", "changed"): 5}
    two, again = written(read(three).features, SWISS, version="2.0")
    assert {key for key, _ in what(again)} == {"LoD 3"}
    after = read(two)
    assert len(after.features) == len(before.features)
    for old, new in zip(placeless(before.features), placeless(after.features), strict=True):
        finer = [replace(g, lod="4" if old.id in ("stairs", "room", "table", "radiator") else g.lod) for g in new.geometries]
        references = old.properties.get("externalReferences", [])
        renamed = [{("uri" if key == "name" else key): value for key, value in said.items()} for said in references]
        expected = {**old.properties, **({"externalReferences": renamed} if renamed else {})}
        assert replace(new, geometries=finer) == replace(old, properties=expected)


def test_a_building_model_keeps_its_storeys_rooms_and_elements(read, written, placeless) -> None:
    sets = {"Pset_WallCommon": {"FireRating": "REI 60", "Width": 0.2, "Width_uom": "m"}}
    solid = Geometry("Solid", "3", [[TRIANGLE, OTHER]])
    below = ("wall", "table", "lift", "room")
    family = [
        Feature("building", "Building", "building", {"name": "School"}, children=("storey",)),
        Feature("storey", "BuildingStorey", "building", {"sortKey": 1.0}, parent="building", children=below),
        Feature("wall", "BuildingConstructiveElement", "building", sets, None, [solid], "storey", ("door",)),
        Feature("door", "+Door", "building", {"function": "exit"}, None, [surface(TRIANGLE, lod="3")], "wall"),
        Feature("table", "BuildingFurniture", "building", geometries=[surface(OTHER, lod="3")], parent="storey"),
        Feature("lift", "BuildingInstallation", "building", {"relationToConstruction": "inside"}, parent="storey"),
        Feature("room", "BuildingRoom", "building", {"function": "class"}, geometries=[solid], parent="storey"),
    ]
    content, report = written(family, SWISS, version="3.0")
    assert report.changes == {}
    assert placeless(read(content).features) == family
    root = etree.fromstring(content)
    way = "//*[local-name()='buildingSubdivision']/*[local-name()='Storey']/*[local-name()='buildingConstructiveElement']"
    assert len(root.xpath(f"{way}/*/*[local-name()='filling']/*[local-name()='Door']")) == 1


def test_a_site_stands_beside_its_building_and_is_counted(read, written) -> None:
    site = Feature("site", "+IfcSite", "building", {"name": "Site"}, children=("house",))
    content, report = written([site, Feature("house", "Building", "building", parent="site")], SWISS, version="3.0")
    found = read(content).features
    assert [(f.id, f.type) for f in found] == [("site", "GenericCityObject"), ("house", "Building")]
    assert found[0].properties == {"name": "Site", "cityObjectType": "+IfcSite"}
    assert what(report) == {("type +IfcSite", "changed"): 1, ("parent of Building", "changed"): 1}


def test_properties_come_in_the_order_of_the_schema(read, written, house) -> None:
    root = etree.fromstring(written(read(house).features, SWISS, version="3.0")[0])
    assert list(dict.fromkeys(map(local, root.find(".//{*}Building")))) == [
        "description", "name", "creationDate", "terminationDate", "externalReference", "relativeToTerrain", "genericAttribute",
        "boundary", "lod0MultiSurface", "lod1Solid", "lod2Solid", "lod2MultiCurve", "lod3MultiSurface",
        "lod2TerrainIntersectionCurve", "dateOfConstruction", "height", "class", "function", "usage", "roofType",
        "storeysAboveGround", "storeyHeightsAboveGround", "buildingInstallation", "buildingRoom", "address", "buildingPart",
    ]  # fmt: skip


def test_every_object_and_geometry_has_an_id_of_its_own(read, written, house) -> None:
    root = etree.fromstring(written(read(house).features, SWISS, version="3.0")[0])
    need = [element for element in root.iter("{http://www.opengis.net/gml/3.2}*") if local(element) in (
        "Polygon", "MultiSurface", "Solid", "Shell", "MultiCurve", "LineString", "Point", "MultiPoint")]  # fmt: skip
    assert need
    assert all(element.get(ID) for element in need)
    ids = [element.get(ID) for element in root.iter(etree.Element) if element.get(ID)]
    assert len(ids) == len(set(ids))
    links = [element.get(HREF)[1:] for element in root.iter("{*}surfaceMember") if element.get(HREF)]
    assert links
    assert set(links) <= set(ids)


def test_faces_without_a_property_at_their_level_keep_it(read, written) -> None:
    walls = [BoundarySurface("WallSurface", "w")]
    feature = Feature("b", "Building", "building", geometries=[surface(TRIANGLE, OTHER, lod="1", surfaces=walls, values=[0, None])])
    plain = Feature("c", "Building", "building", geometries=[surface(TRIANGLE, OTHER, lod="1")])
    content, report = written([feature, plain], SWISS, version="3.0")
    assert b"lod1MultiSurface" in content
    assert [f.geometries for f in read(content).features] == [feature.geometries, plain.geometries]
    assert report.changes == {}


def test_years_dates_and_heights_are_said_in_both_ways(read, written) -> None:
    properties = {
        "yearOfConstruction": 1985,
        "measuredHeight": 12.5,
        "creationDate": "2024-05-17",
        "validFrom": "2020-01-01T12:00:00Z",
    }
    feature = Feature("b", "Building", "building", properties, validity=("2020-01-01T12:00:00Z", None))
    content, report = written([feature], SWISS, version="3.0")
    for part in (
        b"<con:dateOfConstruction>1985-01-01<",
        b"<core:creationDate>2024-05-17T00:00:00<",
        b"<core:validFrom>2020-01-01T12:00:00Z<",
        b'<con:value uom="m">12.5<',
    ):
        assert part in content
    assert read(content).features[0].properties == properties
    assert report.changes == {}
    dated = Feature("d", "Building", "building", {"dateOfConstruction": "1985-03-02"})
    content, report = written([dated], SWISS, version="2.0")
    assert b"<bldg:yearOfConstruction>1985<" in content
    assert read(content).features[0].properties == {"dateOfConstruction": "1985-03-02", "yearOfConstruction": 1985}
    assert what(report) == {("dateOfConstruction", "changed"): 1}


def test_values_that_the_schema_refuses_become_generic(read, written) -> None:
    odd = {"highReference": "roof", "lowReference": "ground", "status": "unknown", "value": 3.0, "value_uom": "m"}
    feature = Feature("b", "Building", "building", {"height": odd, "spaceType": "airy", "dateOfConstruction": "long ago"})
    content, report = written([feature], SWISS, version="3.0")
    assert b"con:Height" not in content
    found = read(content).features[0].properties
    assert found == {"generic_height": odd, "spaceType": "airy", "dateOfConstruction": "long ago"}
    assert {key for key, _ in what(report)} == {"attribute height", "attribute spaceType", "attribute dateOfConstruction"}


@pytest.mark.parametrize("kind", ["Window", "Door"])
def test_openings_stand_in_their_walls(read, written, kind) -> None:
    surfaces = [BoundarySurface("WallSurface", "w", {}, None, (1,)), BoundarySurface(kind, "o", {"name": "O"}, 0)]
    feature = Feature("b", "Building", "building", geometries=[surface(TRIANGLE, OTHER, lod="3", surfaces=surfaces, values=[0, 1])])
    content, report = written([feature], SWISS, version="3.0")
    assert f"<con:fillingSurface><con:{kind}Surface ".encode() in content
    assert read(content).features[0].geometries == feature.geometries
    assert report.changes == {}


def test_the_finer_of_two_levels_that_become_one_is_kept(read, written) -> None:
    walls = [BoundarySurface("WallSurface", "w")]
    levels = [surface(face, lod=lod, surfaces=walls, values=[0]) for lod, face in (("3", TRIANGLE), ("4", OTHER))]
    content, report = written([Feature("b", "Building", "building", geometries=levels)], SWISS, version="3.0")
    assert [(g.lod, g.boundaries) for g in read(content).features[0].geometries] == [("3", [OTHER])]
    assert what(report) == {("LoD 4", "changed"): 1, ("geometry of LoD 3", "lost"): 1}


def test_fragments_of_three_go_back_and_those_of_two_are_counted(read, written) -> None:
    hook = (
        '<bldg:adeOfAbstractBuilding xmlns:bldg="http://www.opengis.net/citygml/building/3.0" xmlns:ade="urn:ade">'
        "<ade:Energy><ade:grade>A</ade:grade></ade:Energy></bldg:adeOfAbstractBuilding>"
    )
    bare = '<ade:certificate xmlns:ade="urn:ade"><ade:grade>A</ade:grade></ade:certificate>'
    content, report = written([Feature("b", "Building", "building", opaque=[hook, bare])], SWISS, version="3.0")
    assert read(content).features[0].opaque == [hook]
    assert what(report) == {("certificate", "lost"): 1}


def test_other_modules_come_back_the_same(read, written, placeless) -> None:
    traffic = surface(TRIANGLE, surfaces=[BoundarySurface("TrafficArea", "ta", {"surfaceMaterial": "asphalt"})], values=[0])
    water = surface(TRIANGLE, surfaces=[BoundarySurface("WaterSurface", "ws", {"waterLevel": "mean"})], values=[0])
    roof = surface(TRIANGLE, surfaces=[BoundarySurface("RoofSurface", "rs")], values=[0])
    template = Geometry("MultiSurface", "2", [[[(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0)]]])
    matrix = tuple(float(i % 5 == 0) for i in range(16))
    tree = Geometry("GeometryInstance", "2", [(2500000.0, 1118000.0, 400.0)], template=template, matrix=matrix)
    related = {"relationType": "next to", "relatedTo": "water"}
    features = [
        Feature("road", "Road", "transportation", {"function": "1", "relatedTo": related}, children=("part",)),
        Feature("part", "+Section", "transportation", parent="road", children=("lane",)),
        Feature("lane", "+TrafficSpace", "transportation", {"granularity": "lane"}, None, [traffic], "part"),
        Feature("water", "WaterBody", "waterbody", geometries=[water]),
        Feature("land", "LandUse", "landuse", {"class": "2"}, geometries=[surface(TRIANGLE, lod="1")]),
        Feature("tree", "SolitaryVegetationObject", "vegetation", {"height": 5.0, "rootBallDiameter": 1.0}, geometries=[tree]),
        Feature("lamp", "CityFurniture", "cityfurniture", geometries=[Geometry("MultiPoint", "0", [TRIANGLE[0][0]])]),
        Feature("bridge", "Bridge", "bridge", {"isMovable": False}, children=("pier",)),
        Feature("pier", "BridgeConstructiveElement", "bridge", {"isStructuralElement": True}, None, [roof], "bridge"),
        Feature("tunnel", "Tunnel", "tunnel", geometries=[roof], children=("hall",)),
        Feature("hall", "TunnelHollowSpace", "tunnel", parent="tunnel"),
        Feature("relief", "+ReliefFeature", "relief", {"lod": 1}, children=("tin",)),
        Feature("tin", "TINRelief", "relief", {"lod": 1}, None, [Geometry("CompositeSurface", "1", [TRIANGLE, OTHER])], "relief"),
        Feature("group", "CityObjectGroup", "cityobjectgroup", {"groupMember": ["road", {"role": "edge", "groupMember": "water"}]}),
        Feature("thing", "GenericCityObject", "generics", {"class": "x"}, geometries=[surface(TRIANGLE)]),
    ]
    content, report = written(features, SWISS, version="3.0")
    assert placeless(read(content).features) == features
    assert report.changes == {}


def test_three_names_choose_the_version(tmp_path, house, house_3) -> None:
    two, three = tmp_path / "two.gml", tmp_path / "three.gml"
    two.write_text(house)
    three.write_text(house_3)
    for source, to, version in (
        (two, None, b"citygml/2.0"),
        (three, None, b"citygml/3.0"),
        (three, "citygml", b"citygml/3.0"),
        (two, "citygml3", b"citygml/3.0"),
        (three, "citygml2", b"citygml/2.0"),
    ):
        convert(source, tmp_path / "out.gml", to=to)
        assert b'xmlns:core="http://www.opengis.net/' + version in (tmp_path / "out.gml").read_bytes()[:400]
    for adapter, version in ((TWO, b"/2.0"), (THREE, b"/3.0")):
        sink = io.BytesIO()
        adapter.write(iter(()), sink, Output(None), Report())
        assert version in sink.getvalue()
