"""Datasets and their collections as the store keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.model.crs import CRS84, Crs
from gateway.model.feature import Field
from gateway.model.record import Record

type Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Collection:
    """One feature collection at its current version.

    `crs` is the storage CRS. `box` is the exact extent in CRS84 (west, south, east, north), `storage_box` the same in the
    storage CRS (minx, miny, maxx, maxy, visualisation order); `interval` is the span of the features' validity.
    `fields` are the declared columns; `features` is the exact count. `three_d` says whether full documents exist.
    """

    id: str
    dataset: str
    title: Mapping[str, str]
    crs: Crs = CRS84
    geometry_type: str | None = None
    fields: tuple[Field, ...] = ()
    features: int = 0
    box: Box | None = None
    storage_box: Box | None = None
    interval: tuple[str | None, str | None] | None = None
    three_d: bool = False
    version: int = 1
    description: Mapping[str, str] = field(default_factory=dict)
    remote: bool = False
    """Whether its features stay with a remote service: then their number is not known beforehand, nor when they change."""
    item_type: str = "feature"
    """``feature``, or ``coverage`` for a raster, which has no items."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset: an owner, a record, and no, one or many collections.

    `owner` is the pseudonym of the party; `owner_name` is what people may read. `level` is the charter's access level
    ("A", "B", "C" or "open"). `updated` is the time of the current publication (RFC 3339 UTC).
    """

    id: str
    owner: str
    owner_name: str
    level: str
    record: Record
    collections: tuple[Collection, ...] = ()
    licence: str | None = None
    version: int = 1
    branch: str = "main"
    updated: str = ""
    source_format: str | None = None
    graph: str = "full"


@dataclass(frozen=True, slots=True)
class Version:
    """One published version of a dataset: its number, the time of publication (RFC 3339 UTC) and its journal entry."""

    number: int
    published: str
    entry: int
