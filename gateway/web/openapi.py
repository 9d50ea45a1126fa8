"""The API definition: OpenAPI 3.0.3, templated paths, everything inlined, for what the reader may see (OGC 17-069r4, 7.3 and 9)."""

from __future__ import annotations

from typing import Any

from gateway import __version__
from gateway.model.dataset import Collection
from gateway.services.downloads import FORMATS
from gateway.services.query import View
from gateway.services.queryables import Queryable, queryables
from gateway.web import openapi_edits, openapi_filters, openapi_tiles
from gateway.web import openapi_parts as parts
from gateway.web import openapi_processes as processes
from gateway.web.asked import Asked
from gateway.web.parameters import DEFAULT_LIMIT, filterable
from gateway.web.representations import TABLE
from gateway.web.routers.processes import LARGEST as JOBS_LARGEST
from gateway.web.upload import FIELDS

_OWN_PATHS = 200
"""Collections that get a path of their own, with their properties as parameters; the templated path covers all."""


def document(asked: Asked, view: View, title: str) -> dict[str, Any]:
    """The definition of this twin's API for one reader."""
    collections = [source.collection for source in view.sources()]
    return {
        "openapi": "3.0.3",
        "info": {
            "title": title,
            "version": __version__,
            "description": "Features, records and linked data of a digital twin, under the charter of its partners.",
        },
        "servers": [{"url": asked.base, "description": "this twin"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": _paths(asked, collections),
        "components": {
            "parameters": parts.parameters(asked.gateway.settings.max_limit, DEFAULT_LIMIT)
            | processes.parameters(JOBS_LARGEST, DEFAULT_LIMIT)
            | openapi_tiles.parameters()
            | openapi_filters.PARAMETERS,
            "responses": parts.RESPONSES | processes.RESPONSES | openapi_edits.RESPONSES,
            "schemas": parts.SCHEMAS | processes.SCHEMAS | openapi_filters.SCHEMAS,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "A partner's API key; reading open data needs none."},
            },
        },
        "security": [{}, {"key": []}],
    }


_TAGS = {
    "capabilities": "What is here and what it conforms to",
    "data": "Features of the collections",
    "tiles": "Vector tiles of the collections, and their styles",
    "datasets": "Datasets and their records",
    "processes": "What can be executed, and the jobs",
    "submissions": "Publishing, and the verdicts of the charter",
    "other doors": "Catalogue, linked data, health",
}


def _paths(asked: Asked, collections: list[Collection]) -> dict[str, Any]:
    paths = {
        "/": _get("capabilities", "landing", "The landing page", "LandingPage"),
        "/conformance": _get("capabilities", "conformance", "The conformance classes kept", "Conformance"),
        "/api": _get("capabilities", "api", "This document", "Any", media=_OPENAPI),
        "/collections": _get("data", "collections", "The collections", "Collections"),
        "/collections/{collectionId}": _get(
            "data", "collection", "One collection", "Collection", path=("collectionId",), own=("version", "as-of")
        ),
        "/collections/{collectionId}/schema": _schema("schema", "The schema of its features"),
        "/collections/{collectionId}/sortables": _schema("sortables", "The properties it can be sorted by"),
        "/collections/{collectionId}/queryables": _schema("queryables", "The properties it can be filtered by"),
        "/collections/{collectionId}/items": {
            **_items("items", "Features of a collection", ["collectionId"], []),
            **openapi_edits.on_items(),
        },
        "/collections/{collectionId}/search": openapi_filters.search(_items("items", "Features", ["collectionId"], [])),
        "/functions": _get("capabilities", "functions", "The functions that filters may call", "Functions"),
        "/collections/{collectionId}/items/{featureId}": {**_item(), **openapi_edits.on_item()},
        "/collections/{collectionId}/download": _download(),
        "/datasets": _get("datasets", "datasets", "The datasets", "Any"),
        "/datasets/{datasetId}": _get(
            "datasets", "dataset", "One dataset and its record", "Any", path=("datasetId",), media=_RECORD
        ),
        "/datasets/{datasetId}/versions": _get(
            "datasets", "versions", "The published versions of a dataset", "Any", path=("datasetId",), own=("limit", "before")
        ),
        **openapi_tiles.paths(),
        **processes.paths(),
        "/submissions": _submissions(),
        "/submissions/{submissionId}": _get(
            "submissions", "submission", "One submission and its verdict", "Any", path=("submissionId",), secured=True
        ),
        "/health": _get(
            "other doors", "health", "Whether the twin can be read", "Any", html=False, formats="json", extra={"503": "Unhealthy"}
        ),
        "/metrics": _metrics(),
    }
    for collection in collections[:_OWN_PATHS]:
        if collection.item_type == "coverage":
            paths[f"/collections/{collection.id}/coverage"] = _coverage()
        elif filterable(collection):
            own = {**_own_items(asked, collection), **openapi_edits.on_items(collection.id)}
            paths[f"/collections/{collection.id}/items"] = own
    return paths


_SHOWN = ("properties", "exclude-properties", "profile", "version", "as-of")
_OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
_RECORD = ("application/json", "application/vnd.iso.19139+xml", "application/ld+json", "text/turtle")


def _get(
    tag: str,
    name: str,
    summary: str,
    schema: str,
    *,
    path: tuple[str, ...] = (),
    own: tuple[str, ...] = (),
    media: str | tuple[str, ...] = "application/json",
    html: bool = True,
    secured: bool = False,
    formats: str = "",
    extra: dict[str, str] | None = None,
) -> dict[str, Any]:
    kinds = (media,) if isinstance(media, str) else media
    content: dict[str, Any] = {kind: {"schema": _ref("schemas", schema)} for kind in kinds}
    if html:
        content["text/html"] = {"schema": {"type": "string"}}
    names = [*path, *own, f"f-{formats}" if formats else "f", "lang"]
    codes = {"404": "NotFound"} if path else {}
    return {"get": _operation(tag, name, summary, names, content, codes | (extra or {}), secured=secured)}


def _operation(
    tag: str, name: str, summary: str, own: list[str], content: dict[str, Any], codes: dict[str, str], *, secured: bool = False
) -> dict[str, Any]:
    responses: dict[str, Any] = {"200": {"description": summary, "content": content}}
    responses |= {code: _ref("responses", response) for code, response in ({**parts.EVERYWHERE, **codes}).items()}
    found: dict[str, Any] = {
        "tags": [tag],
        "operationId": name,
        "summary": summary,
        "parameters": [_ref("parameters", parameter) for parameter in own],
        "responses": responses,
    }
    if secured:
        found["security"] = [{"key": []}]
    return found


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _schema(name: str, summary: str) -> dict[str, Any]:
    media, own = "application/schema+json", ("version", "as-of")
    found = _get("data", name, summary, "Any", path=("collectionId",), own=own, media=media, formats=name * (name == "schema"))
    if name == "schema":  # GML is described in XML Schema
        found["get"]["responses"]["200"]["content"]["application/xml"] = {"schema": {"type": "string"}}
    return found


def _items(name: str, summary: str, path: list[str], properties: list[dict[str, Any]]) -> dict[str, Any]:
    own = [*path, "limit", "bbox", "bbox-crs", "datetime", *openapi_filters.PARAMETERS, "crs", "sortby", *_SHOWN]
    own += ["offset-items", "after", "f-items", "lang"]
    content = {"application/geo+json": {"schema": _ref("schemas", "FeatureCollection")}, **_encodings()}
    operation = _operation("data", name, summary, own, content, {"404": "NotFound", "304": "NotModified"})
    operation["responses"]["200"]["headers"] = parts.CRS_HEADER | parts.NUMBER_HEADERS
    operation["parameters"] += properties
    return {"get": operation}


def _encodings() -> dict[str, Any]:
    """The representations beside GeoJSON: JSON ones as objects, files as bytes, everything else as text."""
    found: dict[str, Any] = {"text/html": {"schema": {"type": "string"}}}
    for offer, form in TABLE.items():
        binary = {"type": "string", "format": "binary"} if form.is_file else {"type": "string"}
        found[offer.types[0]] = {"schema": _ref("schemas", "Any") if offer.types[0].endswith("json") else binary}
    return found


def _own_items(asked: Asked, collection: Collection) -> dict[str, Any]:
    """The items of one collection, with its properties as parameters."""
    names = set(filterable(collection))
    properties = [_property(one) for one in queryables(collection) if one.name in names]
    return _items(f"items.{collection.id}", f"Features of {collection.id}", [], properties)


def _property(one: Queryable) -> dict[str, Any]:
    format = one.kind if one.field is None and one.kind != "string" else None if one.field is None else one.field.format
    kind = "string" if one.field is None or one.kind == "array" else one.field.type
    schema = {"type": kind} | ({} if format is None else {"format": format})
    return {"name": one.name, "in": "query", "required": False, "style": "form", "explode": False, "schema": schema}


def _item() -> dict[str, Any]:
    linked = {kind: {"schema": {"type": "string"}} for kind in ("application/ld+json", "text/turtle")}
    content = {"application/geo+json": {"schema": _ref("schemas", "Feature")}, **_encodings(), **linked}
    own = ["collectionId", "featureId", "crs", *_SHOWN, "f-feature", "lang"]
    operation = _operation("data", "item", "One feature", own, content, {"404": "NotFound", "304": "NotModified"})
    operation["responses"]["200"]["headers"] = parts.CRS_HEADER
    return {"get": operation}


def _metrics() -> dict[str, Any]:
    """Measures for Prometheus."""
    content = {"text/plain": {"schema": {"type": "string"}}}
    return {"get": _operation("other doors", "metrics", "What the server does, for Prometheus", [], content, {})}


def _download() -> dict[str, Any]:
    """The whole collection as a file."""
    content = {format.media_type: {"schema": {"type": "string", "format": "binary"}} for format in FORMATS}
    own = ["collectionId", "f-download", "lang"]
    codes = {"304": "NotModified", "404": "NotFound", "416": "NoSuchRange"}
    operation = _operation("data", "download", "A whole collection as one file", own, content, codes)
    operation["responses"]["200"]["headers"] = parts.FILE_HEADERS
    operation["responses"]["206"] = {"description": "The bytes asked for, of a file that is made", "content": content}
    operation["parameters"].append({"name": "Range", "in": "header", "schema": {"type": "string"}, "example": "bytes=0-1023"})
    return {"get": operation}


def _coverage() -> dict[str, Any]:
    """A cascaded raster, at a path of its own: features have none."""
    content = {
        "image/tiff; application=geotiff": {"schema": {"type": "string", "format": "binary"}},
        "application/prs.coverage+json": {"schema": _ref("schemas", "Any")},
    }
    own = ["f-coverage", "lang", "bbox", "bbox-crs", "bands"]
    codes = {"404": "NotFound", "502": "Remote", "504": "OutOfTime"}
    return {"get": _operation("data", "coverage", "A raster, or a part of it", own, content, codes)}


def _submissions() -> dict[str, Any]:
    listing = _get("submissions", "submissions", "The caller's own submissions", "Any", secured=True)
    fields = {name: {"type": "string"} for name in FIELDS}
    files = {name: {"type": "string", "format": "binary"} for name in ("data", "record", "attestation")}
    codes = {"409": "Conflict", "413": "TooLarge", "415": "Unsupported", "422": "Refused", "503": "Busy"}
    content = {"application/json": {"schema": _ref("schemas", "Any")}, "text/html": {"schema": {"type": "string"}}}
    post = _operation("submissions", "submit", "There already: the first submission", ["f", "lang"], content, codes, secured=True)
    post["summary"] = "Publish a file"
    post["responses"]["201"] = {
        "description": "Published, with the verdict",
        "headers": {"Location": {"schema": {"type": "string", "format": "uri"}}},
        "content": content,
    }
    post["parameters"] += [
        {"name": name, "in": "query", "schema": {"type": "string"}, "description": "With a raw body"}
        for name in (*FIELDS, "name", "part", "no-wait")
    ]
    post["parameters"].append({"name": "Attestation", "in": "header", "schema": {"type": "string", "maxLength": 16384}})
    post["parameters"].append({"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "maxLength": 255}})
    post["requestBody"] = {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": {"type": "object", "properties": {**files, **fields}}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
    return {"get": listing["get"], "post": post}
