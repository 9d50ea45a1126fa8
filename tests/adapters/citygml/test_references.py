"""The reference system of a file and the order of its axes."""

from __future__ import annotations

import pytest

from gateway.adapters.citygml.references import decide
from gateway.model.crs import Crs

GENEVA = (2500000.0, 1118000.0)


def building(positions: str, attributes: str = "") -> str:
    return (
        f'<bldg:Building gml:id="b"><bldg:lod2MultiSurface><gml:MultiSurface{attributes}><gml:surfaceMember><gml:Polygon>'
        f"<gml:exterior><gml:LinearRing><gml:posList>{positions}</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember>"
        "</gml:MultiSurface></bldg:lod2MultiSurface></bldg:Building>"
    )


def first(result) -> tuple[float, float]:
    return result["b"].geometries[0].boundaries[0][0][0][:2]


LAT_LON = "46.2 6.1 400 46.2 6.2 400 46.3 6.2 400 46.2 6.1 400"
LON_LAT = "6.1 46.2 400 6.2 46.2 400 6.2 46.3 400 6.1 46.2 400"
NORTH_EAST = "5540000 3450000 1 5540000 3450010 1 5540010 3450010 1 5540000 3450000 1"
EAST_NORTH = "3450000 5540000 1 3450010 5540000 1 3450010 5540010 1 3450000 5540000 1"
ORIGIN = "6 0 0 6 1 0 7 1 0 6 0 0"


@pytest.mark.parametrize(
    ("srs", "positions", "point", "problem"),
    [
        ("urn:ogc:def:crs:EPSG::4326", LAT_LON, (6.1, 46.2), False),
        ("http://www.opengis.net/def/crs/EPSG/0/4979", LAT_LON, (6.1, 46.2), False),
        ("EPSG:4326", LON_LAT, (6.1, 46.2), False),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", LON_LAT, (6.1, 46.2), False),
        ("urn:ogc:def:crs:EPSG::31467", NORTH_EAST, (3450000, 5540000), False),
        ("urn:ogc:def:crs:EPSG::31467", EAST_NORTH, (3450000, 5540000), True),
        ("EPSG:31467", EAST_NORTH, (3450000, 5540000), False),
        ("EPSG:31467", NORTH_EAST, (3450000, 5540000), True),
        ("urn:ogc:def:crs,crs:EPSG:6.12:3068,crs:EPSG:6.12:5783", ORIGIN, (6, 0), False),
        ("urn:ogc:def:crs,crs:EPSG::2056,crs:EPSG::5728", ORIGIN, (6, 0), False),
    ],
)
def test_spelling_and_coordinates_decide_the_axis_order(read, document, srs, positions, point, problem) -> None:
    result = read(document(building(positions), srs=srs))
    assert first(result) == point
    assert ("crs-axes" in result.what) is problem


BERLIN = "urn:ogc:def:crs:EPSG::3068"


def enveloped(content: str, lower: str, upper: str) -> str:
    corners = f"<gml:lowerCorner>{lower}</gml:lowerCorner><gml:upperCorner>{upper}</gml:upperCorner></gml:Envelope>"
    return content.replace('srsDimension="3"/>', f'srsDimension="3">{corners}')


def test_where_both_orders_fit_the_authoritys_is_taken_and_said(read, document) -> None:
    positions = "24600 21000 40 24600 21010 40 24610 21010 40 24600 21000 40"
    result = read(document(building(positions), srs=BERLIN))
    assert first(result) == (21000, 24600)
    assert "crs-axes-open" in result.what
    assert [(problem.found, set(problem.cure)) for problem in result.problems] == [(BERLIN, {"en", "fr"})]
    assert read(document(building(positions), srs="EPSG:3068")).problems == []


@pytest.mark.parametrize(
    ("lower", "upper", "point", "kinds"),
    [
        ("20000 5000 0", "30000 45000 90", (21000, 24600), []),
        ("5000 20000 0", "45000 30000 90", (24600, 21000), ["crs-axes"]),
        ("24000 20000 0", "25000 22000 90", (21000, 24600), ["crs-axes-open"]),
        ("0 0 0", "10 10 10", (21000, 24600), ["crs-axes-open"]),
    ],
)
def test_where_both_orders_fit_the_envelope_decides(read, document, lower, upper, point, kinds) -> None:
    positions = "24600 21000 40 24600 21010 40 24610 21010 40 24600 21000 40"
    result = read(enveloped(document(building(positions), srs=BERLIN), lower, upper))
    assert first(result) == point
    assert [what for what in result.what if what.startswith("crs")] == kinds


def test_a_name_on_a_geometry_alone_is_found_before_the_first_feature(read, document) -> None:
    content = document(building(LAT_LON, ' srsName="urn:ogc:def:crs:EPSG::4326" srsDimension="3"'), srs=None)
    result = read(content)
    assert result.header.crs == Crs("EPSG:4326")
    assert first(result) == (6.1, 46.2)
    assert result.problems == []
    assert read(content.replace('version="1.0"', "").encode("utf-16")).header.crs == Crs("EPSG:4326")


def test_a_file_without_a_name_takes_the_given_one(read, document) -> None:
    content = document(building(ORIGIN), srs=None)
    assert read(content).header.crs is None
    assert read(content, crs=Crs("EPSG:2056")).header.crs == Crs("EPSG:2056")


def test_a_given_system_never_overrides_the_files_own(read, document) -> None:
    result = read(document(building(ORIGIN), srs="EPSG:25832"), crs=Crs("EPSG:2056"))
    assert result.header.crs == Crs("EPSG:25832")
    assert [(p.found, p.expected) for p in result.problems] == [("EPSG:25832", "EPSG:2056")]


def test_a_local_system_is_carried_by_name(read, document) -> None:
    result = read(document(building(ORIGIN), srs="#local-CRS-1"))
    assert result.header.crs == Crs("", local="#local-CRS-1")
    assert first(result) == (6, 0)


def test_a_geometry_in_another_system_is_moved_and_named(read, document) -> None:
    here = building("2600000 1200000 500 2600010 1200000 500 2600010 1200010 500 2600000 1200000 500")
    degrees = "46.95108 7.43864 500 46.95108 7.439 500 46.952 7.439 500 46.95108 7.43864 500"
    there = building(degrees, ' srsName="urn:ogc:def:crs:EPSG::4326"').replace('gml:id="b"', 'gml:id="c"')
    content = document(here, there, srs="EPSG:2056")
    result = read(content)
    x, y, z = result["c"].geometries[0].boundaries[0][0][0]
    assert (x, y, z) == pytest.approx((2600000, 1200000, 500), abs=2)
    assert [(p.object_id, p.found, p.expected) for p in result.problems] == [("c", "urn:ogc:def:crs:EPSG::4326", "EPSG:2056")]


def test_a_geometry_in_an_unknown_system_is_left_out(read, document) -> None:
    result = read(document(building(ORIGIN, ' srsName="urn:nobody:knows"'), srs="EPSG:2056"))
    assert "crs-unusable" in result.what
    assert result["b"].geometries == []


def test_without_a_sample_the_spelling_decides() -> None:
    assert decide("urn:ogc:def:crs:EPSG::31467", None).swap
    assert not decide("EPSG:31467", None).swap
    assert not decide("urn:ogc:def:crs:EPSG::2056", GENEVA).swap


def test_an_empty_list_of_positions_in_another_system_is_no_crash(read, document) -> None:
    result = read(document(building(ORIGIN), building("", ' srsName="EPSG:4326"').replace('"b"', '"c"'), srs="EPSG:2056"))
    assert "ring-short" in result.what
    assert result["c"].geometries == []
