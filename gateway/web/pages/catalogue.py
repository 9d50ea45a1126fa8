"""Pages of collections and datasets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Response

from gateway.geo import crs as systems
from gateway.model.dataset import Dataset
from gateway.model.text import UNDETERMINED, Text
from gateway.services.downloads import FORMATS
from gateway.services.query import Source
from gateway.services.question import offered
from gateway.services.tiles import id_name
from gateway.web import licences
from gateway.web.asked import Asked
from gateway.web.describe import moment
from gateway.web.messages import text
from gateway.web.pages.render import page

ROLES = ("id", "type", "reference", "primary-geometry", "primary-interval-start", "primary-interval-end")
"""The roles of properties that pages have words for."""


@dataclass(frozen=True, slots=True)
class Card:
    """A dataset as lists show it."""

    dataset: Dataset
    features: int
    licence: Text
    licence_address: str | None
    level: Text
    is_open: bool


def card(asked: Asked, dataset: Dataset) -> Card:
    """The card of a dataset."""
    licence = asked.gateway.charter.licence(dataset.licence)
    level = asked.gateway.charter.access_levels.get(dataset.level)
    return Card(
        dataset=dataset,
        features=sum(collection.features for collection in dataset.collections),
        licence={UNDETERMINED: dataset.licence or dataset.record.licence or "–"} if licence is None else licence.title,
        licence_address=licences.address(asked, dataset),
        level={} if level is None else level.title,
        is_open=level is not None and "public" in level.read,
    )


def collections(asked: Asked, sources: Sequence[Source], headers: Mapping[str, str]) -> Response:
    """All collections, by dataset."""
    return page(asked, "collections.html", headers=headers, sources=sources)


@dataclass(frozen=True, slots=True)
class File:
    """A download as the page shows it; `size` in bytes once it is made."""

    name: str
    title: str
    media_type: str
    size: int | None


def files(asked: Asked, source: Source) -> tuple[File, ...]:
    """The downloads of a collection, as they are now."""
    service = asked.gateway.downloads
    found = ((format, service.made(source, asked.access, format)) for format in FORMATS)
    return tuple(File(format.name, format.title, format.media_type, None if made is None else made.size) for format, made in found)


def collection(asked: Asked, source: Source, files: Sequence[File], headers: Mapping[str, str]) -> Response:
    """One collection with its map and its downloads."""
    systems_offered = [(crs.uri, systems.title(crs) if crs.is_known else crs.code) for crs in offered(source.collection)]
    return page(
        asked,
        "collection.html",
        headers=headers,
        source=source,
        found=source.collection,
        card=card(asked, source.dataset),
        systems=systems_offered,
        files=files,
        then=moment(source),
        tile_id=None if moment(source) else _tile_id(asked, source),
    )


def _tile_id(asked: Asked, source: Source) -> str | None:
    """The property that holds the id in the collection's web tiles; None where it has none."""
    on_the_web = any(grid.is_web_mercator for grid in asked.gateway.tiles.grids(source))
    return id_name(source.collection) if on_the_web else None


def schema(asked: Asked, source: Source, body: Mapping[str, Any], name: str, headers: Mapping[str, str]) -> Response:
    """The properties of a collection as a table."""
    return page(
        asked,
        "schema.html",
        headers=headers,
        source=source,
        found=source.collection,
        name=name,
        properties=body["properties"],
        then=moment(source),
        roles={role: text(f"role-{role}", asked.language_or_default()) for role in ROLES},
    )


def datasets(asked: Asked, found: Sequence[Dataset], headers: Mapping[str, str]) -> Response:
    """All datasets."""
    return page(asked, "datasets.html", headers=headers, cards=[card(asked, dataset) for dataset in found])


def dataset(asked: Asked, found: Dataset, headers: Mapping[str, str]) -> Response:
    """One dataset with its record."""
    return page(asked, "dataset.html", headers=headers, found=found, record=found.record, card=card(asked, found))


def versions(asked: Asked, dataset: Dataset, body: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    """The versions of a dataset; `body` is the same as JSON."""
    following = next((entry["href"] for entry in body["links"] if entry["rel"] == "next"), None)
    return page(asked, "versions.html", headers=headers, found=dataset, versions=body["versions"], following=following)
