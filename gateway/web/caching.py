"""Conditional requests: ETags of what one reader sees, and the answer 304 (RFC 9110, sections 8.8 and 13)."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from hashlib import blake2b

from fastapi import Response

from gateway import __version__
from gateway.model.access import Access
from gateway.model.dataset import Dataset
from gateway.services.conditions import state
from gateway.services.query import Item, Source, View
from gateway.web.asked import Asked
from gateway.web.negotiation import Offer


def etag(asked: Asked, view: View, offer: Offer, more: object = (), *, of: object = None) -> str:
    """A weak validator: the same for the same address, representation, reader's rights and state of what is shown.

    `of` is that state (`of_dataset`), else the version of the whole twin; `more` is what the representation shows besides that
    may change (sizes of downloads).
    """
    path = asked.scope.get("raw_path") or asked.path.encode()
    what = view.version if of is None else of
    facts = (__version__, view.twin, what, _rights(asked.access), asked.base, offer.media_type, asked.language)
    digest = blake2b(repr((*facts, more) if more else facts).encode(), digest_size=12)
    digest.update(path)
    digest.update(b"?")
    digest.update(asked.scope["query_string"])
    return f'W/"{digest.hexdigest()}"'


def of_dataset(dataset: Dataset) -> tuple[object, ...]:
    """What tells the state of a dataset, with all that is published in it, from every other."""
    return dataset.id, dataset.version, dataset.owner_name, dataset.level, dataset.licence, dataset.updated


def of_source(source: Source) -> object:
    """The same for a collection; what a remote service has may change at any time, so there each answer has a state of its own."""
    return secrets.token_bytes(8) if source.collection.remote else of_dataset(source.dataset)


def item_etag(asked: Asked, found: Item, offer: Offer, more: object = ()) -> str:
    """The strong validator of a feature, ``"STATE.REPRESENTATION"``: the first part names what the store keeps of it, so that a
    change can be bound to it whatever representation was read; the second everything else that its bytes depend on.

    `more` is what the representation shows of the twin besides the feature.
    """
    source = found.source
    date = source.dataset.record.actuality or source.dataset.updated
    facts = (__version__, asked.base, offer.media_type, asked.language, found.crs.code, found.home, date)
    owner = (source.dataset.owner_name, source.dataset.licence, *(source.collection.title.items()))
    digest = blake2b(repr((*facts, owner, more)).encode(), digest_size=6)
    digest.update(asked.scope["query_string"])
    return f'"{state(found.row)}.{digest.hexdigest()}"'


@lru_cache(maxsize=1024)
def _rights(access: Access) -> tuple[object, ...]:
    """A reader's rights in a form that is the same in every process."""
    return access.everything, tuple(sorted(access.levels)), access.owner, tuple(sorted(access.datasets))


def is_fresh(asked: Asked, tag: str, modified: str | None = None) -> bool:
    """Whether the caller has this representation already: If-None-Match (weak comparison), else If-Modified-Since, where
    `modified` (RFC 3339) says when it changed last."""
    header = asked.header(b"if-none-match")
    if header is None:
        return modified is not None and _is_since(asked.header(b"if-modified-since"), modified)
    bare = tag.removeprefix("W/")
    return any(part.strip() == "*" or part.strip().removeprefix("W/") == bare for part in header.split(","))


def _is_since(header: str | None, modified: str) -> bool:
    """Whether the moment in a header, which is passed over where it is none, is not before the last change."""
    try:
        return header is not None and parsedate_to_datetime(header).astimezone(UTC) >= _seconds(modified)
    except (ValueError, IndexError, TypeError):
        return False


@lru_cache(maxsize=1024)
def _seconds(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0)


def not_modified(tag: str, published: str | None = None) -> Response:
    """304 with the validators, no body."""
    return Response(status_code=304, headers={"ETag": tag, **modified(published)})


def modified(published: str | None) -> dict[str, str]:
    """Last-Modified for a time of publication (RFC 3339), where there is one."""
    moment = http_date(published or "")
    return {} if moment is None else {"Last-Modified": moment}


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
