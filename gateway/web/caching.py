"""Conditional requests: ETags of what one reader sees, and the answer 304 (RFC 9110, sections 8.8 and 13)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from hashlib import blake2b

from fastapi import Response

from gateway import __version__
from gateway.model.access import Access
from gateway.model.dataset import Dataset
from gateway.services.query import View
from gateway.web.asked import Asked
from gateway.web.negotiation import Offer


def etag(asked: Asked, view: View, offer: Offer, more: object = ()) -> str:
    """A weak validator: the same for the same address, representation, reader's rights and version of the twin.

    `more` is what the representation shows besides that may change (sizes of downloads).
    """
    path = asked.scope.get("raw_path") or asked.path.encode()
    facts = (__version__, view.twin, view.version, _rights(asked.access), asked.base, offer.media_type, asked.language)
    digest = blake2b(repr((*facts, more) if more else facts).encode(), digest_size=12)
    digest.update(path)
    digest.update(b"?")
    digest.update(asked.scope["query_string"])
    return f'W/"{digest.hexdigest()}"'


@lru_cache(maxsize=1024)
def _rights(access: Access) -> tuple[object, ...]:
    """A reader's rights in a form that is the same in every process."""
    return access.everything, tuple(sorted(access.levels)), access.owner, tuple(sorted(access.datasets))


def is_fresh(asked: Asked, tag: str) -> bool:
    """Whether the caller has this representation already (If-None-Match, weak comparison)."""
    header = asked.header(b"if-none-match")
    if header is None:
        return False
    bare = tag.removeprefix("W/")
    return any(part.strip() == "*" or part.strip().removeprefix("W/") == bare for part in header.split(","))


def not_modified(tag: str) -> Response:
    """304 with the validator, no body."""
    return Response(status_code=304, headers={"ETag": tag})


def headers(tag: str, dataset: Dataset | None = None) -> dict[str, str]:
    """ETag, and Last-Modified where a dataset says when it was published."""
    found = {"ETag": tag}
    moment = None if dataset is None else http_date(dataset.updated)
    if moment is not None:
        found["Last-Modified"] = moment
    return found


@lru_cache(maxsize=256)
def http_date(text: str) -> str | None:
    """An RFC 3339 time as an HTTP date; None for an empty one."""
    return format_datetime(datetime.fromisoformat(text).astimezone(UTC), usegmt=True) if text else None
