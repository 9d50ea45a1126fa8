"""What a route needs of its surroundings: the open twin, who asks, and in which language."""

from __future__ import annotations

import base64
import binascii

from fastapi import Request

from gateway.errors import Unauthenticated
from gateway.model.access import PUBLIC, Access, Reader
from gateway.web.asked import Asked
from gateway.wiring import Gateway

_SCHEMES = "Authorization: Bearer KEY"


def gateway_of(request: Request) -> Gateway:
    """The twin this server serves."""
    gateway: Gateway = request.app.state.gateway
    return gateway


def asked_of(request: Request) -> Asked:
    """The request as `web.front` has read and admitted it."""
    asked: Asked = request.scope["gateway.asked"]
    return asked


def reader_of(request: Request) -> Reader:
    """Who asks; `web.front` has proven the key before any route runs (RFC 6750)."""
    return asked_of(request).reader


def access_of(request: Request) -> Access:
    """What the caller may see: the one access decision, asked anew for every request."""
    return asked_of(request).access


def authenticate(gateway: Gateway, method: str, header: str | None) -> Reader:
    """The reader behind an Authorization header. Raises Unauthenticated for a wrong, ended or expired key.

    ``Bearer KEY`` everywhere. ``Basic`` with the key as password is taken for reading only, for browsers and desktop GIS that can
    send nothing else: a browser repeats it unasked, so a write by it could be another site's doing.
    """
    if header is None:
        return PUBLIC
    scheme, _, rest = header.partition(" ")
    token = rest.strip()
    if scheme.lower() == "basic" and method in ("GET", "HEAD"):
        token = _password(token)
    elif scheme.lower() != "bearer":
        raise Unauthenticated("the Authorization header is not a bearer key", cure=_SCHEMES)
    if not token or not token.isascii():
        raise Unauthenticated("the Authorization header has no key", cure=_SCHEMES)
    return gateway.identity.authenticate(token)


def _password(token: str) -> str:
    try:
        return base64.b64decode(token, validate=True).decode("utf-8").partition(":")[2]
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Unauthenticated("the Basic credentials cannot be read", cure=_SCHEMES) from error
