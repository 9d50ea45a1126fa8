"""Small sound files of every format, and the bytes that hostile ones are made of. All made here."""

from __future__ import annotations

import json
import sqlite3
import struct
from pathlib import Path

X, Y, Z = 2500000.0, 1118000.0, 400.0
EPSG_2056 = "urn:ogc:def:crs:EPSG::2056"
GML_CRS = "urn:ogc:def:crs,crs:EPSG::2056,crs:EPSG::5728"

CITYGML = """<?xml version="1.0" encoding="UTF-8"?>
<core:CityModel xmlns:core="http://www.opengis.net/citygml/2.0" xmlns:bldg="http://www.opengis.net/citygml/building/2.0"
 xmlns:gml="http://www.opengis.net/gml" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:gen="http://www.opengis.net/citygml/generics/2.0">
<gml:boundedBy><gml:Envelope srsName="{crs}" srsDimension="3"><gml:lowerCorner>{x} {y} 400</gml:lowerCorner>
<gml:upperCorner>{x2} {y2} 420</gml:upperCorner></gml:Envelope></gml:boundedBy>
{members}
</core:CityModel>
"""
BUILDING = """<core:cityObjectMember><bldg:Building gml:id="{id}"><gml:name>{name}</gml:name>{extra}<bldg:lod1Solid><gml:Solid>
<gml:exterior><gml:CompositeSurface>{faces}</gml:CompositeSurface></gml:exterior></gml:Solid></bldg:lod1Solid></bldg:Building>
</core:cityObjectMember>"""
FACE = (
    "<gml:surfaceMember><gml:Polygon><gml:exterior><gml:LinearRing><gml:posList srsDimension='3'>{}</gml:posList>"
    "</gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember>"
)


def faces(x: float = X, y: float = Y) -> list[list[tuple[float, float, float]]]:
    """The closed rings of a box of 10 by 8 by 6 metres."""
    floor = [(x, y), (x, y + 8), (x + 10, y + 8), (x + 10, y)]
    below, above = [(*p, Z) for p in floor], [(*p, Z + 6) for p in floor]
    walls = [[below[i], below[i - 1], above[i - 1], above[i]] for i in range(4)]
    return [[*ring, ring[0]] for ring in (below, *walls, above[::-1])]


def building(identity: str = "b1", name: str = "a", extra: str = "") -> str:
    text = "".join(FACE.format(" ".join(f"{c}" for point in ring for c in point)) for ring in faces())
    return BUILDING.format(id=identity, name=name, extra=extra, faces=text)


def citygml(*members: str, crs: str = GML_CRS, doctype: str = "") -> bytes:
    text = CITYGML.format(crs=crs, x=X, y=Y, x2=X + 10, y2=Y + 8, members="".join(members or (building(),)))
    return text.replace("?>\n", f"?>\n{doctype}", 1).encode()


def cityjson(identity: str = "b1") -> bytes:
    flat = sorted({point for ring in faces() for point in ring})
    shell = [[[flat.index(point) for point in ring[:-1]]] for ring in faces()]
    solid = {"type": "Solid", "lod": "1", "boundaries": [shell]}
    return json.dumps(
        {
            "type": "CityJSON",
            "version": "2.0",
            "transform": {"scale": [0.001, 0.001, 0.001], "translate": [X, Y, 0.0]},
            "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/2056"},
            "CityObjects": {identity: {"type": "Building", "attributes": {"n": 1}, "geometry": [solid]}},
            "vertices": [[round((x - X) * 1000), round((y - Y) * 1000), round(z * 1000)] for x, y, z in flat],
        }
    ).encode()


def feature(identity: object = "t1", x: float = X, y: float = Y, **properties: object) -> dict[str, object]:
    return {
        "type": "Feature",
        "id": identity,
        "geometry": {"type": "Point", "coordinates": [x, y]},
        "properties": properties or {"kind": "oak"},
    }


def geojson(*features: object, crs: str | None = EPSG_2056) -> bytes:
    document: dict[str, object] = {"type": "FeatureCollection"}
    if crs is not None:
        document["crs"] = {"type": "name", "properties": {"name": crs}}
    return json.dumps({**document, "features": list(features or (feature(),))}).encode()


def raw_geojson(coordinates: str = f"[{X},{Y}]", properties: str = '{"a":1}', identity: str = '"t1"', kind: str = "Point") -> bytes:
    """GeoJSON text with parts that no JSON library would write."""
    return (
        f'{{"type":"FeatureCollection","crs":{{"type":"name","properties":{{"name":"{EPSG_2056}"}}}},"features":['
        f'{{"type":"Feature","id":{identity},"geometry":{{"type":"{kind}","coordinates":{coordinates}}},"properties":{properties}}}]}}'
    ).encode("utf-8", "surrogatepass")


RECORD = b"""<?xml version="1.0" encoding="UTF-8"?>
<csw:Record xmlns:csw="http://www.opengis.net/cat/csw/2.0.2" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:dct="http://purl.org/dc/terms/" xmlns:ows="http://www.opengis.net/ows">
<dc:identifier>urn:x:rec</dc:identifier><dc:title>A record</dc:title><dct:abstract>About trees</dct:abstract>
<ows:BoundingBox crs="urn:ogc:def:crs:EPSG::4326"><ows:LowerCorner>46.1 6.1</ows:LowerCorner>
<ows:UpperCorner>46.3 6.3</ows:UpperCorner></ows:BoundingBox></csw:Record>"""


def geopackage(path: Path, *statements: str, blob: bytes | None = None) -> bytes:
    """A GeoPackage of one tree, then whatever `statements` do to it."""
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.executescript(_SCHEMA)
    point = struct.pack("<BIdd", 1, 1, X, Y)
    connection.execute("INSERT INTO trees VALUES (1, ?, 'oak')", (blob or b"GP\x00\x01" + struct.pack("<i", 2056) + point,))
    for statement in statements:
        connection.executescript(statement)
    connection.commit()
    connection.close()
    return path.read_bytes()


_SCHEMA = """
PRAGMA application_id = 0x47504B47;
PRAGMA user_version = 10300;
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
 organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
INSERT INTO gpkg_spatial_ref_sys VALUES ('CH1903+ / LV95', 2056, 'EPSG', 2056, 'undefined', NULL),
 ('WGS 84', 4326, 'EPSG', 4326, 'undefined', NULL), ('none', -1, 'NONE', -1, 'undefined', NULL),
 ('none', 0, 'NONE', 0, 'undefined', NULL);
CREATE TABLE gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
 description TEXT DEFAULT '', last_change TEXT NOT NULL DEFAULT '2026-01-01T00:00:00.000Z', min_x DOUBLE, min_y DOUBLE,
 max_x DOUBLE, max_y DOUBLE, srs_id INTEGER);
INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES ('trees', 'features', 'trees', 2056);
CREATE TABLE gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
 srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL, PRIMARY KEY (table_name, column_name));
INSERT INTO gpkg_geometry_columns VALUES ('trees', 'geom', 'POINT', 2056, 0, 0);
CREATE TABLE trees (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom POINT, kind TEXT);
"""
