"""Mapbox Vector Tile 2.1, written by hand: a layer's features are one run of numbers, so that all become bytes at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, count
from types import NoneType
from typing import Any

import numpy as np

from gateway.model.feature import Scalar
from gateway.tiles import varints
from gateway.tiles.drawing import Drawn
from gateway.tiles.grids import EXTENT

type Array = np.ndarray[Any, Any]

MEDIA_TYPE = "application/vnd.mapbox-vector-tile"

_VERSION = b"\x78\x02"
_LAYER, _NAME, _FEATURE, _KEY, _VALUE = b"\x1a", b"\x0a", 0x12, b"\x1a", b"\x22"
_EXTENT = b"\x28" + varints.one(EXTENT)
_ID, _TAGS, _TYPE, _GEOMETRY = 0x08, 0x12, 0x18, 0x22
_FIXED = 10
"""Numbers of a feature besides its tags and commands: six tags of fields, two lengths, the id and the type less nothing."""
_SHORT = 125
_HEADS = tuple(bytes((0x22, size + 2, 0x0A, size)) for size in range(_SHORT + 1))


def layer(name: str, keys: Sequence[str], columns: Sequence[Sequence[Scalar]], ids: Sequence[int], drawn: Drawn) -> bytes:
    """One layer as a tile holds it: `columns` are the properties named by `keys`, `ids` the features' numbers, all in one order;
    `drawn` names features by their place in it. Nothing drawn is no layer."""
    if not len(drawn.owners):
        return b""
    places, values = _indexed(columns, len(ids))
    features = varints.pack(*_numbered(places[drawn.owners], np.asarray(ids, dtype=np.uint64)[drawn.owners], drawn))
    content = b"".join((_VERSION, _named(_NAME, name), features, *(_named(_KEY, key) for key in keys), *values, _EXTENT))
    return b"".join((_LAYER, varints.one(len(content)), content))


def _named(tag: bytes, text: str) -> bytes:
    encoded = text.encode()
    return b"".join((tag, varints.one(len(encoded)), encoded))


def _numbered(places: Array, ids: Array, drawn: Drawn) -> tuple[Array, Array]:
    """All features as numbers: every field of a feature is a varint, or a length and varints; and the bytes each takes."""
    there = places >= 0
    tagged = there.sum(axis=1)
    tags = np.stack((np.broadcast_to(np.arange(places.shape[1]), places.shape)[there], places[there]), axis=1).reshape(-1)
    tag_numbers = _uint(tags)
    tag_sizes, shape_sizes = varints.lengths(tag_numbers), varints.lengths(drawn.numbers)
    id_sizes = varints.lengths(ids).astype(np.int64)
    tag_bytes, shape_bytes = _sums(tag_sizes, 2 * tagged), _sums(shape_sizes, drawn.counts)
    tag_lengths, shape_lengths = _uint(tag_bytes), _uint(shape_bytes)
    tag_length_sizes, shape_length_sizes = varints.lengths(tag_lengths), varints.lengths(shape_lengths)
    whole = _uint(5 + id_sizes + tag_length_sizes + tag_bytes + shape_length_sizes + shape_bytes)
    room = _FIXED + 2 * tagged + drawn.counts
    starts = np.cumsum(room) - room
    numbers = np.empty(int(room.sum()), dtype=np.uint64 if int(ids.max()) >> 32 else np.uint32)
    sizes = np.ones(len(numbers), dtype=np.uint8)
    fixed = ((0, _FEATURE, None), (1, whole, varints.lengths(whole)), (2, _ID, None), (3, ids, id_sizes), (4, _TAGS, None))
    for offset, value, size in (*fixed, (5, tag_lengths, tag_length_sizes)):
        _put(numbers, sizes, starts + offset, value, size)
    _put(numbers, sizes, _places(starts + 6, 2 * tagged), tag_numbers, tag_sizes)
    behind = starts + 6 + 2 * tagged
    for offset, value, size in ((0, _TYPE, None), (1, _uint(drawn.kinds), None), (2, _GEOMETRY, None)):
        _put(numbers, sizes, behind + offset, value, size)
    _put(numbers, sizes, behind + 3, shape_lengths, shape_length_sizes)
    _put(numbers, sizes, _places(behind + 4, drawn.counts), drawn.numbers, shape_sizes)
    return numbers, sizes


def _put(numbers: Array, sizes: Array, places: Array, value: Any, size: Array | None) -> None:
    numbers[places] = value
    if size is not None:
        sizes[places] = size


def _uint(values: Array) -> Array:
    return np.asarray(values, dtype=np.uint32)


def _places(starts: Array, counts: Array) -> Array:
    """The places of runs that begin at `starts`."""
    ends = np.cumsum(counts)
    return np.asarray(np.arange(int(ends[-1])) + np.repeat(starts - (ends - counts), counts))


def _sums(values: Array, counts: Array) -> Array:
    """The sums of runs, one behind the other; a run may be empty."""
    totals = np.concatenate(([0], np.cumsum(values, dtype=np.int64)))
    ends = np.cumsum(counts)
    return np.asarray(totals[ends] - totals[ends - counts])


def _indexed(columns: Sequence[Sequence[Scalar]], rows: int) -> tuple[Array, list[bytes]]:
    """The place of each value in the layer's table (-1: none), by row and column, and the table, each value once."""
    kinds = [_one_kind(column) for column in columns]
    places = np.empty((rows, len(columns)), dtype=np.int64)
    encoded: list[bytes] = []
    size = 0
    for kind, write in _WRITERS.items():
        chosen = [place for place, (found, _) in enumerate(kinds) if found is kind]
        distinct = dict.fromkeys(chain.from_iterable(kinds[place][1] for place in chosen))
        distinct.pop(None, None)
        table: dict[Scalar, int] = dict(zip(distinct, count(size), strict=False))
        table[None] = -1
        for place in chosen:
            places[:, place] = np.fromiter(map(table.__getitem__, kinds[place][1]), dtype=np.int64, count=rows)
        size += len(distinct)
        if distinct:
            encoded.append(write(list(distinct)))
    return places, encoded


def _one_kind(column: Sequence[Scalar]) -> tuple[type, Sequence[Scalar]]:
    """A column's values as values of one type: numbers of both types as floats, anything else that is mixed as text."""
    kinds = set(map(type, column)) - {NoneType}
    if len(kinds) == 1:
        (kind,) = kinds
        if kind in (str, float, bool) or (kind is int and _fits(column)):
            return kind, column
    if kinds <= {int, float}:
        return float, [None if value is None else float(value) for value in column]
    return str, [None if value is None else str(value) for value in column]


def _fits(column: Sequence[Any]) -> bool:
    """Whether all whole numbers of a column fit 64 bits."""
    there = [value for value in column if value is not None]
    return bool(min(there) >= -(2**63) and max(there) < 2**63)


def _strings(values: list[Any]) -> bytes:
    encoded = [value.encode() for value in values]
    if max(map(len, encoded)) <= _SHORT:
        return b"".join([_HEADS[len(value)] + value for value in encoded])
    return b"".join(map(_string, encoded))


def _string(encoded: bytes) -> bytes:
    head = b"\x0a" + varints.one(len(encoded))
    return b"".join((_VALUE, varints.one(len(encoded) + len(head)), head, encoded))


def _integers(values: list[Any]) -> bytes:
    """Each a uint where it is none below zero, else an sint; all four numbers of it are varints."""
    known = np.array(values, dtype=np.int64)
    numbers = np.empty((len(known), 4), dtype=np.uint64)
    numbers[:, 0] = _VALUE[0]
    numbers[:, 2] = np.where(known < 0, 0x30, 0x28)
    numbers[:, 3] = np.where(known < 0, varints.zigzag(known), known.astype(np.uint64))
    numbers[:, 1] = varints.lengths(numbers[:, 3]) + 1
    return varints.pack(numbers.reshape(-1))


def _doubles(values: list[Any]) -> bytes:
    found = np.empty((len(values), 11), dtype=np.uint8)
    found[:, :3] = tuple(b"\x22\x09\x19")
    found[:, 3:] = np.array(values, dtype="<f8").view(np.uint8).reshape(-1, 8)
    return found.tobytes()


def _truths(values: list[Any]) -> bytes:
    return b"".join(b"\x22\x02\x38\x01" if value else b"\x22\x02\x38\x00" for value in values)


_WRITERS: dict[type, Callable[[list[Any]], bytes]] = {str: _strings, int: _integers, float: _doubles, bool: _truths}
