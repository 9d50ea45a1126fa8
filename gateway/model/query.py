"""Typed questions to the store: features and records, with filters as a small expression tree.

The tree is what CQL2 (OGC 21-065), property parameters and OGC Filter (pycsw) are turned into; a store compiles it to bound SQL.
Conditions follow the three-valued logic of SQL: one with an operand that has no value is neither true nor false.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.model.access import Access
from gateway.model.feature import Scalar

type Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Property:
    """The value of a property. `geometry` is the feature's geometry, unless a declared field has that name."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function of `arguments`: casei, accenti, the arithmetic + - * / % div ^, and those that `/functions` lists."""

    name: str
    arguments: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Instant:
    """A day (``2024-05-01``) or a moment (RFC 3339 in UTC, with Z)."""

    text: str


@dataclass(frozen=True, slots=True)
class Interval:
    """From `start` to `end`, both of which belong to it; None is open."""

    start: Operand | None
    end: Operand | None


@dataclass(frozen=True, slots=True)
class Geometry:
    """A geometry of the question: ISO WKB, two-dimensional, in the storage CRS and visualisation order, checked."""

    wkb: bytes


@dataclass(frozen=True, slots=True)
class Array:
    """A list of operands."""

    items: tuple[Operand, ...]


type Operand = Scalar | Property | Call | Instant | Interval | Geometry | Array
"""What a condition is about; a bare scalar is a literal."""


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
    """`part` does not hold."""

    part: Expression


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left` `operator` `right`, the operator one of = <> < <= > >=."""

    left: Operand
    operator: str
    right: Operand


@dataclass(frozen=True, slots=True)
class Like:
    """`operand` matches `pattern`, in which % is any text, _ one character, and \\ escapes.

    Without case: ``Like(Call("casei", (operand,)), pattern)``, the pattern case-folded by whoever makes the tree.
    """

    operand: Operand
    pattern: str


@dataclass(frozen=True, slots=True)
class Between:
    """`low` <= `operand` <= `high`."""

    operand: Operand
    low: Operand
    high: Operand


@dataclass(frozen=True, slots=True)
class In:
    """`operand` is one of `values`."""

    operand: Operand
    values: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class IsNull:
    """`operand` has no value."""

    operand: Operand


@dataclass(frozen=True, slots=True)
class Spatial:
    """`left` `operator` `right`, one of intersects equals disjoint touches within overlaps crosses contains."""

    operator: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Temporal:
    """`left` `operator` `right`, one of after before contains disjoint during equals finishedBy finishes intersects meets metBy
    overlappedBy overlaps startedBy starts (OGC 21-065, /req/temporal-functions)."""

    operator: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Arrays:
    """`left` `operator` `right` as sets, one of contains containedBy equals overlaps (OGC 21-065, /req/array-functions)."""

    operator: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Intersects:
    """The geometry (records: the bounding box) intersects `box`, in the storage CRS (records: CRS84)."""

    box: Box


@dataclass(frozen=True, slots=True)
class Text:
    """Full text: every word of `words` occurs in the record."""

    words: str


type Condition = Comparison | Like | Between | In | IsNull | Spatial | Temporal | Arrays | Intersects | Text
"""A leaf of an expression."""

type Expression = And | Or | Not | Condition


@dataclass(frozen=True, slots=True)
class Query:
    """A question to one collection, made by `gateway.services.query` after all parameters have been checked.

    `boxes` are in the storage CRS in visualisation order (two where a CRS84 box crosses the antimeridian); a feature
    qualifies when its geometry itself intersects one of them (features without geometry: never, given a box).
    `region` is given where a box of another CRS is no box in the storage CRS: ISO WKB (Multi)Polygon in the storage CRS, the
    true shape of the question, whose bounds are `boxes`; then a geometry qualifies when it intersects the region.
    `interval` is (from, to) in RFC 3339 UTC or None (open); features without validity qualify. `after` is the row key of
    the last feature of the page before. `as_of` is a time of publication, `version` a dataset version; None is current.
    `sort` is (property, descending) pairs, values without order last, ties by row key; then `position` is the sort values of
    the last feature of the page before, and `after` its key (`position` empty with `after`: the values it has now).
    `heights` is (low, high) in the storage CRS: a geometry with heights must reach between them, one without qualifies.
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
    sort: tuple[tuple[str, bool], ...] = ()
    position: tuple[Scalar, ...] = ()
    heights: tuple[float, float] | None = None


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
