"""Seeded rows and filters for the differential test of stores: NULLs, quotes, Unicode, lists, times and shapes."""

from __future__ import annotations

from random import Random
from typing import Any

import shapely

from gateway.model.feature import Field
from gateway.model.query import (
    And,
    Array,
    Arrays,
    Between,
    Call,
    Comparison,
    Expression,
    Geometry,
    In,
    Instant,
    Interval,
    IsNull,
    Like,
    Not,
    Operand,
    Or,
    Property,
    Spatial,
    Temporal,
)

TEXTS = (
    "Ada",
    "ada",
    "ADA",
    "Éloïse",
    "eloise",
    "Zoë's",
    "x' OR '1'='1",
    'say "hi"',
    "10%_x",
    "a*b[c]?",
    "\\back",
    "",
    "Ångström",
    "日本",
)
PATTERNS = (
    "%a%",
    "A%",
    "_da",
    "%",
    "",
    "10\\%\\_x",
    "a*b[c]?",
    "\\\\%",
    "%'%",
    "%é%",
    "%本",
    "a_b%",
    "É%",
    "e%e",
    "%a%d%a%",
    "%\\%%",
)
NUMBERS = (0, 1, -1, 2, 3, 7, 36, 70, 2.5, -0.5, 0.5, 1e6)
DAYS = ("2019-12-31", "2020-01-01", "2020-02-29", "2021-06-15", "2024-05-01", "1000-01-01")
MOMENTS = (
    "2020-01-01T00:00:00Z",
    "2020-01-01T23:59:59Z",
    "2021-06-15T08:30:00Z",
    "2024-05-01T12:00:00.5Z",
    "2019-12-31T23:30:00-01:00",
)
MEMBERS = ("a", "b", "É", "x'y", 1, 2, 2.5, True, False)
FIELDS = (
    Field("name", "string"),
    Field("other", "string"),
    Field("age", "integer"),
    Field("height", "number"),
    Field("listed", "boolean"),
    Field("day", "string", "date"),
    Field("moment", "string", "date-time"),
    Field("tags", "array"),
)
SPATIAL = ("intersects", "equals", "disjoint", "touches", "within", "overlaps", "crosses", "contains")
TEMPORAL = ("after", "before", "contains", "disjoint", "during", "equals", "finishedBy", "finishes", "intersects", "meets")
TEMPORAL += ("metBy", "overlappedBy", "overlaps", "startedBy", "starts")
SIGNS = ("=", "<>", "<", "<=", ">", ">=")


def shape(random: Random) -> Any:
    """A small shape on a lattice, so that relations of every kind come up."""
    x, y, size = random.randint(0, 6), random.randint(0, 6), random.randint(1, 3)
    match random.randrange(5):
        case 0:
            return shapely.Point(x, y)
        case 1:
            return shapely.LineString([(x, y), (x + size, y), (x + size, y + size)])
        case 2:
            return shapely.MultiPolygon([shapely.box(x, y, x + 1, y + 1), shapely.box(x + 2, y, x + 3, y + size)])
        case 3:
            return shapely.Polygon([(x, y), (x + size, y), (x, y + size), (x, y)])
        case _:
            return shapely.box(x, y, x + size, y + size)


def properties(random: Random) -> dict[str, Any]:
    """The properties of one row; each is missing now and then."""
    found: dict[str, Any] = {
        "name": random.choice(TEXTS),
        "other": random.choice(TEXTS),
        "age": random.choice([number for number in NUMBERS if isinstance(number, int)]),
        "height": float(random.choice(NUMBERS)),
        "listed": random.random() < 0.5,
        "day": random.choice(DAYS),
        "moment": random.choice(MOMENTS),
        "tags": random.sample(MEMBERS, random.randint(0, 3)),
    }
    return {name: None if random.random() < 0.15 else value for name, value in found.items()}


def validity(random: Random) -> tuple[str | None, str | None] | None:
    """The validity of one row."""
    if random.random() < 0.3:
        return None
    return random.choice((None, "2019-06-01", "2020-01-01T00:00:00Z")), random.choice((None, "2021-06-15", "2024-05-01T12:00:00Z"))


class Filters:
    """Random filters from one seed."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._leaves = (
            self._compared,
            self._compared,
            self._like,
            self._among,
            self._between,
            self._is_null,
            self._spatial,
            self._spatial,
            self._temporal,
            self._arrays,
        )

    def one(self, depth: int = 3) -> Expression:
        """A filter of at most so many levels."""
        choice = self._random.random()
        if depth == 0 or choice < 0.4:
            return self._random.choice(self._leaves)()
        if choice < 0.55:
            return Not(self.one(depth - 1))
        parts = tuple(self.one(depth - 1) for _ in range(self._random.randint(1, 3)))
        return And(parts) if choice < 0.8 else Or(parts)

    def text(self, depth: int = 2) -> Operand:
        """An operand that is a text."""
        choice = self._random.random()
        if depth and choice < 0.3:
            return Call(self._random.choice(("casei", "accenti", "upper", "lower")), (self.text(depth - 1),))
        if depth and choice < 0.36:
            return Call("concat", (self.text(depth - 1), self.text(depth - 1)))
        return Property(self._random.choice(("name", "other"))) if choice < 0.75 else self._random.choice(TEXTS)

    def number(self, depth: int = 2) -> Operand:
        """An operand that is a number."""
        choice = self._random.random()
        if depth and choice < 0.35:
            sign = self._random.choice(("+", "-", "*", "/", "%", "div", "^"))
            return Call(sign, (self.number(depth - 1), self.number(depth - 1)))
        if depth and choice < 0.5:
            return Call(self._random.choice(("abs", "round", "floor", "ceiling", "sqrt")), (self.number(depth - 1),))
        if choice < 0.58:
            return Call("length", (self.text(),))
        if choice < 0.64:
            return Call(self._random.choice(("year", "month", "day")), (Property(self._random.choice(("day", "moment"))),))
        return Property(self._random.choice(("age", "height"))) if choice < 0.85 else self._random.choice(NUMBERS)

    def _instant(self) -> Operand:
        choice = self._random.random()
        if choice < 0.5:
            return Property(self._random.choice(("day", "moment", "validFrom", "validTo")))
        text = self._random.choice(DAYS if choice < 0.75 else MOMENTS[:4])
        return Instant(text)

    def _time(self) -> Operand:
        if self._random.random() < 0.4:
            return self._instant()
        if self._random.random() < 0.3:
            return Interval(Property("validFrom"), Property("validTo"))
        ends = [None if self._random.random() < 0.2 else self._instant() for _ in range(2)]
        return Interval(*ends)

    def geometry(self) -> Operand:
        """An operand that is a geometry."""
        choice = self._random.random()
        if choice < 0.05:
            return Call("centroid", (Property("geometry"),))
        return Property("geometry") if choice < 0.5 else Geometry(shapely.to_wkb(shape(self._random), flavor="iso"))

    def _compared(self) -> Expression:
        sign, choice = self._random.choice(SIGNS), self._random.random()
        if choice < 0.35:
            return Comparison(self.text(), sign, self.text())
        if choice < 0.7:
            return Comparison(self.number(), sign, self.number())
        if choice < 0.8:
            return Comparison(Property("listed"), self._random.choice(("=", "<>")), self._random.random() < 0.5)
        if choice < 0.85:
            return Comparison(Call("geometry_type", (Property("geometry"),)), sign, "Polygon")
        return Comparison(self._instant(), sign, Instant(self._random.choice(DAYS + MOMENTS[:4])))

    def _like(self) -> Expression:
        return Like(self.text(), self._random.choice(PATTERNS))

    def _among(self) -> Expression:
        if self._random.random() < 0.5:
            return In(self.text(), tuple(self._random.sample(TEXTS, self._random.randint(1, 4))))
        return In(self.number(), tuple(self._random.sample(NUMBERS, self._random.randint(1, 4))))

    def _between(self) -> Expression:
        if self._random.random() < 0.3:
            return Between(self._instant(), Instant("2019-12-31"), Instant("2021-06-15"))
        return Between(self.number(), self.number(), self.number())

    def _is_null(self) -> Expression:
        name = self._random.choice((*(field.name for field in FIELDS), "geometry", "validFrom"))
        return IsNull(self._random.choice((Property(name), self.number(), self.text())))

    def _spatial(self) -> Expression:
        return Spatial(self._random.choice(SPATIAL), self.geometry(), self.geometry())

    def _temporal(self) -> Expression:
        return Temporal(self._random.choice(TEMPORAL), self._time(), self._time())

    def _arrays(self) -> Expression:
        literal = Array(tuple(self._random.sample(MEMBERS, self._random.randint(1, 3))))
        mixed = Array((Property("name"), "a", Property("age"), Property("listed")))
        operands = [Property("tags"), self._random.choice((literal, literal, mixed))]
        self._random.shuffle(operands)
        return Arrays(self._random.choice(("contains", "containedBy", "equals", "overlaps")), *operands)
