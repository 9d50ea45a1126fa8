"""The packed Hilbert R-tree of FlatGeobuf: the order of the features and the nodes above them, bottom up, sixteen a node."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

NODE = 16
_NODE_TYPE = np.dtype([("box", "<f8", 4), ("offset", "<u8")])
_ORDER = 16

type Array = np.ndarray[Any, Any]


def order(boxes: Array) -> Array:
    """The places of `boxes` (n x 4) along a Hilbert curve through the middles."""
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    cells = ((boxes[:, :2] + boxes[:, 2:]) / 2 - low) / span * ((1 << _ORDER) - 1)
    x, y = cells.astype(np.int64).T
    return np.argsort(_along(x, y), kind="stable")


def _along(x: Array, y: Array) -> Array:
    """The distance of each cell along the curve."""
    found = np.zeros_like(x)
    side = 1 << (_ORDER - 1)
    while side:
        right, upper = (x & side) > 0, (y & side) > 0
        found += side * side * ((3 * right) ^ upper)
        turned = ~upper
        mirrored = turned & right
        x, y = np.where(mirrored, side - 1 - x, x), np.where(mirrored, side - 1 - y, y)
        x, y = np.where(turned, y, x), np.where(turned, x, y)
        side >>= 1
    return found


def tree(boxes: Array, offsets: Array) -> bytes:
    """The nodes, root first, of features in their order in the file; `offsets` are where each begins behind the index."""
    sizes = [len(boxes)]
    while sizes[-1] != 1 or len(sizes) == 1:
        sizes.append(-(-sizes[-1] // NODE))
    total = sum(sizes)
    nodes = np.zeros(total, _NODE_TYPE)
    start = total - sizes[0]
    nodes["box"][start:], nodes["offset"][start:] = boxes, offsets
    for size, above in pairwise(sizes):
        level = nodes["box"][start : start + size]
        firsts = np.arange(0, size, NODE)
        up = start - above
        nodes["box"][up:start, :2] = np.minimum.reduceat(level[:, :2], firsts, axis=0)
        nodes["box"][up:start, 2:] = np.maximum.reduceat(level[:, 2:], firsts, axis=0)
        nodes["offset"][up:start] = start + firsts
        start = up
    return nodes.tobytes()


def size_of(count: int, node_size: int) -> int:
    """Bytes of the index of `count` features."""
    total = level = count
    while True:
        level = -(-level // node_size)
        total += level
        if level == 1:
            return total * _NODE_TYPE.itemsize
