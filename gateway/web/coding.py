"""Content codings: gzip and Zstandard for whoever asks for them (RFC 9110, 8.4 and 12.5.3; RFC 8878, 9659).

A layer around `send` that exists only where the request accepts a coding. Coded are answers of compressible types from about a
kilobyte on, whole ones and streams; never parts, nor files whose digest is sent, nor what is coded already. A weak validator holds
for every coding; a strong one is of its bytes, so it gets the coding as a suffix, which is taken away again on the way in.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from functools import lru_cache
from typing import Any, Protocol

from anyio import to_thread

from gateway.web.asked import Asked

type Message = MutableMapping[str, Any]
type Send = Callable[[Message], Awaitable[None]]

CODINGS = ("zstd", "gzip")
"""In the order of our liking."""
LEAST = 1_000
"""Bytes below which a coding gains nothing."""
_INLINE = 32_000
"""Bytes that are coded in the event loop; more go to a thread."""
_GZIP_LEVEL, _ZSTD_LEVEL = 1, 1
_TYPES = re.compile(
    rb"text/(?!event-stream)|application/(?:json|xml|javascript|sql|n-triples|n-quads|trig|flatgeobuf|vnd\.mapbox-vector-tile"
    rb"|[\w.+-]*\+(?:json|xml|json-seq)|geo\+json-seq|vnd\.maplibre-tile)|image/svg\+xml"
)
_SUFFIX = re.compile(rb'-(?:zstd|gzip)"')
_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.ASCII)


@lru_cache(maxsize=256)
def choose(header: bytes) -> str | None:
    """The coding to send in, or None for none, by the weights of an Accept-Encoding."""
    weights: dict[str, float] = {}
    for member in header.decode("latin-1").lower().split(",", 32)[:32]:
        name, *parameters = (part.strip() for part in member.split(";"))
        quality = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        if name and _QUALITY.fullmatch(quality):
            weights["gzip" if name == "x-gzip" else name] = float(quality)
    best = max(CODINGS, key=lambda name: weights.get(name, weights.get("*", 0.0)))
    weight = weights.get(best, weights.get("*", 0.0))
    return best if weight > 0 and weight >= weights.get("identity", 0.0) else None


def bare_tags(asked: Asked, scope: MutableMapping[str, Any]) -> None:
    """Take the suffixes of codings from the validators that the request sends back."""
    for name in (b"if-none-match", b"if-match"):
        value = asked.headers.get(name)
        if value is not None and _SUFFIX.search(value):
            asked.headers[name] = bare = _SUFFIX.sub(b'"', value)
            scope["headers"] = [(key, bare if key == name else given) for key, given in scope["headers"]]


def layered(send: Send, asked: Asked) -> Send:
    """`send` itself, or a layer before it that codes."""
    wanted = asked.headers.get(b"accept-encoding")
    coding = None if wanted is None else choose(wanted)
    return send if coding is None else _Layer(send, coding, asked.headers.get(b"if-none-match"))


class _Compressor(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


def _compressor(coding: str) -> _Compressor:
    if coding == "gzip":
        return zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, 31)
    import zstandard

    return zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj()


class _Layer:
    """One answer on its way: its start is held until the first of its body shows whether it is coded."""

    def __init__(self, send: Send, coding: str, fresh: bytes | None) -> None:
        self._send = send
        self._coding = coding
        self._fresh = fresh
        self._start: Message | None = None
        self._compressor: _Compressor | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif message["type"] == "http.response.body" and (self._start is not None or self._compressor is not None):
            await self._body(message)
        else:
            await self._send(message)

    async def _begin(self, message: Message) -> None:
        headers = dict(message["headers"])
        if message["status"] == 304:
            if self._fresh is not None and (f'-{self._coding}"'.encode() in self._fresh or self._fresh.strip() == b"*"):
                message["headers"] = [(name, self._tag(name, value)) for name, value in message["headers"]]
        elif _is_codable(message["status"], headers):
            self._start = message
            return
        await self._send(message)

    async def _body(self, message: Message) -> None:
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._start is not None:
            start, self._start = self._start, None
            if not more:
                await self._whole(start, body)
                return
            self._compressor = _compressor(self._coding)
            start["headers"] = self._headers(start["headers"], None)
            await self._send(start)
        coded = await self._coded(body, last=not more)
        if coded or not more:
            await self._send({"type": "http.response.body", "body": coded, "more_body": more})

    async def _whole(self, start: Message, body: bytes) -> None:
        if len(body) >= LEAST:
            self._compressor = _compressor(self._coding)
            body = await self._coded(body, last=True)
            start["headers"] = self._headers(start["headers"], len(body))
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})

    async def _coded(self, body: bytes, *, last: bool) -> bytes:
        compressor = self._compressor
        assert compressor is not None  # noqa: S101 - set before any body is coded

        def work() -> bytes:
            return compressor.compress(body) + (compressor.flush() if last else b"")

        return work() if len(body) <= _INLINE else await to_thread.run_sync(work)

    def _headers(self, given: list[tuple[bytes, bytes]], length: int | None) -> list[tuple[bytes, bytes]]:
        kept = [(name, self._tag(name, value)) for name, value in given if not _is_of_the_plain(name, value)]
        if length is not None:
            kept.append((b"content-length", str(length).encode()))
        return [*kept, (b"content-encoding", self._coding.encode())]

    def _tag(self, name: bytes, value: bytes) -> bytes:
        """A strong validator with the coding; everything else as it is."""
        return value[:-1] + f'-{self._coding}"'.encode() if name == b"etag" and value.startswith(b'"') else value


def _is_of_the_plain(name: bytes, value: bytes) -> bool:
    """Whether a header speaks of the bytes before they are coded."""
    return name == b"content-length" or (name == b"accept-ranges" and value != b"none")


def _is_codable(status: int, headers: dict[bytes, bytes]) -> bool:
    return (
        status not in (204, 206, 304)
        and b"content-encoding" not in headers
        and b"content-range" not in headers
        and b"repr-digest" not in headers
        and _TYPES.match(headers.get(b"content-type", b"")) is not None
    )
