"""The access log: one line a request, without the query (it may hold secrets) and without any key; only its holder's pseudonym.

On a terminal it goes through structlog as every event does. Elsewhere it is the same JSON line, written directly, since every
request pays for it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Protocol

import orjson
import structlog

from gateway.web import clock

_log = structlog.get_logger("gateway.access")


class AccessLog(Protocol):
    """Takes note of one answered request."""

    def __call__(self, method: str, path: str, status: int, sent: int, seconds: float, party: str | None) -> None:
        """`sent` are bytes of the body, `party` is a pseudonym."""
        ...


def opened(level: str) -> AccessLog | None:
    """The log at this level of the server's; None where it says nothing of single requests."""
    if level not in ("debug", "info"):
        return None
    return _told if sys.stderr.isatty() else _written


def _told(method: str, path: str, status: int, sent: int, seconds: float, party: str | None) -> None:
    _log.info("request", **_members(method, path, status, sent, seconds, party))


def _written(method: str, path: str, status: int, sent: int, seconds: float, party: str | None) -> None:
    line = dict(_members(method, path, status, sent, seconds, party))
    line["event"], line["level"], line["timestamp"] = "request", "info", clock.microseconds()
    sys.stderr.buffer.write(orjson.dumps(line) + b"\n")
    sys.stderr.buffer.flush()


def _members(method: str, path: str, status: int, sent: int, seconds: float, party: str | None) -> Mapping[str, Any]:
    return {"method": method, "path": path, "status": status, "bytes": sent, "ms": round(seconds * 1000, 2), "party": party}
