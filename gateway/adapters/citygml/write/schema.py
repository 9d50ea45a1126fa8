"""CityGML 2.0 as the writer needs it: for each CityJSON type its element and the order of its properties (OGC 12-019 annex A).

A sequence lists property names as the XSD does; the properties of core:AbstractCityObject come before every one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

NAMESPACES = {
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

CORE = ("creationDate", "terminationDate", "externalReference", "generalizesTo", "relativeToTerrain", "relativeToWater", "generic")

ATTRIBUTES = {
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
"""The standard attributes and how each is written. Only codes but `class` may be repeated (see `SINGLE`)."""

SINGLE = frozenset({"class", "roofType", "species", "surfaceMaterial", "parent"})


@dataclass(frozen=True, slots=True)
class Spec:
    """How one type is written: element, property order, where children and boundary surfaces go.

    `children` is by child type; a second name after ``|`` is for what lies inside. `surfaces` is by semantic type: the property
    and element; `face` is how a boundary surface's geometry property ends.
    """

    element: str
    sequence: tuple[str, ...]
    children: dict[str, str] | None = None
    surfaces: dict[str, tuple[str, str]] | None = None
    face: str = "MultiSurface"

    @property
    def prefix(self) -> str:
        """The namespace prefix of the element and its properties."""
        return self.element.partition(":")[0]


def _order(text: str) -> tuple[str, ...]:
    """A sequence from its names; ``lod[2-4]X`` stands for lod2X lod3X lod4X."""
    names: list[str] = []
    for word in text.split():
        if word.startswith("lod["):
            first, last, rest = word[4], word[6], word[8:]
            names += [f"lod{level}{rest}" for level in range(int(first), int(last) + 1)]
        else:
            names.append(word)
    return tuple(names)


def _bounded(prefix: str, *names: str) -> dict[str, tuple[str, str]]:
    return {name: ("boundedBy", f"{prefix}:{name}") for name in names}


_CODES = "class function usage "
_SITE_SURFACES = (
    "RoofSurface", "WallSurface", "GroundSurface", "ClosureSurface", "OuterCeilingSurface", "OuterFloorSurface", "FloorSurface",
    "InteriorWallSurface", "CeilingSurface",
)  # fmt: skip
_MASSES = (
    "lod1Solid lod1MultiSurface lod1TerrainIntersection lod2Solid lod2MultiSurface lod2MultiCurve lod2TerrainIntersection "
    "{outer} boundedBy lod3Solid lod3MultiSurface lod3MultiCurve lod3TerrainIntersection lod4Solid lod4MultiSurface "
    "lod4MultiCurve lod4TerrainIntersection {inner} "
)
_BUILDING = _order(
    _CODES + "yearOfConstruction yearOfDemolition roofType measuredHeight storeysAboveGround storeysBelowGround "
    "storeyHeightsAboveGround storeyHeightsBelowGround lod0FootPrint lod0RoofEdge "
    + _MASSES.format(outer="outerBuildingInstallation interiorBuildingInstallation", inner="interiorRoom consistsOfBuildingPart")
    + "address"
)
_BRIDGE = _order(
    _CODES + "yearOfConstruction yearOfDemolition isMovable "
    + _MASSES.format(
        outer="outerBridgeConstruction outerBridgeInstallation interiorBridgeInstallation",
        inner="interiorBridgeRoom consistsOfBridgePart",
    )
    + "address"
)  # fmt: skip
_TUNNEL = _order(
    _CODES + "yearOfConstruction yearOfDemolition "
    + _MASSES.format(outer="outerTunnelInstallation interiorTunnelInstallation", inner="interiorHollowSpace consistsOfTunnelPart")
)  # fmt: skip
_OUTER_INSTALLATION = _order(_CODES + "lod[2-4]Geometry lod[2-4]ImplicitRepresentation boundedBy")
_INNER_INSTALLATION = _order(_CODES + "lod4Geometry lod4ImplicitRepresentation boundedBy")
_FURNITURE = _order(_CODES + "lod4Geometry lod4ImplicitRepresentation")
_ROOM = _CODES + "lod4Solid lod4MultiSurface boundedBy interiorFurniture "
_TRANSPORT = _order(_CODES + "trafficArea auxiliaryTrafficArea lod0Network lod[1-4]MultiSurface")
_TRAFFIC = {
    "TrafficArea": ("trafficArea", "tran:TrafficArea"),
    "AuxiliaryTrafficArea": ("auxiliaryTrafficArea", "tran:AuxiliaryTrafficArea"),
}


def _site(prefix: str, kind: str, sequence: tuple[str, ...], room: tuple[str, str], **more: str) -> dict[str, Spec]:
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
        kind: Spec(f"{prefix}:{kind}", sequence, children, surfaces),
        f"{kind}Part": Spec(f"{prefix}:{kind}Part", sequence, children, surfaces),
        f"{kind}Installation": Spec(f"{prefix}:{kind}Installation", _OUTER_INSTALLATION, None, surfaces),
        f"{kind}Installation|": Spec(f"{prefix}:Int{kind}Installation", _INNER_INSTALLATION, None, surfaces),
        f"{kind}Furniture": Spec(f"{prefix}:{kind}Furniture", _FURNITURE),
        room[0]: Spec(f"{prefix}:{called.get(room[0], room[0])}", _order(_ROOM + inside), in_room, surfaces),
    }


GENERIC = Spec(
    "gen:GenericCityObject", _order(_CODES + "lod[0-4]Geometry lod[0-4]TerrainIntersection lod[0-4]ImplicitRepresentation")
)

SPECS: dict[str, Spec] = {
    **_site("bldg", "Building", _BUILDING, ("BuildingRoom", "interiorRoom")),
    **_site("brid", "Bridge", _BRIDGE, ("BridgeRoom", "interiorBridgeRoom"), BridgeConstructiveElement="outerBridgeConstruction"),
    **_site("tun", "Tunnel", _TUNNEL, ("TunnelHollowSpace", "interiorHollowSpace")),
    "BridgeConstructiveElement": Spec(
        "brid:BridgeConstructionElement",
        _order(_CODES + "lod[1-4]Geometry lod[1-4]TerrainIntersection lod[1-4]ImplicitRepresentation boundedBy"),
        None,
        _bounded("brid", *_SITE_SURFACES),
    ),
    **{
        kind: Spec(f"tran:{element}", _TRANSPORT, None, _TRAFFIC)
        for kind, element in (
            ("Road", "Road"),
            ("Railway", "Railway"),
            ("TransportSquare", "Square"),
            ("+Track", "Track"),
            ("+TransportationComplex", "TransportationComplex"),
        )
    },
    "WaterBody": Spec(
        "wtr:WaterBody",
        _order(_CODES + "lod0MultiCurve lod0MultiSurface lod1MultiCurve lod1MultiSurface lod[1-4]Solid boundedBy"),
        None,
        _bounded("wtr", "WaterSurface", "WaterGroundSurface", "WaterClosureSurface"),
        "Surface",
    ),
    "SolitaryVegetationObject": Spec(
        "veg:SolitaryVegetationObject",
        _order(_CODES + "species height trunkDiameter crownDiameter lod[1-4]Geometry lod[1-4]ImplicitRepresentation"),
    ),
    "PlantCover": Spec("veg:PlantCover", _order(_CODES + "averageHeight lod[1-4]MultiSurface lod[1-4]MultiSolid")),
    "CityFurniture": Spec(
        "frn:CityFurniture", _order(_CODES + "lod[1-4]Geometry lod[1-4]TerrainIntersection lod[1-4]ImplicitRepresentation")
    ),
    "LandUse": Spec("luse:LandUse", _order(_CODES + "lod[0-4]MultiSurface")),
    "GenericCityObject": GENERIC,
    "CityObjectGroup": Spec("grp:CityObjectGroup", _order(_CODES + "groupMember parent geometry")),
    "+ReliefFeature": Spec("dem:ReliefFeature", ("lod", "reliefComponent"), {"TINRelief": "reliefComponent"}),
    "TINRelief": Spec("dem:TINRelief", ("lod", "tin")),
}
"""The types that CityGML 2.0 has; ``Kind|`` is the form inside a building. All others are written as GenericCityObject."""

OPENINGS = ("Window", "Door")
