"""What the API definition says of the changes of single features (OGC 20-002, draft)."""

from __future__ import annotations

from typing import Any

from gateway.web import openapi_parts as parts
from gateway.web.body import FEATURE_TYPES, PATCH_TYPES

RESPONSES: dict[str, Any] = {
    "Forbidden": parts.problem("The caller may read this, and not change it"),
    "PreconditionFailed": parts.problem("The feature is not in the state that the conditions ask for"),
    "PreconditionRequired": parts.problem("A condition must be given"),
}

_CODES = {
    "403": "Forbidden",
    "404": "NotFound",
    "409": "Conflict",
    "412": "PreconditionFailed",
    "413": "TooLarge",
    "415": "Unsupported",
    "422": "Refused",
    "503": "Busy",
}
_TEXT = {"schema": {"type": "string"}}
_VALIDATORS = {"ETag": _TEXT, "Last-Modified": _TEXT, "Link": _TEXT, "Preference-Applied": _TEXT}
_HEADERS = {
    "Content-Crs": "The CRS of the body's coordinates, a URI in angle brackets; CRS84 where it is absent",
    "If-Match": "The entity tags of the states on which the change may be made",
    "If-None-Match": "With *, only where there is no such feature",
    "If-Unmodified-Since": "The change is made only if the feature was not changed since",
    "Prefer": "return=representation, handling=strict, wait=60",
    "Idempotency-Key": "The same key and body have one effect, for 24 hours",
    "Attestation": "A signed attestation over the digest of the body",
}


def on_items(collection: str | None = None) -> dict[str, Any]:
    """POST on the features of a collection: one with a path of its own, or any."""
    made = {"description": "Added", "headers": {"Location": _TEXT, **_VALIDATORS}}
    name, path = ("addFeature", ["collectionId"]) if collection is None else (f"addFeature.{collection}", [])
    return {"post": _operation(name, "Add a feature", path, {"201": made}, FEATURE_TYPES)}


def on_item() -> dict[str, Any]:
    """PUT, PATCH and DELETE on a feature."""
    names = ["collectionId", "featureId"]
    changed = {"204": {"description": "Changed", "headers": _VALIDATORS}, "200": _shown()}
    made = {"201": {"description": "There was none; added", "headers": {"Location": _TEXT, **_VALIDATORS}}}
    return {
        "put": _operation("replaceFeature", "Replace a feature, or add it under this id", names, changed | made, FEATURE_TYPES),
        "patch": _operation("updateFeature", "Change what a merge patch names", names, changed, PATCH_TYPES),
        "delete": _operation("deleteFeature", "Take a feature away", names, {"204": {"description": "It is gone"}}, ()),
    }


def _shown() -> dict[str, Any]:
    content = {"application/geo+json": {"schema": _ref("schemas", "Feature")}}
    return {"description": "Changed; shown, as Prefer asked", "headers": _VALIDATORS, "content": content}


def _operation(name: str, summary: str, path: list[str], responses: dict[str, Any], types: tuple[str, ...]) -> dict[str, Any]:
    codes = {**parts.EVERYWHERE, **_CODES}
    found: dict[str, Any] = {
        "tags": ["data"],
        "operationId": name,
        "summary": summary,
        "parameters": [_ref("parameters", one) for one in (*path, "lang")],
        "responses": responses | {code: _ref("responses", response) for code, response in codes.items()},
        "security": [{"key": []}],
    }
    found["parameters"] += [
        {"name": header, "in": "header", "description": text, "schema": {"type": "string"}} for header, text in _HEADERS.items()
    ]
    if types:
        schema = {"type": "object"} if types == PATCH_TYPES else _ref("schemas", "Feature")
        found["requestBody"] = {"required": True, "content": {kind: {"schema": schema} for kind in types}}
    return found


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}
