"""The words of CityJSON 1.0 to 2.0: object types and their modules, versions, reference systems."""

from __future__ import annotations

import re
from typing import Any

from gateway.errors import Unreadable, Unsupported
from gateway.geo import crs as crs_rules
from gateway.model.crs import Crs

_MODULES = {
    "building": "Building BuildingPart BuildingInstallation BuildingConstructiveElement BuildingFurniture BuildingStorey "
    "BuildingRoom BuildingUnit",
    "bridge": "Bridge BridgePart BridgeInstallation BridgeConstructiveElement BridgeRoom BridgeFurniture",
    "tunnel": "Tunnel TunnelPart TunnelInstallation TunnelConstructiveElement TunnelHollowSpace TunnelFurniture",
    "transportation": "Road Railway TransportSquare Waterway",
    "waterbody": "WaterBody",
    "vegetation": "PlantCover SolitaryVegetationObject",
    "landuse": "LandUse",
    "relief": "TINRelief",
    "cityfurniture": "CityFurniture",
    "construction": "OtherConstruction",
    "generics": "GenericCityObject",
    "cityobjectgroup": "CityObjectGroup",
}
MODULE = {kind: module for module, kinds in _MODULES.items() for kind in kinds.split()}
"""Collection id by object type (CityJSON 2.0 section 2.1)."""
GENERIC = "GenericCityObject"
GROUP = "CityObjectGroup"
TYPE_ATTRIBUTE = "twin_type"
"""Where a type that CityJSON lacks is kept when it is written as GenericCityObject."""

_RENAMED = {"+GenericCityObject": GENERIC, "BuildingConstructionElement": "BuildingConstructiveElement"}
_RENAMED |= {"BridgeConstructionElement": "BridgeConstructiveElement", "TunnelConstructionElement": "TunnelConstructiveElement"}
_VERSION = re.compile(r"(\d+)\.(\d+)")


def current_type(kind: str) -> str:
    """The CityJSON 2.0 name of a type: 1.1 had GenericCityObject in an extension."""
    return _RENAMED.get(kind, kind)


def module_of(kind: str, parent_module: str | None = None) -> str:
    """The collection an object belongs to: its module; an extension's object goes with its parent, else to ``generics``."""
    return MODULE.get(kind) or parent_module or "generics"


def version_of(value: Any) -> str:
    """``1.0``, ``1.1`` or ``2.0`` of a `version` member. Raises Unreadable or Unsupported."""
    found = _VERSION.match(value) if isinstance(value, str) else None
    if found is None:
        raise Unreadable("the version is missing or no version number", place="/version")
    version = f"{found[1]}.{found[2]}"
    if version not in ("1.0", "1.1", "2.0"):
        raise Unsupported(f"CityJSON {value[:20]} is not read", place="/version", cure="convert it to CityJSON 2.0")
    return version


def crs_of(metadata: Any) -> Crs | None:
    """The CRS that `metadata` names: 1.1 and 2.0 a URL, 1.0 a URN, earlier ones an EPSG number; None where it names none."""
    if not isinstance(metadata, dict):
        return None
    text = metadata.get("referenceSystem")
    old = metadata.get("crs")
    if text is None and isinstance(old, dict) and isinstance(old.get("epsg"), int):
        text = f"EPSG:{old['epsg']}"
    return crs_rules.parse(text) if isinstance(text, str) and text.strip() else None


def uri_of(crs: Crs) -> str:
    """The `referenceSystem` of a CRS (section 5.3), with https as the specification spells it."""
    return crs.uri if crs.vertical is not None else crs.uri.replace("http://", "https://", 1)


def lod_of(value: Any) -> str:
    """A level of detail as text: CityJSON 1.0 has numbers."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return "0"
    return f"{value:g}" if isinstance(value, int | float) else value
