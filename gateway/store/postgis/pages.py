"""One page of ready features: its bytes are joined as they come off the wire."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import repeat
from typing import Any

from psycopg import pq

from gateway.model.query import Query
from gateway.model.row import Page
from gateway.store.postgis.known import COUNTED
from gateway.store.postgis.order import Found
from gateway.store.postgis.paging import Scan
from gateway.store.postgis.wire import integer

_READY = 1
_COLUMNS = "f.fid, f.gw_ready"
_SPARE = 50
_MOST_SPARE = 1000


def page(scan: Scan, query: Query, seen: int | None) -> tuple[Page, int | None]:
    """A page, and how many features match where that falls out of it (above `COUNTED`: that they are more). `seen` is how many
    matched when that was asked before."""
    if not scan.facts.is_current or scan.order.terms or scan.where is None:
        rows, matched = scan.chosen(_COLUMNS, query.limit + 1, _READY, seen or 0)
        return _made(scan, query, rows), matched
    most = query.limit + min(query.limit, _MOST_SPARE) + _SPARE
    if seen is None or seen < most:
        found = scan.some(_COLUMNS, most)
        if found.ntuples < most:
            return _cut(found, query), found.ntuples
    if seen is None or seen <= COUNTED:
        found, matched = scan.gathered(_COLUMNS, query.limit + 1)
        if matched <= COUNTED:
            return _cut(found, query), matched
    rows = scan.walked(_COLUMNS, query.limit + 1, _READY)
    return _made(scan, query, rows), COUNTED + 1


def _cut(found: pq.abc.PGresult, query: Query) -> Page:
    """The page that lies in rows without order: those behind `query.after`, by key, as many as are wanted. A key's order as
    bytes is its order as a number, since keys are positive."""
    value: Callable[[int, int], Any] = found.get_value
    keys: list[bytes] = list(map(value, range(found.ntuples), repeat(0)))
    order = sorted(range(found.ntuples), key=keys.__getitem__)
    begin = 0 if query.after is None else bisect_right(order, _bytes(query.after), key=keys.__getitem__)
    chosen = order[begin : begin + query.limit]
    body = b",".join(map(value, chosen, repeat(_READY)))
    more = bool(chosen) and len(order) > begin + len(chosen)
    return Page(body, len(chosen), integer(keys[chosen[-1]]) if more else None)


def _bytes(key: int) -> bytes:
    return max(min(key, 2**63 - 1), 0).to_bytes(8, "big")


def _made(scan: Scan, query: Query, rows: list[Found]) -> Page:
    chosen = rows[: query.limit]
    body = b",".join([row[_READY] for row in chosen])
    if len(rows) == len(chosen) or not chosen:
        return Page(body, len(chosen), None)
    return Page(body, len(chosen), chosen[-1][0], scan.order.position(chosen[-1]))
