"""Declared columns of a collection: discovered from properties as rows pass, and given names in SQL that stay for life."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.model.feature import Field
from gateway.store.container import column_names

MOST = 200
"""Declared columns of one version."""

MOST_FOR_LIFE = 1500
"""Columns of one collection over all its versions; SQLite allows 2,000 a table."""

_MOST_NAMED = 1000

RESERVED: tuple[str, ...] = (
    "fid",
    "geom",
    "gw_id",
    "gw_digest",
    "gw_since",
    "gw_until",
    "gw_type",
    "gw_parent",
    "gw_from",
    "gw_to",
)
RESERVED += ("gw_validity", "gw_ready", "gw_document", "gw_row", "rowid", "oid", "_rowid_")

_BITS: Mapping[type, int] = {bool: 1, int: 2, float: 4, str: 8, list: 16}
_TYPES = {1: "boolean", 2: "integer", 4: "number", 6: "number", 8: "string", 16: "array"}
_TEXTS = ("string", "array")
SQL = {"boolean": "BOOLEAN", "integer": "INTEGER", "number": "DOUBLE", "string": "TEXT", "array": "TEXT"}
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, for life: the property it holds, its name in SQL, and the type it was made for.

    A column made for whole numbers holds any number; only between text and the rest is another column needed.
    """

    property: str
    name: str
    type: str

    @builtins.property
    def is_text(self) -> bool:
        """Whether it keeps every value as text; a list as JSON."""
        return self.type in _TEXTS


@dataclass(slots=True)
class Discovery:
    """The properties met so far, in order, at most `MOST`; `dropped` names the others."""

    declared: dict[str, Field] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    masks: list[int] = field(default_factory=list)
    met: set[str] = field(default_factory=set)
    dropped: list[str] = field(default_factory=list)
    _index: dict[str, int] = field(default_factory=dict)
    _ignored: set[str] = field(default_factory=set)

    @classmethod
    def starting(cls, fields: Iterable[Field]) -> Discovery:
        """With the fields that the file declares, in its order."""
        found = cls()
        for one in fields:
            found.declared[one.name] = one
            found._place(one.name)
        return found

    def values(self, properties: Mapping[str, Any]) -> list[Any]:
        """The values of one row, by column; a list of scalars as JSON. Other nested ones are passed over: they live in the ready
        feature and the full document."""
        values: list[Any] = [None] * len(self.names)
        for name, value in properties.items():
            at = self._index.get(name, -1)
            if at < 0:
                at = self._place(name) if isinstance(value, str | int | float | None) or is_list(value) else -1
                if at < 0:
                    continue
                values.extend([None] * (len(self.names) - len(values)))
            bit = _BITS.get(type(value))
            if bit is not None:
                self.masks[at] |= bit
                values[at] = value
                if bit == 2 and not -_LARGEST <= value <= _LARGEST:
                    values[at] = float(value)
                elif bit == 16:
                    values[at] = orjson.dumps(value).decode() if is_list(value) else None
            self.met.add(name)
        return values

    def fields(self) -> list[Field]:
        """The fields of what passed: those declared, and those met, with the narrowest type that holds every value."""
        return [self._field(name, mask) for name, mask in zip(self.names, self.masks, strict=True)]

    def _field(self, name: str, mask: int) -> Field:
        told = self.declared.get(name)
        if told is not None and (mask == 0 or _fits(mask, told.type)):
            return told
        return Field(name, _TYPES.get(mask, "string"))

    def _place(self, name: str) -> int:
        if name in self._index:
            return self._index[name]
        if len(self.names) >= MOST:
            if len(self.dropped) < _MOST_NAMED and name not in self._ignored:
                self._ignored.add(name)
                self.dropped.append(name)
            return -1
        self._index[name] = len(self.names)
        self.names.append(name)
        self.masks.append(0)
        return self._index[name]


def is_list(value: Any) -> bool:
    """Whether a value is a list of scalars."""
    return type(value) is list and all(one is None or isinstance(one, str | int | float) for one in value)


def assign(fields: Iterable[Field], existing: Iterable[Column]) -> tuple[list[Column], list[Column]]:
    """The columns of `fields` in order, and those of them that are new to the table that has `existing`."""
    there = list(existing)
    usable = {(column.property, column.is_text): column for column in there}
    declared = list(fields)
    wanted = [(one.name, one.type in _TEXTS) for one in declared]
    fresh = [one for one, key in zip(declared, wanted, strict=True) if key not in usable]
    names = column_names([one.name for one in fresh], [*RESERVED, *(column.name for column in there)])
    new = [Column(one.name, name, one.type) for one, name in zip(fresh, names, strict=True)]
    usable |= {(column.property, column.is_text): column for column in new}
    return [usable[key] for key in wanted], new


def widened(old: Iterable[Field], new: Iterable[Field]) -> list[Field]:
    """The fields of a version made by a delta: the old ones, each as wide as both need, then the new; at most `MOST`."""
    fields = {one.name: one for one in old}
    for one in new:
        before = fields.get(one.name)
        fields[one.name] = one if before is None else _wider(before, one)
    return list(fields.values())[:MOST]


def _wider(one: Field, other: Field) -> Field:
    if one.type == other.type:
        return one if one.format == other.format else Field(one.name, one.type)
    numeric = {one.type, other.type} == {"integer", "number"}
    return Field(one.name, "number" if numeric else "string")


def _fits(mask: int, kind: str) -> bool:
    found = _TYPES.get(mask, "string")
    return found == kind or (found == "integer" and kind == "number")
