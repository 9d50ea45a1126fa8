"""The gateway's side of writing a GeoPackage: features become rows in batches, a child process (`geopackage_sink`) keeps them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import orjson
import shapely

from gateway.adapters import flat
from gateway.adapters import geopackage_sink as sink_side
from gateway.gates.child import Limits, stream
from gateway.geo import crs as crs_rules
from gateway.geo import wkb as wkbs
from gateway.model.crs import Crs
from gateway.model.feature import Feature
from gateway.model.report import Report
from gateway.ports import Output

ID_COLUMN = "gw_id"
"""Where the id of a feature stands; read back as its id."""
_BATCH = 2000
_OWN_SRS = 300_001
_LARGEST = 1 << 40
_TYPES = {
    0: "POINT",
    1: "LINESTRING",
    2: "LINESTRING",
    3: "POLYGON",
    4: "MULTIPOINT",
    5: "MULTILINESTRING",
    6: "MULTIPOLYGON",
    7: "GEOMETRYCOLLECTION",
}


@dataclass(slots=True)
class _Facts:
    """What the rows of one table add up to."""

    title: str
    rows: int = 0
    types: int = 0
    flat: bool = False
    raised: bool = False
    box: Any = None

    def take(self, array: Any, bounds: Any) -> None:
        """Learn from a batch of geometries."""
        kinds = shapely.get_type_id(array)
        for kind in np.unique(kinds[kinds >= 0]):
            self.types |= 1 << int(kind)
        raised = shapely.has_z(array)[kinds >= 0]
        self.raised |= bool(raised.any())
        self.flat |= bool((~raised).any())
        if np.isfinite(bounds).any():
            low, high = np.nanmin(bounds[:, :2], axis=0), np.nanmax(bounds[:, 2:], axis=0)
            self.box = (low, high) if self.box is None else (np.minimum(self.box[0], low), np.maximum(self.box[1], high))

    def declared(self, srs: int) -> dict[str, Any]:
        """As `geopackage_sink.write` wants them."""
        kinds = {name for kind, name in _TYPES.items() if self.types & 1 << kind}
        box = [None] * 4 if self.box is None else [*self.box[0].tolist(), *self.box[1].tolist()]
        return {
            "title": self.title,
            "geometry": kinds.pop() if len(kinds) == 1 else "GEOMETRY",
            "srs": srs,
            "z": 2 if self.raised and self.flat else int(self.raised),
            "box": box,
        }


def write_geopackage(features: Iterable[Feature], sink: BinaryIO, output: Output, report: Report) -> None:
    """Write `features` (coordinates in `output.crs`) to `sink` as a GeoPackage, one table a collection."""
    with tempfile.TemporaryDirectory(prefix="gateway-gpkg-") as folder:
        path = Path(folder) / "out.gpkg"
        rows = _Rows(features, output, report)
        limits = Limits(memory=1 << 30, cpu=24 * 3600, seconds=600, file=_LARGEST)
        for outcome in stream(sink_side.write, str(path), rows.systems(), ID_COLUMN, limits=limits, items=rows.batches()):
            for table, name, column in outcome["renamed"]:
                report.changed(
                    "name of a property", "SQLite knows no case and some names are taken", f"{table}: {name} is {column}"
                )
            for table, name in outcome["mixed"]:
                report.changed("values of several types in one column", "written as text", f"{table}.{name}")
        with path.open("rb") as made:
            shutil.copyfileobj(made, sink, 1 << 20)


class _Rows:
    def __init__(self, features: Iterable[Feature], output: Output, report: Report) -> None:
        self._features = features
        self._report = report
        self._crs = output.crs
        self._srs = _srs_id(output.crs)
        titles = {layer.id: layer.title or layer.id for layer in output.layers}
        self._facts = {layer.id: _Facts(titles[layer.id]) for layer in output.layers}

    def systems(self) -> list[tuple[Any, ...]]:
        """Rows of gpkg_spatial_ref_sys."""
        found = [_system(Crs("EPSG:4326"))]
        return found if self._crs is None or not self._crs.is_known else [_system(self._crs), *found]

    def batches(self) -> Iterator[tuple[Any, ...]]:
        """Batches for the child, then the facts."""
        for batch in batched(self._features, _BATCH):
            shapes = flat.shapes(batch, self._report, "GeoPackage")
            groups: dict[str, list[int]] = {}
            for at, feature in enumerate(batch):
                groups.setdefault(feature.collection, []).append(at)
            for collection, places in groups.items():
                yield self._batch(collection, [batch[at] for at in places], [shapes[at] for at in places])
        yield None, self._declared()

    def _batch(self, collection: str, features: list[Feature], shapes: list[bytes | None]) -> tuple[Any, ...]:
        facts = self._facts.setdefault(collection, _Facts(collection))
        array = wkbs.read(shapes)
        bounds = shapely.bounds(array)
        facts.take(array, bounds)
        blobs = _blobs(array, bounds, self._srs)
        rows = [self._row(blob, feature) for blob, feature in zip(blobs, features, strict=True)]
        there = np.flatnonzero(np.isfinite(bounds[:, 0]))
        fids = (there + facts.rows + 1).tolist()
        facts.rows += len(rows)
        self._report.written[collection] += len(rows)
        return collection, rows, fids, bounds[there][:, [0, 2, 1, 3]].tolist()

    def _row(self, blob: bytes | None, feature: Feature) -> tuple[Any, ...]:
        properties = flat.properties(feature)
        nested = {name: orjson.dumps(value).decode() for name, value in properties.items() if isinstance(value, dict | list)}
        if nested:
            properties = {name: None if name in nested else value for name, value in properties.items()}
            properties |= nested
        for name, value in properties.items():
            if type(value) is int and not -(2**63) <= value < 2**63:
                properties = {**properties, name: str(value)}
                self._report.changed("number beyond 64 bits", "written as text", f"{feature.id}.{name}")
        return blob, feature.id, properties, nested

    def _declared(self) -> dict[str, Any]:
        names: dict[str, int] = {}
        for facts in self._facts.values():
            names[facts.title] = names.get(facts.title, 0) + 1
        for collection, facts in self._facts.items():
            if names[facts.title] > 1:
                facts.title = collection
        return {collection: facts.declared(self._srs) for collection, facts in self._facts.items()}


def _blobs(array: Any, bounds: Any, srs: int) -> list[bytes | None]:
    """GeoPackage binaries (clause 2.1.3): header, envelope except for points, little-endian ISO WKB."""
    head = b"GP\x00"
    number = srs.to_bytes(4, "little", signed=True)
    boxed, bare, empty = (head + flags + number for flags in (b"\x03", b"\x01", b"\x11"))
    envelopes = np.ascontiguousarray(bounds[:, [0, 2, 1, 3]], "<f8")
    points = (shapely.get_type_id(array) == 0).tolist()
    nothing = shapely.is_empty(array).tolist()
    found: list[bytes | None] = []
    for at, wkb in enumerate(wkbs.write(array)):
        if wkb is None:
            found.append(None)
        elif nothing[at]:
            found.append(empty + wkb)
        else:
            found.append(bare + wkb if points[at] else boxed + envelopes[at].tobytes() + wkb)
    return found


def _srs_id(crs: Crs | None) -> int:
    if crs is None or not crs.is_known:
        return -1
    return int(_system(crs)[1])


def _system(crs: Crs) -> tuple[Any, ...]:
    """The row of gpkg_spatial_ref_sys for a CRS: its authority's number, or one of our own for a compound system."""
    title, definition = crs_rules.title(crs), crs_rules.wkt(crs)
    number = crs_rules.epsg_number(crs) if crs.vertical is None else None
    if number is not None:
        return title, number, "EPSG", number, definition, crs.code
    authority, _, code = crs.horizontal.partition(":")
    if crs.vertical is None and code.isdigit():
        return title, int(code), authority, int(code), definition, crs.code
    return title, _OWN_SRS, "NONE", _OWN_SRS, definition, crs.code
