"""What readers of one process remember of a PostGIS store: none of it changes once it is written."""

from __future__ import annotations

from gateway.model.record import Record
from gateway.store import known, records
from gateway.store.expression import Sql
from gateway.store.facts import SELECT_FACTS, Facts, unpack
from gateway.store.postgis.wire import Wire

COUNTED = 100_000
"""Up to how many matches a question is counted whole."""

_MOST = 2000
_MOST_COUNTS = 10_000


class Known(known.Known):
    """Collections as they stand at a length of the journal, counts of filters, and records."""

    def __init__(self) -> None:
        super().__init__()
        self._decoded: dict[int, Record] = {}
        self._matches: dict[tuple[object, ...], int] = {}

    def all_facts(self, wire: Wire, wanted: list[tuple[int, int]]) -> list[Facts]:
        """The facts of rows of `collection_version`, each seen at its dataset's version, in their order."""
        kept = self._facts
        missing = [row for row, version in wanted if (row, version) not in kept]
        if not missing:
            return [kept[pair] for pair in wanted]
        sql = f"SELECT {SELECT_FACTS} FROM collection_version v JOIN collection c ON c.id = v.collection WHERE v.id = ANY (?)"
        rows = {row[0]: row for row in wire.rows(Sql(sql, [missing]))}
        fresh = {(row, version): unpack(rows[row], version) for row, version in wanted if row in rows}
        self._facts = {**(kept if len(kept) < _MOST else {}), **fresh}
        return [fresh[pair] if pair in fresh else kept[pair] for pair in wanted]

    def matches(self, question: tuple[object, ...]) -> int | None:
        """How many features matched a question (`paging.Scan.question`) when it was asked before; above `COUNTED`: more."""
        return self._matches.get(question)

    def keep(self, question: tuple[object, ...], matched: int) -> None:
        """Remember how many features match a question."""
        if len(self._matches) >= _MOST_COUNTS:
            self._matches.clear()
        self._matches[question] = matched

    def records(self, wire: Wire, numbers: list[int]) -> list[Record]:
        """The records with these numbers, in their order."""
        missing = [number for number in numbers if number not in self._decoded]
        if missing:
            if len(self._decoded) >= _MOST:
                self._decoded.clear()
                missing = numbers
            sql = Sql("SELECT number, document, source FROM record WHERE number = ANY (?)", [missing])
            self._decoded |= {number: records.decode(document, source) for number, document, source in wire.rows(sql)}
        return [self._decoded[number] for number in numbers]
