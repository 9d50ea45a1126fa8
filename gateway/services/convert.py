"""Converts a file to another format, as a stream, with a report of what changed."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import batched
from pathlib import Path
from typing import Any

import numpy as np

from gateway.errors import UsageError
from gateway.geo import crs as crs_rules
from gateway.geo import transform
from gateway.model.crs import CRS84, Crs
from gateway.model.feature import Feature
from gateway.model.report import Report
from gateway.ports import Adapter, Output, Reading, ReadOptions
from gateway.services import formats

_BATCH = 500


def convert(
    source: Path,
    target: Path,
    *,
    to: str | None = None,
    crs: str | None = None,
    id_field: str | None = None,
    assume_crs: str | None = None,
    progress: Callable[[float], None] | None = None,
) -> Report:
    """Convert `source` to `target` in constant memory; gives the report. A failed conversion leaves no file behind.

    `to` names the format (else the target's name decides), `crs` the system to reproject to, `id_field` the property that holds
    ids, `assume_crs` the system of a source that names none. `progress` is told of every further thousand features.
    """
    writer = formats.writer(to or target.name)
    wanted = None if crs is None else crs_rules.known(crs, "crs")
    assumed = None if assume_crs is None else crs_rules.known(assume_crs, "assume-crs")
    if target.exists() and source.exists() and target.samefile(source):
        raise UsageError("source and target are one file", place=str(target), cure="give another target")
    reader = formats.detect(source)
    with reader.open(source, ReadOptions(assumed, id_field)) as reading:
        transfer(reading, writer, target, wanted, progress)
        return reading.report


def transfer(
    reading: Reading, writer: Adapter, target: Path, wanted: Crs | None, progress: Callable[[float], None] | None = None
) -> None:
    """Write what is being read to `target`, in the CRS `wanted`, whole or not at all; the reading's report says what changed."""
    report = reading.report
    crs = _target_crs(reading, writer, wanted)
    features: Iterable[Feature] = reading
    if crs is not None and reading.header.crs is not None and not crs_rules.same(crs, reading.header.crs):
        features = moved(features, reading.header.crs, crs, report)
    if progress is not None:
        features = _told(features, progress)
    output = Output(crs=crs, title=reading.header.title, layers=_layers(reading), version=_version(reading, writer))
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {target.parent}", place=str(target))
    made = target.parent / f".{target.name[:100]}.{secrets.token_hex(6)}.part"
    try:
        with made.open("xb") as sink:
            writer.write(features, sink, output, report)
        made.replace(target)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
    _conclude(reading, report)


def _target_crs(reading: Reading, writer: Adapter, wanted: Crs | None) -> Crs | None:
    """The CRS asked for; for GeoJSON CRS84 (RFC 7946 section 4) unless the source's own is unknown; else the source's."""
    own = reading.header.crs
    if wanted is not None:
        if own is None or not own.is_known:
            raise UsageError("the source names no reference system to convert from", place="crs", cure="--assume-crs EPSG:n")
        return wanted
    return CRS84 if writer.name == "geojson" and own is not None and own.is_known else own


def _version(reading: Reading, writer: Adapter) -> str | None:
    """CityGML keeps the version of a CityGML source (3.0 stays 3.0)."""
    return reading.header.version if reading.header.format == writer.name and writer.name == "citygml" else None


def _layers(reading: Reading) -> tuple[Any, ...]:
    return tuple(layer for layer in reading.header.layers if layer.id)


def moved(features: Iterable[Feature], source: Crs, target: Crs, report: Report) -> Iterator[Feature]:
    """The features in another CRS: shapes a batch at a time, the geometries and addresses of city objects one by one."""
    report.note(f"Coordinates were moved from {source.code} to {target.code}.")
    heights = transform.heights_note(source, target)
    if heights:
        report.note(heights)
    for batch in batched(features, _BATCH):
        shapes = transform.wkb([feature.shape for feature in batch], source, target, place=batch[0].place)
        for feature, shape in zip(batch, shapes, strict=True):
            if feature.geometries or feature.addresses:
                yield replace(
                    transform.feature(replace(feature, shape=None), source, target),
                    shape=shape,
                    addresses=[_address(address, source, target) for address in feature.addresses],
                )
            else:
                feature.shape = shape
                yield feature


def _address(address: dict[str, Any], source: Crs, target: Crs) -> dict[str, Any]:
    location = address.get("location")
    spots = location.get("boundaries") if isinstance(location, dict) else None
    if not spots or not isinstance(location, dict):
        return address
    found = transform.points(np.array(spots, dtype=np.float64), source, target).tolist()
    return {**address, "location": {**location, "boundaries": [tuple(spot) for spot in found]}}


def _told(features: Iterable[Feature], progress: Callable[[float], None]) -> Iterator[Feature]:
    for count, feature in enumerate(features, 1):
        yield feature
        if count % 1000 == 0:
            progress(1000)


def _conclude(reading: Reading, report: Report) -> None:
    header = reading.header
    if header.crs is None:
        report.note("The source names no reference system; coordinates were carried through as they are.")
    elif not header.crs.is_known:
        report.note(f"The source's reference system {header.crs.code!r} has no code; coordinates were carried through.")
    if header.ids == "order":
        report.note("The source has no ids: numbers in file order were given, which are not permanent.")
