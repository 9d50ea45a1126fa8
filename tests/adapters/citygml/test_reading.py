"""Reading CityGML: families, semantics, attributes, addresses, and what is kept without being understood."""

from __future__ import annotations

import pytest

from gateway.adapters.citygml import ADAPTER
from gateway.adapters.citygml.assembly import TERRAIN
from gateway.errors import TooLarge, Unreadable
from gateway.model.crs import Crs
from gateway.model.geometry import Geometry

SQUARE = "0 0 0 1 0 0 1 1 0 0 0 0"


def of(feature, kind: str, lod: str) -> Geometry:
    return next(g for g in feature.geometries if (g.type, g.lod) == (kind, lod))


def test_a_family_comes_root_first_with_parents_before_children(read, house) -> None:
    found = read(house)
    assert [(f.id, f.type, f.parent) for f in found.features] == [
        ("house", "Building", None),
        ("balcony", "BuildingInstallation", "house"),
        ("stairs", "BuildingInstallation", "house"),
        ("room", "BuildingRoom", "house"),
        ("table", "BuildingFurniture", "room"),
        ("radiator", "BuildingInstallation", "room"),
        ("garage", "BuildingPart", "house"),
    ]
    assert found["house"].children == ("balcony", "stairs", "room", "garage")
    assert {f.collection for f in found.features} == {"building"}
    assert found["house"].place == "line 8"
    assert (found.problems, found.report.changes) == ([], {})


def test_the_header_says_version_title_and_reference_system(read, house) -> None:
    header = read(house).header
    assert (header.version, header.title, header.description) == ("2.0", "One house", "Made by hand for the tests")
    assert header.crs == Crs("EPSG:2056", "EPSG:5728")


def test_a_solid_carries_the_semantics_of_the_surfaces_it_refers_to(read, house) -> None:
    solid = of(read(house)["house"], "Solid", "2")
    kinds = ["GroundSurface", "WallSurface", "WallSurface", "WallSurface", "WallSurface", "RoofSurface"]
    assert [surface.type for surface in solid.surfaces] == kinds
    assert [surface.id for surface in solid.surfaces] == ["s_ground", "s_south", "s_east", "s_north", "s_west", "s_roof"]
    assert solid.values == [[0, 1, 2, 3, 4, 5]]
    assert solid.boundaries[0][0][0][0] == (2500000.0, 1118000.0, 400.0)
    assert len(solid.boundaries[0][0][0]) == 4


def test_faces_beyond_the_solid_are_a_surface_of_their_own(read, house) -> None:
    rest = of(read(house)["house"], "MultiSurface", "2")
    assert [surface.id for surface in rest.surfaces] == ["s_eaves"]
    assert rest.values == [0]


def test_openings_stand_under_their_walls(read, house) -> None:
    explicit, rest = (g for g in read(house)["house"].geometries if (g.type, g.lod) == ("MultiSurface", "3"))
    assert [(s.id, s.type, s.parent, s.children) for s in explicit.surfaces] == [
        ("s_front", "WallSurface", None, (1,)),
        ("window", "Window", 0, ()),
    ]
    assert explicit.values == [0, 1, None]
    assert explicit.surfaces[1].attributes == {"name": "Salon"}
    assert len(explicit.boundaries[0]) == 2
    assert [s.id for s in rest.surfaces] == ["s_side", "door"]


def test_a_reversed_surface_turns_its_rings_and_keeps_its_meaning(read, house) -> None:
    solid = of(read(house)["room"], "Solid", "4")
    floor = solid.boundaries[0][0][0]
    assert [(x - 2500000, y - 1118000) for x, y, _ in floor] == [(1, 1), (2, 1), (2, 2), (1, 2)]
    assert [surface.type for surface in solid.surfaces] == ["FloorSurface", "CeilingSurface"]


def test_footprint_roof_edge_and_terrain_line_are_told_apart(read, house) -> None:
    geometries = read(house)["house"].geometries
    assert [[s.type for s in g.surfaces] for g in geometries if g.lod == "0"] == [[], ["RoofSurface"]]
    assert [[s.type for s in g.surfaces] for g in geometries if g.type == "MultiLineString"] == [[], [TERRAIN]]


def test_an_implicit_geometry_has_its_prototype_matrix_and_anchor(read, house) -> None:
    instance = of(read(house)["balcony"], "GeometryInstance", "3")
    assert instance.boundaries == [(2500003.0, 1118000.0, 403.0)]
    assert instance.matrix is not None
    assert instance.matrix[::5] == (2.0, 2.0, 2.0, 1.0)
    assert instance.template is not None
    assert instance.template.boundaries == [[[(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 0.0, 1.0)]]]


def test_attributes_have_the_names_of_cityjson_and_keep_units_and_code_spaces(read, house) -> None:
    properties = read(house)["house"].properties
    assert properties == {
        "description": "A house & its parts",
        "name": ["Villa", "Maison"],
        "creationDate": "2020-05-17",
        "terminationDate": "2030-01-01",
        "externalReferences": [
            {"informationSystem": "https://example.org/cadastre", "name": "EGID 1234"},
            {"uri": "urn:example:1234"},
        ],
        "relativeToTerrain": "entirelyAboveTerrain",
        "owner": "Ville de Genève",
        "dwellings": 3,
        "volume": 240.5,
        "area": 60.0,
        "area_uom": "m2",
        "generic_roofType": "flat, says the owner",
        "energy": {"class": "B", "year": 2019},
        "energy_codeSpace": "urn:example:energy",
        "class": "1000",
        "function": ["1000", "1010"],
        "function_codeSpace": "urn:example:functions",
        "usage": "1000",
        "yearOfConstruction": 1850,
        "roofType": "1000",
        "measuredHeight": 4.0,
        "measuredHeight_uom": "urn:example:metre",
        "storeysAboveGround": 2,
        "storeyHeightsAboveGround": [2.0, 2.0],
    }


def test_what_lies_inside_says_so(read, house) -> None:
    found = read(house)
    assert found["stairs"].properties == {"relationToConstruction": "inside"}
    assert "relationToConstruction" not in found["balcony"].properties


def test_dates_become_the_validity(read, house) -> None:
    assert read(house)["house"].validity == ("2020-05-17", "2030-01-01")


@pytest.mark.parametrize(
    ("date", "validity"),
    [
        ("2020-05-17T10:00:00", ("2020-05-17T10:00:00Z", None)),
        ("2020-05-17T10:00:00+02:00", ("2020-05-17T10:00:00+02:00", None)),
        ("1850", None),
    ],
)
def test_a_date_is_never_made_more_precise_than_it_is(read, document, date: str, validity: object) -> None:
    feature = read(document(f'<bldg:Building gml:id="a"><core:creationDate>{date}</core:creationDate></bldg:Building>')).features[0]
    assert feature.properties["creationDate"] == date
    assert feature.validity == validity


def test_an_address_is_an_object_of_cityjson(read, house) -> None:
    assert read(house)["house"].addresses == [
        {
            "Country": "Suisse",
            "LocalityType": "Town",
            "Locality": "Genève",
            "ThoroughfareType": "Street",
            "ThoroughfareNumber": "7",
            "ThoroughfareName": "Rue du Lac",
            "Postcode": "1207",
            "location": {"type": "MultiPoint", "lod": "1", "boundaries": [(2500010.0, 1118002.5, 400.0)]},
            "id": "address",
        }
    ]


def test_version_three_gives_the_same_building(read, house, house_3) -> None:
    two, three = read(house)["house"], read(house_3)["house"]
    assert read(house_3).header.version == "3.0"
    assert of(three, "Solid", "2") == of(two, "Solid", "2")
    explicit = of(two, "MultiSurface", "3")
    wall = of(three, "MultiSurface", "3")
    assert (wall.boundaries, wall.surfaces[1].type) == (explicit.boundaries[:2], "Window")
    shared = ("name", "description", "creationDate", "owner", "dwellings", "area", "area_uom", "class", "function")
    more = ("function_codeSpace", "roofType", "storeysAboveGround", "measuredHeight", "measuredHeight_uom", "energy_codeSpace")
    assert {key: three.properties[key] for key in shared + more} == {key: two.properties[key] for key in shared + more}
    expected = {key: value for key, value in two.addresses[0].items() if key not in ("location", "id")}
    assert three.addresses == [expected]
    assert three.validity == two.validity


def test_spaces_and_data_types_of_version_three_are_kept(read, house_3) -> None:
    found = read(house_3)
    assert [(f.id, f.type) for f in found.features[1:]] == [
        ("room", "BuildingRoom"),
        ("storey", "BuildingStorey"),
        ("unit", "BuildingUnit"),
        ("garage", "BuildingPart"),
    ]
    assert found["storey"].properties == {"class": "1", "buildingRoom": "room"}
    properties = found["house"].properties
    assert properties["occupancy"] == {"numberOfOccupants": "4", "occupantType": "residents"}
    assert properties["height"]["highReference"] == "topOfConstruction"
    assert properties["height"]["value"] == 5.5


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16"])
def test_any_encoding_and_prefix_is_recognised(read, house, codec: str) -> None:
    content = house.replace('encoding="UTF-8"', f'encoding="{codec.removesuffix("-sig")}"').replace("bldg:", "b:")
    content = content.replace("xmlns:bldg", "xmlns:b").encode(codec)
    assert ADAPTER.sniff(content[:65536], "x")
    assert len(read(content).features) == 7


def test_other_documents_are_not_ours() -> None:
    collection = b'<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml" xmlns:c="http://www.opengis.net/citygml/2.0"/>'
    assert not ADAPTER.sniff(collection, "x.gml")
    assert not ADAPTER.sniff(b'{"type": "CityJSON"}', "x.gml")
    assert not ADAPTER.sniff(b"", "x.gml")
    assert not ADAPTER.sniff(b'<CityModel xmlns="urn:other"/>', "x.gml")


def test_an_empty_model_is_empty(read, document) -> None:
    found = read(document())
    assert found.features == []
    assert found.header.crs == Crs("EPSG:2056")


def test_curves_and_points_of_all_spellings_are_read(read, document) -> None:
    line = "<gml:LineString><gml:pos>0 0 0</gml:pos><gml:pos>1 0 0</gml:pos></gml:LineString>"
    curve = (
        '<gml:Curve gml:id="c"><gml:segments><gml:LineStringSegment><gml:posList>0 0 0 1 0 0</gml:posList></gml:LineStringSegment>'
        "<gml:LineStringSegment><gml:posList>1 0 0 1 1 0</gml:posList></gml:LineStringSegment></gml:segments></gml:Curve>"
    )
    member = (
        '<gen:GenericCityObject gml:id="g"><gen:lod1Geometry><gml:MultiGeometry>'
        f"<gml:geometryMember>{line}</gml:geometryMember><gml:geometryMember>{curve}</gml:geometryMember>"
        '<gml:geometryMember><gml:OrientableCurve orientation="-"><gml:baseCurve xlink:href="#c"/></gml:OrientableCurve>'
        "</gml:geometryMember><gml:geometryMember><gml:Point><gml:pos>5 5 5</gml:pos></gml:Point></gml:geometryMember>"
        "<gml:geometryMember><gml:MultiPoint><gml:pointMember><gml:Point><gml:coordinates>6,6,6</gml:coordinates></gml:Point>"
        "</gml:pointMember></gml:MultiPoint></gml:geometryMember></gml:MultiGeometry></gen:lod1Geometry></gen:GenericCityObject>"
    )
    found = read(document(member))
    lines, points = found["g"].geometries
    bend = [(0, 0, 0), (1, 0, 0), (1, 1, 0)]
    assert lines.boundaries == [[(0, 0, 0), (1, 0, 0)], bend, bend[::-1]]
    assert points.boundaries == [(5, 5, 5), (6, 6, 6)]
    assert found.problems == []


def test_tins_and_sets_of_solids_are_read(read, document, polygon) -> None:
    triangle = f"<gml:Triangle>{polygon(SQUARE).removeprefix('<gml:Polygon>').removesuffix('</gml:Polygon>')}</gml:Triangle>"
    relief = (
        '<dem:ReliefFeature gml:id="r"><dem:lod>1</dem:lod><dem:reliefComponent><dem:TINRelief gml:id="t"><dem:lod>2</dem:lod>'
        f"<dem:tin><gml:TriangulatedSurface><gml:trianglePatches>{triangle * 2}</gml:trianglePatches></gml:TriangulatedSurface>"
        "</dem:tin></dem:TINRelief></dem:reliefComponent></dem:ReliefFeature>"
    )
    solid = (
        "<gml:Solid><gml:exterior><gml:CompositeSurface><gml:surfaceMember>"
        f"{polygon(SQUARE)}</gml:surfaceMember></gml:CompositeSurface></gml:exterior></gml:Solid>"
    )
    cover = (
        '<veg:PlantCover gml:id="p"><veg:averageHeight uom="m">2</veg:averageHeight><veg:lod1MultiSolid><gml:MultiSolid>'
        f"<gml:solidMember>{solid}</gml:solidMember><gml:solidMember>{solid}</gml:solidMember></gml:MultiSolid>"
        "</veg:lod1MultiSolid></veg:PlantCover>"
    )
    found = read(document(relief, cover))
    assert [(f.id, f.type, f.collection, f.parent) for f in found.features] == [
        ("r", "+ReliefFeature", "relief", None),
        ("t", "TINRelief", "relief", "r"),
        ("p", "PlantCover", "vegetation", None),
    ]
    tin, solids = found["t"].geometries[0], found["p"].geometries[0]
    assert (tin.type, tin.lod, len(tin.boundaries)) == ("CompositeSurface", "2", 2)
    assert (solids.type, len(solids.boundaries), found["p"].properties) == ("MultiSolid", 2, {"averageHeight": 2.0})


def test_a_prototype_is_found_by_later_objects(read, document, polygon) -> None:
    def tree(name: str, prototype: str) -> str:
        return (
            f'<veg:SolitaryVegetationObject gml:id="{name}"><veg:height>7.5</veg:height><veg:lod2ImplicitRepresentation>'
            f"<core:ImplicitGeometry>{prototype}<core:referencePoint><gml:Point><gml:pos>1 2 3</gml:pos></gml:Point>"
            "</core:referencePoint></core:ImplicitGeometry></veg:lod2ImplicitRepresentation></veg:SolitaryVegetationObject>"
        )

    surface = f'<gml:MultiSurface gml:id="crown"><gml:surfaceMember>{polygon(SQUARE)}</gml:surfaceMember></gml:MultiSurface>'
    inline = f"<core:relativeGMLGeometry>{surface}</core:relativeGMLGeometry>"
    found = read(document(tree("a", inline), tree("b", '<core:relativeGMLGeometry xlink:href="#crown"/>')))
    first, second = (feature.geometries[0] for feature in found.features)
    assert first.template is second.template
    assert found["a"].properties == {"height": 7.5}


def test_a_prototype_elsewhere_is_never_fetched(read, document) -> None:
    hrefs = ["http://169.254.169.254/", "file:///etc/hostname", "\\\\trap\\s"]
    members = [
        f'<frn:CityFurniture gml:id="f{n}"><frn:lod1ImplicitRepresentation><core:ImplicitGeometry><core:libraryObject>{href}'
        "</core:libraryObject><core:referencePoint><gml:Point><gml:pos>1 2 3</gml:pos></gml:Point></core:referencePoint>"
        "</core:ImplicitGeometry></frn:lod1ImplicitRepresentation>"
        f'<frn:lod2Geometry xlink:href="{href}"/></frn:CityFurniture>'
        for n, href in enumerate(hrefs)
    ]
    found = read(document(*members))
    assert [f.properties["implicitGeometry"]["libraryObject"] for f in found.features] == hrefs
    assert [f.geometries[0].boundaries for f in found.features] == [[(1, 2, 3)]] * 3
    assert [p.found for p in found.problems] == hrefs


def test_what_an_extension_adds_is_kept(read, document, polygon) -> None:
    surface = f"<gml:MultiSurface><gml:surfaceMember>{polygon(SQUARE)}</gml:surfaceMember></gml:MultiSurface>"
    building = (
        '<bldg:Building gml:id="b"><ade:note>Hello</ade:note><ade:area uom="m2">5</ade:area>'
        "<ade:certificate><ade:Certificate><ade:grade>A</ade:grade></ade:Certificate></ade:certificate>"
        f'<ade:boundedBy><ade:GreenRoofSurface gml:id="g"><bldg:lod2MultiSurface>{surface}</bldg:lod2MultiSurface>'
        "</ade:GreenRoofSurface></ade:boundedBy>"
        f'<ade:unit><ade:Unit gml:id="u"><ade:lod2MultiSurface>{surface}</ade:lod2MultiSurface></ade:Unit></ade:unit>'
        "</bldg:Building>"
    )
    found = read(document(building, '<ade:Mast gml:id="m"><gml:name>Mast</gml:name></ade:Mast>'))
    assert [(f.id, f.type, f.collection, f.parent) for f in found.features] == [
        ("b", "Building", "building", None),
        ("u", "+Unit", "building", "b"),
        ("m", "+Mast", "extension", None),
    ]
    assert found["b"].properties == {"note": "Hello", "area": 5.0, "area_uom": "m2"}
    assert found["b"].geometries[0].surfaces[0].type == "+GreenRoofSurface"
    (fragment,) = found["b"].opaque
    assert fragment.startswith('<ade:certificate xmlns:ade="urn:ade"><ade:Certificate>')
    assert found.what == ["certificate"]


def test_appearances_are_kept_with_their_object_and_counted_elsewhere(read, document) -> None:
    theme = "<app:Appearance><app:theme>rgb</app:theme></app:Appearance>"
    building = f'<bldg:Building gml:id="b"><app:appearance>{theme}</app:appearance></bldg:Building>'
    text = document(building).replace("</core:CityModel>", f"<app:appearanceMember>{theme}</app:appearanceMember></core:CityModel>")
    found = read(text)
    assert "app:theme" in found["b"].opaque[0]
    assert {(c.what, c.effect) for c in found.report.changes.values()} == {("appearance", "kept-opaque"), ("Appearance", "lost")}


def test_objects_of_other_modules_keep_type_attributes_and_geometry(read, document, polygon) -> None:
    surface = f"<gml:MultiSurface><gml:surfaceMember>{polygon(SQUARE)}</gml:surfaceMember></gml:MultiSurface>"
    road = (
        '<tran:Road gml:id="r"><tran:function>1</tran:function><tran:trafficArea><tran:TrafficArea gml:id="a">'
        f"<tran:surfaceMaterial>asphalt</tran:surfaceMaterial><tran:lod2MultiSurface>{surface}</tran:lod2MultiSurface></tran:TrafficArea></tran:trafficArea>"
        "</tran:Road>"
    )
    water = (
        f'<wtr:WaterBody gml:id="w"><wtr:boundedBy><wtr:WaterSurface><wtr:lod2Surface>{polygon(SQUARE)}</wtr:lod2Surface>'
        "</wtr:WaterSurface></wtr:boundedBy></wtr:WaterBody>"
    )
    land = f'<luse:LandUse gml:id="l"><luse:lod1MultiSurface>{surface}</luse:lod1MultiSurface></luse:LandUse>'
    group = (
        '<grp:CityObjectGroup gml:id="g"><grp:groupMember xlink:href="#r"/><grp:groupMember xlink:href="#w"/></grp:CityObjectGroup>'
    )
    found = read(document(road, water, land, group))
    assert [(f.type, f.collection) for f in found.features] == [
        ("Road", "transportation"),
        ("WaterBody", "waterbody"),
        ("LandUse", "landuse"),
        ("CityObjectGroup", "cityobjectgroup"),
    ]
    area = found["r"].geometries[0].surfaces[0]
    assert (area.type, area.id, area.attributes) == ("TrafficArea", "a", {"surfaceMaterial": "asphalt"})
    assert found["w"].geometries[0].surfaces[0].type == "WaterSurface"
    assert found["g"].properties == {"groupMember": ["r", "w"]}
    assert found.problems == []


def test_ids_can_come_from_a_property(read, house) -> None:
    found = read(house.replace('gml:id="garage">', 'gml:id="garage"><gml:name>G7</gml:name>'), id_field="name")
    assert found.header.ids == "field"
    assert found["G7"].parent == "house"
    assert "G7" in found["house"].children


def test_a_cut_file_names_the_line(read, house) -> None:
    with pytest.raises(Unreadable) as caught:
        read(house[: len(house) // 2])
    assert "line" in (caught.value.place or "")


def test_references_that_multiply_without_end_are_too_large(read, document, polygon) -> None:
    levels = "".join(
        f'<bldg:lod2MultiSurface><gml:MultiSurface gml:id="m{n}"><gml:surfaceMember xlink:href="#m{n - 1}"/>'
        f'<gml:surfaceMember xlink:href="#m{n - 1}"/></gml:MultiSurface></bldg:lod2MultiSurface>'
        for n in range(1, 40)
    )
    first = f'<gml:MultiSurface gml:id="m0"><gml:surfaceMember>{polygon(SQUARE)}</gml:surfaceMember></gml:MultiSurface>'
    building = f'<bldg:Building gml:id="b"><bldg:lod2MultiSurface>{first}</bldg:lod2MultiSurface>{levels}</bldg:Building>'
    with pytest.raises(TooLarge):
        read(document(building))
