"""Addresses: xAL 2.0 (CityGML 1.0 and 2.0) and xAL 3 (CityGML 3.0) as CityJSON 2.0 address objects, and back to xAL 2.0.

Keys are those of the CityJSON specification's example (``Country``, ``Locality``, ``ThoroughfareName``, ``ThoroughfareNumber``,
``Postcode``, ``location``); whatever else xAL says has its xAL name. `location` is a MultiPoint with coordinates.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from gateway.adapters.citygml.attributes import put
from gateway.adapters.citygml.gml import Geometries
from gateway.adapters.citygml.names import XAL_NEW, given_id, local_name

type Element = etree._Element

_LEAVES = {
    "CountryName": "Country",
    "CountryNameCode": "CountryCode",
    "LocalityName": "Locality",
    "PostalCodeNumber": "Postcode",
    "AdministrativeAreaName": "AdministrativeArea",
}
_NAMED = {
    ("Country", "NameElement"): "Country",
    ("Locality", "NameElement"): "Locality",
    ("AdministrativeArea", "NameElement"): "AdministrativeArea",
    ("Thoroughfare", "NameElement"): "ThoroughfareName",
    ("Thoroughfare", "Number"): "ThoroughfareNumber",
    ("Premises", "NameElement"): "PremiseName",
    ("Premises", "Number"): "PremiseNumber",
    ("PostCode", "Identifier"): "Postcode",
    ("PostalDeliveryPoint", "Identifier"): "PostBoxNumber",
}
_TYPED = ("Locality", "Thoroughfare", "Premise")


def read(holder: Element, geometries: Geometries) -> list[dict[str, Any]]:
    """The addresses in an ``address`` property element."""
    found = []
    for element in holder:
        address: dict[str, Any] = {}
        identifier = given_id(element)
        for part in element:
            if local_name(part.tag) == "multiPoint":
                points = [point for shape in geometries.shapes(part) if shape.type == "MultiPoint" for point in shape.parts]
                if points:
                    address["location"] = {"type": "MultiPoint", "lod": "1", "boundaries": points}
            else:
                _walk(address, part, "")
        if identifier and address:
            address["id"] = identifier
        if address:
            found.append(address)
    return found


def _walk(address: dict[str, Any], element: Element, parent: str) -> None:
    for child in element:
        local = local_name(child.tag)
        if len(child):
            kind = child.get("Type") or child.get(f"{{{XAL_NEW}}}Type")
            if kind and local in _TYPED:
                address[f"{local}Type"] = kind
            _walk(address, child, local)
        elif child.text and child.text.strip():
            put(address, _NAMED.get((parent, local)) or _LEAVES.get(local, local), child.text.strip())
