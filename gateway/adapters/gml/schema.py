"""The application schema of a collection: XML Schema for its features, GML simple features level 0."""

from __future__ import annotations

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from gateway.adapters.gml.names import GML, ID, OTHER, VALIDITY, elements, name_of, namespace
from gateway.model.feature import Layer

_TYPES = {"boolean": "boolean", "integer": "long", "number": "double"}
_LEVELS = "http://schemas.opengis.net/gmlsfProfile/2.0/gmlsfLevels.xsd"


def declared(layer: Layer) -> list[str]:
    """The properties that the schema of a layer names, in order: its fields, and the validity of each feature."""
    names = [field.name for field in layer.fields]
    return [*names, *(name for name in VALIDITY if name not in names)]


def schema(layer: Layer) -> bytes:
    """The schema document of one collection."""
    types = {field.name: _TYPES.get(field.type, "string") for field in layer.fields}
    properties = declared(layer)
    names = elements(properties)
    body = "".join(_element(names[name], types.get(name, "string"), name) for name in properties)
    own, title = name_of(layer.id), layer.title or layer.id
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:gml="{GML}" xmlns:gmlsf="http://www.opengis.net/gmlsf/2.0"
  xmlns:twin={quoteattr(namespace(layer.id))} targetNamespace={quoteattr(namespace(layer.id))}
  elementFormDefault="qualified" version="1">
 <xs:annotation>
  <xs:appinfo source="{_LEVELS}"><gmlsf:ComplianceLevel>0</gmlsf:ComplianceLevel></xs:appinfo>
  <xs:documentation>{escape(title)}</xs:documentation>
 </xs:annotation>
 <xs:import namespace="{GML}" schemaLocation="http://schemas.opengis.net/gml/3.2.1/gml.xsd"/>
 <xs:import namespace="http://www.opengis.net/gmlsf/2.0" schemaLocation="{_LEVELS}"/>
 <xs:element name="{own}" type="twin:{own}Type" substitutionGroup="gml:AbstractFeature"/>
 <xs:complexType name="{own}Type">
  <xs:complexContent>
   <xs:extension base="gml:AbstractFeatureType">
    <xs:sequence>
     <xs:element name="{ID}" type="xs:string"/>
     <xs:element name="geometry" type="gml:GeometryPropertyType" minOccurs="0"/>
{body}     <xs:element name="{OTHER}" type="xs:string" minOccurs="0"/>
    </xs:sequence>
   </xs:extension>
  </xs:complexContent>
 </xs:complexType>
</xs:schema>
""".encode()


def _element(name: str, kind: str, property: str) -> str:
    told = f"<xs:annotation><xs:documentation>{escape(property)}</xs:documentation></xs:annotation>" if name != property else ""
    head = f'     <xs:element name="{name}" type="xs:{kind}" minOccurs="0"'
    return f"{head}>{told}</xs:element>\n" if told else f"{head}/>\n"


def undeclared(names: Iterable[str], layer: Layer) -> set[str]:
    """Which of `names` the schema of `layer` does not name."""
    return set(names) - set(declared(layer))
