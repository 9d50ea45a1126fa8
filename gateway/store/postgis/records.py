"""Records in PostgreSQL: kept as JSON, searched through their values by property and through their words."""

from __future__ import annotations

from gateway.errors import IdNotAvailable, IntegrityError
from gateway.model.dataset import Dataset
from gateway.store.postgis.schema import Connection
from gateway.store.postgis.words import folded
from gateway.store.records import encode, searchable


def put(connection: Connection, dataset: Dataset, *, previous: int | None) -> int:
    """Keep a dataset's record and make it the one that is searched; gives its number. Raises IdNotAvailable."""
    record = dataset.record
    taken = connection.execute(
        "SELECT 1 FROM dataset d JOIN record r ON r.number = d.record WHERE r.id = %s AND d.id <> %s", (record.id, dataset.id)
    ).fetchone()
    if taken:
        raise IdNotAvailable(f"the record identifier {record.id} cannot be had", cure="give the record another identifier")
    document = encode(record)
    if previous is not None:
        unindex(connection, previous)
        same = connection.execute("SELECT document, source FROM record WHERE number = %s", (previous,)).fetchone()
        if same == (document, record.source):
            index(connection, previous, dataset)
            return previous
    made = connection.execute(
        "INSERT INTO record (id, dataset, document, source, west, south, east, north) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) "
        "RETURNING number",
        (record.id, dataset.id, document, record.source, *(record.extent.box or (None, None, None, None))),
    ).fetchone()
    if made is None:
        raise IntegrityError("the record was not kept")
    index(connection, made[0], dataset)
    return int(made[0])


def index(connection: Connection, number: int, dataset: Dataset) -> None:
    """Enter a record into the search."""
    values, words = searchable(dataset)
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO record_value VALUES (%s, %s, %s, %s)", [(number, *_clean(value)) for value in values])
    connection.execute("INSERT INTO record_search VALUES (%s, %s)", (number, folded(words)))


def unindex(connection: Connection, number: int) -> None:
    """Take a record out of the search."""
    connection.execute("DELETE FROM record_value WHERE record = %s", (number,))
    connection.execute("DELETE FROM record_search WHERE record = %s", (number,))


def _clean(value: tuple[str, int, str]) -> tuple[str, int, str]:
    """PostgreSQL's text has no NUL."""
    name, place, text = value
    return name, place, text.replace("\0", "")
