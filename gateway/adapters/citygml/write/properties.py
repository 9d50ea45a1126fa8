"""Properties as CityGML 2.0: standard attributes in their elements, others as generic attributes (the inverse of `attributes`).

How a standard attribute is written (`Edition.attributes`): ``code`` and ``text`` are text, ``a|b`` is one of these words, ``year``,
``date``, ``count``, ``real`` and ``boolean`` say themselves, ``length`` has a unit, ``lengths`` are several, ``reference`` is
another object's id.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from gateway.adapters.citygml.attributes import METRE, STANDARD
from gateway.adapters.citygml.write.spec import Edition, Spec
from gateway.adapters.citygml.write.text import escape, identifier, number
from gateway.model.report import Report

type Properties = dict[str, Any]

_YEAR = re.compile(r"-?\d{4,}(?:Z|[+-]\d\d:\d\d)?")
DATE = re.compile(r"\d{4}-\d\d-\d\d")
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
    """Writes the properties of one object after another into slots (property name -> elements).

    `named` gives the gml:id of an element that has none of its own, where the version demands one.
    """

    _beside: tuple[tuple[str, type], ...] = (("_uom", float), ("_codeSpace", dict))

    def __init__(self, edition: Edition, report: Report, named: Callable[[], str]) -> None:
        self._edition, self._report, self._named = edition, report, named

    def write(self, properties: Properties, spec: Spec, object_id: str) -> dict[str, list[str]]:
        """The slots of an object or boundary surface."""
        slots: dict[str, list[str]] = {}
        if not properties:
            return slots
        rest = dict(properties)
        self._translate(rest, spec, slots, object_id)
        for key in list(rest):
            if key in rest and key in self._edition.attributes and key in spec.properties:
                elements = self._standard(spec.properties[key], key, rest)
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

    def _translate(self, properties: Properties, spec: Spec, slots: dict[str, list[str]], object_id: str) -> None:
        """What the other version says in another way: the year of a date."""
        for what in ("Construction", "Demolition"):
            date = properties.get(f"dateOf{what}")
            if f"yearOf{what}" in spec.properties and isinstance(date, str) and DATE.match(date):
                properties.setdefault(f"yearOf{what}", int(date[:4]))
                why = "CityGML 2.0 has a year only; the date stands beside it as a generic attribute"
                self._report.changed(f"dateOf{what}", why, object_id)

    def _standard(self, tag: str, key: str, properties: Properties) -> list[str] | None:
        """The elements of a standard attribute; None if its value does not fit (then it becomes a generic attribute)."""
        value, kind = properties[key], self._edition.attributes[key]
        values = value if isinstance(value, list) and kind != "lengths" else [value]
        if key in self._edition.single and len(values) > 1:
            return None
        unit = properties.get(f"{key}_uom", METRE)
        space = properties.get(f"{key}_codeSpace")
        if not isinstance(unit, str) or not (space is None or isinstance(space, str)):
            return None
        written = [self.content(item, kind) for item in values]
        if not written or None in written:
            return None
        if kind == "reference":
            return [f'<{tag} xlink:href="#{content}"/>' for content in written]
        mark = f' uom="{escape(unit, self._report)}"' if kind in ("length", "lengths") else ""
        if kind == "code" and space is not None:
            mark = f' codeSpace="{escape(space, self._report)}"'
        return [f"<{tag}{mark}>{content}</{tag}>" for content in written]

    def content(self, value: Any, kind: str) -> str | None:
        """A value as the text of an element of this kind; None where it does not fit."""
        if isinstance(value, bool):
            return ("true" if value else "false") if kind == "boolean" else None
        if isinstance(value, str):
            return self._words(value, kind)
        if kind == "year":
            return f"{value:04d}" if isinstance(value, int) else None
        if kind == "count":
            return str(value) if isinstance(value, int) and value >= 0 else None
        if kind in ("length", "real"):
            return number(value) if isinstance(value, float) else None
        if kind == "lengths" and isinstance(value, list) and value:
            words = [number(item) if isinstance(item, float) else item for item in value]
            return " ".join(words) if all(isinstance(word, str) and " " not in word for word in words) else None
        return None

    def _words(self, value: str, kind: str) -> str | None:
        if kind == "reference":
            return identifier(value)
        if kind in ("code", "text"):
            return escape(value, self._report) if value and value == value.strip() else None
        if "|" in kind:
            return value if value in kind.split("|") else None
        form = {"date": DATE, "year": _YEAR}.get(kind)
        return value if form is not None and form.fullmatch(value) else None

    def _core(self, properties: Properties, slots: dict[str, list[str]], object_id: str) -> None:
        """The properties every city object has."""
        for key in ("creationDate", "terminationDate"):
            value = properties.get(key)
            if isinstance(value, str) and DATE.match(value):
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
            for mark, kind in self._beside
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
            self._report.lost(f"attribute {key}", "CityGML has no generic attribute without a value", object_id)
            return []
        plain = key.removeprefix("generic_")
        name = escape(plain if self._is_standard(plain) else key, self._report)
        if self._is_standard(key) and not inside:
            self._report.changed(
                f"attribute {key}", "its value has no place in the standard attribute; it became generic", object_id
            )
        if isinstance(value, dict):
            space = properties.get(f"{key}_codeSpace")
            inner = "".join(self._generics(value, object_id, inside=True))
            if not inner:
                self._report.lost(f"attribute {key}", "an empty set has no place in CityGML", object_id)
                return []
            return [self._set(name, inner, escape(space, self._report) if isinstance(space, str) else None)]
        kind, content, mark = self._typed(key, value, properties, object_id)
        return [self._attribute(kind, name, f"<gen:value{mark}>{content}</gen:value>")]

    def _is_standard(self, key: str) -> bool:
        """Whether a generic attribute may not be called so."""
        return key in STANDARD or key in self._edition.attributes

    def _set(self, name: str, inner: str, space: str | None) -> str:
        mark = "" if space is None else f' codeSpace="{space}"'
        return f'<gen:genericAttributeSet name="{name}"{mark}>{inner}</gen:genericAttributeSet>'

    def _attribute(self, kind: str, name: str, value: str) -> str:
        return f'<gen:{kind}Attribute name="{name}">{value}</gen:{kind}Attribute>'

    def _typed(self, key: str, value: Any, properties: Properties, object_id: str) -> tuple[str, str, str]:
        """Kind, content and unit of a generic attribute."""
        if isinstance(value, bool):
            self._report.changed(f"attribute {key}", "true and false become text in CityGML", object_id)
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
