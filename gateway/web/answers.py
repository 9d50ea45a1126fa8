"""Responses that several routes send: a JSON document or its page, with validators and the language."""

from __future__ import annotations

from collections.abc import Mapping
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
