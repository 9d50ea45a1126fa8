"""``/submissions``: send a file to the twin and read what became of it (design, section 9)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from gateway.errors import ParameterError
from gateway.model.party import Party
from gateway.model.submission import Request as Sent
from gateway.model.submission import Submission
from gateway.web import pages, upload
from gateway.web.answers import document
from gateway.web.asked import Asked
from gateway.web.context import asked_of
from gateway.web.features import link
from gateway.web.negotiation import HTML, JSON

router = APIRouter()
_PARAMETERS = frozenset({*upload.FIELDS, "name", "part", "no-wait"})
_MODES = ("replace", "delta")


@router.post("/submissions")
async def submit(request: Request) -> Response:
    """Publish a file: 201 with the verdict, 422 with the findings, 200 when it is there already."""
    asked = asked_of(request)
    party = asked.gateway.identity.authenticated_party(asked.reader)
    given = asked.read(_PARAMETERS)
    offer = asked.offer(JSON, HTML)
    async with upload.folder(asked.gateway.folder) as place:
        came = await upload.read(request.stream(), asked.header(b"content-type") or "", given, place)
        upload.attest(came, asked.header(b"attestation"), place)
        sent = _request(came, given)
        sent = _keyed(sent, asked)
        if sent.dry_run:
            return await run_in_threadpool(_check, asked, sent, party)
        found = await run_in_threadpool(_publish, asked, sent, party, wait=not _flag("no-wait", given.get("no-wait")))
    address = asked.url("submissions", found.id)
    headers = {"Location": address}
    response = (
        pages.submission(asked, found, headers) if offer is HTML else document(asked, described(found, asked), headers=headers)
    )
    response.status_code = 200 if found.repeated else 201
    return response


def _publish(asked: Asked, sent: Sent, party: Party, *, wait: bool) -> Submission:
    return asked.gateway.publishing.publish(sent, party, wait=wait)


def _check(asked: Asked, sent: Sent, party: Party) -> Response:
    """A dry run: the verdict alone, nothing kept; refused by the same status as the real thing."""
    verdict = asked.gateway.publishing.check(sent, party)
    response = document(asked, verdict.as_json())
    response.status_code = 200 if verdict.accepted else 422
    return response


def _request(came: upload.Upload, given: dict[str, str]) -> Sent:
    fields = {**{name: given[name] for name in upload.FIELDS if name in given}, **came.fields}
    if not came.files.keys() & set(upload.FILES):
        raise ParameterError("data", "nothing was sent", cure="send the file as the body, or as the part data")
    mode = fields.get("mode", "replace")
    if mode not in _MODES:
        raise ParameterError("mode", "no such mode", cure=f"one of {', '.join(_MODES)}")
    return Sent(
        data=_place(came, "data"),
        data_name=_name(came, "data"),
        record=_place(came, "record"),
        record_name=_name(came, "record"),
        dataset=fields.get("dataset"),
        collection=_collection(fields.get("collection")),
        access=fields.get("access"),
        licence=fields.get("licence"),
        crs=fields.get("crs"),
        id=fields.get("id"),
        mode=mode,
        dry_run=_flag("dry-run", fields.get("dry-run")),
        allow_removal=_flag("allow-removal", fields.get("allow-removal")),
        graph=fields.get("graph"),
        attestation=_place(came, upload.ATTESTATION),
    )


def _keyed(sent: Sent, asked: Asked) -> Sent:
    key = asked.header(b"idempotency-key")
    if key is not None and not 0 < len(key) <= 255:
        raise ParameterError("Idempotency-Key", "too long or empty", cure="1 to 255 characters")
    return replace(sent, idempotency_key=key)


def _place(came: upload.Upload, part: str) -> str | None:
    return str(came.files[part]) if part in came.files else None


def _name(came: upload.Upload, part: str) -> str | None:
    """The last segment of the name the sender gave: a name, never a path."""
    name = came.names.get(part)
    return None if name is None else PurePosixPath(name.replace("\\", "/").replace("\0", "")).name or part


def _collection(text: str | None) -> str | dict[str, str] | None:
    """A new id for the only collection, or ``building=school,element=school-elements``."""
    if text is None or "=" not in text:
        return text
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(old and new for old, _, new in pairs):
        raise ParameterError("collection", "not ID or OLD=NEW,…", cure="building=school,element=school-elements")
    return {old.strip(): new.strip() for old, _, new in pairs}


def _flag(name: str, text: str | None) -> bool:
    if text not in (None, "", "true", "false"):
        raise ParameterError(name, "not true or false", cure="true or false")
    return text in ("", "true")


@router.get("/submissions")
def submissions(request: Request) -> Response:
    """The caller's own submissions, newest first; all of them for the competence centre."""
    asked = asked_of(request)
    asked.read(frozenset())
    offer = asked.offer(JSON, HTML)
    asked.gateway.identity.authenticated_party(asked.reader)
    found = asked.gateway.publishing.submissions(asked.reader)
    if offer is HTML:
        return pages.submissions(asked, found)
    links = [
        link(asked.url("submissions"), "self", "application/json", "this document"),
        link(asked.url("submissions", f="html"), "alternate", "text/html", "this document as a web page"),
    ]
    return document(asked, {"submissions": [_brief(entry, asked) for entry in found], "links": links})


@router.get("/submissions/{submission}")
def submission(request: Request, submission: str) -> Response:
    """One submission with its verdict, for its submitter and the competence centre; to everyone else it does not exist."""
    asked = asked_of(request)
    asked.read(frozenset())
    offer = asked.offer(JSON, HTML)
    found = asked.gateway.publishing.submission(submission, asked.reader)
    if offer is HTML:
        return pages.submission(asked, found, {})
    return document(asked, described(found, asked))


def _brief(found: Submission, asked: Asked) -> dict[str, Any]:
    return {
        "id": found.id,
        "dataset": found.dataset,
        "state": found.state,
        "created": found.created,
        "findings": sum(found.verdict.counts.values()),
        "links": [link(asked.url("submissions", found.id), "self", "application/json", "this submission")],
    }


def described(found: Submission, asked: Asked | None = None) -> dict[str, Any]:
    """A submission with its verdict as the doors print it."""
    members: dict[str, Any] = {
        "submission": found.id,
        "dataset": found.dataset,
        "state": found.state,
        "created": found.created,
        "version": found.version,
        "entry": found.entry,
        "collections": list(found.collections),
        "changes": {name: dict(counts) for name, counts in found.changes.items()},
        "payload": found.payload,
        "record": found.record,
        "attestation": found.attestation,
        "projections": found.projections,
        "repeated": found.repeated,
        **found.verdict.as_json(),
    }
    if asked is not None:
        members["links"] = [
            link(asked.url("submissions", found.id), "self", "application/json", "this submission"),
            link(asked.url("submissions", found.id, f="html"), "alternate", "text/html", "the verdict as a web page"),
            *(link(asked.url("collections", name), "related", "application/json", name) for name in found.collections),
        ]
    return members
