"""Walks an IFC model as families (building, storeys, spaces, elements) and yields plain frames for the gateway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import ifcopenshell
import ifcopenshell.util.element as elements

from gateway.adapters.ifc import mesh, shell
from gateway.adapters.ifc.properties import properties

BUILDING_TYPES = {
    "IfcSite": "+IfcSite",
    "IfcBuilding": "Building",
    "IfcBuildingStorey": "BuildingStorey",
    "IfcSpace": "BuildingRoom",
}
ELEMENT_TYPES = (
    ("IfcFurnishingElement", "BuildingFurniture"),
    ("IfcDistributionElement", "BuildingInstallation"),
    ("IfcTransportElement", "BuildingInstallation"),
    ("IfcElement", "BuildingConstructiveElement"),
)
_UNMAPPED = "+IfcProduct"
_NOT_FEATURES = ("IfcFeatureElementSubtraction", "IfcAnnotation", "IfcGrid", "IfcPort", "IfcVirtualElement")
_WHY = {
    "IfcFeatureElementSubtraction": "openings are voids; they are cut out of their elements' geometry",
    "IfcAnnotation": "drawings are not part of the twin",
    "IfcGrid": "construction grids are not part of the twin",
    "IfcPort": "connection points have no features of their own",
    "IfcVirtualElement": "imaginary boundaries have no matter",
}


def features(model: ifcopenshell.file, skipped: frozenset[int], *, with_geometry: bool) -> Iterator[dict[str, Any]]:
    """Frames: ``at`` before each mesh (so that the gateway knows which product killed the child), ``made`` when all meshes are
    there, then ``feature`` frames in family order, then ``lost`` and ``problem`` frames."""
    products = [product for product in model.by_type("IfcProduct") if not _is_left_out(product)]
    meshes: dict[int, mesh.Mesh] = {}
    problems: list[dict[str, Any]] = []
    if with_geometry:
        yield from _make(products, skipped, meshes, problems)
    yield {"kind": "made"}
    walk = _Walk(products, meshes)
    for root in walk.roots():
        yield from walk.family(root)
    yield from problems
    yield from _left_out(model)


def _make(
    products: list[Any], skipped: frozenset[int], meshes: dict[int, mesh.Mesh], problems: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    maker = mesh.Maker()
    for product in products:
        if product.Representation is None or product.id() in skipped:
            continue
        at = {"step": product.id(), "id": product.GlobalId, "class": product.is_a(), "place": f"#{product.id()}"}
        yield {"kind": "at", **at}
        try:
            made = maker.make(product)
        except RuntimeError as error:
            problems.append({"kind": "problem", "why": str(error)[:120] or "the kernel gives no reason", **at})
            continue
        if made is not None:
            meshes[product.id()] = made


def _is_left_out(product: Any) -> bool:
    return any(product.is_a(name) for name in _NOT_FEATURES)


def _left_out(model: ifcopenshell.file) -> Iterator[dict[str, Any]]:
    for name in _NOT_FEATURES:
        try:
            found = model.by_type(name)
        except RuntimeError:  # a class this schema does not have
            continue
        for kind, count in sorted(Counter(product.is_a() for product in found).items()):
            example = next(product.GlobalId for product in found if product.is_a() == kind)
            yield {"kind": "lost", "what": kind, "why": _WHY[name], "example": example, "count": count}


class _Walk:
    """Parents and children of the products, told once."""

    def __init__(self, products: list[Any], meshes: dict[int, mesh.Mesh]) -> None:
        self._products = {product.id(): product for product in products}
        self._meshes = meshes
        self._parents = {key: self._parent(product) for key, product in self._products.items()}
        self._children: dict[int, list[int]] = {}
        for key, parent in self._parents.items():
            if parent is not None:
                self._children.setdefault(parent, []).append(key)

    def _parent(self, product: Any) -> int | None:
        """The nearest building, storey, space or element above; None for sites and for what stands on a site."""
        seen: set[int] = {product.id()}
        above = elements.get_parent(product)
        while above is not None and above.id() not in seen:
            if above.is_a("IfcSite") or above.is_a("IfcProject"):
                return None
            if above.id() in self._products:
                return int(above.id())
            seen.add(above.id())
            above = elements.get_parent(above)
        return None

    def roots(self) -> Iterator[int]:
        """Products without a parent, buildings and sites first."""
        found = [key for key, parent in self._parents.items() if parent is None]
        found.sort(key=lambda key: (not self._products[key].is_a("IfcSite"), not self._products[key].is_a("IfcBuilding")))
        yield from found

    def family(self, root: int) -> Iterator[dict[str, Any]]:
        """Frames of a root and all below it, parents first; a loop of aggregations is entered once."""
        stack, seen = [root], {root}
        while stack:
            key = stack.pop()
            yield self._frame(key)
            below = [child for child in self._children.get(key, ()) if child not in seen]
            seen.update(below)
            stack.extend(reversed(below))

    def _frame(self, key: int) -> dict[str, Any]:
        product = self._products[key]
        kind, collection = _type(product)
        parent = self._parents[key]
        return {
            "kind": "feature",
            "id": product.GlobalId,
            "type": kind,
            "collection": collection,
            "properties": properties(product),
            "geometries": self._geometries(key),
            "parent": None if parent is None else self._products[parent].GlobalId,
            "children": [self._products[child].GlobalId for child in self._children.get(key, ())],
            "addresses": _addresses(product),
            "place": f"#{key}",
        }

    def _geometries(self, key: int) -> list[dict[str, Any]]:
        own = self._meshes.get(key)
        found = [] if own is None else [mesh.geometry(own)]
        if self._products[key].is_a("IfcBuilding"):
            found = [*shell.of_building(self._below(key)), *found]
        elif self._products[key].is_a("IfcBuildingStorey") and own is None:
            found = shell.footprint_only(self._below(key))
        return found

    def _below(self, key: int) -> list[tuple[Any, mesh.Mesh]]:
        """Every mesh of an element (not of a space or of furniture) below a product."""
        found, stack, seen = [], [key], {key}
        while stack:
            current = stack.pop()
            product = self._products[current]
            made = self._meshes.get(current)
            if made is not None and product.is_a("IfcElement") and not product.is_a("IfcFurnishingElement"):
                found.append((product, made))
            below = [child for child in self._children.get(current, ()) if child not in seen]
            seen.update(below)
            stack.extend(below)
        return found


def _type(product: Any) -> tuple[str, str]:
    for name, kind in BUILDING_TYPES.items():
        if product.is_a(name):
            return kind, "building"
    for name, kind in ELEMENT_TYPES:
        if product.is_a(name):
            return kind, "element"
    return _UNMAPPED, "element"


def _addresses(product: Any) -> list[dict[str, Any]]:
    address = getattr(product, "BuildingAddress", None) or getattr(product, "SiteAddress", None)
    if address is None:
        return []
    said = {
        "thoroughfareName": ", ".join(address.AddressLines or ()),
        "locality": address.Town,
        "administrativeArea": address.Region,
        "postcode": address.PostalCode,
        "country": address.Country,
    }
    return [{name: text for name, text in said.items() if text}] if any(said.values()) else []
