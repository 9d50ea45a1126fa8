"""Writes the buildings as a cadastre delivers them: CityGML 2.0, LoD0 and LoD2, solids that point to their surfaces by xlink.

OGC 12-019; coordinates east, north, height in EPSG:2056 with EPSG:5728. Written by hand and streamed, as a partner's own
software would: the gateway's writer has no part in it, so that reading it proves something.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from gateway.demo.buildings import STOREY, USES, Building, Shell
from gateway.demo.plan import Frame, ground
from gateway.demo.roofs import CODES, ROOF, Face

SRS = "urn:ogc:def:crs,crs:EPSG::2056,crs:EPSG::5728"
_NAMESPACES = " ".join(
    f'xmlns:{prefix}="{name}"' if prefix else f'xmlns="{name}"'
    for prefix, name in {
        "": "http://www.opengis.net/citygml/2.0",
        "bldg": "http://www.opengis.net/citygml/building/2.0",
        "gen": "http://www.opengis.net/citygml/generics/2.0",
        "gml": "http://www.opengis.net/gml",
        "xlink": "http://www.w3.org/1999/xlink",
        "xAL": "urn:oasis:names:tc:ciq:xsdschema:xAL:2.0",
    }.items()
)


def write(buildings: Iterable[Building], target: Path) -> int:
    """Write the city model to `target`; gives the number of buildings."""
    count = 0
    with target.open("w", encoding="utf-8") as out:
        out.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<CityModel {_NAMESPACES}>\n')
        out.write("<gml:name>Bâtiments 3D du Quartier de la Source</gml:name>\n")
        out.write(
            f'<gml:boundedBy><gml:Envelope srsName="{SRS}" srsDimension="3"><gml:lowerCorner>2498000 1116100 390</gml:lowerCorner>'
            "<gml:upperCorner>2498900 1116850 480</gml:upperCorner></gml:Envelope></gml:boundedBy>\n"
        )
        for building in buildings:
            out.write("<cityObjectMember>")
            out.writelines(_building(building))
            out.write("</cityObjectMember>\n")
            count += 1
        out.write("</CityModel>\n")
    return count


def _building(building: Building) -> Iterator[str]:
    whole = building.shells[0] if len(building.shells) == 1 else None
    yield f'<bldg:Building gml:id="{building.id}">'
    if building.name:
        yield f"<gml:name>{escape(building.name)}</gml:name>"
    yield f"<creationDate>{max(2004, min(2025, building.year + 1))}-0{1 + building.egid % 9}-1{building.egid % 10}</creationDate>"
    yield from _generics(building)
    yield f'<bldg:function codeSpace="http://www.sig3d.org/codelists/standard/building/2.0/_AbstractBuilding_function.xml">{building.use}</bldg:function>'
    yield f"<bldg:usage>{USES[building.use]}</bldg:usage>"
    yield f"<bldg:yearOfConstruction>{building.year}</bldg:yearOfConstruction>"
    if whole is not None:
        yield f"<bldg:roofType>{CODES[whole.roof]}</bldg:roofType>"
    yield f'<bldg:measuredHeight uom="m">{building.height:.2f}</bldg:measuredHeight>'
    yield f"<bldg:storeysAboveGround>{max(shell.storeys for shell in building.shells)}</bldg:storeysAboveGround>"
    if building.parcel.kind == "dense":
        yield "<bldg:storeysBelowGround>1</bldg:storeysBelowGround>"
    yield f'<bldg:storeyHeightsAboveGround uom="m">{STOREY}</bldg:storeyHeightsAboveGround>'
    yield from _footprint(building)
    if whole is not None:
        yield _solid(whole)
    if building.chimney is not None:
        yield from _installation(building)
    if whole is not None:
        yield from _surfaces(whole, building.frame)
    else:
        for part in building.shells:
            yield from _part(part, building.frame)
    yield _address(building)
    yield "</bldg:Building>"


def _generics(building: Building) -> Iterator[str]:
    yield f'<gen:intAttribute name="EGID"><gen:value>{building.egid}</gen:value></gen:intAttribute>'
    yield f'<gen:stringAttribute name="parcelle"><gen:value>21:{building.parcel.number}</gen:value></gen:stringAttribute>'
    yield f'<gen:doubleAttribute name="surface_sol"><gen:value>{_area(building.outline):.1f}</gen:value></gen:doubleAttribute>'
    yield f'<gen:intAttribute name="logements"><gen:value>{building.dwellings}</gen:value></gen:intAttribute>'


def _area(outline: list[tuple[float, float]]) -> float:
    pairs = zip(outline, outline[1:] + outline[:1], strict=True)
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs) / 2


def _footprint(building: Building) -> Iterator[str]:
    places = [building.frame.place(x, y) for x, y in building.outline]
    level = min(shell.heights.base for shell in building.shells)
    yield "<bldg:lod0FootPrint><gml:MultiSurface><gml:surfaceMember>"
    yield _polygon(None, [(e, n, level) for e, n in places])
    yield "</gml:surfaceMember></gml:MultiSurface></bldg:lod0FootPrint>"


def _solid(shell: Shell) -> str:
    members = "".join(f'<gml:surfaceMember xlink:href="#{shell.id}-{i}-p"/>' for i in range(len(shell.faces)))
    return (
        f'<bldg:lod2Solid><gml:Solid gml:id="{shell.id}-s"><gml:exterior><gml:CompositeSurface>{members}'
        "</gml:CompositeSurface></gml:exterior></gml:Solid></bldg:lod2Solid>"
    )


def _surfaces(shell: Shell, frame: Frame) -> Iterator[str]:
    for i, (kind, ring) in enumerate(shell.faces):
        yield f'<bldg:boundedBy><bldg:{kind} gml:id="{shell.id}-{i}">'
        if kind == ROOF:
            cover = "gravier" if shell.roof == "flat" else "tuile"
            yield f'<gen:stringAttribute name="matériau"><gen:value>{cover}</gen:value></gen:stringAttribute>'
        yield "<bldg:lod2MultiSurface><gml:MultiSurface><gml:surfaceMember>"
        yield _polygon(f"{shell.id}-{i}-p", _placed(ring, frame))
        yield f"</gml:surfaceMember></gml:MultiSurface></bldg:lod2MultiSurface></bldg:{kind}></bldg:boundedBy>"


def _placed(ring: list[tuple[float, float, float]], frame: Frame) -> list[tuple[float, float, float]]:
    return [(*frame.place(x, y), z) for x, y, z in ring]


def _polygon(id: str | None, ring: list[tuple[float, float, float]]) -> str:
    positions = " ".join(f"{e:.3f} {n:.3f} {z:.3f}" for e, n, z in [*ring, ring[0]])
    name = "" if id is None else f" gml:id={quoteattr(id)}"
    return (
        f'<gml:Polygon{name}><gml:exterior><gml:LinearRing><gml:posList srsDimension="3">{positions}</gml:posList>'
        "</gml:LinearRing></gml:exterior></gml:Polygon>"
    )


def _installation(building: Building) -> Iterator[str]:
    faces: list[Face] = building.chimney or []
    yield f'<bldg:outerBuildingInstallation><bldg:BuildingInstallation gml:id="{building.id}-C1">'
    yield "<bldg:function>1020</bldg:function><bldg:lod2Geometry><gml:MultiSurface>"
    for _, ring in faces:
        yield f"<gml:surfaceMember>{_polygon(None, _placed(ring, building.frame))}</gml:surfaceMember>"
    yield "</gml:MultiSurface></bldg:lod2Geometry></bldg:BuildingInstallation></bldg:outerBuildingInstallation>"


def _part(part: Shell, frame: Frame) -> Iterator[str]:
    yield f'<bldg:consistsOfBuildingPart><bldg:BuildingPart gml:id="{part.id}">'
    yield f"<bldg:roofType>{CODES[part.roof]}</bldg:roofType>"
    yield f'<bldg:measuredHeight uom="m">{part.heights.top - part.heights.base:.2f}</bldg:measuredHeight>'
    yield f"<bldg:storeysAboveGround>{part.storeys}</bldg:storeysAboveGround>"
    yield _solid(part)
    yield from _surfaces(part, frame)
    yield "</bldg:BuildingPart></bldg:consistsOfBuildingPart>"


def _address(building: Building) -> str:
    east, north = building.parcel.frame.place(building.parcel.width / 2, 0.0)
    return (
        "<bldg:address><Address><xalAddress><xAL:AddressDetails><xAL:Country><xAL:CountryName>Suisse</xAL:CountryName>"
        '<xAL:Locality Type="Town"><xAL:LocalityName>Genève</xAL:LocalityName><xAL:Thoroughfare Type="Street">'
        f"<xAL:ThoroughfareNumber>{building.parcel.house}</xAL:ThoroughfareNumber>"
        f"<xAL:ThoroughfareName>{escape(building.parcel.street)}</xAL:ThoroughfareName></xAL:Thoroughfare>"
        "<xAL:PostalCode><xAL:PostalCodeNumber>1200</xAL:PostalCodeNumber></xAL:PostalCode></xAL:Locality></xAL:Country>"
        "</xAL:AddressDetails></xalAddress><multiPoint><gml:MultiPoint><gml:pointMember><gml:Point>"
        f'<gml:pos srsDimension="3">{east:.3f} {north:.3f} {ground(east, north):.3f}</gml:pos>'
        "</gml:Point></gml:pointMember></gml:MultiPoint></multiPoint></Address></bldg:address>"
    )
