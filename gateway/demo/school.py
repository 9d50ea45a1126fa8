"""The school authority's new school as IFC4: two storeys of classrooms along a corridor, with property sets and a map conversion.

Lengths are metres in the building's own system: x along the street, y into the plot, z up from the ground floor. The map
conversion leads to EPSG:2056 with LN02 heights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.demo.plan import Quarter, ground
from gateway.demo.step import DERIVED, Enum, Ref, StepFile, Typed, global_id

LENGTH, DEPTH, STOREY, ROOF = 33.0, 17.0, 3.6, 3.2
WALL, PARTITION, SLAB = 0.3, 0.15, 0.35
CORRIDOR = 3.0
ROOMS = 4
"""Classrooms on a storey, half of them on each side of the corridor."""
STAMP = "2026-06-30T08:00:00"

type Box = tuple[float, float, float, float, float]
"""x, y, width (along x), depth (along y) and height of an upright block."""


@dataclass(slots=True)
class _Model:
    """The file, and the instances that everything refers to."""

    file: StepFile
    body: Ref
    up: Ref
    origin: Ref

    def point(self, *values: float) -> Ref:
        return self.file.add("IfcCartesianPoint", [float(value) for value in values])

    def placement(self, above: Ref | None, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Ref:
        axes = self.file.add("IfcAxis2Placement3D", self.point(x, y, z), None, None)
        return self.file.add("IfcLocalPlacement", above, axes)

    def block(self, width: float, depth: float, height: float) -> Ref:
        """A representation: a rectangle with a corner at the origin, extruded."""
        middle = self.file.add("IfcAxis2Placement2D", self.point(width / 2, depth / 2), None)
        profile = self.file.add("IfcRectangleProfileDef", Enum("AREA"), None, middle, width, depth)
        return self._swept(profile, self.file.add("IfcAxis2Placement3D", self.origin, None, None), height)

    def prism(self, corners: Sequence[tuple[float, float]], length: float) -> Ref:
        """A representation: an outline in the y-z plane, extruded along x."""
        line = self.file.add("IfcPolyline", [self.point(*corner) for corner in (*corners, corners[0])])
        profile = self.file.add("IfcArbitraryClosedProfileDef", Enum("AREA"), None, line)
        along, across = self.file.add("IfcDirection", [1.0, 0.0, 0.0]), self.file.add("IfcDirection", [0.0, 1.0, 0.0])
        return self._swept(profile, self.file.add("IfcAxis2Placement3D", self.origin, along, across), length)

    def _swept(self, profile: Ref, position: Ref, length: float) -> Ref:
        solid = self.file.add("IfcExtrudedAreaSolid", profile, position, self.up, length)
        shape = self.file.add("IfcShapeRepresentation", self.body, "Body", "SweptSolid", [solid])
        return self.file.add("IfcProductDefinitionShape", None, None, [shape])

    def properties(self, owner: Ref, name: str, title: str, values: dict[str, Typed]) -> None:
        """A property set on one object."""
        singles = [self.file.add("IfcPropertySingleValue", key, None, value, None) for key, value in values.items()]
        group = self.file.add("IfcPropertySet", global_id(f"{name}/{title}"), None, title, None, singles)
        self.file.add("IfcRelDefinesByProperties", global_id(f"{name}/{title}/of"), None, None, None, [owner], group)

    def quantities(self, owner: Ref, name: str, title: str, area: float, height: float) -> None:
        """A quantity set of a space."""
        values = [
            self.file.add("IfcQuantityArea", "NetFloorArea", None, None, area, None),
            self.file.add("IfcQuantityLength", "Height", None, None, height, None),
            self.file.add("IfcQuantityVolume", "NetVolume", None, None, round(area * height, 3), None),
        ]
        group = self.file.add("IfcElementQuantity", global_id(f"{name}/{title}"), None, title, None, None, values)
        self.file.add("IfcRelDefinesByProperties", global_id(f"{name}/{title}/of"), None, None, None, [owner], group)


def write(quarter: Quarter, target: Path) -> int:
    """Write the school on its plot to `target`; gives the number of entity instances."""
    plot = next(parcel for parcel in quarter.parcels if parcel.kind == "school")
    east, north = plot.frame.place((plot.width - LENGTH) / 2, 8.0)
    model, project = _begin(target.name, (east, north, round(ground(east, north) + 0.3, 3)), plot.frame.angle)
    building = _building(model, project, plot.street)
    storeys = [_storey(model, building, level) for level in range(2)]
    _roof(model, storeys[-1])
    return model.file.write(target)


@dataclass(frozen=True, slots=True)
class _Place:
    """A spatial structure element: its instance, its placement, its name for ids."""

    ref: Ref
    placement: Ref
    name: str


def _begin(name: str, origin: tuple[float, float, float], angle: float) -> tuple[_Model, Ref]:
    file = StepFile("IFC4", name, STAMP)
    zero = file.add("IfcCartesianPoint", [0.0, 0.0, 0.0])
    up = file.add("IfcDirection", [0.0, 0.0, 1.0])
    axes = file.add("IfcAxis2Placement3D", zero, None, None)
    whole = file.add("IfcGeometricRepresentationContext", None, "Model", 3, 1e-5, axes, None)
    unknown = [DERIVED] * 4
    body = file.add("IfcGeometricRepresentationSubContext", "Body", "Model", *unknown, whole, None, Enum("MODEL_VIEW"), None)
    metre, area, volume = (
        file.add("IfcSIUnit", DERIVED, Enum(f"{kind}UNIT"), None, Enum(unit))
        for kind, unit in (("LENGTH", "METRE"), ("AREA", "SQUARE_METRE"), ("VOLUME", "CUBIC_METRE"))
    )
    units = file.add("IfcUnitAssignment", [metre, area, volume])
    title = "École de la Source"
    project = file.add(
        "IfcProject", global_id("project"), None, title, "Nouvelle école primaire", None, title, None, [whole], units
    )
    crs = file.add("IfcProjectedCRS", "EPSG:2056", "CH1903+ / LV95", "CH1903+", "LN02", "Swiss Oblique Mercator", None, metre)
    file.add("IfcMapConversion", whole, crs, *origin, round(math.cos(angle), 12), round(math.sin(angle), 12), 1.0)
    return _Model(file, body, up, zero), project


def _building(model: _Model, project: Ref, street: str) -> _Place:
    add = model.file.add
    ground_floor = model.placement(None)
    site = add(
        "IfcSite",
        global_id("site"),
        None,
        "Parcelle de l'école",
        None,
        None,
        ground_floor,
        None,
        None,
        Enum("ELEMENT"),
        *[None] * 5,
    )
    add("IfcRelAggregates", global_id("project/site"), None, None, None, project, [site])
    placement = model.placement(ground_floor)
    address = add("IfcPostalAddress", None, None, None, None, [f"{street} 1"], None, "La Source", "Genève", "1200", "Suisse")
    said = ("École de la Source", "Deux niveaux, huit classes", None, placement, None, "École primaire", Enum("ELEMENT"))
    building = add("IfcBuilding", global_id("building"), None, *said, None, None, address)
    add("IfcRelAggregates", global_id("site/building"), None, None, None, site, [building])
    facts = {
        "NumberOfStoreys": Typed("IfcInteger", 2),
        "OccupancyType": Typed("IfcLabel", "école"),
        "YearOfConstruction": Typed("IfcLabel", "2026"),
    }
    model.properties(building, "building", "Pset_BuildingCommon", facts)
    return _Place(building, placement, "building")


def _storey(model: _Model, building: _Place, level: int) -> _Place:
    name = f"storey-{level}"
    placement = model.placement(building.placement, z=level * STOREY)
    title = ("Rez-de-chaussée", "1er étage")[level]
    said = (title, None, None, placement, None, title, Enum("ELEMENT"), level * STOREY)
    ref = model.file.add("IfcBuildingStorey", global_id(name), None, *said)
    model.file.add("IfcRelAggregates", global_id(f"building/{name}"), None, None, None, building.ref, [ref])
    place = _Place(ref, placement, name)
    walls, slab = _walls(model, place), _slab(model, place)
    openings = _windows(model, place, walls)
    _contain(model, place, [*walls.values(), slab, *openings])
    _spaces(model, place)
    return place


def _contain(model: _Model, place: _Place, elements: Sequence[Ref], part: str = "content") -> None:
    model.file.add(
        "IfcRelContainedInSpatialStructure", global_id(f"{place.name}/{part}"), None, None, None, list(elements), place.ref
    )


def _product(model: _Model, entity: str, place: _Place, name: str, title: str, box: Box, kind: str | None) -> Ref:
    x, y, width, depth, height = box
    position = model.placement(place.placement, x, y)
    values = [global_id(f"{place.name}/{name}"), None, title, None, None, position, model.block(width, depth, height), name]
    return model.file.add(entity, *values, Enum(kind) if kind else None)


def _outline() -> dict[str, Box]:
    inner = DEPTH - 2 * WALL
    return {
        "south": (0.0, 0.0, LENGTH, WALL, STOREY),
        "north": (0.0, DEPTH - WALL, LENGTH, WALL, STOREY),
        "west": (0.0, WALL, WALL, inner, STOREY),
        "east": (LENGTH - WALL, WALL, WALL, inner, STOREY),
    }


def _partitions() -> dict[str, Box]:
    side = (DEPTH - CORRIDOR) / 2
    found = {
        "corridor-south": (WALL, side - PARTITION, LENGTH - 2 * WALL, PARTITION, STOREY - SLAB),
        "corridor-north": (WALL, DEPTH - side, LENGTH - 2 * WALL, PARTITION, STOREY - SLAB),
    }
    width = (LENGTH - 2 * WALL) / (ROOMS // 2)
    for number in range(1, ROOMS // 2):
        x = WALL + number * width - PARTITION / 2
        found[f"between-south-{number}"] = (x, WALL, PARTITION, side - PARTITION - WALL, STOREY - SLAB)
        found[f"between-north-{number}"] = (x, DEPTH - side + PARTITION, PARTITION, side - PARTITION - WALL, STOREY - SLAB)
    return found


def _walls(model: _Model, place: _Place) -> dict[str, Ref]:
    outer = {name: _wall(model, place, name, box, outside=True) for name, box in _outline().items()}
    inner = {name: _wall(model, place, name, box, outside=False) for name, box in _partitions().items()}
    return outer | inner


def _wall(model: _Model, place: _Place, name: str, box: Box, *, outside: bool) -> Ref:
    title = "Mur extérieur" if outside else "Cloison"
    wall = _product(model, "IfcWall", place, f"wall-{name}", title, box, "SOLIDWALL" if outside else "PARTITIONING")
    facts = {
        "IsExternal": Typed("IfcBoolean", outside),
        "LoadBearing": Typed("IfcBoolean", outside),
        "FireRating": Typed("IfcLabel", "EI 60" if outside else "EI 30"),
        "ThermalTransmittance": Typed("IfcThermalTransmittanceMeasure", 0.17 if outside else 1.2),
    }
    model.properties(wall, f"{place.name}/wall-{name}", "Pset_WallCommon", facts)
    return wall


def _slab(model: _Model, place: _Place) -> Ref:
    position = model.placement(place.placement, z=-SLAB)
    values = [global_id(f"{place.name}/slab"), None, "Dalle", None, None, position, model.block(LENGTH, DEPTH, SLAB), "slab"]
    slab = model.file.add("IfcSlab", *values, Enum("FLOOR"))
    model.properties(slab, f"{place.name}/slab", "Pset_SlabCommon", {"LoadBearing": Typed("IfcBoolean", True)})
    return slab


def _windows(model: _Model, place: _Place, walls: dict[str, Ref]) -> list[Ref]:
    """Windows in the long fronts, each in an opening of its wall, and the entrance door on the ground floor."""
    found = []
    for side, y in (("south", 0.0), ("north", DEPTH - WALL)):
        for number in range(6):
            door = place.name == "storey-0" and side == "south" and number == 2
            x = 2.0 + number * 5.0
            sill, width, height = (0.0, 2.0, 2.4) if door else (0.9, 3.0, 1.8)
            found.append(_filled(model, place, walls[side], f"{side}-{number}", (x, y, width, WALL, height), sill, door=door))
    return found


def _filled(model: _Model, place: _Place, wall: Ref, name: str, box: Box, sill: float, *, door: bool) -> Ref:
    x, y, width, depth, height = box
    add = model.file.add
    key = f"{place.name}/opening-{name}"
    void = model.placement(place.placement, x, y - 0.05, sill)
    opening = add(
        "IfcOpeningElement",
        global_id(key),
        None,
        None,
        None,
        None,
        void,
        model.block(width, depth + 0.1, height),
        None,
        Enum("OPENING"),
    )
    add("IfcRelVoidsElement", global_id(f"{key}/voids"), None, None, None, wall, opening)
    position = model.placement(place.placement, x, y + depth / 2 - 0.04, sill)
    shape = model.block(width, 0.08, height)
    head = [
        global_id(f"{key}/filling"),
        None,
        "Porte d'entrée" if door else "Fenêtre",
        None,
        None,
        position,
        shape,
        name,
        height,
        width,
    ]
    filling = add("IfcDoor" if door else "IfcWindow", *head, Enum("DOOR" if door else "WINDOW"), None, None)
    add("IfcRelFillsElement", global_id(f"{key}/fills"), None, None, None, opening, filling)
    return filling


def _spaces(model: _Model, place: _Place) -> None:
    side = (DEPTH - CORRIDOR) / 2
    width = (LENGTH - 2 * WALL) / (ROOMS // 2)
    height = STOREY - SLAB
    boxes: list[tuple[str, str, Box]] = []
    for number in range(ROOMS // 2):
        x = WALL + number * width + (PARTITION / 2 if number else 0.0)
        net = width - PARTITION / 2
        boxes.append((f"S{number + 1}", "Salle de classe", (x, WALL, net, side - PARTITION - WALL, height)))
        boxes.append((f"N{number + 1}", "Salle de classe", (x, DEPTH - side + PARTITION, net, side - PARTITION - WALL, height)))
    boxes.append(("C", "Couloir", (WALL, side, LENGTH - 2 * WALL, CORRIDOR, height)))
    spaces = [_space(model, place, number, title, box) for number, title, box in boxes]
    model.file.add("IfcRelAggregates", global_id(f"{place.name}/spaces"), None, None, None, place.ref, spaces)


def _space(model: _Model, place: _Place, number: str, title: str, box: Box) -> Ref:
    x, y, width, depth, height = box
    name = f"{place.name}/space-{number}"
    position = model.placement(place.placement, x, y)
    said = (number, None, None, position, model.block(width, depth, height), title, Enum("ELEMENT"), Enum("INTERNAL"), None)
    space = model.file.add("IfcSpace", global_id(name), None, *said)
    facts = {"Reference": Typed("IfcIdentifier", number), "PubliclyAccessible": Typed("IfcBoolean", title == "Couloir")}
    model.properties(space, name, "Pset_SpaceCommon", facts)
    model.quantities(space, name, "Qto_SpaceBaseQuantities", round(width * depth, 3), height)
    return space


def _roof(model: _Model, top: _Place) -> None:
    """A gabled roof along the building, with eaves of half a metre."""
    position = model.placement(top.placement, -0.5, 0.0, STOREY)
    shape = model.prism(((-0.5, 0.0), (DEPTH + 0.5, 0.0), (DEPTH / 2, ROOF)), LENGTH + 1.0)
    roof = model.file.add("IfcRoof", global_id("roof"), None, "Toiture", None, None, position, shape, "roof", Enum("GABLE_ROOF"))
    model.properties(roof, "roof", "Pset_RoofCommon", {"IsExternal": Typed("IfcBoolean", True)})
    _contain(model, top, [roof], "roof")
