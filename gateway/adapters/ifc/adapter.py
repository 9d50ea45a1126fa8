"""The IFC adapter: knows the file by its bytes, unpacks ifcZIP, places the building on the earth and streams its features.

Collections: ``building`` (site, building, storeys, spaces) and ``element`` (walls, doors, furniture, pipes …). Ids are GlobalIds.
Property and quantity sets come as properties named ``Set.Property``, in the units of the project, which the report names.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

from gateway.adapters.ifc import archive, child
from gateway.adapters.ifc.place import Placement, placement
from gateway.adapters.ifc.run import Run
from gateway.adapters.reading import OpenFile
from gateway.errors import Unreadable, Unsupported
from gateway.gates.child import Limits
from gateway.model.feature import Feature, Layer
from gateway.model.geometry import BoundarySurface, Geometry
from gateway.model.report import Report
from gateway.ports import Header, Output, Reading, ReadOptions

LIMITS = Limits(memory=1 << 30, cpu=1800, seconds=120.0, open_files=64)
"""One gigabyte for the parser and its geometry kernel; two minutes for any one product."""

_LAYERS = (Layer("building", "Site, buildings, storeys and spaces"), Layer("element", "Building elements"))


class IfcAdapter:
    """Reads IFC; does not write it."""

    name = "ifc"
    title = "Industry Foundation Classes (IFC 2x3, 4, 4x3; ifcZIP)"
    media_type = "application/x-step"
    suffixes = (".ifczip", ".ifc")
    reads = True
    writes = False

    def __init__(self, limits: Limits = LIMITS, worker: Callable[..., Iterator[Any]] = child.read) -> None:
        self._limits = limits
        self._worker = worker

    def sniff(self, head: bytes, name: str) -> bool:
        """A STEP physical file (ISO 10303-21) whose schema is IFC, or a ZIP whose first members hold one."""
        if head.startswith(b"PK\x03\x04"):
            return archive.looks_like_ifczip(head)
        start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:4096]
        return start.startswith(b"ISO-10303-21") and b"IFC" in head[:65536].upper()

    def open(self, path: Path, options: ReadOptions) -> Reading:
        """Open the file and read its header and georeferencing. Raises Unreadable for broken STEP, OutOfTime at a limit."""
        with ExitStack() as stack:
            folder = Path(tempfile.mkdtemp(prefix="gateway-ifc-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            plain = archive.unpacked(path, folder)
            run = Run(plain, self._limits, self._worker)
            facts = run.facts()
            where = placement(facts)
            header = Header(
                "ifc",
                version=facts["schema"],
                crs=where.crs,
                title=facts["title"] or facts["project"],
                description=facts["description"],
                layers=_LAYERS,
            )
            close = stack.pop_all().close
        file = OpenFile(header, lambda opened: _features(opened, run, where), close)
        for note in (*where.notes, *facts["notes"]):
            file.report.note(note)
        return file

    def write(self, features: Iterable[Feature], sink: BinaryIO, output: Output, report: Report) -> None:
        """IFC is not written. Raises Unsupported."""
        raise Unsupported("IFC is read, not written", cure="choose CityGML, CityJSON, GeoJSON or GeoPackage")


def _features(opened: OpenFile, run: Run, where: Placement) -> Iterator[Feature]:
    for frame in run.frames():
        if frame["kind"] == "feature":
            yield _feature(frame, where)
        elif frame["kind"] == "lost":
            opened.report.lost(frame["what"], frame["why"], frame["example"], count=frame["count"])
        elif frame["kind"] == "problem":
            opened.problem(
                (f"the geometry of {frame['class']} cannot be made: {frame['why']}", f"géométrie de {frame['class']} impossible"),
                ("check the element in the authoring software", "vérifier l'élément dans le logiciel d'origine"),
                feature=frame["id"],
                place=frame["place"],
            )
        else:
            raise Unreadable(f"the IFC reader sent a frame of kind {frame['kind']}")


def _feature(frame: dict[str, Any], where: Placement) -> Feature:
    return Feature(
        id=frame["id"],
        type=frame["type"],
        collection=frame["collection"],
        properties=frame["properties"],
        geometries=[_geometry(geometry, where) for geometry in frame["geometries"]],
        parent=frame["parent"],
        children=tuple(frame["children"]),
        addresses=frame["addresses"],
        place=frame["place"],
    )


def _geometry(frame: dict[str, Any], where: Placement) -> Geometry:
    return Geometry(
        type=frame["type"],
        lod=frame["lod"],
        boundaries=where.nested(frame["boundaries"]),
        surfaces=[BoundarySurface(kind) for kind in frame["surfaces"]],
        values=frame["values"],
    )


ADAPTER = IfcAdapter()
