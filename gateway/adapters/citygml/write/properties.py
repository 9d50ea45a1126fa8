"""Properties as CityGML 2.0: standard attributes in their elements, others as generic attributes (the inverse of `attributes`)."""

from __future__ import annotations

import re
from typing import Any

from gateway.adapters.citygml.attributes import METRE, STANDARD
from gateway.adapters.citygml.write.schema import ATTRIBUTES, SINGLE
from gateway.adapters.citygml.write.text import escape, identifier, number
from gateway.model.report import Report

type Properties = dict[str, Any]

_YEAR = re.compile(r"-?\d{4,}(?:Z|[+-]\d\d:\d\d)?")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_RELATIONS = {
    f"relativeTo{what}": (
        f"entirelyAbove{where}",
        f"substantiallyAbove{where}",
        f"substantiallyAboveAndBelow{where}",
        f"substantiallyBelow{where}",
        f"entirelyBelow{where}",
        *more,
    )
    for what, where, more in (("Terrain", "Terrain", ()), ("Water", "WaterSurface", ("temporarilyAboveAndBelowWaterSurface",)))
}
_REFERENCE_MEMBERS = {"informationSystem", "name", "uri"}


class PropertyWriter:
    """Writes the properties of one object after another into slots (property name -> elements)."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def write(self, properties: Properties, sequence: tuple[str, ...], prefix: str, object_id: str) -> dict[str, list[str]]:
        """The slots of an object whose own properties (of namespace `prefix`) come in `sequence`."""
        slots: dict[str, list[str]] = {}
        rest = dict(properties)
        for key in sequence:
            if key in ATTRIBUTES and key in rest:
                elements = self._standard(f"{prefix}:{key}", key, rest, object_id)
                if elements is not None:
                    slots[key] = elements
                    for used in (key, f"{key}_uom", f"{key}_codeSpace"):
                        rest.pop(used, None)
        self._core(rest, slots, object_id)
        slots["generic"] = self._generics(rest, object_id)
        return slots

    def names(self, properties: Properties) -> list[str]:
        """gml:description and gml:name, which come before all else; taken out of `properties`."""
        found = []
        for key in ("description", "name"):
            value = properties.get(key)
            values = value if isinstance(value, list) and key == "name" else [value]
            texts = [item for item in values if isinstance(item, str)]
            if texts and len(texts) == len(values):
                found += [f"<gml:{key}>{escape(item, self._report)}</gml:{key}>" for item in texts]
                del properties[key]
        return found

    def _standard(self, tag: str, key: str, properties: Properties, object_id: str) -> list[str] | None:
        """The elements of a standard attribute; None if its value does not fit (then it becomes a generic attribute)."""
        value, kind = properties[key], ATTRIBUTES[key]
        values = value if isinstance(value, list) and kind != "lengths" else [value]
        if key in SINGLE and len(values) > 1:
            return None
        unit = properties.get(f"{key}_uom", METRE)
        space = properties.get(f"{key}_codeSpace")
        if not isinstance(unit, str) or not (space is None or isinstance(space, str)):
            return None
        written = [self._content(item, kind) for item in values]
        if not written or None in written:
            return None
        if kind == "reference":
            return [f'<{tag} xlink:href="#{content}"/>' for content in written]
        mark = f' uom="{escape(unit, self._report)}"' if kind in ("length", "lengths") else ""
        if kind == "code" and space is not None:
            mark = f' codeSpace="{escape(space, self._report)}"'
        return [f"<{tag}{mark}>{content}</{tag}>" for content in written]

    def _content(self, value: Any, kind: str) -> str | None:
        if isinstance(value, bool):
            return ("true" if value else "false") if kind == "boolean" else None
        if kind == "reference":
            return identifier(value) if isinstance(value, str) else None
        if kind == "code":
            return escape(value, self._report) if isinstance(value, str) and value and value == value.strip() else None
        if kind == "year":
            return (
                f"{value:04d}" if isinstance(value, int) else value if isinstance(value, str) and _YEAR.fullmatch(value) else None
            )
        if kind == "count":
            return str(value) if isinstance(value, int) and value >= 0 else None
        if kind == "length":
            return number(value) if isinstance(value, float) else None
        if kind == "lengths" and isinstance(value, list) and value:
            words = [number(item) if isinstance(item, float) else item for item in value]
            return " ".join(words) if all(isinstance(word, str) and " " not in word for word in words) else None
        return None

    def _core(self, properties: Properties, slots: dict[str, list[str]], object_id: str) -> None:
        """The properties every city object has."""
        for key in ("creationDate", "terminationDate"):
            value = properties.get(key)
            if isinstance(value, str) and _DATE.match(value):
                if len(value) > len("2024-05-17"):
                    self._report.changed(key, "CityGML 2.0 keeps the date without the time of day", object_id)
                slots[key] = [f"<core:{key}>{value[:10]}</core:{key}>"]
                del properties[key]
        for key in ("relativeToTerrain", "relativeToWater"):
            if properties.get(key) in _RELATIONS[key]:
                slots[key] = [f"<core:{key}>{escape(properties.pop(key), self._report)}</core:{key}>"]
        generalised = properties.pop("generalizesTo", None)
        if generalised is not None:
            targets = generalised if isinstance(generalised, list) else [generalised]
            slots["generalizesTo"] = [f'<core:generalizesTo xlink:href="#{identifier(str(target))}"/>' for target in targets]
        references = properties.get("externalReferences")
        if isinstance(references, list) and all(map(_is_reference, references)):
            slots["externalReference"] = [self._external(reference) for reference in references]
            del properties["externalReferences"]

    def _external(self, reference: dict[str, str]) -> str:
        system = reference.get("informationSystem")
        inner = "" if system is None else f"<core:informationSystem>{escape(system, self._report)}</core:informationSystem>"
        key = "name" if "name" in reference else "uri"
        named = f"<core:{key}>{escape(reference.get(key, ''), self._report)}</core:{key}>"
        return f"<core:externalReference>{inner}<core:externalObject>{named}</core:externalObject></core:externalReference>"

    # --- generic attributes ------------------------------------------------------------------------------------------

    def _generics(self, properties: Properties, object_id: str, *, inside: bool = False) -> list[str]:
        found: list[str] = []
        beside = {
            f"{key}{mark}"
            for key, value in properties.items()
            for mark, kind in (("_uom", float), ("_codeSpace", dict))
            if isinstance(value, kind) and isinstance(properties.get(f"{key}{mark}"), str)
        }
        for key, value in properties.items():
            if key not in beside:
                found += self._generic(key, value, properties, object_id, inside=inside)
        return found

    def _generic(self, key: str, value: Any, properties: Properties, object_id: str, *, inside: bool) -> list[str]:
        if isinstance(value, list):
            if len(value) < 2 or any(isinstance(item, list) for item in value):
                self._report.changed(f"attribute {key}", "a list in CityGML is the attribute repeated", object_id)
            return [element for item in value for element in self._generic(key, item, {}, object_id, inside=inside)]
        if value is None:
            self._report.lost(f"attribute {key}", "CityGML 2.0 has no generic attribute without a value", object_id)
            return []
        plain = key.removeprefix("generic_")
        name = escape(plain if plain in STANDARD else key, self._report)
        if key in STANDARD and not inside:
            self._report.changed(
                f"attribute {key}", "its value has no place in the standard attribute; it became generic", object_id
            )
        if isinstance(value, dict):
            space = properties.get(f"{key}_codeSpace")
            mark = f' codeSpace="{escape(space, self._report)}"' if isinstance(space, str) else ""
            inner = "".join(self._generics(value, object_id, inside=True))
            if not inner:
                self._report.lost(f"attribute {key}", "an empty set has no place in CityGML", object_id)
                return []
            return [f'<gen:genericAttributeSet name="{name}"{mark}>{inner}</gen:genericAttributeSet>']
        kind, content, mark = self._typed(key, value, properties, object_id)
        return [f'<gen:{kind}Attribute name="{name}"><gen:value{mark}>{content}</gen:value></gen:{kind}Attribute>']

    def _typed(self, key: str, value: Any, properties: Properties, object_id: str) -> tuple[str, str, str]:
        """Kind, content and unit of a generic attribute."""
        if isinstance(value, bool):
            self._report.changed(f"attribute {key}", "true and false become text in CityGML 2.0", object_id)
            return "string", "true" if value else "false", ""
        if isinstance(value, int):
            return "int", str(value), ""
        if isinstance(value, float):
            unit = properties.get(f"{key}_uom")
            if isinstance(unit, str):
                return "measure", number(value), f' uom="{escape(unit, self._report)}"'
            return "double", number(value), ""
        return "string", escape(str(value), self._report), ""


def _is_reference(value: Any) -> bool:
    if not isinstance(value, dict) or not set(value) <= _REFERENCE_MEMBERS or ("name" in value) == ("uri" in value):
        return False
    return all(isinstance(member, str) for member in value.values())
