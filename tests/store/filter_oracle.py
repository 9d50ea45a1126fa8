"""What a filter means, said once more in plain Python over plain rows: the judge of every store's SQL."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import shapely

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

type Truth = bool | None
EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
VALIDITY = (Property("validFrom"), Property("validTo"))
DAYS = ("day",)
TIMES = ("day", "moment")


def holds(expression: Expression, row: Mapping[str, Any]) -> Truth:
    """Three-valued: None is unknown."""
    match expression:
        case And(parts):
            found = [holds(part, row) for part in parts]
            return False if False in found else None if None in found else True
        case Or(parts):
            found = [holds(part, row) for part in parts]
            return True if True in found else None if None in found else False
        case Not(part):
            inner = holds(part, row)
            return None if inner is None else not inner
        case Comparison(left, operator, right):
            return compared(left, operator, right, row)
        case Between(operand, low, high):
            return holds(And((Comparison(operand, ">=", low), Comparison(operand, "<=", high))), row)
        case In(operand, values):
            return holds(Or(tuple(Comparison(operand, "=", value) for value in values)), row)
        case IsNull(operand):
            return value_of(operand, row) is None
        case Like(operand, pattern):
            text = value_of(operand, row)
            return None if text is None else re.fullmatch(regex(pattern), text, re.DOTALL) is not None
        case Spatial(operator, left, right):
            first, second = value_of(left, row), value_of(right, row)
            return None if first is None or second is None else bool(getattr(shapely, operator)(first, second))
        case Arrays(operator, left, right):
            return listed(operator, value_of(left, row), value_of(right, row))
        case Temporal(operator, left, right):
            return related(operator, left, right, row)
        case _:
            raise AssertionError(expression)


def compared(left: Operand, operator: str, right: Operand, row: Mapping[str, Any]) -> Truth:
    if is_time(left) or is_time(right):
        days = is_days(left) and is_days(right)
        a, b = first(left, row, days), first(right, row, days)
    else:
        a, b = value_of(left, row), value_of(right, row)
    if a is None or b is None:
        return None
    return bool({"=": a == b, "<>": a != b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator])


def is_time(operand: Operand) -> bool:
    return isinstance(operand, Instant) or (isinstance(operand, Property) and operand.name in (*TIMES, "validFrom", "validTo"))


def is_days(operand: Operand) -> bool:
    if isinstance(operand, Interval):
        return all(end is None or is_days(end) for end in (operand.start, operand.end))
    return len(operand.text) == 10 if isinstance(operand, Instant) else isinstance(operand, Property) and operand.name in DAYS


def moment(text: Any, last: bool) -> datetime | None:
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), time.max if last else time.min, UTC)
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, TypeError):
        return None


def first(operand: Operand, row: Mapping[str, Any], days: bool) -> Any:
    return bound(operand, row, last=False, days=days)


def bound(operand: Operand, row: Mapping[str, Any], *, last: bool, days: bool) -> Any:
    text = operand.text if isinstance(operand, Instant) else value_of(operand, row)
    if text is None:
        return None
    if isinstance(operand, Property) and operand.name in ("validFrom", "validTo"):
        return moment(text, operand.name == "validTo")
    return moment(text, last and not days)


def ends(operand: Operand, row: Mapping[str, Any], days: bool) -> tuple[Any, Any]:
    if not isinstance(operand, Interval):
        return bound(operand, row, last=False, days=days), bound(operand, row, last=True, days=days)
    start = EARLIEST if operand.start is None else bound(operand.start, row, last=False, days=days)
    end = LATEST if operand.end is None else bound(operand.end, row, last=True, days=days)
    start = EARLIEST if start is None and operand.start in VALIDITY else start
    end = LATEST if end is None and operand.end in VALIDITY else end
    return start, end


def related(operator: str, left: Operand, right: Operand, row: Mapping[str, Any]) -> Truth:
    days = is_days(left) and is_days(right)
    (a, b), (c, d) = ends(left, row, days), ends(right, row, days)

    def less(x: Any, y: Any) -> Truth:
        return None if x is None or y is None else x < y

    def same(x: Any, y: Any) -> Truth:
        return None if x is None or y is None else x == y

    def every(*parts: Truth) -> Truth:
        return False if False in parts else None if None in parts else True

    before, after = less(b, c), less(d, a)
    apart = True if True in (before, after) else None if None in (before, after) else False
    return {
        "after": after,
        "before": before,
        "disjoint": apart,
        "intersects": None if apart is None else not apart,
        "contains": every(less(a, c), less(d, b)),
        "during": every(less(c, a), less(b, d)),
        "equals": every(same(a, c), same(b, d)),
        "finishedBy": every(less(a, c), same(b, d)),
        "finishes": every(less(c, a), same(b, d)),
        "meets": same(b, c),
        "metBy": same(a, d),
        "overlappedBy": every(less(c, a), less(a, d), less(d, b)),
        "overlaps": every(less(a, c), less(c, b), less(b, d)),
        "startedBy": every(same(a, c), less(d, b)),
        "starts": every(same(a, c), less(b, d)),
    }[operator]


def listed(operator: str, left: Any, right: Any) -> Truth:
    if left is None or right is None:
        return None
    a, b = ({(isinstance(one, bool), one) for one in found} for found in (left, right))
    return {"contains": a >= b, "containedBy": a <= b, "equals": a == b, "overlaps": bool(a & b)}[operator]


def regex(pattern: str) -> str:
    found, escaped = [], False
    for sign in pattern:
        if escaped or sign not in "%_\\":
            found.append(re.escape(sign))
            escaped = False
        elif sign == "\\":
            escaped = True
        else:
            found.append(".*" if sign == "%" else ".")
    return "".join(found)


def value_of(operand: Operand, row: Mapping[str, Any]) -> Any:
    match operand:
        case Property(name):
            return row.get(name)
        case Geometry(wkb):
            return shapely.from_wkb(wkb)
        case Array(items):
            return [value_of(item, row) for item in items]
        case Instant(text):
            return text
        case Call(name, arguments):
            return called(name, arguments, row)
        case _:
            return operand


def called(name: str, arguments: tuple[Operand, ...], row: Mapping[str, Any]) -> Any:
    if name in ("year", "month", "day"):
        found = bound(arguments[0], row, last=False, days=False)
        return None if found is None else getattr(found, name)
    values = [value_of(argument, row) for argument in arguments]
    if None in values:
        return None
    return arithmetic(name, *values) if len(values) == 2 and name != "concat" else CALLS[name](*values)


def arithmetic(name: str, a: Any, b: Any) -> Any:
    try:
        match name:
            case "+":
                return a + b
            case "-":
                return a - b
            case "*":
                return a * b
            case "/":
                return a / b
            case "%":
                return math.fmod(a, b)
            case "div":
                return math.trunc(a / b)
            case _:
                return math.pow(a, b)
    except (ZeroDivisionError, ValueError, OverflowError):
        return None


def accenti(text: str) -> str:
    bare = "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))
    return unicodedata.normalize("NFC", bare)


CALLS = {
    "casei": str.casefold,
    "accenti": accenti,
    "upper": str.upper,
    "lower": str.lower,
    "length": len,
    "concat": lambda a, b: a + b,
    "abs": abs,
    "round": lambda value: math.copysign(math.floor(abs(value) + 0.5), value),
    "floor": math.floor,
    "ceiling": math.ceil,
    "sqrt": lambda value: None if value < 0 else math.sqrt(value),
    "area": lambda shape: shapely.area(shape),
    "perimeter": lambda shape: shapely.length(shape),
    "centroid": lambda shape: shapely.centroid(shape),
    "geometry_type": lambda shape: shape.geom_type,
}


def dumps(value: Any) -> str:
    """For messages."""
    return json.dumps(value, default=str, ensure_ascii=False)
