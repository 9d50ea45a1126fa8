"""The port `Reader` over one moment of a PostGIS store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import psycopg

from gateway.errors import NotFound
from gateway.model.access import Access
from gateway.model.dataset import Box, Collection, Dataset, Version
from gateway.model.journal import Entry
from gateway.model.party import Key, Party, SigningKey
from gateway.model.query import Query, RecordQuery
from gateway.model.record import Record
from gateway.model.row import Page, Row
from gateway.model.submission import Submission
from gateway.store.expression import Sql
from gateway.store.facts import Facts
from gateway.store.postgis import facts as stored
from gateway.store.postgis import journal, pages, parties, past, rows, search, shapes, submissions
from gateway.store.postgis.facts import predicate
from gateway.store.postgis.known import COUNTED, Known
from gateway.store.postgis.paging import Scan
from gateway.store.postgis.schema import current, srid_of
from gateway.store.postgis.wire import Wire, wire_of

_DATASET = (
    "SELECT d.id, d.owner, coalesce(p.name, d.owner_name, ''), d.level, d.licence, d.branch, d.version, d.updated, d.record, "
    "d.source_format, d.graph FROM dataset d LEFT JOIN party p ON p.pseudonym = d.owner"
)


class PostgisReader:
    """One moment of the store, on a connection that is its alone; `begin` it, and `close` it."""

    def __init__(self, connection: psycopg.Connection[Any], wire: Wire, version: int, known: Known) -> None:
        self._connection = connection
        self._wire = wire
        self._version = version
        self._known = known
        self._matched: tuple[tuple[object, ...], int] | None = None

    @classmethod
    def begin(cls, connection: psycopg.Connection[Any], known: Known) -> PostgisReader:
        """Open the moment, in one trip. Raises psycopg.OperationalError where the server is gone."""
        wire = wire_of(connection)
        return cls(connection, wire, wire.begin(), known)

    def close(self) -> None:
        """Close the moment."""
        self._wire.end()

    # --- what there is ------------------------------------------------------------------------------------------------

    def version(self) -> int:
        """The sequence of the newest journal entry."""
        return self._version

    def setting(self, name: str) -> str | None:
        """A fact fixed at `init`."""
        found = self._wire.rows(Sql("SELECT value FROM setting WHERE name = ?", [name]))
        return None if not found else str(found[0][0])

    def datasets(self, access: Access) -> list[Dataset]:
        """All visible datasets with record and collections, by id."""
        return self._datasets(access, Sql("TRUE"))

    def dataset(self, dataset: str, access: Access) -> Dataset | None:
        """One visible dataset."""
        return next(iter(self._datasets(access, Sql("d.id = ?", [dataset]))), None)

    def collections(self, access: Access) -> list[Collection]:
        """All visible collections, by id."""
        return [facts.collection for facts in stored.standing(self._wire, self._known, access, Sql("TRUE"))]

    def collection(
        self, collection: str, access: Access, *, version: int | None = None, as_of: str | None = None
    ) -> Collection | None:
        """One visible collection, as it stands or as it stood in a version of its dataset."""
        try:
            return self._facts(collection, access, version, as_of).collection
        except NotFound:
            return None

    def versions(self, dataset: str, access: Access) -> list[Version]:
        """The published versions of a visible dataset, oldest first."""
        return past.versions(self._wire, dataset, access)

    def published(self, dataset: str, version: int) -> str | None:
        """When a version of a dataset was published."""
        return past.published(self._wire, dataset, version)

    # --- features -----------------------------------------------------------------------------------------------------

    def page(self, query: Query) -> Page:
        """One page of ready features, in row-key order or in that of `query.sort`. Raises NotFound, ParameterError."""
        scan = self._scan(query)
        page, matched = pages.page(scan, query, self._known.matches(scan.question))
        if matched is not None:
            self._matched = (scan.question, matched)
            if matched > query.limit:
                self._known.keep(scan.question, matched)
        return page

    def count(self, query: Query, cap: int | None = None) -> int | None:
        """How many features match, exactly; None when more than `cap`. An unfiltered count is known and never capped."""
        scan = self._scan(replace(query, after=None) if query.after is not None else query)
        if scan.where is None:
            return scan.facts.collection.features
        known = self._matched[1] if self._matched is not None and self._matched[0] == scan.question else None
        if known is None:
            known = self._known.matches(scan.question)
        if known is None or (known > COUNTED and (cap is None or cap > COUNTED)):
            found = scan.count(cap)
            if found is not None:
                self._known.keep(scan.question, found)
            elif cap is not None and cap >= COUNTED:
                self._known.keep(scan.question, COUNTED + 1)
            return found
        return None if cap is not None and known > cap else known

    def rows(self, query: Query) -> Iterator[Row]:
        """The matching rows with all members, streamed in row-key order or in that of `query.sort`; a limit below 0 means all."""
        scan = self._scan(query)
        found = scan.stream(rows.SELECT, query.limit, rows.READY)
        return (rows.row(values[: rows.WIDTH], scan.facts) for values in found)

    def item(self, collection: str, feature: str, access: Access, *, version: int | None = None) -> Row | None:
        """One feature; None where it, or its collection, is not there for the reader."""
        try:
            facts = self._facts(collection, access, version, None)
        except NotFound:
            return None
        table = Sql(f"{current(facts.number)} f") if facts.is_current else past.source(facts)
        sql = f"SELECT {rows.SELECT} FROM {table.text} WHERE f.gw_id = ?"
        found = self._wire.rows(Sql(sql, [*table.values, feature]), rows.READY)
        return rows.row(found[0], facts) if found else None

    def family(self, collection: str, access: Access) -> Iterator[Row]:
        """All rows of a collection in family order, streamed. Raises NotFound."""
        return rows.families(self._wire, self._facts(collection, access, None, None))

    def existing(self, collection: str, ids: Sequence[str]) -> set[str]:
        """Which of `ids` are in the current version of a collection."""
        facts = stored.existing(self._wire, self._known, collection)
        if facts is None or not ids:
            return set()
        sql = Sql(f"SELECT gw_id FROM {current(facts.number)} WHERE gw_id = ANY (?)", [list(ids)])
        return {identifier for (identifier,) in self._wire.rows(sql)}

    def shapes(self, query: Query, fields: tuple[str, ...], *, smallest: float = 0.0, every: int = 1) -> list[shapes.Shape]:
        """Features whose bounds meet the boxes of `query`, thinned where `every` is above 1. Raises NotFound, ParameterError."""
        facts = self._facts(query.collection, query.access, None, None)
        return shapes.shapes(self._wire, facts, srid_of(facts.collection.crs), query, fields, smallest, every)

    def changed(self, collection: str, since: int, access: Access) -> list[Box] | None:
        """Bounds of what was added, changed or removed after `since`; None when too many to tell. Raises NotFound."""
        return shapes.changed(self._wire, self._facts(collection, access, None, None), since)

    # --- records ------------------------------------------------------------------------------------------------------

    def records(self, query: RecordQuery) -> tuple[int, list[Record]]:
        """The number of matching records and one page of them. Raises ParameterError."""
        matched, numbers = search.find(self._wire, query)
        return matched, self._known.records(self._wire, numbers)

    def record_values(self, property: str, access: Access) -> list[tuple[str, int]]:
        """Distinct values of a record property with counts. Raises ParameterError for an unknown property."""
        return search.values(self._wire, property, access)

    # --- people and the journal ---------------------------------------------------------------------------------------

    def parties(self) -> list[Party]:
        """All parties, by id."""
        return parties.all_parties(self._connection)

    def party(self, id_or_pseudonym: str) -> Party | None:
        """One party."""
        return parties.party(self._connection, id_or_pseudonym)

    def keys(self, party: str | None = None) -> list[Key]:
        """Keys, of all parties or of one (by pseudonym), oldest first."""
        return parties.keys(self._connection, party)

    def key(self, digest: bytes) -> Key | None:
        """The key with this SHA-256."""
        return parties.key(self._connection, digest)

    def signing_keys(self, party: str | None = None) -> list[SigningKey]:
        """Signing keys of one party, or all."""
        return parties.signing_keys(self._connection, party)

    def signing_key(self, kid: str) -> SigningKey | None:
        """The signing key with this id."""
        return parties.signing_key(self._connection, kid)

    def attested(self, digest: str) -> set[str]:
        """The datasets that were published with the attestation of this digest."""
        return submissions.attested(self._connection, digest)

    def submission(self, id: str) -> Submission | None:
        """One submission."""
        return submissions.get(self._connection, id)

    def submissions(self, party: str | None = None, *, limit: int = 100) -> list[Submission]:
        """Submissions, the newest first."""
        return submissions.newest(self._connection, party, limit)

    def effect(self, effect: str) -> Submission | None:
        """The published submission with this effect that is still its dataset's current publication."""
        return submissions.effect(self._connection, effect)

    def idempotency(self, party: str, key: str) -> tuple[str, str] | None:
        """(digest of the body, submission id) of an Idempotency-Key used in the last 24 h."""
        return submissions.idempotency(self._connection, party, key)

    def entries(self, after: int = 0, limit: int = 1000) -> list[Entry]:
        """Journal entries in order, after the sequence `after`."""
        return journal.entries(self._connection, after, limit)

    # --- how ----------------------------------------------------------------------------------------------------------

    def _datasets(self, access: Access, condition: Sql) -> list[Dataset]:
        where = predicate(access) & condition
        found = self._wire.rows(Sql(f"{_DATASET} WHERE {where.text} ORDER BY d.id", where.values))
        if not found:
            return []
        members: dict[str, list[Collection]] = {}
        for facts in stored.standing(self._wire, self._known, access, condition):
            members.setdefault(facts.collection.dataset, []).append(facts.collection)
        records = self._known.records(self._wire, [row[_RECORD] for row in found])
        return [_dataset(row, record, members.get(row[0], [])) for row, record in zip(found, records, strict=True)]

    def _facts(self, collection: str, access: Access, version: int | None, as_of: str | None) -> Facts:
        """The collection as the reader may see it. Raises NotFound."""
        if version is not None or as_of is not None:
            return stored.past(self._wire, collection, access, version, as_of)

        def look() -> Facts | None:
            return next(iter(stored.standing(self._wire, self._known, access, Sql("c.id = ?", [collection]))), None)

        found = self._known.standing(access, collection, self._version, look)
        if found is None:
            raise NotFound(f"there is no collection {collection}")
        return found

    def _scan(self, query: Query) -> Scan:
        facts = self._facts(query.collection, query.access, query.version, query.as_of)
        return Scan.of(self._wire, facts, query, srid_of(facts.collection.crs))


_RECORD = 8


def _dataset(row: tuple[Any, ...], record: Record, members: list[Collection]) -> Dataset:
    identifier, owner, owner_name, level, licence, branch, version, updated, _, source_format, graph = row
    return Dataset(
        id=identifier,
        owner=owner,
        owner_name=owner_name,
        level=level,
        record=record,
        collections=tuple(members),
        licence=licence,
        version=version,
        branch=branch,
        updated=updated,
        source_format=source_format,
        graph=graph,
    )
