"""``/datasets/{id}/versions``: the published versions of a dataset, the newest first, with what each had (RFC 5829)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from gateway.errors import ParameterError
from gateway.model.dataset import Dataset, Version
from gateway.services.query import View
from gateway.web import attribution, caching, pages
from gateway.web.answers import document
from gateway.web.asked import Asked
from gateway.web.context import asked_of
from gateway.web.features import link
from gateway.web.negotiation import HTML, JSON
from gateway.web.parameters import limit

router = APIRouter()
DEFAULT, LARGEST = 100, 1000
_NUMBER = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_DATA = "http://www.opengis.net/def/rel/ogc/1.0/data-meta"


@router.get("/datasets/{dataset}/versions")
def versions(request: Request, dataset: str) -> Response:
    """The versions of one dataset that the reader may see today."""
    asked = asked_of(request)
    given = asked.read(frozenset(("limit", "before")))
    most, before = limit(given.get("limit", str(DEFAULT)), LARGEST), _before(given.get("before"))
    offer = asked.offer(JSON, HTML)
    with asked.gateway.queries.view(asked.access) as view:
        found = view.dataset(dataset)
        tag = caching.etag(asked, view, offer)
        if caching.is_fresh(asked, tag):
            return caching.not_modified(tag)
        every = view.versions(found)
        chosen = [one for one in reversed(every) if before is None or one.number < before][: most + 1]
        body = _body(asked, view, found, chosen[:most], len(every))
    if len(chosen) > most:
        address = asked.again(before=str(chosen[most - 1].number))
        body["links"].append(link(address, "next", "application/json", "earlier versions"))
    head = {**caching.headers(tag, found), "Link": attribution.named(asked, found).link}
    return pages.versions(asked, found, body, head) if offer is HTML else document(asked, body, headers=head)


def _before(text: str | None) -> int | None:
    if text is not None and _NUMBER.fullmatch(text) is None:
        raise ParameterError("before", "not the number of a version", cure="follow the link with rel=next")
    return None if text is None else int(text)


def _body(asked: Asked, view: View, dataset: Dataset, chosen: Sequence[Version], number: int) -> dict[str, Any]:
    here = ("datasets", dataset.id, "versions")
    return {
        "dataset": dataset.id,
        "numberMatched": number,
        "versions": [_version(asked, view, dataset, one) for one in chosen],
        "links": [
            link(asked.again(), "self", "application/json", "this document"),
            link(asked.again(f="html"), "alternate", "text/html", "this document as a web page"),
            link(asked.url(*here[:2]), "up", "application/json", "the dataset"),
        ],
    }


def _version(asked: Asked, view: View, dataset: Dataset, one: Version) -> dict[str, Any]:
    """One version, with links to the collections it had of those the dataset has now."""
    ids = [part.id for part in dataset.collections]
    there = [id for id in ids if view.reader.collection(id, view.access, version=one.number) is not None]
    links = [link(asked.url("collections", id, version=str(one.number)), _DATA, "application/json", id) for id in there]
    return {"number": one.number, "published": one.published, "journalEntry": one.entry, "links": links}
