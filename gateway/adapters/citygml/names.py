"""The names of CityGML: namespaces by version, object and surface types by local name, and what each tag is to the reader.

CityGML 1.0 (OGC 08-007r1), 2.0 (OGC 12-019) and 3.0 (OGC 21-006r2) differ in namespaces and in where a property stands, less
in local names; the tables below hold for all three. Types are those of CityJSON 2.0; one it lacks is spelt ``+Name``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from lxml import etree

GML_OLD = "http://www.opengis.net/gml"
GML_NEW = "http://www.opengis.net/gml/3.2"
XLINK = "http://www.w3.org/1999/xlink"
XAL_OLD = "urn:oasis:names:tc:ciq:xsdschema:xAL:2.0"
XAL_NEW = "urn:oasis:names:tc:ciq:xal:3"
HREF = f"{{{XLINK}}}href"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
IDS = _OLD_ID, _NEW_ID = (f"{{{GML_OLD}}}id", f"{{{GML_NEW}}}id")
ROOT = re.compile(r"\{http://www\.opengis\.net/citygml/([123])\.0\}CityModel")
MEMBERS = ("cityObjectMember", "featureMember", "featureMembers", "appearanceMember", "versionMember", "versionTransitionMember")

_NAMESPACE = re.compile(r"http://www\.opengis\.net/citygml/(?:(?P<module>[a-z]+)/)?(?P<version>[123])\.0$")
_UNNAMED = re.compile(r"_unnamed\.\d+")
_MOST_NAMES = 5000
_LOD = re.compile(r"lod([0-4])(\w*)$")

OBJECTS = {
    "building": {
        "Building": "Building",
        "BuildingPart": "BuildingPart",
        "BuildingInstallation": "BuildingInstallation",
        "IntBuildingInstallation": "BuildingInstallation",
        "BuildingFurniture": "BuildingFurniture",
        "BuildingConstructiveElement": "BuildingConstructiveElement",
        "BuildingRoom": "BuildingRoom",
        "Room": "BuildingRoom",
        "BuildingUnit": "BuildingUnit",
        "Storey": "BuildingStorey",
    },
    "bridge": {
        "Bridge": "Bridge",
        "BridgePart": "BridgePart",
        "BridgeInstallation": "BridgeInstallation",
        "IntBridgeInstallation": "BridgeInstallation",
        "BridgeFurniture": "BridgeFurniture",
        "BridgeConstructionElement": "BridgeConstructiveElement",
        "BridgeConstructiveElement": "BridgeConstructiveElement",
        "BridgeRoom": "BridgeRoom",
    },
    "tunnel": {
        "Tunnel": "Tunnel",
        "TunnelPart": "TunnelPart",
        "TunnelInstallation": "TunnelInstallation",
        "IntTunnelInstallation": "TunnelInstallation",
        "TunnelFurniture": "TunnelFurniture",
        "TunnelConstructiveElement": "TunnelConstructiveElement",
        "HollowSpace": "TunnelHollowSpace",
    },
    "construction": {"OtherConstruction": "OtherConstruction", "Window": "+Window", "Door": "+Door"},
    "transportation": {"Road": "Road", "Railway": "Railway", "Square": "TransportSquare", "Waterway": "Waterway"},
    "waterbody": {"WaterBody": "WaterBody"},
    "vegetation": {"SolitaryVegetationObject": "SolitaryVegetationObject", "PlantCover": "PlantCover"},
    "cityfurniture": {"CityFurniture": "CityFurniture"},
    "landuse": {"LandUse": "LandUse"},
    "relief": {"TINRelief": "TINRelief"},
    "generics": {"GenericCityObject": "GenericCityObject", "GenericOccupiedSpace": "GenericCityObject"},
    "cityobjectgroup": {"CityObjectGroup": "CityObjectGroup"},
}
"""CityJSON type by module and local name. Any other feature of a module is ``+Name``."""

PLAIN_OBJECTS = frozenset({
    "Track", "TransportationComplex", "Section", "Intersection", "TrafficSpace", "AuxiliaryTrafficSpace", "ClearanceSpace",
    "Hole", "ReliefFeature", "MassPointRelief", "BreaklineRelief", "RasterRelief", "GenericUnoccupiedSpace",
    "GenericLogicalSpace", "Version", "VersionTransition",
})  # fmt: skip
"""Features of CityGML without a CityJSON type of their own."""

SURFACES = {
    name: name
    for name in (
        "RoofSurface", "WallSurface", "GroundSurface", "ClosureSurface", "OuterCeilingSurface", "OuterFloorSurface", "Window",
        "Door", "FloorSurface", "InteriorWallSurface", "CeilingSurface", "WaterSurface", "WaterGroundSurface",
        "WaterClosureSurface", "TrafficArea", "AuxiliaryTrafficArea",
    )
} | {
    "WindowSurface": "Window",
    "DoorSurface": "Door",
    "Marking": "TransportationMarking",
    "HoleSurface": "TransportationHole",
    "GenericThematicSurface": "+GenericThematicSurface",
}  # fmt: skip
"""CityJSON semantic surface type by the local name of CityGML's boundary surface, opening or traffic area."""

COLLECTIONS = {
    "core": "core",
    "construction": "building",
    "cityfurniture": "cityfurniture",
}

CREATED = ("creationDate", "terminationDate", "validFrom", "validTo")
NUMBERS = frozenset({"rootBallDiameter", "maxRootBallDepth", "minHeight", "maxHeight", "sortKey"})
"""Measures and numbers that only CityGML 3.0 has."""
INTEGERS = frozenset({"yearOfConstruction", "yearOfDemolition", "storeysAboveGround", "storeysBelowGround", "lod"})
MEASURES = frozenset({"measuredHeight", "height", "trunkDiameter", "crownDiameter", "averageHeight"})
MEASURE_LISTS = frozenset({"storeyHeightsAboveGround", "storeyHeightsBelowGround"})
BOOLEANS = frozenset({"isMovable", "isStructuralElement"})


class Role(Enum):
    """What a property of a city object is to the reader."""

    SKIP = auto()
    GEOMETRY = auto()
    GENERIC = auto()
    GENERIC_3 = auto()
    EXTERNAL = auto()
    ADDRESS = auto()
    OPAQUE = auto()
    OTHER = auto()
    FOREIGN = auto()


@dataclass(frozen=True, slots=True)
class Name:
    """A tag taken apart: `module` is ``core``, ``building`` …, ``gml``, or empty for a foreign namespace (an ADE)."""

    local: str
    module: str
    version: str
    role: Role
    lod: str = ""
    form: str = ""
    """The rest of a geometry property's name: ``Solid``, ``TerrainIntersection`` …"""
    object: str | None = None
    """The CityJSON type, where the tag is known to be a feature's."""
    surface: str | None = None
    """The semantic type, where the tag is known to be a boundary surface's."""


_GEOMETRIES = {"tin", "reliefPoints", "ridgeOrValleyLines", "breaklines", "extent", "geometry"}
_OPAQUE = {"appearance", "dynamizer", "metaDataProperty", "pointCloud"}


def take_apart(tag: str) -> Name:
    """The name of `tag` (``{namespace}local``)."""
    namespace, _, local = tag[1:].rpartition("}") if tag.startswith("{") else ("", "", tag)
    if namespace in (GML_OLD, GML_NEW):
        skipped = local in ("boundedBy", "location")
        return Name(local, "gml", "", Role.SKIP if skipped else Role.OPAQUE if local in _OPAQUE else Role.OTHER)
    found = _NAMESPACE.match(namespace)
    module, version = ("", "") if found is None else (found["module"] or "core", found["version"])
    lod = _LOD.match(local)
    if lod is not None:
        return Name(local, module, version, Role.GEOMETRY, lod[1], lod[2])
    return Name(local, module, version, _role(module, local), "", "", _object_type(module, local), _surface_type(module, local))


class Names(dict[str, Name]):
    """The names of a file's tags, taken apart once each."""

    def __missing__(self, tag: str) -> Name:
        if len(self) >= _MOST_NAMES:
            self.clear()
        name = self[tag] = take_apart(tag)
        return name


def _role(module: str, local: str) -> Role:
    if not module:
        return Role.FOREIGN
    if module == "generics" and local.endswith(("Attribute", "AttributeSet")):
        return Role.GENERIC
    if local == "genericAttribute":
        return Role.GENERIC_3
    if local == "externalReference":
        return Role.EXTERNAL
    if local == "address":
        return Role.ADDRESS
    if local in _OPAQUE:
        return Role.OPAQUE
    if module in ("relief", "cityobjectgroup") and local in _GEOMETRIES:
        return Role.GEOMETRY
    return Role.OTHER


def _object_type(module: str, local: str) -> str | None:
    if module and local in PLAIN_OBJECTS:
        return f"+{local}"
    return OBJECTS.get(module, {}).get(local)


def _surface_type(module: str, local: str) -> str | None:
    if module == "construction" and local in ("Window", "Door"):  # in 3.0 these are spaces, beside WindowSurface and DoorSurface
        return None
    return SURFACES.get(local) if module else None


def collection(module: str) -> str:
    """The collection of a module's features; ``extension`` for those of an ADE."""
    return COLLECTIONS.get(module, module) if module else "extension"


def unnamed(number: int) -> str:
    """A gml:id for what has none, where GML 3.2 demands one: `given_id` does not take it for a name."""
    return f"_unnamed.{number}"


def given_id(element: etree._Element) -> str | None:
    """The gml:id of an element (of either GML) if its author gave it one."""
    found = element.get(_OLD_ID) or element.get(_NEW_ID)
    return None if found is not None and found.startswith("_unnamed.") and _UNNAMED.fullmatch(found) else found


def local_name(tag: str) -> str:
    """The part of a tag after its namespace."""
    return tag.rpartition("}")[2]
