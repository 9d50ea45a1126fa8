"""Sends files: whole or one range of them, with validators and a digest; and files that are still being made, as they grow.

RFC 9110 sections 8.8, 13 and 14, RFC 9530. More than one range is answered with the whole, a flood of them with 416.
"""

from __future__ import annotations

import asyncio
import os
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from anyio import to_thread
from fastapi import Response
from starlette.responses import StreamingResponse

from gateway.services.making import Follower, Made
from gateway.web import caching
from gateway.web.asked import Asked

PIECE = 1 << 20
_LONGEST = 200
"""Characters of a Range header that is looked at."""
_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))", re.ASCII)
_NAP = 0.02


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from `start` up to and without `stop`."""

    start: int
    stop: int


_WHOLE = Span(0, -1)


def tag(made: Made) -> str:
    """The strong validator of a complete file: its bytes make it."""
    return f'"{made.digest[:32]}"'


def file(asked: Asked, made: Made, media_type: str, headers: Mapping[str, str]) -> Response:
    """The answer that sends a complete file, or a part of it, or says that the caller has it already."""
    name = tag(made)
    shared = {**headers, "ETag": name, "Accept-Ranges": "bytes"}
    if caching.is_fresh(asked, name):
        return Response(status_code=304, headers=shared)
    shared["Repr-Digest"] = f"sha-256=:{b64encode(bytes.fromhex(made.digest)).decode('ascii')}:"
    wanted = asked.header(b"range") if _holds(asked.header(b"if-range"), name, headers.get("Last-Modified")) else None
    span = _WHOLE if wanted is None else _span(wanted, made.size)
    if span is None:
        return Response(status_code=416, headers={**shared, "Content-Range": f"bytes */{made.size}"})
    if span is _WHOLE:
        return FileResponse(made, Span(0, made.size), 200, media_type, shared)
    shared["Content-Range"] = f"bytes {span.start}-{span.stop - 1}/{made.size}"
    return FileResponse(made, span, 206, media_type, shared)


def _holds(condition: str | None, name: str, modified: str | None) -> bool:
    """If-Range: the strong validator, or the date, byte for byte (RFC 9110, 13.1.5)."""
    return condition is None or condition.strip() in (name, modified)


def _span(header: str, size: int) -> Span | None:
    """The one range asked for; the whole for what is no single range of bytes; None where it cannot be satisfied."""
    if len(header) > _LONGEST:
        return None
    found = _RANGE.fullmatch(header.strip())
    if found is None:
        return _WHOLE
    first, last, suffix = found.groups()
    if suffix is not None:
        return Span(max(size - int(suffix), 0), size) if int(suffix) and size else None
    start, stop = int(first), int(last) + 1 if last else size
    if stop <= start and last:
        return _WHOLE
    return Span(start, min(stop, size)) if start < size else None


class FileResponse(Response):
    """A span of a file, read in large pieces; the file is opened before the first header goes out."""

    def __init__(self, made: Made, span: Span, status: int, media_type: str, headers: Mapping[str, str]) -> None:
        super().__init__(None, status, media_type=media_type)
        self._span = span
        self._descriptor = os.open(made.path, os.O_RDONLY)
        self.headers.update({**headers, "Content-Length": str(span.stop - span.start)})

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send it."""
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            at = self._span.stop if scope["gateway.asked"].is_head else self._span.start
            while at < self._span.stop:
                piece = await to_thread.run_sync(os.pread, self._descriptor, min(PIECE, self._span.stop - at), at)
                if not piece:
                    raise OSError("the file ended before its length")
                at += len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            os.close(self._descriptor)


def growing(follower: Follower, media_type: str, headers: Mapping[str, str]) -> Response:
    """The answer that sends a file while it is made: no length, no validator, no ranges."""
    return StreamingResponse(_pieces(follower), headers={**headers, "Accept-Ranges": "none"}, media_type=media_type)


async def _pieces(follower: Follower) -> AsyncIterator[bytes]:
    try:
        while True:
            piece = await to_thread.run_sync(follower.read, PIECE)
            if piece is None:
                await asyncio.sleep(_NAP)
            elif piece:
                yield piece
            else:
                return
    finally:
        follower.close()
