"""Spellings of reference systems, their axes and parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ParameterError
from gateway.geo import crs
from gateway.model.crs import CRS84, Crs

SWISS = Crs("EPSG:2056", "EPSG:5728")
SPELLINGS = [
    ("EPSG:2056", Crs("EPSG:2056")),
    ("epsg:2056", Crs("EPSG:2056")),
    (" EPSG:02056 ", Crs("EPSG:2056")),
    ("[EPSG:2056]", Crs("EPSG:2056")),
    ("urn:ogc:def:crs:EPSG::2056", Crs("EPSG:2056")),
    ("urn:ogc:def:crs:EPSG:6.12:3068", Crs("EPSG:3068")),
    ("urn:x-ogc:def:crs:EPSG:2056", Crs("EPSG:2056")),
    ("http://www.opengis.net/def/crs/EPSG/0/2056", Crs("EPSG:2056")),
    ("https://www.opengis.net/def/crs/EPSG/9.9.1/2056", Crs("EPSG:2056")),
    ("http://www.opengis.net/gml/srs/epsg.xml#2056", Crs("EPSG:2056")),
    ("EPSG:2056+5728", SWISS),
    ("EPSG:2056+EPSG:5728", SWISS),
    ("urn:ogc:def:crs,crs:EPSG::2056,crs:EPSG::5728", SWISS),
    ("urn:ogc:def:crs,crs:EPSG:6.12:3068,crs:EPSG:6.12:5783", Crs("EPSG:3068", "EPSG:5783")),
    (SWISS.uri, SWISS),
    ("http://www.opengis.net/def/crs-compound?1=http%3A%2F%2Fwww.opengis.net%2Fdef%2Fcrs%2FEPSG%2F0%2F2056"
     "&2=http%3A%2F%2Fwww.opengis.net%2Fdef%2Fcrs%2FEPSG%2F0%2F5728", SWISS),
    ("EPSG:7415", Crs("EPSG:7415")),
    ("CRS84", CRS84),
    ("CRS:84", CRS84),
    ("urn:ogc:def:crs:OGC:1.3:CRS84", CRS84),
    ("urn:ogc:def:crs:OGC::CRS84", CRS84),
    (CRS84.uri, CRS84),
    ("http://www.opengis.net/def/crs/OGC/0/CRS84h", Crs("OGC:CRS84h")),
    ("EPSG:102100", Crs("ESRI:102100")),
    ("IGNF:LAMB93", Crs("IGNF:LAMB93")),
    ("urn:adv:crs:ETRS89_UTM32", Crs("EPSG:25832")),
    ("urn:adv:crs:ETRS89_UTM32*DE_DHHN92_NH", Crs("EPSG:25832", "EPSG:5783")),
    ("urn:adv:crs:DE_DHDN_3GK4*DE_DHHN92_NH", Crs("EPSG:31468", "EPSG:5783")),
]  # fmt: skip
HOSTILE = [
    "",
    "EPSG:",
    "EPSG:999999",
    "urn:ogc:def:crs:EPSG::",
    "EPSG:5728",
    "EPSG:4978",
    "EPSG:2056+4326",
    "EPSG:7415+5728",
    "/etc/passwd",
    "+proj=longlat +datum=WGS84",
    "+proj=pipeline +step +proj=hgridshift +grids=http://127.0.0.1:1/x",
    "+init=epsg:2056",
    "http://127.0.0.1:1/def/crs/EPSG/0/2056",
    "http://www.opengis.net.example.org/def/crs/EPSG/0/2056",
    "urn:ogc:def:crs,crs:EPSG::2056,crs:EPSG::5728,crs:EPSG::5728",
    "urn:adv:crs:DE_DHDN_3GK2_NW101",
    "EPSG:２０５６",
    'GEOGCS["WGS 84",DATUM["x",SPHEROID["x",6378137,298.257223563]]]',
    "PROJ:EPSG:2056",
    "EPSG:2056\x00",
    "A" * 100_000,
]


@pytest.mark.parametrize(("text", "expected"), SPELLINGS, ids=[text[:60] for text, _ in SPELLINGS])
def test_every_spelling_is_read(text, expected):
    assert crs.parse(text) == expected


@pytest.mark.parametrize("text", HOSTILE, ids=[text[:40] or "empty" for text in HOSTILE])
def test_what_spells_no_map_system_is_unknown_and_refused_as_a_parameter(text):
    found = crs.parse(text)
    assert not found.is_known
    assert found.local is None or len(found.local) <= crs.crs_names.LONGEST
    with pytest.raises(ParameterError) as caught:
        crs.known(text, "bbox-crs")
    assert caught.value.parameter == "bbox-crs"
    assert len(caught.value.message) < 200


@given(st.text(max_size=60))
def test_any_text_is_known_by_code_or_unknown(text):
    found = crs.parse(text)
    assert not found.is_known or crs.parse(found.code) == found


@pytest.mark.parametrize(("text", "expected"), SPELLINGS, ids=[text[:60] for text, _ in SPELLINGS])
def test_code_and_uri_of_a_known_system_are_read_back_as_itself(text, expected):
    assert crs.parse(expected.code) == expected
    assert crs.parse(expected.uri) == expected


@pytest.mark.parametrize(
    ("code", "swapped"),
    [
        ("EPSG:4326", True),
        ("EPSG:4979", True),
        ("OGC:CRS84", False),
        ("EPSG:2056", False),
        ("EPSG:2056+5728", False),
        ("EPSG:25832", False),
        ("EPSG:31468", True),
        ("EPSG:6697", True),
        ("EPSG:3068", True),
        ("EPSG:32661", True),
        ("EPSG:3031", False),
        ("EPSG:5513", False),
    ],
)
def test_axis_order_is_the_authoritys(code, swapped):
    assert crs.swaps_axes(crs.parse(code)) is swapped


def test_a_single_code_for_a_compound_system_comes_apart_and_stays_itself():
    dutch = crs.parse("EPSG:7415")
    assert dutch.code == "EPSG:7415"
    assert crs.horizontal_of(dutch) == Crs("EPSG:28992")
    assert crs.vertical_of(dutch) == "EPSG:5709"
    assert crs.dimensions(dutch) == 3
    assert crs.same(dutch, crs.parse("EPSG:28992+5709"))
    assert not crs.same(dutch, crs.parse("EPSG:28992"))


def test_a_geographic_system_with_heights_has_a_flat_one():
    assert crs.horizontal_of(Crs("EPSG:4979")) == Crs("EPSG:4326")
    assert crs.horizontal_of(Crs("OGC:CRS84h")) == CRS84
    assert crs.vertical_of(Crs("EPSG:4979")) == "EPSG:4979"


def test_an_esri_number_written_as_epsg_is_told():
    assert crs.reads_as_esri("EPSG:102100")
    assert not crs.reads_as_esri("ESRI:102100")
    assert not crs.reads_as_esri("EPSG:2056")


def test_definitions_and_numbers_are_those_a_geopackage_needs():
    assert crs.wkt(Crs("EPSG:2056")).startswith('PROJCS["CH1903+ / LV95"')
    assert crs.wkt(SWISS).startswith('COMPD_CS["CH1903+ / LV95 + LN02 height"')
    assert crs.wkt(CRS84) == crs.wkt(Crs("EPSG:4326"))
    assert crs.wkt(Crs("EPSG:4979")).startswith("GEOGCRS")
    assert crs.wkt(Crs("", local="site grid")) == "undefined"
    assert [crs.epsg_number(c) for c in (SWISS, CRS84, Crs("ESRI:102100"), Crs("EPSG:7415"))] == [2056, 4326, None, 7415]


def test_the_area_of_use_is_a_box_in_degrees():
    assert crs.area_of_use(SWISS) == pytest.approx((5.95, 45.81, 10.5, 47.81), abs=0.1)
    assert crs.area_of_use(Crs("", local="x")) is None


def test_degrees_and_metres_have_their_decimals():
    assert (crs.decimals(CRS84), crs.decimals(SWISS)) == (9, 4)
    assert crs.is_geographic(Crs("EPSG:4979"))
    assert not crs.is_geographic(SWISS)
    assert crs.title(SWISS) == "CH1903+ / LV95 + LN02 height"
