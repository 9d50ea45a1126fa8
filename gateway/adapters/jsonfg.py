"""JSON-FG 1.0 out (OGC 21-045r1): GeoJSON with solids, time, feature types and any reference system; streams.

`place` has the feature in the CRS of the output, in the axis order of its authority; `geometry` has its footprint in CRS84 for
those who read GeoJSON alone, so a document serves the profiles ``jsonfg`` and ``jsonfg-plus`` alike. Reading is the GeoJSON
adapter's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import batched, chain
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import shapely

from gateway.adapters import flat
from gateway.adapters.solids import Solid, chosen
from gateway.errors import Unsupported
from gateway.geo import crs as crs_rules
from gateway.geo import geojson, transform
from gateway.geo import wkb as wkbs
from gateway.geo.moments import time_of
from gateway.geo.region import swapped
from gateway.model.crs import CRS84, Crs
from gateway.model.feature import Feature
from gateway.model.report import Report
from gateway.ports import Adapter, Output, Reading, ReadOptions

_SPEC = "http://www.opengis.net/spec/json-fg-1/1.0/conf"
CLASSES = tuple(f"{_SPEC}/{name}" for name in ("core", "polyhedra", "types-schemas"))
_BATCH = 1000
_WGS84 = frozenset(("OGC:CRS84", "OGC:CRS84h"))
_ENGINEERING = "http://www.opengis.net/def/crs/OGC/0/Engineering"
_DIMENSIONS = {0: 0, 1: 1, 2: 1, 3: 2, 4: 0, 5: 1, 6: 2}
"""Topological dimension by GEOS type id; a collection has none."""


class JsonFg:
    """Features and Geometries JSON: what GeoJSON cannot say, in a document that every reader of GeoJSON opens."""

    name = "jsonfg"
    title = "JSON-FG"
    media_type = "application/geo+json"
    suffixes: tuple[str, ...] = (".fg.json", ".jsonfg")
    reads = False
    writes = True

    def sniff(self, head: bytes, name: str) -> bool:
        """Never: the GeoJSON adapter reads JSON-FG."""
        return False

    def open(self, path: Path, options: ReadOptions) -> Reading:
        """Not here. Raises Unsupported."""
        raise Unsupported("JSON-FG is read as GeoJSON", place=str(path), cure="the format geojson")

    def write(self, features: Iterable[Feature], sink: BinaryIO, output: Output, report: Report) -> None:
        """Write a FeatureCollection, or the one feature, in constant memory."""
        _Writer(output, report).write(features, sink)


class _Writer:
    """What stays the same from feature to feature."""

    def __init__(self, output: Output, report: Report) -> None:
        self._output = output
        self._report = report
        self._crs = output.crs
        self._type = output.layers[0].id if len(output.layers) == 1 else None
        self._decimals = 4 if output.crs is None else crs_rules.decimals(output.crs)
        self._has_heights = output.crs is not None and output.crs.is_known and crs_rules.dimensions(output.crs) == 3

    def write(self, features: Iterable[Feature], sink: BinaryIO) -> None:
        batches = batched(features, _BATCH)
        first = next(batches, ())
        second = next(batches, None)
        encoded = list(self._batch(first))
        if self._output.single and len(encoded) == 1 and second is None:
            sink.write(orjson.dumps(self._head() | encoded[0][1] | dict(self._output.members)))
            return
        head = {"type": "FeatureCollection", **self._head(), **self._output.members}
        dimensions = {dimension for dimension, _ in encoded}
        if second is None and len(dimensions) == 1 and None not in dimensions:
            head["geometryDimension"] = dimensions.pop()
        sink.write(orjson.dumps(head)[:-1] + b',"features":[')
        separator = b"\n"
        rest = chain.from_iterable(map(self._batch, chain(() if second is None else (second,), batches)))
        for _, feature in chain(encoded, rest):
            sink.write(separator + orjson.dumps(feature, option=orjson.OPT_NON_STR_KEYS))
            separator = b",\n"
        sink.write(b"\n]}\n")

    def _head(self) -> dict[str, Any]:
        """The members of the root: what it conforms to, the type and schema of its features, the CRS of `place`."""
        head: dict[str, Any] = {"conformsTo": list(CLASSES)}
        if self._type is not None:
            head["featureType"] = self._type
            if self._output.schema is not None:
                head["featureSchema"] = self._output.schema
        if self._crs is None or not self._crs.is_known:
            head["coordRefSys"] = f"{_ENGINEERING}3D"
            self._report.note("The source names no known reference system: coordRefSys says engineering, and geometry is null.")
        elif self._crs.horizontal not in _WGS84:
            head["coordRefSys"] = _reference(self._crs)
        return head

    def _batch(self, batch: Sequence[Feature]) -> Iterator[tuple[int | None, dict[str, Any]]]:
        """Each feature as a JSON object, with the dimension of its primary geometry."""
        solids = [chosen(feature, self._report) for feature in batch]
        shapes = flat.footprints(batch)
        seen = self._in_crs84(shapes)
        placed = self._placed([None if solid is not None else shape for solid, shape in zip(solids, shapes, strict=True)])
        kinds = shapely.get_type_id(wkbs.read(shapes)).tolist()
        for feature, solid, kind, geometry, place in zip(batch, solids, kinds, seen, placed, strict=True):
            dimension = _DIMENSIONS.get(kind)
            if solid is not None:
                place, dimension = self._solid(solid, feature)
            yield dimension, self._feature(feature, geometry, place)

    def _in_crs84(self, shapes: list[bytes | None]) -> list[Any]:
        if self._crs is None or not self._crs.is_known:
            return [None] * len(shapes)
        if self._crs.horizontal in _WGS84:
            return [_fragment(text) for text in geojson.encode(wkbs.oriented(shapes), self._decimals)]
        bare = [None if shape is None else wkbs.to_2d(shape) for shape in shapes]
        moved = transform.wkb(bare, crs_rules.horizontal_of(self._crs), CRS84)
        return [_fragment(text) for text in geojson.encode(wkbs.oriented(moved), crs_rules.decimals(CRS84))]

    def _placed(self, shapes: list[bytes | None]) -> list[Any]:
        """`place` of what is no solid: none in CRS84, where `geometry` says it all (/req/core/place-geometries)."""
        if self._crs is not None and self._crs.horizontal in _WGS84:
            return [None] * len(shapes)
        turned = swapped(shapes) if self._crs is not None and crs_rules.swaps_axes(self._crs) else shapes
        return [_fragment(text) for text in geojson.encode(turned, self._decimals)]

    def _solid(self, solid: Solid, feature: Feature) -> tuple[Any, int]:
        """A Polyhedron or MultiPolyhedron where the CRS has heights (/req/polyhedra/coordinates), else the faces."""
        swap = self._crs is not None and crs_rules.swaps_axes(self._crs)
        shells = solid.coordinates(self._decimals, swap=swap)
        if solid.is_closed and self._has_heights:
            single = len(shells) == 1
            kind = "Polyhedron" if single else "MultiPolyhedron"
            return {"type": kind, "coordinates": shells[0] if single else shells}, 3
        if solid.is_closed:
            self._report.changed(
                "solid", "JSON-FG allows a Polyhedron in a CRS with heights only: its faces are written", feature.id
            )
        return {"type": "MultiPolygon", "coordinates": [face for one in shells for shell in one for face in shell]}, 2

    def _feature(self, feature: Feature, geometry: Any, place: Any) -> dict[str, Any]:
        self._report.written[feature.collection] += 1
        found: dict[str, Any] = {"type": "Feature", "id": feature.id}
        if self._type is None:
            found["featureType"] = feature.collection
        found |= {"time": time_of(feature.validity), "place": place, "geometry": geometry}
        found["properties"] = flat.properties(replace(feature, validity=None))
        return found


def _fragment(text: bytes) -> Any:
    return orjson.Fragment(text)


def _reference(crs: Crs) -> str | list[str]:
    """The URI of a system, or those of the two parts of a compound one."""
    if crs.vertical is None:
        return crs.uri
    return [Crs(crs.horizontal).uri, Crs(crs.vertical).uri]


ADAPTER: Adapter = JsonFg()
