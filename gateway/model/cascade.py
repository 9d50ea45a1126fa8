"""A cascaded collection: its features, or its raster, stay with a remote service and are asked for when somebody asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.model.crs import CRS84, Crs
from gateway.model.dataset import Box
from gateway.model.feature import Field


@dataclass(frozen=True, slots=True)
class Cascade:
    """How a collection is had from elsewhere.

    `dataset` is the dataset of the twin whose owner, access level, licence and record hold for it. `provider` is a provider
    block as pygeoapi's configuration writes it (`type`, `name`, `data`, `id_field`, …). `crs` is the system of the coordinates
    the provider gives, `box` the extent in CRS84, `fields` what the provider said of its properties when it was configured.
    """

    id: str
    dataset: str
    provider: Mapping[str, Any]
    title: Mapping[str, str] = field(default_factory=dict)
    crs: Crs = CRS84
    box: Box | None = None
    fields: tuple[Field, ...] = ()
    geometry_type: str | None = None

    @property
    def is_coverage(self) -> bool:
        """Whether it is a raster, not features."""
        return self.provider.get("type") == "coverage"
