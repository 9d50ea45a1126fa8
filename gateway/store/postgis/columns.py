"""Declared columns in PostgreSQL, where a column keeps values of one type: another type of a property is another column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.model.feature import Field
from gateway.store.columns import RESERVED, Column
from gateway.store.container import column_names
from gateway.store.postgis.schema import TYPES

_SYSTEM = ("tableoid", "xmin", "cmin", "xmax", "cmax", "ctid")
_LONGEST_NAME = 48
"""Bytes of a property that its column's name keeps; PostgreSQL cuts names after 63."""

_WHOLE = r"'^-?[0-9]{1,18}$'"
_REAL = r"'^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?$'"


def assign(fields: Iterable[Field], existing: Iterable[Column]) -> tuple[list[Column], list[Column]]:
    """The columns of `fields` in order, and those of them that are new to the table that has `existing`."""
    there = list(existing)
    usable = {(column.property, TYPES[column.type]): column for column in there}
    declared = list(fields)
    wanted = [(one.name, TYPES[one.type]) for one in declared]
    fresh = [one for one, key in zip(declared, wanted, strict=True) if key not in usable]
    names = column_names([_short(one.name) for one in fresh], [*RESERVED, *_SYSTEM, *(column.name for column in there)])
    new = [Column(one.name, name, one.type) for one, name in zip(fresh, names, strict=True)]
    usable |= {(column.property, TYPES[column.type]): column for column in new}
    return [usable[key] for key in wanted], new


def staged_value(column: Column, place: int | None, kind: str) -> str:
    """What a staged row ``s`` has for a column, out of place `place` of its properties, which is a field of type `kind`; NULL
    where it does not fit the column. Lists are staged as JSON in a string."""
    if place is None or (column.type == "array" and kind != "array"):
        return "NULL"
    value, text = f"(s.props -> {place})", f"(s.props ->> {place})"
    match column.type:
        case "boolean":
            return f"CASE jsonb_typeof{value} WHEN 'boolean' THEN {text}::boolean END"
        case "integer":
            whole = f"{text}::numeric = trunc({text}::numeric) AND abs({text}::numeric) < 9223372036854775808"
            return f"CASE WHEN jsonb_typeof{value} = 'number' THEN CASE WHEN {whole} THEN {text}::numeric::bigint END END"
        case "number":
            return f"CASE jsonb_typeof{value} WHEN 'number' THEN {text}::double precision END"
        case "array":
            return f"{text}::jsonb"
        case _:
            return text


def earlier_value(new: Column, others: Sequence[Column], quoted: dict[Column, str]) -> str | None:
    """What a row has for a new column in the columns that the property had before; None where there is none to take over."""
    found = [_cast(old.type, new.type, quoted[old]) for old in others if old.property == new.property]
    values = [one for one in found if one is not None]
    return f"coalesce({', '.join(values)})" if values else None


def _cast(old: str, new: str, value: str) -> str | None:
    if new == "string":
        return f"{value}::text"
    return {
        ("integer", "number"): f"{value}::double precision",
        ("number", "integer"): f"CASE WHEN {value} = trunc({value}) AND abs({value}) < 9e18 THEN {value}::bigint END",
        ("string", "integer"): f"CASE WHEN {value} ~ {_WHOLE} THEN {value}::bigint END",
        ("string", "number"): f"CASE WHEN {value} ~ {_REAL} THEN {value}::double precision END",
        ("string", "boolean"): f"CASE {value} WHEN 'true' THEN true WHEN 'false' THEN false END",
    }.get((old, new))


def _short(name: str) -> str:
    """A property's name without what psycopg takes for a mark, and short enough."""
    return name.replace("%", "_").encode()[:_LONGEST_NAME].decode(errors="ignore")
