"""The part of the API definition that is about tiles and styles (OGC 20-057, /req/oas30)."""

from __future__ import annotations

from typing import Any

from gateway.services.tiles import all_grids
from gateway.tiles import style as styles
from gateway.web import openapi_parts as parts
from gateway.web.describe_tiles import TILEJSON_TYPE
from gateway.web.tiles import MVT

_TILE = ("tileMatrixSetId", "tileMatrix", "tileRow", "tileCol")
_NUMBER = {"type": "integer", "minimum": 0}
_TEXT = {"schema": {"type": "string"}}
_ANY = {"schema": {"$ref": "#/components/schemas/Any"}}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_HEADERS = {
    "ETag": {"description": "Strong validator", **_TEXT},
    "Tile-Thinning": {"description": "What was left out, where the tile would have had too many features", **_TEXT},
}


def parameters() -> dict[str, Any]:
    """The parameters by the name of the component."""
    grid = parts.path("tileMatrixSetId", "The id of a tile matrix set")
    grid["schema"] = {"type": "string", "enum": [grid.id for grid in all_grids()]}
    row, column = parts.path("tileRow", "The row, 0 the northernmost"), parts.path("tileCol", "The column, 0 the westernmost")
    row["schema"] = column["schema"] = _NUMBER
    names = {"type": "array", "items": {"type": "string"}}
    return {
        "tileMatrixSetId": grid,
        "tileMatrix": parts.path("tileMatrix", "The id of a tile matrix: the zoom of web maps"),
        "tileRow": row,
        "tileCol": column,
        "collections": parts.query("collections", "Only these collections, in this order", names),
        "f-tile": parts.query("f", "The representation", {"type": "string", "enum": ["mvt"], "default": "mvt"}),
        "f-tileset": parts.query("f", "The representation", {"type": "string", "enum": ["json", "tilejson"], "default": "json"}),
        "f-style": parts.query("f", "The representation", {"type": "string", "enum": ["style"], "default": "style"}),
    }


def paths() -> dict[str, Any]:
    """The paths of tile matrix sets, tilesets, tiles and styles."""
    own, tileset = "/collections/{collectionId}", "{tileMatrixSetId}"
    tile = "{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}"
    return {
        "/tileMatrixSets": _json("tileMatrixSets", "The grids tiles are served on", ()),
        "/tileMatrixSets/{tileMatrixSetId}": _json("tileMatrixSet", "One grid", ("tileMatrixSetId",)),
        "/tiles": _json("tilesets", "The tilesets of all collections together", ()),
        f"/tiles/{tileset}": _tileset("tileset", "One tileset of all collections together", ("tileMatrixSetId", "collections")),
        f"/tiles/{tile}": _tile("tile", "One tile with a layer for each collection", (*_TILE, "collections")),
        f"{own}/tiles": _json("collection.tilesets", "The tilesets of a collection", ("collectionId",)),
        f"{own}/tiles/{tileset}": _tileset("collection.tileset", "One tileset", ("collectionId", "tileMatrixSetId")),
        f"{own}/tiles/{tile}": _tile("collection.tile", "One tile of a collection", ("collectionId", *_TILE)),
        f"{own}/styles": _json("collection.styles", "The styles of a collection", ("collectionId",)),
        f"{own}/styles/default": _get(
            "collection.style", "Its style, for MapLibre and QGIS", ("collectionId", "f-style"), {styles.MEDIA_TYPE: _ANY}
        ),
    }


def _json(name: str, summary: str, own: tuple[str, ...]) -> dict[str, Any]:
    return _get(name, summary, (*own, "f-json"), {"application/json": _ANY})


def _tileset(name: str, summary: str, own: tuple[str, ...]) -> dict[str, Any]:
    return _get(name, summary, (*own, "f-tileset"), {"application/json": _ANY, TILEJSON_TYPE: _ANY})


def _tile(name: str, summary: str, own: tuple[str, ...]) -> dict[str, Any]:
    found = _get(name, summary, (*own, "datetime", "f-tile"), {MVT.media_type: _BINARY})
    found["get"]["responses"]["200"]["headers"] = _HEADERS
    found["get"]["responses"]["204"] = {"description": "The tile shows nothing"}
    found["get"]["responses"]["304"] = {"$ref": "#/components/responses/NotModified"}
    return found


def _get(name: str, summary: str, own: tuple[str, ...], content: dict[str, Any]) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": {"description": summary, "content": content}}
    codes = parts.EVERYWHERE if own[0].startswith("f-") else {**parts.EVERYWHERE, "404": "NotFound"}
    responses |= {code: {"$ref": f"#/components/responses/{response}"} for code, response in codes.items()}
    return {
        "get": {
            "tags": ["tiles"],
            "operationId": f"tiles.{name}",
            "summary": summary,
            "parameters": [{"$ref": f"#/components/parameters/{parameter}"} for parameter in (*own, "lang")],
            "responses": responses,
        }
    }
