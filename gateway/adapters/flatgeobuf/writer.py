"""FlatGeobuf out: features are laid aside encoded, then written in the order of the index, in memory of some bytes a feature."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from itertools import batched
from typing import IO, Any, BinaryIO

import numpy as np
import shapely

from gateway.adapters.columns import Table
from gateway.adapters.flatgeobuf import encoding, index
from gateway.adapters.flatgeobuf.reader import MAGIC
from gateway.geo import crs as crs_rules
from gateway.geo import wkb as wkbs
from gateway.model.crs import Crs
from gateway.model.feature import Feature
from gateway.model.report import Report
from gateway.ports import Output

_UNINDEXED = 0
_LEAST = 1000
"""Below so many features an index is of no use, and they stay in the order they came in."""


def write_flatgeobuf(features: Iterable[Feature], sink: BinaryIO, output: Output, report: Report) -> None:
    """Write `features` as one table; what FlatGeobuf has no place for goes to `report`."""
    with Table(features, output, report, "FlatGeobuf") as table, tempfile.TemporaryFile() as spool:
        if table.raised and table.flat:
            report.changed("geometries with and without heights", "FlatGeobuf has one or the other: a height is no number")
        boxes, sizes = _lay_aside(table, spool)
        indexed = table.count >= _LEAST and bool(np.isfinite(boxes).all())
        if table.count >= _LEAST and not indexed:
            report.note("Some features have no geometry, so the file has no spatial index.")
        sink.write(MAGIC + _header(table, output, index.NODE if indexed else _UNINDEXED))
        places = index.order(boxes) if indexed else np.arange(table.count)
        starts = np.concatenate(([0], np.cumsum(sizes)))[:-1]
        if indexed:
            ordered = sizes[places]
            sink.write(index.tree(boxes[places], np.concatenate(([0], np.cumsum(ordered)))[:-1]))
        for batch in batched(zip(starts[places].tolist(), sizes[places].tolist(), strict=True), 1000):
            sink.write(b"".join(_taken(spool, start, size) for start, size in batch))


def _taken(spool: IO[bytes], start: int, size: int) -> bytes:
    spool.seek(start)
    return spool.read(size)


def _lay_aside(table: Table, spool: IO[bytes]) -> tuple[Any, Any]:
    """Encode every feature to `spool`; gives their boxes (n x 4) and sizes in bytes."""
    boxes, sizes = np.full((table.count, 4), np.nan), np.zeros(table.count, np.int64)
    at = 0
    for batch in table.batches():
        shapes = wkbs.read(batch.shapes)
        boxes[at : at + len(shapes)] = shapely.bounds(shapes)
        for shape, values, id in zip(shapes, batch.values, batch.ids, strict=True):
            whole = None if shape is None or shapely.is_empty(shape) else shape
            body = encoding.feature(whole, encoding.properties(table.columns, values, id), raised=table.raised)
            sizes[at] = len(body)
            spool.write(body)
            at += 1
    return boxes, sizes


def _header(table: Table, output: Output, node_size: int) -> bytes:
    kinds = {encoding.TYPES[kind] for kind in table.kinds}
    columns = [(table.id_name, "string", None), *((column.name, column.type, column.format) for column in table.columns)]
    name = output.layers[0].id if len(output.layers) == 1 else output.title or "features"
    return encoding.header(
        name=name,
        title=output.title,
        box=table.box,
        kind=kinds.pop() if len(kinds) == 1 else 0,
        raised=table.raised,
        columns=columns,
        count=table.count,
        node_size=node_size,
        crs=None if output.crs is None or not output.crs.is_known else _crs(output.crs),
    )


def _crs(crs: Crs) -> dict[str, Any]:
    """Authority and number where one number says it all, else the well-known text."""
    found: dict[str, Any] = {"name": crs_rules.title(crs), "wkt": crs_rules.wkt(crs)}
    authority, _, code = crs.horizontal.partition(":")
    number = crs_rules.epsg_number(crs)
    if crs.vertical is not None:
        return found
    if number is not None:
        return {"org": "EPSG", "code": number, **found}
    return {"org": authority, **({"code": int(code)} if code.isdigit() else {"code_string": code}), **found}
