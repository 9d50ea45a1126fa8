"""Properties as CityGML 3.0: what differs from 2.0 in dates, references, data types and generic attributes."""

from __future__ import annotations

from typing import Any

from gateway.adapters.citygml.attributes import METRE, YEARS
from gateway.adapters.citygml.write.properties import DATE, Properties, PropertyWriter
from gateway.adapters.citygml.write.spec import Spec
from gateway.adapters.citygml.write.structures import MEASURED, STRUCTURES, Structure
from gateway.adapters.citygml.write.text import escape, number

_DATES = ("creationDate", "terminationDate", "validFrom", "validTo")
_REFERENCE_MEMBERS = frozenset({"uri", "name", "informationSystem", "relationType"})


class NewPropertyWriter(PropertyWriter):
    """Writes the properties of one object after another as CityGML 3.0."""

    _beside = (("_uom", float), ("_codeSpace", dict), ("_codeSpace", str))

    def names(self, properties: Properties) -> list[str]:
        """gml:description, gml:identifier and gml:name, which come before all else; taken out of `properties`."""
        found = super().names(properties)
        own, space = properties.get("identifier"), properties.get("identifier_codeSpace")
        if isinstance(own, str) and isinstance(space, str):
            place = sum(part.startswith("<gml:description") for part in found)
            mark = f' codeSpace="{escape(space, self._report)}"'
            found.insert(place, f"<gml:identifier{mark}>{escape(own, self._report)}</gml:identifier>")
            del properties["identifier"], properties["identifier_codeSpace"]
        return found

    def _translate(self, properties: Properties, spec: Spec, slots: dict[str, list[str]], object_id: str) -> None:
        """Data types; and what 2.0 says in another way: the year of a date, the measured height."""
        for key, structure in STRUCTURES.items():
            if key in spec.properties and key in properties:
                values = properties[key] if isinstance(properties[key], list) else [properties[key]]
                written = [self._structure(structure, key, value) for value in values]
                if written and None not in written:
                    tag = spec.properties[key]
                    slots[key] = [f"<{tag}>{text}</{tag}>" for text in written]
                    del properties[key]
        if "dateOfConstruction" in spec.properties:
            self._year(properties)
        if "elevation" in spec.properties and "height" in spec.properties:
            self._measured_height(properties, spec, slots)

    @staticmethod
    def _year(properties: Properties) -> None:
        """A year is written as its first day; it stands beside it as a number, so that nobody takes it for more than it is."""
        for what in ("Construction", "Demolition"):
            year = properties.get(f"yearOf{what}")
            if isinstance(year, int) and not isinstance(year, bool) and 0 < year < 10_000:
                properties.setdefault(f"dateOf{what}", f"{year:04d}-01-01")

    def _measured_height(self, properties: Properties, spec: Spec, slots: dict[str, list[str]]) -> None:
        value, unit = properties.get("measuredHeight"), properties.get("measuredHeight_uom", METRE)
        values = value if isinstance(value, list) else [value]
        if isinstance(unit, str) and values and all(isinstance(item, float) for item in values):
            for item in values:
                text = self._structure(STRUCTURES["height"], "height", {**MEASURED, "value": item, "value_uom": unit})
                slots.setdefault("height", []).append(f"<{spec.properties['height']}>{text}</{spec.properties['height']}>")
            properties.pop("measuredHeight")
            properties.pop("measuredHeight_uom", None)

    def _structure(self, structure: Structure, key: str, value: Any) -> str | None:
        """An object as a data type; None if it does not fit."""
        if key == "groupMember" and isinstance(value, str):
            value = {"groupMember": value}
        if not isinstance(value, dict) or not structure.needed <= set(value):
            return None
        parts, used = [], set()
        for name, kind in structure.members:
            if name in value:
                parts.append(self._member(structure.tag(name), name, kind, value))
                used |= {name, f"{name}_uom", f"{name}_codeSpace"}
        if None in parts or set(value) - used:
            return None
        mark = self._named() if structure.identified else ""
        return f"<{structure.element}{mark}>{''.join(map(str, parts))}</{structure.element}>"

    def _member(self, tag: str, name: str, kind: str, value: Properties) -> str | None:
        content = _number_in(value[name]) if kind in ("position", "count") else self.content(value[name], kind)
        if kind == "length" and isinstance(value[name], int) and not isinstance(value[name], bool):
            content = str(value[name])
        if content is None:
            return None
        if kind == "reference":
            return f'<{tag} xlink:href="#{content}"/>'
        unit, space = value.get(f"{name}_uom", METRE), value.get(f"{name}_codeSpace")
        mark = f' uom="{escape(str(unit), self._report)}"' if kind == "length" else ""
        if kind == "code" and isinstance(space, str):
            mark = f' codeSpace="{escape(space, self._report)}"'
        return f"<{tag}{mark}>{content}</{tag}>"

    # --- the properties every object has -----------------------------------------------------------------------------

    def _core(self, properties: Properties, slots: dict[str, list[str]], object_id: str) -> None:
        for key in _DATES:
            value = properties.get(key)
            if isinstance(value, str) and DATE.match(value):
                moment = value if "T" in value else f"{value}T00:00:00"
                slots[key] = [f"<core:{key}>{escape(moment, self._report)}</core:{key}>"]
                del properties[key]
        references = properties.get("externalReferences")
        if isinstance(references, list) and references and all(map(_is_reference, references)):
            slots["externalReference"] = [self._target(reference, object_id) for reference in references]
            del properties["externalReferences"]
        super()._core(properties, slots, object_id)

    def _target(self, reference: dict[str, str], object_id: str) -> str:
        if "uri" not in reference:
            self._report.changed("external reference", "its name is written as the URI that CityGML 3.0 demands", object_id)
        target = reference.get("uri", reference.get("name", ""))
        parts = [f"<core:targetResource>{escape(target, self._report)}</core:targetResource>"]
        for member in ("informationSystem", "relationType"):
            if member in reference:
                parts.append(f"<core:{member}>{escape(reference[member], self._report)}</core:{member}>")
        return f"<core:externalReference><core:ExternalReference>{''.join(parts)}</core:ExternalReference></core:externalReference>"

    # --- generic attributes ------------------------------------------------------------------------------------------

    def _generics(self, properties: Properties, object_id: str, *, inside: bool = False) -> list[str]:
        tag = "gen:genericAttribute" if inside else "core:genericAttribute"
        return [f"<{tag}>{text}</{tag}>" for text in super()._generics(properties, object_id, inside=inside)]

    def _typed(self, key: str, value: Any, properties: Properties, object_id: str) -> tuple[str, str, str]:
        space = properties.get(f"{key}_codeSpace")
        if isinstance(value, str) and isinstance(space, str):
            return "Code", escape(value, self._report), f' codeSpace="{escape(space, self._report)}"'
        kind, content, mark = super()._typed(key, value, properties, object_id)
        return kind.capitalize(), content, mark

    def _is_standard(self, key: str) -> bool:
        return key not in YEARS and super()._is_standard(key)

    def _set(self, name: str, inner: str, space: str | None) -> str:
        code = "" if space is None else f"<gen:codeSpace>{space}</gen:codeSpace>"
        return f"<gen:GenericAttributeSet><gen:name>{name}</gen:name>{code}{inner}</gen:GenericAttributeSet>"

    def _attribute(self, kind: str, name: str, value: str) -> str:
        return f"<gen:{kind}Attribute><gen:name>{name}</gen:name>{value}</gen:{kind}Attribute>"


def _number_in(value: Any) -> str | None:
    """A single number, as itself or as the text that the reader kept."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    try:
        float(value)
    except (TypeError, ValueError):
        return None
    return str(value)


def _is_reference(value: Any) -> bool:
    if not isinstance(value, dict) or not set(value) <= _REFERENCE_MEMBERS or ("name" in value) == ("uri" in value):
        return False
    return all(isinstance(member, str) for member in value.values())
