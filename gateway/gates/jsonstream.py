"""Walks one large JSON text in a file without holding it: members of objects, elements of arrays, in batches.

Where things end is found by counting brackets outside strings (numpy, a window at a time); what is found passes the strict gate
`gateway.gates.json`. Memory is bounded by the window and by the largest single element, which may have `MAX_ELEMENT` bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

from gateway.errors import GatewayError, TooLarge, Unreadable
from gateway.gates.json import loads

WINDOW = 1 << 20
MAX_ELEMENT = 32 << 20
MAX_KEY = 1 << 16

_STEP = np.zeros(256, np.int8)
_STEP[[0x5B, 0x7B]] = 1
_STEP[[0x5D, 0x7D]] = -1
_STEP[[0x22, 0x2C]] = 2
_SPACE = b" \t\r\n"


class JsonStream:
    """A position in a JSON text. `members`, `elements` and `entries` move it; a value that nobody took is passed over."""

    def __init__(self, file: BinaryIO, *, window: int = WINDOW) -> None:
        self._file = file
        self._window = window
        self._buffer = b""
        self._ended = False
        self.consumed = 0
        """Bytes before the position, for progress."""
        self._line = 1
        self._column = 0
        if self._peek(3) == b"\xef\xbb\xbf":
            self._advance(3)

    # --- what callers use

    def kind(self) -> bytes:
        """The first byte of the value at the position, after white space; empty at the end of the text."""
        while True:
            self._advance(len(self._buffer) - len(self._buffer.lstrip(_SPACE)))
            if self._buffer or not self._fill(1):
                return self._buffer[:1]

    def members(self) -> Iterator[str]:
        """The keys of the object at the position; after each, the position is at its value."""
        self._take(b"{")
        if self.kind() == b"}":
            self._advance(1)
            return
        seen: set[str] = set()
        while True:
            key = self._key()
            if key in seen:
                raise Unreadable(f"the key {key!r} stands twice in one object", place=self.place(), cure="keep one of the two")
            seen.add(key)
            self._take(b":")
            before = self._spot()
            yield key
            if self._spot() == before:
                self.skip()
            mark = self.kind()
            if mark not in (b",", b"}"):
                raise self._broken("expected , or }")
            self._advance(1)
            if mark == b"}":
                return

    def value(self, *, place: str | None = None, limit: int = MAX_ELEMENT) -> Any:
        """The whole value at the position. Raises TooLarge above `limit` bytes."""
        self.kind()
        line, column = self._line, self._column
        return loads(self._whole(limit), place=place, line=line, column=column)

    def skip(self) -> None:
        """Move behind the value at the position, however large; only its brackets and strings are looked at."""
        if self.kind() not in (b"{", b"["):
            self.value()
            return
        depth, inside = 0, False
        while True:
            piece = self._window_bytes(self._window)
            spots, depths, inside_after = _scan(piece, inside, depth)
            ends = np.flatnonzero(depths == 0) if depths.size else depths
            if ends.size:
                self._advance(int(spots[ends[0]]) + 1)
                return
            if not self._more(len(piece)):
                raise self._cut_off()
            depth, inside = (int(depths[-1]) if depths.size else depth), inside_after
            self._advance(len(piece))

    def elements(self, *, place: str = "") -> Iterator[list[Any]]:
        """The elements of the array at the position, in batches of about one window; `place` is its JSON pointer."""
        self._take(b"[")
        count = 0
        for raw, bounds, line, column in self._pieces(b"]"):
            try:
                batch: list[Any] = loads(b"[" + raw + b"]", place=place, line=line, column=column - 1)
            except Unreadable:
                self._blame_element(raw, bounds, place, count, line, column)
                raise
            yield batch
            count += len(batch)

    def entries(self, *, place: str = "") -> Iterator[dict[str, Any]]:
        """The members of the object at the position, parsed, in batches of about one window.

        The same key in two batches is not found here; who collects them does."""
        self._take(b"{")
        for raw, _, line, column in self._pieces(b"}"):
            batch: dict[str, Any] = loads(b"{" + raw + b"}", place=place, line=line, column=column - 1)
            yield batch

    def finish(self) -> None:
        """Check that nothing but white space follows."""
        if self.kind():
            raise self._broken("there is more after the end of the document")

    def place(self) -> str:
        """The position for people."""
        return f"line {self._line}, column {self._column + 1}"

    # --- pieces of a container

    def _pieces(self, closing: bytes) -> Iterator[tuple[bytes, list[int], int, int]]:
        """Runs of whole elements between commas of the open container, and where its commas are; ends behind `closing`."""
        first = True
        size = self._window
        while True:
            view = self._window_bytes(size)
            spots, depths, _ = _scan(view, False, 0)
            closed = np.flatnonzero(depths < 0)
            end = int(spots[closed[0]]) if closed.size else -1
            known = spots[: closed[0]] if closed.size else spots
            flat = known[(depths[: known.size] == 0)]
            commas = [int(i) for i in flat if view[i] == 0x2C]
            if end < 0 and not commas:
                if not self._more(len(view)):
                    raise self._cut_off()
                size = self._larger(size)
                continue
            if end >= 0 and view[end : end + 1] != closing:
                raise self._broken(f"expected {closing.decode()}")
            stop = end if end >= 0 else commas[-1]
            raw, line, column = view[:stop], self._line, self._column
            if not raw.strip(_SPACE) and not (first and end >= 0):
                raise self._broken("expected a value after the comma")
            if raw.strip(_SPACE):
                yield raw, [i for i in commas if i < stop], line, column
            self._advance(stop + 1)
            if end >= 0:
                return
            first, size = False, self._window

    def _larger(self, size: int) -> int:
        if size >= MAX_ELEMENT:
            raise TooLarge(f"one element is larger than {MAX_ELEMENT >> 20} MB", place=self.place(), cure="split it")
        return size * 4

    def _blame_element(self, raw: bytes, commas: list[int], place: str, count: int, line: int, column: int) -> None:
        """Parse the elements one by one, so that the error names the one that is wrong."""
        start = 0
        for number, stop in enumerate([*commas, len(raw)]):
            before = raw[:start]
            rows = before.count(b"\n")
            offset = column + start if rows == 0 else start - before.rfind(b"\n") - 1
            loads(raw[start:stop], place=f"{place}/{count + number}", line=line + rows, column=offset)
            start = stop + 1

    # --- bytes

    def _whole(self, limit: int) -> bytes:
        if self.kind() not in (b"{", b"["):
            return self._scalar()
        size = self._window
        while True:
            view = self._window_bytes(size)
            spots, depths, _ = _scan(view, False, 0)
            ends = np.flatnonzero(depths == 0)
            ends = ends[[view[spots[i]] in b"]}" for i in ends]] if ends.size else ends
            if ends.size:
                raw = view[: int(spots[ends[0]]) + 1]
                self._advance(len(raw))
                return raw
            if not self._more(len(view)):
                raise self._cut_off()
            if size >= limit:
                raise TooLarge(f"one value is larger than {limit >> 20} MB", place=self.place())
            size *= 4

    def _scalar(self) -> bytes:
        size = 64
        while True:
            view = self._window_bytes(size)
            end = _string_end(view) if view[:1] == b'"' else _word_end(view)
            if end is not None or not self._more(len(view)):
                raw = view if end is None else view[:end]
                if not raw:
                    raise self._broken("expected a value") if view else self._cut_off()
                self._advance(len(raw))
                return raw
            if size >= MAX_ELEMENT:
                raise TooLarge(f"one value is larger than {MAX_ELEMENT >> 20} MB", place=self.place())
            size *= 4

    def _key(self) -> str:
        if self.kind() != b'"':
            raise self._broken("expected a key in quotes") if self._buffer else self._cut_off()
        line, column = self._line, self._column
        raw = self._scalar()
        if len(raw) > MAX_KEY:
            raise TooLarge(f"a key is longer than {MAX_KEY} bytes", place=self.place())
        key: str = loads(raw, line=line, column=column)
        return key

    def _take(self, byte: bytes) -> None:
        if self.kind() != byte:
            raise self._broken(f"expected {byte.decode()}") if self._buffer else self._cut_off()
        self._advance(1)

    def _peek(self, size: int) -> bytes:
        self._fill(size)
        return self._buffer[:size]

    def _window_bytes(self, size: int) -> bytes:
        """At most `size` bytes (one more rather than end within an escape)."""
        self._fill(size + 1)
        view = self._buffer if len(self._buffer) <= size else self._buffer[:size]
        slashes = len(view) - len(view.rstrip(b"\\"))
        return self._buffer[: len(view) + 1] if slashes % 2 and len(self._buffer) > len(view) else view

    def _more(self, size: int) -> bool:
        return self._fill(size + 1)

    def _fill(self, size: int) -> bool:
        """Read until the buffer has `size` bytes; False if the text ends before."""
        if len(self._buffer) >= size:
            return True
        parts, have = [self._buffer], len(self._buffer)
        while have < size and not self._ended:
            piece = self._file.read(max(self._window, size - have))
            self._ended = not piece
            parts.append(piece)
            have += len(piece)
        self._buffer = b"".join(parts)
        return have >= size

    def _advance(self, count: int) -> None:
        gone, self._buffer = self._buffer[:count], self._buffer[count:]
        self.consumed += count
        rows = gone.count(b"\n")
        self._line += rows
        self._column = self._column + count if rows == 0 else count - gone.rfind(b"\n") - 1

    def _spot(self) -> int:
        self.kind()
        return self.consumed

    def _broken(self, what: str) -> Unreadable:
        return Unreadable(f"not valid JSON: {what}", place=self.place())

    def _cut_off(self) -> Unreadable:
        return Unreadable("the file ends in the middle", place=self.place(), cure="send the whole file")


def _scan(piece: bytes, inside: bool, depth: int) -> tuple[np.ndarray, np.ndarray, bool]:
    """Where brackets and commas stand outside strings, the depth after each, and whether the piece ends inside a string."""
    plain = piece
    if b"\\" in piece:
        plain = piece.replace(b"\\\\", b"__").replace(b'\\"', b"__")
    codes = np.frombuffer(plain, np.uint8)
    spots = np.flatnonzero(_STEP[codes])
    marks = codes[spots]
    quotes = marks == 0x22
    within = (np.cumsum(quotes, dtype=np.int32) + inside) & 1
    outside = (within == 0) & ~quotes
    steps = _STEP[marks]
    steps[steps == 2] = 0
    kept = steps[outside]
    ends_inside = bool(within[-1]) if within.size else inside
    return spots[outside], np.cumsum(kept, dtype=np.int32) + depth, ends_inside


def _string_end(view: bytes) -> int | None:
    at = view.replace(b"\\\\", b"__").replace(b'\\"', b"__").find(b'"', 1)
    return None if at < 0 else at + 1


def _word_end(view: bytes) -> int | None:
    for at, byte in enumerate(view):
        if byte in b" \t\r\n,]}:":
            return at
    return None


def outline(head: bytes) -> tuple[dict[str, Any], bytes | None]:
    """The top-level members of the JSON object that `head` begins with, as far as it goes, for telling formats apart.

    A container stands as an empty list or dict. Second, the first byte of what follows the object (empty: nothing), None where
    `head` ends before the object does. Empty where `head` is no JSON object."""
    seen: dict[str, Any] = {}
    try:
        stream = JsonStream(io.BytesIO(head.lstrip(b"\x1e")), window=max(64, len(head)))
        for key in stream.members():
            kind = stream.kind()
            seen[key] = {b"[": [], b"{": {}}.get(kind) if kind in (b"[", b"{") else stream.value()
        return seen, stream.kind()
    except GatewayError:
        return seen, None
