"""Names of XML for what is called anything: collections, properties and ids."""

from __future__ import annotations

import re
from collections.abc import Iterable

GML = "http://www.opengis.net/gml/3.2"
SF = "http://www.opengis.net/ogcapi-features-1/1.0/sf"
SF_LOCATION = "http://schemas.opengis.net/ogcapi/features/part1/1.0/xml/core-sf.xsd"
OTHER = "other"
"""The element that holds, as JSON text, the properties that the schema does not name."""
ID = "gw_id"
"""The element that holds the id as it is; `gml:id` must be a name of XML."""
VALIDITY = ("validFrom", "validTo")

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*", re.ASCII)
_STRANGE = re.compile(r"[^A-Za-z0-9.-]", re.ASCII)


def namespace(collection: str) -> str:
    """The namespace of a collection's features: the same wherever the twin is served."""
    return f"urn:twin-gateway:features:{name_of(collection)}"


def name_of(text: str) -> str:
    """A name of XML for `text`: itself where it is one, else with every other character, and ``_``, as ``_hex_``."""
    if _PLAIN.fullmatch(text):
        return text
    found = _STRANGE.sub(lambda match: f"_{ord(match[0]):x}_", text)
    return found if found[:1].isalpha() or found[:1] == "_" else f"_{found}"


def elements(properties: Iterable[str]) -> dict[str, str]:
    """The element of each property: no two alike, and none that the schema has a meaning for."""
    taken = {"geometry", ID, OTHER}
    found: dict[str, str] = {}
    for text in properties:
        name = plain = name_of(text)
        number = 1
        while name in taken:
            number += 1
            name = f"{plain}_{number}"
        taken.add(name)
        found[text] = name
    return found
