"""Takes a submission off the wire: a raw body or multipart/form-data, streamed to files with caps on bytes, parts and names.

Starlette's form parser holds part headers in memory without limit and spools files we would have to copy; this one writes each
file once, where the publishing service reads it.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from gateway.errors import ParameterError, TooLarge, Unreadable, Unsupported

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

FILES = ("data", "record")
ATTESTATION = "attestation"
FIELDS = ("dataset", "collection", "access", "licence", "crs", "id", "mode", "dry-run", "allow-removal", "graph")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_PARTS = 32
_HEADER_BYTES = 4_096
_FIELD_BYTES = 4_096
_ATTESTATION_BYTES = 65_536
_STALE = 86_400.0


@dataclass(slots=True)
class Upload:
    """What came: files by part name, the names their sender gave them, and the simple fields."""

    files: dict[str, Path] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def folder(twin: Path) -> AsyncIterator[Path]:
    """A folder beside the twin for one upload, removed at the end, whatever happens."""
    incoming = twin / "incoming"
    incoming.mkdir(mode=0o700, exist_ok=True)
    place = Path(tempfile.mkdtemp(dir=incoming))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def sweep(twin: Path) -> None:
    """Remove what uploads left that a crash cut short, once they are a day old."""
    for place in (twin / "incoming").glob("*"):
        with suppress(FileNotFoundError):
            if time.time() - place.stat().st_mtime > _STALE:
                shutil.rmtree(place, ignore_errors=True)


async def read(body: AsyncIterator[bytes], content_type: str, given: Mapping[str, str], place: Path) -> Upload:
    """The upload, by its Content-Type: the parts of a form, else one raw body that is `data` (a record if it is XML metadata
    and ``given`` says so by ``part=record``). Raises ParameterError, TooLarge, Unreadable, Unsupported."""
    kind, options = parse_options_header(content_type)
    if kind == b"multipart/form-data":
        boundary = options.get(b"boundary")
        if not boundary:
            raise Unreadable("the multipart body has no boundary", place="Content-Type")
        return await _form(body, boundary, place)
    if kind == b"application/x-www-form-urlencoded":
        raise Unsupported("a form cannot carry a file this way", cure="multipart/form-data, or the file as the body")
    return await _raw(body, given, place)


async def _raw(body: AsyncIterator[bytes], given: Mapping[str, str], place: Path) -> Upload:
    upload = Upload(fields={name: value for name, value in given.items() if name in FIELDS})
    part = given.get("part", "data")
    if part not in FILES:
        raise ParameterError("part", "not a part a body can be", cure=f"one of {', '.join(FILES)}")
    name = given.get("name") or given.get("dataset") or part
    target = _target(place, part, name)
    with target.open("wb") as sink:
        async for chunk in body:
            sink.write(chunk)
    if target.stat().st_size == 0:
        raise Unreadable("the body is empty", place="body", cure="send the file as the body, or as the part data")
    upload.files[part] = target
    upload.names[part] = name[:255]
    return upload


def attest(upload: Upload, header: str | None, place: Path) -> None:
    """Take a raw body's attestation from the header ``Attestation``; a form has it as a part. Raises ParameterError for both."""
    if header is None:
        return
    if ATTESTATION in upload.files:
        raise ParameterError(ATTESTATION, "given more than once", cure="as a part or as the header Attestation")
    target = _target(place, ATTESTATION, ATTESTATION)
    target.write_bytes(header.encode("latin-1"))
    upload.files[ATTESTATION] = target


async def _form(body: AsyncIterator[bytes], boundary: bytes, place: Path) -> Upload:
    form = _Form(place)
    try:
        parser = MultipartParser(boundary, form.callbacks())
        async for chunk in body:
            parser.write(chunk)
        parser.finalize()
    except FormParserError as error:
        raise Unreadable("the multipart body is broken", place="body") from error
    finally:
        form.close()
    if not form.ended:
        raise Unreadable("the multipart body ends before its last boundary", place="body")
    return form.upload


def _target(place: Path, part: str, name: str) -> Path:
    """Where a part is written: in a folder of its own, under a plain form of its sender's name (a layer may be called by it)."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    plain = _UNSAFE.sub("-", last).strip(".-")[-100:] or part
    folder = place / part
    folder.mkdir()
    return folder / plain


class _Form:
    """Follows a multipart parser: keeps the headers of the part at hand, writes files, collects fields."""

    def __init__(self, place: Path) -> None:
        self.upload = Upload()
        self.ended = False
        self._place = place
        self._parts = 0
        self._header: list[bytes] = []
        self._headers: dict[bytes, bytes] = {}
        self._value = bytearray()
        self._header_bytes = 0
        self._name = ""
        self._text = bytearray()
        self._sink: BinaryIO | None = None

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._field,
            "on_header_value": self._more,
            "on_header_end": self._header_end,
            "on_headers_finished": self._open,
            "on_part_data": self._data,
            "on_part_end": self.close_part,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > _PARTS:
            raise TooLarge("too many parts", place="body", cure=f"at most {_PARTS}")
        self._headers, self._header, self._value, self._header_bytes = {}, [], bytearray(), 0

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > _HEADER_BYTES:
            raise TooLarge("the headers of a part are too long", place="body", cure=f"at most {_HEADER_BYTES} bytes")

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._header.append(data[start:end])

    def _more(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._headers[b"".join(self._header).lower()] = bytes(self._value)
        self._header, self._value = [], bytearray()

    def _open(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        known = (*FILES, ATTESTATION, *FIELDS)
        if self._name not in known:
            raise ParameterError(self._name[:100], "there is no such part", cure=f"known: {', '.join(known)}")
        if self._name in self.upload.files or self._name in self.upload.fields:
            raise ParameterError(self._name, "given more than once", cure=f"give {self._name} once")
        self._text = bytearray()
        if self._name in (*FILES, ATTESTATION):
            name = options.get(b"filename", b"").decode("utf-8", "replace")[:255] or self._name
            target = _target(self._place, self._name, name)
            self._sink = target.open("wb")
            self.upload.files[self._name] = target
            self.upload.names[self._name] = name

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._sink is not None:
            self._sink.write(data[start:end])
            if self._name == ATTESTATION and self._sink.tell() > _ATTESTATION_BYTES:
                raise TooLarge("the attestation is too long", place=ATTESTATION, cure=f"at most {_ATTESTATION_BYTES} bytes")
            return
        self._text += data[start:end]
        if len(self._text) > _FIELD_BYTES:
            raise TooLarge(f"the part {self._name} is too long", place=self._name, cure=f"at most {_FIELD_BYTES} bytes")

    def close_part(self) -> None:
        if self._sink is not None:
            self.close()
            return
        try:
            self.upload.fields[self._name] = self._text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ParameterError(self._name, "not UTF-8", cure="send it as UTF-8") from error

    def _end(self) -> None:
        self.ended = True

    def close(self) -> None:
        """Close the file at hand."""
        if self._sink is not None:
            self._sink.close()
            self._sink = None
