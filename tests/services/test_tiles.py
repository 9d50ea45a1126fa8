"""Tiles are made once, stay while nothing in them changes, and are made anew when something does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import pytest
from obstore.store import MemoryStore

from gateway import wiring
from gateway.errors import NotFound
from gateway.model.access import EVERYTHING
from gateway.model.submission import Request
from gateway.services.query import View
from gateway.services.tiles import Address, Kept, TileService, grid_of, limits
from gateway.settings import Settings
from gateway.tiles import kept
from gateway.tiles.cache import StoredTiles
from gateway.tiles.projection import TilesProjection
from gateway.wiring import Gateway

WEST, SOUTH, STEP = 6.0, 46.0, 0.02


class Counting:
    """A reader that counts how often it is asked for shapes."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def shapes(self, *given: Any, **named: Any) -> Any:
        self.asked += 1
        return self._reader.shapes(*given, **named)


def square(n: int, *, side: float = 0.001, word: str = "a", shift: float = 0.0) -> dict[str, Any]:
    x, y = WEST + STEP * (n % 5) + shift, SOUTH + STEP * (n // 5)
    ring = [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
    return {"type": "Feature", "id": f"s{n}", "geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": {"word": word}}


def publish(gateway: Gateway, folder: Path, features: list[dict[str, Any]], **members: Any) -> None:
    file = folder / "squares.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    request = Request(data=str(file), data_name=file.name, dataset="squares", collection="squares", access="open", **members)
    gateway.publishing.publish(request, gateway.identity.party("operator"))


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    wiring.create(tmp_path / "twin")
    found = wiring.open_gateway(tmp_path / "twin", Settings(log_level="warning"))
    publish(found, tmp_path, [square(n) for n in range(25)])
    yield found
    found.close()


@contextmanager
def moment(gateway: Gateway) -> Iterator[tuple[View, Counting]]:
    with gateway.queries.view(EVERYTHING) as view:
        counting = Counting(view.reader)
        view.reader = counting  # type: ignore[assignment]
        yield view, counting


def every(gateway: Gateway, tiles: TileService, matrix: str = "14") -> tuple[dict[tuple[int, int], Kept], int]:
    """All tiles of a level, and how many of them had to be made."""
    grid = grid_of("WebMercatorQuad")
    with moment(gateway) as (view, counting):
        source = view.source("squares")
        span = limits(source.collection, grid)[matrix]
        found = {}
        for row in range(span.min_row, span.max_row + 1):
            for column in range(span.min_column, span.max_column + 1):
                found[row, column] = tiles.tile(view, source, Address(grid, grid.matrices[matrix], row, column))
        return found, counting.asked


def ids(tile: Kept) -> set[str]:
    return {one["properties"]["id"] for layer in mapbox_vector_tile.decode(tile.body).values() for one in layer["features"]}


def test_a_tile_is_made_once_for_all_processes(gateway: Gateway) -> None:
    first, made = every(gateway, gateway.tiles)
    assert made > 9
    again, none = every(gateway, gateway.tiles)
    another = TileService(StoredTiles.in_folder(gateway.folder / "tiles", 10**9))
    read, nothing = every(gateway, another)
    assert (none, nothing) == (0, 0)
    assert [tile.packed for tile in first.values()] == [tile.packed for tile in again.values()]
    assert [tile.packed for tile in first.values()] == [tile.packed for tile in read.values()]
    assert set().union(*map(ids, first.values())) == {f"s{n}" for n in range(25)}


def test_after_a_publication_only_what_changed_is_made_anew(gateway: Gateway, tmp_path: Path) -> None:
    before, _ = every(gateway, gateway.tiles)
    holders = {place for place, tile in before.items() if "s12" in ids(tile)}
    publish(gateway, tmp_path, [square(n, word="b" if n == 12 else "a") for n in range(25)])
    after, made = every(gateway, gateway.tiles)
    assert 1 <= made == len(holders) < len(before)
    for place, tile in after.items():
        assert (tile.packed == before[place].packed) == (place not in holders)
    fresh, all_made = every(gateway, TileService(StoredTiles(MemoryStore(), 10**9)))
    assert all_made == len(before)
    assert [tile.body for tile in fresh.values()] == [tile.body for tile in after.values()]


def test_what_moved_or_went_leaves_its_old_tiles(gateway: Gateway, tmp_path: Path) -> None:
    before, _ = every(gateway, gateway.tiles)
    moved = [square(n, shift=0.005 if n == 12 else 0.0) for n in range(24)]
    publish(gateway, tmp_path, moved, allow_removal=True)
    after, made = every(gateway, gateway.tiles)
    assert 0 < made < len(before)
    fresh, _ = every(gateway, TileService(StoredTiles(MemoryStore(), 10**9)))
    assert {place: tile.body for place, tile in after.items()} == {place: fresh[place].body for place in after}
    assert "s24" not in set().union(*map(ids, after.values()))


def test_a_reader_of_an_earlier_moment_neither_gets_nor_leaves_what_is_not_of_his_moment(gateway: Gateway, tmp_path: Path) -> None:
    grid = grid_of("WebMercatorQuad")
    tiles = gateway.tiles
    with moment(gateway) as (early, counting):
        source = early.source("squares")
        span = limits(source.collection, grid)["12"]
        address = Address(grid, grid.matrices["12"], span.min_row, span.min_column)
        publish(gateway, tmp_path, [square(n, word="later") for n in range(25)])
        with moment(gateway) as (late, _):
            newer = tiles.tile(late, late.source("squares"), address)
        older = tiles.tile(early, source, address)
        assert counting.asked == 1
        assert older.version < newer.version
        assert older.packed != newer.packed
    with moment(gateway) as (now, counting):
        assert tiles.tile(now, now.source("squares"), address).packed == newer.packed
        assert (
            TileService(StoredTiles.in_folder(gateway.folder / "tiles", 10**9)).tile(now, now.source("squares"), address) == newer
        )
        assert counting.asked == 0


def test_a_new_property_makes_every_tile_anew(gateway: Gateway, tmp_path: Path) -> None:
    before, _ = every(gateway, gateway.tiles)
    wider = [square(n) for n in range(25)]
    wider[0]["properties"]["more"] = 1
    publish(gateway, tmp_path, wider)
    _, made = every(gateway, gateway.tiles)
    assert made == len(before)


def test_the_projection_sweeps_what_is_stale_and_only_that(gateway: Gateway, tmp_path: Path) -> None:
    before, _ = every(gateway, gateway.tiles)
    cache = StoredTiles.in_folder(gateway.folder / "tiles", 10**9)
    held = set(cache.keys("squares"))
    assert len(held) == len(before)
    holders = {f"squares/WebMercatorQuad/14/{row}/{column}" for (row, column), tile in before.items() if "s12" in ids(tile)}
    publish(gateway, tmp_path, [square(n, word="b" if n == 12 else "a") for n in range(25)])
    assert gateway.projector.catch_up() == "done"
    assert held - set(cache.keys("squares")) == holders
    every(gateway, gateway.tiles)
    gateway.projector.rebuild("tiles")
    assert not list(cache.keys("squares"))
    with gateway.store.reading() as reader:
        assert TilesProjection(cache).cursor() == reader.version()


def test_a_tile_of_a_time_is_made_each_time_and_never_kept(gateway: Gateway) -> None:
    grid = grid_of("WebMercatorQuad")
    with moment(gateway) as (view, counting):
        source = view.source("squares")
        span = limits(source.collection, grid)["12"]
        address = Address(grid, grid.matrices["12"], span.min_row, span.min_column)
        for _ in range(2):
            gateway.tiles.tile(view, source, address, ("2020-01-01T00:00:00Z", None))
        assert counting.asked == 2
    assert not list(StoredTiles.in_folder(gateway.folder / "tiles", 10**9).keys("squares"))


def test_spoilt_bytes_in_the_cache_are_made_anew(gateway: Gateway) -> None:
    before, made = every(gateway, gateway.tiles)
    cache = StoredTiles.in_folder(gateway.folder / "tiles", 10**9)
    for n, key in enumerate(sorted(cache.keys("squares"))):
        cache.put(key, (b"", b"GWT1", b"x" * 100)[n % 3])
    again, made_again = every(gateway, TileService(cache))
    assert made_again == made
    assert [tile.body for tile in again.values()] == [tile.body for tile in before.values()]


def test_a_collection_that_lies_elsewhere_has_no_tiles(gateway: Gateway) -> None:
    tiles = TileService(StoredTiles(MemoryStore(), 10**9), without=frozenset({"squares"}))
    with moment(gateway) as (view, _):
        source = view.source("squares")
        assert tiles.grids(source) == []
        with pytest.raises(NotFound):
            tiles.address(source, grid_of("WebMercatorQuad"), "0", "0", "0")


def test_the_cache_is_bounded_and_the_oldest_go_first() -> None:
    cache = StoredTiles(MemoryStore(), 20_000)
    cache.put("cursor", b"7")
    for n in range(100):
        cache.put(f"c/g/0/0/{n}", bytes(1000))
    left = sorted(int(key.rpartition("/")[2]) for key in cache.keys("c"))
    assert len(left) <= 22
    assert left[-1] == 99
    assert cache.get("cursor") == b"7"
    assert cache.get("c/g/0/0/0") is None
    cache.delete("c/g/0/0/0")


def test_a_kept_tile_is_what_it_was() -> None:
    made = Kept.of(2**40, b"12345678", 3, b"tile" * 50)
    assert Kept.decode(made.encode()) == made
    assert made.body == b"tile" * 50
    assert Kept.of(1, b"12345678", 0, b"").body == b""
    assert Kept.decode(b"something else") is None
    assert kept.thinning(0) is None
    assert made.thinning == "1 in 8 of the features below 2 px"
