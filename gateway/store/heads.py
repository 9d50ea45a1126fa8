"""The file of signed heads beside the GeoPackage, ``checkpoints.jsonl``: one line a commit, written after it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import orjson

from gateway.errors import IntegrityError
from gateway.model.canonical import canonical
from gateway.model.journal import Head
from gateway.store.connection import sync_folder

FILE = "checkpoints.jsonl"
_TAIL = 4096


def line(head: Head) -> bytes:
    """One head as a line of the file: canonical JSON and a line feed."""
    members = {"root": head.root.hex(), "signature": head.signature.hex(), "size": head.size, "time": head.time}
    return canonical(members) + b"\n"


def catch_up(path: Path, after: Callable[[int], Sequence[Head]]) -> int:
    """Append every head that the file lacks, durably, and mend a line that a crash cut; gives how many were written.

    `after` gives the heads of the table over more than so many entries, in order.
    Writers of several processes may come in any order: whoever is first writes for all.
    """
    with _held(path) as descriptor:
        last = _mend(descriptor)
        missing = after(last)
        if missing:
            os.lseek(descriptor, 0, os.SEEK_END)
            _write(descriptor, b"".join(map(line, missing)))
            os.fsync(descriptor)
        return len(missing)


def read(path: Path) -> tuple[list[bytes], bytes]:
    """The whole lines of the file, and what follows the last line feed (nothing, or a line that a crash cut)."""
    if not path.exists():
        return [], b""
    *lines, rest = path.read_bytes().split(b"\n")
    return lines, rest


@contextmanager
def _held(path: Path) -> Iterator[int]:
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if is_new:
            sync_folder(path.parent)
        yield descriptor
    finally:
        os.close(descriptor)


def _mend(descriptor: int) -> int:
    """Cut an unfinished last line off; gives the size in the last whole one."""
    length = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, min(length, _TAIL), max(0, length - _TAIL))
    whole = tail.rfind(b"\n") + 1
    if whole != len(tail):
        os.ftruncate(descriptor, length - len(tail) + whole)
    if whole == 0:
        return 0
    try:
        return int(orjson.loads(tail[:whole].splitlines()[-1])["size"])
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError("the file of heads is damaged", place=FILE, cure="gateway audit verify DIR") from error


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
