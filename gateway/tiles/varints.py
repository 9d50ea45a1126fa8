"""Protocol Buffers by array: whole tables of numbers become bytes at once."""

from __future__ import annotations

from typing import Any

import numpy as np

type Array = np.ndarray[Any, Any]

_STEPS = tuple(7 * step for step in range(1, 10))


def lengths(values: Array) -> Array:
    """How many bytes each unsigned number takes as a varint."""
    found = np.ones(len(values), dtype=np.uint8)
    largest = int(values.max()) if len(values) else 0
    for step in _STEPS:
        if largest >> step == 0:
            break
        found += values >= values.dtype.type(1 << step)
    return found


def pack(values: Array, sizes: Array | None = None) -> bytes:
    """Unsigned numbers as varints, one behind the other; `sizes` are their `lengths` where those are known."""
    if not len(values):
        return b""
    left = lengths(values) if sizes is None else sizes
    ends = np.cumsum(left, dtype=np.int64)
    places = ends - left
    packed = np.empty(int(ends[-1]), dtype=np.uint8)
    rest = values
    while True:
        more = left > 1
        packed[places] = (rest & 0x7F).astype(np.uint8) | (more.view(np.uint8) << 7)
        chosen = np.flatnonzero(more)
        if not len(chosen):
            return packed.tobytes()
        rest, places, left = rest[chosen] >> 7, places[chosen] + 1, left[chosen] - 1


def zigzag(values: Array) -> Array:
    """Signed numbers (int64) as unsigned ones (uint64), small ones small."""
    return ((values << 1) ^ (values >> 63)).astype(np.uint64)


def one(value: int) -> bytes:
    """One number as a varint."""
    found = bytearray()
    while value > 0x7F:
        found.append((value & 0x7F) | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
