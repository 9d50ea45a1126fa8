"""The tiles as a projection of the truth: what a publication changed is swept from the cache, to be made anew when asked for."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.errors import NotFound
from gateway.model.access import EVERYTHING
from gateway.model.dataset import Collection
from gateway.model.journal import Entry
from gateway.ports import Reader
from gateway.tiles.framing import Frame
from gateway.tiles.grids import grids
from gateway.tiles.kept import Changes, Kept, TileCache

_CURSOR = "cursor"
_KEY_PARTS = 5


class TilesProjection:
    """Sweeps stale tiles (`gateway.ports.Projection`). No answer depends on it: whoever reads a kept tile checks its version; the
    sweep keeps the cache from filling with what nobody may use."""

    name = "tiles"

    def __init__(self, cache: TileCache) -> None:
        self._cache = cache

    def cursor(self) -> int:
        """The journal sequence the cache is swept up to."""
        found = self._cache.get(_CURSOR)
        return int(found) if found is not None and found.isdigit() else 0

    def apply(self, reader: Reader, entries: Sequence[Entry]) -> None:
        """Sweep what these entries changed, then move the cursor."""
        if not entries:
            return
        since: dict[str, int] = {}
        for entry in entries:
            if entry.kind != "publication":
                continue
            version = int(entry.body["version"])
            for name in (*entry.body["collections"], *entry.body["removals"]):
                since[name] = min(since.get(name, version), version)
        for name, version in since.items():
            self._sweep(reader, name, version - 1)
        self._cache.put(_CURSOR, str(entries[-1].sequence).encode())

    def rebuild(self, reader: Reader) -> None:
        """Take every tile away: each is made anew when it is asked for."""
        version = reader.version()
        for key in list(self._cache.keys("")):
            if key != _CURSOR:
                self._cache.delete(key)
        self._cache.put(_CURSOR, str(version).encode())

    def _sweep(self, reader: Reader, name: str, since: int) -> None:
        collection = reader.collection(name, EVERYTHING)
        changes = None
        for key in list(self._cache.keys(name)):
            if collection is None:
                self._cache.delete(key)
                continue
            changes = changes or Changes(_changed(reader, name, since), collection.crs)
            if self._is_stale(key, collection, changes):
                self._cache.delete(key)

    def _is_stale(self, key: str, collection: Collection, changes: Changes) -> bool:
        """Whether a change met the tile since it was made; a tile made after the change stays."""
        _, name, matrix, row, column, *_ = (*key.split("/"), *[""] * _KEY_PARTS)
        grid = grids().get(name)
        level = None if grid is None else grid.matrices.get(matrix)
        if grid is None or level is None or not (row.isdigit() and column.isdigit()) or collection.storage_box is None:
            return True
        frame = Frame(level.box(int(row), int(column)), grid.crs, collection.crs, collection.storage_box)
        if not changes.touch(frame.bounds):
            return False
        kept = Kept.decode(self._cache.get(key) or b"")
        return kept is None or kept.version < collection.version


def _changed(reader: Reader, name: str, since: int) -> list[tuple[float, float, float, float]] | None:
    try:
        return reader.changed(name, since, EVERYTHING)
    except NotFound:
        return None
