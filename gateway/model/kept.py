"""What was worked out of a value before: kept by the identity of the value, since hashing a large one costs more than it saves."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

_MOST = 1024


def by_identity[K, V](function: Callable[[K], V]) -> Callable[[K], V]:
    """A function of one immutable value that remembers its results for the very same object, at most 1,024 of them.

    The object is held with its result, so that no other can take its identity. Safe to call from several threads.
    """
    kept: dict[int, tuple[K, V]] = {}

    @wraps(function)
    def remembered(value: K) -> V:
        found = kept.get(id(value))
        if found is None or found[0] is not value:
            if len(kept) >= _MOST:
                kept.clear()
            found = kept[id(value)] = (value, function(value))
        return found[1]

    return remembered
