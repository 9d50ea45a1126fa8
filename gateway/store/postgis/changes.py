"""What a new version changes in a collection that is there: compared by digest, applied as insert, update and delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from gateway.errors import Conflict, IntegrityError, PreconditionFailed
from gateway.store.changes import Comparison
from gateway.store.columns import Column
from gateway.store.container import quoted
from gateway.store.postgis.schema import MEMBERS, Connection, current, history
from gateway.store.postgis.staging import FIXED
from gateway.store.postgis.tables import highest_key

_DEEPEST = 64
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Change:
    """A comparison that lies in temporary tables of the transaction: staged rows that come (``plan``), keys that go (``gone``)."""

    number: int
    staged: str
    plan: str
    gone: str
    comparison: Comparison


def counted(connection: Connection, sql: str, values: Sequence[object] = ()) -> int:
    """The one whole number that a question asks for."""
    row = connection.execute(sql, values or None).fetchone()
    if row is None:
        raise IntegrityError("the store lacks a row that must be there", place=sql[:80], cure="gateway audit verify DIR")
    return int(row[0])


def compare(
    connection: Connection,
    number: int,
    staged: str,
    *,
    replace: bool,
    everything: bool,
    basis: int,
    deletions: Sequence[str] = (),
) -> Change:
    """Find out what differs. `everything` takes every staged row as changed (the reference system is another); `deletions` are
    ids that go although the publication does not replace the whole. Raises Conflict for one of them that is not there."""
    table, turn = current(number), next(_numbers)
    plan, gone = f"plan_{turn}", f"gone_{turn}"
    same = "" if everything else "WHERE f.fid IS NULL OR f.gw_digest <> s.gw_digest"
    connection.execute(
        f"CREATE TEMPORARY TABLE {plan} ON COMMIT DROP AS "
        f"SELECT s.n, f.fid FROM {staged} s LEFT JOIN {table} f ON f.gw_id = s.gw_id {same}"
    )
    lost = f"SELECT f.fid FROM {table} f WHERE NOT EXISTS (SELECT 1 FROM {staged} s WHERE s.gw_id = f.gw_id)"
    connection.execute(f"CREATE TEMPORARY TABLE {gone} ON COMMIT DROP AS {lost}{'' if replace else ' AND FALSE'}")
    if deletions:
        _take_away(connection, table, staged, gone, deletions)
    connection.execute(f"ANALYZE {plan}, {gone}")
    row = connection.execute(
        f"SELECT count(*) - count(fid), count(fid), (SELECT count(*) FROM {gone}), (SELECT count(*) FROM {staged}) FROM {plan}"
    ).fetchone()
    added, changed, removed, rows = row or (0, 0, 0, 0)
    unchanged = rows - added - changed
    return Change(number, staged, plan, gone, Comparison(added, changed, removed, unchanged, basis))


def check_expected(connection: Connection, expected: Mapping[tuple[str, str], bytes | None]) -> None:
    """Raise PreconditionFailed where a feature is not as expected now: of another digest, absent, or there at all."""
    for (collection, feature), digest in expected.items():
        known = connection.execute("SELECT number FROM collection WHERE id = %s AND current IS NOT NULL", (collection,)).fetchone()
        row = None
        if known is not None:
            row = connection.execute(f"SELECT gw_digest FROM {current(known[0])} WHERE gw_id = %s", (feature,)).fetchone()
        if (None if row is None else row[0]) != digest:
            what = "is there already" if digest is None else "is there no longer" if row is None else "was changed by another"
            raise PreconditionFailed(f"the feature {what}", place=feature, cure="read it again, then make the change anew")


def apply(connection: Connection, change: Change, sources: Mapping[Column, str], every: Sequence[Column], version: int) -> None:
    """Carry out a comparison: rows that go or change are kept as history up to `version`. `sources` are staged values."""
    table = current(change.number)
    concerned = f"SELECT fid FROM {change.plan} WHERE fid IS NOT NULL UNION ALL SELECT fid FROM {change.gone}"
    _keep(connection, change.number, every, version, f"WHERE fid IN ({concerned})")
    connection.execute(f"DELETE FROM {table} f USING {change.gone} g WHERE f.fid = g.fid")
    _update(connection, change, sources, every, version)
    names = "".join(f", {quoted(column.name)}" for column in sources)
    values = "".join(f", {source}" for source in sources.values())
    fixed = ", ".join(f"s.{name}" for name in FIXED.split(", "))
    connection.execute(
        f"INSERT INTO {table} (fid, {FIXED}, gw_since{names}) "
        f"SELECT %s + row_number() OVER (ORDER BY p.n), {fixed}, %s{values} FROM {change.plan} p "
        f"JOIN {change.staged} s ON s.n = p.n WHERE p.fid IS NULL ORDER BY p.n",
        (highest_key(connection, change.number), version),
    )


def fill(connection: Connection, change: Change, sources: Mapping[Column, str]) -> None:
    """Give unchanged rows the values of columns that are new (they were beyond the 200 before)."""
    table = current(change.number)
    for column, source in sources.items():
        connection.execute(
            f"UPDATE {table} f SET {quoted(column.name)} = {source} FROM {change.staged} s WHERE s.gw_id = f.gw_id "
            f"AND ({source}) IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {change.plan} p WHERE p.n = s.n)"
        )


def empty(connection: Connection, number: int, every: Sequence[Column], version: int) -> int:
    """Move all rows into history; gives how many."""
    _keep(connection, number, every, version, "")
    return connection.execute(f"DELETE FROM {current(number)}").rowcount


def check_families(connection: Connection, number: int | None, staged: str) -> None:
    """Raise Conflict for features that would be their own ancestors: a family could not be streamed parents first.

    The parents of staged rows are looked for among the staged rows, then among those that stand.
    """
    if not connection.execute(f"SELECT 1 FROM {staged} WHERE gw_parent IS NOT NULL LIMIT 1").fetchone():
        return
    standing = "NULL" if number is None else f"(SELECT f.gw_parent FROM {current(number)} f WHERE f.gw_id = up.at)"
    row = connection.execute(
        f"WITH RECURSIVE up (start, at, depth) AS ("
        f"SELECT gw_id, gw_parent, 1 FROM {staged} WHERE gw_parent IS NOT NULL UNION ALL "
        f"SELECT up.start, CASE WHEN s.n IS NULL THEN {standing} ELSE s.gw_parent END, up.depth + 1 "
        f"FROM up LEFT JOIN {staged} s ON s.gw_id = up.at WHERE up.at IS NOT NULL AND up.depth < {_DEEPEST}) "
        f"SELECT start FROM up WHERE depth = {_DEEPEST} LIMIT 1"
    ).fetchone()
    if row is not None:
        raise Conflict(f"feature {row[0]} is its own ancestor, or has more than {_DEEPEST} of them", place=row[0])


def _take_away(connection: Connection, table: str, staged: str, gone: str, deletions: Sequence[str]) -> None:
    wanted = list(dict.fromkeys(deletions))
    both = connection.execute(f"SELECT gw_id FROM {staged} WHERE gw_id = ANY (%s) LIMIT 1", (wanted,)).fetchone()
    if both is not None:
        raise Conflict(f"the feature {both[0]} is both sent and taken away", place=both[0])
    rows = connection.execute(f"SELECT fid, gw_id FROM {table} WHERE gw_id = ANY (%s)", (wanted,)).fetchall()
    there = {feature for _, feature in rows}
    missing = next((feature for feature in wanted if feature not in there), None)
    if missing is not None:
        raise Conflict(f"there is no feature {missing} to take away", place=missing)
    connection.execute(f"INSERT INTO {gone} SELECT unnest(%s::bigint[])", ([key for key, _ in rows],))


def _keep(connection: Connection, number: int, every: Sequence[Column], version: int, chosen: str) -> None:
    members = MEMBERS + "".join(f", {quoted(column.name)}" for column in every)
    connection.execute(
        f"INSERT INTO {history(number)} (fid, gw_until, {members}) SELECT fid, %s, {members} FROM {current(number)} {chosen}",
        (version,),
    )


def _update(connection: Connection, change: Change, sources: Mapping[Column, str], every: Sequence[Column], version: int) -> None:
    """New values for the rows that changed; columns that do not hold a value of the new version become empty."""
    members = [f"{name} = s.{name}" for name in FIXED.split(", ") if name != "gw_id"]
    members += [f"{quoted(column.name)} = {sources.get(column, 'NULL')}" for column in every]
    connection.execute(
        f"UPDATE {current(change.number)} f SET gw_since = %s, {', '.join(members)} FROM {change.plan} p "
        f"JOIN {change.staged} s ON s.n = p.n WHERE f.fid = p.fid",
        (version,),
    )
