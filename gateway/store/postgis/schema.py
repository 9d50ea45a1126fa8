"""The tables of a twin in PostgreSQL, in a schema of their own; their version, and how older ones are brought up to it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg

from gateway.errors import IntegrityError
from gateway.geo import crs as systems
from gateway.model.crs import Crs
from gateway.store.columns import Column
from gateway.store.container import quoted
from gateway.store.postgis import functions

type Connection = psycopg.Connection[tuple[Any, ...]]

VERSION = 1
"""The version of the tables below; raised with a step in `STEPS` for each change."""

STEPS: Mapping[int, Callable[[Connection], None]] = {}
"""From version n to n + 1, inside one transaction."""

TYPES: Mapping[str, str] = {
    "boolean": "boolean",
    "integer": "bigint",
    "number": "double precision",
    "string": 'text COLLATE "C"',
    "array": "jsonb",
}
"""What a declared column is in SQL, by the type of its field. Text is compared byte by byte, whatever the database's own order."""

_TEXT = 'text COLLATE "C"'

TABLES = f"""
CREATE TABLE gateway_schema (version integer NOT NULL);
CREATE TABLE setting (name {_TEXT} PRIMARY KEY, value text NOT NULL);
CREATE TABLE party (
  pseudonym {_TEXT} PRIMARY KEY, id {_TEXT} NOT NULL UNIQUE, name text NOT NULL, roles text NOT NULL, charter text,
  charter_version text, since text NOT NULL, ended text, delegates text NOT NULL);
CREATE TABLE key (
  kid {_TEXT} PRIMARY KEY, party {_TEXT} NOT NULL, digest bytea NOT NULL UNIQUE, created {_TEXT} NOT NULL, expires text,
  revoked text);
CREATE TABLE signing_key (
  kid {_TEXT} PRIMARY KEY, party {_TEXT} NOT NULL, public bytea NOT NULL, created {_TEXT} NOT NULL, since text NOT NULL,
  until text, revoked text);
CREATE TABLE dataset (
  id {_TEXT} PRIMARY KEY, owner {_TEXT} NOT NULL, owner_name text, level {_TEXT} NOT NULL, licence text, branch text NOT NULL,
  version bigint NOT NULL, updated text NOT NULL, record bigint NOT NULL, source_format text, graph text NOT NULL);
CREATE TABLE dataset_version (
  dataset {_TEXT} NOT NULL, branch {_TEXT} NOT NULL, version bigint NOT NULL, published {_TEXT} NOT NULL, record bigint NOT NULL,
  level text NOT NULL, licence text, owner text NOT NULL, submission text NOT NULL, entry bigint NOT NULL,
  PRIMARY KEY (dataset, branch, version));
CREATE TABLE collection (
  id {_TEXT} PRIMARY KEY, number bigint NOT NULL UNIQUE, dataset {_TEXT} NOT NULL, columns text NOT NULL, first bigint NOT NULL,
  current bigint);
CREATE INDEX collection_dataset ON collection (dataset);
CREATE TABLE collection_version (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, collection {_TEXT} NOT NULL, branch text NOT NULL, since bigint NOT NULL,
  until bigint, features bigint NOT NULL, facts text NOT NULL);
CREATE INDEX collection_version_of ON collection_version (collection, since);
CREATE TABLE record (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id {_TEXT} NOT NULL, dataset {_TEXT} NOT NULL, document text NOT NULL,
  source bytea, west double precision, south double precision, east double precision, north double precision);
CREATE INDEX record_id ON record (id);
CREATE TABLE record_value (
  record bigint NOT NULL, property {_TEXT} NOT NULL, position bigint NOT NULL, value {_TEXT} NOT NULL,
  PRIMARY KEY (record, property, position));
CREATE INDEX record_value_property ON record_value (property, left(value, 200));
CREATE TABLE record_search (record bigint PRIMARY KEY, words {_TEXT} NOT NULL);
CREATE TABLE submission (
  id {_TEXT} PRIMARY KEY, party {_TEXT} NOT NULL, dataset {_TEXT} NOT NULL, state text NOT NULL, effect {_TEXT} NOT NULL,
  created text NOT NULL, version bigint, entry bigint NOT NULL, document text NOT NULL, attestation {_TEXT});
CREATE INDEX submission_effect ON submission (effect);
CREATE INDEX submission_party ON submission (party, entry);
CREATE INDEX submission_entry ON submission (entry);
CREATE INDEX submission_attestation ON submission (attestation) WHERE attestation IS NOT NULL;
CREATE TABLE idempotency (
  party {_TEXT} NOT NULL, key {_TEXT} NOT NULL, digest text NOT NULL, submission text NOT NULL, created {_TEXT} NOT NULL,
  PRIMARY KEY (party, key));
CREATE TABLE staging (number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
CREATE TABLE journal (
  sequence bigint PRIMARY KEY, time text NOT NULL, kind text NOT NULL, body text NOT NULL, salt bytea NOT NULL,
  body_hash bytea NOT NULL, previous bytea NOT NULL, hash bytea NOT NULL);
CREATE TABLE journal_checkpoint (size bigint PRIMARY KEY, root bytea NOT NULL, time text NOT NULL, signature bytea NOT NULL);
CREATE TABLE journal_peaks (size bigint NOT NULL, peaks bytea NOT NULL);
CREATE FUNCTION journal_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$;
CREATE TRIGGER journal_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
  FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();
CREATE TRIGGER journal_checkpoint_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_checkpoint
  FOR EACH STATEMENT EXECUTE FUNCTION journal_is_append_only();
"""

MEMBERS = "geom, gw_id, gw_digest, gw_since, gw_type, gw_parent, gw_from, gw_to, gw_validity, gw_ready, gw_document"
"""The members of a row that the tables of what stands and of what stood both have, in this order."""

_FEATURES = """
CREATE TABLE {table} (
  {key}, geom geometry, gw_id {text} NOT NULL, gw_digest bytea NOT NULL, gw_since bigint NOT NULL, {extra}gw_type {text} NOT NULL,
  gw_parent {text}, gw_from {text}, gw_to {text}, gw_validity text{columns}, gw_ready text NOT NULL, gw_document bytea)
WITH (toast_tuple_target = 8160);
ALTER TABLE {table} ALTER COLUMN gw_ready SET STORAGE EXTERNAL;
"""


def current(number: int) -> str:
    """The table of the rows that stand."""
    return f"current_{number}"


def history(number: int) -> str:
    """The table of the rows that were replaced or removed."""
    return f"history_{number}"


def feature_tables(number: int, columns: list[Column]) -> str:
    """DDL of both tables of a collection, without indexes. Ready bytes are not compressed, since they are served as they are."""
    declared = "".join(f", {quoted(column.name)} {TYPES[column.type]}" for column in columns)
    now = _FEATURES.format(table=current(number), key="fid bigint PRIMARY KEY", text=_TEXT, extra="", columns=declared)
    then = _FEATURES.format(
        table=history(number), key="fid bigint NOT NULL", text=_TEXT, extra="gw_until bigint NOT NULL, ", columns=declared
    )
    return now + then


def srid_of(crs: Crs) -> int:
    """The SRID that geometries of a storage CRS carry: the EPSG number of its horizontal part (CRS84: 4326), else 0.

    Coordinates are in visualisation order whatever the number says, as everywhere in PostGIS.
    """
    return systems.epsg_number(Crs(crs.horizontal)) or 0 if crs.is_known else 0


def create(connection: Connection) -> None:
    """Make the twin's own tables in the schema that comes first in the search path."""
    connection.execute(TABLES)
    connection.execute("INSERT INTO gateway_schema VALUES (%s)", (VERSION,))
    connection.execute("INSERT INTO journal_peaks VALUES (0, '')")


def version_of(connection: Connection) -> int | None:
    """The version of the twin's tables; None where there is no twin."""
    there = connection.execute("SELECT to_regclass(format('%I.gateway_schema', current_schema()))::text").fetchone()
    if there is None or there[0] is None:
        return None
    row = connection.execute("SELECT version FROM gateway_schema").fetchone()
    return None if row is None else int(row[0])


def upgrade(connection: Connection, steps: Mapping[int, Callable[[Connection], None]] = STEPS, target: int = VERSION) -> int | None:
    """Bring older tables to `target` in the transaction that is open; gives the version they had, None where nothing was done.

    Raises IntegrityError for newer ones. A backup is the operator's (pg_dump); a step that fails leaves everything as it was.
    """
    found = version_of(connection)
    if found is None:
        raise IntegrityError("the database holds no twin", cure="gateway init DIR --store ADDRESS")
    if found > target:
        raise IntegrityError(
            f"the twin has schema version {found}, this program knows {target}", cure="install a newer twin-gateway"
        )
    for step in range(found, target):
        steps[step](connection)
        connection.execute("UPDATE gateway_schema SET version = %s", (step + 1,))
    return found if found < target else None


def is_up_to_date(connection: Connection) -> bool:
    """Whether tables and functions are those of this program."""
    row = connection.execute("SELECT value FROM setting WHERE name = 'functions'").fetchone()
    return version_of(connection) == VERSION and row is not None and row[0] == _functions()


def put_functions(connection: Connection) -> None:
    """Make the functions of the filter language anew, in the transaction that is open, and remember which they are."""
    for statement in functions.statements():
        connection.execute(statement)
    connection.execute(
        "INSERT INTO setting VALUES ('functions', %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (_functions(),)
    )


@cache
def _functions() -> str:
    """What tells these functions from those of another release, without making them: their source, and the letters it knows."""
    return sha256(Path(functions.__file__).read_bytes() + unicodedata.unidata_version.encode()).hexdigest()
