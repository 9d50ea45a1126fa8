"""What a new version changes in a collection that is there: compared by digest, applied as insert, update and delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import apsw

from gateway.errors import Conflict, PreconditionFailed
from gateway.store import tables
from gateway.store.columns import Column
from gateway.store.connection import one
from gateway.store.container import quoted
from gateway.store.staging import FIXED, ScratchStaging

MOST_REMOVED = 0.2
"""The share of a collection's features that a publication may take away unasked."""

_DEEPEST = 64


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a staging differs from the rows that stand; the rows concerned are in the scratch file's ``plan`` and ``gone``."""

    added: int
    changed: int
    removed: int
    unchanged: int
    basis: int
    """The row of `collection_version` that was compared with."""

    def counts(self, features: int) -> dict[str, int]:
        """The counts as submissions and journal entries carry them."""
        return {
            "added": self.added,
            "changed": self.changed,
            "removed": self.removed,
            "unchanged": self.unchanged,
            "features": features,
        }


@dataclass(frozen=True, slots=True)
class Place:
    """Where a change happens: tables number `number`, under `columns` of all `every`, out of the scratch file `schema`."""

    number: int
    schema: str
    columns: Sequence[Column]
    every: Sequence[Column]


def compare(
    connection: apsw.Connection, place: Place, *, replace: bool, everything: bool, basis: int, deletions: Sequence[str] = ()
) -> Comparison:
    """Find out what differs. `everything` takes every staged row as changed (the reference system is another); `deletions` are
    ids that go although the publication does not replace the whole. Raises Conflict for one of them that is not there."""
    schema, table = place.schema, tables.current(place.number)
    connection.execute(f"DELETE FROM {schema}.plan; DELETE FROM {schema}.gone")
    same = "" if everything else "AND f.gw_digest = s.gw_digest"
    connection.execute(
        f"INSERT INTO {schema}.plan SELECT s.n, f.fid FROM {schema}.staged s LEFT JOIN {table} f ON f.gw_id = s.gw_id "
        f"WHERE NOT (f.fid IS NOT NULL {same or 'AND 0'})"
    )
    if replace:
        connection.execute(
            f"INSERT INTO {schema}.gone SELECT f.fid FROM {table} f LEFT JOIN {schema}.staged s ON s.gw_id = f.gw_id "
            "WHERE s.n IS NULL"
        )
    if deletions:
        _take_away(connection, place, deletions)
    added, changed = one(connection, f"SELECT count(*) - count(fid), count(fid) FROM {schema}.plan")
    (removed,) = one(connection, f"SELECT count(*) FROM {schema}.gone")
    (staged,) = one(connection, f"SELECT count(*) FROM {schema}.staged")
    return Comparison(added, changed, removed, staged - added - changed, basis)


def check_expected(connection: apsw.Connection, expected: Mapping[tuple[str, str], bytes | None]) -> None:
    """Raise PreconditionFailed where a feature is not as expected now: of another digest, absent, or there at all."""
    for (collection, feature), digest in expected.items():
        known = connection.execute("SELECT number FROM collection WHERE id = ? AND current IS NOT NULL", (collection,)).fetchone()
        row = None
        if known is not None:
            row = connection.execute(f"SELECT gw_digest FROM {tables.current(known[0])} WHERE gw_id = ?", (feature,)).fetchone()
        if (None if row is None else row[0]) != digest:
            what = "is there already" if digest is None else "is there no longer" if row is None else "was changed by another"
            raise PreconditionFailed(f"the feature {what}", place=feature, cure="read it again, then make the change anew")


def _take_away(connection: apsw.Connection, place: Place, deletions: Sequence[str]) -> None:
    schema, table = place.schema, tables.current(place.number)
    wanted = tuple(dict.fromkeys(deletions))
    staged = connection.execute(f"SELECT gw_id FROM {schema}.staged WHERE gw_id IN carray(?)", (apsw.carray(wanted),)).fetchone()
    if staged is not None:
        raise Conflict(f"the feature {staged[0]} is both sent and taken away", place=staged[0])
    connection.execute(
        f"INSERT OR IGNORE INTO {schema}.gone SELECT fid FROM {table} WHERE gw_id IN carray(?)", (apsw.carray(wanted),)
    )
    (found,) = one(connection, f"SELECT count(*) FROM {schema}.gone")
    if found != len(wanted):
        there = {
            row[0] for row in connection.execute(f"SELECT gw_id FROM {table} WHERE gw_id IN carray(?)", (apsw.carray(wanted),))
        }
        missing = next(name for name in wanted if name not in there)
        raise Conflict(f"there is no feature {missing} to take away", place=missing)


def apply(connection: apsw.Connection, place: Place, staging: ScratchStaging, version: int) -> None:
    """Carry out a comparison: rows that go or change are kept as history up to `version`; R-tree triggers follow."""
    table, schema = tables.current(place.number), place.schema
    _keep(connection, place, version)
    connection.execute(f"DELETE FROM {table} WHERE fid IN (SELECT fid FROM {schema}.gone)")
    sources = dict(zip(place.columns, staging.source_columns(column.property for column in place.columns), strict=True))
    _update(connection, place, sources, version)
    names = "".join(f", {quoted(column.name)}" for column in sources)
    values = "".join(f", {source}" for source in sources.values())
    connection.execute(
        f"INSERT INTO {table} ({FIXED}, gw_since{names}) SELECT {FIXED}, ?{values} FROM {schema}.plan p "
        f"JOIN {schema}.staged s ON s.n = p.n WHERE p.fid IS NULL ORDER BY p.n",
        (version,),
    )


def fill(connection: apsw.Connection, place: Place, staging: ScratchStaging, fresh: Sequence[Column]) -> None:
    """Give unchanged rows the values of columns that are new (they were beyond the 200 before)."""
    table = tables.current(place.number)
    for column, source in zip(fresh, staging.source_columns(column.property for column in fresh), strict=True):
        connection.execute(
            f"UPDATE {table} SET {quoted(column.name)} = {source} FROM {place.schema}.staged s "
            f"WHERE s.gw_id = {table}.gw_id AND {source} IS NOT NULL AND s.n NOT IN (SELECT n FROM {place.schema}.plan)"
        )


def empty(connection: apsw.Connection, number: int, every: Sequence[Column], version: int) -> int:
    """Move all rows into history; gives how many."""
    table = tables.current(number)
    _copy(connection, number, every, version, "")
    connection.execute(f"DELETE FROM {table}")
    return int(connection.changes())


def check_removal(collection: str, removed: int, before: int) -> None:
    """Raise Conflict when more than 20 % of a collection's features would go."""
    if removed > MOST_REMOVED * before:
        raise Conflict(
            f"this would take away {removed} of the {before} features of {collection}",
            place=collection,
            cure="say so with --allow-removal",
        )


def check_families(connection: apsw.Connection, number: int | None, schema: str) -> None:
    """Raise Conflict for features that would be their own ancestors: a family could not be streamed parents first.

    The parents of staged rows are looked for among the staged rows, then among those that stand.
    """
    if not connection.execute(f"SELECT 1 FROM {schema}.staged WHERE gw_parent IS NOT NULL LIMIT 1").fetchone():
        return
    standing = "NULL" if number is None else f"(SELECT f.gw_parent FROM {tables.current(number)} f WHERE f.gw_id = up.at)"
    row = connection.execute(
        f"WITH RECURSIVE up (start, at, depth) AS ("
        f"SELECT gw_id, gw_parent, 1 FROM {schema}.staged WHERE gw_parent IS NOT NULL UNION ALL "
        f"SELECT up.start, CASE WHEN s.n IS NULL THEN {standing} ELSE s.gw_parent END, up.depth + 1 "
        f"FROM up LEFT JOIN {schema}.staged s ON s.gw_id = up.at WHERE up.at IS NOT NULL AND up.depth < {_DEEPEST}) "
        f"SELECT start FROM up WHERE depth = {_DEEPEST} LIMIT 1"
    ).fetchone()
    if row is not None:
        raise Conflict(f"feature {row[0]} is its own ancestor, or has more than {_DEEPEST} of them", place=row[0])


def _keep(connection: apsw.Connection, place: Place, version: int) -> None:
    chosen = (
        f"WHERE fid IN (SELECT fid FROM {place.schema}.plan WHERE fid IS NOT NULL UNION ALL SELECT fid FROM {place.schema}.gone)"
    )
    _copy(connection, place.number, place.every, version, chosen)


def _copy(connection: apsw.Connection, number: int, every: Sequence[Column], version: int, chosen: str) -> None:
    members = tables.MEMBERS + "".join(f", {quoted(column.name)}" for column in every)
    (last,) = one(connection, f"SELECT coalesce(max(gw_row), 0) FROM {tables.history(number)}")
    connection.execute(
        f"INSERT INTO {tables.history(number)} (fid, gw_until, {members}) "
        f"SELECT fid, ?, {members} FROM {tables.current(number)} {chosen}",
        (version,),
    )
    tables.fill_history_boxes(connection, number, last)


def _update(connection: apsw.Connection, place: Place, sources: Mapping[Column, str], version: int) -> None:
    """New values for the rows that changed; columns that the version no longer declares become empty.

    Only columns that differ in some row are named, so that no other index is touched, and the geometry is written only where
    it differs, so that the R-tree's triggers stay silent for the rest.
    """
    table = tables.current(place.number)
    coming = {name: f"s.{name}" for name in FIXED.split(", ") if name not in ("gw_id", "geom")}
    coming |= {quoted(column.name): sources.get(column, "NULL") for column in place.every}
    rows = f"{place.schema}.plan p JOIN {place.schema}.staged s ON s.n = p.n"
    differing = _differing(connection, table, rows, coming)
    members = "".join(f", {name} = {coming[name]}" for name in differing)
    connection.execute(f"UPDATE {table} SET gw_since = ?{members} FROM {rows} WHERE {table}.fid = p.fid", (version,))
    connection.execute(f"UPDATE {table} SET geom = s.geom FROM {rows} WHERE {table}.fid = p.fid AND {table}.geom IS NOT s.geom")


def _differing(connection: apsw.Connection, table: str, rows: str, coming: Mapping[str, str]) -> list[str]:
    """Those of the columns `coming` that get another value in at least one of the rows to change."""
    tests = ", ".join(f"max(f.{name} IS NOT {value})" for name, value in coming.items())
    found = one(connection, f"SELECT {tests} FROM {rows} JOIN {table} f ON f.fid = p.fid")
    return [name for name, differs in zip(coming, found, strict=True) if differs]
