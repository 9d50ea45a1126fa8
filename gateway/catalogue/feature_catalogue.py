"""Reads what an ISO 19110 feature catalogue inside a metadata document says of attributes (gfc, ISO 19139 encoding).

ISO 19139 itself only cites a catalogue; many catalogues of metadata embed one below ``gmd:contentInfo``, as ISO 19115-1 allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gateway.catalogue.reading import Element, local, own_text
from gateway.model.record import Attribute
from gateway.model.text import Text


def attributes(root: Element, text: Callable[[Element | None], Text]) -> Iterator[Attribute]:
    """The attributes of each feature type, by the type's name as the collection; `text` reads a property by language."""
    for kind in root.iterfind(".//{*}FC_FeatureType"):
        collection = own_text(kind.find("{*}typeName"))
        for attribute in kind.iterfind("{*}carrierOfCharacteristics/{*}FC_FeatureAttribute"):
            name = own_text(attribute.find("{*}memberName"))
            if name is not None:
                yield Attribute(name, _type(attribute), text(attribute.find("{*}definition")), collection)


def _type(attribute: Element) -> str | None:
    value = attribute.find("{*}valueType/{*}TypeName/{*}aName")
    return own_text(value) if value is not None and local(value) == "aName" else None
