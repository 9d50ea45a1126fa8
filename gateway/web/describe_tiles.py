"""Tilesets, TileJSON and styles as the tiles door describes them (OGC 20-057, OGC 17-083r4, TileJSON 3.0)."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.model.dataset import Box
from gateway.model.text import pick
from gateway.services.query import Source
from gateway.services.tiles import Grid, Span, layer_fields, limits, spans
from gateway.tiles import style as styles
from gateway.web import attribution
from gateway.web.asked import Asked
from gateway.web.describe import outward, title
from gateway.web.features import link
from gateway.web.tiles import MVT

TILEJSON_TYPE = "application/vnd.mapbox.tilejson+json"
SCHEME = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
SCHEMES = "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes"
_GEODATA = "http://www.opengis.net/def/rel/ogc/1.0/geodata"
_CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_DIMENSIONS = {"POINT": 0, "LINESTRING": 1, "POLYGON": 2}
_JSON_TYPES = {"boolean": "Boolean", "integer": "Number", "number": "Number"}

THINNING = (
    "A tile holds at most 10,000 features of a collection. Where there are more, the small ones are thinned by the same rule "
    "everywhere, and the header Tile-Thinning says which. Areas smaller than a pixel are drawn as a pixel."
)


def sets(asked: Asked, grids: Sequence[Grid]) -> dict[str, Any]:
    """``/tileMatrixSets`` (OGC 20-057, /req/core … and OGC 17-083r4)."""
    listed = []
    for grid in grids:
        entry = {"id": grid.id, "title": grid.title, "crs": grid.crs.uri}
        if grid.uri is not None:
            entry["uri"] = grid.uri
        definition = link(asked.url("tileMatrixSets", grid.id), "self", "application/json", grid.title)
        listed.append({**entry, "links": [definition]})
    here = link(asked.url("tileMatrixSets"), "self", "application/json", "this document")
    return {"tileMatrixSets": listed, "links": [here]}


def tilesets(asked: Asked, path: Sequence[str], grids: Sequence[Grid], name: str) -> dict[str, Any]:
    """A list of tilesets (/req/tilesets-list/tileset-links)."""
    entries = []
    for grid in grids:
        members = {"title": f"{name}: {grid.title}", **_common(grid)}
        entries.append({**members, "links": [_itself(asked, path, grid), _scheme(asked, grid)]})
    return {"tilesets": entries, "links": [link(asked.url(*path), "self", "application/json", "this document")]}


def tileset(asked: Asked, path: Sequence[str], grid: Grid, sources: Sequence[Source], name: str) -> dict[str, Any]:
    """The metadata of one tileset (/req/tileset/description): a layer for each of `sources`, which all have tiles on the grid."""
    span = spans([source.collection for source in sources], grid)
    members: dict[str, Any] = {"title": f"{name}: {grid.title}", "description": THINNING, **_common(grid)}
    members["tileMatrixSetLimits"] = [_limit(one) for one in span.values()]
    box = whole_box(sources)
    if box is not None:
        members["boundingBox"] = {"lowerLeft": outward(box)[:2], "upperRight": outward(box)[2:], "crs": _CRS84}
    members["layers"] = [_layer(asked, source, grid) for source in sources]
    members["links"] = _links(asked, path, grid, sources)
    told = [attribution.named(asked, source.dataset).members for source in sources]
    members["attribution"] = ", ".join(dict.fromkeys(entry["attribution"] for entry in told))
    return members


def tilejson(asked: Asked, path: Sequence[str], grid: Grid, sources: Sequence[Source], name: str) -> dict[str, Any]:
    """TileJSON 3.0 of a tileset on the web's own grid; its addresses go z, row, column."""
    span = spans([source.collection for source in sources], grid)
    levels = [int(matrix) for matrix in span]
    told = [attribution.named(asked, source.dataset).members for source in sources]
    found: dict[str, Any] = {
        "tilejson": "3.0.0",
        "tiles": [_template(asked, path, grid, ("z", "y", "x"))],
        "vector_layers": [_vector_layer(asked, source, levels) for source in sources],
        "name": name,
        "description": THINNING,
        "attribution": ", ".join(dict.fromkeys(html.escape(entry["attribution"]) for entry in told)),
        "scheme": "xyz",
        "minzoom": levels[0],
        "maxzoom": levels[-1],
    }
    box = whole_box(sources)
    if box is not None and box[0] <= box[2]:
        found["bounds"] = outward(box)
        found["center"] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2, near(box)]
    return found


def styled(asked: Asked, source: Source) -> dict[str, Any]:
    """The style of a collection; its addresses are absolute."""
    found = source.collection
    where: dict[str, Any] = {}
    if found.box is not None and found.box[0] <= found.box[2]:
        where = {"center": [(found.box[0] + found.box[2]) / 2, (found.box[1] + found.box[3]) / 2], "zoom": near(found.box)}
    address = asked.url("collections", found.id, "tiles", "WebMercatorQuad", f="tilejson")
    return styles.style(found.id, pick(title(found, source.dataset), asked.languages), address, found.geometry_type, where)


def style_list(asked: Asked, source: Source) -> dict[str, Any]:
    """The styles of a collection: the one that the twin makes."""
    here = ("collections", source.collection.id, "styles")
    sheet = link(asked.url(*here, "default"), "stylesheet", styles.MEDIA_TYPE, "for MapLibre and QGIS")
    return {
        "default": "default",
        "styles": [{"id": "default", "title": pick(title(source.collection, source.dataset), asked.languages), "links": [sheet]}],
        "links": [link(asked.url(*here), "self", "application/json", "this document")],
    }


def whole_box(sources: Sequence[Source]) -> Box | None:
    """The extent of several collections in CRS84; the whole round where one crosses the antimeridian."""
    boxes = [source.collection.box for source in sources if source.collection.box is not None]
    if not boxes:
        return None
    if len(boxes) == 1:
        return boxes[0]
    south, north = min(box[1] for box in boxes), max(box[3] for box in boxes)
    if any(box[0] > box[2] for box in boxes):
        return -180.0, south, 180.0, north
    return min(box[0] for box in boxes), south, max(box[2] for box in boxes), north


def near(box: Box) -> int:
    """A zoom at which a box fills a window of some 512 pixels."""
    wide = max(box[2] - box[0], box[3] - box[1], 1e-9)
    zoom = 0
    while zoom < 17 and 360 / 2 ** (zoom + 1) >= wide:
        zoom += 1
    return zoom


def _common(grid: Grid) -> dict[str, Any]:
    members: dict[str, Any] = {"dataType": "vector", "crs": grid.crs.uri}
    if grid.uri is not None:
        members["tileMatrixSetURI"] = grid.uri
    return members


def _itself(asked: Asked, path: Sequence[str], grid: Grid) -> dict[str, str]:
    return link(asked.url(*path, grid.id), "self", "application/json", "this tileset")


def _scheme(asked: Asked, grid: Grid) -> dict[str, str]:
    return link(asked.url("tileMatrixSets", grid.id), SCHEME, "application/json", f"the tile matrix set {grid.id}")


def _template(asked: Asked, path: Sequence[str], grid: Grid, names: Sequence[str]) -> str:
    """A URI template (RFC 6570) of tiles: matrix, row, column."""
    return f"{asked.url(*path, grid.id)}/{'/'.join(f'{{{name}}}' for name in names)}?f=mvt"


def _links(asked: Asked, path: Sequence[str], grid: Grid, sources: Sequence[Source]) -> list[dict[str, Any]]:
    template = _template(asked, path, grid, ("tileMatrix", "tileRow", "tileCol"))
    links: list[dict[str, Any]] = [
        _itself(asked, path, grid),
        _scheme(asked, grid),
        {**link(template, "item", MVT.media_type, "its tiles"), "templated": True},
    ]
    if grid.is_web_mercator:
        links.append(link(asked.url(*path, grid.id, f="tilejson"), "alternate", TILEJSON_TYPE, "this tileset as TileJSON"))
    if path[0] == "collections":
        here = ("collections", sources[0].collection.id)
        links.append(link(asked.url(*here), _GEODATA, "application/json", "the collection"))
        links.append(link(asked.url(*here, "styles", "default"), "stylesheet", styles.MEDIA_TYPE, "its style"))
    for licence in dict.fromkeys(attribution.named(asked, source.dataset).licence for source in sources):
        if licence is not None:
            links.append({"href": licence, "rel": "license"})
    return links


def _limit(span: Span) -> dict[str, Any]:
    return {
        "tileMatrix": span.matrix,
        "minTileRow": span.min_row,
        "maxTileRow": span.max_row,
        "minTileCol": span.min_column,
        "maxTileCol": span.max_column,
    }


def _layer(asked: Asked, source: Source, grid: Grid) -> dict[str, Any]:
    found = source.collection
    matrices = list(limits(found, grid))
    members: dict[str, Any] = {"id": found.id, "title": pick(title(found, source.dataset), asked.languages), "dataType": "vector"}
    dimension = _DIMENSIONS.get((found.geometry_type or "").upper().removeprefix("MULTI"))
    if dimension is not None:
        members["geometryDimension"] = dimension
    members |= {"minTileMatrix": matrices[0], "maxTileMatrix": matrices[-1]}
    properties = {name: {"type": kind if kind in _SCHEMA_TYPES else "string"} for name, kind in layer_fields(found).items()}
    members["propertiesSchema"] = {"type": "object", "properties": properties}
    members["links"] = [link(asked.url("collections", found.id), _GEODATA, "application/json", "the collection")]
    return members


_SCHEMA_TYPES = frozenset({"string", "integer", "number", "boolean"})


def _vector_layer(asked: Asked, source: Source, levels: Sequence[int]) -> Mapping[str, Any]:
    found = source.collection
    return {
        "id": found.id,
        "fields": {name: _JSON_TYPES.get(kind, "String") for name, kind in layer_fields(found).items()},
        "description": pick(title(found, source.dataset), asked.languages),
        "minzoom": levels[0],
        "maxzoom": levels[-1],
    }
