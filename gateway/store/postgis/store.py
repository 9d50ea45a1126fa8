"""The port `Store` over one schema of a PostgreSQL database with PostGIS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg import errors, sql

from gateway.errors import Conflict, NotFound, UsageError
from gateway.model.access import EVERYTHING, Access
from gateway.model.dataset import Collection
from gateway.model.journal import Audit
from gateway.model.party import Key, Party, SigningKey
from gateway.model.submission import Submission
from gateway.ports import Publication
from gateway.settings import load as load_settings
from gateway.store import bodies, choice, heads
from gateway.store.journal import Sign
from gateway.store.postgis import audit, hall, journal, parties, records, schema, snapshots, submissions
from gateway.store.postgis.connection import READ_SECONDS, Pool, Server, connect, is_cut, translated
from gateway.store.postgis.hall import Hall
from gateway.store.postgis.known import Known
from gateway.store.postgis.publishing import Publishing, turn
from gateway.store.postgis.reading import PostgisReader
from gateway.store.postgis.schema import Connection
from gateway.store.postgis.staging import PostgisStaging
from gateway.store.room import with_room


class PostgisStore:
    """The truth of one twin. Any number of processes on any number of machines may open it; one writes at a time, readers see
    whole versions. The folder holds its address and its file of signed heads."""

    waits = True

    def __init__(self, folder: Path, server: Server, sign: Sign, wait: float) -> None:
        self.folder = folder
        self.path = server.name
        self._server = server
        self._sign = sign
        self._wait = wait
        self._readers = Pool(server, seconds=READ_SECONDS)
        self._writers = Pool(server, seconds=0.0)
        self._hall = Hall(server)
        self._known = Known()

    @classmethod
    def create(cls, place: str, settings: Mapping[str, str], sign: Sign) -> PostgisStore:
        """A new, empty store at the address that the folder `place` names; where a twin of the same journal key is, that one.

        Raises Conflict where another twin or something else is in the schema.
        """
        server = server_of(Path(place))
        connection = connect(server)
        try:
            with translated(server.name):
                _extend(connection)
                _make(connection, server.schema, settings, sign)
        finally:
            connection.close()
        return cls.open(place, sign)

    @classmethod
    def open(cls, place: str, sign: Sign, *, wait: float = 10.0) -> PostgisStore:
        """Open a store. An older one is migrated, a newer one refused (IntegrityError), a crash's traces mended."""
        server = server_of(Path(place))
        store = cls(Path(place), server, sign, wait)
        with store._writing() as connection:
            if schema.version_of(connection) is None:
                raise NotFound(f"there is no twin in {server.name}", cure=f"gateway init DIR --store {server.name}")
            if not schema.is_up_to_date(connection):
                with turn(connection, wait):
                    schema.upgrade(connection)
                    schema.put_functions(connection)
            heads.catch_up(store.folder / heads.FILE, partial(journal.heads, connection))
        store.sweep()
        return store

    @classmethod
    def audit(cls, place: str, public_key: bytes | None) -> Audit:
        """Check a twin's journal, under `public_key`, else the one that the twin names; writes nothing."""
        return audit.verify(Path(place), server_of(Path(place)), public_key)

    @contextmanager
    def reading(self) -> Iterator[PostgisReader]:
        """A consistent view of one moment. Raises Busy when the database is away."""
        connection, reader = self._begin()
        try:
            with translated(self.path):
                yield reader
        finally:
            self._end(connection, reader)

    def stage(self, collection: Collection) -> PostgisStaging:
        """Room for the coming content of one collection; the server is asked only once it is more than a few rows."""
        return PostgisStaging(self._hall, collection)

    def publish(self, publication: Publication) -> Submission:
        """Make a publication visible, durably. Its stagings are used up, whatever comes of it. Raises Busy, Conflict, …"""
        try:
            publication = with_room(publication, self.reading, self.stage)
            with self._writing() as connection:
                done = Publishing(connection, publication, self._sign, self._wait).run()
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
            return snapshots.write(reader, access, target)

    def verify(self, public_key: bytes) -> Audit:
        """Check every entry, every head and the file of heads against one another; writes nothing."""
        return audit.verify(self.folder, self._server, public_key)

    def rebuild_index(self) -> None:
        """Make the catalogue's search index anew."""
        with self.reading() as reader:
            datasets = {dataset.id: dataset for dataset in reader.datasets(EVERYTHING)}
        with self._writing() as connection, turn(connection, self._wait):
            connection.execute("DELETE FROM record_value")
            connection.execute("DELETE FROM record_search")
            for number, name in connection.execute("SELECT record, id FROM dataset").fetchall():
                dataset = datasets.get(name) or self._whole(connection, name)
                records.index(connection, number, dataset)

    def sweep(self) -> list[str]:
        """Remove what dead sessions left staged; names what went."""
        with self._writing() as connection:
            return hall.sweep(connection)

    def close(self) -> None:
        """Close all idle connections."""
        self._hall.close()
        self._readers.close()
        self._writers.close()

    def _begin(self) -> tuple[Connection, PostgisReader]:
        """A connection with its moment open; one that turns out to be cut is replaced once."""
        connection = self._readers.take()
        try:
            return connection, PostgisReader.begin(connection, self._known)
        except psycopg.Error as error:
            connection.close()
            if not is_cut(error):
                raise
        connection = connect(self._server, seconds=READ_SECONDS)
        try:
            with translated(self.path):
                return connection, PostgisReader.begin(connection, self._known)
        except BaseException:
            connection.close()
            raise

    def _end(self, connection: Connection, reader: PostgisReader) -> None:
        try:
            reader.close()
        except psycopg.Error:
            # The question's own error, or the reader's answer, is what counts; the connection is of no use any more.
            connection.close()
            return
        self._readers.give(connection)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A connection of its own for one writer; it waits for its turn at the first transaction."""
        with self._writers.connection() as connection:
            yield connection

    @contextmanager
    def _change(self) -> Iterator[Connection]:
        """One small transaction with its journal entry, acknowledged."""
        with self._writing() as connection:
            with turn(connection, self._wait):
                yield connection
            self._acknowledge(connection)

    def _acknowledge(self, connection: Connection) -> None:
        """After a commit: the new heads go to the file in the folder."""
        heads.catch_up(self.folder / heads.FILE, partial(journal.heads, connection))

    def _whole(self, connection: Connection, name: str) -> Any:
        with self.reading() as reader:
            dataset = reader.dataset(name, EVERYTHING)
        if dataset is None:
            raise NotFound(f"there is no dataset {name}")
        return dataset


def server_of(folder: Path) -> Server:
    """The server that a twin's folder names. Raises NotFound where it names none."""
    chosen = choice.read(folder)
    if chosen.address is None:
        raise NotFound(f"{folder / choice.FILE} names no address of a database", cure="gateway init DIR --store ADDRESS")
    return Server.at(chosen.address, load_settings().store_password)


def _extend(connection: Connection) -> None:
    """See that the database has PostGIS and keeps text as UTF-8."""
    row = connection.execute("SELECT current_setting('server_encoding')").fetchone()
    if row is None or row[0] != "UTF8":
        raise UsageError("the database does not keep text as UTF-8", cure="createdb --encoding=UTF8 --template=template0")
    if connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'postgis'").fetchone() is None:
        try:
            connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
        except (errors.InsufficientPrivilege, errors.UndefinedFile, errors.FeatureNotSupported) as error:
            raise UsageError("the database has no PostGIS", cure="CREATE EXTENSION postgis, as its owner") from error


def _make(connection: Connection, name: str, settings: Mapping[str, str], sign: Sign) -> None:
    """Make the twin's schema with everything in it, or nothing; where this twin is there already, nothing is changed."""
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"twin-gateway {name}",))
        there = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (name,)).fetchone()
        if there is None:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        elif schema.version_of(connection) is not None:
            row = connection.execute("SELECT value FROM setting WHERE name = 'public_key'").fetchone()
            if row is None or row[0] != settings.get("public_key"):
                raise Conflict(
                    f"there is a twin in the schema {name} already",
                    cure="name another with ?schema=, or give that twin's own key with GATEWAY_JOURNAL_KEY to join it",
                )
            return
        elif connection.execute("SELECT 1 FROM pg_class WHERE relnamespace = %s::regnamespace", (name,)).fetchone():
            raise Conflict(f"the schema {name} holds something else", cure="name another with ?schema=")
        schema.create(connection)
        schema.put_functions(connection)
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO setting VALUES (%s, %s)", sorted(settings.items()))
        journal.append(connection, "twin.created", dict(settings), sign)
