"""The port `Reader` over one read transaction of the GeoPackage."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import apsw

from gateway.errors import NotFound
from gateway.model.access import Access
from gateway.model.dataset import Box, Collection, Dataset, Version
from gateway.model.journal import Entry
from gateway.model.party import Key, Party, SigningKey
from gateway.model.query import Query, RecordQuery
from gateway.model.record import Record
from gateway.model.row import Page, Row
from gateway.model.submission import Submission
from gateway.store import facts as known
from gateway.store import journal, moments, parties, past, search, sorting, submissions, tables
from gateway.store import rows as stored
from gateway.store import shapes as shaping
from gateway.store.connection import one, select
from gateway.store.facts import SELECT_FACTS, Facts, predicate
from gateway.store.known import Known
from gateway.store.paging import Scan, carray

_PORTION = 1000


class GeoPackageReader:
    """One moment of the store."""

    def __init__(self, connection: apsw.Connection, kept: Known) -> None:
        self._connection = connection
        self._known = kept
        self._matched: tuple[Query, int] | None = None
        self._version = -1

    def version(self) -> int:
        """The sequence of the newest journal entry."""
        if self._version < 0:
            self._version = journal.size(self._connection)
        return self._version

    def setting(self, name: str) -> str | None:
        """A fact fixed at `init`."""
        row = self._connection.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def datasets(self, access: Access) -> list[Dataset]:
        """All visible datasets with record and collections, by id."""
        return self._datasets(access, "1", ())

    def dataset(self, dataset: str, access: Access) -> Dataset | None:
        """One visible dataset."""
        return next(iter(self._datasets(access, "d.id = ?", (dataset,))), None)

    def collections(self, access: Access) -> list[Collection]:
        """All visible collections, by id."""
        return [facts.collection for facts in self._current(access, "1", ())]

    def collection(
        self, collection: str, access: Access, *, version: int | None = None, as_of: str | None = None
    ) -> Collection | None:
        """One visible collection, as it stands or as it stood in a version of its dataset."""
        if version is None and as_of is None:
            found = self._standing(collection, access)
            return None if found is None else found.collection
        try:
            return self._facts(collection, access, version, as_of).collection
        except NotFound:
            return None

    def versions(self, dataset: str, access: Access) -> list[Version]:
        """The published versions of a visible dataset, oldest first."""
        return past.versions(self._connection, dataset, access)

    def published(self, dataset: str, version: int) -> str | None:
        """When a version of a dataset was published."""
        return past.published(self._connection, dataset, version)

    def page(self, query: Query) -> Page:
        """One page of ready features, in row-key order. Raises NotFound for a collection that is not there for the reader."""
        facts = self._facts(query.collection, query.access, query.version, query.as_of)
        if not facts.is_current:
            return self._past_page(facts, query)
        if query.sort:
            return sorting.page(self._connection, facts, query)
        after = -1 if query.after is None else query.after
        scan = Scan.of(self._connection, facts, query)
        if not scan.areas and scan.condition is None:
            return self._walk(facts, after, query.limit)
        return self._page(scan, query, after)

    def count(self, query: Query, cap: int | None = None) -> int | None:
        """How many features match, exactly; None when more than `cap`. An unfiltered count is known and never capped."""
        if self._matched is not None and (self._matched[0] is query or _all_of(self._matched[0]) == _all_of(query)):
            # A page of the same question came before, and the count fell out of it.
            return None if cap is not None and self._matched[1] > cap else self._matched[1]
        facts = self._facts(query.collection, query.access, query.version, query.as_of)
        if facts.is_current:
            scan = Scan.of(self._connection, facts, query)
            return self._known.count(facts, _all_of(query), cap, lambda: scan.count(cap))
        if not query.boxes and query.filter is None and query.interval is None:
            return facts.collection.features
        matches = past.matching(self._connection, facts, _all_of(query))
        found = sum(1 for _ in islice(matches, None if cap is None else cap + 1))
        return None if cap is not None and found > cap else found

    def rows(self, query: Query) -> Iterator[Row]:
        """The matching rows with all members, streamed in row-key order; a limit below 0 means all."""
        facts = self._facts(query.collection, query.access, query.version, query.as_of)
        found = self._current_rows(facts, query) if facts.is_current else self._past_rows(facts, query)
        return islice(found, query.limit if query.limit >= 0 else None)

    def item(self, collection: str, feature: str, access: Access, *, version: int | None = None) -> Row | None:
        """One feature; None where it, or its collection, is not there for the reader."""
        try:
            facts = self._facts(collection, access, version, None)
        except NotFound:
            return None
        if facts.is_current:
            sql = f"SELECT {stored.SELECT} FROM {tables.current(facts.number)} f WHERE f.gw_id = ?"
            found = self._connection.execute(sql, (feature,)).fetchone()
        else:
            found = past.item(self._connection, facts, feature)
        return None if found is None else stored.row(found, facts)

    def family(self, collection: str, access: Access) -> Iterator[Row]:
        """All rows of a collection in family order, streamed. Raises NotFound."""
        return stored.families(self._connection, self._facts(collection, access, None, None))

    def existing(self, collection: str, ids: Sequence[str]) -> set[str]:
        """Which of `ids` are in the current version of a collection."""
        facts = known.current(self._connection, collection)
        if facts is None or not ids:
            return set()
        sql = f"SELECT gw_id FROM {tables.current(facts.number)} WHERE gw_id IN carray(?)"
        return {identifier for (identifier,) in self._connection.execute(sql, (apsw.carray(tuple(ids)),))}

    def shapes(self, query: Query, fields: tuple[str, ...], *, smallest: float = 0.0, every: int = 1) -> list[shaping.Shape]:
        """Features whose bounds meet the boxes of `query`, thinned where `every` is above 1. Raises NotFound, ParameterError."""
        return shaping.shapes(
            self._connection, self._facts(query.collection, query.access, None, None), query, fields, smallest, every
        )

    def changed(self, collection: str, since: int, access: Access) -> list[Box] | None:
        """Bounds of what was added, changed or removed after `since`; None when too many to tell. Raises NotFound."""
        return shaping.changed(self._connection, self._facts(collection, access, None, None), since)

    def records(self, query: RecordQuery) -> tuple[int, list[Record]]:
        """The number of matching records and one page of them."""
        matched, numbers = search.find(self._connection, query)
        return matched, [self._known.record(self._connection, number) for number in numbers]

    def record_values(self, property: str, access: Access) -> list[tuple[str, int]]:
        """Distinct values of a record property with counts. Raises ParameterError for an unknown property."""
        return search.values(self._connection, property, access)

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

    def _datasets(self, access: Access, condition: str, values: tuple[Any, ...]) -> list[Dataset]:
        visible, given = predicate(access)
        rows = list(
            select(
                self._connection,
                "SELECT d.id, d.owner, coalesce(p.name, d.owner_name, ''), d.level, d.licence, d.branch, d.version, d.updated, "
                "d.record, d.source_format, d.graph FROM dataset d LEFT JOIN party p ON p.pseudonym = d.owner "
                f"WHERE {visible} AND {condition} ORDER BY d.id",
                (*given, *values),
            )
        )
        if not rows:
            return []
        members: dict[str, list[Collection]] = {}
        for facts in self._current(access, condition, values):
            members.setdefault(facts.collection.dataset, []).append(facts.collection)
        return [self._dataset(row, members.get(row[0], [])) for row in rows]

    def _dataset(self, row: tuple[Any, ...], members: list[Collection]) -> Dataset:
        identifier, owner, owner_name, level, licence, branch, version, updated, record, source_format, graph = row
        return Dataset(
            id=identifier,
            owner=owner,
            owner_name=owner_name,
            level=level,
            record=self._known.record(self._connection, record),
            collections=tuple(members),
            licence=licence,
            version=version,
            branch=branch,
            updated=updated,
            source_format=source_format,
            graph=graph,
        )

    def _current(self, access: Access, condition: str, values: tuple[Any, ...]) -> list[Facts]:
        visible, given = predicate(access)
        rows = list(
            select(
                self._connection,
                f"SELECT c.current, d.version FROM collection c JOIN dataset d ON d.id = c.dataset "
                f"WHERE {visible} AND c.current IS NOT NULL AND {condition} ORDER BY c.id",
                (*given, *values),
            )
        )
        return [self._known.facts(self._connection, row, version) for row, version in rows]

    def _standing(self, collection: str, access: Access) -> Facts | None:
        """The collection as it stands, where the reader may see it."""

        def look() -> Facts | None:
            return next(iter(self._current(access, "c.id = ?", (collection,))), None)

        return self._known.standing(access, collection, self.version(), look)

    def _facts(self, collection: str, access: Access, version: int | None, as_of: str | None) -> Facts:
        """The collection as the reader may see it, at a version. Today's access decision governs old versions too."""
        if version is None and as_of is None:
            found = self._standing(collection, access)
            if found is None:
                raise NotFound(f"there is no collection {collection}")
            return found
        visible, given = predicate(access)
        row = self._connection.execute(
            f"SELECT d.id, d.version FROM collection c JOIN dataset d ON d.id = c.dataset WHERE {visible} AND c.id = ?",
            (*given, collection),
        ).fetchone()
        if row is None:
            raise NotFound(f"there is no collection {collection}")
        return self._past_facts(collection, self._version_meant(row[0], version, as_of), row[1])

    def _version_meant(self, dataset: str, version: int | None, as_of: str | None) -> int:
        if version is not None:
            return version
        moment = (moments.end(as_of) or "")[:23]
        (found,) = one(
            self._connection,
            "SELECT max(version) FROM dataset_version WHERE dataset = ? AND substr(published, 1, 23) <= ?",
            (dataset, moment),
        )
        return int(found or 0)

    def _past_facts(self, collection: str, version: int, newest: int) -> Facts:
        row = self._connection.execute(
            f"SELECT {SELECT_FACTS}, v.until FROM collection c JOIN collection_version v ON v.collection = c.id "
            "WHERE c.id = ? AND v.since <= ?2 AND (v.until IS NULL OR v.until > ?2)",
            (collection, min(max(version, 0), newest + 1)),
        ).fetchone()
        if row is None or not 1 <= version <= newest:
            raise NotFound(f"there is no version {version} of {collection}", cure=f"versions: 1 to {newest}")
        return known.unpack(row[:-1], version, is_current=row[-1] is None)

    def _walk(self, facts: Facts, after: int, limit: int) -> Page:
        """A page of everything: along the row key, at the same cost wherever it begins."""
        table = tables.current(facts.number)
        body, returned, last = one(self._connection, _WALKED.format(table=table), (after, limit))
        if not returned:
            return Page(b"", 0, None)
        more = self._connection.execute(f"SELECT 1 FROM {table} WHERE fid > ? LIMIT 1", (last,)).fetchone()
        return Page(body, returned, last if more else None)

    def _page(self, scan: Scan, query: Query, after: int) -> Page:
        found = scan.all_keys(query.limit)
        if found is not None:
            self._matched = (query, len(found))
            begin = bisect_right(found, after)
            keys = found[begin : begin + query.limit + 1]
        else:
            keys = scan.keys(after, query.limit + 1)
            if query.after is None and len(keys) <= query.limit:
                self._matched = (query, len(keys))
        chosen = keys[: query.limit]
        if not chosen:
            return Page(b"", 0, None)
        (body,) = one(self._connection, _JOINED.format(table=scan.table), (carray(chosen),))
        return Page(body, len(chosen), chosen[-1] if len(keys) > len(chosen) else None)

    def _past_page(self, facts: Facts, query: Query) -> Page:
        found = list(islice(past.matching(self._connection, facts, query), query.limit + 1))
        chosen = found[: query.limit]
        body = b",".join(row[_READY] for row in chosen)
        if len(found) == len(chosen):
            return Page(body, len(chosen), None)
        return Page(body, len(chosen), chosen[-1][0], tuple(chosen[-1][past.WIDTH :]))

    def _current_rows(self, facts: Facts, query: Query) -> Iterator[Row]:
        if query.sort:
            yield from sorting.rows(self._connection, facts, query)
            return
        scan = Scan.of(self._connection, facts, query)
        after = -1 if query.after is None else query.after
        left = query.limit
        while left != 0:
            wanted = _PORTION if left < 0 else min(_PORTION, left)
            keys = scan.keys(after, wanted)
            if keys:
                yield from stored.by_keys(self._connection, facts, carray(keys))
            if len(keys) < wanted:
                return
            after, left = keys[-1], left - len(keys) if left > 0 else left

    def _past_rows(self, facts: Facts, query: Query) -> Iterator[Row]:
        for values in past.matching(self._connection, facts, query):
            yield stored.row(values[: past.WIDTH], facts)


_READY = 8
"""The place of the ready bytes in `rows.SELECT`."""

_JOINED = "SELECT CAST(group_concat(f.gw_ready, ',') AS BLOB) FROM carray(?) k CROSS JOIN {table} f ON f.fid = k.value"
_WALKED = (
    "SELECT CAST(group_concat(gw_ready, ',') AS BLOB), count(*), max(fid) FROM "
    "(SELECT fid, gw_ready FROM {table} WHERE fid > ? ORDER BY fid LIMIT ?)"
)


def _all_of(query: Query) -> Query:
    """The question without its page."""
    return replace(query, limit=0, after=None, sort=(), position=())
