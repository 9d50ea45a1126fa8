"""GeoParquet out, a row group at a time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

import arro3.core as arrow
import arro3.io
import numpy as np
import orjson
import shapely

from gateway.adapters.columns import Batch, Column, Table
from gateway.geo import crs as crs_rules
from gateway.geo import wkb as wkbs
from gateway.model.crs import Crs
from gateway.model.feature import Feature
from gateway.model.report import Report
from gateway.ports import Output

_GROUP = 20_000
"""Rows of a row group: what a reader takes at once, and what lies in memory here."""
_CORNERS = ("xmin", "ymin", "xmax", "ymax")
_NAMES = ("Point", "LineString", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection")


def write_geoparquet(features: Iterable[Feature], sink: BinaryIO, output: Output, report: Report) -> None:
    """Write `features` as one table; what Parquet has no place for goes to `report`."""
    with Table(features, output, report, "GeoParquet") as table:
        names = {column.name.lower() for column in table.columns}
        geometry = next(name for name in ("geometry", "gw_geometry", "gw_geometry_2") if name not in names)
        box = next(name for name in ("bbox", "gw_bbox", "gw_bbox_2") if name not in names)
        schema = _schema(table, geometry, box)
        batches = (_batch(batch, table.columns, schema) for batch in table.batches())
        arro3.io.write_parquet(
            arrow.RecordBatchReader.from_batches(schema, batches),
            sink,
            compression="zstd(1)",
            key_value_metadata={"geo": orjson.dumps(_metadata(table, output.crs, geometry, box)).decode()},
            max_row_group_size=_GROUP,
            skip_arrow_metadata=True,
        )


def _types() -> dict[str, Any]:
    kinds = arrow.DataType
    return {
        "boolean": kinds.bool(),
        "integer": kinds.int64(),
        "number": kinds.float64(),
        "string": kinds.string(),
        "json": kinds.string(),
    }


def _schema(table: Table, geometry: str, box: str) -> Any:
    types = _types()
    fields = [arrow.Field(table.id_name, arrow.DataType.string(), nullable=False)]
    fields += [arrow.Field(column.name, types[column.type], nullable=True) for column in table.columns]
    corners = arrow.DataType.struct([arrow.Field(name, arrow.DataType.float64(), nullable=False) for name in _CORNERS])
    fields += [arrow.Field(geometry, arrow.DataType.binary(), nullable=True), arrow.Field(box, corners, nullable=True)]
    return arrow.Schema(fields)


def _batch(batch: Batch, columns: list[Column], schema: Any) -> Any:
    types = _types()
    arrays = [arrow.Array(batch.ids, types["string"])]
    for column, values in zip(columns, zip(*batch.values, strict=True), strict=True):
        arrays.append(arrow.Array(values, types[column.type]))
    shapes = wkbs.read(batch.shapes)
    arrays += [arrow.Array(wkbs.write(shapes), arrow.DataType.binary()), _boxes(shapes, schema)]
    return arrow.RecordBatch.from_arrays(arrays, schema=schema)


def _boxes(shapes: Any, schema: Any) -> Any:
    bounds = shapely.bounds(shapes)
    missing = ~np.isfinite(bounds[:, 0])
    bounds[missing] = 0.0
    corners = [arrow.Array.from_numpy(np.ascontiguousarray(bounds[:, place])) for place in range(4)]
    fields = [arrow.Field(name, arrow.DataType.float64(), nullable=False) for name in _CORNERS]
    return arrow.struct_array(corners, fields=fields, mask=arrow.Array.from_numpy(missing))


def _metadata(table: Table, crs: Crs | None, geometry: str, box: str) -> dict[str, Any]:
    """The metadata ``geo`` (GeoParquet 1.1.0). Coordinates are x before y whatever the CRS; no `crs` means CRS84."""
    kinds = sorted({_NAMES[kind] for kind in table.kinds})
    types = [f"{kind} Z" for kind in kinds] if table.raised else []
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": [*(kinds if table.flat or not table.raised else []), *types],
        "covering": {"bbox": {name: [box, name] for name in _CORNERS}},
    }
    if crs is None or not crs.is_known:
        column["crs"] = None
    elif crs.code != "OGC:CRS84":
        column["crs"] = crs_rules.projjson(crs)
    if table.box is not None:
        column["bbox"] = list(table.box)
    return {"version": "1.1.0", "primary_column": geometry, "columns": {geometry: column}}
