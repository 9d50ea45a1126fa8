"""The order of points along a Hilbert curve, so that rows that lie side by side in the world do so in the file."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BITS = 16


def order(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Indices that sort (n, 2) points along the curve, stable; a point of NaN stays behind the one before it in the input."""
    index = np.arange(len(points))
    there = np.isfinite(points).all(axis=1)
    if not there.any():
        return index
    known = points[there]
    low, span = known.min(axis=0), np.ptp(known, axis=0)
    scaled = ((known - low) / np.where(span > 0, span, 1) * (2**_BITS - 1)).astype(np.uint64)
    keys = np.zeros(len(points), dtype=np.uint64)
    keys[there] = _distance(scaled[:, 0], scaled[:, 1])
    before = np.maximum.accumulate(np.where(there, index, 0))
    return np.argsort(keys[before], kind="stable")


def _distance(x: NDArray[np.uint64], y: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Distance along the curve (Wikipedia, "Hilbert curve", xy2d), for whole arrays."""
    total = np.zeros(len(x), dtype=np.uint64)
    side = np.uint64(1 << (_BITS - 1))
    while side:
        right = (x & side) > 0
        upper = (y & side) > 0
        total += side * side * ((np.uint64(3) * right) ^ upper)
        x, y = _turned(x & (side - np.uint64(1)), y & (side - np.uint64(1)), side, right, upper)
        side >>= np.uint64(1)
    return total


def _turned(
    x: NDArray[np.uint64], y: NDArray[np.uint64], side: np.uint64, right: NDArray[np.bool_], upper: NDArray[np.bool_]
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    flipped = ~upper & right
    last = side - np.uint64(1)
    x, y = np.where(flipped, last - x, x), np.where(flipped, last - y, y)
    return np.where(upper, x, y), np.where(upper, y, x)
