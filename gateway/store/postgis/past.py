"""Earlier versions of a collection: rows that still stand and rows since replaced, as one table; and the list of versions."""

from __future__ import annotations

from gateway.model.access import Access
from gateway.model.dataset import Version
from gateway.store.container import quoted
from gateway.store.expression import Sql
from gateway.store.facts import Facts
from gateway.store.postgis.facts import predicate
from gateway.store.postgis.schema import MEMBERS, current, history
from gateway.store.postgis.wire import Wire


def versions(wire: Wire, dataset: str, access: Access) -> list[Version]:
    """The published versions of a visible dataset, oldest first."""
    where = predicate(access) & Sql("v.dataset = ? AND v.branch = 'main'", [dataset])
    sql = (
        "SELECT v.version, v.published, v.entry FROM dataset_version v JOIN dataset d ON d.id = v.dataset "
        f"WHERE {where.text} ORDER BY v.version"
    )
    return [Version(*values) for values in wire.rows(Sql(sql, where.values))]


def published(wire: Wire, dataset: str, version: int) -> str | None:
    """When a version of a dataset was published."""
    if not 0 < version < 2**63:
        return None
    sql = "SELECT published FROM dataset_version WHERE dataset = ? AND branch = 'main' AND version = ?"
    found = wire.rows(Sql(sql, [dataset, version]))
    return str(found[0][0]) if found else None


def source(facts: Facts) -> Sql:
    """A table ``f`` of the rows that stood in the version of `facts`."""
    members = f"fid, {MEMBERS}" + "".join(f", {quoted(column.name)}" for column in facts.all_columns)
    number, version = facts.number, facts.version
    return Sql(
        f"(SELECT {members} FROM {current(number)} WHERE gw_since <= ? UNION ALL "
        f"SELECT {members} FROM {history(number)} WHERE gw_since <= ? AND gw_until > ?) f",
        [version, version, version],
    )
