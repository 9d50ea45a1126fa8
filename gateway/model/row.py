"""A feature as the store keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.model.feature import Scalar


@dataclass(slots=True)
class Row:
    """One feature ready to be stored, or as it was stored.

    `geometry` is ISO WKB (2D footprint, or the plain feature's own geometry with Z) in the storage CRS; `box` its bounds.
    `ready` is the GeoJSON Feature in CRS84 as UTF-8 bytes, served as it is (members in the order type, id, geometry,
    properties; no links). `document` is the full feature (`gateway.services.document`), present only where it says more
    than `properties` and `geometry`. `digest` is SHA-256 over what was published. `key` is the store's row key, which a
    feature keeps for life: the order of paging. `properties` holds all attributes that are scalars, and
    on the way into the store those that are lists of scalars.
    """

    id: str
    properties: Mapping[str, Any]
    geometry: bytes | None
    box: tuple[float, float, float, float] | None
    ready: bytes
    digest: bytes
    document: bytes | None = None
    validity: tuple[str | None, str | None] | None = None
    parent: str | None = None
    type: str = "Feature"
    key: int = 0
    since: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """A page of ready features: `body` is the comma-joined Feature objects (no brackets); `last` is the row key of the
    last feature when more follow, else None; of a sorted question `position` is then that feature's sort values."""

    body: bytes
    returned: int
    last: int | None
    position: tuple[Scalar, ...] = ()
