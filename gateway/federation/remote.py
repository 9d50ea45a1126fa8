"""How providers of our own ask their remote: through the egress gate, strict JSON, bounded in bytes and time."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from gateway.errors import NotFound, RemoteError
from gateway.gates import egress
from gateway.gates import json as strict

LARGEST = 64_000_000
"""Bytes of one answer of a remote."""

LARGEST_FILE = 2_000_000_000
"""Bytes of one raster that is brought here."""
_REFRESH = 600.0

_files: dict[str, tuple[Path, float]] = {}
_bringing = threading.Lock()
_allowed: list[str] = []
_seconds = 20.0


def configure(allowed: Sequence[str], seconds: float) -> None:
    """Fix, once for this process, where it may go beyond the public internet, and the time limit of one request."""
    global _allowed, _seconds
    _allowed, _seconds = list(allowed), seconds


def document(url: str, accept: str = "application/json") -> Any:
    """The JSON at an address. Raises NotFound for 404, RemoteError for any other failure or what is no JSON."""
    reply = answer(url, accept)
    return strict.loads(reply.body)


def answer(url: str, accept: str) -> egress.Reply:
    """The reply at an address. Raises NotFound for 404 and RemoteError for every other status but 200."""
    reply = egress.ask(url, limit=LARGEST, seconds=_seconds, accept=accept, allowed=_allowed)
    if reply.status == 404:
        raise NotFound("the remote has no such thing")
    if reply.status != 200:
        raise RemoteError(f"the remote answered {reply.status}")
    return reply


def kept(url: str) -> Path:
    """A file brought from its address, for the life of this process; after ten minutes it is brought anew."""
    with _bringing:
        place, since = _files.get(url, (None, 0.0))
        if place is None or time.monotonic() - since > _REFRESH:
            place = Path(tempfile.mkdtemp(prefix="gateway-raster-")) / "raster"
            egress.fetch(url, place, limit=LARGEST_FILE, seconds=_seconds, allowed=_allowed)
            _files[url] = place, time.monotonic()
        return place


def with_parameters(url: str, parameters: Mapping[str, str]) -> str:
    """An address with parameters added; one that is there already is replaced, whatever its case."""
    parts = urlsplit(url)
    names = {name.lower() for name in parameters}
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name.lower() not in names]
    return urlunsplit(parts._replace(query=urlencode([*kept, *parameters.items()], safe=":,/")))


def next_of(found: Mapping[str, Any], here: str) -> str | None:
    """The address of the next page (link relation ``next``)."""
    for link in found.get("links") or ():
        if isinstance(link, dict) and link.get("rel") == "next" and isinstance(link.get("href"), str):
            return str(urljoin(here, link["href"]))
    return None


class Places:
    """Where the pages of questions begin, as the remote's own links told: bounded, for all threads of the process."""

    def __init__(self, most: int = 2048) -> None:
        self._most = most
        self._found: OrderedDict[tuple[str, int], str] = OrderedDict()
        self._guard = threading.Lock()

    def put(self, question: str, offset: int, url: str) -> None:
        """Keep the address at which the features from `offset` on begin."""
        with self._guard:
            self._found[question, offset] = url
            self._found.move_to_end((question, offset))
            while len(self._found) > self._most:
                self._found.popitem(last=False)

    def get(self, question: str, offset: int) -> str | None:
        """That address, where a page before it was asked for."""
        with self._guard:
            return self._found.get((question, offset))
