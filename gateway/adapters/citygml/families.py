"""From the element of a city object to its family of features: root, parts, installations, rooms, in that order."""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from gateway.adapters.citygml import addresses
from gateway.adapters.citygml.assembly import Draft, Meanings, assemble
from gateway.adapters.citygml.attributes import Attributes, put, said_by_year
from gateway.adapters.citygml.gml import Geometries
from gateway.adapters.citygml.implicit import Implicit
from gateway.adapters.citygml.names import HREF, IDS, Name, Names, Role, collection, given_id, local_name
from gateway.adapters.citygml.problems import Problems
from gateway.adapters.citygml.shape import Shape
from gateway.model.feature import Feature
from gateway.model.geometry import BoundarySurface

type Element = etree._Element

_NCNAME = re.compile(r"[^\W\d][\w.\-·]*")
_DATE = re.compile(r"\d{4}-\d\d-\d\d$")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?$")
_MEANINGLESS = "+GenericThematicSurface"
_CHECKED_IDS = 250_000
_LONGEST_OPAQUE = 8 << 20


class Families:
    """Builds the family of one city object after another. `names` takes tags apart (and remembers them)."""

    def __init__(self, problems: Problems, geometries: Geometries, names: Names) -> None:
        self._problems, self._geometries, self._names = problems, geometries, names
        self._report = problems.report
        self._attributes = Attributes(problems, names)
        self._implicit = Implicit(geometries, problems)
        self._meanings = Meanings()
        self._drafts: list[Draft] = []
        self._seen: set[int] = set()

    def read(self, element: Element) -> Iterator[Feature]:
        """The features of the city object `element`, root first; parents come before their children."""
        self._meanings.clear()
        self._drafts = []
        self._geometries.begin(element)
        name = self._names[element.tag]
        self._object(element, name, name.object or f"+{name.local}", None)
        for draft in self._drafts:
            self._geometries.object_id = draft.feature.id
            assemble(draft, self._shapes(draft), self._meanings, self._report)
        features = [draft.feature for draft in self._drafts]
        self._drafts.clear()
        self._meanings.clear()
        self._geometries.end()
        yield from features

    def _object(self, element: Element, name: Name, kind: str, parent: Draft | None) -> str:
        feature = Feature(self._id(element, name, parent), kind, collection(name.module), place=f"line {element.sourceline}")
        if parent is not None:
            feature.parent = parent.feature.id
            if not name.module or name.module == "construction":
                feature.collection = parent.feature.collection
        if name.local.startswith("Int") and kind.endswith("Installation"):
            feature.properties["relationToConstruction"] = "inside"
        draft = Draft(feature)
        self._drafts.append(draft)
        self._enter(feature.id)
        names = self._names
        for child in element:
            child_name = names[child.tag]
            if child_name.role is Role.OTHER:
                self._other(draft, child, child_name)
            else:
                self._special(draft, child, child_name)
        said_by_year(feature.properties)
        feature.validity = self._validity(feature)
        return feature.id

    def _special(self, draft: Draft, element: Element, name: Name) -> None:
        """A property with a meaning of its own."""
        feature, role = draft.feature, name.role
        if role is Role.GEOMETRY:
            self._hold_geometry(draft, element, name)
        elif role is Role.GENERIC:
            self._attributes.generic(feature.properties, element)
        elif role is Role.GENERIC_3:
            self._attributes.generic_3(feature.properties, element)
        elif role is Role.EXTERNAL:
            _external(feature.properties, element)
        elif role is Role.ADDRESS:
            feature.addresses += addresses.read(element, self._geometries)
        elif role is Role.OPAQUE:
            self._keep(feature, element)
        elif role is not Role.SKIP:
            self._other(draft, element, name)

    def _enter(self, object_id: str) -> None:
        self._attributes.object_id = self._geometries.object_id = object_id

    # --- properties --------------------------------------------------------------------------------------------------

    def _hold_geometry(self, draft: Draft, element: Element, name: Name) -> None:
        if name.form.startswith("Implicit"):
            draft.done += self._implicit.read(element, name.lod, draft.feature.properties)
        else:
            draft.holders.append((name.lod, name.form, element))

    def _shapes(self, draft: Draft) -> Iterator[tuple[str, str, Shape]]:
        level = str(draft.feature.properties.get("lod", "0"))
        for lod, form, element in draft.holders:
            for shape in self._geometries.shapes(element):
                yield lod or level, form, shape

    def _other(self, draft: Draft, element: Element, name: Name) -> None:
        """An attribute, a boundary surface, a part, a data type, or what an extension adds."""
        if not len(element):
            self._attributes.leaf(draft.feature.properties, element, name.local)
            return
        for child in element:
            child_name = self._names[child.tag]
            surface = child_name.surface or self._foreign_surface(child, child_name)
            if surface == _MEANINGLESS and self._says_nothing(child):
                for part in child:
                    self._hold_geometry(draft, part, self._names[part.tag])
                continue
            if surface is not None:
                self._surface(draft, child, surface, None)
                continue
            kind = child_name.object or self._foreign_object(child, child_name)
            if kind is None:
                self._value(draft, element, name, child_name)
                return
            self._child(draft, child, child_name, kind)

    def _child(self, draft: Draft, element: Element, name: Name, kind: str) -> None:
        child_id = self._object(element, name, kind, draft)
        draft.feature.children = (*draft.feature.children, child_id)
        self._enter(draft.feature.id)

    def _value(self, draft: Draft, element: Element, name: Name, child: Name) -> None:
        if not name.module or not child.module or child.module == "gml" or self._holds_foreign(element):
            self._keep(draft.feature, element)
        else:
            self._attributes.structure(draft.feature.properties, element)

    def _holds_foreign(self, element: Element) -> bool:
        names = (self._names[part.tag] for part in element.iter(etree.Element))
        return any(not name.module or (name.module == "gml" and name.local in ("pos", "posList")) for name in names)

    def _says_nothing(self, element: Element) -> bool:
        """Whether a generic boundary surface is there for its faces alone, because its object has no property for them."""
        return given_id(element) is None and all(self._names[part.tag].role is Role.GEOMETRY for part in element)

    def _foreign_surface(self, element: Element, name: Name) -> str | None:
        """Whether an extension's element is a boundary surface: it is called so and has a geometry."""
        if name.module or not name.local.endswith("Surface") or not self._has_geometry(element):
            return None
        return f"+{name.local}"

    def _foreign_object(self, element: Element, name: Name) -> str | None:
        """Whether an extension's element is a feature: it has a geometry or an id (as have unknown features of a module)."""
        if name.module == "gml":
            return None
        identified = element.get(IDS[0]) or element.get(IDS[1])
        is_feature = self._has_geometry(element) or (identified is not None and not name.module)
        return f"+{name.local}" if is_feature else None

    def _has_geometry(self, element: Element) -> bool:
        return any(self._names[child.tag].role is Role.GEOMETRY for child in element)

    def _keep(self, feature: Feature, element: Element) -> None:
        """Keep an element as it is, with the namespaces it needs."""
        what = local_name(element.tag)
        fragment = copy.deepcopy(element)
        fragment.tail = None
        etree.cleanup_namespaces(fragment)
        text = etree.tostring(fragment, encoding="unicode")
        if len(text) + sum(map(len, feature.opaque)) > _LONGEST_OPAQUE:
            self._report.lost(what, "more XML of unknown meaning on one object than is kept", feature.id)
            return
        feature.opaque.append(text)
        self._report.opaque(what, "kept as XML; its meaning is not read", feature.id)

    # --- boundary surfaces -------------------------------------------------------------------------------------------

    def _surface(self, draft: Draft, element: Element, kind: str, parent: int | None) -> int:
        number = len(draft.surfaces)
        surface = BoundarySurface(kind, given_id(element), {}, parent)
        draft.surfaces.append(surface)
        for child in element:
            name = self._names[child.tag]
            if name.role is Role.GEOMETRY:
                self._surface_geometry(draft, child, name, number)
            elif name.role is Role.OTHER or name.role is Role.FOREIGN:
                self._surface_other(draft, child, name, number)
            else:
                self._surface_special(draft, child, name.role, surface)
        return number

    def _surface_special(self, draft: Draft, element: Element, role: Role, surface: BoundarySurface) -> None:
        if role is Role.GENERIC:
            self._attributes.generic(surface.attributes, element)
        elif role is Role.GENERIC_3:
            self._attributes.generic_3(surface.attributes, element)
        elif role is Role.EXTERNAL:
            _external(surface.attributes, element)
        elif role is Role.ADDRESS:
            surface.attributes.setdefault("address", []).extend(addresses.read(element, self._geometries))
        elif role is Role.OPAQUE:
            self._keep(draft.feature, element)

    def _surface_geometry(self, draft: Draft, element: Element, name: Name, number: int) -> None:
        plain = self._geometries.plain(element)
        if plain is not None:
            parts = draft.faces.setdefault(name.lod, [])
            for face in plain:
                parts.append((face, number))
                self._meanings.add(face[1], draft, number)
            return
        if name.form.startswith("Implicit"):
            self._report.changed("opening", "its implicit geometry stands with its building", draft.feature.id)
            draft.done += self._implicit.read(element, name.lod, draft.feature.properties)
            return
        for shape in self._geometries.shapes(element):
            if shape.type in ("MultiSurface", "CompositeSurface"):
                store: dict[str, list[Any]] = draft.faces
            elif shape.type == "MultiLineString":
                store = draft.lines
            else:
                self._report.lost(f"{shape.type} of a boundary surface", "surfaces have faces and lines only", draft.feature.id)
                continue
            store_at = store.setdefault(name.lod, [])
            for part in shape.parts:
                store_at.append((part, number))
                self._meanings.add(part[1], draft, number)

    def _surface_other(self, draft: Draft, element: Element, name: Name, number: int) -> None:
        attributes = draft.surfaces[number].attributes
        if not len(element):
            self._attributes.leaf(attributes, element, name.local)
            return
        for child in element:
            child_name = self._names[child.tag]
            kind = child_name.surface or self._foreign_surface(child, child_name)
            if kind is not None:
                inner = self._surface(draft, child, kind, number)
                draft.surfaces[number].children = (*draft.surfaces[number].children, inner)
                continue
            object_kind = child_name.object or self._foreign_object(child, child_name)
            if object_kind is not None:
                self._child(draft, child, child_name, object_kind)
            elif name.module and child_name.module not in ("", "gml") and not self._holds_foreign(element):
                self._attributes.structure(attributes, element)
                return
            else:
                self._keep(draft.feature, element)
                return

    # --- identity and time -------------------------------------------------------------------------------------------

    def _id(self, element: Element, name: Name, parent: Draft | None) -> str:
        identifier = element.get(IDS[0]) or element.get(IDS[1])
        if identifier is None:
            content = etree.tostring(element, with_tail=False)
            owner = f"{parent.feature.id}/{len(parent.feature.children)}" if parent is not None else ""
            identifier = f"{name.local}-{hashlib.sha256(owner.encode() + content).hexdigest()[:20]}"
            self._problems.add("id-missing", identifier, element.sourceline)
        elif _NCNAME.fullmatch(identifier) is None:
            self._problems.add("id-form", identifier, element.sourceline, identifier)
        mark = hash(identifier)
        if mark in self._seen:
            self._problems.add("id-twice", identifier, element.sourceline)
        elif len(self._seen) < _CHECKED_IDS:
            self._seen.add(mark)
        else:
            self._report.note(f"ids were compared for the first {_CHECKED_IDS} objects only")
        return identifier

    def _validity(self, feature: Feature) -> tuple[str | None, str | None] | None:
        properties = feature.properties
        times = (
            self._time(properties.get("validFrom", properties.get("creationDate")), feature.id),
            self._time(properties.get("validTo", properties.get("terminationDate")), feature.id),
        )
        return None if times == (None, None) else times

    def _time(self, text: Any, object_id: str) -> str | None:
        """An RFC 3339 date or time; the property keeps what the file says."""
        if not isinstance(text, str):
            return None
        if _DATE.match(text):
            return text
        if not _TIME.match(text):
            self._report.changed("validity", "a date of another form than 2024-05-17 stays an attribute only", object_id)
            return None
        if text[-1] == "Z" or text[-6] in "+-":
            return text
        self._report.changed("validity", "a time without a zone is taken as UTC", object_id)
        return f"{text}Z"


def _external(properties: dict[str, Any], element: Element) -> None:
    """An external reference as an object of informationSystem and name or uri (3.0's targetResource; it has relationType too)."""
    said: dict[str, Any] = {}
    for part in element.iter(etree.Element):
        text = (part.text or "").strip() or (part.get(HREF) if part is not element else None)
        if not len(part) and text:
            local = local_name(part.tag)
            put(said, "uri" if local == "targetResource" else local, text)
    if said:
        properties.setdefault("externalReferences", []).append(said)
