"""CSV after RFC 4180: a header, then a row a feature, its id first and its geometry last as well-known text in a column ``WKT``.

Text is always quoted; numbers, ``true`` and ``false`` are not; no value is nothing at all, the empty text is ``""``: what is read
back has the types that were written. Coordinates are x (east, longitude) before y whatever the CRS, as every reader of WKT
expects. Values are written as they are: a text that begins like a formula stays that text (see docs/formats.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import shapely

from gateway.adapters.columns import Table
from gateway.adapters.csv_reader import has_geometry, open_csv
from gateway.geo import crs as crs_rules
from gateway.geo import wkb as wkbs
from gateway.model.feature import Feature, Scalar
from gateway.model.report import Report
from gateway.ports import Adapter, Output, Reading, ReadOptions

_MARKS = frozenset('",;\t\r\n')


class Csv:
    """Comma-separated values with geometry as WKT, or with coordinates in columns when reading."""

    name = "csv"
    title = "CSV"
    media_type = "text/csv; charset=utf-8; header=present"
    suffixes: tuple[str, ...] = (".csv", ".tsv")
    reads = True
    writes = True

    def sniff(self, head: bytes, name: str) -> bool:
        """Whether it is text whose first line is a header with columns of geometry, or of anything where the name says CSV."""
        return has_geometry(head, by_name=name.endswith(self.suffixes))

    def open(self, path: Path, options: ReadOptions) -> Reading:
        """Open a CSV file. Raises Unreadable, naming the line."""
        return open_csv(path, options)

    def write(self, features: Iterable[Feature], sink: BinaryIO, output: Output, report: Report) -> None:
        """Write a table; the rows are laid aside first, since the header names all columns."""
        decimals = crs_rules.decimals(output.crs) if output.crs is not None else 4
        with Table(features, output, report, "CSV") as table:
            names = [table.id_name, *(column.name for column in table.columns), "WKT"]
            sink.write((",".join(_name(name) for name in names) + "\r\n").encode())
            for batch in table.batches():
                shapes = shapely.to_wkt(wkbs.read(batch.shapes), rounding_precision=decimals, trim=True, output_dimension=3)
                lines = [
                    ",".join([_quoted(id), *map(_cell, values), "" if shape is None else _quoted(shape)])
                    for id, values, shape in zip(batch.ids, batch.values, shapes, strict=True)
                ]
                sink.write(("\r\n".join(lines) + "\r\n").encode())
        if output.crs is not None:
            report.note(f"Coordinates are in {output.crs.code}, x before y; CSV has no place to say so.")


def _cell(value: Scalar) -> str:
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    return _quoted(value) if isinstance(value, str) else repr(value)


def _quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def _name(name: str) -> str:
    """A name of the header, quoted where it must be."""
    return _quoted(name) if _MARKS & set(name) or name != name.strip() or not name else name


ADAPTER: Adapter = Csv()
