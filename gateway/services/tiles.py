"""Vector tiles: which tilesets a collection has, and its tiles, made when asked for, kept, and valid as long as nothing in them
changed."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from gateway.errors import NotFound
from gateway.geo import crs as systems
from gateway.geo import transform
from gateway.model.crs import CRS84, Crs
from gateway.model.dataset import Box, Collection
from gateway.model.query import Query
from gateway.services.query import Source, View
from gateway.tiles import kept
from gateway.tiles.framing import Frame
from gateway.tiles.grids import Grid, Matrix, Span, grids
from gateway.tiles.kept import Changes, Kept, TileCache
from gateway.tiles.make import Made, Shape, id_key, make

__all__ = [
    "IN_MEMORY",
    "Address",
    "Grid",
    "Kept",
    "Matrix",
    "Span",
    "TileService",
    "all_grids",
    "grid_of",
    "id_name",
    "layer_fields",
    "limits",
    "spans",
]

IN_MEMORY = 12_000_000
"""Bytes of packed tiles one process holds ready; those that are asked for unpacked are held in that form, too."""
_AT_ONCE = 1
"""Tiles one process makes at the same time: two wait for one interpreter, and make 67 a second where one at a time makes 88."""
_CHANGES = 256
_WHOLE = 85.06
"""Latitude to which Web Mercator reaches."""

_PLACE = re.compile(r"[A-Za-z0-9_]{1,64}/[0-9]{1,2}/(?:0|[1-9][0-9]{0,8})/(?:0|[1-9][0-9]{0,8})", re.ASCII)

type Interval = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class Address:
    """One tile of a grid."""

    grid: Grid
    matrix: Matrix
    row: int
    column: int

    @property
    def box(self) -> Box:
        """Its bounds in the CRS of the grid."""
        return self.matrix.box(self.row, self.column)


def grid_of(name: str) -> Grid:
    """A grid by its id. Raises NotFound."""
    found = grids().get(name)
    if found is None:
        raise NotFound("there is no such tile matrix set", place=name[:100])
    return found


def all_grids() -> list[Grid]:
    """The grids tiles are served on."""
    return list(grids().values())


def layer_fields(collection: Collection) -> dict[str, str]:
    """The properties that features have in tiles, with their types: the declared ones, and the feature's id."""
    return {**{field.name: field.type for field in collection.fields}, id_name(collection): "string"}


def id_name(collection: Collection) -> str:
    """The property that holds a feature's id in tiles."""
    return id_key([field.name for field in collection.fields])


def spans(collections: Sequence[Collection], grid: Grid) -> dict[str, Span]:
    """The tiles that the extents of several collections touch together, by matrix, coarsest first."""
    found: dict[str, list[Span]] = {}
    for collection in collections:
        for name, span in limits(collection, grid).items():
            found.setdefault(name, []).append(span)
    return {name: _union(name, found[name]) for name in grid.matrices if name in found}


def limits(collection: Collection, grid: Grid) -> dict[str, Span]:
    """The tiles of each matrix that the collection's extent touches, by matrix; empty where it touches none."""
    if collection.storage_box is None or collection.box is None or not collection.crs.is_known:
        return {}
    return _limits(collection.storage_box, collection.box, collection.crs, grid)


@lru_cache(maxsize=1024)
def _limits(storage: Box, degrees: Box, crs: Crs, grid: Grid) -> dict[str, Span]:
    boxes = _in_grid(storage, degrees, crs, grid)
    found = {}
    for name, matrix in grid.matrices.items():
        touched = [span for box in boxes if (span := matrix.span(box)) is not None]
        if touched:
            found[name] = _union(name, touched)
    return found


def _union(name: str, touched: Sequence[Span]) -> Span:
    return Span(
        name,
        min(span.min_row for span in touched),
        max(span.max_row for span in touched),
        min(span.min_column for span in touched),
        max(span.max_column for span in touched),
    )


def _in_grid(storage: Box, degrees: Box, crs: Crs, grid: Grid) -> Sequence[Box]:
    """The extent of a collection in the CRS of a grid."""
    if systems.same(systems.horizontal_of(crs), grid.crs):
        return (storage,)
    west, south, east, north = degrees
    if grid.is_web_mercator:
        degrees = (west, max(south, -_WHOLE), east, min(north, _WHOLE))
        if degrees[1] > degrees[3]:
            return ()
        halves = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
        return [
            box
            for low, high in halves
            for box in _clear(transform.boxes((low, degrees[1], high, degrees[3]), CRS84, grid.crs), grid)
        ]
    return _clear(transform.boxes(degrees, CRS84, grid.crs), grid)


def _clear(boxes: Sequence[Box], grid: Grid) -> list[Box]:
    """Without the box that stands for nothing, and with all of the grid for the one that stands for everything."""
    return [grid.box if box == transform.EVERYWHERE else box for box in boxes if box != transform.NOWHERE]


class TileService:
    """Finds and makes tiles. Threads and processes may use it at once.

    A kept tile carries the version of its collection it was made at, read in the same transaction as its features. It is used at
    a later version only if no change since then meets it; so nothing has to be taken away in time, and nothing stale is served.
    """

    def __init__(self, cache: TileCache, without: frozenset[str] = frozenset(), *, in_memory: int = IN_MEMORY) -> None:
        """`without` are collections that lie elsewhere and have no tiles here; `in_memory` the bytes one process holds ready."""
        self._cache = cache
        self._without = without
        self._ready = _Memory(in_memory)
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._changes: OrderedDict[tuple[str, int, int], Changes] = OrderedDict()
        self._guard = threading.Lock()

    def grids(self, source: Source) -> list[Grid]:
        """The grids a collection has tiles on: those that hold some of it; none for one without geometry or a known CRS."""
        return [grid for grid in grids().values() if self.offers(source, grid)]

    def offers(self, source: Source, grid: Grid) -> bool:
        """Whether a collection has tiles on a grid."""
        return source.collection.id not in self._without and bool(limits(source.collection, grid))

    def address(self, source: Source, grid: Grid, matrix: str, row: str, column: str) -> Address:
        """The tile that a path names. Raises NotFound outside the grid and outside the collection's limits."""
        level, span = grid.matrices.get(matrix), limits(source.collection, grid).get(matrix)
        if level is None or span is None or not self.offers(source, grid) or not (_is_number(row) and _is_number(column)):
            raise NotFound("there is no such tile", cure="the tileset's tileMatrixSetLimits say which there are")
        found = Address(grid, level, int(row), int(column))
        if not span.holds(found.row, found.column):
            raise NotFound("there is no such tile", cure="the tileset's tileMatrixSetLimits say which there are")
        return found

    def ready(self, view: View, source: Source, place: str) -> Kept | None:
        """The tile at ``grid/matrix/row/column`` if it lies in memory or in a folder, made at this version of the collection."""
        collection = source.collection
        key = f"{collection.id}/{place}"
        found = self._ready.get(key)
        if found is not None and found.version == collection.version:
            return found
        content = self._cache.near(key) if _PLACE.fullmatch(place) else None
        found = None if content is None else Kept.decode(content)
        if found is None or found.version != collection.version or found.signature != kept.signature(collection, view.twin):
            return None
        self._ready.put(key, found)
        return found

    def tile(self, view: View, source: Source, address: Address, interval: Interval | None = None) -> Kept:
        """The tile at the moment of the view: as it was kept, or made anew. One of an `interval` is made each time."""
        collection = source.collection
        signature = kept.signature(collection, view.twin)
        if interval is not None:
            return self._made(view, collection, address, signature, interval)
        key = kept.key(collection.id, address.grid.id, address.matrix.id, address.row, address.column)
        found = self._kept(view, collection, address, key, signature)
        if found is not None:
            return found
        with self._turns:
            found = self._kept(view, collection, address, key, signature)  # another may have made it while this one waited
            if found is not None:
                return found
            made = self._made(view, collection, address, signature, None)
            before = self._ready.get(key)
            if before is None or before.version <= made.version:
                self._cache.put(key, made.encode())
                self._ready.put(key, made)
            return made

    def _kept(self, view: View, collection: Collection, address: Address, key: str, signature: bytes) -> Kept | None:
        """The tile as it was kept, if it shows what there is at the moment of the view."""
        found = self._ready.get(key) or Kept.decode(self._cache.get(key) or b"")
        if found is None or found.signature != signature or not self._holds(view, collection, address, found):
            return None
        found = found if found.version == collection.version else replace(found, version=collection.version)
        self._ready.put(key, found)
        return found

    def _holds(self, view: View, collection: Collection, address: Address, found: Kept) -> bool:
        """Whether a tile made at another version shows what there is at this one."""
        if found.version == collection.version:
            return True
        if found.version > collection.version:
            return False
        changes = self._changed(view, collection, found.version)
        return not changes.touch(self._frame(collection, address).bounds)

    def _changed(self, view: View, collection: Collection, since: int) -> Changes:
        """Where the collection changed from `since` to the view's version; read once a process."""
        key = (collection.id, since, collection.version)
        with self._guard:
            known = self._changes.get(key)
        if known is not None:
            return known
        found = Changes(view.reader.changed(collection.id, since, view.access), collection.crs)
        with self._guard:
            self._changes[key] = found
            while len(self._changes) > _CHANGES:
                self._changes.popitem(last=False)
        return found

    def _made(self, view: View, collection: Collection, address: Address, signature: bytes, interval: Interval | None) -> Kept:
        fields = collection.fields
        names = tuple(field.name for field in fields)

        def ask(box: Box, limit: int, smallest: float, every: int) -> list[Shape]:
            query = Query(collection.id, view.access, limit=limit, boxes=(box,), interval=interval)
            return view.reader.shapes(query, names, smallest=smallest, every=every)

        frame = self._frame(collection, address)
        made: Made = make(frame, collection.id, fields, ask, _expected(collection, frame))
        return Kept.of(collection.version, signature, made.step, made.body)

    def _frame(self, collection: Collection, address: Address) -> Frame:
        extent = collection.storage_box or transform.NOWHERE
        return Frame(address.box, address.grid.crs, collection.crs, extent)


def _expected(collection: Collection, frame: Frame) -> float:
    """A guess of how many features a tile has: its share of the extent."""
    extent = collection.storage_box
    whole = 0.0 if extent is None else (extent[2] - extent[0]) * (extent[3] - extent[1])
    if whole <= 0:
        return float(collection.features)
    shares = ((box[2] - box[0]) * (box[3] - box[1]) / whole for box in (piece.box for piece in frame.pieces))
    return collection.features * min(1.0, sum(shares))


def _is_number(text: str) -> bool:
    return 0 < len(text) <= 9 and text.isascii() and text.isdigit() and (text == "0" or text[0] != "0")


class _Memory:
    """The tiles used last, by key, within a number of bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._tiles: OrderedDict[str, Kept] = OrderedDict()
        self._guard = threading.Lock()

    def get(self, key: str) -> Kept | None:
        with self._guard:
            found = self._tiles.get(key)
            if found is not None:
                self._tiles.move_to_end(key)
            return found

    def put(self, key: str, tile: Kept) -> None:
        with self._guard:
            before = self._tiles.pop(key, None)
            if before is not None and before.version > tile.version:
                tile = before
            self._size += _weight(tile) - (0 if before is None else _weight(before))
            self._tiles[key] = tile
            while self._size > self._limit:
                _, gone = self._tiles.popitem(last=False)
                self._size -= _weight(gone)


def _weight(tile: Kept) -> int:
    return len(tile.packed) + 500
