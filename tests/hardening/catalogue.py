"""The catalogue of hostile and broken files: each case is a name, its bytes, and how it may end.

The names are those of the reference catalogue (X: XML, G: JSON, C: reference systems, N: native formats); B are the cases of
everyday breakage. `ends` are the HTTP statuses a case may have: 422 and 413 refuse, 201 keeps it as it came.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.hardening import samples

REFUSED = frozenset({400, 409, 413, 415, 422})
KEPT = frozenset({201, 422})


@dataclass(frozen=True)
class Case:
    """One upload. `make` gets a scratch file and the port of a trap that must not be touched."""

    id: str
    file: str
    make: Callable[[Path, int], bytes]
    ends: frozenset[int] = REFUSED
    asked: dict[str, str] = field(default_factory=dict)


def cases() -> Iterator[Case]:
    """Every case of the normal run."""
    yield from _xml()
    yield from _json_text()
    yield from _geometry()
    yield from _reference_systems()
    yield from _identifiers()
    yield from _geopackage()
    yield from _confusion()
    yield from _broken()


def _case(id: str, file: str, data: bytes | str, ends: frozenset[int] = REFUSED, **asked: str) -> Case:
    content = data if isinstance(data, bytes) else data.encode()
    return Case(id, file, lambda scratch, port: content, ends, asked)


def _doctype(body: str, use: str = "&e;") -> bytes:
    return samples.citygml(samples.building(name=use), doctype=f"<!DOCTYPE core:CityModel [{body}]>\n")


def _xml() -> Iterator[Case]:
    yield _case("X01-file-entity", "x.gml", _doctype('<!ENTITY e SYSTEM "file:///etc/hostname">'))
    yield _case("X01-parameter-entity", "x.gml", _doctype('<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;', "a"))
    yield Case("X01-net-entity", "x.gml", lambda scratch, port: _doctype(f'<!ENTITY e SYSTEM "http://127.0.0.1:{port}/e">'))
    yield Case(
        "X01-external-dtd",
        "x.gml",
        lambda scratch, port: samples.citygml(doctype=f'<!DOCTYPE a SYSTEM "http://127.0.0.1:{port}/a.dtd">\n'),
    )
    yield _case("X01-utf16-doctype", "x.gml", _utf16(_doctype('<!ENTITY e SYSTEM "file:///etc/hostname">')))
    lol = '<!ENTITY l0 "lol">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 11))
    yield _case("X03-billion-laughs", "x.gml", _doctype(lol, "&l10;"))
    yield _case("X04-quadratic", "x.gml", _doctype(f'<!ENTITY e "{"a" * 100_000}">', "&e;" * 5_000))
    yield _case("X05-deep", "x.gml", samples.citygml("<a>" * 100_000 + "</a>" * 100_000))
    yield _case("X05-deep-in-a-building", "x.gml", samples.citygml(samples.building(extra="<a>" * 5_000 + "</a>" * 5_000)))
    yield _case("X06-attributes", "x.gml", samples.citygml(f"<a {' '.join(f'b{n}="1"' for n in range(200_000))}/>"))
    digits, opening = "1 " * 6_000_000, "<gml:posList srsDimension='3'>"
    yield _case(
        "X07-huge-text",
        "x.gml",
        samples.citygml(samples.building().replace(opening, f"{opening}{digits}", 1)),
    )
    yield Case("X08-xinclude-and-schema", "x.gml", _fetching, KEPT)
    yield Case("X09-xlinks", "x.gml", _linking, KEPT)
    yield Case("X12-processing-instruction", "x.gml", _styled, KEPT)
    yield _case("X13-not-closed", "x.gml", samples.citygml()[:-20])
    yield _case("X13-bad-encoding", "x.gml", samples.citygml().replace(b"<gml:name>a", b"<gml:name>\xff\xfe"))
    yield _case("X13-unknown-encoding", "x.gml", samples.citygml().replace(b"UTF-8", b"utf-7"))
    yield _case("X13-control-character", "x.gml", samples.citygml(samples.building(name="&#0;")))
    yield _case("X13-nan-coordinate", "x.gml", samples.citygml().replace(b"2500010.0", b"NaN"), KEPT)
    yield _case("X13-inf-coordinate", "x.gml", samples.citygml().replace(b"2500010.0", b"1e999"), KEPT)


def _utf16(data: bytes) -> bytes:
    return data.decode().replace("UTF-8", "UTF-16").encode("utf-16")


def _fetching(scratch: Path, port: int) -> bytes:
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname" parse="text"/>'
    schema = f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://x http://127.0.0.1:{port}/x.xsd" '
    return samples.citygml(samples.building(extra=include)).replace(b"<core:CityModel ", f"<core:CityModel {schema}".encode())


def _linking(scratch: Path, port: int) -> bytes:
    targets = (f"http://127.0.0.1:{port}/a", "http://169.254.169.254/", "file:///etc/hostname", "\\\\127.0.0.1\\s")
    links = "".join(
        f'<gen:stringAttribute name="l{n}"><gen:value>{targets[n % 4]}</gen:value></gen:stringAttribute>'
        f"<core:externalReference><core:informationSystem>{targets[n % 4]}</core:informationSystem>"
        f"<core:externalObject><core:uri>{targets[n % 4]}</core:uri></core:externalObject></core:externalReference>"
        for n in range(100)
    )
    surfaces = "".join(f'<bldg:lod2MultiSurface xlink:href="{targets[n % 4]}"/>' for n in range(10_000))
    return samples.citygml(samples.building(extra=links + surfaces))


def _styled(scratch: Path, port: int) -> bytes:
    return samples.citygml(doctype=f'<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:{port}/x.xsl"?>\n')


def _json_text() -> Iterator[Case]:
    for word in ("NaN", "Infinity", "-Infinity", "1e999"):
        yield _case(f"G01-{word}-in-coordinate", "x.geojson", samples.raw_geojson(f"[{word},{samples.Y}]"))
        yield _case(f"G01-{word}-in-property", "x.geojson", samples.raw_geojson(properties=f'{{"a":{word}}}'))
    yield _case("G01-minus-zero", "x.geojson", samples.raw_geojson(properties='{"a":-0.0,"b":-0}'), KEPT)
    yield _case("G02-5000-digits", "x.geojson", samples.raw_geojson(properties=f'{{"a":{"9" * 5000}}}'))
    yield _case("G02-5000-digits-in-coordinate", "x.geojson", samples.raw_geojson(f"[{'9' * 5000},1]"))
    yield _case("G02-1e308", "x.geojson", samples.raw_geojson("[1e308,1e308]"))
    yield _case("G02-60-decimals", "x.geojson", samples.raw_geojson(properties=f'{{"a":0.{"1" * 60}}}'), KEPT)
    yield _case("G02-beyond-64-bits", "x.geojson", samples.raw_geojson(properties='{"a":18446744073709551616}'))
    yield _case("G03-brackets", "x.geojson", b"[" * 200_000)
    yield _case("G03-brackets-in-features", "x.geojson", b'{"type":"FeatureCollection","features":' + b"[" * 200_000)
    yield _case("G03-braces", "x.geojson", b'{"a":' * 200_000)
    yield _case("G03-properties-100-deep", "x.geojson", samples.raw_geojson(properties='{"a":' * 100 + "1" + "}" * 100))
    yield _case("G03-coordinates-deep", "x.geojson", samples.raw_geojson("[" * 100_000 + "]" * 100_000))
    for depth in (33, 5_000, 100_000):
        yield _case(f"G03-collection-{depth}", "x.geojson", _collection(depth))
    for id, text in (("id", '"\\ud800"'), ("number-id", "1e999")):
        yield _case(f"G04-{id}", "x.geojson", samples.raw_geojson(identity=text))
    yield _case("G04-object-id", "x.geojson", samples.raw_geojson(identity="{}"), KEPT)
    yield _case("G04-property", "x.geojson", samples.raw_geojson(properties='{"a":"\\ud800"}'))
    yield _case("G04-name", "x.geojson", samples.raw_geojson(properties='{"\\udfff":1}'))
    yield _case("G04-raw-surrogate", "x.geojson", samples.raw_geojson(properties='{"a":"\ud800"}'))
    yield _case("G05-twice-type", "x.geojson", samples.geojson().replace(b'"Feature",', b'"Feature","type":"Point",', 1))
    yield _case("G05-twice-property", "x.geojson", samples.raw_geojson(properties='{"access":"open","access":"restricted"}'))
    yield _case("G06-latin1", "x.geojson", samples.raw_geojson(properties='{"a":"x"}').replace(b'"x"', b'"\xe9"'))
    yield _case("G06-utf16", "x.geojson", samples.geojson().decode().encode("utf-16"), REFUSED)
    yield _case("G06-bom", "x.geojson", b"\xef\xbb\xbf" + samples.geojson(), frozenset({201}))
    yield _case("G06-nul", "x.geojson", samples.raw_geojson(properties='{"a":"x\\u0000y"}'), KEPT)
    yield _case("G06-trailing", "x.geojson", samples.geojson() + b"}")
    yield _case("G08-not-an-object", "x.geojson", b'{"type":"FeatureCollection","features":[1,"a",null]}')
    yield _case("G08-features-object", "x.geojson", b'{"type":"FeatureCollection","features":{}}')
    yield _case("G08-text-properties", "x.geojson", samples.raw_geojson(properties='"a"'))
    yield _case("G08-other-json", "x.json", b'{"hello":"world"}')


def _collection(depth: int) -> bytes:
    inner = '{"type":"GeometryCollection","geometries":[' * depth + '{"type":"Point","coordinates":[1,2]}' + "]}" * depth
    return (
        f'{{"type":"FeatureCollection","features":[{{"type":"Feature","id":"a","geometry":{inner},"properties":null}}]}}'.encode()
    )


def _geometry() -> Iterator[Case]:
    x, y = samples.X, samples.Y
    rings = {
        "clockwise": [[x, y], [x, y + 9], [x + 9, y + 9], [x + 9, y], [x, y]],
        "bow": [[x, y], [x + 9, y + 9], [x + 9, y], [x, y + 9], [x, y]],
        "unclosed": [[x, y], [x + 9, y], [x + 9, y + 9]],
        "three-points": [[x, y], [x + 9, y], [x, y]],
        "one-point": [[x, y]],
        "empty": [],
    }
    for name, ring in rings.items():
        yield _case(f"G07-{name}", "x.geojson", samples.raw_geojson(json.dumps([ring]), kind="Polygon"), KEPT)
    hole = [rings["clockwise"], [[x + 50, y], [x + 59, y], [x + 59, y + 9], [x + 50, y]]]
    yield _case("G07-hole-outside", "x.geojson", samples.raw_geojson(json.dumps(hole), kind="Polygon"), KEPT)
    mixed = json.dumps([[x, y, 1], [x + 9, y], [x + 9, y + 9, 1, 2, 3]])
    yield _case("G07-mixed-dimensions", "x.geojson", samples.raw_geojson(mixed, kind="LineString"), KEPT)
    many = ",".join(f"[{x + n % 1000},{y + n // 1000}]" for n in range(300_000))
    yield _case("G10-300000-vertices", "x.geojson", samples.raw_geojson(f"[{many}]", kind="LineString"), frozenset({201, 413, 422}))


def _reference_systems() -> Iterator[Case]:
    for name, code in (
        ("unknown", "EPSG:999999"),
        ("empty-urn", "urn:ogc:def:crs:EPSG::"),
        ("long", "A" * 100_000),
        ("path", "/etc/passwd"),
        ("init", "+init=epsg:2056"),
        ("vertical", "EPSG:5728"),
    ):
        yield _case(f"C01-{name}-in-file", "x.geojson", samples.geojson(crs=code))
        yield _case(f"C01-{name}-in-gml", "x.gml", samples.citygml(crs=code.replace("&", "&amp;")))
        yield _case(f"C01-{name}-asked", "x.geojson", samples.geojson(crs=None), crs=code[:2_000])
    yield Case("C02-url", "x.geojson", lambda scratch, port: samples.geojson(crs=f"http://127.0.0.1:{port}/def/crs/EPSG/0/2056"))
    pipe = "+proj=pipeline +step +proj=hgridshift +grids=http://127.0.0.1:{}/x"
    yield Case("C02-pipeline", "x.geojson", lambda scratch, port: samples.geojson(crs=pipe.format(port)))
    for name, position in (("longitude", (1e9, 0)), ("latitude", (6, 91)), ("metres-as-degrees", (samples.X, samples.Y))):
        yield _case(f"C04-{name}", "x.geojson", samples.geojson(samples.feature("a", *position), crs=None))
    for name, position in (("easting", (-1e12, 1e6)), ("swapped", (samples.Y, samples.X)), ("degrees-as-metres", (6.1, 46.2))):
        yield _case(f"C04-{name}", "x.geojson", samples.geojson(samples.feature("a", *position)))


def _identifiers() -> Iterator[Case]:
    same = [samples.feature("a"), samples.feature("b"), samples.feature("a")]
    yield _case("G12-duplicate-ids", "x.geojson", samples.geojson(*same))
    yield _case("G12-number-and-text", "x.geojson", samples.geojson(samples.feature(1), samples.feature("1")))
    yield _case("G12-duplicate-gml-ids", "x.gml", samples.citygml(samples.building("b"), samples.building("b")), KEPT)
    two = b'"b1": {"type": "Building"}, "b1": {"type"'
    yield _case("G12-duplicate-cityjson", "x.city.json", samples.cityjson().replace(b'"b1": {"type"', two))


def _geopackage() -> Iterator[Case]:
    loop = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c) SELECT n AS fid, NULL AS geom, 'x' AS kind FROM c"
    statements = {
        "view-loop": f"ALTER TABLE trees RENAME TO t2; CREATE VIEW trees AS {loop};",
        "contents-names-schema": _renamed("sqlite_master"),
        "contents-names-nothing": _renamed("none"),
        "quoted-names": 'ALTER TABLE trees RENAME TO "a"" ; DROP TABLE x; --";' + _renamed('a" ; DROP TABLE x; --'),
        "bad-srs": "UPDATE gpkg_geometry_columns SET srs_id=999999; UPDATE gpkg_contents SET srs_id=999999;",
        "srs-is-a-pipeline": "UPDATE gpkg_spatial_ref_sys SET organization='+proj', organization_coordsys_id=1,"
        "definition='+proj=pipeline +step +proj=hgridshift +grids=/etc/passwd' WHERE srs_id=2056;",
        "text-for-geometry": "UPDATE trees SET geom='not a geometry';",
        "trigger": "CREATE TRIGGER t AFTER INSERT ON trees BEGIN SELECT load_extension('x'); END;",
    }
    harmless = {"trigger", "quoted-names"}
    for name, statement in statements.items():
        ends = KEPT if name in harmless else REFUSED
        yield Case(f"N05-{name}", "x.gpkg", lambda scratch, port, s=statement: samples.geopackage(scratch, s), ends)
    blobs = {
        "false-envelope": b"GP\x00\x09" + b"\xff" * 8,
        "envelope-of-type-7": b"GP\x00\x0f" + b"\x00" * 40,
        "false-count": b"GP\x00\x01\x08\x08\x00\x00" + b"\x01\x03\x00\x00\x00\xff\xff\xff\xff",
        "deep-collection": b"GP\x00\x01\x08\x08\x00\x00" + b"\x01\x07\x00\x00\x00\x01\x00\x00\x00" * 100_000,
        "no-geometry": b"\x00",
    }
    for name, blob in blobs.items():
        yield Case(f"N05-{name}", "x.gpkg", lambda scratch, port, b=blob: samples.geopackage(scratch, blob=b))
    yield Case("N05-flipped-pages", "x.gpkg", lambda scratch, port: _flipped(samples.geopackage(scratch)))
    virtual = "PRAGMA writable_schema=ON; INSERT INTO sqlite_master VALUES ('table','v','v',0,"
    virtual += "'CREATE VIRTUAL TABLE v USING VirtualText(''/etc/passwd'',''UTF-8'')');" + _renamed("v")
    yield Case("N05-virtual-table", "x.gpkg", lambda scratch, port: samples.geopackage(scratch, virtual))
    yield Case("N05-plain-sqlite", "x.gpkg", lambda scratch, port: samples.geopackage(scratch, "DROP TABLE gpkg_contents;"))


def _renamed(table: str) -> str:
    return "".join(f"UPDATE {place} SET table_name='{table}';" for place in ("gpkg_contents", "gpkg_geometry_columns"))


def _flipped(data: bytes) -> bytes:
    found = bytearray(data)
    for place in range(4096, len(found), 97):
        found[place] ^= 0xA5
    return bytes(found)


def _confusion() -> Iterator[Case]:
    vrt = '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
    yield _case("N07-vrt", "x.gpkg", vrt)
    yield _case("N07-vrt-as-gml", "x.gml", vrt)
    yield Case(
        "N07-wfs-driver",
        "x.gml",
        lambda s, port: f"<OGRWFSDataSource><URL>http://127.0.0.1:{port}/</URL></OGRWFSDataSource>".encode(),
    )
    yield _case("N07-pg-string", "x.gpkg", "PG:host=127.0.0.1 dbname=x")
    yield _case("N07-vsicurl-name", "/vsicurl/http://127.0.0.1/x.gpkg", "x")
    png = b"\x89PNG\r\n\x1a\n" + bytes(200)
    for name in ("x.gml", "x.geojson", "x.gpkg", "x.city.json", "x.city.jsonl", "x"):
        yield _case(f"N09-png-named-{name}", name, png)
        yield _case(f"N09-one-byte-named-{name}", name, b"{")
        yield _case(f"B-empty-{name}", name, b"")
    yield _case("N09-geojson-named-gpkg", "x.gpkg", samples.geojson(), KEPT)
    yield _case("N09-citygml-named-geojson", "x.geojson", samples.citygml(), KEPT)
    yield _case("N09-zip", "x.gml", b"PK\x03\x04" + bytes(100))
    yield _case("N09-sqlite-header-only", "x.gpkg", b"SQLite format 3\x00")
    yield _case("N09-white-space", "x.geojson", b" " * 100_000)


def _broken() -> Iterator[Case]:
    wholes = {"x.gml": samples.citygml(), "x.geojson": samples.geojson(), "x.city.json": samples.cityjson()}
    for name, data in wholes.items():
        for share in (0.1, 0.5, 0.9):
            yield _case(f"B-{name}-cut-at-{share}", name, data[: int(len(data) * share)])
    yield Case("B-gpkg-cut", "x.gpkg", lambda scratch, port: samples.geopackage(scratch)[:9000])
    yield _case("B-no-crs", "x.gml", samples.citygml().replace(b'srsName="urn:ogc:def:crs,crs:EPSG::2056,crs:EPSG::5728"', b""))
    yield _case("B-cityjson-index-out-of-range", "x.city.json", _index(99_999), KEPT)
    yield _case("B-cityjson-negative-index", "x.city.json", _index(-1))
    yield _case("B-cityjson-float-index", "x.city.json", _index(0.5))
    yield _case("B-cityjson-huge-transform", "x.city.json", samples.cityjson().replace(b"0.001", b"1e308", 1))


def _index(value: float) -> bytes:
    document = json.loads(samples.cityjson())
    document["CityObjects"]["b1"]["geometry"][0]["boundaries"][0][0][0][0] = value
    return json.dumps(document).encode()
