"""CityGML: reads 1.0, 2.0 and 3.0, writes 2.0 and 3.0 (OGC 08-007r1, 12-019, 21-006r2).

Three names write it: ``citygml`` in the version that the output asks for (2.0 where it asks for none), ``citygml2`` and
``citygml3`` always in theirs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from gateway.adapters.citygml.names import ROOT
from gateway.adapters.citygml.reader import CityGmlReading
from gateway.gates import xml
from gateway.model.feature import Feature
from gateway.model.report import Report
from gateway.ports import Output, ReadOptions


@dataclass(frozen=True, slots=True)
class CityGml:
    """The CityGML adapter (`ports.Adapter`); `version` is the one it always writes, where it is bound to one."""

    name: str = "citygml"
    title: str = "CityGML"
    media_type: str = "application/gml+xml"
    suffixes: tuple[str, ...] = (".citygml", ".gml", ".xml")
    reads: bool = True
    writes: bool = True
    version: str | None = None

    def sniff(self, head: bytes, name: str) -> bool:
        """Whether the root is a CityModel of CityGML, in any prefix and encoding; another GML document is not ours."""
        root = xml.root_name(head)
        return root is not None and ROOT.match(root) is not None

    def open(self, path: Path, options: ReadOptions) -> CityGmlReading:
        """Open a CityGML file. Raises Unreadable, naming the line."""
        return CityGmlReading(path, options)

    def write(self, features: Iterable[Feature], sink: BinaryIO, output: Output, report: Report) -> None:
        """Write features in family order; what has no place in the version written goes to `report`."""
        from gateway.adapters.citygml.write import write

        write(features, sink, output if self.version is None else replace(output, version=self.version), report)


ADAPTER = CityGml()
TWO = CityGml("citygml2", "CityGML 2.0", suffixes=(".citygml2.gml",), reads=False, version="2.0")
THREE = CityGml("citygml3", "CityGML 3.0", suffixes=(".citygml3.gml",), reads=False, version="3.0")
