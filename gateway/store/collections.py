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
from gateway.store import changes, container, facts, moments, tables
from gateway.store.columns import MOST, MOST_FOR_LIFE, Column, assign, widened
from gateway.store.connection import one
from gateway.store.facts import Facts
from gateway.store.staging import ScratchStaging


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
        storage_box=_staged_box(connection, arrival.schema),
        interval=_interval(connection, f"{arrival.schema}.staged") if arrival.staging.has_validity else None,
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
    reached = _edge_is_touched(connection, place, old.storage_box) if delta else False
    changes.apply(connection, place, staging, version)
    connection.execute(
        "UPDATE gpkg_geometry_columns SET z = max(z, ?) WHERE table_name = ?", (_z(staging), tables.current(standing.number))
    )
    if len(old.fields) >= MOST:
        changes.fill(connection, place, staging, fresh)
    for name, column in tables.index_candidates(connection, standing.number, fields, columns):
        tables.add_index(connection, standing.number, name, column)
    connection.execute("UPDATE collection SET columns = ? WHERE id = ?", (facts.pack_columns(every), collection.id))
    known = _known_after(connection, collection, standing, staging, schema, delta=delta, reached=reached)
    _stand(connection, replace(known, fields=tuple(fields)), standing.number, columns, version)


def leave(connection: apsw.Connection, standing: Facts, version: int) -> int:
    """Take a collection away: its rows become history, its id stays its dataset's own; gives the number of features."""
    removed = changes.empty(connection, standing.number, standing.all_columns, version)
    connection.execute("UPDATE collection_version SET until = ? WHERE id = ?", (version, standing.row))
    connection.execute("UPDATE collection SET current = NULL WHERE id = ?", (standing.collection.id,))
    return removed


def _known_after(
    connection: apsw.Connection,
    collection: Collection,
    standing: Facts,
    staging: ScratchStaging,
    schema: str,
    *,
    delta: bool,
    reached: bool,
) -> Collection:
    """The facts of the new version, all counted anew except what a delta cannot have changed."""
    old = standing.collection
    (features,) = one(connection, f"SELECT count(*) FROM {tables.current(standing.number)}")
    box = _staged_box(connection, schema)
    kind = collection.geometry_type or staging.geometry_type()
    if delta:
        box = tables.exact_box(connection, standing.number) if reached else container.union([old.storage_box, box])
        kind = kind if old.features == 0 or kind == old.geometry_type else None
    return replace(
        collection,
        geometry_type=kind,
        features=features,
        storage_box=box,
        interval=_interval(connection, tables.current(standing.number)) if staging.has_validity or old.interval else None,
        three_d=staging.has_documents or (delta and old.three_d),
    )


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


def _staged_box(connection: apsw.Connection, schema: str) -> Box | None:
    row = one(connection, f"SELECT min(minx), min(miny), max(maxx), max(maxy) FROM {schema}.staged")
    return None if row[0] is None else (row[0], row[1], row[2], row[3])


def _interval(connection: apsw.Connection, table: str) -> tuple[str | None, str | None] | None:
    """The span of the features' validity; an open end of one is an open end of all."""
    number, open_start, open_end, first, last = one(
        connection,
        f"SELECT count(*), sum(gw_from IS NULL), sum(gw_to IS NULL), min(gw_from), max(gw_to) FROM {table} "
        "WHERE gw_from IS NOT NULL OR gw_to IS NOT NULL",
    )
    if number == 0:
        return None
    return (None if open_start else moments.plain(first)), (None if open_end else moments.plain(last))


def _edge_is_touched(connection: apsw.Connection, place: changes.Place, box: Box | None) -> bool:
    """Whether a row that is about to change reaches as far as the whole collection does, so that its extent may shrink."""
    if box is None:
        return False
    row = connection.execute(
        f"SELECT 1 FROM (SELECT fid FROM {place.schema}.plan WHERE fid NOTNULL UNION ALL SELECT fid FROM {place.schema}.gone) p "
        f"JOIN {tables.current(place.number)} f ON f.fid = p.fid "
        "WHERE NOT ST_IsEmpty(f.geom) AND (ST_MinX(f.geom) <= ? OR ST_MinY(f.geom) <= ? OR ST_MaxX(f.geom) >= ? "
        "OR ST_MaxY(f.geom) >= ?) LIMIT 1",
        box,
    ).fetchone()
    return row is not None
