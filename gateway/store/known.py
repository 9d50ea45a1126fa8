"""What was read or counted before, for all readers of one process: none of it changes once it is written."""

from __future__ import annotations

from collections.abc import Callable

import apsw

from gateway.model.access import Access
from gateway.model.query import Query
from gateway.model.record import Record
from gateway.store import facts as stored
from gateway.store import records
from gateway.store.connection import one
from gateway.store.facts import Facts

_MOST = 2000
_MOST_COUNTS = 10_000


class Known:
    """Facts and records as they were decoded, and counts of filters: each belongs to one version of what it is about."""

    def __init__(self) -> None:
        self._facts: dict[tuple[int, int], Facts] = {}
        self._standing: dict[tuple[Access, str], tuple[int, Facts]] = {}
        self._records: dict[int, Record] = {}
        self._counts: dict[tuple[int, Query, int | None], int | None] = {}

    def facts(self, connection: apsw.Connection, row: int, version: int) -> Facts:
        """The facts of a row of `collection_version`, seen at a dataset's current version."""
        found = self._facts.get((row, version))
        if found is None:
            found = stored.read(connection, row, version)
            _put(self._facts, (row, version), found, _MOST)
        return found

    def standing(self, access: Access, collection: str, journal: int, look: Callable[[], Facts | None]) -> Facts | None:
        """A collection as `access` sees it while the journal has this length: nothing of it changes without an entry."""
        kept = self._standing.get((access, collection))
        if kept is not None and kept[0] == journal:
            return kept[1]
        found = look()
        if found is not None:
            _put(self._standing, (access, collection), (journal, found), _MOST)
        return found

    def record(self, connection: apsw.Connection, number: int) -> Record:
        """The record with this number."""
        found = self._records.get(number)
        if found is None:
            found = records.decode(*one(connection, "SELECT document, source FROM record WHERE number = ?", (number,)))
            _put(self._records, number, found, _MOST)
        return found

    def count(self, facts: Facts, query: Query, cap: int | None, count: Callable[[], int | None]) -> int | None:
        """How many of a version's features match; asked once for all pages of a question."""
        key = (facts.row, query, cap)
        found = self._counts.get(key, -1)
        if found == -1:
            found = count()
            _put(self._counts, key, found, _MOST_COUNTS)
        return found


def _put[K, V](kept: dict[K, V], key: K, value: V, most: int) -> None:
    if len(kept) >= most:
        kept.clear()
    kept[key] = value
