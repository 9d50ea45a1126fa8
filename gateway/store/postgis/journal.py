"""The journal in PostgreSQL: the same entries, tree and signed heads as in every store, in the transaction of their effect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from gateway.model.journal import Entry, Head
from gateway.store.journal import COLUMNS, Sign, compose, unpack_tree
from gateway.store.postgis.schema import Connection


def size(connection: Connection) -> int:
    """How many entries there are: the sequence of the newest."""
    row = connection.execute("SELECT coalesce(max(sequence), 0) FROM journal").fetchone()
    return 0 if row is None else int(row[0])


def append(connection: Connection, kind: str, body: Mapping[str, Any], sign: Sign) -> Entry:
    """Write one entry and the signed head over all entries; to be called once, inside the transaction of the effect."""
    kept = connection.execute("SELECT size, peaks FROM journal_peaks").fetchone()
    tree = unpack_tree(None if kept is None else (kept[0], kept[1]), size(connection))
    last = connection.execute("SELECT hash FROM journal WHERE sequence = %s", (tree.size,)).fetchone()
    made = compose(tree, None if last is None else last[0], kind, body, sign)
    entry, head = made.entry, made.head
    connection.execute(
        f"INSERT INTO journal ({COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (entry.sequence, entry.time, kind, made.text, entry.salt, entry.body_hash, entry.previous, entry.hash),
    )
    connection.execute("UPDATE journal_peaks SET size = %s, peaks = %s", (tree.size, tree.pack()))
    connection.execute("INSERT INTO journal_checkpoint VALUES (%s, %s, %s, %s)", (head.size, head.root, head.time, head.signature))
    return entry


def entries(connection: Connection, after: int, limit: int) -> list[Entry]:
    """Entries in order, after the sequence `after`."""
    sql = f"SELECT {COLUMNS} FROM journal WHERE sequence > %s ORDER BY sequence LIMIT %s"
    return [Entry(row[0], row[1], row[2], orjson.loads(row[3]), *row[4:]) for row in connection.execute(sql, (after, limit))]


def heads(connection: Connection, after: int = 0) -> list[Head]:
    """Signed heads over more than `after` entries, in order."""
    rows = connection.execute("SELECT size, root, time, signature FROM journal_checkpoint WHERE size > %s ORDER BY size", (after,))
    return [Head(*row) for row in rows]
