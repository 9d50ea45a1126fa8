"""Protocol Buffers by array: whole tables of numbers become bytes at once."""

from __future__ import annotations

from typing import Any

import numpy as np

type Array = np.ndarray[Any, Any]

_SEVEN = np.uint64(7)
_LOW = np.uint64(0x7F)
_MORE = np.uint64(0x80)


def lengths(values: Array) -> Array:
    """How many bytes each number (uint64) takes as a varint."""
    found = np.ones(len(values), dtype=np.int64)
    rest = values >> _SEVEN
    while rest.any():
        found += rest > 0
        rest >>= _SEVEN
    return found


def pack(values: Array, sizes: Array | None = None) -> bytes:
    """Numbers (uint64) as varints, one behind the other; `sizes` are their `lengths` where those are known."""
    if not len(values):
        return b""
    sizes = lengths(values) if sizes is None else sizes
    ends = np.cumsum(sizes)
    begins = ends - sizes
    packed = np.zeros(int(ends[-1]), dtype=np.uint8)
    rest, places, left = values, begins, sizes
    while True:
        goes_on = left > 1
        packed[places] = (rest & _LOW) | np.where(goes_on, _MORE, np.uint64(0))
        if not goes_on.any():
            return packed.tobytes()
        rest, places, left = rest[goes_on] >> _SEVEN, places[goes_on] + 1, left[goes_on] - 1


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
