"""What a format gives: an adapter, an open file with its header, and how to read and write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from gateway.model.crs import Crs
from gateway.model.feature import Feature, Layer
from gateway.model.finding import Finding
from gateway.model.record import Record
from gateway.model.report import Report


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read a file: `crs` fills a missing CRS and never overrides one; `id_field` names the property that holds ids.
    `name` is the file's name as its sender gave it (an upload is spooled under another), where the file names no collection."""

    crs: Crs | None = None
    id_field: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says before its features. `crs` is None where the file has none; `record` is metadata the file carries.
    `ids` says where ids come from: ``source`` (the file's own), ``field``, or ``order`` (numbers in file order, not permanent)."""

    format: str
    version: str | None = None
    crs: Crs | None = None
    title: str | None = None
    description: str | None = None
    layers: tuple[Layer, ...] = ()
    ids: str = "source"
    record: Record | None = None


class Reading(Protocol):
    """An open file: its header, then its features once, as a stream; `report` fills as they pass. Close it, or use `with`.

    `problems` collects what is wrong but does not stop the reading (an unclosed ring, a dangling xlink): findings of rule
    ``source`` with severity warn, place and object set; at most 100 kept, all counted in `report`."""

    header: Header
    report: Report
    problems: list[Finding]

    def __iter__(self) -> Iterator[Feature]: ...
    def close(self) -> None: ...
    def __enter__(self) -> Reading: ...
    def __exit__(self, *exc: object) -> None: ...


@dataclass(frozen=True, slots=True)
class Output:
    """How to write: the CRS of the coordinates that will come, a title, the layers where known, and the format's version.
    `schema` is where the layer's schema is served, `members` what a JSON document says besides; `single` is a lone feature."""

    crs: Crs | None
    title: str | None = None
    layers: tuple[Layer, ...] = ()
    version: str | None = None
    box: tuple[float, float, float, float] | None = None
    schema: str | None = None
    members: Mapping[str, Any] = field(default_factory=dict)
    single: bool = False


class Adapter(Protocol):
    """One format. `name` is the word of ``--to`` and of reports; `suffixes` are tried longest first, in lower case."""

    name: str
    title: str
    media_type: str
    suffixes: tuple[str, ...]
    reads: bool
    writes: bool

    def sniff(self, head: bytes, name: str) -> bool:
        """Whether the first 64 KiB of a file are this format. Decided by the bytes; `name` may only break a tie."""
        ...

    def open(self, path: Path, options: ReadOptions) -> Reading:
        """Open a file of this format. Raises Unreadable, naming the place."""
        ...

    def write(self, features: Iterable[Feature], sink: BinaryIO, output: Output, report: Report) -> None:
        """Write a stream of features in family order to `sink` in constant memory; what does not fit goes to `report`."""
        ...
