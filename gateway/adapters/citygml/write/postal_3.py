"""CityJSON address objects as xAL 3 in a core:Address of CityGML 3.0 (the inverse of `addresses`)."""

from __future__ import annotations

from typing import Any

from gateway.adapters.citygml.write.postal import KNOWN, known, leaves, wrap
from gateway.adapters.citygml.write.shapes import Shapes
from gateway.adapters.citygml.write.text import escape
from gateway.model.report import Report

_MEMBERS = KNOWN - {"CountryCode", "BuildingName"}
_PARTS: tuple[tuple[str, str | None, tuple[tuple[str, str], ...]], ...] = (
    ("FreeTextAddress", None, (("AddressLine", "AddressLine"),)),
    ("Country", None, (("Country", "NameElement"),)),
    ("AdministrativeArea", None, (("AdministrativeArea", "NameElement"),)),
    ("Locality", "LocalityType", (("Locality", "NameElement"),)),
    ("Thoroughfare", "ThoroughfareType", (("ThoroughfareName", "NameElement"), ("ThoroughfareNumber", "Number"))),
    ("Premises", None, (("PremiseName", "NameElement"), ("PremiseNumber", "Number"))),
    ("PostCode", None, (("Postcode", "Identifier"),)),
    ("PostalDeliveryPoint", None, (("PostBoxNumber", "Identifier"),)),
)
"""The parts of an xAL:Address in order: element, member with its type, members with their elements."""


def write(address: dict[str, Any], property_tag: str, shapes: Shapes, report: Report, object_id: str) -> str:
    """One address property; what xAL 3 has no place for here is counted as lost."""
    said = known(address, _MEMBERS, report, object_id)
    parts = []
    for element, typed, members in _PARTS:
        inner = leaves(said, report, *members)
        kind = said.get(typed) if typed is not None else None
        mark = f' xAL:Type="{escape(kind, report)}"' if isinstance(kind, str) else ""
        if inner:
            parts.append(f"<xAL:{element}{mark}>{inner}</xAL:{element}>")
    return wrap(f"<xAL:Address>{''.join(parts)}</xAL:Address>", said, property_tag, shapes)
