"""What keeps the truth: publications, parties, keys and the journal; and where blobs lie."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from gateway.model.access import Access
from gateway.model.dataset import Collection, Dataset
from gateway.model.journal import Audit
from gateway.model.party import Key, Party, SigningKey
from gateway.model.row import Row
from gateway.model.submission import Submission
from gateway.ports.reading import Reader


class Staging(Protocol):
    """The coming content of one collection, laid down apart; invisible until published. Abort it, or hand it to `publish`."""

    collection: str

    def add(self, rows: Iterable[Row]) -> None:
        """Lay down rows in order; columns are discovered from `Row.properties` (at most 200; `dropped_columns` names the rest).
        Raises Conflict for an id that came before."""
        ...

    dropped_columns: list[str]

    def abort(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Publication:
    """One new version of one dataset, ready to become visible: everything in it happens in one transaction, or nothing.

    `collections` pairs each staging with what is known of its collection (the store fills features, boxes, interval, version).
    `removals` are collections to take away. `submission` is stored with the version and entry filled in. `allow_removal`:
    otherwise taking away a collection or more than 20 % of one's features raises Conflict.
    `deletions` (mode delta) are ids to take away, by collection, staged or not: they were named, so the 20 % do not bind them;
    an id that is not there, or that is staged as well, raises Conflict. `expected` says what must stand when the writer's turn
    has come: the digest of the feature (collection, id), or None where there must be none; else PreconditionFailed.
    """

    dataset: Dataset
    collections: Sequence[tuple[Collection, Staging]]
    submission: Submission
    body: Mapping[str, Any]
    mode: str = "replace"
    removals: Sequence[str] = ()
    allow_removal: bool = False
    idempotency: tuple[str, str, str] | None = None
    """(party, key, digest of the body)"""
    deletions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    expected: Mapping[tuple[str, str], bytes | None] = field(default_factory=dict)


class Store(Protocol):
    """The truth: features, records, parties, submissions and the journal, behind one contract for every kind of store."""

    path: str
    waits: bool
    """Whether a read waits for a server, so that it belongs in a thread."""

    @classmethod
    def create(cls, place: str, settings: Mapping[str, str], sign: Callable[[bytes], bytes]) -> Store:
        """A new, empty store at `place` (folder or address). Raises Conflict where there is one."""
        ...

    @classmethod
    def open(cls, place: str, sign: Callable[[bytes], bytes], *, wait: float = 10.0) -> Store:
        """Open a store; migrates an older one after a backup, refuses a newer one (IntegrityError), heals after a crash."""
        ...

    @classmethod
    def audit(cls, place: str, public_key: bytes | None) -> Audit:
        """`verify` for an auditor, who need not be able to write: under `public_key`, else the one that the twin names."""
        ...

    def reading(self) -> AbstractContextManager[Reader]: ...
    def stage(self, collection: Collection) -> Staging: ...

    def publish(self, publication: Publication) -> Submission:
        """Make a publication visible, with its journal entry, durably. Raises Busy, Conflict, IdNotAvailable,
        PreconditionFailed."""
        ...

    def refuse(self, submission: Submission, body: Mapping[str, Any]) -> Submission:
        """Keep a refused submission with its journal entry."""
        ...

    def put_party(self, party: Party, kind: str, body: Mapping[str, Any]) -> None:
        """Add or change a party, with a journal entry of `kind` (``party.added``, ``party.ended``)."""
        ...

    def put_key(self, key: Key, kind: str, body: Mapping[str, Any]) -> None:
        """Add or revoke a key, with a journal entry of `kind` (``key.issued``, ``key.revoked``)."""
        ...

    def put_signing_key(self, key: SigningKey, kind: str, body: Mapping[str, Any]) -> None:
        """Enrol or revoke a signing key, with a journal entry of `kind` (``signing-key.enrolled``, ``signing-key.revoked``)."""
        ...

    def snapshot(self, target: Path, access: Access) -> int:
        """Write a plain GeoPackage of what this reader may see; gives the number of features."""
        ...

    def verify(self, public_key: bytes) -> Audit:
        """Check every entry, every head and the file of heads against one another; writes nothing."""
        ...

    def rebuild_index(self) -> None:
        """Make the catalogue's search index anew."""
        ...

    def sweep(self) -> list[str]:
        """Remove what a crash left staged; names what went."""
        ...

    def close(self) -> None: ...


class Blobs(Protocol):
    """Content-addressed bytes: the name is the SHA-256 in hex."""

    def put(self, path: Path) -> str:
        """Keep a file durably; gives its digest. Keeping the same bytes again costs nothing."""
        ...

    def read(self, digest: str) -> Iterator[bytes]: ...
    def has(self, digest: str) -> bool: ...
    def remove(self, digest: str) -> None: ...
