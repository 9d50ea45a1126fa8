"""What is made from the truth and follows its journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gateway.model.journal import Entry
from gateway.ports.reading import Reader


class Projection(Protocol):
    """Something made from the truth and brought up to date from the journal; it can be thrown away and made anew."""

    name: str

    def cursor(self) -> int:
        """The journal sequence it stands at."""
        ...

    def apply(self, reader: Reader, entries: Sequence[Entry]) -> None:
        """Take in what these entries changed, then move the cursor, all or nothing."""
        ...

    def rebuild(self, reader: Reader) -> None:
        """Make the whole anew from what the reader sees now."""
        ...
