"""CityGML 2.0 as the writer needs it: for each CityJSON type its element and the order of its properties (OGC 12-019 annex A).

The properties of core:AbstractCityObject come before every type's own.
"""

from __future__ import annotations

from gateway.adapters.citygml.write.spec import Edition, Place, Spec, spec

_NAMESPACES = {
    "core": "http://www.opengis.net/citygml/2.0",
    "bldg": "http://www.opengis.net/citygml/building/2.0",
    "brid": "http://www.opengis.net/citygml/bridge/2.0",
    "tun": "http://www.opengis.net/citygml/tunnel/2.0",
    "tran": "http://www.opengis.net/citygml/transportation/2.0",
    "wtr": "http://www.opengis.net/citygml/waterbody/2.0",
    "dem": "http://www.opengis.net/citygml/relief/2.0",
    "veg": "http://www.opengis.net/citygml/vegetation/2.0",
    "frn": "http://www.opengis.net/citygml/cityfurniture/2.0",
    "luse": "http://www.opengis.net/citygml/landuse/2.0",
    "grp": "http://www.opengis.net/citygml/cityobjectgroup/2.0",
    "gen": "http://www.opengis.net/citygml/generics/2.0",
    "app": "http://www.opengis.net/citygml/appearance/2.0",
    "gml": "http://www.opengis.net/gml",
    "xlink": "http://www.w3.org/1999/xlink",
    "xAL": "urn:oasis:names:tc:ciq:xsdschema:xAL:2.0",
}

_CORE = (
    "core:creationDate core:terminationDate core:externalReference core:generalizesTo core:relativeToTerrain core:relativeToWater "
    "generic "
)

_ATTRIBUTES = {
    "class": "code",
    "function": "code",
    "usage": "code",
    "roofType": "code",
    "species": "code",
    "surfaceMaterial": "code",
    "yearOfConstruction": "year",
    "yearOfDemolition": "year",
    "storeysAboveGround": "count",
    "storeysBelowGround": "count",
    "lod": "count",
    "measuredHeight": "length",
    "height": "length",
    "trunkDiameter": "length",
    "crownDiameter": "length",
    "averageHeight": "length",
    "storeyHeightsAboveGround": "lengths",
    "storeyHeightsBelowGround": "lengths",
    "isMovable": "boolean",
    "groupMember": "reference",
    "parent": "reference",
}
"""The standard attributes and how each is written. Only codes but `class` may be repeated (see `_SINGLE`)."""

_SINGLE = frozenset({"class", "roofType", "species", "surfaceMaterial", "parent"})


def _bounded(prefix: str, *names: str) -> dict[str, Place]:
    return {name: ("boundedBy", f"{prefix}:{name}") for name in names}


_CODES = _CORE + "class function usage "
_SITE_SURFACES = (
    "RoofSurface", "WallSurface", "GroundSurface", "ClosureSurface", "OuterCeilingSurface", "OuterFloorSurface", "FloorSurface",
    "InteriorWallSurface", "CeilingSurface",
)  # fmt: skip
_MASSES = (
    "lod1Solid lod1MultiSurface lod1TerrainIntersection lod2Solid lod2MultiSurface lod2MultiCurve lod2TerrainIntersection "
    "{outer} boundedBy lod3Solid lod3MultiSurface lod3MultiCurve lod3TerrainIntersection lod4Solid lod4MultiSurface "
    "lod4MultiCurve lod4TerrainIntersection {inner} "
)
_BUILDING = (
    _CODES + "yearOfConstruction yearOfDemolition roofType measuredHeight storeysAboveGround storeysBelowGround "
    "storeyHeightsAboveGround storeyHeightsBelowGround lod0FootPrint lod0RoofEdge "
    + _MASSES.format(outer="outerBuildingInstallation interiorBuildingInstallation", inner="interiorRoom consistsOfBuildingPart")
    + "address"
)
_BRIDGE = (
    _CODES + "yearOfConstruction yearOfDemolition isMovable "
    + _MASSES.format(
        outer="outerBridgeConstruction outerBridgeInstallation interiorBridgeInstallation",
        inner="interiorBridgeRoom consistsOfBridgePart",
    )
    + "address"
)  # fmt: skip
_TUNNEL = (
    _CODES + "yearOfConstruction yearOfDemolition "
    + _MASSES.format(outer="outerTunnelInstallation interiorTunnelInstallation", inner="interiorHollowSpace consistsOfTunnelPart")
)  # fmt: skip
_OUTER_INSTALLATION = _CODES + "lod[2-4]Geometry lod[2-4]ImplicitRepresentation boundedBy"
_INNER_INSTALLATION = _CODES + "lod4Geometry lod4ImplicitRepresentation boundedBy"
_FURNITURE = _CODES + "lod4Geometry lod4ImplicitRepresentation"
_ROOM = _CODES + "lod4Solid lod4MultiSurface boundedBy interiorFurniture "
_TRANSPORT = _CODES + "trafficArea auxiliaryTrafficArea lod0Network lod[1-4]MultiSurface"
_TRAFFIC = {
    "TrafficArea": ("trafficArea", "tran:TrafficArea"),
    "AuxiliaryTrafficArea": ("auxiliaryTrafficArea", "tran:AuxiliaryTrafficArea"),
}
_WATER = _bounded("wtr", "WaterSurface", "WaterGroundSurface", "WaterClosureSurface")


def _site(prefix: str, kind: str, sequence: str, room: tuple[str, str], **more: str) -> dict[str, Spec]:
    """The types of one of the three modules of constructions: they differ in names alone."""
    surfaces = _bounded(prefix, *_SITE_SURFACES)
    children = {
        f"{kind}Part": f"consistsOf{kind}Part",
        f"{kind}Installation": f"outer{kind}Installation|interior{kind}Installation",
        room[0]: room[1],
        **more,
    }
    inside = {"Building": "roomInstallation", "Bridge": "bridgeRoomInstallation", "Tunnel": "hollowSpaceInstallation"}[kind]
    in_room = {f"{kind}Furniture": "interiorFurniture", f"{kind}Installation": f"{inside}|{inside}"}
    called = {"BuildingRoom": "Room", "TunnelHollowSpace": "HollowSpace"}
    return {
        kind: spec(f"{prefix}:{kind}", sequence, children, surfaces),
        f"{kind}Part": spec(f"{prefix}:{kind}Part", sequence, children, surfaces),
        f"{kind}Installation": spec(f"{prefix}:{kind}Installation", _OUTER_INSTALLATION, None, surfaces),
        f"{kind}Installation|": spec(f"{prefix}:Int{kind}Installation", _INNER_INSTALLATION, None, surfaces),
        f"{kind}Furniture": spec(f"{prefix}:{kind}Furniture", _FURNITURE),
        room[0]: spec(f"{prefix}:{called.get(room[0], room[0])}", _ROOM + inside, in_room, surfaces),
    }


_GENERIC = spec("gen:GenericCityObject", _CODES + "lod[0-4]Geometry lod[0-4]TerrainIntersection lod[0-4]ImplicitRepresentation")

_SPECS: dict[str, Spec] = {
    **_site("bldg", "Building", _BUILDING, ("BuildingRoom", "interiorRoom")),
    **_site("brid", "Bridge", _BRIDGE, ("BridgeRoom", "interiorBridgeRoom"), BridgeConstructiveElement="outerBridgeConstruction"),
    **_site("tun", "Tunnel", _TUNNEL, ("TunnelHollowSpace", "interiorHollowSpace")),
    "BridgeConstructiveElement": spec(
        "brid:BridgeConstructionElement",
        _CODES + "lod[1-4]Geometry lod[1-4]TerrainIntersection lod[1-4]ImplicitRepresentation boundedBy",
        None,
        _bounded("brid", *_SITE_SURFACES),
    ),
    **{
        kind: spec(f"tran:{element}", _TRANSPORT, None, _TRAFFIC)
        for kind, element in (
            ("Road", "Road"),
            ("Railway", "Railway"),
            ("TransportSquare", "Square"),
            ("+Track", "Track"),
            ("+TransportationComplex", "TransportationComplex"),
        )
    },
    "WaterBody": spec(
        "wtr:WaterBody",
        _CODES + "lod0MultiCurve lod0MultiSurface lod1MultiCurve lod1MultiSurface lod[1-4]Solid boundedBy",
        None,
        _WATER,
        "Surface",
    ),
    "SolitaryVegetationObject": spec(
        "veg:SolitaryVegetationObject",
        _CODES + "species height trunkDiameter crownDiameter lod[1-4]Geometry lod[1-4]ImplicitRepresentation",
    ),
    "PlantCover": spec("veg:PlantCover", _CODES + "averageHeight lod[1-4]MultiSurface lod[1-4]MultiSolid"),
    "CityFurniture": spec(
        "frn:CityFurniture", _CODES + "lod[1-4]Geometry lod[1-4]TerrainIntersection lod[1-4]ImplicitRepresentation"
    ),
    "LandUse": spec("luse:LandUse", _CODES + "lod[0-4]MultiSurface"),
    "GenericCityObject": _GENERIC,
    "CityObjectGroup": spec("grp:CityObjectGroup", _CODES + "groupMember parent geometry"),
    "+ReliefFeature": spec("dem:ReliefFeature", _CORE + "lod reliefComponent", {"TINRelief": "reliefComponent"}),
    "TINRelief": spec("dem:TINRelief", _CORE + "lod tin"),
}
"""The types that CityGML 2.0 has; ``Kind|`` is the form inside a building. All others are written as GenericCityObject."""


def _boundary_surfaces() -> dict[str, Spec]:
    """The boundary surfaces by element. Openings stand in the other surfaces of a site; traffic areas have codes of their own."""
    found: dict[str, Spec] = {}
    for prefix in ("bldg", "brid", "tun"):
        openings = {name: ("opening", f"{prefix}:{name}") for name in ("Window", "Door")}
        faces = _CORE + "lod[2-4]MultiSurface"
        found |= {f"{prefix}:{name}": spec(f"{prefix}:{name}", f"{faces} opening", None, openings) for name in _SITE_SURFACES}
        found |= {element: spec(element, faces) for _, element in openings.values()}
    for _, element in _WATER.values():
        found[element] = spec(element, _CORE + "lod[2-4]Surface", face="Surface")
    for _, element in _TRAFFIC.values():
        found[element] = spec(element, _CODES + "surfaceMaterial lod[2-4]MultiSurface")
    return found


EDITION = Edition(
    version="2.0",
    namespaces=_NAMESPACES,
    specs=_SPECS,
    generic=_GENERIC,
    surfaces=_boundary_surfaces(),
    attributes=_ATTRIBUTES,
    single=_SINGLE,
    levels=(0, 1, 2, 3, 4),
    semantic_levels=(2, 3, 4),
    openings_from=3,
    template="relativeGMLGeometry",
)
