"""One publication: staged collections, record, submission and journal entry become visible in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import apsw

from gateway.errors import Conflict, IdNotAvailable, UsageError
from gateway.model.dataset import Collection, Dataset
from gateway.model.submission import Submission
from gateway.ports import Publication
from gateway.store import allowed, bodies, changes, facts, journal, laying, outcome, records, submissions, tables
from gateway.store.collections import Arrival, enter, leave, take_over
from gateway.store.columns import assign
from gateway.store.connection import hold_changes, transaction
from gateway.store.facts import Facts
from gateway.store.staging import ScratchStaging


@dataclass(slots=True)
class _Part:
    """One collection of the publication: what is known before its turn comes."""

    collection: Collection
    staging: ScratchStaging
    schema: str
    laid: int | None = None
    comparison: changes.Comparison | None = None


class Publishing:
    """Carries out one publication on a connection of its own."""

    def __init__(self, connection: apsw.Connection, publication: Publication, sign: journal.Sign) -> None:
        self._connection = connection
        self._publication = publication
        self._sign = sign
        self._replaces = publication.mode == "replace"
        allowed.check(publication)

    def run(self) -> Submission:
        """Prepare what can be prepared without the writer's turn, then make everything visible at once.

        Raises Busy, Conflict, IdNotAvailable, IdempotencyConflict; then nothing has changed.
        """
        with self._attached() as parts:
            try:
                for part in parts:
                    self._prepare(part)
                with transaction(self._connection, self._connection.filename):
                    return self._repeated() or self._publish(parts)
            finally:
                self._sweep(parts)

    @contextmanager
    def _attached(self) -> Iterator[list[_Part]]:
        parts = []
        for number, (collection, staging) in enumerate(self._publication.collections):
            if not isinstance(staging, ScratchStaging) or staging.collection != collection.id:
                raise UsageError(f"the staging given for {collection.id} is not one of its own")
            staging.finish()
            self._connection.execute(f"ATTACH DATABASE ? AS s{number}", (staging.path,))
            self._connection.execute(f"PRAGMA s{number}.synchronous = OFF; PRAGMA s{number}.journal_mode = MEMORY").fetchall()
            parts.append(_Part(collection, staging, f"s{number}"))
        yield parts

    def _prepare(self, part: _Part) -> None:
        """Lay a large first import down, or compare a large later one, before the writer's turn is asked for."""
        known = facts.owner_of(self._connection, part.collection.id)
        if known is not None:
            facts.check_owner(part.collection.id, known[0], self._publication.dataset.id)
            hold_changes(self._connection)
        changes.check_families(self._connection, None if known is None else known[1], part.schema)
        if part.staging.rows <= laying.SMALL:
            return
        if known is None:
            columns, _ = assign(part.staging.fields(), ())
            part.laid = laying.lay_apart(self._connection, part.staging, part.schema, columns)
            return
        standing = facts.current(self._connection, part.collection.id)
        if standing is not None and standing.collection.crs == part.collection.crs:
            part.comparison = self._compare(part, standing)

    def _compare(self, part: _Part, standing: Facts) -> changes.Comparison:
        place = changes.Place(standing.number, part.schema, (), ())
        other = standing.collection.crs != part.collection.crs
        return changes.compare(
            self._connection,
            place,
            replace=self._replaces,
            everything=other,
            basis=standing.row,
            deletions=self._publication.deletions.get(part.collection.id, ()),
        )

    def _repeated(self) -> Submission | None:
        """The first submission, when the same effect came in while this one was being prepared."""
        return outcome.repeated(
            self._publication,
            partial(submissions.idempotency, self._connection),
            partial(submissions.get, self._connection),
            partial(submissions.effect, self._connection),
        )

    def _publish(self, parts: Sequence[_Part]) -> Submission:
        given = self._publication
        select = "SELECT version, record, owner FROM dataset WHERE id = ?"
        standing = self._connection.execute(select, (given.dataset.id,)).fetchone()
        if standing is not None and standing[2] != given.dataset.owner:
            raise IdNotAvailable(f"the dataset id {given.dataset.id} cannot be had", cure="choose another with --dataset")
        changes.check_expected(self._connection, given.expected)
        version = 1 if standing is None else standing[0] + 1
        counts: dict[str, dict[str, int]] = {}
        for part in parts:
            counts[part.collection.id] = self._place(part, version)
        removed = {name: self._remove(name, version) for name in given.removals}
        record = records.put(self._connection, given.dataset, previous=None if standing is None else standing[1])
        return self._enter(version, record, counts, removed)

    def _place(self, part: _Part, version: int) -> dict[str, int]:
        """Make one collection what the publication says; gives the counts of what changed."""
        known = facts.owner_of(self._connection, part.collection.id)
        if known is None:
            return self._place_first(part, version)
        facts.check_owner(part.collection.id, known[0], self._publication.dataset.id)
        return self._place_later(part, version)

    def _place_first(self, part: _Part, version: int) -> dict[str, int]:
        for missing in self._publication.deletions.get(part.collection.id, ()):
            raise Conflict(f"there is no feature {missing} to take away", place=missing)
        fields = part.staging.fields()
        columns, _ = assign(fields, ())
        number = part.laid or laying.lay_here(self._connection, part.staging, part.schema, columns)
        arrival = Arrival(part.staging, part.schema, number, version, fields, columns)
        enter(self._connection, part.collection, arrival)
        self._connection.execute("DELETE FROM staging WHERE number = ?", (number,))
        part.laid = None
        return changes.Comparison(part.staging.rows, 0, 0, 0, 0).counts(part.staging.rows)

    def _place_later(self, part: _Part, version: int) -> dict[str, int]:
        standing = facts.latest(self._connection, part.collection.id)
        self._check_system(part, standing)
        comparison = part.comparison
        if comparison is None or comparison.basis != standing.row:
            comparison = self._compare(part, standing)
        before = standing.collection.features
        if self._replaces and not self._publication.allow_removal:
            changes.check_removal(part.collection.id, comparison.removed, before)
        take_over(
            self._connection,
            part.collection,
            standing,
            part.staging,
            part.schema,
            version,
            comparison=comparison,
            delta=not self._replaces,
        )
        return comparison.counts(before + comparison.added - comparison.removed)

    def _check_system(self, part: _Part, standing: Facts) -> None:
        if not self._replaces and standing.is_current:
            allowed.check_system(standing.collection, part.collection)

    def _remove(self, name: str, version: int) -> int:
        standing = facts.current(self._connection, name)
        allowed.check_taking(self._publication, name, None if standing is None else standing.collection)
        return 0 if standing is None else leave(self._connection, standing, version)

    def _enter(self, version: int, record: int, counts: Mapping[str, Mapping[str, int]], removed: Mapping[str, int]) -> Submission:
        """Write the journal entry, then the version, the dataset and the submission that point at it."""
        given = self._publication
        entry = journal.append(self._connection, "publication", bodies.publication(given, version, counts, removed), self._sign)
        done = outcome.published(given, version, entry.sequence, counts)
        _put_dataset(self._connection, given.dataset, version, record, entry.time)
        self._connection.execute(
            "INSERT INTO dataset_version VALUES (?,?,?,?,?,?,?,?,?,?)",
            outcome.version_row(given, version, record, done, entry.time),
        )
        submissions.put(self._connection, done)
        if given.idempotency is not None:
            submissions.put_idempotency(self._connection, given.idempotency, done.id)
        return done

    def _sweep(self, parts: Sequence[_Part]) -> None:
        """Take away what was laid down and not published."""
        for part in parts:
            if part.laid is not None:
                with transaction(self._connection, self._connection.filename):
                    tables.drop(self._connection, part.laid)
                    self._connection.execute("DELETE FROM staging WHERE number = ?", (part.laid,))


def _put_dataset(connection: apsw.Connection, dataset: Dataset, version: int, record: int, time: str) -> None:
    """Enter a dataset at its new version."""
    has_party = connection.execute("SELECT 1 FROM party WHERE pseudonym = ?", (dataset.owner,)).fetchone()
    connection.execute(
        "INSERT OR REPLACE INTO dataset VALUES (?,?,?,?,?,?,?,?,?,?,?)",
        outcome.dataset_row(dataset, version, record, time, has_party=has_party is not None),
    )
