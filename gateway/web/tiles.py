"""The tiles door's hot answer, a tile: parse, find or make, send. Routes and the fast path call the same functions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fastapi import Response

from gateway.errors import NotFound, ParameterError
from gateway.services.query import Source, View
from gateway.services.tiles import Grid, Kept, grid_of, limits
from gateway.web import attribution, caching
from gateway.web.asked import Asked
from gateway.web.features import link
from gateway.web.negotiation import Offer
from gateway.web.parameters import interval

MVT = Offer("mvt", "application/vnd.mapbox-vector-tile", ("application/x-protobuf", "application/octet-stream"))
VECTOR = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
STYLES = "http://www.opengis.net/def/rel/ogc/1.0/styles"
OFTEN = (b"", b"f=mvt")
"""The queries that maps send."""

MOST_LAYERS = 100
"""Layers of a tile of the whole twin; more collections are named with ``collections``."""

_NO_GZIP = re.compile(rb"gzip\s*;\s*q\s*=\s*0(?:\.0*)?\s*(?:,|$)")


def collection_links(asked: Asked, source: Source) -> list[dict[str, str]]:
    """What a collection says of its tiles and its style; nothing where it has none, or of an earlier version."""
    if source.version is not None or not asked.gateway.tiles.grids(source):
        return []
    here = ("collections", source.collection.id)
    return [
        link(asked.url(*here, "tiles"), VECTOR, "application/json", "its vector tiles"),
        link(asked.url(*here, "styles"), STYLES, "application/json", "its styles"),
    ]


def answer(asked: Asked, names: Sequence[str]) -> Response:
    """``GET /collections/{id}/tiles/{grid}/{matrix}/{row}/{column}`` (OGC 20-057, /req/core/tc-op); `names` are the five."""
    asked.offer(MVT)
    given = asked.read(frozenset({"datetime"}))
    when = interval(given.get("datetime"))
    collection, grid, matrix, row, column = names
    with asked.gateway.queries.view(asked.access) as view:
        source = view.source(collection)
        address = asked.gateway.tiles.address(source, grid_of(grid), matrix, row, column)
        found = asked.gateway.tiles.tile(view, source, address, when)
    return _respond(asked, found, attribution.named(asked, source.dataset).link)


def ready(asked: Asked, names: Sequence[str]) -> Response | None:
    """The same where the tile lies ready and stands at the collection's version; None where it takes longer than a look."""
    if asked.scope["query_string"] not in OFTEN:
        return None
    if not asked.scope["query_string"]:
        asked.offer(MVT)
    collection, grid, matrix, row, column = names
    with asked.gateway.queries.view(asked.access) as view:
        source = view.source(collection)
        found = asked.gateway.tiles.ready(view, source, f"{grid}/{matrix}/{row}/{column}")
    return None if found is None else _respond(asked, found, attribution.named(asked, source.dataset).link)


def whole(asked: Asked, grid: str, matrix: str, row: str, column: str) -> Response:
    """``GET /tiles/{grid}/{matrix}/{row}/{column}``: a layer for each collection (OGC 20-057, clauses 11 and 13)."""
    asked.offer(MVT)
    given = asked.read(frozenset({"datetime", "collections"}))
    when, tiles = interval(given.get("datetime")), asked.gateway.tiles
    with asked.gateway.queries.view(asked.access) as view:
        chosen = selected(asked, view, grid_of(grid), given.get("collections"))
        there = [source for source in chosen if _holds(source, grid_of(grid), matrix, row, column)]
        if not there:
            raise NotFound("there is no such tile", cure="the tileset's tileMatrixSetLimits say which there are")
        found = [tiles.tile(view, source, tiles.address(source, grid_of(grid), matrix, row, column), when) for source in there]
    links = dict.fromkeys(attribution.named(asked, source.dataset).link for source in there)
    return _respond(asked, _joined(found), ", ".join(list(links)[:20]))


def selected(asked: Asked, view: View, grid: Grid, collections: str | None) -> list[Source]:
    """The collections that the parameter names, or all; those that have tiles on the grid. Raises ParameterError."""
    every = {source.collection.id: source for source in view.sources()}
    names = list(every) if collections is None else collections.split(",")
    for name in names:
        if name not in every:
            raise ParameterError(
                "collections", f"there is no collection {name[:100]}", cure="ids of /collections, with commas between"
            )
    found = [every[name] for name in dict.fromkeys(names) if asked.gateway.tiles.offers(every[name], grid)]
    if collections is not None and len(found) > MOST_LAYERS:
        raise ParameterError("collections", "too many", cure=f"at most {MOST_LAYERS}")
    return found[:MOST_LAYERS]


def _holds(source: Source, grid: Grid, matrix: str, row: str, column: str) -> bool:
    span = limits(source.collection, grid).get(matrix)
    short = len(row) <= 9 and len(column) <= 9 and row.isascii() and column.isascii() and row.isdigit() and column.isdigit()
    return span is not None and short and span.holds(int(row), int(column))


def _joined(found: Sequence[Kept]) -> Kept:
    """The layers of several tiles as one: a tile is its layers one behind the other (Mapbox Vector Tile 2.1, 4.1)."""
    if len(found) == 1:
        return found[0]
    return Kept.of(0, bytes(8), max(tile.step for tile in found), b"".join(tile.body for tile in found))


def _respond(asked: Asked, found: Kept, attributed: str) -> Response:
    """A tile as it lies, or unpacked; 204 where it shows nothing (/req/core/tc-error B)."""
    takes_gzip = _takes_gzip(asked.headers.get(b"accept-encoding", b""))
    tag = f'"{found.digest}.{"gzip" if takes_gzip else "mvt"}"'
    head = {"ETag": tag, "Link": attributed, "Vary": "Accept-Encoding"}
    if found.thinning is not None:
        head["Tile-Thinning"] = found.thinning
    if caching.is_fresh(asked, tag):
        return Response(status_code=304, headers=head)
    if not found.packed:
        return Response(status_code=204, headers=head)
    if not takes_gzip:
        return Response(found.body, headers=head, media_type=MVT.media_type)
    head["Content-Encoding"] = "gzip"
    return Response(found.packed, headers=head, media_type=MVT.media_type)


def _takes_gzip(header: bytes) -> bool:
    return b"gzip" in header and _NO_GZIP.search(header) is None
