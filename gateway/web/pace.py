"""Where a question is answered: in the event loop, or in a thread so that others need not wait for it.

A thread costs more than a quick answer does, and what is quick is learned: questions of one shape (collection, parameters, size of
the page) cost much the same. A shape that is new goes to a thread; so does one that was slow lately.
"""

from __future__ import annotations

from collections.abc import Callable
from time import thread_time

QUICK = 0.003
"""Seconds of the processor up to which an answer may hold the others up."""

_MOST = 2000
_FADING = 0.98
"""The share of a slow answer that is remembered after each quick one: 20 ms are forgotten after 95 of them."""

type Shape = tuple[str, ...]


class Pace:
    """How long questions of each shape took lately."""

    def __init__(self) -> None:
        self._seconds: dict[Shape, float] = {}

    def is_quick(self, shape: Shape) -> bool:
        """Whether questions of this shape have been quick lately."""
        return self._seconds.get(shape, 1.0) <= QUICK

    def timed[T](self, shape: Shape, answer: Callable[[], T]) -> T:
        """Answer, and learn what it took: processor time, since a thread waits its turn for reasons of others."""
        begun = thread_time()
        try:
            return answer()
        finally:
            took, known = thread_time() - begun, self._seconds.get(shape)
            if known is None and len(self._seconds) >= _MOST:
                self._seconds.clear()
            self._seconds[shape] = took if known is None else max(took, known * _FADING)
