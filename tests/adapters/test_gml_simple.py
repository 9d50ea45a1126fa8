"""GML 3.2 simple features: the document follows the schema served with it, and GDAL reads it."""

from __future__ import annotations

import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import pyogrio
import pytest
import shapely
from lxml import etree

from gateway import registry
from gateway.adapters.gml.names import elements, name_of
from gateway.model.crs import CRS84, Crs
from gateway.model.feature import Feature, Field, Layer
from gateway.model.report import Report
from gateway.ports import Output

GML = "http://www.opengis.net/gml/3.2"
SF = "http://www.opengis.net/ogcapi-features-1/1.0/sf"
LV95 = Crs("EPSG:2056")
LAYER = Layer(
    "roads",
    "Roads & ways",
    fields=(
        Field("name", "string"),
        Field("n", "integer"),
        Field("share", "number"),
        Field("is", "boolean"),
        Field("2nd name", "string"),
    ),
)
SHAPES = (
    "POINT (2500000.25 1118000.5)",
    "LINESTRING Z (0 0 1, 1 1 2)",
    "POLYGON ((0 0, 10 0, 10 10, 0 0), (4 1, 6 1, 6 2, 4 1))",
    "MULTIPOINT (1 1, 2 2)",
    "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))",
    "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 9 5, 9 9, 5 5)))",
    "GEOMETRYCOLLECTION (POINT (1 1), LINESTRING (0 0, 5 5))",
    None,
)
STAND_IN = f"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="{GML}" targetNamespace="{GML}"
  elementFormDefault="qualified">
 <xs:attribute name="id" type="xs:ID"/>
 <xs:element name="AbstractFeature" type="AbstractFeatureType" abstract="true"/>
 <xs:complexType name="AbstractFeatureType" abstract="true">
  <xs:sequence/><xs:attribute ref="id" use="required"/>
 </xs:complexType>
 <xs:complexType name="GeometryPropertyType"><xs:sequence><xs:any processContents="skip"/></xs:sequence></xs:complexType>
</xs:schema>"""
"""What the application schema uses of GML, so that the rest of it is validated without OGC's own documents."""


def features(shapes: tuple[str | None, ...] = SHAPES) -> list[Feature]:
    return [
        Feature(
            f"a/{n}",
            "Feature",
            "roads",
            {
                "name": f"<ü> & {n}\x07",
                "n": n,
                "share": n / 7,
                "is": n % 2 == 0,
                "2nd name": None if n % 2 else "x",
                "deep": {"a": [n]},
            },
            None if text is None else shapely.to_wkb(shapely.from_wkt(text), flavor="iso", output_dimension=3),
            validity=("2020-01-01", None),
        )
        for n, text in enumerate(shapes)
    ]


def written(found: list[Feature], crs: Crs | None = LV95, **output: Any) -> tuple[bytes, Report]:
    sink, report = BytesIO(), Report()
    registry.get("adapters", "gml").write(iter(found), sink, Output(crs, layers=(LAYER,), **output), report)
    return sink.getvalue(), report


def schema(folder: Path) -> etree.XMLSchema:
    """The schema that is served, with GML's stand-in."""
    (folder / "gml.xsd").write_text(STAND_IN)
    (folder / "levels.xsd").write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.opengis.net/gmlsf/2.0"/>'
    )
    text = registry.get("adapters", "gml").schema(LAYER).decode()
    text = text.replace("http://schemas.opengis.net/gml/3.2.1/gml.xsd", "gml.xsd")
    text = text.replace(
        'schemaLocation="http://schemas.opengis.net/gmlsfProfile/2.0/gmlsfLevels.xsd"', 'schemaLocation="levels.xsd"'
    )
    (folder / "roads.xsd").write_text(text)
    return etree.XMLSchema(etree.parse(str(folder / "roads.xsd")))


def test_every_feature_follows_the_schema_that_is_served(tmp_path: Path) -> None:
    body, report = written(features(), schema="http://localhost/schema?f=xsd")
    root = etree.fromstring(body)
    assert root.tag == f"{{{SF}}}FeatureCollection"
    known = schema(tmp_path)
    members = [member[0] for member in root]
    assert len(members) == len(SHAPES)
    for member in members:
        known.assertValid(etree.fromstring(etree.tostring(member)))
    assert "http://localhost/schema?f=xsd" in root.get("{http://www.w3.org/2001/XMLSchema-instance}schemaLocation")
    assert any(change.what == "a control character" for change in report.changes.values())
    space = etree.QName(members[3]).namespace
    found = {etree.QName(one).localname: one.text for one in members[3]}
    assert found["other"] == '{"deep":{"a":[3]}}'
    assert (found["gw_id"], found["n"], found["is"], found["validFrom"]) == ("a/3", "3", "false", "2020-01-01")
    assert space == "urn:twin-gateway:features:roads"


def test_a_value_of_another_type_does_not_follow_it(tmp_path: Path) -> None:
    body, _ = written(features()[:1], schema="x")
    member = etree.fromstring(body.replace(b"<twin:n>0<", b"<twin:n>none<"))[0][0]
    assert not schema(tmp_path).validate(etree.fromstring(etree.tostring(member)))


def test_all_ids_of_a_document_are_different_names() -> None:
    body, _ = written(features())
    ids = [one.get(f"{{{GML}}}id") for one in etree.fromstring(body).iter() if one.get(f"{{{GML}}}id")]
    assert len(ids) == len(set(ids)) > len(SHAPES)
    assert all(name_of(id) == id for id in ids)


@pytest.mark.parametrize(
    ("crs", "position", "name"),
    [
        (LV95, "2500000.25 1118000.5", "http://www.opengis.net/def/crs/EPSG/0/2056"),
        (CRS84, "2500000.25 1118000.5", "http://www.opengis.net/def/crs/OGC/1.3/CRS84"),
        (Crs("EPSG:4326"), "1118000.5 2500000.25", "http://www.opengis.net/def/crs/EPSG/0/4326"),
    ],
)
def test_positions_are_in_the_axis_order_of_the_authority(crs: Crs, position: str, name: str) -> None:
    body, _ = written(features(SHAPES[:1]), crs)
    (point,) = etree.fromstring(body).iter(f"{{{GML}}}Point")
    assert (point.get("srsName"), point.get("srsDimension"), point[0].text) == (name, "2", position)


def test_one_feature_alone_is_the_root() -> None:
    body, _ = written(features(SHAPES[:1]), single=True)
    root = etree.fromstring(body)
    assert root.tag == "{urn:twin-gateway:features:roads}roads"
    assert root.get(f"{{{GML}}}id") == name_of("a/0")


def test_names_stay_apart() -> None:
    assert elements(["a b", "a_20_b", "geometry", "gw_id", "2nd", "é"]) == {
        "a b": "a_20_b",
        "a_20_b": "a_20_b_2",
        "geometry": "geometry_2",
        "gw_id": "gw_id_2",
        "2nd": "_2nd",
        "é": "_e9_",
    }


@pytest.mark.parametrize("shape", [text for text in SHAPES if text and "Z" not in text])
def test_gdal_reads_every_kind_of_geometry(tmp_path: Path, shape: str) -> None:
    path = tmp_path / "roads.gml"
    body, _ = written(features((shape,)))
    path.write_bytes(body)
    meta, _, geometry, values = pyogrio.raw.read(path)
    assert meta["crs"] == "EPSG:2056"
    wanted = shapely.from_wkt(shape)
    assert shapely.equals_exact(shapely.normalize(shapely.from_wkb(geometry[0])), shapely.normalize(wanted))
    found = dict(zip(meta["fields"], (column[0] for column in values), strict=True))
    assert (found["gw_id"], found["n"]) == ("a/0", 0)


@pytest.mark.service
def test_ogrinfo_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "roads.gml"
    body, _ = written(features())
    path.write_bytes(body)
    run = subprocess.run(["/usr/bin/ogrinfo", "-ro", "-so", "-al", str(path)], capture_output=True, text=True, check=True)
    assert f"Feature Count: {len(SHAPES)}" in run.stdout
