"""A twin under `open` with a past: trees in three versions, and buildings with parts, validity, units and code lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gateway import wiring
from gateway.model.submission import Request, Submission
from gateway.settings import Settings
from gateway.wiring import Gateway

WEST, SOUTH = 2_500_000.0, 1_118_000.0
CODES = "http://www.sig3d.org/codelists/standard/building/2.0/_AbstractBuilding_function.xml"
_SOLID = (
    '<bldg:lod1Solid><gml:Solid srsName="urn:ogc:def:crs,crs:EPSG::2056,crs:EPSG::5728"><gml:exterior><gml:CompositeSurface>{faces}'
    "</gml:CompositeSurface></gml:exterior></gml:Solid></bldg:lod1Solid>"
)


def tree(number: int, **properties: Any) -> dict[str, Any]:
    """A point on a line, 10 m apart."""
    return {
        "type": "Feature",
        "id": f"t{number}",
        "geometry": {"type": "Point", "coordinates": [WEST + 10 * number, SOUTH]},
        "properties": {"species": ("oak", "lime", "plane")[number % 3], "height": number / 2, **properties},
    }


def collection(features: list[dict[str, Any]], name: str = "urn:ogc:def:crs:EPSG::2056") -> bytes:
    """A GeoJSON document in a CRS of the 2008 member."""
    crs = {"type": "name", "properties": {"name": name}}
    return json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}).encode()


def building(number: int) -> str:
    """A cube with a part, valid from a day in its own year."""
    x, y = WEST + 40 * number, SOUTH + 100
    corners = [(x, y), (x + 10, y), (x + 10, y + 10), (x, y + 10)]
    low, high = [(*c, 400.0) for c in corners], [(*c, 410.0) for c in corners]
    rings = [low[::-1], high, *([low[n], low[(n + 1) % 4], high[(n + 1) % 4], high[n]] for n in range(4))]
    faces = "".join(
        "<gml:surfaceMember><gml:Polygon><gml:exterior><gml:LinearRing><gml:posList srsDimension='3'>"
        + " ".join(f"{v:.1f}" for point in [*ring, ring[0]] for v in point)
        + "</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></gml:surfaceMember>"
        for ring in rings
    )
    end = f"<terminationDate>20{10 + number:02}-07-01</terminationDate>" if number % 3 == 0 else ""
    return (
        f'<cityObjectMember><bldg:Building gml:id="b{number}"><creationDate>20{number:02}-03-01</creationDate>{end}'
        f'<bldg:function codeSpace="{CODES}">{1000 + number}</bldg:function>'
        f'<bldg:measuredHeight uom="m">{10 + number}</bldg:measuredHeight>'
        f'{_SOLID.format(faces=faces)}<bldg:consistsOfBuildingPart><bldg:BuildingPart gml:id="b{number}-p">'
        f'<bldg:measuredHeight uom="m">5</bldg:measuredHeight>{_SOLID.format(faces=faces)}</bldg:BuildingPart>'
        "</bldg:consistsOfBuildingPart></bldg:Building></cityObjectMember>"
    )


def city(number: int) -> bytes:
    """A CityGML 2.0 document of `number` buildings."""
    spaces = (
        'xmlns="http://www.opengis.net/citygml/2.0" xmlns:bldg="http://www.opengis.net/citygml/building/2.0" '
        'xmlns:gml="http://www.opengis.net/gml"'
    )
    members = "".join(building(n) for n in range(number))
    return f'<?xml version="1.0" encoding="UTF-8"?><CityModel {spaces}>{members}</CityModel>'.encode()


def publish(gateway: Gateway, folder: Path, name: str, suffix: str, data: bytes, **members: Any) -> Submission:
    """Publish a file as dataset `name`."""
    file = folder / f"{name}{suffix}"
    file.write_bytes(data)
    request = Request(data=str(file), data_name=file.name, dataset=name, **{"collection": name, **members})
    return gateway.publishing.publish(request, gateway.identity.party("parks"))


def create(folder: Path, files: Path, **options: Any) -> Gateway:
    """The twin: `trees` in version 1 (20 of them), 2 (t0 to t4 taller, with a colour) and 3 (t19 gone); `houses` once."""
    wiring.create(folder, charter="open", title="A twin with a past")
    gateway = wiring.open_gateway(folder, Settings(log_level="warning", **options))
    gateway.identity.add_party("parks", "Parks office")
    first = [tree(n) for n in range(20)]
    second = [tree(n, height=100.0 + n, colour="red") if n < 5 else tree(n) for n in range(20)]
    for features in (first, second, second[:-1]):
        publish(gateway, files, "trees", ".geojson", collection(features))
    publish(gateway, files, "houses", ".gml", city(6))
    return gateway
