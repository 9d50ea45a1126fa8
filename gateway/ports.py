"""The Protocols between the services and everything they use: adapters, checks, the store, blobs, projections.

A service is handed objects that keep these contracts; it never imports the modules that fulfil them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from gateway.model.access import Access
from gateway.model.crs import Crs
from gateway.model.dataset import Box, Collection, Dataset, Version
from gateway.model.feature import Feature, Layer, Scalar
from gateway.model.finding import Finding, Verdict
from gateway.model.job import Job, JobQuery, Shares
from gateway.model.journal import Audit, Entry
from gateway.model.party import Key, Party, SigningKey
from gateway.model.process import Description, Value
from gateway.model.query import Query, RecordQuery
from gateway.model.record import Record
from gateway.model.report import Report
from gateway.model.row import Page, Row
from gateway.model.submission import Request, Submission

# --- formats ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read a file: `crs` fills a missing CRS and never overrides one; `id_field` names the property that holds ids.
    `name` is the file's name as its sender gave it (an upload is spooled under another), where the file names no collection."""

    crs: Crs | None = None
    id_field: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says before its features. `crs` is None where the file has none; `record` is metadata the file carries.
    `ids` says where ids come from: ``source`` (the file's own), ``field``, or ``order`` (numbers in file order, not permanent)."""

    format: str
    version: str | None = None
    crs: Crs | None = None
    title: str | None = None
    description: str | None = None
    layers: tuple[Layer, ...] = ()
    ids: str = "source"
    record: Record | None = None


class Reading(Protocol):
    """An open file: its header, then its features once, as a stream; `report` fills as they pass. Close it, or use `with`.

    `problems` collects what is wrong but does not stop the reading (an unclosed ring, a dangling xlink): findings of rule
    ``source`` with severity warn, place and object set; at most 100 kept, all counted in `report`."""

    header: Header
    report: Report
    problems: list[Finding]

    def __iter__(self) -> Iterator[Feature]: ...
    def close(self) -> None: ...
    def __enter__(self) -> Reading: ...
    def __exit__(self, *exc: object) -> None: ...


@dataclass(frozen=True, slots=True)
class Output:
    """How to write: the CRS of the coordinates that will come, a title, the layers where known, and the format's version.
    `schema` is where the layer's schema is served, `members` what a JSON document says besides; `single` is a lone feature."""

    crs: Crs | None
    title: str | None = None
    layers: tuple[Layer, ...] = ()
    version: str | None = None
    box: tuple[float, float, float, float] | None = None
    schema: str | None = None
    members: Mapping[str, Any] = field(default_factory=dict)
    single: bool = False


class Adapter(Protocol):
    """One format. `name` is the word of ``--to`` and of reports; `suffixes` are tried longest first, in lower case."""

    name: str
    title: str
    media_type: str
    suffixes: tuple[str, ...]
    reads: bool
    writes: bool

    def sniff(self, head: bytes, name: str) -> bool:
        """Whether the first 64 KiB of a file are this format. Decided by the bytes; `name` may only break a tie."""
        ...

    def open(self, path: Path, options: ReadOptions) -> Reading:
        """Open a file of this format. Raises Unreadable, naming the place."""
        ...

    def write(self, features: Iterable[Feature], sink: BinaryIO, output: Output, report: Report) -> None:
        """Write a stream of features in family order to `sink` in constant memory; what does not fit goes to `report`."""
        ...


# --- the charter's checks --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Subject:
    """What a check may look at: the submission, its submitter, what is there already, and what the features added up to.

    `header`, `record` and `totals` are final when `Check.finish` is called. `previous_ids` answers whether an id stood in the
    previous version of a collection. `crs` is the CRS in force: the file's, else the submission's.
    """

    event: str
    party: Party | None
    dataset: str
    header: Header | None
    crs: Crs | None
    record: Record | None
    level: str | None
    licence: str | None
    current: Dataset | None
    charter: Any
    problems: Sequence[Finding] = ()
    features: int = 0
    collections: Mapping[str, int] = field(default_factory=dict)
    previous_ids: Callable[[str, Sequence[str]], set[str]] | None = None
    properties: Mapping[str, set[str]] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)


class Check(Protocol):
    """One kind of check of a charter, made anew for each rule and each submission.

    The class has `type` (``geom.crs``), `parameters` (name -> (kind, required); kinds in `gateway.charter.parameters`), a class
    method `problems(parameters)` for what kinds cannot say, and `needs` (what must be there for it to be asked: ``party``,
    ``features``, ``crs``); `gateway.charter.check.QuietCheck` is a base. It is called with the rule. Findings carry what was
    found and expected; the engine adds rule id, article, severity and the texts, and takes `position` into CRS84.
    `subject.extra["box"]` and `["valid"]` speak of the feature that passes: its bounds in its own CRS, and whether its plain
    geometry is valid.
    """

    type: str
    needs: frozenset[str]

    def start(self, subject: Subject) -> Iterable[Finding]:
        """Look at the submission before its features."""
        ...

    def feature(self, feature: Feature, subject: Subject) -> Iterable[Finding]:
        """Look at one feature as it passes, in the file's CRS and visualisation order."""
        ...

    def finish(self, subject: Subject) -> Iterable[Finding]:
        """Look at the whole after the last feature."""
        ...


# --- the store -------------------------------------------------------------------------------------------------------


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


# --- projections -----------------------------------------------------------------------------------------------------


class Projection(Protocol):
    """Something made from the truth and brought up to date from the journal; it can be thrown away and made anew."""

    name: str

    def cursor(self) -> int:
        """The journal sequence it stands at."""
        ...

    def apply(self, reader: Reader, entries: Sequence[Entry]) -> None:
        """Take in what these entries changed, then move the cursor, all or nothing."""
        ...

    def rebuild(self, reader: Reader) -> None:
        """Make the whole anew from what the reader sees now."""
        ...


# --- processes and jobs ----------------------------------------------------------------------------------------------


class Work(Protocol):
    """What a process may use while it runs, under the rights of whoever started the job."""

    folder: Path
    """A folder of its own for files; what its outputs name must lie there."""

    def progress(self, percent: float, message: str | None = None) -> None:
        """Say how far the work is."""
        ...

    def pause(self, seconds: float) -> None:
        """Do nothing for a while."""
        ...

    def file(self, value: Value, name: str) -> Path:
        """A value as a file: its bytes, or its JSON written down under `name`."""
        ...

    def convert(
        self, source: Path, target: Path, *, to: str, crs: str | None, assume_crs: str | None, id_field: str | None
    ) -> Report:
        """Convert a file."""
        ...

    def export(self, collection: str, target: Path, *, to: str, crs: str | None) -> Report:
        """Write a collection of the twin to a file. Raises NotFound where the job's owner may not read it."""
        ...

    def check(self, charter: str | None, request: Request) -> Verdict:
        """The verdict of a charter (None: the twin's own, as for the job's owner) on a file; nothing is kept."""
        ...


class Process(Protocol):
    """One process: its description, from which doors and checks are made, and the work itself."""

    description: Description

    def run(self, inputs: Mapping[str, list[Value]], work: Work) -> Mapping[str, Value]:
        """Do the work on inputs that were checked against the description; gives the outputs there are."""
        ...


class Jobs(Protocol):
    """The jobs of a twin, durable: each change is on the disk when it returns."""

    folder: Path
    """Where each job has a folder, named by its id."""

    def add(self, job: Job, shares: Shares) -> Job:
        """Accept a job, or give the one accepted before under the same Idempotency-Key.
        Raises TooMany above the caller's share, Busy when the queue is full, IdempotencyConflict."""
        ...

    def get(self, id: str) -> Job | None: ...
    def select(self, query: JobQuery) -> tuple[int, list[Job]]:
        """How many jobs match, and one page of them, newest first."""
        ...

    def waiting(self, limit: int) -> list[str]:
        """Accepted jobs in the order of their turn: callers with fewest running first, then the oldest."""
        ...

    def unfinished(self) -> list[str]: ...
    def begin(self, id: str) -> bool:
        """Mark a job running; False when it has ended or was dismissed."""
        ...

    def note(self, id: str, progress: int, message: str | None) -> None:
        """Keep the progress of a running job."""
        ...

    def end(self, id: str, problem: Mapping[str, Any] | None, message: str | None = None) -> bool:
        """End an unfinished job: failed with a problem, else successful. A second ending is refused: False."""
        ...

    def dismiss(self, id: str) -> bool:
        """Dismiss a job; False when it was dismissed before."""
        ...

    def expire(self, strangers: int, owners: int) -> list[str]:
        """Forget finished jobs that ended before these times (ms), by whether they have an owner; names them."""
        ...

    def close(self) -> None: ...
