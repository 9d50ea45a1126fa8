"""Responses that several routes send: a JSON document with validators and the language, and what a hot read sends."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson
from fastapi import Response

from gateway.web.asked import Asked


def document(
    asked: Asked, body: Any, *, media_type: str = "application/json", headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON document."""
    return Response(orjson.dumps(body), headers=spoken(asked, headers), media_type=media_type)


def spoken(asked: Asked, headers: Mapping[str, str] | None = None) -> dict[str, str]:
    """Headers with the language of the answer."""
    return {"Content-Language": asked.language, **(headers or {})}


class Whole(Response):
    """A 200 that is there as bytes, made without the checks of Starlette's own, which cost as much as a hot read."""

    def __init__(self, body: bytes, headers: Mapping[str, str], media_type: str) -> None:
        self.status_code = 200
        self.background = None
        self.body = body
        self.raw_headers = [(_lower(name), value.encode("latin-1")) for name, value in headers.items()]
        self.raw_headers += [(b"content-length", b"%d" % len(body)), (b"content-type", media_type.encode())]


@lru_cache(maxsize=256)
def _lower(name: str) -> bytes:
    return name.lower().encode("latin-1")
