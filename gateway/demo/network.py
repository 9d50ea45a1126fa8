"""The utility's heat network as CityJSON 2.0: pipes below the streets, chambers where they meet, one plant beside the park.

Every object carries the canary, so that a leak through any door can be found by looking for one word.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import orjson

from gateway.demo.plan import COLUMNS, LV95_LN02, ROWS, STREET, Frame, Grid, Quarter, ground

COVER = 1.2
STEP = 20.0

type Vertex = tuple[float, float, float]


@dataclass(slots=True)
class _Model:
    """CityJSON being collected: integer vertices (millimetres from `origin`), objects by id."""

    canary: str
    origin: Vertex = (2_498_000.0, 1_116_000.0, 0.0)
    index: dict[tuple[int, int, int], int] = field(default_factory=dict)
    objects: dict[str, Any] = field(default_factory=dict)

    def vertex(self, point: Vertex) -> int:
        key = tuple(round((value - start) * 1000) for value, start in zip(point, self.origin, strict=True))
        return self.index.setdefault((key[0], key[1], key[2]), len(self.index))

    def add(self, id: str, attributes: dict[str, Any], geometry: dict[str, Any]) -> None:
        attributes["marque"] = self.canary
        self.objects[id] = {"type": "GenericCityObject", "attributes": attributes, "geometry": [geometry]}


def write(quarter: Quarter, target: Path, canary: str) -> int:
    """Write the network to `target`; gives the number of objects."""
    model = _Model(canary)
    random = quarter.random("network")
    _plant(model, quarter)
    for grid in quarter.grids:
        _mains(model, grid, random)
    target.write_bytes(orjson.dumps(_document(model)))
    return len(model.objects)


def _document(model: _Model) -> dict[str, Any]:
    return {
        "type": "CityJSON",
        "version": "2.0",
        "transform": {"scale": [0.001, 0.001, 0.001], "translate": list(model.origin)},
        "metadata": {"referenceSystem": LV95_LN02.uri, "title": "Réseau de chaleur du Quartier de la Source"},
        "CityObjects": model.objects,
        "vertices": [list(key) for key in model.index],
    }


def _plant(model: _Model, quarter: Quarter) -> None:
    frame = quarter.grids[0].frame.at(6.0, 8.0)
    level = ground(*frame.origin) - 0.5
    attributes = {"genre": "centrale", "puissance_kw": 12_500, "energie": "eau du lac", "mise_en_service": 2019}
    model.add("CAD-C-001", attributes, _box(model, frame, 18.0, 11.0, level, level + 7.0))


def _mains(model: _Model, grid: Grid, random: Random) -> None:
    """One main along the park's edge, a branch under each cross street, and a connection to every second house front."""
    edge = grid.side * STREET / 2
    side = grid.name[0].upper()
    _pipe(model, f"CAD-{side}-0", grid.frame, [(edge, 2.0), (edge, grid.height - 4.0)], "principale", 300, random)
    reach = grid.side * (COLUMNS * (90.0 + STREET) - 6.0)
    for row in range(ROWS):
        v = row * grid.height / ROWS
        _chamber(model, f"CAD-{side}-{row + 1}-CH", grid.frame, edge, v, random)
        _pipe(model, f"CAD-{side}-{row + 1}", grid.frame, [(edge, v), (reach, v)], "secondaire", random.choice((150, 200)), random)
        for number, offset in enumerate(range(20, int(abs(reach)) - 10, 15), start=1):
            u = grid.side * float(offset)
            _pipe(
                model,
                f"CAD-{side}-{row + 1}-R{number:02d}",
                grid.frame,
                [(u, v), (u, v + STREET / 2 + 2.0)],
                "raccordement",
                50,
                random,
            )


def _pipe(model: _Model, id: str, frame: Frame, line: list[tuple[float, float]], role: str, diameter: int, random: Random) -> None:
    attributes = {
        "genre": "conduite",
        "fonction": role,
        "diametre_mm": diameter,
        "materiau": "acier pré-isolé" if diameter > 100 else "PEX",
        "temperature_depart_c": 75,
        "pression_bar": round(random.uniform(6.0, 9.5), 1),
        "pose": random.randint(2016, 2025),
    }
    points = [model.vertex(point) for point in _buried(frame, *line)]
    model.add(id, attributes, {"type": "MultiLineString", "lod": "1", "boundaries": [points]})


def _buried(frame: Frame, start: tuple[float, float], end: tuple[float, float]) -> Iterator[Vertex]:
    length = abs(end[0] - start[0]) + abs(end[1] - start[1])
    steps = max(1, round(length / STEP))
    for step in range(steps + 1):
        share = step / steps
        east, north = frame.place(start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)
        yield east, north, ground(east, north) - COVER


def _chamber(model: _Model, id: str, frame: Frame, u: float, v: float, random: Random) -> None:
    place = frame.at(u - 1.0, v - 1.0)
    floor = ground(*place.origin) - COVER - 1.0
    attributes = {"genre": "chambre", "vannes": random.randint(2, 6), "pose": random.randint(2016, 2025)}
    model.add(id, attributes, _box(model, place, 2.0, 2.0, floor, floor + 2.0))


def _box(model: _Model, frame: Frame, width: float, depth: float, low: float, high: float) -> dict[str, Any]:
    corners = [frame.place(x, y) for x, y in ((0, 0), (width, 0), (width, depth), (0, depth))]
    b = [model.vertex((e, n, low)) for e, n in corners]
    t = [model.vertex((e, n, high)) for e, n in corners]
    sides = [[[b[i], b[j], t[j], t[i]]] for i, j in ((0, 1), (1, 2), (2, 3), (3, 0))]
    return {"type": "Solid", "lod": "1", "boundaries": [[[b[::-1]], *sides, [t]]]}
