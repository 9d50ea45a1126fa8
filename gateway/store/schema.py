"""The store's own tables beside the GeoPackage's, their version, and how an older file is brought up to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import apsw

from gateway.errors import IntegrityError
from gateway.store import tables
from gateway.store.connection import now, sync_folder, transaction

VERSION = 3
"""The version of the tables below; raised with a step in `STEPS` for each change."""

_SIGNING = """
CREATE TABLE signing_key (
  kid TEXT PRIMARY KEY, party TEXT NOT NULL, public BLOB NOT NULL, created TEXT NOT NULL, since TEXT NOT NULL, until TEXT,
  revoked TEXT);
"""
_ATTESTED = "CREATE INDEX submission_attestation ON submission (attestation) WHERE attestation IS NOT NULL;\n"


def _with_attestations(connection: apsw.Connection) -> None:
    """Version 2: signing keys, and the attestation a submission came with."""
    connection.execute(_SIGNING)
    connection.execute("ALTER TABLE submission ADD COLUMN attestation TEXT")
    connection.execute(_ATTESTED)


def _with_history_boxes(connection: apsw.Connection) -> None:
    """Version 3: an R-tree over the earlier rows of each collection."""
    for row in connection.execute("SELECT number FROM collection").fetchall():
        number = int(str(row[0]))
        connection.execute(f"DROP TABLE IF EXISTS {tables.history_boxes(number)}")
        tables.add_history_boxes(connection, number)
        tables.fill_history_boxes(connection, number, 0)


STEPS: Mapping[int, Callable[[apsw.Connection], None]] = {1: _with_attestations, 2: _with_history_boxes}
"""From version n to n + 1, inside one transaction."""

TABLES = (
    """
CREATE TABLE gateway_schema (version INTEGER NOT NULL);
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE party (
  pseudonym TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, roles TEXT NOT NULL, charter TEXT,
  charter_version TEXT, since TEXT NOT NULL, ended TEXT, delegates TEXT NOT NULL);
CREATE TABLE key (
  kid TEXT PRIMARY KEY, party TEXT NOT NULL, digest BLOB NOT NULL UNIQUE, created TEXT NOT NULL, expires TEXT, revoked TEXT);
CREATE TABLE dataset (
  id TEXT PRIMARY KEY, owner TEXT NOT NULL, owner_name TEXT, level TEXT NOT NULL, licence TEXT, branch TEXT NOT NULL,
  version INTEGER NOT NULL, updated TEXT NOT NULL, record INTEGER NOT NULL, source_format TEXT, graph TEXT NOT NULL);
CREATE TABLE dataset_version (
  dataset TEXT NOT NULL, branch TEXT NOT NULL, version INTEGER NOT NULL, published TEXT NOT NULL, record INTEGER NOT NULL,
  level TEXT NOT NULL, licence TEXT, owner TEXT NOT NULL, submission TEXT NOT NULL, entry INTEGER NOT NULL,
  PRIMARY KEY (dataset, branch, version));
CREATE TABLE collection (
  id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, dataset TEXT NOT NULL, columns TEXT NOT NULL, first INTEGER NOT NULL,
  current INTEGER);
CREATE INDEX collection_dataset ON collection (dataset);
CREATE TABLE collection_version (
  id INTEGER PRIMARY KEY, collection TEXT NOT NULL, branch TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER,
  features INTEGER NOT NULL, facts TEXT NOT NULL);
CREATE INDEX collection_version_of ON collection_version (collection, since);
CREATE TABLE record (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL, dataset TEXT NOT NULL, document TEXT NOT NULL, source BLOB,
  west REAL, south REAL, east REAL, north REAL);
CREATE INDEX record_id ON record (id);
CREATE TABLE record_value (
  record INTEGER NOT NULL, property TEXT NOT NULL, position INTEGER NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (record, property, position));
CREATE INDEX record_value_property ON record_value (property, value);
CREATE VIRTUAL TABLE record_search USING fts5 (words, tokenize = "unicode61 remove_diacritics 2");
CREATE TABLE submission (
  id TEXT PRIMARY KEY, party TEXT NOT NULL, dataset TEXT NOT NULL, state TEXT NOT NULL, effect TEXT NOT NULL,
  created TEXT NOT NULL, version INTEGER, entry INTEGER NOT NULL, document TEXT NOT NULL, attestation TEXT);
CREATE INDEX submission_effect ON submission (effect);
CREATE INDEX submission_party ON submission (party, entry);
CREATE TABLE idempotency (
  party TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, submission TEXT NOT NULL, created TEXT NOT NULL,
  PRIMARY KEY (party, key));
CREATE TABLE staging (number INTEGER PRIMARY KEY AUTOINCREMENT, token TEXT NOT NULL);
CREATE TABLE journal (
  sequence INTEGER PRIMARY KEY, time TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, salt BLOB NOT NULL,
  body_hash BLOB NOT NULL, previous BLOB NOT NULL, hash BLOB NOT NULL);
CREATE TABLE journal_checkpoint (
  size INTEGER PRIMARY KEY, root BLOB NOT NULL, time TEXT NOT NULL, signature BLOB NOT NULL);
CREATE TABLE journal_peaks (size INTEGER NOT NULL, peaks BLOB NOT NULL);
CREATE TRIGGER journal_replace BEFORE INSERT ON journal WHEN EXISTS (SELECT 1 FROM journal WHERE sequence = NEW.sequence)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_checkpoint_replace BEFORE INSERT ON journal_checkpoint
WHEN EXISTS (SELECT 1 FROM journal_checkpoint WHERE size = NEW.size)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_update BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_delete BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_checkpoint_update BEFORE UPDATE ON journal_checkpoint
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_checkpoint_delete BEFORE DELETE ON journal_checkpoint
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
"""
    + _SIGNING
    + _ATTESTED
)


def create(connection: apsw.Connection) -> None:
    """Make the store's tables in a new file."""
    connection.execute(TABLES)
    connection.execute("INSERT INTO gateway_schema VALUES (?)", (VERSION,))
    connection.execute("INSERT INTO journal_peaks VALUES (0, x'')")


def version_of(connection: apsw.Connection) -> int:
    """The version of the file's tables. Raises IntegrityError for a file that is no twin."""
    there = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'gateway_schema'").fetchone()
    row = connection.execute("SELECT version FROM gateway_schema").fetchone() if there else None
    if row is None:
        raise IntegrityError("the file is not a twin's store", place=connection.filename)
    return int(row[0])


def upgrade(
    connection: apsw.Connection,
    steps: Mapping[int, Callable[[apsw.Connection], None]] = STEPS,
    target: int = VERSION,
) -> Path | None:
    """Bring an older file to `target` after a backup beside it, whose path is given; refuses a newer one (IntegrityError)."""
    found = version_of(connection)
    if found > target:
        raise IntegrityError(
            f"the twin has schema version {found}, this program knows {target}",
            place=connection.filename,
            cure="install a newer twin-gateway",
        )
    if found == target:
        return None
    backup = back_up(connection, f"v{found}")
    with transaction(connection, connection.filename):
        for step in range(version_of(connection), target):
            steps[step](connection)
            connection.execute("UPDATE gateway_schema SET version = ?", (step + 1,))
    return backup


def back_up(connection: apsw.Connection, label: str) -> Path:
    """A whole copy of the file beside it, mode 0600, made while others may read and write."""
    source = Path(connection.filename)
    target = source.with_name(f"{source.stem}.{label}.{now().replace(':', '')}.gpkg")
    target.touch(mode=0o600, exist_ok=False)
    copy = apsw.Connection(str(target))
    try:
        with copy.backup("main", connection, "main") as backup:
            while not backup.done:
                backup.step(10_000)
        copy.execute("PRAGMA journal_mode = DELETE")
    finally:
        copy.close()
    sync_folder(target.parent)
    return target
