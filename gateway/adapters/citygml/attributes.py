"""Thematic attributes: from property elements to `Feature.properties`, under CityJSON 2.0's spelling for the standard ones.

Conventions, the same for every module and version:

- A standard attribute has its local name (``function``, ``roofType``); repeated, its value is a list in file order.
- A unit or code space stands beside it as ``<name>_uom`` and ``<name>_codeSpace``, as the file wrote it; the unit ``m`` of a
  standard attribute is understood.
- ``yearOfConstruction`` is an integer, a date stays the text it was: nothing is made more precise than it is. In CityGML 3.0,
  which has moments and dates only, midnight without a zone says a day, and the first day of a year said beside it says the year.
- A generic attribute has its own name; one called like a standard attribute becomes ``generic_<name>``.
- A set of generic attributes, and a data type of 3.0 (``occupancy``, ``qualifiedArea``), is an object of such members.
- CityGML 3.0's measured height from the lowest ground point to the highest roof edge is 2.0's ``measuredHeight``.
- A reference to another object is its id, without the ``#``.
"""

from __future__ import annotations

import math
import re
from typing import Any

from lxml import etree

from gateway.adapters.citygml.names import (
    BOOLEANS,
    CREATED,
    HREF,
    INTEGERS,
    MEASURE_LISTS,
    MEASURES,
    NUMBERS,
    Names,
    local_name,
)
from gateway.adapters.citygml.problems import Problems

type Element = etree._Element
type Properties = dict[str, Any]

STANDARD = (
    INTEGERS
    | MEASURES
    | MEASURE_LISTS
    | BOOLEANS
    | {
        "name", "description", "class", "function", "usage", "roofType", "creationDate", "terminationDate", "relativeToTerrain",
        "relativeToWater", "generalizesTo", "externalReferences", "species", "surfaceMaterial",
    }
)  # fmt: skip
"""Names that a generic attribute may not take: the standard attributes of CityGML 2.0."""

YEARS = ("yearOfConstruction", "yearOfDemolition")
"""Standard attributes of CityGML 2.0 that 3.0 lacks; a generic attribute of 3.0 may be called so and means the same."""

METRE = "m"
_WHOLE = re.compile(r"[+-]?\d{1,18}")
_DEEPEST = 16
_ROOF_TO_GROUND = ("highestRoofEdge", "lowestGroundPoint", "measured")


class Attributes:
    """Turns property elements into properties; problems name the object being read."""

    def __init__(self, problems: Problems, names: Names) -> None:
        self._problems, self._names = problems, names
        self.object_id: str | None = None

    def leaf(self, properties: Properties, element: Element, key: str) -> None:
        """A property element without children (local name `key`): its text, typed, or what it refers to."""
        text = (element.text or "").strip()
        if not text:
            href = element.get(HREF)
            if href:
                put(properties, key, href.removeprefix("#"))
            return
        unit = element.get("uom")
        if key in INTEGERS:
            value: Any = int(text) if _WHOLE.fullmatch(text) else text
        elif key in MEASURE_LISTS:
            value = [self._number(word, element) for word in text.split()]
        elif unit is not None or key in MEASURES or key in NUMBERS:
            value = self._number(text, element)
        elif key in BOOLEANS:
            value = {"true": True, "1": True, "false": False, "0": False}.get(text, text)
        elif key in CREATED:
            value = text.removesuffix("T00:00:00")
        else:
            value = text
        if key in properties:
            put(properties, key, value)
        else:
            properties[key] = value
        if unit is not None and unit != METRE:
            beside(properties, f"{key}_uom", unit)
        space = element.get("codeSpace")
        if space is not None:
            beside(properties, f"{key}_codeSpace", space)

    def generic(self, properties: Properties, element: Element, *, inside: bool = False) -> None:
        """A generic attribute or set of CityGML 1.0 and 2.0 (the name is an XML attribute); `inside` a set any name is free."""
        kind, name = local_name(element.tag), element.get("name") or "unnamed"
        name = name if inside else own_name(name)
        if kind.endswith("Set"):
            self._set(properties, name, element, element.get("codeSpace"), list(element))
        elif len(element):
            self._generic(properties, name, kind, element[0])

    def generic_3(self, properties: Properties, holder: Element, *, inside: bool = False) -> None:
        """A core:genericAttribute of CityGML 3.0 (the name is an element); `inside` a set any name is free."""
        for element in holder:
            kind, parts = local_name(element.tag), {local_name(child.tag): child for child in element}
            named = parts.get("name")
            name = ((named.text if named is not None else None) or "unnamed").strip()
            name = name if inside or name in YEARS else own_name(name)
            if kind.endswith("Set"):
                inner = [child for child in element if local_name(child.tag) == "genericAttribute"]
                space = parts["codeSpace"].text if "codeSpace" in parts else None
                self._set(properties, name, element, space, inner)
            elif "value" in parts:
                self._generic(properties, name, kind, parts["value"])

    def _set(self, properties: Properties, name: str, element: Element, space: str | None, members: list[Element]) -> None:
        inner: Properties = {}
        for member in members:
            if local_name(member.tag) == "genericAttribute":
                self.generic_3(inner, member, inside=True)
            else:
                self.generic(inner, member, inside=True)
        put(properties, name, inner)
        if space is not None:
            beside(properties, f"{name}_codeSpace", space)

    def _generic(self, properties: Properties, name: str, kind: str, element: Element) -> None:
        text = element.text or ""
        value: Any = text
        if kind in ("intAttribute", "IntAttribute"):
            stripped = text.strip()
            if _WHOLE.fullmatch(stripped):
                value = int(stripped)
            else:
                self._problems.add("value-number", self.object_id, element.sourceline, text)
        elif kind in ("doubleAttribute", "DoubleAttribute", "measureAttribute", "MeasureAttribute"):
            value = self._number(text.strip(), element)
        elif kind not in ("stringAttribute", "StringAttribute"):
            why = "dates, addresses of resources and codes are kept as text"
            self._problems.report.changed(f"generic {kind}", why, self.object_id)
        put(properties, name, value)
        for mark in ("uom", "codeSpace"):
            if (beside_it := element.get(mark)) is not None:
                beside(properties, f"{name}_{mark}", beside_it)

    def _number(self, text: str, element: Element) -> float | str:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if math.isfinite(value) and "_" not in text:
            return value
        if local_name(element.tag) not in MEASURE_LISTS:  # there a word is a reason for nothing (gml:NilReasonType)
            self._problems.add("value-number", self.object_id, element.sourceline, text)
        return text

    def structure(self, properties: Properties, holder: Element) -> None:
        """A property whose value is a data type: an object of its members."""
        key = local_name(holder.tag)
        for element in holder:
            value: Properties = {}
            self._fill(value, element, 1)
            if key == "height" and _is_measured_height(value):
                put(properties, "measuredHeight", value["value"])
                if "value_uom" in value:
                    beside(properties, "measuredHeight_uom", value["value_uom"])
            elif key == "groupMember" and set(value) == {key}:
                put(properties, key, value[key])
            elif value:
                put(properties, key, value)

    def _fill(self, properties: Properties, element: Element, depth: int) -> None:
        if depth > _DEEPEST:
            self._problems.report.lost("nested attribute", f"more than {_DEEPEST} levels deep", self.object_id)
            return
        for child in element:
            if not len(child):
                self._member(properties, child)
            elif self._names[child.tag].role.name == "GENERIC_3":
                self.generic_3(properties, child)
            else:
                for part in child:
                    inner: Properties = {}
                    self._fill(inner, part, depth + 1)
                    if inner:
                        put(properties, local_name(child.tag), inner)

    def _member(self, properties: Properties, child: Element) -> None:
        if local_name(child.tag) == "value" and _WHOLE.fullmatch(child.text or "") and child.get("uom") is None:
            put(properties, "value", int(child.text or ""))
        else:
            self.leaf(properties, child, local_name(child.tag))


def said_by_year(properties: Properties) -> None:
    """Take out the date that only repeats a year of construction or demolition."""
    for key in YEARS:
        year, date = properties.get(key), key.replace("yearOf", "dateOf")
        if isinstance(year, int) and properties.get(date) == f"{year:04d}-01-01":
            del properties[date]


def own_name(name: str) -> str:
    """The key of a generic attribute."""
    return f"generic_{name}" if name in STANDARD else name


def put(properties: Properties, key: str, value: Any) -> None:
    """Set a property; a second value of the same name makes it a list."""
    if key not in properties:
        properties[key] = value
    elif isinstance(properties[key], list):
        properties[key] = [*properties[key], *(value if isinstance(value, list) else [value])]
    else:
        properties[key] = [properties[key], value]


def beside(properties: Properties, key: str, value: str) -> None:
    """Set a unit or code space; a list only where the values of one property differ in it."""
    before = properties.get(key)
    if before is None:
        properties[key] = value
    elif before != value:
        put(properties, key, value)


def _is_measured_height(value: Properties) -> bool:
    rest = set(value) - {"highReference", "lowReference", "status", "value", "value_uom"}
    measured = tuple(value.get(key) for key in ("highReference", "lowReference", "status")) == _ROOF_TO_GROUND
    return measured and not rest and isinstance(value.get("value"), float)
