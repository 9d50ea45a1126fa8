"""A whole CityGML document: the root, its envelope, and one member after another, in constant memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

from gateway.adapters.citygml.references import writes_swapped
from gateway.adapters.citygml.write.dialects import dialect
from gateway.adapters.citygml.write.objects import ObjectWriter
from gateway.adapters.citygml.write.shapes import Extent
from gateway.adapters.citygml.write.text import escape
from gateway.adapters.citygml.write.wkb import geometry_of
from gateway.model.crs import Crs
from gateway.model.feature import Feature
from gateway.model.report import Report
from gateway.ports import Output

_ENVELOPE = 400
"""Bytes kept free for the envelope, which is known at the end."""


def write(features: Iterable[Feature], sink: BinaryIO, output: Output, report: Report) -> None:
    """Write a stream of features in family order as CityGML of `output.version`: 3.0, else 2.0.

    The envelope is filled in at the end where `sink` can go back; elsewhere every geometry names its reference system.
    """
    families = _families(features)
    first = next(families, None)
    swap = writes_swapped(output.crs, _sample(first or [], report))
    name = srs_name(output.crs)
    can_return = sink.seekable()
    mark = "" if name is None or can_return else f' srsName="{escape(name, report)}" srsDimension="3"'
    extent = Extent()
    ours = dialect(output.version)
    objects = ObjectWriter(ours, ours.shapes(swap=swap, attributes=mark, extent=extent), report)
    title = "" if output.title is None else f"<gml:name>{escape(output.title, report)}</gml:name>"
    spaces = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in ours.edition.namespaces.items())
    sink.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<core:CityModel{spaces}>{title}\n'.encode())
    hole = sink.tell() if can_return else 0
    if can_return:
        sink.write(b" " * _ENVELOPE + b"\n")
    if first is not None:
        _write_members(first, families, objects, sink)
    sink.write(b"</core:CityModel>\n")
    if can_return:
        _fill(sink, hole, _envelope(extent, name, report, swap=swap))


def srs_name(crs: Crs | None) -> str | None:
    """The srsName of a system in the spelling that means the authority's axis order; a local one as it came."""
    if crs is None:
        return None
    if not crs.is_known:
        return crs.local
    authority, _, code = crs.horizontal.partition(":")
    if crs.vertical is None:
        version = "1.3" if crs.horizontal == "OGC:CRS84" else ""
        return f"urn:ogc:def:crs:{authority}:{version}:{code}"
    vertical, _, number = crs.vertical.partition(":")
    return f"urn:ogc:def:crs,crs:{authority}::{code},crs:{vertical}::{number}"


def _write_members(first: list[Feature], families: Iterator[list[Feature]], objects: ObjectWriter, sink: BinaryIO) -> None:
    family: list[Feature] | None = first
    while family is not None:
        for member in objects.members(family):
            sink.write(f"<core:cityObjectMember>{member}</core:cityObjectMember>\n".encode("utf-8", "replace"))
        family = next(families, None)


def _families(features: Iterable[Feature]) -> Iterator[list[Feature]]:
    family: list[Feature] = []
    members: set[str] = set()
    for feature in features:
        if family and (feature.parent is None or feature.parent not in members):
            yield family
            family, members = [], set()
        family.append(feature)
        members.add(feature.id)
    if family:
        yield family


def _sample(family: list[Feature], report: Report) -> tuple[float, float] | None:
    """One position of a family, to tell whether its coordinates are really in the reference system."""
    for feature in family:
        geometries = list(feature.geometries)
        if not geometries and feature.shape is not None:
            geometry = geometry_of(feature.shape, Report(), feature.id)
            geometries = [] if geometry is None else [geometry]
        for geometry in geometries:
            inner: object = geometry.boundaries
            while isinstance(inner, list) and inner:
                inner = inner[0]
            if isinstance(inner, tuple):
                return (inner[0], inner[1])
    return None


def _envelope(extent: Extent, name: str | None, report: Report, *, swap: bool) -> bytes:
    corners = extent.corners(swap=swap)
    if corners is None:
        return b""
    named = "" if name is None else f' srsName="{escape(name, report)}"'
    low, high = (f"<gml:{tag}>{corner}</gml:{tag}>" for tag, corner in zip(("lowerCorner", "upperCorner"), corners, strict=True))
    return f'<gml:boundedBy><gml:Envelope{named} srsDimension="3">{low}{high}</gml:Envelope></gml:boundedBy>'.encode()


def _fill(sink: BinaryIO, hole: int, envelope: bytes) -> None:
    end = sink.tell()
    sink.seek(hole)
    sink.write(envelope[:_ENVELOPE])
    sink.seek(end)
