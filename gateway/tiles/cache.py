"""Where made tiles are kept: an object store, which is a folder unless one is configured (`gateway.tiles.kept.TileCache`)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import obstore
from obstore.store import LocalStore

_PORTION = 16
"""A sixteenth of the limit is added before the oldest are looked for again."""
_LEFT = 0.9
"""How much of the limit stays after the oldest went."""


class StoredTiles:
    """Bytes by key in an object store of `obstore`, at most about `limit` of them; the oldest go first.

    What is kept here can be made anew: nothing is flushed to the disk, and a write that fails (a full disk) is no error.
    """

    def __init__(self, store: Any, limit: int, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder
        self._limit = limit
        self._added = 0
        self._guard = threading.Lock()

    @classmethod
    def in_folder(cls, folder: Path, limit: int) -> StoredTiles:
        """In a folder, made if need be."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return cls(LocalStore(folder), limit, folder)

    def get(self, key: str) -> bytes | None:
        """The bytes under `key`, None where there are none, or where none are to be kept."""
        if self._limit == 0 and "/" in key:
            return None
        try:
            return bytes(obstore.get(self._store, key).bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def near(self, key: str) -> bytes | None:
        """The same out of a folder; None from a store that is far away."""
        if self._folder is None or self._limit == 0:
            return None
        try:
            return (self._folder / key).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def put(self, key: str, content: bytes) -> None:
        """Keep bytes, all or none of them; with a limit of 0, none but the cursor."""
        if self._limit == 0 and "/" in key:
            return
        with suppress(OSError):
            obstore.put(self._store, key, content)
        with self._guard:
            self._added += len(content)
            is_due = self._added * _PORTION > self._limit
            self._added = 0 if is_due else self._added
        if is_due:
            self._make_room()

    def delete(self, key: str) -> None:
        """Take a key away; one that is not there is no error."""
        with suppress(FileNotFoundError, NotADirectoryError):
            obstore.delete(self._store, key)

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys below ``prefix/``."""
        return (path for path, _, _ in self._listed(prefix or None))

    def _listed(self, prefix: str | None) -> Iterator[tuple[str, int, datetime]]:
        for portion in obstore.list(self._store, prefix=prefix):
            for entry in portion:
                yield entry["path"], entry["size"], entry["last_modified"]

    def _make_room(self) -> None:
        """Take the oldest away until a tenth of the limit is free; keys without a solidus are no tiles."""
        listed = sorted((modified, size, path) for path, size, modified in self._listed(None) if "/" in path)
        total = sum(size for _, size, _ in listed)
        if total <= self._limit:
            return
        for _, size, path in listed:
            self.delete(path)
            total -= size
            if total <= self._limit * _LEFT:
                return
