"""The one door for strangers' JSON: RFC 8259 and I-JSON (RFC 7493), with caps, at nearly the speed of orjson.

Refused: bytes that are no UTF-8, NaN, Infinity and numbers beyond a double, integers that 64 bits do not hold, numbers of more
than 40 digits, lone surrogates, NUL characters, the same key twice in one object, and nesting beyond `MAX_DEPTH`.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import orjson

from gateway.errors import Unreadable

MAX_DEPTH = 64
"""Levels of objects and arrays; `COORDINATES` more are free, for the arrays that coordinates take."""
COORDINATES = 6
MAX_DIGITS = 40

_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_FOLD_BRACKETS = bytes({0x7B: 0x5B, 0x7D: 0x5D}.get(i, i) for i in range(256))
_NOT_BRACKETS = bytes(i for i in range(256) if chr(i) not in "[]{}")
_INTEGER_AT_END = re.compile(rb"(?<![\d.eE+])-?\d{19,}$")
_NOT_INTEGER = (b".", b"e", b"E")
_PIECE = 1 << 20


def loads(raw: bytes, *, place: str | None = None, line: int = 1, column: int = 0) -> Any:
    """Parse one JSON text. A byte order mark is skipped. Raises Unreadable with `place`, the line and the column.

    `line` and `column` say where the text begins in its file (lines from 1, columns from 0)."""
    if raw[:3] == b"\xef\xbb\xbf":
        raw = raw[3:]
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Unreadable(f"not valid JSON: {_reason(raw, error)}", place=_at(place, error, line, column)) from error
    outside = structure(raw, place)
    _check_depth(outside, place)
    _check_numbers(outside, place)
    if outside.count(b":") != _members(value, outside.count(b"{")):
        raise Unreadable(f"the key {_repeated_key(raw)!r} stands twice in one object", place=place, cure="keep one of the two")
    return value


def structure(raw: bytes, place: str | None = None) -> bytes:
    """What stands outside the strings of valid JSON: brackets, commas, colons, numbers, literals, white space."""
    if b"\\" in raw:
        raw = raw.replace(b"\\\\", b"")
        if b"\\u0000" in raw:
            raise Unreadable("a string holds the character NUL", place=place, cure="remove \\u0000")
        raw = raw.replace(b'\\"', b"")
    if len(raw) <= _PIECE:
        return b"".join(raw.split(b'"')[::2])
    return b"".join(_outside(raw))


def _outside(raw: bytes) -> list[bytes]:
    """As `structure`, a piece at a time, so that a long text is never held as millions of small ones."""
    pieces: list[bytes] = []
    inside, start = 0, 0
    while start < len(raw):
        parts = raw[start : start + _PIECE].split(b'"')
        pieces.append(b"".join(parts[inside::2]))
        inside = (inside + len(parts) - 1) % 2
        start += _PIECE
    return pieces


def _check_depth(outside: bytes, place: str | None) -> None:
    brackets = outside.translate(_FOLD_BRACKETS, _NOT_BRACKETS)
    for _ in range(MAX_DEPTH + COORDINATES):
        if not brackets:
            return
        brackets = brackets.replace(b"[]", b"")
    if brackets:
        raise Unreadable(f"nested more than {MAX_DEPTH} levels deep", place=place, cure="flatten the value")


def _check_numbers(outside: bytes, place: str | None) -> None:
    digits = outside.translate(None, b".")
    if not _runs(digits, 19):
        return
    if _runs(digits, MAX_DIGITS + 1):
        raise _long_number(b"", place)
    for end in _runs(outside, 19):
        number = outside[max(0, end - MAX_DIGITS - 1) : end]
        match = _INTEGER_AT_END.search(number)
        if match and outside[end : end + 1] not in _NOT_INTEGER and not -(2**63) <= int(match[0]) < 2**64:
            raise _long_number(match[0], place)


def _runs(text: bytes, least: int) -> list[int]:
    """Where runs of at least `least` digits end."""
    if len(text) < least:
        return []
    digits = np.frombuffer(text, np.uint8) - np.uint8(0x30) < 10
    others = np.concatenate(([-1], np.flatnonzero(~digits), [len(text)]))
    ends: list[int] = others[1:][np.diff(others) > least].tolist()
    return ends


def _long_number(number: bytes, place: str | None) -> Unreadable:
    shown = f" {number[:24].decode()}…" if number else ""
    return Unreadable(
        f"the number{shown} has more digits than can be kept exactly (integers 64 bits, others {MAX_DIGITS} digits)",
        place=place,
        cure="write it as a string",
    )


def _members(value: Any, objects: int) -> int:
    """How many members all objects in `value` have; lists that can only hold numbers are passed over where the count of
    `objects` proves that no object was missed."""
    found, members = _walk(value, False)
    if found != objects:
        _, members = _walk(value, True)
    return members


def _walk(value: Any, thorough: bool) -> tuple[int, int]:
    objects = members = 0
    stack = [value]
    pop, push = stack.pop, stack.append
    while stack:
        item = pop()
        if type(item) is dict:
            objects += 1
            members += len(item)
            for inner in item.values():
                kind = type(inner)
                if kind is dict or kind is list:
                    push(inner)
        elif type(item) is list and item:
            first = type(item[0])
            if thorough or first is dict:
                stack.extend(inner for inner in item if type(inner) is dict or type(inner) is list)
            elif first is list and item[0] and type(item[0][0]) in (dict, list):
                stack.extend(item)
    return objects, members


def _repeated_key(raw: bytes) -> str:
    found: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                found.append(key)
            seen.add(key)

    json.loads(raw, object_pairs_hook=look)
    return found[0] if found else "?"


def _reason(raw: bytes, error: orjson.JSONDecodeError) -> str:
    if raw[:2] in _BOMS or raw[:2].count(0) == 1:
        return f"the text is {_BOMS.get(raw[:2], 'UTF-16')}, JSON is UTF-8"
    text: str = error.msg
    if "zero-length" in text:
        return "it is empty"
    return text


def _at(place: str | None, error: orjson.JSONDecodeError, line: int, column: int) -> str:
    spot = f"line {error.lineno + line - 1}, column {error.colno + (column if error.lineno == 1 else 0)}"
    return spot if not place else f"{place}, {spot}"
