"""The adapter `flatgeobuf`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from gateway.adapters.flatgeobuf.reader import MAGIC, open_flatgeobuf
from gateway.adapters.flatgeobuf.writer import write_flatgeobuf
from gateway.model.feature import Feature
from gateway.model.report import Report
from gateway.ports import Adapter, Output, Reading, ReadOptions


class FlatGeobuf:
    """FlatGeobuf: one table with a spatial index, made to be read in parts over HTTP."""

    name = "flatgeobuf"
    title = "FlatGeobuf"
    media_type = "application/flatgeobuf"
    suffixes: tuple[str, ...] = (".fgb",)
    reads = True
    writes = True

    def sniff(self, head: bytes, name: str) -> bool:
        """Whether it begins with the magic bytes of version 3."""
        return head[:7] == MAGIC[:7]

    def open(self, path: Path, options: ReadOptions) -> Reading:
        """Open a FlatGeobuf file. Raises Unreadable for a damaged or hostile one."""
        return open_flatgeobuf(path, options)

    def write(self, features: Iterable[Feature], sink: BinaryIO, output: Output, report: Report) -> None:
        """Write one table; with a known extent in the order of a Hilbert curve, under a packed R-tree."""
        write_flatgeobuf(features, sink, output, report)


ADAPTER: Adapter = FlatGeobuf()
