"""CityJSON address objects as xAL 2.0 in a core:Address (the inverse of `addresses`)."""

from __future__ import annotations

from typing import Any

from gateway.adapters.citygml.write.shapes import Shapes
from gateway.adapters.citygml.write.text import escape
from gateway.model.report import Report

KNOWN = frozenset({
    "Country", "CountryCode", "AdministrativeArea", "Locality", "LocalityType", "AddressLine", "PostBoxNumber", "ThoroughfareType",
    "ThoroughfareNumber", "ThoroughfareName", "PremiseName", "PremiseNumber", "BuildingName", "Postcode", "location", "id",
})  # fmt: skip
_SPELLINGS = {
    "countryname": "Country", "localityname": "Locality", "postalcode": "Postcode", "postalcodenumber": "Postcode",
    **{name.casefold(): name for name in KNOWN},
}  # fmt: skip
"""The spelling written here by others' (``locality``, ``PostalCode``)."""


def write(address: dict[str, Any], property_tag: str, shapes: Shapes, report: Report, object_id: str) -> str:
    """One address property; what xAL has no place for here is counted as lost."""
    said = known(address, KNOWN, report, object_id)
    return wrap(f"<xAL:AddressDetails>{_country(said, report)}</xAL:AddressDetails>", said, property_tag, shapes)


def known(address: dict[str, Any], members: frozenset[str], report: Report, object_id: str) -> dict[str, Any]:
    """An address under one spelling; members that are not written are counted as lost."""
    said = {_SPELLINGS.get(key.casefold(), key): value for key, value in address.items()}
    for key in sorted(set(said) - members):
        report.lost(f"address {key}", "it has no place in the xAL written here", object_id)
    return said


def wrap(xal: str, said: dict[str, Any], property_tag: str, shapes: Shapes) -> str:
    """The address property with its core:Address."""
    named = shapes.named(said["id"] if isinstance(said.get("id"), str) else None)
    point = _location(said.get("location"), shapes)
    return f"<{property_tag}><core:Address{named}><core:xalAddress>{xal}</core:xalAddress>{point}</core:Address></{property_tag}>"


def _country(said: dict[str, Any], report: Report) -> str:
    inner = leaves(said, report, ("CountryCode", "CountryNameCode"), ("Country", "CountryName"))
    locality = _locality(said, report)
    area = leaves(said, report, ("AdministrativeArea", "AdministrativeAreaName"))
    if area:
        locality = f"<xAL:AdministrativeArea>{area}{locality}</xAL:AdministrativeArea>"
    return f"<xAL:Country>{inner}{locality}</xAL:Country>" if inner else locality or "<xAL:Country/>"


def _locality(said: dict[str, Any], report: Report) -> str:
    """The locality with what lies in it, in the order of xAL 2.0: box, thoroughfare, premise, postal code."""
    box = _wrapped("PostBox", leaves(said, report, ("PostBoxNumber", "PostBoxNumber")))
    street = leaves(said, report, ("ThoroughfareNumber", "ThoroughfareNumber"), ("ThoroughfareName", "ThoroughfareName"))
    premise = leaves(
        said, report, ("PremiseName", "PremiseName"), ("PremiseNumber", "PremiseNumber"), ("BuildingName", "BuildingName")
    )
    postcode = leaves(said, report, ("Postcode", "PostalCodeNumber"))
    inner = (
        leaves(said, report, ("AddressLine", "AddressLine"), ("Locality", "LocalityName"))
        + box
        + _wrapped("Thoroughfare", street, said.get("ThoroughfareType"), report)
        + _wrapped("Premise", premise)
        + _wrapped("PostalCode", postcode)
    )
    return _wrapped("Locality", inner, said.get("LocalityType"), report)


def _wrapped(tag: str, inner: str, kind: Any = None, report: Report | None = None) -> str:
    if not inner:
        return ""
    mark = f' Type="{escape(kind, report)}"' if isinstance(kind, str) and report is not None else ""
    return f"<xAL:{tag}{mark}>{inner}</xAL:{tag}>"


def leaves(said: dict[str, Any], report: Report, *names: tuple[str, str]) -> str:
    """Elements with the text of members (member, element name); a member with several values has one for each."""
    found = []
    for key, tag in names:
        value = said.get(key)
        for item in value if isinstance(value, list) else [] if value is None else [value]:
            found.append(f"<xAL:{tag}>{escape(str(item), report)}</xAL:{tag}>")
    return "".join(found)


def _location(location: Any, shapes: Shapes) -> str:
    points = location.get("boundaries") if isinstance(location, dict) else None
    if not points:
        return ""
    members = "".join(f"<gml:pointMember>{shapes.point(tuple(point))}</gml:pointMember>" for point in points)
    return f"<core:multiPoint><gml:MultiPoint{shapes.named()}>{members}</gml:MultiPoint></core:multiPoint>"
