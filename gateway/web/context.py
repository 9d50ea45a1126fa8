"""What a route needs of its surroundings: the open twin, who asks, and in which language."""

from __future__ import annotations

from fastapi import Request

from gateway.errors import Unauthenticated
from gateway.model.access import PUBLIC, Access, Reader
from gateway.wiring import Gateway


def gateway_of(request: Request) -> Gateway:
    """The twin this server serves."""
    gateway: Gateway = request.app.state.gateway
    return gateway


def reader_of(request: Request) -> Reader:
    """Who asks, from ``Authorization: Bearer KEY`` (RFC 6750). Raises Unauthenticated for a wrong, ended or expired key."""
    header = request.headers.get("authorization")
    if header is None:
        return PUBLIC
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("the Authorization header is not a bearer key", cure="Authorization: Bearer KEY")
    return gateway_of(request).identity.authenticate(token.strip())


def access_of(request: Request) -> Access:
    """What the caller may see: the one access decision, asked anew for every request."""
    return gateway_of(request).queries.access(reader_of(request))
