"""Features as rows of one table, for formats that name their columns first: one pass finds the columns and lays the rows aside.

The rows wait in a temporary file, so memory holds one batch however long the table is.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import IO, Any

import numpy as np
import orjson
import shapely

from gateway.adapters import flat
from gateway.geo import wkb as wkbs
from gateway.model.dataset import Box
from gateway.model.feature import Feature, Scalar
from gateway.model.report import Report
from gateway.ports import Output

BATCH = 1000
_BOOLEAN, _INTEGER, _NUMBER, _TEXT, _NESTED, _HUGE = 1, 2, 4, 8, 16, 32
_BITS: Mapping[type, int] = {
    bool: _BOOLEAN,
    int: _INTEGER,
    float: _NUMBER,
    str: _TEXT,
    list: _NESTED,
    dict: _NESTED,
    tuple: _NESTED,
}
_TYPES = {
    0: "string",
    _BOOLEAN: "boolean",
    _INTEGER: "integer",
    _NUMBER: "number",
    _INTEGER | _NUMBER: "number",
    _TEXT: "string",
    _NESTED: "json",
}
_DECLARED = {"boolean": _BOOLEAN, "integer": _INTEGER, "number": _NUMBER, "string": _TEXT}
_WIDEST = 2**63


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its type (boolean, integer, number, string, or json for nested values as JSON text), its format."""

    name: str
    type: str
    format: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows: ids, values in the order of the columns, and ISO WKB."""

    ids: list[str]
    values: list[list[Scalar]]
    shapes: list[bytes | None]


class Table:
    """All rows of what is to be written, with what they add up to. Close it, or use `with`.

    `id_name` is the column of ids: ``id``, or ``gw_id`` where a property is called that. Features of several collections in one
    table have a column ``collection``. `kinds` are GEOS type ids; `box` is None without geometry.
    """

    def __init__(self, features: Iterable[Feature], output: Output, report: Report, format: str) -> None:
        self.count = 0
        self.kinds: set[int] = set()
        self.raised = False
        self.flat = False
        self.box: Box | None = None
        self._report = report
        self._format = format
        self._names: dict[str, int] = {}
        self._collections: dict[str, None] = {}
        self._formats = {field.name: field.format for layer in output.layers for field in layer.fields}
        for layer in output.layers:
            for field in layer.fields:
                self._names[field.name] = self._names.get(field.name, 0) | _DECLARED.get(field.type, 0)
        self._spool: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        try:
            for batch in batched(features, BATCH):
                self._take(batch)
            self.columns = self._columns()
        except BaseException:
            self._spool.close()
            raise
        folded = {name.lower() for name in self._names}
        self.id_name = next(name for name in ("id", "gw_id", "gw_id_2", "gw_id_3") if name not in folded)

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *exc: object) -> None:
        self._spool.close()

    def batches(self) -> Iterator[Batch]:
        """The rows in order; may be asked for again."""
        self._spool.seek(0)
        several = "collection" if self._has_collections else None
        for _ in range(-(-self.count // BATCH)):
            ids, collections, properties, shapes = pickle.load(self._spool)  # noqa: S301 - our own temporary file
            if several:
                properties = [{**one, several: name} for one, name in zip(properties, collections, strict=True)]
            yield Batch(ids, [self._values(one) for one in properties], shapes)

    def _take(self, batch: Sequence[Feature]) -> None:
        shapes = flat.shapes(batch, self._report, self._format)
        self._measure(wkbs.read(shapes))
        properties = [flat.properties(feature) for feature in batch]
        names = self._names
        for one in properties:
            for name, value in one.items():
                if value is not None:
                    bit = _BITS.get(type(value), _TEXT)
                    if bit == _INTEGER and not -_WIDEST <= value < _WIDEST:
                        bit = _HUGE
                    names[name] = names.get(name, 0) | bit
                elif name not in names:
                    names[name] = 0
        for feature in batch:
            self._collections[feature.collection] = None
            self._report.written[feature.collection] += 1
        self.count += len(batch)
        parts = ([feature.id for feature in batch], [feature.collection for feature in batch], properties, shapes)
        pickle.dump(parts, self._spool, 5)

    def _measure(self, array: Any) -> None:
        kinds = shapely.get_type_id(array)
        self.kinds |= set(np.unique(kinds[kinds >= 0]).tolist())
        raised = shapely.has_z(array)[kinds >= 0]
        self.raised |= bool(raised.any())
        self.flat |= bool((~raised).any())
        bounds = shapely.bounds(array)
        if np.isfinite(bounds).any():
            low, high = np.nanmin(bounds[:, :2], axis=0).tolist(), np.nanmax(bounds[:, 2:], axis=0).tolist()
            old = self.box or (*low, *high)
            self.box = (min(old[0], low[0]), min(old[1], low[1]), max(old[2], high[0]), max(old[3], high[1]))

    @property
    def _has_collections(self) -> bool:
        return len(self._collections) > 1 and "collection" not in self._names

    def _columns(self) -> list[Column]:
        found = []
        if len(self._collections) > 1:
            if self._has_collections:
                found.append(Column("collection", "string"))
            else:
                self._report.lost("name of the collection", f"{self._format} has one table, and a property has that name")
        for name, bits in self._names.items():
            kind = _TYPES.get(bits, "string")
            if kind == "json":
                self._report.changed("nested values", f"{self._format} has none: written as JSON text", name)
            elif bits not in _TYPES:
                self._report.changed("values of several types in one column", "written as text", name)
            found.append(Column(name, kind, self._formats.get(name) if kind == "string" else None))
        return found

    def _values(self, properties: Mapping[str, Any]) -> list[Scalar]:
        return [_value(properties.get(column.name), column.type) for column in self.columns]


def _value(value: Any, kind: str) -> Scalar:
    """A value as its column's type has it."""
    if value is None or (kind == "string" and type(value) is str) or kind in ("boolean", "integer"):
        return value  # type: ignore[no-any-return]
    if kind == "number":
        return float(value)
    return text(value)


def text(value: Any) -> str:
    """A value as text: a string as it is, everything else as JSON writes it."""
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS, default=str).decode()
