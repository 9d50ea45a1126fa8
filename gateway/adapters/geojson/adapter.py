"""The adapter `geojson`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from gateway.adapters.geojson.jsonfg import CURVES, SOLIDS
from gateway.adapters.geojson.reader import open_geojson
from gateway.adapters.geojson.writer import write_geojson
from gateway.gates.jsonstream import outline
from gateway.model.feature import Feature
from gateway.model.report import Report
from gateway.ports import Adapter, Output, Reading, ReadOptions

_PLAIN = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection")
TYPES = frozenset({"FeatureCollection", "Feature", *_PLAIN}) | SOLIDS | CURVES


class GeoJson:
    """GeoJSON: one FeatureCollection, Feature or geometry, or a sequence of them, one a line."""

    name = "geojson"
    title = "GeoJSON"
    media_type = "application/geo+json"
    suffixes: tuple[str, ...] = (".geojson", ".geojsonl", ".geojsons", ".json")
    reads = True
    writes = True

    def sniff(self, head: bytes, name: str) -> bool:
        """Whether the top-level `type` is one of GeoJSON's (or of JSON-FG's geometries)."""
        members, _ = outline(head)
        kind = members.get("type")
        return isinstance(kind, str) and kind in TYPES

    def open(self, path: Path, options: ReadOptions) -> Reading:
        """Open a GeoJSON file. Raises Unreadable, naming line and column."""
        return open_geojson(path, options)

    def write(self, features: Iterable[Feature], sink: BinaryIO, output: Output, report: Report) -> None:
        """Write a FeatureCollection after RFC 7946, or with a `crs` member where the coordinates are not in CRS84."""
        write_geojson(features, sink, output, report)


ADAPTER: Adapter = GeoJson()
