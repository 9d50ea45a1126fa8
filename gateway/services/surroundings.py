"""What a submission meets: the datasets and collections that are there already. Without a store, nothing."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.model.access import EVERYTHING
from gateway.model.dataset import Collection, Dataset
from gateway.model.party import SigningKey
from gateway.model.query import RecordQuery
from gateway.ports import Store


class Surroundings:
    """The twin as a submission meets it; each question sees the newest version. `reserved` are ids of cascaded collections."""

    def __init__(self, store: Store | None = None, reserved: frozenset[str] = frozenset()) -> None:
        self._store = store
        self.reserved = reserved

    def dataset(self, id: str) -> Dataset | None:
        """The dataset with this id, whoever may see it."""
        if self._store is None:
            return None
        with self._store.reading() as reader:
            return reader.dataset(id, EVERYTHING)

    def collection(self, id: str) -> Collection | None:
        """The collection with this id, whoever may see it."""
        if self._store is None:
            return None
        with self._store.reading() as reader:
            return reader.collection(id, EVERYTHING)

    def existing(self, collection: str, ids: Sequence[str]) -> set[str]:
        """Which of `ids` stand in the current version of a collection; none of one that is not there."""
        if self._store is None:
            return set()
        with self._store.reading() as reader:
            return reader.existing(collection, ids) if reader.collection(collection, EVERYTHING) is not None else set()

    def signing_key(self, kid: str) -> SigningKey | None:
        """The signing key with this id."""
        if self._store is None:
            return None
        with self._store.reading() as reader:
            return reader.signing_key(kid)

    def attested(self, digest: str) -> set[str]:
        """The datasets that were published with the attestation of this digest."""
        if self._store is None:
            return set()
        with self._store.reading() as reader:
            return reader.attested(digest)

    def has_record(self, id: str) -> bool:
        """Whether some dataset has a record with this identifier."""
        if self._store is None:
            return False
        with self._store.reading() as reader:
            return reader.records(RecordQuery(EVERYTHING, ids=(id,), limit=1))[0] > 0
