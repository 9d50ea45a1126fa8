"""CityGML 3.0 as the writer needs it: for each CityJSON type its element and the order of its properties (OGC 21-006r2).

Every type is a kind of space (occupied, unoccupied, logical) or of thematic surface; it has the properties of its kinds first.
After each kind's own come the elements that extensions (ADEs) hook in: ``adeOf…``.
"""

from __future__ import annotations

from gateway.adapters.citygml.write.spec import Edition, Place, Spec, spec

_NAMESPACES = {
    "core": "http://www.opengis.net/citygml/3.0",
    "con": "http://www.opengis.net/citygml/construction/3.0",
    "bldg": "http://www.opengis.net/citygml/building/3.0",
    "brid": "http://www.opengis.net/citygml/bridge/3.0",
    "tun": "http://www.opengis.net/citygml/tunnel/3.0",
    "tran": "http://www.opengis.net/citygml/transportation/3.0",
    "wtr": "http://www.opengis.net/citygml/waterbody/3.0",
    "dem": "http://www.opengis.net/citygml/relief/3.0",
    "veg": "http://www.opengis.net/citygml/vegetation/3.0",
    "frn": "http://www.opengis.net/citygml/cityfurniture/3.0",
    "luse": "http://www.opengis.net/citygml/landuse/3.0",
    "grp": "http://www.opengis.net/citygml/cityobjectgroup/3.0",
    "gen": "http://www.opengis.net/citygml/generics/3.0",
    "gml": "http://www.opengis.net/gml/3.2",
    "xlink": "http://www.w3.org/1999/xlink",
    "xAL": "urn:oasis:names:tc:ciq:xal:3",
}

_ATTRIBUTES = {
    "class": "code",
    "function": "code",
    "usage": "code",
    "roofType": "code",
    "species": "code",
    "surfaceMaterial": "code",
    "waterLevel": "code",
    "storeysAboveGround": "count",
    "storeysBelowGround": "count",
    "lod": "count",
    "height": "length",
    "trunkDiameter": "length",
    "crownDiameter": "length",
    "rootBallDiameter": "length",
    "maxRootBallDepth": "length",
    "averageHeight": "length",
    "minHeight": "length",
    "maxHeight": "length",
    "storeyHeightsAboveGround": "lengths",
    "storeyHeightsBelowGround": "lengths",
    "sortKey": "real",
    "isMovable": "boolean",
    "isStructuralElement": "boolean",
    "dateOfConstruction": "date",
    "dateOfDemolition": "date",
    "conditionOfConstruction": "declined|demolished|functional|projected|ruin|underConstruction",
    "relationToConstruction": "inside|outside|bothInsideAndOutside",
    "spaceType": "closed|open|semiOpen",
    "trafficDirection": "forwards|backwards|both",
    "granularity": "lane|way",
    "parent": "reference",
    "predecessor": "reference",
    "successor": "reference",
    "buildingRoom": "reference",
    "buildingUnit": "reference",
    "storey": "reference",
    "buildingConstructiveElement": "reference",
}
"""The standard attributes and how each is written."""

_SINGLE = frozenset(_ATTRIBUTES) - {
    "function", "usage", "predecessor", "successor", "buildingRoom", "buildingUnit", "storey", "buildingConstructiveElement",
}  # fmt: skip

# --- the kinds -------------------------------------------------------------------------------------------------------

_OBJECT = (
    "core:adeOfAbstractFeature core:creationDate core:terminationDate core:validFrom core:validTo "
    "core:adeOfAbstractFeatureWithLifespan core:externalReference core:generalizesTo core:relativeToTerrain core:relativeToWater "
    "core:relatedTo core:generic core:dynamizer core:adeOfAbstractCityObject "
)
_SPACE = _OBJECT + (
    "core:spaceType core:volume core:area core:boundary core:lod0Point core:lod0MultiSurface core:lod0MultiCurve core:lod1Solid "
    "core:lod2Solid core:lod2MultiSurface core:lod2MultiCurve core:lod3Solid core:lod3MultiSurface core:lod3MultiCurve "
    "core:adeOfAbstractSpace "
)
_LOGICAL = _SPACE + "core:adeOfAbstractLogicalSpace "
_PHYSICAL = _SPACE + "core:lod[1-3]TerrainIntersectionCurve core:pointCloud core:adeOfAbstractPhysicalSpace "
_OCCUPIED = _PHYSICAL + "core:lod[1-3]ImplicitRepresentation core:adeOfAbstractOccupiedSpace "
_UNOCCUPIED = _PHYSICAL + "core:adeOfAbstractUnoccupiedSpace "
_BOUNDARY = _OBJECT + "core:adeOfAbstractSpaceBoundary "
_THEMATIC = _BOUNDARY + (
    "core:area core:lod0MultiCurve core:lod[0-3]MultiSurface core:pointCloud core:adeOfAbstractThematicSurface "
)
_CODES = "class function usage "
_CONSTRUCTION = _OCCUPIED + (
    "con:conditionOfConstruction con:dateOfConstruction con:dateOfDemolition con:constructionEvent con:elevation con:height "
    "con:occupancy con:adeOfAbstractConstruction "
)
_INSTALLATION = _OCCUPIED + "con:relationToConstruction con:adeOfAbstractInstallation " + _CODES
_ELEMENT = _OCCUPIED + "con:isStructuralElement con:filling con:adeOfAbstractConstructiveElement " + _CODES
_FURNITURE = _OCCUPIED + "con:adeOfAbstractFurniture " + _CODES
_FILLING = _OCCUPIED + "con:adeOfAbstractFillingElement " + _CODES
_SUBDIVISION = _LOGICAL + _CODES + (
    "elevation sortKey buildingConstructiveElement buildingFurniture buildingInstallation buildingRoom "
    "adeOfAbstractBuildingSubdivision "
)  # fmt: skip
_TRAFFIC = _UNOCCUPIED + (
    "trafficDirection occupancy trafficSpace auxiliaryTrafficSpace hole marking adeOfAbstractTransportationSpace "
)
_RELIEF = _BOUNDARY + "lod extent adeOfAbstractReliefComponent "

# --- what bounds a space ---------------------------------------------------------------------------------------------

_WALLS = (
    "RoofSurface", "WallSurface", "GroundSurface", "OuterCeilingSurface", "OuterFloorSurface", "FloorSurface",
    "InteriorWallSurface", "CeilingSurface",
)  # fmt: skip
PLAIN = "gen:GenericThematicSurface"
"""The surface without a meaning, for faces at a level where a space has no property for them."""

_BOUNDARIES: dict[str, Place] = {
    **{name: ("boundary", f"con:{name}") for name in _WALLS},
    "ClosureSurface": ("boundary", "core:ClosureSurface"),
    "WaterSurface": ("boundary", "wtr:WaterSurface"),
    "WaterGroundSurface": ("boundary", "wtr:WaterGroundSurface"),
    "TrafficArea": ("boundary", "tran:TrafficArea"),
    "AuxiliaryTrafficArea": ("boundary", "tran:AuxiliaryTrafficArea"),
    "TransportationMarking": ("boundary", "tran:Marking"),
    "TransportationHole": ("boundary", "tran:HoleSurface"),
    "+GenericThematicSurface": ("boundary", PLAIN),
}
_FILLINGS: dict[str, Place] = {
    "Window": ("fillingSurface", "con:WindowSurface"),
    "Door": ("fillingSurface", "con:DoorSurface"),
}


def _boundary_surfaces() -> dict[str, Spec]:
    wall = _THEMATIC + "con:fillingSurface con:adeOfAbstractConstructionSurface "
    filling = _THEMATIC + "con:adeOfAbstractFillingSurface "
    own = {
        "core:ClosureSurface": "adeOfClosureSurface",
        "wtr:WaterSurface": "adeOfAbstractWaterBoundarySurface waterLevel",
        "wtr:WaterGroundSurface": "adeOfAbstractWaterBoundarySurface",
        "tran:TrafficArea": _CODES + "surfaceMaterial",
        "tran:AuxiliaryTrafficArea": _CODES + "surfaceMaterial",
        "tran:Marking": "class",
        "tran:HoleSurface": "",
        PLAIN: _CODES,
    }
    return {
        **{f"con:{name}": spec(f"con:{name}", f"{wall} adeOf{name}", None, _FILLINGS) for name in _WALLS},
        "con:WindowSurface": spec("con:WindowSurface", filling),
        "con:DoorSurface": spec("con:DoorSurface", filling + "address"),
        **{element: spec(element, _THEMATIC + words) for element, words in own.items()},
    }


# --- the types -------------------------------------------------------------------------------------------------------


def _space(element: str, words: str, children: dict[str, str] | None = None) -> Spec:
    name = element.partition(":")[2]
    return spec(element, f"{words} adeOf{name}", children, _BOUNDARIES)


def _in_site(prefix: str, kind: str, room: str) -> dict[str, Spec]:
    """The types inside a building, bridge or tunnel, which differ in names alone."""
    small = kind.lower()
    inside = {f"{kind}Furniture": f"{small}Furniture", f"{kind}Installation": f"{small}Installation"}
    height = "roomHeight " if kind == "Building" else ""
    fillings = {"+Window": "filling", "+Door": "filling"}
    return {
        f"{kind}Installation": _space(f"{prefix}:{kind}Installation", _INSTALLATION),
        f"{kind}Furniture": _space(f"{prefix}:{kind}Furniture", _FURNITURE),
        f"{kind}ConstructiveElement": _space(f"{prefix}:{kind}ConstructiveElement", _ELEMENT, fillings),
        room: _space(
            f"{prefix}:{room.removeprefix('Tunnel')}",
            _UNOCCUPIED + _CODES + height + f"{small}Furniture {small}Installation",
            inside,
        ),
    }


_IN_BUILDING = {
    "BuildingConstructiveElement": "buildingConstructiveElement",
    "BuildingInstallation": "buildingInstallation",
    "BuildingRoom": "buildingRoom",
    "BuildingFurniture": "buildingFurniture",
}
_BUILDING = _CONSTRUCTION + _CODES + (
    "roofType storeysAboveGround storeysBelowGround storeyHeightsAboveGround storeyHeightsBelowGround "
    "buildingConstructiveElement buildingInstallation buildingRoom buildingFurniture buildingSubdivision address "
    "adeOfAbstractBuilding "
)  # fmt: skip
_SUBDIVIDED = {**_IN_BUILDING, "BuildingStorey": "buildingSubdivision", "BuildingUnit": "buildingSubdivision"}
_BRIDGE = _CONSTRUCTION + _CODES + (
    "isMovable bridgeConstructiveElement bridgeInstallation bridgeRoom bridgeFurniture address adeOfAbstractBridge "
)  # fmt: skip
_IN_BRIDGE = {
    "BridgeConstructiveElement": "bridgeConstructiveElement",
    "BridgeInstallation": "bridgeInstallation",
    "BridgeRoom": "bridgeRoom",
    "BridgeFurniture": "bridgeFurniture",
}
_TUNNEL = _CONSTRUCTION + _CODES + (
    "tunnelConstructiveElement tunnelInstallation hollowSpace tunnelFurniture adeOfAbstractTunnel "
)  # fmt: skip
_IN_TUNNEL = {
    "TunnelConstructiveElement": "tunnelConstructiveElement",
    "TunnelInstallation": "tunnelInstallation",
    "TunnelHollowSpace": "hollowSpace",
    "TunnelFurniture": "tunnelFurniture",
}
_IN_TRAFFIC = {
    "+TrafficSpace": "trafficSpace",
    "+AuxiliaryTrafficSpace": "auxiliaryTrafficSpace",
    "+Hole": "hole",
}
_ALONG = {**_IN_TRAFFIC, "+Section": "section", "+Intersection": "intersection"}
_COMPONENTS = dict.fromkeys(("TINRelief", "+MassPointRelief", "+BreaklineRelief"), "reliefComponent")
_GENERIC = _space("gen:GenericOccupiedSpace", _OCCUPIED + _CODES)

_SITES = {
    "Building": _space("bldg:Building", _BUILDING + "buildingPart", {**_SUBDIVIDED, "BuildingPart": "buildingPart"}),
    "BuildingPart": _space("bldg:BuildingPart", _BUILDING, _SUBDIVIDED),
    "BuildingStorey": _space("bldg:Storey", _SUBDIVISION + "buildingUnit", {**_IN_BUILDING, "BuildingUnit": "buildingUnit"}),
    "BuildingUnit": _space("bldg:BuildingUnit", _SUBDIVISION + "storey address", {**_IN_BUILDING, "BuildingStorey": "storey"}),
    **_in_site("bldg", "Building", "BuildingRoom"),
    "Bridge": _space("brid:Bridge", _BRIDGE + "bridgePart", {**_IN_BRIDGE, "BridgePart": "bridgePart"}),
    "BridgePart": _space("brid:BridgePart", _BRIDGE, _IN_BRIDGE),
    **_in_site("brid", "Bridge", "BridgeRoom"),
    "Tunnel": _space("tun:Tunnel", _TUNNEL + "tunnelPart", {**_IN_TUNNEL, "TunnelPart": "tunnelPart"}),
    "TunnelPart": _space("tun:TunnelPart", _TUNNEL, _IN_TUNNEL),
    **_in_site("tun", "Tunnel", "TunnelHollowSpace"),
    "OtherConstruction": _space("con:OtherConstruction", _CONSTRUCTION + _CODES),
    "+Window": _space("con:Window", _FILLING),
    "+Door": _space("con:Door", _FILLING + "address"),
}
_TRANSPORT = {
    **{
        kind: _space(f"tran:{element}", _TRAFFIC + _CODES + "section intersection", _ALONG)
        for kind, element in (("Road", "Road"), ("Railway", "Railway"), ("Waterway", "Waterway"), ("+Track", "Track"))
    },
    "TransportSquare": _space("tran:Square", _TRAFFIC + _CODES, _IN_TRAFFIC),
    "+Section": _space("tran:Section", _TRAFFIC + "class", _IN_TRAFFIC),
    "+Intersection": _space("tran:Intersection", _TRAFFIC + "class", _IN_TRAFFIC),
    "+TrafficSpace": _space(
        "tran:TrafficSpace",
        _UNOCCUPIED + _CODES + "granularity trafficDirection occupancy predecessor successor clearanceSpace",
        {"+ClearanceSpace": "clearanceSpace"},
    ),
    "+AuxiliaryTrafficSpace": _space("tran:AuxiliaryTrafficSpace", _UNOCCUPIED + _CODES + "granularity"),
    "+ClearanceSpace": _space("tran:ClearanceSpace", _UNOCCUPIED + "class"),
    "+Hole": _space("tran:Hole", _UNOCCUPIED + "class"),
}
_SPECS: dict[str, Spec] = {
    **_SITES,
    **_TRANSPORT,
    "WaterBody": _space("wtr:WaterBody", _OCCUPIED + _CODES),
    "SolitaryVegetationObject": _space(
        "veg:SolitaryVegetationObject",
        _OCCUPIED + "adeOfAbstractVegetationObject " + _CODES
        + "species height trunkDiameter crownDiameter rootBallDiameter maxRootBallDepth",
    ),
    "PlantCover": _space(
        "veg:PlantCover", _OCCUPIED + "adeOfAbstractVegetationObject " + _CODES + "averageHeight minHeight maxHeight"
    ),
    "CityFurniture": _space("frn:CityFurniture", _OCCUPIED + _CODES),
    "LandUse": spec("luse:LandUse", _THEMATIC + _CODES + "adeOfLandUse"),
    "GenericCityObject": _GENERIC,
    "+GenericUnoccupiedSpace": _space("gen:GenericUnoccupiedSpace", _UNOCCUPIED + _CODES),
    "+GenericLogicalSpace": _space("gen:GenericLogicalSpace", _LOGICAL + _CODES),
    "CityObjectGroup": _space("grp:CityObjectGroup", _LOGICAL + _CODES + "groupMember parent"),
    "+ReliefFeature": spec("dem:ReliefFeature", _BOUNDARY + "lod reliefComponent adeOfReliefFeature", _COMPONENTS),
    "TINRelief": spec("dem:TINRelief", _RELIEF + "tin adeOfTINRelief"),
    "+MassPointRelief": spec("dem:MassPointRelief", _RELIEF + "reliefPoints pointCloud adeOfMassPointRelief"),
    "+BreaklineRelief": spec("dem:BreaklineRelief", _RELIEF + "ridgeOrValleyLines breaklines adeOfBreaklineRelief"),
}  # fmt: skip
"""The types that CityGML 3.0 has. All others are written as GenericOccupiedSpace."""

EDITION = Edition(
    version="3.0",
    namespaces=_NAMESPACES,
    specs=_SPECS,
    generic=_GENERIC,
    surfaces=_boundary_surfaces(),
    attributes=_ATTRIBUTES,
    single=_SINGLE,
    levels=(0, 1, 2, 3),
    semantic_levels=(0, 1, 2, 3),
    openings_from=0,
    template="relativeGeometry",
)
