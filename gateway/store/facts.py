"""What is known of a collection at one version, as the JSON that the store keeps of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import apsw
import orjson

from gateway.errors import IdNotAvailable
from gateway.model.access import Access
from gateway.model.crs import Crs
from gateway.model.dataset import Collection
from gateway.model.feature import Field
from gateway.store.columns import Column
from gateway.store.connection import one


@dataclass(frozen=True, slots=True)
class Facts:
    """A collection at one version, with the number of its tables and the columns of its fields."""

    row: int
    number: int
    collection: Collection
    columns: tuple[Column, ...]
    all_columns: tuple[Column, ...]
    version: int
    """The dataset's version that is meant; `collection.version` is the one in which the collection last changed."""
    first: int
    """The dataset's version that brought the collection."""
    is_current: bool = True

    def column(self, name: str) -> tuple[Field, Column] | None:
        """The declared field and column of a property."""
        for field, column in zip(self.collection.fields, self.columns, strict=True):
            if field.name == name:
                return field, column
        return None


def pack_columns(columns: tuple[Column, ...] | list[Column]) -> str:
    """Columns for life, as JSON."""
    return orjson.dumps([[column.property, column.name, column.type] for column in columns]).decode()


def unpack_columns(text: str) -> list[Column]:
    """The inverse of `pack_columns`."""
    return [Column(*parts) for parts in orjson.loads(text)]


def pack(collection: Collection, columns: list[Column]) -> str:
    """What a version of a collection is known by, as JSON."""
    crs = collection.crs
    return orjson.dumps(
        {
            "title": dict(collection.title),
            "description": dict(collection.description),
            "crs": [crs.horizontal, crs.vertical, crs.local],
            "geometryType": collection.geometry_type,
            "fields": [
                [field.name, field.type, field.format, column.name]
                for field, column in zip(collection.fields, columns, strict=True)
            ],
            "box": collection.box,
            "storageBox": collection.storage_box,
            "interval": collection.interval,
            "threeD": collection.three_d,
        }
    ).decode()


def unpack(row: tuple[Any, ...], version: int, *, is_current: bool = True) -> Facts:
    """Facts of a row (`SELECT_FACTS`)."""
    identifier, name, number, dataset, for_life, first, since, features, text = row
    known = orjson.loads(text)
    every = unpack_columns(for_life)
    by_name = {column.name: column for column in every}
    collection = Collection(
        id=name,
        dataset=dataset,
        title=known["title"],
        crs=Crs(*known["crs"]),
        geometry_type=known["geometryType"],
        fields=tuple(Field(*parts[:3]) for parts in known["fields"]),
        features=features,
        box=_four(known["box"]),
        storage_box=_four(known["storageBox"]),
        interval=None if known["interval"] is None else (known["interval"][0], known["interval"][1]),
        three_d=known["threeD"],
        version=since,
        description=known["description"],
    )
    columns = tuple(by_name[parts[3]] for parts in known["fields"])
    return Facts(identifier, number, collection, columns, tuple(every), version, first, is_current)


SELECT_FACTS = "v.id, c.id, c.number, c.dataset, c.columns, c.first, v.since, v.features, v.facts"


def current(connection: apsw.Connection, collection: str) -> Facts | None:
    """The collection as it stands, whoever may see it."""
    row = connection.execute(
        f"SELECT {SELECT_FACTS}, d.version FROM collection c JOIN collection_version v ON v.id = c.current "
        "JOIN dataset d ON d.id = c.dataset WHERE c.id = ?",
        (collection,),
    ).fetchone()
    return None if row is None else unpack(row[:-1], row[-1])


def read(connection: apsw.Connection, row: int, version: int) -> Facts:
    """The facts of one row of `collection_version`, seen at the dataset's `version`."""
    found = one(
        connection,
        f"SELECT {SELECT_FACTS} FROM collection_version v JOIN collection c ON c.id = v.collection WHERE v.id = ?",
        (row,),
    )
    return unpack(found, version)


def latest(connection: apsw.Connection, collection: str) -> Facts:
    """The collection as it stands, or, when it was taken away, as it last stood, with no features."""
    standing = current(connection, collection)
    if standing is not None:
        return standing
    row = one(
        connection,
        f"SELECT {SELECT_FACTS}, d.version FROM collection c JOIN collection_version v ON v.collection = c.id "
        "JOIN dataset d ON d.id = c.dataset WHERE c.id = ? ORDER BY v.since DESC LIMIT 1",
        (collection,),
    )
    gone = unpack(row[:-1], row[-1], is_current=False)
    nothing = replace(gone.collection, features=0, fields=(), box=None, storage_box=None, interval=None, three_d=False)
    return replace(gone, collection=nothing, columns=())


def owner_of(connection: apsw.Connection, collection: str) -> tuple[str, int] | None:
    """(dataset, number of its tables) of a collection that is or was in the twin."""
    row = connection.execute("SELECT dataset, number FROM collection WHERE id = ?", (collection,)).fetchone()
    return None if row is None else (row[0], row[1])


def check_owner(collection: str, owner: str, dataset: str) -> None:
    """Raise IdNotAvailable for a collection of another dataset; the answer does not tell whether that one is hidden."""
    if owner != dataset:
        raise IdNotAvailable(
            f"the collection id {collection} cannot be had", place=collection, cure="choose another with --collection"
        )


def predicate(access: Access) -> tuple[str, list[Any]]:
    """The access decision as SQL over ``dataset d``: the outermost condition of every question."""
    if access.everything:
        return "1", []
    parts: list[str] = []
    values: list[Any] = []
    for sql, wanted in (
        ("d.level", sorted(access.levels)),
        ("d.owner", [] if access.owner is None else [access.owner]),
        ("d.id", sorted(access.datasets)),
    ):
        if wanted:
            parts.append(f"{sql} IN (SELECT value FROM json_each(?))")
            values.append(orjson.dumps(wanted).decode())
    return (f"({' OR '.join(parts)})" if parts else "0"), values


def _four(values: list[float] | None) -> tuple[float, float, float, float] | None:
    return None if values is None else (values[0], values[1], values[2], values[3])
