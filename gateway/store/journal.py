"""The journal: one entry for each change, hash-chained, under a signed Merkle head, in the transaction of its effect."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import apsw
import orjson

from gateway.errors import IntegrityError
from gateway.model.canonical import canonical
from gateway.model.journal import Entry, Head
from gateway.store.connection import now, one
from gateway.store.merkle import Tree

type Sign = Callable[[bytes], bytes]

GENESIS = bytes(32)
_SALT = 16
COLUMNS = "sequence, time, kind, body, salt, body_hash, previous, hash"


def envelope(sequence: int, time: str, kind: str, body_hash: bytes) -> bytes:
    """The public part of an entry in canonical form: what the chain and the tree run over."""
    return canonical({"sequence": sequence, "time": time, "kind": kind, "bodyHash": body_hash.hex()})


def hash_body(salt: bytes, body: bytes) -> bytes:
    """SHA-256(salt ‖ canonical body)."""
    return sha256(salt + body).digest()


def hash_entry(previous: bytes, public: bytes) -> bytes:
    """SHA-256(previous hash ‖ canonical envelope)."""
    return sha256(previous + public).digest()


def head_message(size: int, root: bytes, time: str) -> bytes:
    """What the signature of a head is over."""
    return canonical({"root": root.hex(), "size": size, "time": time})


def size(connection: apsw.Connection) -> int:
    """How many entries there are: the sequence of the newest."""
    (found,) = one(connection, "SELECT coalesce(max(sequence), 0) FROM journal")
    return int(found)


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry ready to be written: its body in canonical form, the tree with it, and the signed head over all entries."""

    entry: Entry
    text: str
    tree: Tree
    head: Head


def compose(tree: Tree, last: bytes | None, kind: str, body: Mapping[str, Any], sign: Sign) -> Sealed:
    """The next entry after those of `tree`, which grows by it; `last` is the hash of the entry before, None for the first."""
    time = now()
    previous = GENESIS if last is None else last
    text = canonical(body)
    salt = os.urandom(_SALT)
    body_hash = hash_body(salt, text)
    public = envelope(tree.size + 1, time, kind, body_hash)
    tree.add(public)
    entry = Entry(tree.size, time, kind, body, salt, body_hash, previous, hash_entry(previous, public))
    root = tree.root()
    return Sealed(entry, text.decode(), tree, Head(tree.size, root, time, sign(head_message(tree.size, root, time))))


def unpack_tree(row: tuple[int, bytes] | None, size: int) -> Tree:
    """The tree kept beside a journal of `size` entries, out of its row. Raises IntegrityError where they do not agree."""
    if row is None or row[0] != size:
        raise IntegrityError("the journal and its tree do not agree", cure="gateway audit verify DIR")
    try:
        return Tree.unpack(*row)
    except ValueError as error:
        raise IntegrityError(f"the journal's tree is damaged: {error}", cure="gateway audit verify DIR") from error


def append(connection: apsw.Connection, kind: str, body: Mapping[str, Any], sign: Sign) -> Entry:
    """Write one entry and the signed head over all entries; to be called once, inside the transaction of the effect."""
    tree = unpack_tree(connection.execute("SELECT size, peaks FROM journal_peaks").fetchone(), size(connection))
    last = connection.execute("SELECT hash FROM journal WHERE sequence = ?", (tree.size,)).fetchone()
    made = compose(tree, None if last is None else last[0], kind, body, sign)
    entry, head = made.entry, made.head
    connection.execute(
        f"INSERT INTO journal ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?)",
        (entry.sequence, entry.time, kind, made.text, entry.salt, entry.body_hash, entry.previous, entry.hash),
    )
    connection.execute("UPDATE journal_peaks SET size = ?, peaks = ?", (tree.size, tree.pack()))
    connection.execute("INSERT INTO journal_checkpoint VALUES (?,?,?,?)", (head.size, head.root, head.time, head.signature))
    return entry


def entries(connection: apsw.Connection, after: int, limit: int) -> list[Entry]:
    """Entries in order, after the sequence `after`."""
    rows = connection.execute(f"SELECT {COLUMNS} FROM journal WHERE sequence > ? ORDER BY sequence LIMIT ?", (after, limit))
    return [Entry(row[0], row[1], row[2], orjson.loads(row[3]), *row[4:]) for row in rows]


def heads(connection: apsw.Connection, after: int = 0) -> list[Head]:
    """Signed heads over more than `after` entries, in order."""
    rows = connection.execute("SELECT size, root, time, signature FROM journal_checkpoint WHERE size > ? ORDER BY size", (after,))
    return [Head(*row) for row in rows]
