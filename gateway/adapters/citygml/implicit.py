"""Implicit geometries: a prototype in its own system, a matrix, and a reference point (CityGML 2.0 section 8.3)."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from lxml import etree

from gateway.adapters.citygml.attributes import Properties, put
from gateway.adapters.citygml.gml import Geometries
from gateway.adapters.citygml.names import HREF, IDS, local_name
from gateway.adapters.citygml.problems import Problems
from gateway.adapters.citygml.shape import Shape
from gateway.model.geometry import Geometry, Point

type Element = etree._Element

_MOST_TEMPLATES = 500
_IDENTITY = (1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)


class Implicit:
    """Reads implicit geometries; remembers the last 500 prototypes of the file, so that later objects may refer to them."""

    def __init__(self, geometries: Geometries, problems: Problems) -> None:
        self._geometries, self._problems = geometries, problems
        self._templates: OrderedDict[str, list[Geometry]] = OrderedDict()

    def read(self, holder: Element, lod: str, properties: Properties) -> list[Geometry]:
        """The geometries of a ``lodXImplicitRepresentation``: one for each kind in the prototype.

        A prototype in another file is never fetched: its address becomes a property and its anchor a point.
        """
        found: list[Geometry] = []
        for element in holder:
            parts = {local_name(part.tag): part for part in element}
            anchor = self._anchor(parts.get("referencePoint"))
            matrix = self._matrix(parts.get("transformationMatrix"))
            if anchor is None or matrix is None:
                continue
            prototype = parts.get("relativeGMLGeometry", parts.get("relativeGeometry"))
            templates = [] if prototype is None else self._prototype(prototype, lod)
            found += [Geometry("GeometryInstance", lod, [anchor], template=template, matrix=matrix) for template in templates]
            if not templates and "libraryObject" in parts:
                put(properties, "implicitGeometry", _outside(parts, lod, matrix))
                self._problems.report.changed(
                    "implicit geometry", "its prototype is another file; its anchor is kept as a point", self._object
                )
                found.append(Geometry("MultiPoint", lod, [anchor]))
        return found

    @property
    def _object(self) -> str | None:
        return self._geometries.object_id

    def _anchor(self, holder: Element | None) -> Point | None:
        shapes = [] if holder is None else self._geometries.shapes(holder)
        points = [point for shape in shapes if shape.type == "MultiPoint" for point in shape.parts]
        if not points:
            self._problems.report.lost("implicit geometry", "it has no reference point", self._object)
        return points[0] if points else None

    def _matrix(self, element: Element | None) -> tuple[float, ...] | None:
        if element is None:
            return _IDENTITY
        try:
            numbers = tuple(map(float, (element.text or "").split()))
        except ValueError:
            numbers = ()
        if len(numbers) != 16 or not all(abs(number) < 1e30 for number in numbers):
            self._problems.add("matrix", self._object, element.sourceline, element.text, "16 numbers")
            return None
        return numbers

    def _prototype(self, holder: Element, lod: str) -> list[Geometry]:
        href = (holder.get(HREF) or "").removeprefix("#")
        if not len(holder) and href in self._templates:
            self._templates.move_to_end(href)
            return self._templates[href]
        element = holder[0] if len(holder) else self._geometries.find(href) if href else None
        if element is None:
            self._problems.add("xlink-dangling", self._object, holder.sourceline, href or None)
            return []
        found = [_template(shape, lod) for shape in self._geometries.template(element)]
        identifier = element.get(IDS[0]) or element.get(IDS[1])
        if identifier and found:
            self._templates[identifier] = found
            while len(self._templates) > _MOST_TEMPLATES:
                self._templates.popitem(last=False)
        return found


def _template(shape: Shape, lod: str) -> Geometry:
    return Geometry(shape.type, lod, bare(shape.type, shape.parts))


def bare(kind: str, parts: list[Any]) -> list[Any]:
    """The boundaries of a shape: its parts without their keys."""
    if kind == "MultiPoint":
        return parts
    if kind in ("MultiLineString", "MultiSurface", "CompositeSurface"):
        return [part[0] for part in parts]
    if kind == "Solid":
        return [[face[0] for face in shell] for shell in parts]
    return [[[face[0] for face in shell] for shell in solid] for solid in parts]


def _outside(parts: dict[str, Element], lod: str, matrix: tuple[float, ...]) -> dict[str, Any]:
    said: dict[str, Any] = {key: (parts[key].text or "").strip() for key in ("libraryObject", "mimeType") if key in parts}
    return {"lod": lod, **said, "transformationMatrix": list(matrix)}
