"""The versions of CityGML that are written: the tables of each, and what writes its properties, addresses and geometries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.adapters.citygml.write import postal, postal_3, schema_2, schema_3
from gateway.adapters.citygml.write.properties import PropertyWriter
from gateway.adapters.citygml.write.properties_3 import NewPropertyWriter
from gateway.adapters.citygml.write.shapes import NewShapes, Shapes
from gateway.adapters.citygml.write.spec import Edition
from gateway.model.report import Report


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one version is written."""

    edition: Edition
    properties: type[PropertyWriter]
    shapes: type[Shapes]
    address: Callable[[dict[str, Any], str, Shapes, Report, str], str]


_TWO = Dialect(schema_2.EDITION, PropertyWriter, Shapes, postal.write)
_THREE = Dialect(schema_3.EDITION, NewPropertyWriter, NewShapes, postal_3.write)


def dialect(version: str | None) -> Dialect:
    """The dialect of a version; that of 2.0 for all but 3.0."""
    return _THREE if version == "3.0" else _TWO
