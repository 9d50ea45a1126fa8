"""Which adapter reads a file, decided by its bytes; which one writes a target, decided by its name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson

from gateway import registry
from gateway.errors import GatewayError, Unreadable, UsageError
from gateway.gates.jsonstream import JsonStream
from gateway.ports import Adapter

HEAD = 1 << 16
_MAGIC = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"SQLite format 3\x00", "a SQLite database that is no GeoPackage"),
    (b"ISO-10303-21", "a STEP file (IFC)"),
    (b"glTF", "a glTF model"),
    (b"AC10", "a DWG drawing"),
    (b"b3dm", "a 3D tile"),
    (b"PAR1", "a Parquet file"),
)
_ROOT = re.compile(rb"<(?![?!])(?:([\w.-]+):)?([\w.-]+)([^>]*)")
_RECORDS = (b"http://www.isotc211.org/2005/gmd", b"http://standards.iso.org/iso/19115/-3/", b"http://www.opengis.net/cat/csw")


def adapters() -> list[Adapter]:
    """All adapters that are installed, by name."""
    return [registry.get("adapters", name) for name in registry.names("adapters")]


def detect(path: Path, name: str | None = None) -> Adapter:
    """The adapter that reads the file at `path`; `name` is the name its sender gave it and only breaks a tie.

    Raises Unreadable, saying what was seen and what formats are known; UsageError where there is no file.
    """
    if not path.is_file():
        raise UsageError(f"there is no file {path}", place=str(path))
    with path.open("rb") as file:
        head = file.read(HEAD)
    called = (name or path.name).lower()
    found = _sniffed(head, called)
    if found is None and _looks_like_json(head):
        outside = _outside(path)
        found = _sniffed(outside, called) if outside else None
    if found is None:
        raise _unknown(head, path, name or path.name)
    return found


def _sniffed(head: bytes, name: str) -> Adapter | None:
    candidates = [adapter for adapter in adapters() if adapter.reads and adapter.sniff(head, name)]
    named = [adapter for adapter in candidates if name.endswith(adapter.suffixes)]
    return next(iter(named or candidates), None)


def writer(name_or_path: str) -> Adapter:
    """The adapter that writes `name_or_path`: a format's name (``cityjsonseq``), a suffix or a file name.

    Raises UsageError, listing what there is.
    """
    writing = [adapter for adapter in adapters() if adapter.writes]
    wanted = name_or_path.lower()
    for adapter in writing:
        if wanted == adapter.name:
            return adapter
    dotted = wanted if "." in wanted else f".{wanted}"
    suffixes = sorted(((suffix, adapter) for adapter in writing for suffix in adapter.suffixes), key=lambda pair: -len(pair[0]))
    for suffix, adapter in suffixes:
        if dotted.endswith(suffix):
            return adapter
    known = ", ".join(f"{adapter.name} ({adapter.suffixes[0]})" for adapter in writing)
    raise UsageError(f"no format is written as {name_or_path}", cure=f"known: {known}")


def _looks_like_json(head: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\x1e")[:1] == b"{"


def _outside(path: Path) -> bytes:
    """The top-level members of a large JSON object, containers emptied: what a head of 64 KiB may not show."""
    members: dict[str, Any] = {}
    try:
        with path.open("rb") as file:
            stream = JsonStream(file)
            for key in stream.members():
                kind = stream.kind()
                members[key] = [] if kind == b"[" else {} if kind == b"{" else stream.value()
    except GatewayError:
        return b""
    return orjson.dumps(members)


def _unknown(head: bytes, path: Path, name: str) -> Unreadable:
    known = ", ".join(adapter.title for adapter in adapters() if adapter.reads)
    seen, cure = _seen(head)
    return Unreadable(f"{name} is {seen}", cure=cure or f"known formats: {known}")


def _seen(head: bytes) -> tuple[str, str | None]:
    """What the bytes look like, in a few words, and a cure where there is a better one than the list of formats."""
    if not head:
        return "empty", None
    for magic, what in _MAGIC:
        if head.startswith(magic):
            return what, None
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"<":
        return _seen_xml(text)
    if text[:1] in (b"{", b"["):
        return "JSON of no known format, or broken JSON", None
    if b"\x00" in head:
        return "binary data of no known format", None
    return "text of no known format", None


def _seen_xml(text: bytes) -> tuple[str, str | None]:
    root = _ROOT.search(text)
    if root is None:
        return "broken XML", None
    if any(namespace in root[3] for namespace in _RECORDS) or root[2] in (b"MD_Metadata", b"CHE_MD_Metadata"):
        return "a metadata record, not data", "give it as the record: --record FILE"
    return f"XML of no known format (its root is {root[2].decode('ascii', 'replace')[:60]})", None
