"""Checks the journal: every entry, every signed head, and the file of heads against one another. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import orjson

from gateway.errors import GatewayError, NotFound
from gateway.model.canonical import canonical
from gateway.model.journal import Audit, Head
from gateway.store import heads, journal
from gateway.store.connection import connect
from gateway.store.merkle import Tree
from gateway.store.signing import is_signed

_TYPES = (int, str, str, str, bytes, bytes, bytes, bytes)


class Unsound(Exception):
    """The first thing that is wrong, and at which entry."""

    def __init__(self, entry: int, reason: str) -> None:
        super().__init__(reason)
        self.entry = entry
        self.reason = reason


@dataclass(slots=True)
class Progress:
    """How far a check has come."""

    entries: int = 0
    heads: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """What a store holds of its journal, at one moment: all heads, all rows in order, the sizes of the tree kept, its own key."""

    heads: Sequence[Head]
    rows: Iterable[tuple[Any, ...]]
    sizes: Sequence[Any]
    key: Any


def verify(folder: Path, public_key: bytes | None = None) -> Audit:
    """What there is to say of the journal of the twin in `folder`, under `public_key` (else the one that its settings name).

    An auditor who holds the key from elsewhere should give it: a forger may replace what lies in the file.
    """
    path = folder / "twin.gpkg"
    if not path.is_file():
        raise NotFound(f"there is no twin in {folder}")
    progress = Progress()
    try:
        notes = _verify(path, folder / heads.FILE, public_key, progress)
    except Unsound as bad:
        return Audit(False, progress.entries, progress.heads, bad.entry, bad.reason)
    except (apsw.Error, GatewayError) as error:
        return Audit(False, progress.entries, progress.heads, progress.entries + 1, f"the store cannot be read: {error}")
    return Audit(True, progress.entries, progress.heads, None, None, tuple(notes))


def _verify(path: Path, file: Path, public_key: bytes | None, progress: Progress) -> list[str]:
    # The file is read first: a commit between the two readings leaves the table ahead, which is sound.
    lines, rest = heads.read(file)
    connection = connect(str(path))
    try:
        connection.execute("BEGIN")
        named = connection.execute("SELECT value FROM setting WHERE name = 'public_key'").fetchone()
        written = Written(
            heads=journal.heads(connection, -(2**62)),
            rows=connection.execute(f"SELECT {journal.COLUMNS} FROM journal ORDER BY sequence"),
            sizes=[row[0] for row in connection.execute("SELECT size FROM journal_peaks")],
            key=None if named is None else named[0],
        )
        return examine(lines, rest, written, public_key, progress)
    finally:
        connection.close()


def examine(lines: list[bytes], rest: bytes, written: Written, public_key: bytes | None, progress: Progress) -> list[str]:
    """Hold the file of heads, the heads, the entries and the tree against one another; gives notes. Raises Unsound."""
    key = public_key or _own_key(written.key)
    signed = list(_heads(written.heads, key, progress))
    _entries(written.rows, signed, progress)
    if written.sizes != [progress.entries]:
        raise Unsound(progress.entries, "the tree kept beside the journal is of another size")
    return _file(lines, rest, signed)


def _own_key(named: Any) -> bytes:
    try:
        key = bytes.fromhex(named)
    except (TypeError, ValueError):
        raise Unsound(1, "the twin names no public key") from None
    if len(key) != 32:
        raise Unsound(1, "the twin names no public key")
    return key


def _heads(written: Sequence[Head], key: bytes, progress: Progress) -> Iterator[Head]:
    last = 0
    for head in written:
        if not (head.size > last and _is(head.size, int) and _is(head.root, bytes) and _is(head.time, str)):
            raise Unsound(last + 1, f"the head over {head.size!r} entries is malformed")
        message = journal.head_message(head.size, head.root, head.time)
        if not _is(head.signature, bytes) or not is_signed(message, head.signature, key):
            raise Unsound(last + 1, f"the head over {head.size} entries is not signed with the twin's key")
        last = head.size
        progress.heads += 1
        yield head


def _entries(rows: Iterable[tuple[Any, ...]], signed: list[Head], progress: Progress) -> None:
    tree = Tree()
    previous = journal.GENESIS
    roots = iter(signed)
    head = next(roots, None)
    for row in rows:
        previous = _entry(row, tree, previous)
        progress.entries = tree.size
        if head is not None and head.size == tree.size:
            if head.root != tree.root():
                raise Unsound(tree.size, f"the signed head over {tree.size} entries is of other entries")
            head = next(roots, None)
    if head is not None:
        raise Unsound(tree.size + 1, f"a signed head is over {head.size} entries, the journal has {tree.size}: the tail is cut")
    if tree.size != (signed[-1].size if signed else 0):
        raise Unsound((signed[-1].size if signed else 0) + 1, "no signed head covers this entry")
    if tree.size == 0:
        raise Unsound(1, "the journal is empty")


def _entry(row: tuple[Any, ...], tree: Tree, previous: bytes) -> bytes:
    """Check one entry against the one before, add it to the tree, and give its hash."""
    number = tree.size + 1
    if any(not _is(value, kind) for value, kind in zip(row, _TYPES, strict=True)):
        raise Unsound(number, "a member has another type than it was written with")
    sequence, time, kind, body, salt, body_hash, before, own = row
    if sequence != number:
        raise Unsound(number, f"entry {number} is missing; the next is {sequence}")
    if _canonical(body) != body.encode() or journal.hash_body(salt, body.encode()) != body_hash:
        raise Unsound(number, "the body is not the one that was hashed")
    if before != previous:
        raise Unsound(number, "the entry does not follow the one before it")
    public = journal.envelope(sequence, time, kind, body_hash)
    if journal.hash_entry(previous, public) != own:
        raise Unsound(number, "the envelope is not the one that was hashed")
    tree.add(public)
    return bytes(own)


def _file(lines: list[bytes], rest: bytes, signed: list[Head]) -> list[str]:
    for number, (found, head) in enumerate(zip(lines, signed, strict=False), start=1):
        if found + b"\n" != heads.line(head):
            before = signed[number - 2].size if number > 1 else 0
            raise Unsound(before + 1, f"line {number} of {heads.FILE} is not the head over {head.size} entries")
    if len(lines) > len(signed):
        size = signed[-1].size if signed else 0
        raise Unsound(size + 1, f"{heads.FILE} has {len(lines)} heads, the table {len(signed)}: the tail of the journal is cut")
    ahead = signed[len(lines) :]
    if rest and not (ahead and heads.line(ahead[0]).startswith(rest)):
        raise Unsound((signed[len(lines) - 1].size if lines else 0) + 1, f"{heads.FILE} ends in bytes that are no head")
    if not ahead:
        return []
    return [f"{heads.FILE} lacks the last {len(ahead)} of {len(signed)} signed heads; the next opening of the twin writes them"]


def _canonical(body: str) -> bytes | None:
    try:
        return canonical(orjson.loads(body))
    except (ValueError, TypeError):
        return None


def _is(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
