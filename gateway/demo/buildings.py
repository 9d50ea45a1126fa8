"""The buildings of the quarter: which house stands on which parcel, how high, with which roof, since when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from gateway.demo import roofs
from gateway.demo.plan import Frame, Parcel, Quarter, ground
from gateway.demo.roofs import Face, Heights

STOREY = 3.05
USES = {"1000": "habitation", "1130": "bureaux", "1150": "commerce", "1160": "restaurant", "2070": "culte", "1010": "garage"}


@dataclass(frozen=True, slots=True)
class Shell:
    """One closed solid: a building of one piece, or one part. `faces` are in the building's frame."""

    id: str
    roof: str
    faces: list[Face]
    storeys: int
    heights: Heights


@dataclass(frozen=True, slots=True)
class Building:
    """A building with one shell, or with several parts. `outline` is its footprint in its frame, counter-clockwise."""

    id: str
    egid: int
    parcel: Parcel
    frame: Frame
    outline: list[tuple[float, float]]
    shells: list[Shell]
    use: str
    year: int
    dwellings: int
    name: str | None = None
    chimney: list[Face] | None = None

    @property
    def height(self) -> float:
        """From its base to its highest point, metres."""
        return max(s.heights.top for s in self.shells) - min(s.heights.base for s in self.shells)


def build(quarter: Quarter) -> Iterator[Building]:
    """Every building of the quarter in parcel order; the same for the same seed."""
    random = quarter.random("buildings")
    egid = 190_240_001
    for parcel in quarter.parcels:
        makers = _MAKERS.get(parcel.kind, ())
        for make in makers:
            building = make(parcel, egid, random)
            if building is not None:
                yield building
                egid += random.randint(1, 4)


def _base(frame: Frame, outline: list[tuple[float, float]]) -> float:
    return round(min(ground(*frame.place(x, y)) for x, y in outline) - 0.4, 2)


def _heights(frame: Frame, outline: list[tuple[float, float]], storeys: int, rise: float) -> Heights:
    base = _base(frame, outline)
    eaves = round(base + 0.9 + storeys * STOREY, 2)
    return Heights(base, eaves, round(eaves + rise, 2))


def _rectangle(width: float, depth: float) -> list[tuple[float, float]]:
    return [(0.0, 0.0), (width, 0.0), (width, depth), (0.0, depth)]


def _single(parcel: Parcel, egid: int, frame: Frame, outline: list[tuple[float, float]], shell: Shell, random: Random) -> Building:
    use = random.choices(("1000", "1130", "1150", "1160"), (0.8, 0.09, 0.08, 0.03))[0]
    dwellings = 0 if use != "1000" else max(1, shell.storeys * (1 if parcel.kind == "villas" else random.randint(1, 3)))
    chimney = _chimney(outline, shell, random) if shell.roof in ("gabled", "hipped") and random.random() < 0.2 else None
    year = _year(parcel.kind, random)
    return Building(f"EGID-{egid}", egid, parcel, frame, outline, [shell], use, year, dwellings, None, chimney)


def _year(kind: str, random: Random) -> int:
    low, high = {"dense": (1958, 2021), "town": (1880, 1955), "villas": (1926, 2015)}.get(kind, (1900, 2000))
    return random.randint(low, high)


def _dense(parcel: Parcel, egid: int, random: Random) -> Building | None:
    """A block of flats, wall to wall with its neighbours: a flat roof, now and then an L around a court."""
    depth = round(random.uniform(11.5, 14.5), 2)
    frame = parcel.frame.at(0.0, 2.0)
    width = parcel.width
    outline = _rectangle(width, depth)
    if random.random() < 0.3:
        wing, reach = round(width * 0.45, 2), round(random.uniform(4.0, 6.0), 2)
        outline = [(0.0, 0.0), (width, 0.0), (width, depth), (wing, depth), (wing, depth + reach), (0.0, depth + reach)]
    storeys = random.randint(4, 7)
    heights = _heights(frame, outline, storeys, 0.6)
    return _single(
        parcel, egid, frame, outline, Shell(f"EGID-{egid}", "flat", roofs.flat(outline, heights), storeys, heights), random
    )


def _town(parcel: Parcel, egid: int, random: Random) -> Building | None:
    """A town house under a gable or a hip; one in five has a lower wing in the yard, as a part of its own."""
    if random.random() < 0.03:
        return None
    width, depth = round(parcel.width - random.uniform(0.8, 2.4), 2), round(random.uniform(9.0, 11.5), 2)
    frame = parcel.frame.at(round((parcel.width - width) / 2, 2), 3.0)
    storeys = random.randint(2, 4)
    if random.random() < 0.2:
        return _with_wing(parcel, egid, frame, (width, depth), storeys, random)
    outline = _rectangle(width, depth)
    shell = _pitched(f"EGID-{egid}", frame, outline, storeys, random, "gabled" if random.random() < 0.75 else "hipped")
    return _single(parcel, egid, frame, outline, shell, random)


def _villa(parcel: Parcel, egid: int, random: Random) -> Building | None:
    """A house in its garden: hipped, gabled or with a single slope, turned a little from the street."""
    if random.random() < 0.02:
        return None
    width, depth = round(random.uniform(9.5, min(12.0, parcel.width - 2.5)), 2), round(random.uniform(7.0, 9.2), 2)
    frame = parcel.frame.at(round((parcel.width - width) / 2, 2), round(random.uniform(5.0, 8.0), 2), random.uniform(-0.03, 0.03))
    outline = _rectangle(width, depth)
    roof = random.choices(("hipped", "gabled", "shed", "flat"), (0.42, 0.34, 0.16, 0.08))[0]
    return _single(
        parcel, egid, frame, outline, _pitched(f"EGID-{egid}", frame, outline, random.randint(1, 2), random, roof), random
    )


def _pitched(id: str, frame: Frame, outline: list[tuple[float, float]], storeys: int, random: Random, roof: str) -> Shell:
    width, depth = outline[2]
    rise = {"flat": 0.5, "shed": 1.8}.get(roof, round(min(width, depth) / 2 * random.uniform(0.55, 0.9), 2))
    heights = _heights(frame, outline, storeys, rise)
    return Shell(id, roof, _faces(roof, width, depth, heights), storeys, heights)


def _faces(roof: str, width: float, depth: float, heights: Heights) -> list[Face]:
    if roof == "flat":
        return roofs.flat(_rectangle(width, depth), heights)
    if roof == "shed":
        return roofs.shed(width, depth, heights)
    shape = roofs.gabled if roof == "gabled" else roofs.hipped
    if width > depth:
        return shape(width, depth, heights)
    return roofs.across(shape, width, depth, heights)


def _with_wing(parcel: Parcel, egid: int, frame: Frame, size: tuple[float, float], storeys: int, random: Random) -> Building:
    width, depth = size
    wing, reach = round(width * 0.5, 2), round(random.uniform(5.0, 7.0), 2)
    outline = [(0.0, 0.0), (width, 0.0), (width, depth), (wing, depth), (wing, depth + reach), (0.0, depth + reach)]
    main = _pitched(f"EGID-{egid}-P1", frame, _rectangle(width, depth), storeys, random, "gabled")
    low = _heights(frame, outline, 1, 1.2 if random.random() < 0.5 else 0.4)
    slope = roofs.shed(wing, reach, low) if low.top - low.eaves > 1 else roofs.flat(_rectangle(wing, reach), low)
    roof = "shed" if low.top - low.eaves > 1 else "flat"
    side = Shell(f"EGID-{egid}-P2", roof, roofs.moved(slope, 0.0, depth), 1, low)
    return Building(f"EGID-{egid}", egid, parcel, frame, outline, [main, side], "1000", _year("town", random), storeys)


def _church(parcel: Parcel, egid: int, random: Random) -> Building | None:
    """The church on the square: a gabled nave and a tower with a pyramid roof, two parts."""
    frame = parcel.frame.at(52.0, 20.0, -0.08)
    nave, tower = (24.0, 11.0), 6.5
    outline = [(-tower, 2.25), (0.0, 2.25), (0.0, 0.0), (24.0, 0.0), (24.0, 11.0), (0.0, 11.0), (0.0, 8.75), (-tower, 8.75)]
    base = _base(frame, outline)
    body, spire = Heights(base, base + 8.0, base + 14.5), Heights(base, base + 19.0, base + 30.0)
    square = [(-tower, 2.25), (0.0, 2.25), (0.0, 8.75), (-tower, 8.75)]
    parts = [
        Shell(f"EGID-{egid}-P1", "gabled", roofs.gabled(*nave, body), 1, body),
        Shell(f"EGID-{egid}-P2", "pyramid", roofs.pyramid(square, spire), 4, spire),
    ]
    return Building(f"EGID-{egid}", egid, parcel, frame, outline, parts, "2070", 1768, 0, "Temple de la Source")


def _kiosk(parcel: Parcel, egid: int, random: Random) -> Building | None:
    """The octagonal kiosk on the square."""
    frame = parcel.frame.at(20.0, 30.0)
    outline = roofs.polygon(8, 4.2, 0.0, 0.0)
    base = _base(frame, outline)
    heights = Heights(base, base + 3.4, base + 5.6)
    shell = Shell(f"EGID-{egid}", "pyramid", roofs.pyramid(outline, heights), 1, heights)
    return Building(f"EGID-{egid}", egid, parcel, frame, outline, [shell], "1160", 1902, 0, "Kiosque de la Place")


def _chimney(outline: list[tuple[float, float]], shell: Shell, random: Random) -> list[Face]:
    width, depth = outline[2]
    x, y = width * random.uniform(0.3, 0.6), depth * 0.42
    stack = Heights(shell.heights.eaves, shell.heights.top, round(shell.heights.top + 0.9, 2))
    return [face for face in roofs.moved(roofs.flat(_rectangle(0.8, 0.6), stack), x, y) if face[0] != roofs.GROUND]


_MAKERS = {"dense": (_dense,), "town": (_town,), "villas": (_villa,), "square": (_church, _kiosk)}
