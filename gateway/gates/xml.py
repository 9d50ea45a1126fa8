"""The one gate for XML from strangers: CityGML, GML, ISO 19139, CSW.

Refused before the parser sees them: any DOCTYPE (so no entities, no external subset), encodings that are not plain text,
start tags over 1 MiB or with more than 1,000 attributes, and more elements at once than the limits allow. The parser itself
loads nothing, resolves nothing and refuses nesting over 256 and text over 10 MB. XInclude, schemaLocation, xlink:href and
processing instructions are text here; nothing is ever fetched.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, Self, cast

from lxml import etree

from gateway.errors import InputError, TooLarge, Unreadable

MIB = 1 << 20
_CHUNK = 1 << 16
_BLOCK = 1 << 13
_PROLOG = MIB
_UNSAFE = ("utf-7", "utf-32", "punycode", "idna", "iso2022", "hz", "unicode", "raw")
"""Codecs in which bytes of a tag may mean something else, or that are no encodings of documents."""
_TAG = MIB
_ATTRIBUTES = 1000
_RESOURCE_LIMIT = 114

_DECLARED = re.compile(rb"""^\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_PROLOG_PART = re.compile(rb"\s+|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_DOCTYPE_PART = re.compile(rb"<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>", re.DOTALL)
_START_TAG = re.compile(rb"""(?:[^>"']++|"[^"]*+"|'[^']*+')*+>""")
_ATTRIBUTE = re.compile(rb"""([^\s=<>"'/]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_EQUALS = re.compile(rb"""=\s*["']""")


@dataclass(frozen=True, slots=True)
class Limits:
    """What may lie in memory at once: `size` bytes of XML and `tags` start and end tags between two releases."""

    size: int = 256 * MIB
    tags: int = 4_000_000


_NO_LIMITS = Limits(1 << 62, 1 << 62)


def parse_bytes(data: bytes, *, place: str, limit: int = 16 * MIB) -> etree._Element:
    """Parse a whole document and give its root; `place` names it in errors.

    Raises Unreadable for broken, hostile or empty XML, with the line, and TooLarge above `limit` bytes or 2,000,000 tags.
    """
    if len(data) > limit:
        raise TooLarge(f"more than {limit} bytes of XML", place=place, cure="send a smaller document")
    source = _Guarded(BytesIO(data), place, Limits(limit, 2_000_000))
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_pis=True,
        collect_ids=False,
        encoding=source.encoding,
    )
    try:
        tree = etree.parse(cast(IO[bytes], source), parser)
    except etree.XMLSyntaxError as error:
        raise _refusal(error, place) from error
    _refuse_dtd(tree, place)
    return tree.getroot()


def parse_path(path: Path, *, place: str | None = None, limit: int = 16 * MIB) -> etree._Element:
    """Parse the file at `path` as `parse_bytes` does; a larger file is refused before it is read."""
    name = place or path.name
    if path.stat().st_size > limit:
        raise TooLarge(f"more than {limit} bytes of XML", place=name, cure="send a smaller document")
    return parse_bytes(path.read_bytes(), place=name, limit=limit)


class Stream:
    """A document read piece by piece: iterate over (event, element) for the `tags` asked for ("{*}name" for any namespace).

    An element given at its end is whole; hand it to `release` when done with it, which frees it and all before it among its
    siblings. Comments, processing instructions and white space between elements are dropped. Errors as in `parse_bytes`.
    """

    def __init__(self, path: Path, tags: tuple[str, ...], *, place: str | None = None, limits: Limits | None = None) -> None:
        self._place = place or path.name
        self._file = path.open("rb")
        try:
            self._source = _Guarded(self._file, self._place, limits or Limits())
        except InputError:
            self._file.close()
            raise
        self._events = etree.iterparse(
            cast(BinaryIO, self._source),
            events=("start", "end"),
            tag=tags,
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_blank_text=True,
            remove_comments=True,
            remove_pis=True,
            collect_ids=False,
            encoding=self._source.encoding,
        )

    def __iter__(self) -> Iterator[tuple[str, etree._Element]]:
        first = True
        try:
            for event, element in self._events:
                if first:
                    _refuse_dtd(element.getroottree(), self._place)
                    first = False
                yield event, element
        except etree.XMLSyntaxError as error:
            raise _refusal(error, self._place) from error
        finally:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def release(self, element: etree._Element) -> None:
        """Free `element` and its earlier siblings."""
        element.clear()
        parent = element.getparent()
        if parent is not None:
            while len(parent) and parent[0] is not element:
                del parent[0]
        self._source.release()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def stream(path: Path, tags: tuple[str, ...], *, place: str | None = None, limits: Limits | None = None) -> Stream:
    """Open `path` for reading piece by piece; see `Stream`. Raises Unreadable at once for a DOCTYPE or an odd encoding."""
    return Stream(path, tags, place=place, limits=limits)


def chunks(path: Path, *, place: str | None = None) -> Iterator[bytes]:
    """The text of a file as UTF-8, piece by piece and unparsed, for a look ahead. Raises Unreadable as `stream` does."""
    with path.open("rb") as file:
        source = _Guarded(file, place or path.name, _NO_LIMITS)
        while chunk := source.read():
            yield chunk


def root_name(head: bytes) -> str | None:
    """The root's name as ``{namespace}local`` from a document's first bytes; None where they are not XML. For sniffing."""
    try:
        encoding, skip = _encoding(head, "")
        text = head[skip:] if encoding is None else codecs.getincrementaldecoder(encoding)("replace").decode(head[skip:]).encode()
    except InputError:
        return None
    position = _skip_prolog(text)
    doctype = _DOCTYPE_PART.match(text, position)
    if doctype is not None:
        position = _skip_prolog(text, doctype.end())
    if text[position : position + 1] != b"<":
        return None
    tag = _START_TAG.match(text, position + 1)
    return _qualified(text[position + 1 : tag.end() - 1 if tag else len(text)])


def _qualified(tag: bytes) -> str | None:
    name = re.match(rb"[A-Za-z_\x80-\xff][^\s/<>\"'=]*", tag)
    if name is None:
        return None
    prefix, _, local = name.group().rpartition(b":")
    wanted = b"xmlns:" + prefix if prefix else b"xmlns"
    for key, double, single in _ATTRIBUTE.findall(tag, name.end()):
        if key == wanted:
            return f"{{{(double or single).decode(errors='replace')}}}{local.decode(errors='replace')}"
    return local.decode(errors="replace") if not prefix else None


def _encoding(head: bytes, place: str) -> tuple[str | None, int]:
    """(codec to decode with, or None for UTF-8; bytes of byte order mark to skip), after XML 1.0 appendix F."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, b"\x4c\x6f\xa7\x94")):
        raise Unreadable("an encoding that is not read here", place=place, cure="send UTF-8")
    for mark, codec in ((codecs.BOM_UTF8, None), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if head.startswith(mark):
            return codec, len(mark)
    if head.startswith(b"<\x00"):
        return "utf-16-le", 0
    if head.startswith(b"\x00<"):
        return "utf-16-be", 0
    declared = _DECLARED.match(head[:1000])
    return (_codec(declared.group(1).decode("ascii"), place) if declared else None), 0


def _codec(name: str, place: str) -> str | None:
    try:
        codec = codecs.lookup(name)
        "<".encode(codec.name)
    except (LookupError, ValueError, TypeError, UnicodeError) as error:
        raise Unreadable(f"the encoding {name} is not known", place=place, cure="send UTF-8") from error
    if codec.name in ("utf-8", "ascii") or codec.name.startswith("utf-16"):
        return None
    if codec.name in ("utf-7", "utf-32", "punycode", "idna") or codec.name.startswith(
        ("iso2022", "hz", "unicode", "raw", "utf-32")
    ):
        raise Unreadable(f"the encoding {name} is not read here", place=place, cure="send UTF-8")
    return codec.name


def _skip_prolog(text: bytes, position: int = 0) -> int:
    while True:
        part = _PROLOG_PART.match(text, position)
        if part is None:
            return position
        position = part.end()


class _Guarded:
    """A file for the parser that hands on UTF-8 and stops what the parser itself would let through."""

    def __init__(self, file: BinaryIO, place: str, limits: Limits) -> None:
        self._file, self._place, self._limits = file, place, limits
        head = file.read(_CHUNK)
        codec, skip = _encoding(head, place)
        self._decoder = None if codec is None else codecs.getincrementaldecoder(codec)("strict")
        self._declared = codec is None and skip == 0 and head.startswith(b"<?xml") and b"UTF-16" in head[:200].upper()
        self.encoding = "utf-8" if codec is not None or self._declared else None
        self._size = self._tags = 0
        self._open = b""
        self._ready = self._decode(head[skip:], last=len(head) < _CHUNK)
        self._refuse_doctype()
        self._check(self._ready)

    def release(self) -> None:
        """Count from here anew."""
        self._size = self._tags = 0

    def read(self, _: int = -1) -> bytes:
        """The next chunk, checked; empty at the end."""
        if self._ready:
            chunk, self._ready = self._ready, b""
            return chunk
        raw = self._file.read(_CHUNK)
        chunk = self._decode(raw, last=not raw)
        if chunk:
            self._check(chunk)
        return chunk

    def _decode(self, raw: bytes, *, last: bool) -> bytes:
        if self._decoder is None:
            return raw
        try:
            return self._decoder.decode(raw, last).encode()
        except UnicodeError as error:
            raise Unreadable(f"bytes that are not {self._decoder.__class__.__module__}", place=self._place) from error

    def _refuse_doctype(self) -> None:
        """Read on to the first tag and refuse a DOCTYPE before it (hardening X01 to X04)."""
        while True:
            position = _skip_prolog(self._ready)
            rest = self._ready[position : position + 9]
            if rest.startswith(b"<!DOCTYPE"):
                line = self._ready.count(b"\n", 0, position) + 1
                raise Unreadable("a DOCTYPE is not accepted", place=f"{self._place} line {line}", cure="remove the DOCTYPE")
            if len(self._ready) > _PROLOG:
                raise TooLarge("more than 1 MiB before the first element", place=self._place)
            if len(rest) == 9 and not rest.startswith((b"<!--", b"<?")):
                return
            raw = self._file.read(_CHUNK)
            if not raw:
                return
            self._ready += self._decode(raw, last=False)

    def _check(self, chunk: bytes) -> None:
        self._size += len(chunk)
        self._tags += chunk.count(b"<")
        if self._size > self._limits.size or self._tags > self._limits.tags:
            what = f"{self._limits.size} bytes" if self._size > self._limits.size else f"{self._limits.tags} tags"
            raise TooLarge(f"one object of more than {what}", place=self._place, cure="split the object")
        for start in range(0, len(chunk), _BLOCK):
            if chunk.find(b"<", start, start + _BLOCK) < 0:
                self._check_long(chunk)
                return
        self._open = chunk[chunk.rfind(b"<") :]

    def _check_long(self, chunk: bytes) -> None:
        """Look at the start tags of a chunk that has a long stretch without one: its text is the parser's business."""
        pieces = (self._open + chunk).split(b"<")
        for piece in pieces[1:]:
            if len(piece) > 2 * _BLOCK and not piece.startswith((b"!", b"?", b"/")):
                self._check_tag(piece)
        last = pieces[-1]
        closed = len(pieces) == 1 or _START_TAG.match(last) is not None or last.startswith((b"!", b"?"))
        self._open = b"" if closed else b"<" + last

    def _check_tag(self, piece: bytes) -> None:
        tag = _START_TAG.match(piece)
        if (tag.end() if tag else len(piece)) > _TAG:
            raise TooLarge("a start tag of more than 1 MiB", place=self._place)
        if len(_EQUALS.findall(piece, 0, tag.end() if tag else len(piece))) > _ATTRIBUTES:
            raise TooLarge(f"an element with more than {_ATTRIBUTES} attributes", place=self._place)


def _refuse_dtd(tree: etree._ElementTree, place: str) -> None:
    if tree.docinfo.internalDTD is not None:
        raise Unreadable("a DOCTYPE is not accepted", place=place, cure="remove the DOCTYPE")


def _refusal(error: etree.XMLSyntaxError, place: str) -> InputError:
    """The parser's refusal in our words: over a limit of text TooLarge, else Unreadable, both with the line."""
    where = f"{place} line {error.lineno}" if error.lineno else place
    said = (error.msg or "no XML").split(", line ")[0].strip()
    if getattr(error, "code", 0) == _RESOURCE_LIMIT and "depth" not in said:
        return TooLarge(said.removesuffix(", try XML_PARSE_HUGE"), place=where, cure="split the text or the element")
    return Unreadable(f"not well-formed XML: {said}", place=where, cure="correct the file, or export it again")
