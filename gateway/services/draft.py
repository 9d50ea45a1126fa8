"""What a file says of itself as its features pass, and the record drawn from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.errors import TooLarge
from gateway.geo import transform
from gateway.model.crs import CRS84, Crs
from gateway.model.dataset import Box, Collection, Dataset
from gateway.model.feature import Feature, Field, Layer
from gateway.model.record import Attribute, Record
from gateway.model.text import UNDETERMINED
from gateway.ports import Header

MOST_COLUMNS = 200
"""Attributes of a collection that become columns; the first ones seen."""

MOST_COLLECTIONS = 100
_MOST_NAMES = 2000
_BITS: Mapping[type, int] = {type(None): 0, bool: 1, int: 2, float: 4, str: 8}
_NESTED = 16
_TYPES: Mapping[int, str] = {1: "boolean", 2: "integer", 4: "number", 6: "number"}


@dataclass(slots=True)
class LayerSurvey:
    """What one collection of the file turned out to hold. `names` maps each attribute to the kinds of value seen (bits)."""

    id: str
    features: int = 0
    names: dict[str, int] = field(default_factory=dict)
    low: tuple[float, float] | None = None
    high: tuple[float, float] | None = None
    start: str | None = None
    end: str | None = None

    @property
    def box(self) -> Box | None:
        """The bounds in the file's CRS."""
        return None if self.low is None or self.high is None else (*self.low, *self.high)

    @property
    def interval(self) -> tuple[str | None, str | None] | None:
        """The span of the features' validity, as far as any states one."""
        return (self.start, self.end) if self.start or self.end else None

    def columns(self) -> list[str]:
        """The attributes whose values are all scalars, in the order seen."""
        return [name for name, bits in self.names.items() if not bits & _NESTED]

    def fields(self, declared: Layer | None) -> tuple[Field, ...]:
        """The declared columns: types as seen, formats as the file declares them."""
        known = {field.name: field for field in declared.fields} if declared else {}
        names = dict.fromkeys([*known, *self.columns()])
        return tuple(known.get(name) or Field(name, self.type_of(name)) for name in list(names)[:MOST_COLUMNS])

    def type_of(self, name: str) -> str:
        """The JSON Schema type of an attribute: that of its values, else string."""
        bits = self.names.get(name, 0)
        return "object" if bits & _NESTED else _TYPES.get(bits, "string")

    def see(self, feature: Feature, box: Box | None) -> None:
        """Take in one feature; `box` is its bounds."""
        self.features += 1
        names = self.names
        for name, value in feature.properties.items():
            bit = _BITS.get(type(value), _NESTED)
            seen = names.get(name)
            if seen is None:
                if len(names) < _MOST_NAMES:
                    names[name] = bit
            elif seen | bit != seen:
                names[name] = seen | bit
        if box is not None:
            self._widen(box)
        if feature.validity is not None:
            self._lengthen(*feature.validity)

    def _widen(self, box: Box) -> None:
        if self.low is None or self.high is None:
            self.low, self.high = box[:2], box[2:]
        else:
            self.low = (min(self.low[0], box[0]), min(self.low[1], box[1]))
            self.high = (max(self.high[0], box[2]), max(self.high[1], box[3]))

    def _lengthen(self, start: str | None, end: str | None) -> None:
        if start is not None and (self.start is None or start < self.start):
            self.start = start
        if end is not None and (self.end is None or end > self.end):
            self.end = end


@dataclass(slots=True)
class Survey:
    """What a whole file turned out to hold, by its own names of collections, in the order they came."""

    layers: dict[str, LayerSurvey] = field(default_factory=dict)

    def through(self, features: Iterable[Feature], extra: Mapping[str, Any]) -> Iterator[Feature]:
        """The same features, each taken in as it passes; ``extra["box"]`` is its bounds (see `ports.Check`)."""
        for feature in features:
            layer = self.layers.get(feature.collection)
            if layer is None:
                if len(self.layers) >= MOST_COLLECTIONS:
                    raise TooLarge(f"more than {MOST_COLLECTIONS} collections in one file", cure="publish it in parts")
                layer = self.layers[feature.collection] = LayerSurvey(feature.collection)
            layer.see(feature, extra.get("box"))
            yield feature

    def undeclared(self) -> dict[str, list[str]]:
        """By collection, the attributes that get no column."""
        return {id: rest for id, layer in self.layers.items() if (rest := layer.columns()[MOST_COLUMNS:])}

    def properties(self) -> dict[str, set[str]]:
        """By collection, the names of all attributes."""
        return {id: set(layer.names) for id, layer in self.layers.items()}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the record can be drawn from: the file (`header`, `crs`, `survey`), what stays of the dataset, and the moment."""

    dataset: str
    time: str
    header: Header | None = None
    crs: Crs | None = None
    survey: Survey = field(default_factory=Survey)
    names: Mapping[str, str] = field(default_factory=dict)
    format: str | None = None
    level: str | None = None
    federal: str | None = None
    licence: str | None = None
    current: Dataset | None = None
    staying: tuple[Collection, ...] = ()


def record(facts: Facts, uploaded: Record | None) -> Record:
    """The record of a publication: the uploaded one, else the one an earlier upload left, else one drawn from the file.

    What a record does not say and the file shows (extent, CRS, attributes, formats, dates) is filled in; what it says is kept.
    """
    current = None if facts.current is None else facts.current.record
    if uploaded is not None:
        return _completed(uploaded, facts)
    if current is not None and (current.source is not None or facts.header is None):
        return _completed(current, facts)
    carried = None if facts.header is None else facts.header.record
    return _completed(carried or _drawn(facts, current), facts)


def _drawn(facts: Facts, current: Record | None) -> Record:
    header = facts.header
    title = header.title if header is not None else None
    abstract = header.description if header is not None else None
    earlier = Record(id=facts.dataset, title={}) if current is None else current
    return Record(
        id=earlier.id,
        title={UNDETERMINED: title} if title else earlier.title or {UNDETERMINED: facts.dataset},
        abstract={UNDETERMINED: abstract} if abstract else earlier.abstract,
        published=earlier.published or facts.time,
        revised=None if current is None else facts.time,
        modified=facts.time,
    )


def _completed(base: Record, facts: Facts) -> Record:
    extent = base.extent
    if extent.box is None or base.source is None:
        extent = replace(extent, box=_box(facts) or extent.box)
    if extent.interval is None:
        extent = replace(extent, interval=_interval(facts))
    permanent = base.permanent_ids and (facts.header is None or facts.header.ids != "order")
    return replace(
        base,
        id=base.id or facts.dataset,
        title=base.title or {UNDETERMINED: facts.dataset},
        extent=extent,
        crs=base.crs or (() if facts.crs is None else (facts.crs.code,)),
        attributes=base.attributes or _attributes(facts),
        formats=base.formats or (() if facts.format is None else (facts.format,)),
        licence=facts.licence or base.licence,
        access_level=facts.level,
        federal_level=base.federal_level or facts.federal,
        permanent_ids=permanent,
        published=base.published or facts.time,
        modified=base.modified or facts.time,
    )


def _attributes(facts: Facts) -> tuple[Attribute, ...]:
    return tuple(
        Attribute(name, layer.type_of(name), collection=facts.names.get(id, id))
        for id, layer in facts.survey.layers.items()
        for name in layer.names
    )


def _box(facts: Facts) -> Box | None:
    """The extent in CRS84 of what the file brings and what stays."""
    found = [collection.box for collection in facts.staying if collection.box is not None]
    if facts.crs is not None and facts.crs.is_known:
        for layer in facts.survey.layers.values():
            if layer.box is not None:
                found.extend(transform.boxes(layer.box, facts.crs, CRS84))
    if not found:
        return None
    low_x, low_y, high_x, high_y = zip(*found, strict=True)
    return max(min(low_x), -180.0), max(min(low_y), -90.0), min(max(high_x), 180.0), min(max(high_y), 90.0)


def _interval(facts: Facts) -> tuple[str | None, str | None] | None:
    spans = [layer.interval for layer in facts.survey.layers.values() if layer.interval is not None]
    spans += [collection.interval for collection in facts.staying if collection.interval is not None]
    if not spans:
        return None
    starts = [start for start, _ in spans if start is not None]
    ends = [end for _, end in spans if end is not None]
    return min(starts, default=None), max(ends, default=None)
