"""What is wrong in a file: findings with object and line, and the rest is read."""

from __future__ import annotations

import pytest

from gateway.model.finding import Severity

GOOD = "0 0 0 1 0 0 1 1 0 0 0 0"


def building(*surfaces: str, identifier: str | None = "b") -> str:
    named = "" if identifier is None else f' gml:id="{identifier}"'
    members = "".join(f"<gml:surfaceMember>{surface}</gml:surfaceMember>" for surface in surfaces)
    geometry = f"<bldg:lod2MultiSurface><gml:MultiSurface>{members}</gml:MultiSurface></bldg:lod2MultiSurface>"
    return f"<bldg:Building{named}>{geometry}</bldg:Building>"


@pytest.mark.parametrize(
    ("positions", "kind", "found", "kept"),
    [
        ("0 0 0 1 0 0 1 1 0 0 1 0", "ring-open", "first 0 0 0, last 0 1 0", 2),
        ("0 0 0 1 0 0 0 0 0", "ring-short", "2 different positions", 1),
        ("0 0 0 1 0 0 1 1 0 0 0", "position-count", "11 numbers", 1),
        ("0 0 0 1 0 zero 1 1 0 0 0 0", "position-number", "zero", 1),
        ("0 0 0 1 0 NaN 1 1 0 0 0 0", "position-number", "NaN", 1),
        ("0 0 0 1 0 1e999 1 1 0 0 0 0", "position-number", "1e999", 1),
        ("0 0 0 1_0 0 0 1 1 0 0 0 0", "position-number", "1_0", 1),
        ("0,5 0 0 1,5 0 0 1 1 0 0,5 0 0", "position-number", "0,5", 1),
        ("0 0 0 true 0 0 1 1 0 0 0 0", "position-number", "true", 1),
        ("0 0 0 [1] 0 0 1 1 0 0 0 0", "position-number", "[1]", 1),
        ("", "ring-short", "0 different positions", 1),
    ],
)
def test_a_bad_ring_is_named_and_the_others_are_read(read, document, polygon, positions, kind, found, kept) -> None:
    result = read(document(building(polygon(GOOD), polygon(positions)), srs=None))
    problem = result.problems[-1]
    assert (problem.rule, problem.severity, problem.object_id) == ("source", Severity.WARN, "b")
    assert problem.place == "line 2"
    assert problem.found == found
    assert kind in result.what
    assert set(problem.message) == set(problem.cure) == {"en", "fr"}
    assert len(result["b"].geometries[0].boundaries) == kept


def test_a_bad_hole_takes_its_surface_away(read, document, polygon) -> None:
    hole = "<gml:interior><gml:LinearRing><gml:posList>0 0</gml:posList></gml:LinearRing></gml:interior></gml:Polygon>"
    result = read(document(building(polygon(GOOD).replace("</gml:Polygon>", hole), polygon(GOOD))))
    assert len(result["b"].geometries[0].boundaries) == 1


def test_a_reference_to_nothing_is_named(read, document, polygon) -> None:
    member = building(polygon(GOOD)).replace("</gml:MultiSurface>", '<gml:surfaceMember xlink:href="#gone"/></gml:MultiSurface>')
    result = read(document(member))
    assert [(p.object_id, p.found) for p in result.problems] == [("b", "#gone")]
    assert len(result["b"].geometries[0].boundaries) == 1


def test_a_circle_of_references_is_named(read, document) -> None:
    ring = (
        '<bldg:Building gml:id="b"><bldg:lod2MultiSurface><gml:MultiSurface gml:id="a"><gml:surfaceMember><gml:CompositeSurface '
        'gml:id="c"><gml:surfaceMember xlink:href="#c"/></gml:CompositeSurface></gml:surfaceMember></gml:MultiSurface>'
        "</bldg:lod2MultiSurface></bldg:Building>"
    )
    result = read(document(ring))
    assert "xlink-circular" in result.what
    assert result["b"].geometries == []


def test_an_object_without_id_gets_the_same_one_every_time(read, document, polygon) -> None:
    member = building(polygon(GOOD), identifier=None)
    first, second = read(document(member)), read(document(building(polygon(GOOD)), member))
    assert first.features[0].id == second.features[1].id
    assert first.features[0].id.startswith("Building-")
    assert first.what == ["id-missing"]


def test_ids_that_come_twice_or_are_no_names_are_named(read, document, polygon) -> None:
    result = read(document(*(building(polygon(GOOD), identifier=name) for name in ("a", "a", "1F3E"))))
    assert [(p.object_id, p.place) for p in result.problems] == [("a", "line 3"), ("1F3E", "line 4")]
    assert result.what == ["id-twice", "id-form"]


def test_a_value_that_is_no_number_stays_text(read, document) -> None:
    member = (
        '<bldg:Building gml:id="b"><gen:intAttribute name="n"><gen:value>many</gen:value></gen:intAttribute>'
        '<gen:doubleAttribute name="x"><gen:value>Infinity</gen:value></gen:doubleAttribute>'
        "<bldg:yearOfConstruction>around 1850</bldg:yearOfConstruction>"
        '<bldg:measuredHeight uom="m">tall</bldg:measuredHeight></bldg:Building>'
    )
    result = read(document(member))
    assert result["b"].properties == {
        "n": "many",
        "x": "Infinity",
        "yearOfConstruction": "around 1850",
        "measuredHeight": "tall",
    }
    assert result.report.changes["value-number", result.problems[0].message["en"], "changed"].count == 3


def test_a_hundred_problems_are_kept_and_all_are_counted(read, document, polygon) -> None:
    result = read(document(building(polygon(GOOD), *[polygon("0 0 0 0 0 0")] * 250)))
    assert len(result.problems) == 100
    assert [change.count for change in result.report.changes.values()] == [250]


def test_a_wrong_matrix_leaves_the_geometry_out(read, document) -> None:
    member = (
        '<frn:CityFurniture gml:id="f"><frn:lod1ImplicitRepresentation><core:ImplicitGeometry><core:transformationMatrix>1 2 3'
        "</core:transformationMatrix><core:referencePoint><gml:Point><gml:pos>1 2 3</gml:pos></gml:Point></core:referencePoint>"
        "</core:ImplicitGeometry></frn:lod1ImplicitRepresentation></frn:CityFurniture>"
    )
    assert read(document(member)).what == ["matrix"]


def test_flat_coordinates_get_a_height_and_say_so(read, document) -> None:
    ring = '<gml:posList srsDimension="2">0 0 1 0 1 1 0 0</gml:posList>'
    surface = f"<gml:Polygon><gml:exterior><gml:LinearRing>{ring}</gml:LinearRing></gml:exterior></gml:Polygon>"
    result = read(document(building(surface)))
    assert result["b"].geometries[0].boundaries == [[[(0, 0, 0), (1, 0, 0), (1, 1, 0)]]]
    assert result.what == ["height"]


def test_an_unknown_geometry_is_counted(read, document) -> None:
    sphere = "<gml:Sphere><gml:radius>2</gml:radius></gml:Sphere>"
    member = f'<bldg:Building gml:id="b"><bldg:lod2Solid>{sphere}</bldg:lod2Solid></bldg:Building>'
    result = read(document(member))
    assert result.what == ["geometry-unknown"]
    assert result.problems[0].found == "Sphere"


def test_an_object_without_id_under_an_odd_namespace_gets_one(read, document) -> None:
    result = read(document('<bldg:Building xmlns:odd="not/absolute"><odd:thing>1</odd:thing></bldg:Building>'))
    assert result.what == ["id-missing"]
    assert result.features[0].properties == {"thing": "1"}
