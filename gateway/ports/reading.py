"""What is read: a consistent view of one moment of a store, and what can be read a moment at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from gateway.model.access import Access
from gateway.model.dataset import Box, Collection, Dataset, Version
from gateway.model.feature import Scalar
from gateway.model.journal import Entry
from gateway.model.party import Key, Party, SigningKey
from gateway.model.query import Query, RecordQuery
from gateway.model.record import Record
from gateway.model.row import Page, Row
from gateway.model.submission import Submission


class Reader(Protocol):
    """A consistent view of one moment of the store (one read transaction)."""

    def version(self) -> int:
        """The sequence of the newest journal entry: a token for caches and ETags."""
        ...

    def setting(self, name: str) -> str | None:
        """A fact fixed at `init` (``charter``, ``id_base``, ``title``, ``created``, ``public_key``)."""
        ...

    def datasets(self, access: Access) -> list[Dataset]:
        """All visible datasets with record and collections, by id."""
        ...

    def dataset(self, dataset: str, access: Access) -> Dataset | None: ...
    def collections(self, access: Access) -> list[Collection]: ...
    def collection(
        self, collection: str, access: Access, *, version: int | None = None, as_of: str | None = None
    ) -> Collection | None:
        """One visible collection, as it stands or as it stood in a version of its dataset; None where it was not there."""
        ...

    def versions(self, dataset: str, access: Access) -> list[Version]:
        """The published versions of a visible dataset, oldest first; empty where there is none. Today's access decides."""
        ...

    def published(self, dataset: str, version: int) -> str | None:
        """When a version of a dataset was published (RFC 3339 UTC), whoever may see it."""
        ...

    def page(self, query: Query) -> Page:
        """One page of ready features, in row-key order, or in the order of `query.sort`."""
        ...

    def count(self, query: Query, cap: int | None = None) -> int | None:
        """How many features match, ignoring limit and after; None when more than `cap`. Exact, never an estimate."""
        ...

    def rows(self, query: Query) -> Iterator[Row]:
        """The matching rows with all members, streamed; `query.limit` < 0 means all."""
        ...

    def item(self, collection: str, feature: str, access: Access, *, version: int | None = None) -> Row | None: ...
    def family(self, collection: str, access: Access) -> Iterator[Row]:
        """All rows of a collection in family order (root, then its descendants, parents first), streamed."""
        ...

    def existing(self, collection: str, ids: Sequence[str]) -> set[str]:
        """Which of `ids` are in the current version of a collection."""
        ...

    def shapes(
        self, query: Query, fields: tuple[str, ...], *, smallest: float = 0.0, every: int = 1
    ) -> list[tuple[int, str, bytes, tuple[Scalar, ...]]]:
        """(key, id, ISO WKB 2D or 3D in the storage CRS, values of the declared `fields`) of features whose bounds meet the boxes
        of `query` (there is at least one box), in no order, at most `query.limit`; `query.filter` and `query.interval` hold.

        With `every` above 1 they are thinned: those whose bounds are at least `smallest` (storage units) wide or high, and of the
        others those whose key is a multiple of `every`. Current version only. Raises NotFound, ParameterError.
        """
        ...

    def changed(self, collection: str, since: int, access: Access) -> list[Box] | None:
        """Bounds (storage CRS) of what was added, changed or removed after the dataset version `since`, before and after the
        change; None when they are more than 10,000 or the storage CRS changed. Raises NotFound."""
        ...

    def records(self, query: RecordQuery) -> tuple[int, list[Record]]:
        """The number of matching records and one page of them."""
        ...

    def record_values(self, property: str, access: Access) -> list[tuple[str, int]]:
        """Distinct values of a record property with counts (CSW GetDomain)."""
        ...

    def parties(self) -> list[Party]: ...
    def party(self, id_or_pseudonym: str) -> Party | None: ...
    def keys(self, party: str | None = None) -> list[Key]: ...
    def key(self, digest: bytes) -> Key | None: ...
    def signing_keys(self, party: str | None = None) -> list[SigningKey]: ...
    def signing_key(self, kid: str) -> SigningKey | None: ...
    def attested(self, digest: str) -> set[str]:
        """The datasets that were published with the attestation of this digest."""
        ...

    def submission(self, id: str) -> Submission | None: ...
    def submissions(self, party: str | None = None, *, limit: int = 100) -> list[Submission]: ...
    def effect(self, effect: str) -> Submission | None:
        """The published submission with this effect that is still its dataset's current publication."""
        ...

    def idempotency(self, party: str, key: str) -> tuple[str, str] | None:
        """(digest of the body, submission id) of an Idempotency-Key used in the last 24 h."""
        ...

    def entries(self, after: int = 0, limit: int = 1000) -> list[Entry]: ...


class Readable(Protocol):
    """Something that is read a moment at a time: a store, or a store with cascaded collections among its own."""

    def reading(self) -> AbstractContextManager[Reader]: ...
