"""Content-addressed blobs in an object store of obstore, by default a folder: the name is the SHA-256 in hex."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from hashlib import file_digest
from pathlib import Path
from typing import Any

import obstore
from obstore.store import LocalStore

from gateway.errors import NotFound, UsageError
from gateway.store.connection import sync_folder

_DIGEST = re.compile(r"[0-9a-f]{64}")


class StoredBlobs:
    """What blobs are in any object store: read, asked for and taken away by their digest, at ``ab/cdef…``."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def read(self, digest: str) -> Iterator[bytes]:
        """The bytes, in pieces. Raises NotFound."""
        try:
            found = obstore.get(self._store, name_of(digest))
        except FileNotFoundError as error:
            raise NotFound(f"there is no blob {digest}") from error
        for piece in found.stream(min_chunk_size=1 << 20):
            yield bytes(piece)

    def has(self, digest: str) -> bool:
        """Whether the blob is there."""
        try:
            obstore.head(self._store, name_of(digest))
        except FileNotFoundError:
            return False
        return True

    def remove(self, digest: str) -> None:
        """Take a blob away; one that is not there is no error."""
        if self.has(digest):
            obstore.delete(self._store, name_of(digest))


class FolderBlobs(StoredBlobs):
    """Blobs in a folder; what `put` has returned survives a power cut."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        super().__init__(LocalStore(folder))
        self._folder = folder

    def put(self, path: Path) -> str:
        """Keep a file durably; gives its digest. Keeping the same bytes again costs no writing."""
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        if not self.has(digest):
            obstore.put(self._store, name_of(digest), path)
        self._make_durable(digest)
        return digest

    def _make_durable(self, digest: str) -> None:
        path = self._folder / name_of(digest)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        sync_folder(path.parent)
        sync_folder(self._folder)


def name_of(digest: str) -> str:
    """Where a blob lies in its store. Raises UsageError for what is no digest."""
    if not _DIGEST.fullmatch(digest):
        raise UsageError("a blob is named by 64 hexadecimal digits", place=digest[:80])
    return f"{digest[:2]}/{digest[2:]}"
