"""Typed questions to the store: features and records, with filters as a small expression tree.

The tree is what CQL2, property parameters and OGC Filter (pycsw) are turned into; the store compiles it to bound SQL.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.model.access import Access
from gateway.model.feature import Scalar

type Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class And:
    """All of `parts` hold; true when empty."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of `parts` holds; false when empty."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """`part` does not hold (SQL three-valued logic)."""

    part: Expression


@dataclass(frozen=True, slots=True)
class Comparison:
    """`property` `operator` `value`, the operator one of = <> < <= > >=; `fold` compares without case."""

    property: str
    operator: str
    value: Scalar
    fold: bool = False


@dataclass(frozen=True, slots=True)
class Like:
    """`property` matches `pattern`, in which % is any text, _ one character, and \\ escapes; `fold` ignores case."""

    property: str
    pattern: str
    fold: bool = False


@dataclass(frozen=True, slots=True)
class Between:
    """`low` <= `property` <= `high`."""

    property: str
    low: Scalar
    high: Scalar


@dataclass(frozen=True, slots=True)
class In:
    """`property` is one of `values`."""

    property: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class IsNull:
    """`property` has no value."""

    property: str


@dataclass(frozen=True, slots=True)
class Intersects:
    """The geometry (records: the bounding box) intersects `box`, in the storage CRS (records: CRS84)."""

    box: Box


@dataclass(frozen=True, slots=True)
class Text:
    """Full text: every word of `words` occurs in the record."""

    words: str


type Expression = And | Or | Not | Comparison | Like | Between | In | IsNull | Intersects | Text


@dataclass(frozen=True, slots=True)
class Query:
    """A question to one collection, made by `gateway.services.query` after all parameters have been checked.

    `boxes` are in the storage CRS in visualisation order (two where a CRS84 box crosses the antimeridian); a feature
    qualifies when its geometry itself intersects one of them (features without geometry: never, given a box).
    `region` is given where a box of another CRS is no box in the storage CRS: ISO WKB (Multi)Polygon in the storage CRS, the
    true shape of the question, whose bounds are `boxes`; then a geometry qualifies when it intersects the region.
    `interval` is (from, to) in RFC 3339 UTC or None (open); features without validity qualify. `after` is the row key of
    the last feature of the page before. `as_of` is a time of publication, `version` a dataset version; None is current.
    """

    collection: str
    access: Access
    limit: int = 10
    boxes: tuple[Box, ...] = ()
    interval: tuple[str | None, str | None] | None = None
    filter: Expression | None = None
    after: int | None = None
    version: int | None = None
    as_of: str | None = None
    region: bytes | None = None


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """A question to the catalogue. `sort` is (property, descending) pairs; properties are those of `RECORD_PROPERTIES`."""

    access: Access
    filter: Expression | None = None
    limit: int = 10
    offset: int = 0
    sort: tuple[tuple[str, bool], ...] = ()
    ids: tuple[str, ...] = field(default=())


RECORD_PROPERTIES = (
    "identifier",
    "title",
    "abstract",
    "type",
    "language",
    "modified",
    "created",
    "published",
    "revised",
    "organisation",
    "keywords",
    "topics",
    "licence",
    "level",
    "crs",
    "format",
    "source",
    "anytext",
)
