"""Which features a question is about, as row keys in order: the plan is chosen by what the R-tree says of the area.

An area with few candidates is read from the R-tree and sorted; one with very many is walked in row-key order, so that a
page of the whole world costs no sort of the world. A walk that finds too little falls back to the R-tree.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import apsw
import orjson

from gateway.model.query import Query
from gateway.store import container, tables
from gateway.store.area import OVERLAP, Area, areas
from gateway.store.connection import one, select
from gateway.store.container import quoted
from gateway.store.expression import Sql, compiled
from gateway.store.facts import Facts
from gateway.store.feature_terms import FeatureTerms, during, rising
from gateway.store.spatial import implied

_WALK_COST = 15
"""A row walked costs about 15 R-tree entries read (measured: 1 and 0.07 µs)."""

_FEWEST = 2_000
_WALKED = 3_000
"""How many rows, and three for each that is wanted, a walk looks at before it gives way to the R-tree."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A question to the current rows of one collection, ready to be asked."""

    connection: apsw.Connection
    facts: Facts
    areas: list[Area]
    condition: Sql | None

    @classmethod
    def of(cls, connection: apsw.Connection, facts: Facts, query: Query) -> Scan:
        """Raises ParameterError for a property that is not declared."""
        condition, terms = None, FeatureTerms(facts)
        wanted, rest = areas(query), query.filter
        if not wanted:
            wanted, rest = implied(query.filter, terms.operands.is_geometry)
        if rest is not None or query.interval is not None or query.heights is not None:
            condition = compiled(rest, terms) & during(query.interval) & rising(query.heights)
        return cls(connection, facts, wanted, condition)

    @property
    def table(self) -> str:
        """The feature table."""
        return tables.current(self.facts.number)

    @property
    def rtree(self) -> str:
        """Its R-tree, quoted."""
        return quoted(container.rtree(self.table))

    def keys(self, after: int, limit: int) -> list[int]:
        """The first `limit` keys after `after` that match, in order."""
        if not self.areas:
            return self._walk_all(after, limit)
        if len(self.areas) == 1:
            return self._keys_in(self.areas[0], after, limit)
        found = {key for area in self.areas for key in self._keys_in(area, after, limit)}
        return sorted(found)[: limit if limit >= 0 else None]

    def all_keys(self, limit: int) -> list[int] | None:
        """The hot path: every key that matches, in order, by one reading of the R-tree for each area; None where it is not the way.

        A page and the exact number of matches fall out of it together.
        """
        if not self.areas:
            return None
        most = self._most_sorted(limit)
        if self.condition is not None and any(self._candidates(area, most) >= most for area in self.areas):
            return None
        found: list[list[int]] = []
        for area in self.areas:
            keys = self._found(area, most)
            if keys is None:
                return None
            found.append(keys)
        return found[0] if len(found) == 1 else sorted({key for keys in found for key in keys})

    def count(self, cap: int | None) -> int | None:
        """How many match, exactly; None when more than `cap`."""
        if not self.areas:
            return self._count_all(cap)
        if len(self.areas) > 1 or self.condition is not None:
            found: set[int] = set()
            for area in self.areas:
                keys = self._keys_in(area, -1, -1 if cap is None else cap + 1)
                found.update(keys)
            return None if cap is not None and len(found) > cap else len(found)
        return self._count_in(self.areas[0], cap)

    def _walk_all(self, after: int, limit: int) -> list[int]:
        condition = self.condition or Sql("1")
        sql = f"SELECT f.fid FROM {self.table} f WHERE f.fid > ? AND ({condition.text}) ORDER BY f.fid LIMIT ?"
        return [key for (key,) in select(self.connection, sql, (after, *condition.values, limit))]

    def _count_all(self, cap: int | None) -> int | None:
        if self.condition is None:
            return self.facts.collection.features
        sql = f"SELECT 1 FROM {self.table} f WHERE {self.condition.text} LIMIT ?"
        values = (*self.condition.values, -1 if cap is None else cap + 1)
        (found,) = one(self.connection, f"SELECT count(*) FROM ({sql})", values)
        return None if cap is not None and found > cap else int(found)

    def _keys_in(self, area: Area, after: int, limit: int) -> list[int]:
        most = self._most_sorted(limit)
        if limit >= 0 and self._candidates(area, most) >= most:
            keys, last = self._walk_in(area, after, limit)
            if len(keys) >= limit or last is None:
                return keys[:limit]
            return [*keys, *self._sort_in(area, last, limit - len(keys))]
        return self._sort_in(area, after, limit)

    def _most_sorted(self, limit: int) -> int:
        """From how many candidates on a walk is expected to be cheaper than a sort."""
        return max(_FEWEST, limit, math.isqrt(_WALK_COST * max(limit, 1) * max(self.facts.collection.features, 1)))

    def _candidates(self, area: Area, most: int) -> int:
        """How many R-tree entries meet the area, counted up to `most`."""
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {self.rtree} r WHERE {OVERLAP} LIMIT ?)"
        return int(one(self.connection, sql, (*area.overlap, most))[0])

    def _found(self, area: Area, most: int) -> list[int] | None:
        """The keys in an area, in order; None from `most` candidates on. A key in doubt comes negative out of SQL."""
        sure, values = area.sure
        wanted = f"CASE WHEN {sure} THEN r.id ELSE -r.id END AS k FROM {self.rtree} r"
        if self.condition is None:
            inner, given = f"{wanted} WHERE {OVERLAP}", (*values, *area.overlap)
        else:
            inner = f"{wanted} CROSS JOIN {self.table} f ON f.fid = r.id WHERE {OVERLAP} AND ({self.condition.text})"
            given = (*values, *area.overlap, *self.condition.values)
        (text,) = one(self.connection, f"SELECT group_concat(k) FROM (SELECT {inner} LIMIT ?)", (*given, most))
        keys: list[int] = [] if text is None else orjson.loads(f"[{text}]")
        if len(keys) >= most:
            return None
        keys.sort()
        doubtful = bisect_left(keys, 0)
        if doubtful == 0:
            return keys
        admitted = self._tested(area, [-key for key in reversed(keys[:doubtful])])
        return sorted((*keys[doubtful:], *admitted))

    def _tested(self, area: Area, keys: list[int]) -> list[int]:
        """Which of `keys` have a geometry that itself meets the area."""
        sql = f"SELECT f.fid, f.geom FROM carray(?) k CROSS JOIN {self.table} f ON f.fid = k.value"
        return _admitted(area, list(select(self.connection, sql, (carray(keys),))))

    def _sort_in(self, area: Area, after: int, limit: int) -> list[int]:
        """Keys by the R-tree, put in order and cut; only where that leaves a doubt the geometry is tested."""
        condition, join = self.condition or Sql("1"), ""
        if self.condition is not None:
            join = f"CROSS JOIN {self.table} f ON f.fid = r.id"
        sure, values = area.sure
        sql = (
            f"SELECT r.id, CASE WHEN {sure} THEN NULL ELSE (SELECT g.geom FROM {self.table} g WHERE g.fid = r.id) END "
            f"FROM {self.rtree} r {join} WHERE {OVERLAP} AND r.id > ? AND ({condition.text}) ORDER BY r.id LIMIT ?"
        )
        keys: list[int] = []
        while True:
            wanted = limit - len(keys) if limit >= 0 else -1
            rows = list(select(self.connection, sql, (*values, *area.overlap, after, *condition.values, wanted)))
            keys.extend(_admitted(area, rows))
            if wanted < 0 or len(rows) < wanted or len(keys) >= limit:
                return keys
            after = rows[-1][0]

    def _outside(self, area: Area) -> int:
        """How many candidates there are whose bounds meet the area and whose geometry does not."""
        sure, values = area.sure
        sql = f"SELECT r.id FROM {self.rtree} r WHERE {OVERLAP} AND NOT {sure} ORDER BY r.id"
        doubtful = [key for (key,) in self.connection.execute(sql, (*area.overlap, *values))]
        return len(doubtful) - len(self._tested(area, doubtful)) if doubtful else 0

    def _walk_in(self, area: Area, after: int, limit: int) -> tuple[list[int], int | None]:
        """Keys by walking the table from `after`; and where the walk gave up, None when it came to the end."""
        condition = self.condition or Sql("1")
        sure, values = area.sure
        upto = after + _WALKED + 3 * limit
        sql = (
            f"SELECT f.fid, CASE WHEN {sure} THEN NULL ELSE f.geom END FROM {self.table} f CROSS JOIN {self.rtree} r "
            f"ON r.id = f.fid WHERE f.fid > ? AND f.fid <= ? AND {OVERLAP} AND ({condition.text}) ORDER BY f.fid LIMIT ?"
        )
        keys: list[int] = []
        at = after
        while len(keys) < limit:
            wanted = limit - len(keys)
            rows = list(select(self.connection, sql, (*values, at, upto, *area.overlap, *condition.values, wanted)))
            keys.extend(_admitted(area, rows))
            if len(rows) < wanted:
                return keys, upto if upto < self._last_key() else None
            at = rows[-1][0]
        return keys, at

    def _last_key(self) -> int:
        (key,) = one(self.connection, f"SELECT coalesce(max(fid), 0) FROM {self.table}")
        return int(key)

    def _count_in(self, area: Area, cap: int | None) -> int | None:
        sure, values = area.sure
        if cap is not None:
            sql = f"SELECT count(*) FROM (SELECT 1 FROM {self.rtree} r WHERE {OVERLAP} AND {sure} LIMIT ?)"
            if one(self.connection, sql, (*area.overlap, *values, cap + 1))[0] > cap:
                return None
        sql = f"SELECT count(*) FROM {self.rtree} r WHERE {OVERLAP}"
        (candidates,) = one(self.connection, sql, area.overlap)
        found = int(candidates) - self._outside(area)
        return None if cap is not None and found > cap else found


def carray(keys: list[int]) -> apsw.CArrayBinding:
    """Row keys as an array that SQLite reads without calling back."""
    return apsw.carray(array("q", keys))


def _admitted(area: Area, rows: Sequence[tuple[int, bytes | None]]) -> list[int]:
    """The keys of rows that need no test (no geometry given), or pass it."""
    border = [(key, blob) for key, blob in rows if blob is not None]
    if not border:
        return [key for key, _ in rows]
    hits = area.admits([blob for _, blob in border])
    missed = {key for (key, _), hit in zip(border, hits, strict=True) if not hit}
    return [key for key, _ in rows if key not in missed]
