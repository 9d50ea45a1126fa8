"""The Merkle tree of RFC 6962 section 2.1, kept incrementally as the peaks of its complete subtrees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

EMPTY = sha256(b"").digest()
_SIZE = 32


def leaf(envelope: bytes) -> bytes:
    """The hash of one leaf: SHA-256(0x00 ‖ envelope)."""
    return sha256(b"\x00" + envelope).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


@dataclass(slots=True)
class Tree:
    """A growing tree: `size` leaves, and the roots of its complete subtrees, largest first (one for each set bit of `size`)."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def add(self, envelope: bytes) -> None:
        """Append one leaf."""
        self.peaks.append(leaf(envelope))
        self.size += 1
        size = self.size
        while size % 2 == 0:
            right = self.peaks.pop()
            self.peaks.append(node(self.peaks.pop(), right))
            size //= 2

    def root(self) -> bytes:
        """MTH over all leaves so far."""
        if not self.peaks:
            return EMPTY
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node(peak, root)
        return root

    def pack(self) -> bytes:
        """The peaks as bytes, for `unpack`."""
        return b"".join(self.peaks)

    @classmethod
    def unpack(cls, size: int, packed: bytes) -> Tree:
        """The tree whose peaks `packed` holds. Raises ValueError when they do not fit `size`."""
        if len(packed) != _SIZE * size.bit_count():
            raise ValueError(f"{len(packed)} bytes of peaks do not fit {size} leaves")
        return cls(size, [packed[at : at + _SIZE] for at in range(0, len(packed), _SIZE)])


def root_of(envelopes: Iterable[bytes]) -> bytes:
    """MTH over `envelopes`."""
    tree = Tree()
    for envelope in envelopes:
        tree.add(envelope)
    return tree.root()
