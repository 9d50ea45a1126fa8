"""Reads CityGML 1.0, 2.0 and 3.0 as a stream: one city object at a time is in memory.

Header: the version from the root's namespace, title and description from gml:name and gml:description, the reference system
from the envelope, else from the first srsName in the file (see `references`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from lxml import etree

from gateway.adapters.citygml.families import Families
from gateway.adapters.citygml.gml import Geometries
from gateway.adapters.citygml.names import MEMBERS, ROOT, Names, local_name
from gateway.adapters.citygml.problems import Problems
from gateway.adapters.citygml.references import Reference, corners_of, decide, look_ahead, mover
from gateway.adapters.citygml.shape import Frame
from gateway.errors import Unreadable
from gateway.gates import xml
from gateway.geo import crs as systems
from gateway.model.crs import Crs
from gateway.model.feature import Feature
from gateway.model.finding import Finding
from gateway.model.report import Report
from gateway.ports import Header, ReadOptions

type Element = etree._Element

_TAGS = ("{*}CityModel", *(f"{{*}}{member}" for member in MEMBERS))
_MOST_FRAMES = 100


class CityGmlReading:
    """An open CityGML file (`ports.Reading`): `header` is known at once, features come as a stream, once."""

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.report = Report()
        self._path, self._options = path, options
        self._problems = Problems(self.report, path.name)
        self._stream = xml.stream(path, _TAGS, place=path.name)
        self._events = iter(self._stream)
        self._names = Names()
        self._references: dict[str, Frame] = {}
        try:
            root, self._pending = self._start()
            version = _version(root, path.name)
            self._reference, sample = self._reference_of(root)
        except BaseException:
            self._stream.close()
            raise
        self._sample = sample
        self.header = self._header(root, version)
        self._geometries = Geometries(self._problems, self._home(root), self._frame)
        self._families = Families(self._problems, self._geometries, self._names)

    @property
    def problems(self) -> list[Finding]:
        """What is wrong but did not stop the reading, so far."""
        return self._problems.findings

    def __iter__(self) -> Iterator[Feature]:
        if self._pending:
            for event, element in self._events:
                if event == "end" and local_name(element.tag) in MEMBERS and _is_outermost(element):
                    yield from self._member(element)
                    self._stream.release(element)
        self._stream.close()

    def close(self) -> None:
        """Close the file; the iteration may stop before its end."""
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # --- the header --------------------------------------------------------------------------------------------------

    def _start(self) -> tuple[Element, bool]:
        """The root with what stands before the first member, and whether there is a member."""
        root: Element | None = None
        for event, element in self._events:
            if root is None:
                root = element
            elif event == "start":
                return root, True
            else:
                return root, False
        raise Unreadable("no CityModel is the root of this file", place=self._path.name)

    def _reference_of(self, root: Element) -> tuple[Reference | None, tuple[float, float] | None]:
        envelope = next((part for part in root.iter("{*}Envelope")), None)
        name = None if envelope is None else envelope.get("srsName")
        found, sample = look_ahead(self._path, for_name=name is None)
        name = name or found
        if name is None:
            return (None if self._options.crs is None else Reference(self._options.crs)), sample
        reference = decide(name, sample, corners_of(envelope))
        if reference.contradicted:
            self._problems.add("crs-axes", None, None, name)
        if reference.undecided:
            self._problems.add("crs-axes-open", None, None, name)
        if systems.reads_as_esri(name):
            self.report.note(f"{name} is not a code of EPSG; it is read as {reference.crs.code}")
        given = self._options.crs
        if given is not None and reference.crs.is_known and not systems.same(given, reference.crs):
            self._problems.add("crs-conflict", None, None, name, given.code)
        if given is not None and not reference.crs.is_known:
            self.report.note(f"{name} is no known reference system; {given.code} was given and is used")
            return Reference(given, text=name), sample
        return reference, sample

    def _header(self, root: Element, version: str) -> Header:
        said = {local_name(part.tag): (part.text or "").strip() for part in root if not len(part)}
        crs: Crs | None = None if self._reference is None else self._reference.crs
        if any(local_name(part.tag) == "metaDataProperty" for part in root):
            self.report.lost("metaDataProperty", "metadata of the model itself is not read")
        ids = "source" if self._options.id_field is None else "field"
        return Header("citygml", version, crs, said.get("name") or None, said.get("description") or None, ids=ids)

    # --- frames ----------------------------------------------------------------------------------------------

    def _home(self, root: Element) -> Frame:
        envelope = next((part for part in root.iter("{*}Envelope")), None)
        dimension = 2 if envelope is not None and envelope.get("srsDimension") == "2" else 3
        return Frame(self._reference is not None and self._reference.swap, dimension)

    def _frame(self, name: str, element: Element) -> Frame:
        """The frame of a geometry that names its own reference system."""
        frame = self._references.get(name)
        if frame is None:
            if len(self._references) >= _MOST_FRAMES:
                self._references.clear()
            frame = self._references[name] = self._frame_of(name)
        holding = self._geometries.frame
        if not frame.usable or (frame.move is not None and frame.move is not holding.move):
            kind = "crs-mixed" if frame.usable else "crs-unusable"
            expected = None if self.header.crs is None else self.header.crs.code
            self._problems.add(kind, self._geometries.object_id, element.sourceline, name, expected)
        return frame

    def _frame_of(self, name: str) -> Frame:
        home = self._geometries.home
        ours = self._reference
        if ours is None or name == ours.text:
            return home
        reference = decide(name, None)
        if systems.same(reference.crs, ours.crs) or systems.horizontal_of(reference.crs) == systems.horizontal_of(ours.crs):
            return Frame(decide(name, self._sample).swap, home.dimension)
        move = mover(reference, ours.crs)
        return Frame(reference.swap, home.dimension, move, usable=move is not None)

    # --- members -----------------------------------------------------------------------------------------------------

    def _member(self, member: Element) -> Iterator[Feature]:
        if not len(member):
            self.report.lost("member by reference", "objects in other files are never fetched", f"line {member.sourceline}")
        for element in member:
            name = self._names[element.tag]
            if name.local == "Appearance":
                self.report.lost(
                    "Appearance", "an appearance of the whole model belongs to no object", f"line {element.sourceline}"
                )
                continue
            family = self._families.read(element)
            for feature in family if self._options.id_field is None else _renamed(list(family), self._options.id_field):
                self.report.read[feature.type] += 1
                yield feature


def _renamed(family: list[Feature], field: str) -> list[Feature]:
    """The family with the values of a property as ids, wherever it is there."""
    names = {item.id: str(item.properties[field]) for item in family if isinstance(item.properties.get(field), str | int)}
    for feature in family:
        feature.id = names.get(feature.id, feature.id)
        feature.parent = None if feature.parent is None else names.get(feature.parent, feature.parent)
        feature.children = tuple(names.get(child, child) for child in feature.children)
    return family


def _is_outermost(element: Element) -> bool:
    parent = element.getparent()
    return parent is not None and parent.getparent() is None


def _version(root: Element, place: str) -> str:
    found = ROOT.match(root.tag)
    if found is None:
        raise Unreadable(f"the root {root.tag[:200]} is no CityModel of CityGML 1.0, 2.0 or 3.0", place=place)
    return f"{found.group(1)}.0"
