"""The outside of a GeoJSON file: what stands around the features, and the features as a stream of parsed objects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from gateway.errors import TooLarge, Unreadable
from gateway.gates.json import loads
from gateway.gates.jsonstream import MAX_ELEMENT, JsonStream

type Located = tuple[str, dict[str, Any]]
"""Where an object stands in the file, and the object."""

_TAIL = 1 << 16
_SEPARATOR = b"\x1e"
_END = re.compile(rb"\](?=\s*(?:,\s*\"|\}\s*$))")
"""An array's end that may be the end of the features: a member or the end of the file follows."""
_MISSES = 100


@dataclass(slots=True)
class Document:
    """An open file: `members` are those of the collection (or of the lone feature), `objects` the features and geometries."""

    file: BinaryIO
    members: dict[str, Any]
    objects: Iterator[Located]


def open_document(path: Path) -> Document:
    """Open a GeoJSON text of any of its forms. The caller closes `file`. Raises Unreadable."""
    file = path.open("rb")
    try:
        return _sequence(file, path) if file.read(1) == _SEPARATOR else _single(file, path)
    except BaseException:
        file.close()
        raise


def _single(file: BinaryIO, path: Path) -> Document:
    file.seek(0)
    stream = JsonStream(file)
    if stream.kind() != b"{":
        raise Unreadable("a GeoJSON text is one JSON object", place=stream.place())
    members: dict[str, Any] = {}
    keys = stream.members()
    for key in keys:
        if key == "features" and stream.kind() == b"[":
            members |= _members_after(path, members)
            return Document(file, members, _collection(stream, keys, members))
        members[key] = stream.value()
    if stream.kind():
        return _sequence(file, path)
    if members.get("type") == "FeatureCollection":
        raise Unreadable("the FeatureCollection has no array of features", place="/features")
    return Document(file, members, iter([("/", members)]))


def _collection(stream: JsonStream, keys: Iterator[str], before: dict[str, Any]) -> Iterator[Located]:
    number = 0
    for batch in stream.elements(place="/features"):
        for element in batch:
            if not isinstance(element, dict):
                raise Unreadable("a feature is a JSON object", place=f"/features/{number}")
            yield f"/features/{number}", element
            number += 1
    for key in keys:
        if key in ("crs", "coordRefSys"):
            found = stream.value()
            if before.get(key) != found:
                raise Unreadable(f"the member {key} stands far behind the features", cure=f"write {key} before the features")
    stream.finish()


def _members_after(path: Path, before: dict[str, Any]) -> dict[str, Any]:
    """The members behind the features, as far as the file's last 64 KiB show them: `crs` may stand there."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    found: dict[str, Any] = {}
    misses = 0
    for end in reversed([match.start() for match in _END.finditer(tail)]):
        try:
            found = orjson.loads(b'{"":0' + tail[end + 1 :])
            misses = 0
        except orjson.JSONDecodeError:
            misses += 1
            if misses > (_MISSES if found else 10 * _MISSES):
                break
    return {key: value for key, value in found.items() if key and key not in before}


def _sequence(file: BinaryIO, path: Path) -> Document:
    file.seek(0)
    objects = _lines(file)
    first = next(objects, None)
    if first is None:
        return Document(file, {}, iter(()))
    members: dict[str, Any] = {key: first[1][key] for key in ("crs", "coordRefSys", "featureType", "conformsTo") if key in first[1]}

    def rest() -> Iterator[Located]:
        yield first
        yield from objects

    return Document(file, {**members, "type": "Sequence"}, rest())


def _lines(file: BinaryIO) -> Iterator[Located]:
    """Texts of a newline-delimited or RFC 8142 sequence; a FeatureCollection among them gives its features."""
    for number, line in enumerate(iter(lambda: file.readline(MAX_ELEMENT + 1), b""), 1):
        if len(line) > MAX_ELEMENT:
            raise TooLarge(f"one line is longer than {MAX_ELEMENT >> 20} MB", place=f"line {number}")
        text = line.strip(b" \t\r\n\x1e")
        if not text or text == b"\xef\xbb\xbf":
            continue
        value = loads(text, line=number)
        if not isinstance(value, dict):
            raise Unreadable("each line is one JSON object", place=f"line {number}")
        inner = value.get("features") if value.get("type") == "FeatureCollection" else None
        for element in inner if isinstance(inner, list) else [value]:
            if not isinstance(element, dict):
                raise Unreadable("a feature is a JSON object", place=f"line {number}")
            yield f"line {number}", element
