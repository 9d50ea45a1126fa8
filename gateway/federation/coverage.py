"""Cuts of cascaded rasters, through pygeoapi's coverage providers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from gateway.errors import ParameterError, TooLarge
from gateway.federation.host import Host
from gateway.geo import crs as systems
from gateway.geo import transform
from gateway.model.cascade import Cascade
from gateway.model.crs import Crs
from gateway.model.dataset import Box

COVERAGE_JSON = "application/prs.coverage+json"
_LARGEST = 128 << 20


def cut(cascade: Cascade, host: Host, box: Box | None, box_crs: Crs, bands: Sequence[str], *, native: bool) -> bytes:
    """The part of a raster in a box (visualisation order of `box_crs`), with some of its bands: the raster's own format, or
    CoverageJSON.

    Raises ParameterError for a box that misses the raster and a band it has not, RemoteError, OutOfTime, TooLarge.
    """
    known = {field.name for field in cascade.fields}
    for band in bands:
        if band not in known:
            raise ParameterError("properties", f"the coverage has no band {band}", cure=f"bands: {', '.join(sorted(known))}")
    arguments: dict[str, Any] = {"properties": list(bands), "format_": "native" if native else "json"}
    if box is not None:
        arguments |= {"bbox": list(_near(cascade, box, box_crs)), "bbox_crs": int(cascade.crs.code.partition(":")[2])}
    answer = host.ask("query", **arguments)
    found = answer.blob or orjson.dumps(answer.document)
    if len(found) > _LARGEST:
        raise TooLarge(f"the coverage is more than {_LARGEST} bytes", place=cascade.id, cure="ask for a part of it with bbox")
    return found


def _near(cascade: Cascade, box: Box, crs: Crs) -> Box:
    """The box in the raster's own system, with its edges transformed densely; it must meet the raster."""
    (own, *_) = transform.boxes(box, crs, cascade.crs)
    if cascade.box is not None:
        (extent, *_) = transform.boxes(cascade.box, systems.known("OGC:CRS84", "crs"), cascade.crs)
        own = max(own[0], extent[0]), max(own[1], extent[1]), min(own[2], extent[2]), min(own[3], extent[3])
        if own[0] >= own[2] or own[1] >= own[3]:
            raise ParameterError("bbox", "the box lies outside the coverage", cure="a box that meets its extent")
    return own
