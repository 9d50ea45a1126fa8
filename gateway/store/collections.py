"""How a collection enters the twin, takes over a new version, and leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import apsw

from gateway.errors import TooLarge
from gateway.geo.transform import boxes
from gateway.model.crs import CRS84, Crs
from gateway.model.dataset import Box, Collection
from gateway.model.feature import Field
from gateway.store import bounds, changes, container, facts, indexes, tables
from gateway.store.columns import MOST, MOST_FOR_LIFE, Column, assign, widened
from gateway.store.facts import Facts
from gateway.store.staging import ScratchStaging

_MANY = 1_000
"""New features of one delta from which on it is looked anew for attributes that are worth an index."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A staging on its way into the tables `number` as part of `version`."""

    staging: ScratchStaging
    schema: str
    number: int
    version: int
    fields: Sequence[Field]
    columns: Sequence[Column]


def enter(connection: apsw.Connection, collection: Collection, arrival: Arrival) -> None:
    """Make a collection that was laid down a member of the twin."""
    table = tables.current(arrival.number)
    srs = container.srs_of(connection, collection.crs)
    kind = collection.geometry_type or arrival.staging.geometry_type()
    container.finish_rtree(connection, table)
    connection.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, srs_id) VALUES (?, 'features', ?, ?)",
        (table, collection.id, srs),
    )
    connection.execute(
        "INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', 'GEOMETRY', ?, ?, 0)", (table, srs, _z(arrival.staging))
    )
    connection.execute(
        "INSERT INTO collection VALUES (?,?,?,?,?,NULL)",
        (collection.id, arrival.number, collection.dataset, facts.pack_columns(list(arrival.columns)), arrival.version),
    )
    known = replace(
        collection,
        geometry_type=kind,
        fields=tuple(arrival.fields),
        features=arrival.staging.rows,
        storage_box=bounds.staged_box(connection, arrival.schema),
        interval=bounds.span(connection, f"{arrival.schema}.staged") if arrival.staging.has_validity else None,
        three_d=arrival.staging.has_documents,
    )
    _stand(connection, known, arrival.number, list(arrival.columns), arrival.version)


def take_over(
    connection: apsw.Connection,
    collection: Collection,
    standing: Facts,
    staging: ScratchStaging,
    schema: str,
    version: int,
    *,
    comparison: changes.Comparison,
    delta: bool,
) -> None:
    """Apply a comparison that lies in the scratch file, with the columns and facts of the new version."""
    old = standing.collection
    fields = widened(old.fields, staging.fields()) if delta else staging.fields()
    columns, fresh = assign(fields, standing.all_columns)
    every = [*standing.all_columns, *fresh]
    if len(every) > MOST_FOR_LIFE:
        raise TooLarge(f"{collection.id} would have had more than {MOST_FOR_LIFE} columns over its life", place=collection.id)
    tables.add_columns(connection, standing.number, fresh, standing.all_columns)
    tables.index_changes(connection, standing.number)
    place = changes.Place(standing.number, schema, columns, every)
    loss = bounds.foresee(connection, place, old) if delta else bounds.Loss()
    changes.apply(connection, place, staging, version)
    connection.execute(
        "UPDATE gpkg_geometry_columns SET z = max(z, ?) WHERE table_name = ?", (_z(staging), tables.current(standing.number))
    )
    if len(old.fields) >= MOST:
        changes.fill(connection, place, staging, fresh)
    if not delta or fresh or comparison.added > _MANY:
        for name, column in indexes.candidates(connection, standing.number, fields, columns):
            tables.add_index(connection, standing.number, name, column)
    connection.execute("UPDATE collection SET columns = ? WHERE id = ?", (facts.pack_columns(every), collection.id))
    features = old.features + comparison.added - comparison.removed
    known = replace(collection, features=features, three_d=staging.has_documents or (delta and old.three_d))
    known = (
        _after_delta(connection, known, old, staging, place, loss)
        if delta
        else _after_replacement(connection, known, staging, place)
    )
    _stand(connection, replace(known, fields=tuple(fields)), standing.number, columns, version)


def leave(connection: apsw.Connection, standing: Facts, version: int) -> int:
    """Take a collection away: its rows become history, its id stays its dataset's own; gives the number of features."""
    removed = changes.empty(connection, standing.number, standing.all_columns, version)
    connection.execute("UPDATE collection_version SET until = ? WHERE id = ?", (version, standing.row))
    connection.execute("UPDATE collection SET current = NULL WHERE id = ?", (standing.collection.id,))
    return removed


def _after_replacement(connection: apsw.Connection, known: Collection, staging: ScratchStaging, place: changes.Place) -> Collection:
    """With the facts of all that is staged."""
    return replace(
        known,
        geometry_type=known.geometry_type or staging.geometry_type(),
        storage_box=bounds.staged_box(connection, place.schema),
        interval=bounds.span(connection, f"{place.schema}.staged") if staging.has_validity else None,
    )


def _after_delta(
    connection: apsw.Connection,
    known: Collection,
    old: Collection,
    staging: ScratchStaging,
    place: changes.Place,
    loss: bounds.Loss,
) -> Collection:
    """With the facts of what stood, as far as they still hold, and of what came."""
    kind = known.geometry_type or staging.geometry_type()
    return replace(
        known,
        geometry_type=kind if old.features == 0 else _wider(old.geometry_type, kind),
        storage_box=bounds.box(connection, place, old.storage_box, loss),
        interval=bounds.interval(connection, place, old.interval, loss) if staging.has_validity or old.interval else None,
    )


def _wider(old: str | None, new: str | None) -> str | None:
    """The geometry type of both: where one is simple and the other the same many times, the latter."""
    if old is None or new is None or old.removeprefix("Multi") != new.removeprefix("Multi"):
        return None
    return old if old == new else f"Multi{old.removeprefix('Multi')}"


def _stand(connection: apsw.Connection, known: Collection, number: int, columns: list[Column], version: int) -> None:
    """Make these the facts of the collection from `version` on, and tell the GeoPackage's own tables."""
    known = replace(known, box=box_in_degrees(known.storage_box, known.crs), version=version)
    connection.execute(
        "UPDATE collection_version SET until = ? WHERE id = (SELECT current FROM collection WHERE id = ?)", (version, known.id)
    )
    connection.execute(
        "INSERT INTO collection_version (collection, branch, since, until, features, facts) VALUES (?, 'main', ?, NULL, ?, ?)",
        (known.id, version, known.features, facts.pack(known, columns)),
    )
    connection.execute("UPDATE collection SET current = ? WHERE id = ?", (connection.last_insert_rowid(), known.id))
    table = tables.current(number)
    srs = container.srs_of(connection, known.crs)
    connection.execute(
        "UPDATE gpkg_contents SET last_change = strftime('%Y-%m-%dT%H:%M:%fZ','now'), min_x = ?, min_y = ?, max_x = ?, max_y = ?, "
        "srs_id = ? WHERE table_name = ?",
        (*(known.storage_box or (None,) * 4), srs, table),
    )
    connection.execute("UPDATE gpkg_geometry_columns SET srs_id = ? WHERE table_name = ?", (srs, table))


def box_in_degrees(box: Box | None, crs: Crs) -> Box | None:
    """The extent in CRS84 (west > east across the antimeridian) around a box in the storage CRS."""
    if box is None or not crs.is_known:
        return None
    parts = boxes(box, crs, CRS84)
    if len(parts) == 2:
        east_first = max(parts, key=lambda part: part[0])
        other = min(parts, key=lambda part: part[0])
        return east_first[0], min(part[1] for part in parts), other[2], max(part[3] for part in parts)
    return container.union(parts)


def _z(staging: ScratchStaging) -> int:
    """Z values prohibited (0) or optional (2), OGC 12-128r19 table 5."""
    return 2 if staging.has_z else 0
