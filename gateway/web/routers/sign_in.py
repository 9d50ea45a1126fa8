"""``/sign-in``: how a person reads with a key in a browser.

The browser's own prompt asks for the key (RFC 7617, the key is the password) and repeats it until it is closed; the server keeps
no session. Such a request may only read: a write needs the key as a bearer token, which no other site's page can have sent.
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.errors import Unauthenticated
from gateway.model.access import PUBLIC
from gateway.web import pages
from gateway.web.context import asked_of
from gateway.web.negotiation import HTML

router = APIRouter()


@router.get("/sign-in")
def sign_in(request: Request) -> Response:
    """The page that says how, or who reads."""
    asked = asked_of(request)
    asked.read(frozenset())
    asked.offer(HTML)
    return pages.sign_in(asked)


@router.get("/sign-in/key")
def key(request: Request) -> Response:
    """The prompt; behind it, the reader's submissions."""
    asked = asked_of(request)
    asked.read(frozenset())
    asked.offer(HTML)
    if asked.reader == PUBLIC:
        raise Unauthenticated("no key was given", cure="any name, and the key as the password")
    return Response(status_code=303, headers={"Location": asked.page("submissions"), "Cache-Control": "no-store"})
