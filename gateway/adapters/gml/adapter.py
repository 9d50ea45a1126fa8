"""The adapter `gml`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from gateway.adapters.gml.schema import schema
from gateway.adapters.gml.writer import write_gml
from gateway.errors import Unsupported
from gateway.model.feature import Feature, Layer
from gateway.model.report import Report
from gateway.ports import Output, Reading, ReadOptions


class Gml:
    """GML 3.2 simple features, level 0: scalar properties and one geometry a feature."""

    name = "gml"
    title = "GML 3.2 simple features"
    media_type = 'application/gml+xml;version=3.2;profile="http://www.opengis.net/def/profile/ogc/2.0/gml-sf0"'
    suffixes: tuple[str, ...] = (".sf.gml",)
    reads = False
    writes = True

    def sniff(self, head: bytes, name: str) -> bool:
        """Never: it is written only."""
        return False

    def open(self, path: Path, options: ReadOptions) -> Reading:
        """Not here. Raises Unsupported."""
        raise Unsupported("GML simple features are written, not read", place=str(path), cure="a GeoPackage or GeoJSON of the same")

    def write(self, features: Iterable[Feature], sink: BinaryIO, output: Output, report: Report) -> None:
        """Write a feature collection; with `output.schema`, what that schema does not name stands in one element as JSON."""
        write_gml(features, sink, output, report)

    def schema(self, layer: Layer) -> bytes:
        """The application schema of a collection, as `write` follows it."""
        return schema(layer)


ADAPTER = Gml()
