"""GeoJSON out: a FeatureCollection after RFC 7946, features as they come, in constant memory."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import batched
from typing import BinaryIO

import orjson

from gateway.adapters import flat
from gateway.geo import crs as crs_rules
from gateway.geo import geojson
from gateway.model.crs import CRS84, Crs
from gateway.model.feature import Feature
from gateway.model.report import Report
from gateway.ports import Output

_BATCH = 1000


def write_geojson(features: Iterable[Feature], sink: BinaryIO, output: Output, report: Report) -> None:
    """Write `features`, whose coordinates are in `output.crs`, to `sink`. What GeoJSON cannot say goes to `report`."""
    sink.write(_opening(output, report))
    decimals = crs_rules.decimals(output.crs) if output.crs is not None else 4
    separator = b"\n"
    for batch in batched(features, _BATCH):
        shapes = geojson.encode(flat.shapes(batch, report, "GeoJSON"), decimals)
        for feature, shape in zip(batch, shapes, strict=True):
            sink.write(separator + _feature(feature, shape))
            report.written[feature.collection] += 1
            separator = b",\n"
    sink.write(b"\n]}\n")


def _opening(output: Output, report: Report) -> bytes:
    parts = [b'{"type":"FeatureCollection",']
    if output.title:
        parts.append(b'"name":' + orjson.dumps(output.title) + b",")
    if output.crs is None:
        report.note("The source names no reference system, so the GeoJSON names none; RFC 7946 readers will assume CRS84.")
    elif not crs_rules.same(output.crs, CRS84):
        parts.append(b'"crs":' + orjson.dumps({"type": "name", "properties": {"name": _urn(output.crs)}}) + b",")
        report.note(f"Coordinates are in {output.crs.code}, named by the crs member of GeoJSON 2008; RFC 7946 knows CRS84 only.")
    parts.append(b'"features":[')
    return b"".join(parts)


def _urn(crs: Crs) -> str:
    """The URN of a system, as GeoJSON 2008 section 3.1 recommends; the plain name of a local one."""
    codes = [code.split(":") for code in (crs.horizontal, crs.vertical) if code]
    if not codes:
        return crs.code
    names = [f"crs:{authority}::{number}" for authority, number in codes]
    return f"urn:ogc:def:{names[0]}" if len(names) == 1 else f"urn:ogc:def:crs,{','.join(names)}"


def _feature(feature: Feature, shape: bytes) -> bytes:
    return b'{"type":"Feature","id":%b,"geometry":%b,"properties":%b}' % (
        orjson.dumps(feature.id),
        shape,
        orjson.dumps(flat.properties(feature), option=orjson.OPT_NON_STR_KEYS),
    )
