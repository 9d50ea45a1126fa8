"""OGC API Tiles: tile matrix sets, tilesets, tiles and styles; `gateway.web.fast` answers tiles of one collection before."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request, Response

from gateway.errors import NotFound
from gateway.model.text import pick
from gateway.services.query import Source
from gateway.services.tiles import Grid, all_grids, grid_of
from gateway.tiles import style as styles
from gateway.web import caching, describe_tiles, tiles
from gateway.web.answers import document
from gateway.web.asked import Asked
from gateway.web.context import asked_of
from gateway.web.describe import title
from gateway.web.negotiation import JSON, Offer

router = APIRouter()
TILEJSON = Offer("tilejson", describe_tiles.TILEJSON_TYPE)
STYLE = Offer("style", styles.MEDIA_TYPE, ("application/json",))
_SELECTION = frozenset({"collections"})


@router.get("/tileMatrixSets")
def tile_matrix_sets(request: Request) -> Response:
    """The grids tiles are served on."""
    asked = asked_of(request)
    asked.read(frozenset())
    asked.offer(JSON)
    return document(asked, describe_tiles.sets(asked, all_grids()))


@router.get("/tileMatrixSets/{grid}")
def tile_matrix_set(request: Request, grid: str) -> Response:
    """One grid, as it was published (OGC 17-083r4, JSON encoding)."""
    asked = asked_of(request)
    asked.read(frozenset())
    asked.offer(JSON)
    return document(asked, dict(grid_of(grid).document))


@router.get("/collections/{collection}/tiles")
def tilesets(request: Request, collection: str) -> Response:
    """The tilesets of a collection."""
    asked = asked_of(request)
    asked.read(frozenset())
    offer = asked.offer(JSON)
    with asked.gateway.queries.view(asked.access) as view:
        source = view.source(collection)
        tag = caching.etag(asked, view, offer, of=caching.of_dataset(source.dataset))
    if caching.is_fresh(asked, tag):
        return caching.not_modified(tag)
    grids = asked.gateway.tiles.grids(source)
    body = describe_tiles.tilesets(asked, ("collections", collection, "tiles"), grids, _name(asked, source))
    return document(asked, body, headers={"ETag": tag})


@router.get("/collections/{collection}/tiles/{grid}")
def tileset(request: Request, collection: str, grid: str) -> Response:
    """One tileset of a collection: its metadata, or its TileJSON."""
    asked = asked_of(request)
    asked.read(frozenset())
    with asked.gateway.queries.view(asked.access) as view:
        source, found = view.source(collection), grid_of(grid)
        if not asked.gateway.tiles.offers(source, found):
            raise NotFound("the collection has no tiles on this grid", place=grid)
        offer = _offer(asked, found)
        tag = caching.etag(asked, view, offer, of=caching.of_dataset(source.dataset))
    if caching.is_fresh(asked, tag):
        return caching.not_modified(tag)
    return _tileset(asked, ("collections", collection, "tiles"), found, [source], _name(asked, source), tag, offer)


@router.get("/collections/{collection}/tiles/{grid}/{matrix}/{row}/{column}")
def tile(request: Request, collection: str, grid: str, matrix: str, row: str, column: str) -> Response:
    """One tile of a collection."""
    return tiles.answer(asked_of(request), (collection, grid, matrix, row, column))


@router.get("/collections/{collection}/styles")
def style_list(request: Request, collection: str) -> Response:
    """The styles of a collection."""
    return _styled(asked_of(request), collection, JSON)


@router.get("/collections/{collection}/styles/default")
def style(request: Request, collection: str) -> Response:
    """The style of a collection, for MapLibre and QGIS."""
    return _styled(asked_of(request), collection, STYLE)


@router.get("/tiles")
def all_tilesets(request: Request) -> Response:
    """The tilesets of all collections together."""
    asked = asked_of(request)
    asked.read(frozenset())
    offer = asked.offer(JSON)
    with asked.gateway.queries.view(asked.access) as view:
        tag = caching.etag(asked, view, offer)
        if caching.is_fresh(asked, tag):
            return caching.not_modified(tag)
        there = [grid for grid in all_grids() if tiles.selected(asked, view, grid, None)]
        name = view.title
    return document(asked, describe_tiles.tilesets(asked, ("tiles",), there, name), headers={"ETag": tag})


@router.get("/tiles/{grid}")
def whole_tileset(request: Request, grid: str) -> Response:
    """One tileset of all collections together, or of those that ``collections`` names."""
    asked = asked_of(request)
    given, found = asked.read(_SELECTION), grid_of(grid)
    offer = _offer(asked, found)
    with asked.gateway.queries.view(asked.access) as view:
        tag = caching.etag(asked, view, offer)
        if caching.is_fresh(asked, tag):
            return caching.not_modified(tag)
        sources, name = tiles.selected(asked, view, found, given.get("collections")), view.title
    if not sources:
        raise NotFound("there are no tiles on this grid", place=grid)
    return _tileset(asked, ("tiles",), found, sources, name, tag, offer)


@router.get("/tiles/{grid}/{matrix}/{row}/{column}")
def whole_tile(request: Request, grid: str, matrix: str, row: str, column: str) -> Response:
    """One tile with a layer for each collection."""
    return tiles.whole(asked_of(request), grid, matrix, row, column)


def _offer(asked: Asked, grid: Grid) -> Offer:
    """TileJSON knows one grid only."""
    return asked.offer(JSON, TILEJSON) if grid.is_web_mercator else asked.offer(JSON)


def _tileset(
    asked: Asked, path: Sequence[str], grid: Grid, sources: Sequence[Source], name: str, tag: str, offer: Offer
) -> Response:
    describe = describe_tiles.tilejson if offer is TILEJSON else describe_tiles.tileset
    return document(asked, describe(asked, path, grid, sources, name), media_type=offer.media_type, headers={"ETag": tag})


def _styled(asked: Asked, collection: str, offer: Offer) -> Response:
    asked.read(frozenset())
    asked.offer(offer)
    with asked.gateway.queries.view(asked.access) as view:
        source = view.source(collection)
        tag = caching.etag(asked, view, offer, of=caching.of_dataset(source.dataset))
    if not asked.gateway.tiles.grids(source):
        raise NotFound("the collection has no tiles, so no style", place=collection)
    if caching.is_fresh(asked, tag):
        return caching.not_modified(tag)
    body = describe_tiles.styled(asked, source) if offer is STYLE else describe_tiles.style_list(asked, source)
    return document(asked, body, media_type=offer.media_type, headers={"ETag": tag})


def _name(asked: Asked, source: Source) -> str:
    return pick(title(source.collection, source.dataset), asked.languages)
