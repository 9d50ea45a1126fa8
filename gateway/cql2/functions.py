"""The functions that filters may call, besides those of CQL2 itself: described at `/functions` (OGC 19-079r2, /req/filter)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

STRING, NUMBER, INTEGER, DATETIME, GEOMETRY = "string", "number", "integer", "datetime", "geometry"


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: what it is called, and of which type it is."""

    title: str
    type: str


@dataclass(frozen=True, slots=True)
class Function:
    """One function. `description` is by language; every function of an operand without value has none either."""

    name: str
    description: Mapping[str, str]
    arguments: tuple[Argument, ...]
    returns: str


def _of(name: str, returns: str, english: str, french: str, **arguments: str) -> Function:
    given = tuple(Argument(title, kind) for title, kind in arguments.items())
    return Function(name, {"en": english, "fr": french}, given, returns)


FUNCTIONS: tuple[Function, ...] = (
    _of("upper", STRING, "The text in capital letters.", "Le texte en majuscules.", text=STRING),
    _of("lower", STRING, "The text in small letters.", "Le texte en minuscules.", text=STRING),
    _of("length", INTEGER, "How many characters the text has.", "Le nombre de caractères du texte.", text=STRING),
    _of("concat", STRING, "Two texts, one after the other.", "Deux textes l'un après l'autre.", first=STRING, second=STRING),
    _of("abs", NUMBER, "The number without its sign.", "Le nombre sans son signe.", value=NUMBER),
    _of("round", NUMBER, "The nearest whole number, halves away from zero.", "L'entier le plus proche.", value=NUMBER),
    _of("floor", NUMBER, "The largest whole number not above.", "Le plus grand entier inférieur ou égal.", value=NUMBER),
    _of("ceiling", NUMBER, "The smallest whole number not below.", "Le plus petit entier supérieur ou égal.", value=NUMBER),
    _of("sqrt", NUMBER, "The square root; none of a negative number.", "La racine carrée ; aucune d'un négatif.", value=NUMBER),
    _of("year", INTEGER, "The year of an instant, in UTC.", "L'année d'un instant, en UTC.", instant=DATETIME),
    _of(
        "month", INTEGER, "The month of an instant, 1 to 12, in UTC.", "Le mois d'un instant, de 1 à 12, en UTC.", instant=DATETIME
    ),
    _of("day", INTEGER, "The day of the month of an instant, in UTC.", "Le jour du mois d'un instant, en UTC.", instant=DATETIME),
    _of(
        "area",
        NUMBER,
        "The area: in square units of the storage CRS, in square metres on the ellipsoid where that is geographic.",
        "La surface : en unités carrées du système de stockage, en mètres carrés sur l'ellipsoïde s'il est géographique.",
        geometry=GEOMETRY,
    ),
    _of(
        "perimeter",
        NUMBER,
        "The length of lines, or of the edges of surfaces, measured as area is.",
        "La longueur des lignes, ou du pourtour des surfaces, mesurée comme area.",
        geometry=GEOMETRY,
    ),
    _of("centroid", GEOMETRY, "The centre of gravity.", "Le centre de gravité.", geometry=GEOMETRY),
    _of(
        "geometry_type",
        STRING,
        "The type of a geometry: Point, LineString, Polygon, MultiPoint, MultiLineString, MultiPolygon or GeometryCollection.",
        "Le type d'une géométrie : Point, LineString, Polygon, MultiPoint, MultiLineString, MultiPolygon ou GeometryCollection.",
        geometry=GEOMETRY,
    ),
)
"""In the order in which `/functions` lists them. A store answers every one of them."""

BY_NAME: Mapping[str, Function] = {function.name: function for function in FUNCTIONS}
