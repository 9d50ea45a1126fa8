"""Errors as RFC 9457 problems: the one place where they become responses. 4xx explain, 5xx hide and are logged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from gateway.errors import Busy, GatewayError, NotAcceptable, ParameterError, Refused, TooMany, Unauthenticated
from gateway.web import negotiation
from gateway.web.asked import Asked

MEDIA_TYPE = "application/problem+json"
_log = structlog.get_logger("gateway.web")
_HTTP_CODES = {404: "not-found", 405: "method-not-allowed", 413: "too-large", 415: "unsupported"}


def install(app: FastAPI) -> None:
    """Register the handlers of everything a route can raise."""
    app.add_exception_handler(GatewayError, _on_gateway_error)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(Exception, _on_anything)


def _on_gateway_error(request: Request, error: Exception) -> Response:
    asked = request.scope.get("gateway.asked")
    return of_error(error if isinstance(error, GatewayError) else GatewayError("the request failed"), asked)


def _on_anything(request: Request, error: Exception) -> Response:
    """FastAPI sends this and raises the error again; the front, seeing a whole response, lets it rest."""
    return unexpected(error, request.scope.get("gateway.asked"))


def _on_http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    code = _HTTP_CODES.get(status, "error")
    if status == 405:
        headers["Allow"] = request.app.state.methods.allow(request.url.path)
    body = {"status": status, "code": code, "detail": _HTTP_DETAILS.get(status, "the request cannot be answered")}
    return render(body, request.scope.get("gateway.asked"), headers)


def _on_validation_error(request: Request, error: Exception) -> Response:
    """What was sent is never echoed: it may hold what no JSON can (hardening P7)."""
    places = (
        [".".join(str(part) for part in entry["loc"]) for entry in error.errors()]
        if isinstance(error, RequestValidationError)
        else []
    )
    body = {"status": 422, "code": "input", "detail": "the body is not as the API describes it", "place": ", ".join(places[:10])}
    return render(body, request.scope.get("gateway.asked"), {})


_HTTP_DETAILS = {
    404: "there is nothing at this address",
    405: "this address does not take that method",
    413: "the body is larger than this server takes",
    415: "the body is of a type this server does not read",
}


def of_error(error: GatewayError, asked: Asked | None) -> Response:
    """The response to an error raised on purpose; what a 5xx is about goes to the log only, save that a busy server says so."""
    headers: dict[str, str] = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = _challenge(asked)
    if isinstance(error, Busy | TooMany):
        headers["Retry-After"] = str(error.retry_after)
    if error.status >= 500:
        _log.error("failed", code=error.code, message=str(error), path=None if asked is None else asked.path)
    return render(_members(error), asked, headers)


def unexpected(error: Exception, asked: Asked | None) -> Response:
    """The response to an error nobody foresaw: logged with its trace, hidden from the caller."""
    _log.error("crashed", path=None if asked is None else asked.path, exc_info=error)
    return render({"status": 500, "code": "error", "detail": "the server failed; its log says why"}, asked, {})


def _members(error: GatewayError) -> dict[str, Any]:
    if error.status >= 500:
        hidden = {
            "busy": "another writer holds the twin",
            "out-of-time": "the answer took too long or too much memory",
            "remote": "a service that this answer is made of could not be had",
        }
        return {"status": error.status, "code": error.code, "detail": hidden.get(error.code, "the server failed; its log says why")}
    members: dict[str, Any] = {"status": error.status, "code": error.code, "detail": error.message}
    if error.kind is not None:
        members["type"] = error.kind
    if isinstance(error, ParameterError):
        members["parameter"] = error.parameter
        members |= {name: found for name, found in (("position", error.position), ("pointer", error.pointer)) if found is not None}
    elif error.place is not None and error.place.startswith("/"):
        members["pointer"] = error.place
    elif error.place is not None:
        members["place"] = error.place
    if error.cure is not None:
        members["cure"] = error.cure
    if isinstance(error, Refused):
        members |= _refusal(error)
    return members


def _refusal(error: Refused) -> dict[str, Any]:
    from gateway.web.routers.submissions import described

    return described(error.submission)


def render(members: Mapping[str, Any], asked: Asked | None, headers: Mapping[str, str]) -> Response:
    """A problem as JSON, or as a page where a browser asks."""
    status, code = int(members["status"]), str(members["code"])
    language = "en" if asked is None else asked.language_or_default()
    members = _spoken(members, language)
    if asked is not None and _wants_page(asked):
        from gateway.web import pages

        return pages.problem(asked, status, code, members, headers)
    base = "" if asked is None else asked.base
    body = {"type": f"{base}/api?f=html#problem-{code}", "title": title(code, language), **members}
    body.pop("code")
    return Response(orjson.dumps(body), status, {"Content-Language": language, **headers}, MEDIA_TYPE)


def _spoken(members: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The members with what people read in their language (RFC 9457, 3.1)."""
    from gateway.web.messages import said

    return {name: said(value, language) if name in ("detail", "cure") else value for name, value in members.items()}


def title(code: str, language: str) -> str:
    """The short name of a kind of problem."""
    from gateway.web.messages import text

    return text(f"problem-{code}", language)


def _wants_page(asked: Asked) -> bool:
    """Whether a person reads this: an address ending in ``f=html``, or a browser's Accept."""
    try:
        return asked.offer(negotiation.JSON, negotiation.HTML) is negotiation.HTML
    except (ParameterError, NotAcceptable, GatewayError):
        return False


def _challenge(asked: Asked | None) -> str:
    """Bearer for programs; a browser is also told that it may ask its user for the key."""
    basic = asked is not None and asked.method in ("GET", "HEAD") and _wants_page(asked)
    return 'Basic realm="the key is the password", charset="UTF-8"' if basic else 'Bearer realm="gateway"'
