"""The embedded store: one GeoPackage in the twin's folder, written through apsw in WAL mode (port `Store`)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import apsw

from gateway.errors import Conflict, NotFound
from gateway.model.access import Access
from gateway.model.dataset import Collection, Dataset
from gateway.model.journal import Audit
from gateway.model.party import Key, Party, SigningKey
from gateway.model.submission import Submission
from gateway.ports import Publication
from gateway.store import audit, bodies, container, heads, journal, parties, records, schema, snapshots, submissions, tables
from gateway.store.connection import Pool, Snapshot, connect, fold_wal, select, sync_folder, transaction, translated
from gateway.store.known import Known
from gateway.store.lease import Lease, take_dead
from gateway.store.publishing import Publishing
from gateway.store.reading import GeoPackageReader
from gateway.store.room import with_room
from gateway.store.staging import ScratchStaging

FILE = "twin.gpkg"
STAGING = "staging"
_FOLDING = 0.5
"""Seconds a writer may take, once its change is durable, to find the moment between two readers in which the log can be folded."""
_PAGE = 16_384
"""Bytes of a page of a new twin: rows of ready features fill it without waste, and a page of features takes few of them."""


class Moment:
    """A reader for the length of a `with`."""

    __slots__ = ("_known", "_snapshot")

    def __init__(self, snapshot: Snapshot, known: Known) -> None:
        self._snapshot = snapshot
        self._known = known

    def __enter__(self) -> GeoPackageReader:
        return GeoPackageReader(self._snapshot.__enter__(), self._known)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._snapshot.__exit__(kind, error, trace)


class GeoPackageStore:
    """The truth of one twin. Any number of processes may open it; one writes at a time, readers see whole versions."""

    waits = False

    def __init__(self, folder: Path, sign: journal.Sign, wait: float) -> None:
        self.folder = folder
        self.path = str(folder / FILE)
        self._sign = sign
        self._wait = wait
        self._pool = Pool(self.path)
        self._known = Known()

    @classmethod
    def create(cls, place: str, settings: Mapping[str, str], sign: journal.Sign) -> GeoPackageStore:
        """A new, empty store in the folder `place`: there whole, or not at all. Raises Conflict where there is one."""
        folder = Path(place)
        target = folder / FILE
        if target.exists():
            raise Conflict(f"there is a twin in {folder} already")
        temporary = folder / f".{secrets.token_hex(4)}.{FILE}"
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            _fill(temporary, settings, sign)
            _name(temporary, target)
        finally:
            for path in folder.glob(f"{temporary.name}*"):
                path.unlink()
        sync_folder(folder)
        return cls.open(place, sign)

    @classmethod
    def open(cls, place: str, sign: journal.Sign, *, wait: float = 10.0) -> GeoPackageStore:
        """Open a store. An older one is migrated after a backup, a newer one refused (IntegrityError), a crash's traces mended."""
        folder = Path(place)
        if not (folder / FILE).is_file():
            raise NotFound(f"there is no twin in {folder}")
        store = cls(folder, sign, wait)
        with store._writing() as connection:
            schema.upgrade(connection)
            heads.catch_up(folder / heads.FILE, partial(journal.heads, connection))
        store.sweep()
        return store

    @classmethod
    def audit(cls, place: str, public_key: bytes | None) -> Audit:
        """Check a twin's journal, under `public_key`, else the one that the twin names; writes nothing."""
        return audit.verify(Path(place), public_key)

    def reading(self) -> Moment:
        """A consistent view of one moment."""
        return Moment(self._pool.snapshot(), self._known)

    def stage(self, collection: Collection) -> ScratchStaging:
        """Room for the coming content of one collection, in a scratch file beside the twin. Raises Busy for a new CRS only."""
        srs = self._srs(collection)
        return ScratchStaging(Lease.take(self.folder / STAGING), collection, srs)

    def publish(self, publication: Publication) -> Submission:
        """Make a publication visible, durably. Its stagings are used up, whatever comes of it. Raises Busy, Conflict, …"""
        try:
            publication = with_room(publication, self.reading, self.stage)
            with self._writing() as connection:
                done = Publishing(connection, publication, self._sign).run()
                self._acknowledge(connection)
                return done
        finally:
            for _, staging in publication.collections:
                staging.abort()

    def refuse(self, submission: Submission, body: Mapping[str, Any]) -> Submission:
        """Keep a refused submission with its journal entry."""
        with self._change() as connection:
            entry = journal.append(connection, "refusal", bodies.refusal(submission, body), self._sign)
            done = replace(submission, state="refused", entry=entry.sequence)
            submissions.put(connection, done)
        return done

    def put_party(self, party: Party, kind: str, body: Mapping[str, Any]) -> None:
        """Add or change a party, with its journal entry. Raises Conflict for an id that another has."""
        with self._change() as connection:
            parties.put_party(connection, party)
            journal.append(connection, kind, body, self._sign)

    def put_key(self, key: Key, kind: str, body: Mapping[str, Any]) -> None:
        """Add or revoke a key, with its journal entry."""
        with self._change() as connection:
            parties.put_key(connection, key)
            journal.append(connection, kind, body, self._sign)

    def put_signing_key(self, key: SigningKey, kind: str, body: Mapping[str, Any]) -> None:
        """Enrol or revoke a signing key, with its journal entry. Raises Conflict for a key that another party has."""
        with self._change() as connection:
            parties.put_signing_key(connection, key)
            journal.append(connection, kind, body, self._sign)

    def snapshot(self, target: Path, access: Access) -> int:
        """Write a plain GeoPackage of what this reader may see; gives the number of features. Replaces `target` at once."""
        with self.reading() as reader:
            collections = reader.collections(access)
        return snapshots.write(self.path, target, [collection.id for collection in collections])

    def verify(self, public_key: bytes) -> Audit:
        """Check every entry, every head and the file of heads against one another; writes nothing."""
        return audit.verify(self.folder, public_key)

    def rebuild_index(self) -> None:
        """Make the catalogue's search index anew."""
        with self.reading() as reader:
            datasets = {dataset.id: dataset for dataset in reader.datasets(Access(everything=True))}
        with self._writing() as connection, transaction(connection, self.path):
            connection.execute("DELETE FROM record_value; DELETE FROM record_search")
            for identifier, number in list(select(connection, "SELECT id, record FROM dataset")):
                records.index(connection, number, _whole(connection, identifier, datasets))

    def sweep(self) -> list[str]:
        """Remove what dead processes left staged; names what went."""
        folder = self.folder / STAGING
        dead = take_dead(folder)
        gone = [lease.token for lease in dead]
        with self._writing() as connection:
            for number, token in list(select(connection, "SELECT number, token FROM staging")):
                if token in gone or not (folder / f"{token}.lock").exists():
                    gone.append(tables.current(number))
                    with transaction(connection, self.path):
                        tables.drop(connection, number)
                        connection.execute("DELETE FROM staging WHERE number = ?", (number,))
        for lease in dead:
            lease.release()
        return gone

    def close(self) -> None:
        """Close all idle connections; the last program to leave folds the log into the file."""
        if not Path(self.path).is_file():
            self._pool.close()
            return
        with self._writing() as connection:
            # Before the readers go: the first to open a file that nobody has open reads the whole log and folds all of it anew.
            self._pool.close()
            fold_wal(connection)

    @contextmanager
    def _writing(self) -> Iterator[apsw.Connection]:
        """A connection of its own for one writer; it waits for its turn at the first transaction."""
        connection = connect(self.path, write=True, wait=self._wait)
        try:
            with translated(self.path):
                yield connection
        finally:
            connection.close()

    @contextmanager
    def _change(self) -> Iterator[apsw.Connection]:
        """One small transaction with its journal entry, acknowledged."""
        with self._writing() as connection:
            with transaction(connection, self.path):
                yield connection
            self._acknowledge(connection)

    def _acknowledge(self, connection: apsw.Connection) -> None:
        """After a commit: the new heads go to the file beside the store."""
        heads.catch_up(self.folder / heads.FILE, partial(journal.heads, connection))
        fold_wal(connection, _FOLDING)

    def _srs(self, collection: Collection) -> int:
        with self._pool.snapshot() as connection:
            found = container.find_srs(connection, collection.crs)
        if found is not None:
            return found
        with self._writing() as connection, transaction(connection, self.path):
            return container.srs_of(connection, collection.crs)


def _fill(path: Path, settings: Mapping[str, str], sign: journal.Sign) -> None:
    connection = connect(str(path), write=True, create=True)
    try:
        connection.execute(f"PRAGMA page_size = {_PAGE}; PRAGMA journal_mode = WAL")
        with transaction(connection, str(path)):
            container.prepare(connection)
            schema.create(connection)
            connection.executemany("INSERT INTO setting VALUES (?, ?)", sorted(settings.items()))
            journal.append(connection, "twin.created", dict(settings), sign)
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    finally:
        connection.close()


def _name(temporary: Path, target: Path) -> None:
    """Give a new store its name, never over another."""
    try:
        os.link(temporary, target)
    except FileExistsError as error:
        raise Conflict(f"there is a twin in {target.parent} already") from error
    except OSError:
        # A file system without hard links: the check made before must do.
        temporary.rename(target)


def _whole(connection: apsw.Connection, identifier: str, datasets: Mapping[str, Dataset]) -> Dataset:
    found = datasets.get(identifier)
    if found is not None:
        return found
    reader = GeoPackageReader(connection, Known())
    dataset = reader.dataset(identifier, Access(everything=True))
    if dataset is None:
        raise NotFound(f"there is no dataset {identifier}")
    return dataset
