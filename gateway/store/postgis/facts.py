"""What is known of a collection at one version, as a reader finds it: the access decision is part of every question."""

from __future__ import annotations

from typing import Any

from gateway.errors import NotFound
from gateway.model.access import Access
from gateway.store import moments
from gateway.store.expression import Sql
from gateway.store.facts import SELECT_FACTS, Facts, unpack
from gateway.store.postgis.known import Known
from gateway.store.postgis.wire import Wire


def predicate(access: Access) -> Sql:
    """The access decision as SQL over ``dataset d``: the outermost condition of every question."""
    if access.everything:
        return Sql("TRUE")
    parts: list[str] = []
    values: list[Any] = []
    for column, wanted in (
        ("d.level", sorted(access.levels)),
        ("d.owner", [] if access.owner is None else [access.owner]),
        ("d.id", sorted(access.datasets)),
    ):
        if wanted:
            parts.append(f"{column} = ANY (?)")
            values.append(wanted)
    return Sql(f"({' OR '.join(parts)})" if parts else "FALSE", values)


def standing(wire: Wire, known: Known, access: Access, condition: Sql) -> list[Facts]:
    """The visible collections that stand, by id, where ``dataset d`` and ``collection c`` fulfil a condition."""
    where = predicate(access) & condition
    sql = (
        "SELECT c.current, d.version FROM collection c JOIN dataset d ON d.id = c.dataset "
        f"WHERE {where.text} AND c.current IS NOT NULL ORDER BY c.id"
    )
    return known.all_facts(wire, [(row, version) for row, version in wire.rows(Sql(sql, where.values))])


def existing(wire: Wire, known: Known, collection: str) -> Facts | None:
    """The collection as it stands, whoever may see it."""
    return next(iter(standing(wire, known, Access(everything=True), Sql("c.id = ?", [collection]))), None)


def past(wire: Wire, collection: str, access: Access, version: int | None, as_of: str | None) -> Facts:
    """The collection at a version or a time. Today's access decision governs old versions too. Raises NotFound."""
    where = predicate(access) & Sql("c.id = ?", [collection])
    sql = f"SELECT d.id, d.version FROM collection c JOIN dataset d ON d.id = c.dataset WHERE {where.text}"
    found = wire.rows(Sql(sql, where.values))
    if not found:
        raise NotFound(f"there is no collection {collection}")
    dataset, newest = found[0]
    meant = _meant(wire, dataset, as_of) if version is None else version
    row = _of_version(wire, collection, min(max(meant, 0), newest + 1))
    if row is None or not 1 <= meant <= newest:
        raise NotFound(f"there is no version {meant} of {collection}", cure=f"versions: 1 to {newest}")
    return unpack(row[:-1], meant, is_current=row[-1] is None)


def _of_version(wire: Wire, collection: str, version: int) -> tuple[Any, ...] | None:
    sql = (
        f"SELECT {SELECT_FACTS}, v.until FROM collection c JOIN collection_version v ON v.collection = c.id "
        "WHERE c.id = ? AND v.since <= ? AND (v.until IS NULL OR v.until > ?)"
    )
    return next(iter(wire.rows(Sql(sql, [collection, version, version]))), None)


def _meant(wire: Wire, dataset: str, as_of: str | None) -> int:
    """The version that stood at a time; 0 before the first."""
    moment = (moments.end(as_of) or "")[:23]
    sql = "SELECT coalesce(max(version), 0)::bigint FROM dataset_version WHERE dataset = ? AND substr(published, 1, 23) <= ?"
    return int(wire.rows(Sql(sql, [dataset, moment]))[0][0])
