"""What stands before every route: host, key, body size, HEAD and OPTIONS, the headers all answers share, and the access log.

It is one plain ASGI layer, and it answers the hot reads itself (`gateway.web.fast`) with the functions the routes use.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any

from fastapi import Response

from gateway.errors import GatewayError, TooLarge, Unsupported
from gateway.web import accesslog, coding, fast, problem
from gateway.web.asked import Asked
from gateway.web.context import authenticate
from gateway.web.counting import Counts
from gateway.web.methods import Methods
from gateway.web.pace import Pace
from gateway.wiring import Gateway

type Scope = MutableMapping[str, Any]
type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type App = Callable[[Scope, Receive, Send], Awaitable[None]]

BODY_LIMIT = 1_000_000
"""Bytes of any request body but a submission's."""

_SHARED = [
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"Accept-Patch, Accept-Post, Allow, Content-Crs, Content-Disposition, Content-Range, ETag, Link, Location, Last-Modified, "
        b"OGC-NumberMatched, OGC-NumberReturned, Preference-Applied, Repr-Digest, Retry-After",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"vary", b"Accept, Accept-Encoding, Accept-Language, Authorization"),
]
_PUBLIC, _PRIVATE = (b"cache-control", b"no-cache"), (b"cache-control", b"private, no-cache")
_PREFLIGHT = [
    (
        b"access-control-allow-headers",
        b"Accept, Accept-Language, Attestation, Authorization, Content-Crs, Content-Type, Idempotency-Key, If-Match, "
        b"If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Link, Prefer, Range",
    ),
    (b"access-control-max-age", b"3600"),
]
_PAGE = (
    b"content-security-policy",
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    b"worker-src 'self' blob:; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
)


class Front:
    """The outermost layer of the application."""

    def __init__(self, app: App, gateway: Gateway, *, counts: Counts, methods: Methods, use_fast: bool = True) -> None:
        self._app = app
        self._methods = methods
        self._counts = counts
        self._gateway = gateway
        self._fast = use_fast
        self._pace = Pace()
        self._log = accesslog.opened(gateway.settings.log_level)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; only HTTP is served."""
        if scope["type"] == "http":
            await _Exchange(self, scope, receive, send).run()
        elif scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})


class _Exchange:
    """One request and its response, on the way through the front."""

    def __init__(self, front: Front, scope: Scope, receive: Receive, send: Send) -> None:
        self._front = front
        self._scope = scope
        self._receive = receive
        self._method = scope["method"]
        self._send = _bodiless(send) if self._method == "HEAD" else send
        self._asked: Asked | None = None
        self._status = 0
        self._is_complete = False
        self._sent = 0
        self._taken = 0
        self._limit = BODY_LIMIT

    async def run(self) -> None:
        begun = perf_counter()
        try:
            await self._answer()
        except GatewayError as error:
            await self._fail(problem.of_error(error, self._asked), error)
        except Exception as error:  # noqa: BLE001 - the outermost layer: whatever it is, the caller gets a 500 and the log gets the trace
            if not self._is_complete:
                await self._fail(problem.unexpected(error, self._asked), error)
        seconds = perf_counter() - begun
        path = self._scope["path"]
        self._front._counts.add(path, self._status, seconds)
        if self._front._log is not None:
            party = None if self._asked is None else self._asked.reader.party
            self._front._log(self._method, path, self._status, self._sent, seconds, party)

    async def _answer(self) -> None:
        gateway = self._front._gateway
        asked = Asked(self._scope, gateway)
        self._asked = asked
        if b"accept-encoding" in asked.headers:
            self._send = coding.layered(self._send, asked)
            coding.bare_tags(asked, self._scope)
        authorization = asked.headers.get(b"authorization")
        if authorization is not None:
            asked.reader = authenticate(gateway, self._method, authorization.decode("latin-1"))
        if self._method == "OPTIONS":
            await self._respond(Response(headers=self._front._methods.options(asked.path)))
            return
        if asked.headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise Unsupported("a compressed body is not taken", cure="send it without Content-Encoding")
        if self._method == "HEAD":
            self._scope = {**self._scope, "method": "GET"}
            asked.method = "GET"
        self._scope["gateway.asked"] = asked
        if self._front._fast and self._method in ("GET", "HEAD"):
            response = await fast.answer(asked, self._scope, self._front._pace)
            if response is not None:
                await self._respond(response)
                return
        self._check_length(asked)
        await self._front._app(self._scope, self._counted, self._sending)

    def _check_length(self, asked: Asked) -> None:
        """Refuse a body that announces itself as too large, before a byte of it is read."""
        if asked.path == "/submissions":
            self._limit = self._front._gateway.settings.max_upload
        elif asked.path.startswith(("/processes/", "/collections/")):
            self._limit = self._front._gateway.settings.max_inline
        announced = asked.headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._limit:
            raise TooLarge("the body is too large", cure=f"at most {self._limit} bytes")

    async def _counted(self) -> Message:
        message = await self._receive()
        self._taken += len(message.get("body", b""))
        if self._taken > self._limit:
            raise TooLarge("the body is too large", cure=f"at most {self._limit} bytes")
        return message

    async def _respond(self, response: Response) -> None:
        """Send an answer of ours: one that is whole in two messages, any other as it streams."""
        body = getattr(response, "body", None)
        if not isinstance(body, bytes) or response.background is not None:
            await response(self._scope, self._receive, self._sending)
            return
        self._status, self._sent = response.status_code, len(body)
        headers = [*response.raw_headers, *self._headers(response.raw_headers)]
        await self._send({"type": "http.response.start", "status": response.status_code, "headers": headers})
        self._is_complete = True
        await self._send({"type": "http.response.body", "body": body})

    async def _fail(self, response: Response, error: Exception) -> None:
        if self._status:
            raise error
        await self._respond(response)

    async def _sending(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            message["headers"] = [*message["headers"], *self._headers(message["headers"])]
        elif message["type"] == "http.response.body":
            self._sent += len(message.get("body", b""))
            self._is_complete = not message.get("more_body", False)
        await self._send(message)

    def _headers(self, given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """The headers all answers share; what a key was used for is for its holder alone (RFC 9111, 3.5)."""
        is_page, is_told, allowed = False, False, b"GET, HEAD, OPTIONS"
        for name, value in given:
            if name == b"content-type":
                is_page = value.startswith(b"text/html")
            elif name == b"cache-control":
                is_told = True
            elif name == b"allow":
                allowed = value
        added = [*_SHARED, _PAGE] if is_page else list(_SHARED)
        if self._method == "OPTIONS":
            added += [*_PREFLIGHT, (b"access-control-allow-methods", allowed)]
        if not is_told:
            private = self._asked is None or b"authorization" in self._asked.headers
            added.append(_PRIVATE if private else _PUBLIC)
        return added


def _bodiless(send: Send) -> Send:
    """`send` for HEAD: what is said of the body, without it."""

    async def sending(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return sending
