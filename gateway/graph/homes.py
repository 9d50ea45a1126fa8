"""Where a feature's parent lives: mostly in its own collection, for the elements of a building model in another of the dataset."""

from __future__ import annotations

from functools import lru_cache

from gateway.model.dataset import Collection, Dataset
from gateway.model.row import Row
from gateway.ports import Reader


class Homes:
    """Finds the collections of parents within one dataset, as one reader sees it; remembers the latest."""

    def __init__(self, reader: Reader, dataset: Dataset) -> None:
        self._reader = reader
        self._collections = tuple(collection.id for collection in dataset.collections)
        self._find = lru_cache(maxsize=4096)(self._look)

    def of(self, row: Row, collection: Collection) -> str:
        """The id of the collection that holds the row's parent; the row's own where none does."""
        if row.parent is None or len(self._collections) < 2:
            return collection.id
        return self._find(row.parent, collection.id)

    def _look(self, parent: str, own: str) -> str:
        for candidate in (own, *self._collections):
            if self._reader.existing(candidate, [parent]):
                return candidate
        return own
