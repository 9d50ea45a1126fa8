"""Changes of single features at ``/collections/{id}/items`` and ``…/items/{featureId}`` (OGC 20-002, draft)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from gateway.errors import Forbidden
from gateway.model.party import Party
from gateway.services.edit import Done, Edit
from gateway.web import body, features
from gateway.web.asked import Asked
from gateway.web.context import asked_of

router = APIRouter()
_ITEM = "/collections/{collection}/items/{feature:path}"
_LONGEST_ATTESTATION = 16_384
_CONDITIONS = (b"if-", b"range", b"accept")


@router.post("/collections/{collection}/items")
async def create(request: Request, collection: str) -> Response:
    """Add a feature: 201 with its address."""
    return await _answer(request, "create", collection, None, body.FEATURE_TYPES)


@router.put(_ITEM)
async def replace(request: Request, collection: str, feature: str) -> Response:
    """Replace a feature, 204; or, where there is none, add it under this id, 201."""
    return await _answer(request, "replace", collection, feature, body.FEATURE_TYPES)


@router.patch(_ITEM)
async def update(request: Request, collection: str, feature: str) -> Response:
    """Change what a merge patch names (RFC 7396), 204."""
    return await _answer(request, "update", collection, feature, body.PATCH_TYPES)


@router.delete(_ITEM)
async def delete(request: Request, collection: str, feature: str) -> Response:
    """Take a feature away, 204."""
    return await _answer(request, "delete", collection, feature, ())


async def _answer(request: Request, action: str, collection: str, feature: str | None, types: tuple[str, ...]) -> Response:
    asked = asked_of(request)
    party = asked.gateway.identity.authenticated_party(asked.reader)
    asked.read(frozenset())
    if types:
        body.demand_type(asked, types)
    wishes = body.preferences(asked)
    token = asked.header(b"attestation")
    edit = Edit(
        action=action,
        collection=collection,
        feature=feature,
        body=await request.body() if types else b"",
        crs=body.crs(asked),
        conditions=body.conditions(asked),
        idempotency_key=body.idempotency_key(asked),
        attestation=None if token is None else token[: _LONGEST_ATTESTATION + 1].encode("latin-1"),
        strict=wishes.strict,
    )
    return await run_in_threadpool(_carried_out, asked, edit, party, wishes)


def _carried_out(asked: Asked, edit: Edit, party: Party, wishes: body.Preferences) -> Response:
    _demand_ours(asked, edit.collection)
    done = asked.gateway.editing.edit(edit, party, wait=wishes.waits)
    headers = _headers(asked, edit, done, wishes)
    status = 201 if done.is_new else 204
    if edit.action == "delete":
        return Response(status_code=204, headers=headers)
    shown = features.item(_as_read(asked, edit.collection, done.feature, shows=wishes.shows), edit.collection, done.feature)
    if wishes.shows:
        shown.headers.update(headers)
        shown.status_code = 201 if done.is_new else 200
        return shown
    headers |= {name: shown.headers[name] for name in ("etag", "last-modified", "content-crs") if name in shown.headers}
    return Response(status_code=status, headers=headers)


def _demand_ours(asked: Asked, collection: str) -> None:
    """Raise Forbidden for a cascaded collection that the caller sees, NotFound for one that he does not."""
    if collection in asked.gateway.cascaded.ids:
        with asked.gateway.queries.view(asked.access) as view:
            view.source(collection)
        raise Forbidden("the collection is a view of a remote service", place=collection, cure="change it there")


def _headers(asked: Asked, edit: Edit, done: Done, wishes: body.Preferences) -> dict[str, str]:
    found: dict[str, str] = {}
    if done.is_new:
        found["Location"] = asked.url("collections", edit.collection, "items", done.feature)
    if done.submission is not None:
        address = asked.url("submissions", done.submission.id)
        found["Link"] = f'<{address}>; rel="describedby"; type="application/json"; title="the verdict"'
    if wishes.applied:
        found["Preference-Applied"] = ", ".join(wishes.applied)
    return found


def _as_read(asked: Asked, collection: str, feature: str, *, shows: bool) -> Asked:
    """The request by which the caller would read the feature now; unless he wants it shown, as GeoJSON."""
    address = asked.url("collections", collection, "items", feature)
    path = address.removeprefix(asked.base)
    kept: list[tuple[bytes, bytes]] = [
        (name, value) for name, value in asked.scope["headers"] if not name.startswith(_CONDITIONS) or (shows and name == b"accept")
    ]
    kept += [(name, value) for name, value in asked.scope["headers"] if name == b"accept-language"]
    scope: dict[str, Any] = {
        **asked.scope,
        "method": "GET",
        "path": f"/collections/{collection}/items/{feature}",
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": kept,
    }
    read = Asked(scope, asked.gateway)
    read.reader = asked.reader
    return read
