"""One publication: staged collections, record, submission and journal entry become visible in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from psycopg import errors

from gateway.errors import Conflict, IdNotAvailable, TooLarge, UsageError
from gateway.model.dataset import Collection, Dataset
from gateway.model.submission import Submission
from gateway.ports import Publication
from gateway.store import allowed, bodies, outcome
from gateway.store.changes import Comparison, check_removal
from gateway.store.facts import check_owner
from gateway.store.journal import Sign
from gateway.store.postgis import changes, journal, records, submissions, tables
from gateway.store.postgis.collections import Arrival, enter, latest, leave, owner_of, standing_now, take_over
from gateway.store.postgis.columns import assign
from gateway.store.postgis.hall import TWIN
from gateway.store.postgis.schema import Connection, current
from gateway.store.postgis.staging import PostgisStaging


@contextmanager
def turn(connection: Connection, wait: float) -> Iterator[None]:
    """The writer's turn: everything inside is committed durably, or nothing is. Waits at most `wait` seconds for it.

    Raises psycopg's LockNotAvailable when it was not had in time.
    """
    with connection.transaction():
        connection.execute("SELECT set_config('lock_timeout', %s, true)", (str(max(1, int(wait * 1000))),))
        connection.execute(f"SELECT pg_advisory_xact_lock({TWIN}, 0)")
        yield


@dataclass(slots=True)
class _Part:
    """One collection of the publication; `laid` says that its tables wait, filled, under the number of its staging."""

    collection: Collection
    staging: PostgisStaging
    laid: bool = False


class Publishing:
    """Carries out one publication on a connection of its own."""

    def __init__(self, connection: Connection, publication: Publication, sign: Sign, wait: float) -> None:
        self._connection = connection
        self._publication = publication
        self._sign = sign
        self._wait = wait
        self._replaces = publication.mode == "replace"
        allowed.check(publication)

    def run(self) -> Submission:
        """Prepare what can be prepared without the writer's turn, then make everything visible at once.

        Raises Conflict, IdNotAvailable, PreconditionFailed, TooLarge, Unreadable; then nothing has changed.
        """
        try:
            parts = [self._prepare(collection, staging) for collection, staging in self._publication.collections]
            with turn(self._connection, self._wait):
                return self._repeated() or self._publish(parts)
        except errors.ProgramLimitExceeded as error:
            message = error.diag.message_primary or "a value does not fit"
            raise TooLarge(f"PostgreSQL cannot keep this: {message}", place=self._publication.dataset.id) from error

    def _prepare(self, collection: Collection, staging: object) -> _Part:
        """Lay a large first import down before the writer's turn is asked for."""
        if not isinstance(staging, PostgisStaging) or staging.collection != collection.id:
            raise UsageError(f"the staging given for {collection.id} is not one of its own")
        part = _Part(collection, staging)
        known = owner_of(self._connection, collection.id)
        if known is not None:
            check_owner(collection.id, known[0], self._publication.dataset.id)
        elif staging.place is not None:
            self._lay_apart(part)
        return part

    def _lay_apart(self, part: _Part) -> None:
        place = part.staging.place
        if place is None:
            return
        with self._connection.transaction():
            staged = part.staging.table(self._connection)
            self._connection.execute(f"ANALYZE {staged}")
            changes.check_families(self._connection, None, staged)
            columns, _ = assign(part.staging.fields(), ())
            tables.fill(self._connection, place.number, part.staging, staged, columns)
        # Only now can pages be marked as visible to all, which lets counts be taken from an index alone.
        self._connection.execute(f"VACUUM (ANALYZE) {current(place.number)}")
        part.laid = True

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
        select = "SELECT version, record, owner FROM dataset WHERE id = %s"
        standing = self._connection.execute(select, (given.dataset.id,)).fetchone()
        if standing is not None and standing[2] != given.dataset.owner:
            raise IdNotAvailable(f"the dataset id {given.dataset.id} cannot be had", cure="choose another with --dataset")
        changes.check_expected(self._connection, given.expected)
        version = 1 if standing is None else standing[0] + 1
        counts = {part.collection.id: self._place(part, version) for part in parts}
        removed = {name: self._remove(name, version) for name in given.removals}
        record = records.put(self._connection, given.dataset, previous=None if standing is None else standing[1])
        return self._enter(version, record, counts, removed)

    def _place(self, part: _Part, version: int) -> dict[str, int]:
        """Make one collection what the publication says; gives the counts of what changed."""
        known = owner_of(self._connection, part.collection.id)
        arrival = Arrival(part.staging, part.staging.table(self._connection), version)
        if known is not None:
            check_owner(part.collection.id, known[0], self._publication.dataset.id)
            changes.check_families(self._connection, known[1], arrival.staged)
            return self._place_later(part, arrival)
        if not part.laid:
            changes.check_families(self._connection, None, arrival.staged)
        return self._place_first(part, arrival)

    def _place_first(self, part: _Part, arrival: Arrival) -> dict[str, int]:
        for missing in self._publication.deletions.get(part.collection.id, ()):
            raise Conflict(f"there is no feature {missing} to take away", place=missing)
        columns, _ = assign(part.staging.fields(), ())
        if part.laid and part.staging.place is not None:
            number = part.staging.place.number
        else:
            number = changes.counted(self._connection, "SELECT nextval(pg_get_serial_sequence('staging', 'number'))")
            tables.fill(self._connection, number, part.staging, arrival.staged, columns)
        enter(self._connection, part.collection, arrival, number, columns)
        return Comparison(part.staging.rows, 0, 0, 0, 0).counts(part.staging.rows)

    def _place_later(self, part: _Part, arrival: Arrival) -> dict[str, int]:
        standing = latest(self._connection, part.collection.id)
        if not self._replaces and standing.is_current:
            allowed.check_system(standing.collection, part.collection)
        change = changes.compare(
            self._connection,
            standing.number,
            arrival.staged,
            replace=self._replaces,
            everything=standing.collection.crs != part.collection.crs,
            basis=standing.row,
            deletions=self._publication.deletions.get(part.collection.id, ()),
        )
        before, made = standing.collection.features, change.comparison
        if self._replaces and not self._publication.allow_removal:
            check_removal(part.collection.id, made.removed, before)
        take_over(self._connection, part.collection, standing, arrival, change, delta=not self._replaces)
        return made.counts(before + made.added - made.removed)

    def _remove(self, name: str, version: int) -> int:
        standing = standing_now(self._connection, name)
        allowed.check_taking(self._publication, name, None if standing is None else standing.collection)
        return 0 if standing is None else leave(self._connection, standing, version)

    def _enter(self, version: int, record: int, counts: Mapping[str, Mapping[str, int]], removed: Mapping[str, int]) -> Submission:
        """Write the journal entry, then the version, the dataset and the submission that point at it."""
        given = self._publication
        entry = journal.append(self._connection, "publication", bodies.publication(given, version, counts, removed), self._sign)
        done = outcome.published(given, version, entry.sequence, counts)
        _put_dataset(self._connection, given.dataset, version, record, entry.time)
        self._connection.execute(
            "INSERT INTO dataset_version VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            outcome.version_row(given, version, record, done, entry.time),
        )
        submissions.put(self._connection, done)
        if given.idempotency is not None:
            submissions.put_idempotency(self._connection, given.idempotency, done.id)
        return done


def _put_dataset(connection: Connection, dataset: Dataset, version: int, record: int, time: str) -> None:
    """Enter a dataset at its new version."""
    has_party = connection.execute("SELECT 1 FROM party WHERE pseudonym = %s", (dataset.owner,)).fetchone()
    connection.execute(
        "INSERT INTO dataset VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET "
        "owner = excluded.owner, owner_name = excluded.owner_name, level = excluded.level, licence = excluded.licence, "
        "branch = excluded.branch, version = excluded.version, updated = excluded.updated, record = excluded.record, "
        "source_format = excluded.source_format, graph = excluded.graph",
        outcome.dataset_row(dataset, version, record, time, has_party=has_party is not None),
    )
