"""City objects as two-dimensional formats show them: a footprint and properties, with a report of what that leaves out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from gateway.geo import footprint as rules
from gateway.geo import wkb as wkbs
from gateway.model.feature import Feature
from gateway.model.report import Report


def footprints(features: Sequence[Feature]) -> list[bytes | None]:
    """The same, without a word: for formats that show more than the footprint."""
    found = [feature.shape for feature in features]
    missing = [at for at, feature in enumerate(features) if feature.geometries and feature.shape is None]
    if missing:
        derived = wkbs.write(rules.footprints([features[at] for at in missing]))
        for at, shape in zip(missing, derived, strict=True):
            found[at] = shape
    return found


def shapes(features: Sequence[Feature], report: Report, format: str) -> list[bytes | None]:
    """The WKB each feature is shown with: its own shape, or the footprint of a city object."""
    found = footprints(features)
    for feature in features:
        if feature.is_city_object:
            _report(feature, report, format)
    return found


def _report(feature: Feature, report: Report, format: str) -> None:
    for geometry in feature.geometries:
        report.lost(f"{geometry.type} at LoD {geometry.lod}", f"{format} shows the footprint only", feature.id)
        if geometry.surfaces:
            report.lost("boundary surfaces", f"{format} has none", feature.id, count=len(geometry.surfaces))
        if geometry.appearance:
            report.lost("appearance", f"{format} has none", feature.id)
    if feature.opaque:
        report.lost("opaque XML", f"{format} has no place for it", feature.id, count=len(feature.opaque))
    if feature.parent or feature.children:
        report.changed("family of city objects", "parent and children are properties", feature.id)


def properties(feature: Feature) -> dict[str, Any]:
    """The properties, with what a city object has beside them under names that are free."""
    if not feature.is_city_object and feature.validity is None:
        return feature.properties
    extra = {
        name if name not in feature.properties else f"twin_{name}": value
        for name, value in _beside(feature)
        if value is not None and value != []
    }
    return {**feature.properties, **extra}


def _beside(feature: Feature) -> Iterator[tuple[str, Any]]:
    start, end = feature.validity or (None, None)
    yield "type", feature.type if feature.type != "Feature" else None
    yield "parent", feature.parent
    yield "children", list(feature.children)
    yield "addresses", feature.addresses
    yield "validFrom", start
    yield "validTo", end
