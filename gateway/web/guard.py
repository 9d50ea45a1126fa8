"""The HTTP protocol as served: uvicorn's own, with deadlines for requests that trickle in and no patience with ambiguous ones.

uvicorn waits for ever for the rest of a header or a body, and takes a length beside a transfer coding (hardening P8). Here a
request's head has 15 seconds and 64 KiB, a body has to keep coming, and a message whose end two readers could see in different
places is refused and its connection closed (RFC 9112, 6.1 and 6.3).
"""

from __future__ import annotations

import asyncio
from typing import Any
from weakref import WeakSet

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 15.0
"""How long the head of a request may take from its first byte, and the first byte from the opening of the connection."""
BODY_SECONDS = 20.0
BODY_BYTES = 2_048
"""At least this much of a body comes in every `BODY_SECONDS`, unless we are the ones who do not read."""
HEAD_BYTES = 65_536
_HEADERS = 200
_EVERY = 2.5

_WAITING, _HEAD, _BODY, _WHOLE = range(4)
_PHRASES = {400: b"Bad Request", 408: b"Request Timeout", 431: b"Request Header Fields Too Large"}
_watched: WeakSet[Any] = WeakSet()


class AmbiguousError(ValueError):
    """Where a message ends depends on who reads it."""


class Guarded(HttpToolsProtocol):
    """One connection. `phase` says what it waits for, since when."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected."""
        super().connection_made(transport)
        self.phase, self.since, self.taken = _WAITING, self.loop.time(), 0
        if self.server_state not in _watched:
            _watched.add(self.server_state)
            self.loop.call_later(_EVERY, _watch, self.loop, self.server_state)

    def data_received(self, data: bytes) -> None:
        """Bytes have come; a head that does not end is refused."""
        super().data_received(data)
        if self.phase <= _HEAD:
            self.taken += len(data)
            if self.taken > HEAD_BYTES:
                self.refuse(431)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        if self.phase != _HEAD:
            self.phase, self.since, self.taken = _HEAD, self.loop.time(), 0

    def on_headers_complete(self) -> None:
        """The head is there. Raises AmbiguousError, which uvicorn answers with 400 and the end of the connection."""
        self._demand_clear()
        self.phase, self.since, self.taken = _BODY, self.loop.time(), 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self.taken += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self.phase = _WHOLE
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is out; another request may come."""
        if self.phase == _WHOLE:
            self.phase, self.since, self.taken = _WAITING, self.loop.time(), 0
        super().on_response_complete()

    def refuse(self, status: int) -> None:
        """Answer with a bare status where no answer has begun, and close."""
        if self.transport.is_closing():
            return
        if self.phase <= _HEAD:
            line = b"HTTP/1.1 %d %b\r\nconnection: close\r\ncontent-length: 0\r\n\r\n" % (status, _PHRASES[status])
            self.transport.write(line)
        self.transport.close()

    def look(self, now: float) -> None:
        """Close a connection whose request does not get on."""
        waited = now - self.since
        if self.phase == _HEAD and waited > HEAD_SECONDS:
            self.refuse(408)
        elif self.phase == _WAITING and self.timeout_keep_alive_task is None and waited > HEAD_SECONDS:
            self.transport.close()
        elif self.phase == _BODY and waited > BODY_SECONDS:
            if self.taken < BODY_BYTES and not self.flow.read_paused:
                self.transport.close()
            self.since, self.taken = now, 0

    def _demand_clear(self) -> None:
        lengths = [value for name, value in self.headers if name == b"content-length"]
        codings = [value for name, value in self.headers if name == b"transfer-encoding"]
        if len(lengths) > 1 or (lengths and codings):
            raise AmbiguousError("the length is stated more than once")
        if codings and [value.strip().lower() for value in codings] != [b"chunked"]:
            raise AmbiguousError("an unknown transfer coding")
        if len(self.headers) > _HEADERS:
            raise AmbiguousError("too many headers")


def _watch(loop: asyncio.AbstractEventLoop, state: Any) -> None:
    """Look at every connection of a server now and then, as long as it has any."""
    now = loop.time()
    for connection in list(state.connections):
        if isinstance(connection, Guarded):
            connection.look(now)
    if state.connections:
        loop.call_later(_EVERY, _watch, loop, state)
    else:
        _watched.discard(state)
