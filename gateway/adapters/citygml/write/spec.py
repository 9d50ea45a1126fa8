"""What the writer must know of one version of CityGML: its elements and the order of their properties.

A sequence is written as the XSD has it: names of the element's own namespace plain, others with their prefix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

type Place = tuple[str, str]
"""The property that a boundary surface stands in, and its element."""


@dataclass(frozen=True, slots=True)
class Spec:
    """How one type is written: its element, its properties in order, where children and boundary surfaces go.

    `properties` gives the tag of each property by its local name, `order` its place; `levels` are those that geometries may
    have. `children` is by child type; a second name after ``|`` is for what lies inside. `surfaces` is by semantic type; `face`
    is how a boundary surface's geometry property ends.
    """

    element: str
    properties: Mapping[str, str]
    children: Mapping[str, str] = field(default_factory=dict)
    surfaces: Mapping[str, Place] = field(default_factory=dict)
    face: str = "MultiSurface"
    levels: tuple[int, ...] = ()
    order: Mapping[str, int] = field(default_factory=dict)

    def joined(self, slots: Mapping[str, list[str]]) -> str:
        """The elements of the slots, in the order of the properties."""
        order = self.order
        return "".join("".join(slots[slot]) for slot in sorted((slot for slot in slots if slot in order), key=order.__getitem__))


@dataclass(frozen=True, slots=True)
class Edition:
    """The tables of one version.

    `specs` is by CityJSON type (``Kind|`` is the form inside a building), `generic` is for all others; `surfaces` is by the
    element of a boundary surface. `attributes` says how a standard attribute is written (see `properties`); those in `single`
    may not be repeated. `levels` are its levels of detail, `semantic_levels` those at which boundary surfaces have faces, and
    openings begin at `openings_from`. `template` is the property of a prototype.
    """

    version: str
    namespaces: Mapping[str, str]
    specs: Mapping[str, Spec]
    generic: Spec
    surfaces: Mapping[str, Spec]
    attributes: Mapping[str, str]
    single: frozenset[str]
    levels: tuple[int, ...]
    semantic_levels: tuple[int, ...]
    openings_from: int
    template: str


def spec(
    element: str,
    words: str,
    children: Mapping[str, str] | None = None,
    surfaces: Mapping[str, Place] | None = None,
    face: str = "MultiSurface",
) -> Spec:
    """A spec from the names of its properties; ``lod[2-4]X`` stands for lod2X lod3X lod4X."""
    prefix = element.partition(":")[0]
    properties: dict[str, str] = {}
    for word in words.split():
        space, _, name = word.rpartition(":")
        for one in _levels(name):
            properties[one] = f"{space or prefix}:{one}"
    levels = tuple(sorted({int(name[3]) for name in properties if name.startswith("lod") and len(name) > 3}))
    return Spec(
        element, properties, children or {}, surfaces or {}, face, levels, {name: place for place, name in enumerate(properties)}
    )


def _levels(name: str) -> list[str]:
    if not name.startswith("lod["):
        return [name]
    return [f"lod{level}{name[8:]}" for level in range(int(name[4]), int(name[6]) + 1)]
