"""The adapter `geoparquet`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from gateway.adapters.geoparquet.reader import open_geoparquet
from gateway.model.feature import Feature
from gateway.model.report import Report
from gateway.ports import Adapter, Output, Reading, ReadOptions


class GeoParquet:
    """Parquet with the metadata ``geo``: read in a limited child process, written in row groups."""

    name = "geoparquet"
    title = "GeoParquet"
    media_type = "application/vnd.apache.parquet"
    suffixes: tuple[str, ...] = (".geoparquet", ".parquet")
    reads = True
    writes = True

    def sniff(self, head: bytes, name: str) -> bool:
        """Whether it begins as Parquet does; whether it has geometry is known once it is open."""
        return head[:4] == b"PAR1"

    def open(self, path: Path, options: ReadOptions) -> Reading:
        """Open a GeoParquet file. Raises Unreadable for a damaged or hostile one, and for Parquet without geometry."""
        return open_geoparquet(path, options)

    def write(self, features: Iterable[Feature], sink: BinaryIO, output: Output, report: Report) -> None:
        """Write one table, compressed with Zstandard, with the box of each feature as a column of its own (`covering`)."""
        from gateway.adapters.geoparquet.writer import write_geoparquet

        write_geoparquet(features, sink, output, report)


ADAPTER: Adapter = GeoParquet()
