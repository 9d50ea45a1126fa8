"""How a collection enters the twin, takes over a new version, and leaves; and what is known of it as it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.errors import IntegrityError, TooLarge
from gateway.model.dataset import Collection
from gateway.model.feature import Field
from gateway.store import facts
from gateway.store.collections import box_in_degrees
from gateway.store.columns import MOST, MOST_FOR_LIFE, Column, widened
from gateway.store.facts import SELECT_FACTS, Facts, unpack
from gateway.store.postgis import bounds, changes, tables
from gateway.store.postgis.changes import Change
from gateway.store.postgis.columns import assign
from gateway.store.postgis.schema import Connection, current
from gateway.store.postgis.staging import PostgisStaging

_MANY = 1_000
"""New features of one delta from which on it is looked anew for attributes that are worth an index."""

_MUCH = 10_000
"""Changed rows from which on the planner's statistics are made anew at once."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A staging, which lies in the table `staged`, on its way into `version`."""

    staging: PostgisStaging
    staged: str
    version: int


def enter(connection: Connection, collection: Collection, arrival: Arrival, number: int, columns: Sequence[Column]) -> None:
    """Make a collection that was laid down in the tables `number` a member of the twin."""
    staging = arrival.staging
    connection.execute(
        "INSERT INTO collection VALUES (%s, %s, %s, %s, %s, NULL)",
        (collection.id, number, collection.dataset, facts.pack_columns(list(columns)), arrival.version),
    )
    known = replace(
        collection,
        fields=tuple(staging.fields()),
        features=staging.rows,
        three_d=staging.has_documents,
        geometry_type=collection.geometry_type or staging.geometry_type(),
        storage_box=bounds.staged_box(connection, arrival.staged),
        interval=bounds.span(connection, arrival.staged) if staging.has_validity else None,
    )
    _stand(connection, known, list(columns), arrival.version)


def take_over(
    connection: Connection, collection: Collection, standing: Facts, arrival: Arrival, change: Change, *, delta: bool
) -> None:
    """Apply a comparison, with the columns and facts of the new version."""
    staging, old = arrival.staging, standing.collection
    fields = widened(old.fields, staging.fields()) if delta else staging.fields()
    columns, fresh = assign(fields, standing.all_columns)
    every = [*standing.all_columns, *fresh]
    if len(every) > MOST_FOR_LIFE:
        raise TooLarge(f"{collection.id} would have had more than {MOST_FOR_LIFE} columns over its life", place=collection.id)
    if fresh:
        tables.add_columns(connection, standing.number, fresh, standing.all_columns)
    sources = staging.sources(every)
    tables.drop_narrow_indexes(connection, standing.number, arrival.staged, every, sources)
    loss = bounds.foresee(connection, change, old) if delta else bounds.Loss()
    changes.apply(connection, change, sources, every, arrival.version)
    if len(old.fields) >= MOST:
        changes.fill(connection, change, {column: sources[column] for column in fresh})
    _refresh(connection, standing.number, change, fields, columns, every, look=not delta or bool(fresh))
    connection.execute("UPDATE collection SET columns = %s WHERE id = %s", (facts.pack_columns(every), collection.id))
    made = change.comparison
    known = replace(
        collection,
        fields=tuple(fields),
        features=old.features + made.added - made.removed,
        three_d=staging.has_documents or (delta and old.three_d),
    )
    known = _after_delta(connection, known, old, arrival, change, loss) if delta else _after_replacement(connection, known, arrival)
    _stand(connection, known, columns, arrival.version)


def leave(connection: Connection, standing: Facts, version: int) -> int:
    """Take a collection away: its rows become history, its id stays its dataset's own; gives the number of features."""
    removed = changes.empty(connection, standing.number, standing.all_columns, version)
    connection.execute("UPDATE collection_version SET until = %s WHERE id = %s", (version, standing.row))
    connection.execute("UPDATE collection SET current = NULL WHERE id = %s", (standing.collection.id,))
    return removed


def standing_now(connection: Connection, collection: str) -> Facts | None:
    """The collection as it stands, whoever may see it."""
    row = connection.execute(
        f"SELECT {SELECT_FACTS}, d.version FROM collection c JOIN collection_version v ON v.id = c.current "
        "JOIN dataset d ON d.id = c.dataset WHERE c.id = %s",
        (collection,),
    ).fetchone()
    return None if row is None else unpack(row[:-1], row[-1])


def latest(connection: Connection, collection: str) -> Facts:
    """The collection as it stands, or, when it was taken away, as it last stood, with no features."""
    standing = standing_now(connection, collection)
    if standing is not None:
        return standing
    row = connection.execute(
        f"SELECT {SELECT_FACTS}, d.version FROM collection c JOIN collection_version v ON v.collection = c.id "
        "JOIN dataset d ON d.id = c.dataset WHERE c.id = %s ORDER BY v.since DESC LIMIT 1",
        (collection,),
    ).fetchone()
    if row is None:
        raise IntegrityError(f"the collection {collection} has no version", cure="gateway audit verify DIR")
    gone = unpack(row[:-1], row[-1], is_current=False)
    nothing = replace(gone.collection, features=0, fields=(), box=None, storage_box=None, interval=None, three_d=False)
    return replace(gone, collection=nothing, columns=())


def owner_of(connection: Connection, collection: str) -> tuple[str, int] | None:
    """(dataset, number of its tables) of a collection that is or was in the twin."""
    row = connection.execute("SELECT dataset, number FROM collection WHERE id = %s", (collection,)).fetchone()
    return None if row is None else (row[0], row[1])


def _refresh(
    connection: Connection,
    number: int,
    change: Change,
    fields: Sequence[Field],
    columns: Sequence[Column],
    every: Sequence[Column],
    *,
    look: bool,
) -> None:
    """Indexes and statistics for rows that changed."""
    made = change.comparison
    if made.added + made.changed + made.removed > _MUCH:
        connection.execute(f"ANALYZE {current(number)}")
    if look or made.added > _MANY:
        tables.add_indexes(connection, number, fields, columns, every)


def _after_replacement(connection: Connection, known: Collection, arrival: Arrival) -> Collection:
    """With the facts of all that is staged."""
    return replace(
        known,
        geometry_type=known.geometry_type or arrival.staging.geometry_type(),
        storage_box=bounds.staged_box(connection, arrival.staged),
        interval=bounds.span(connection, arrival.staged) if arrival.staging.has_validity else None,
    )


def _after_delta(
    connection: Connection, known: Collection, old: Collection, arrival: Arrival, change: Change, loss: bounds.Loss
) -> Collection:
    """With the facts of what stood, as far as they still hold, and of what came."""
    staging = arrival.staging
    kind = known.geometry_type or staging.geometry_type()
    return replace(
        known,
        geometry_type=kind if old.features == 0 or kind == old.geometry_type else None,
        storage_box=bounds.box(connection, change, old.storage_box, loss),
        interval=bounds.interval(connection, change, old.interval, loss) if staging.has_validity or old.interval else None,
    )


def _stand(connection: Connection, known: Collection, columns: list[Column], version: int) -> None:
    """Make these the facts of the collection from `version` on."""
    known = replace(known, box=box_in_degrees(known.storage_box, known.crs), version=version)
    connection.execute(
        "UPDATE collection_version SET until = %s WHERE id = (SELECT current FROM collection WHERE id = %s)", (version, known.id)
    )
    connection.execute(
        "WITH made AS (INSERT INTO collection_version (collection, branch, since, until, features, facts) "
        "VALUES (%s, 'main', %s, NULL, %s, %s) RETURNING id) "
        "UPDATE collection SET current = made.id FROM made WHERE collection.id = %s",
        (known.id, version, known.features, facts.pack(known, columns), known.id),
    )
