"""What the API definition says of filters: their parameters, the functions, and items asked for by a body."""

from __future__ import annotations

from typing import Any

from gateway.cql2 import LANGUAGES, TEXT
from gateway.web import openapi_parts as parts

PARAMETERS: dict[str, Any] = {
    "filter": parts.query(
        "filter",
        "Only features for which this condition holds (OGC CQL2): text, or JSON with filter-lang=cql2-json",
        {"type": "string"},
    ),
    "filter-lang": parts.query(
        "filter-lang", "The language of filter", {"type": "string", "enum": list(LANGUAGES), "default": TEXT}
    ),
    "filter-crs": parts.query(
        "filter-crs", "The CRS of the geometries in filter; CRS84 unless said", {"type": "string", "format": "uri"}
    ),
}

_ARGUMENT = {
    "type": "object",
    "required": ["type"],
    "properties": {"title": {"type": "string"}, "type": {"type": "array", "items": {"type": "string"}}},
}
SCHEMAS: dict[str, Any] = {
    "Functions": {
        "type": "object",
        "required": ["functions"],
        "properties": {
            "functions": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["name", "returns"],
                    "properties": {
                        "name": {"type": "string"},
                        "description": {"type": "string"},
                        "metadataUrl": {"type": "string", "format": "uri"},
                        "arguments": {"type": "array", "items": _ARGUMENT},
                        "returns": {"type": "array", "items": {"type": "string"}},
                    },
                },
            },
            "links": {"type": "array", "items": {"$ref": "#/components/schemas/Link"}},
        },
    }
}


def search(items: dict[str, Any]) -> dict[str, Any]:
    """``POST …/search`` after the definition of ``GET …/items``: the same parameters, as members of the body."""
    own = ("limit", "bbox", "bbox-crs", "datetime", "crs", "sortby", "properties", "offset", "after", "f", "lang")
    members = {name: {"type": "string"} for name in (*own, "filter-lang", "filter-crs")}
    form = {"type": "object", "properties": {**members, "filter": {"type": "string"}}, "additionalProperties": True}
    loose: dict[str, Any] = {"type": "object", "properties": {**{name: {} for name in members}, "filter": {}}}
    operation = {
        **{name: value for name, value in items["get"].items() if name != "responses"},
        "operationId": "search",
        "summary": "Features of a collection, the parameters of items in the body",
        "parameters": [{"$ref": "#/components/parameters/collectionId"}],
        "requestBody": {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"schema": form}, "application/json": {"schema": loose}},
        },
        "responses": {code: value for code, value in items["get"]["responses"].items() if code != "304"}
        | {"415": {"$ref": "#/components/responses/Unsupported"}},
    }
    return {"post": operation}
