"""The process that hosts pygeoapi providers for one cascaded collection: it answers questions from its standard input.

Providers are other people's code and talk to other people's servers. Here they can neither stop the gateway nor grow it, and
every connection they make through Python is judged by the egress rules at the moment it is made, so that neither a redirect
nor a name that changes its address leads them inside.
"""

from __future__ import annotations

import os
import re
import resource
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any

from gateway.errors import GatewayError
from gateway.federation import frames, remote
from gateway.gates import egress

_THREADS = 8


def main() -> None:
    """Read the orders, then answer questions until the other side ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a provider prints is no answer
    begun = frames.read(sys.stdin.buffer)
    if begun is None:
        return
    order, _ = begun
    resource.setrlimit(resource.RLIMIT_AS, (order["memory"], order["memory"]))
    socket.setdefaulttimeout(order["seconds"])
    guard(order["allowed"])
    remote.configure(order["allowed"], order["seconds"])
    Side(order, answers).run(sys.stdin.buffer)


class Side:
    """The loop of the process."""

    def __init__(self, order: Mapping[str, Any], answers: IO[bytes]) -> None:
        self._order = order
        self._answers = answers
        self._turn = threading.Lock()
        self._pool = ThreadPoolExecutor(_THREADS)

    def run(self, questions: IO[bytes]) -> None:
        """Answer every question, several at a time."""
        while (frame := frames.read(questions)) is not None:
            self._pool.submit(self._answer, frame[0])
        os._exit(0)

    def _answer(self, question: Mapping[str, Any]) -> None:
        document: dict[str, Any] = {"id": question["id"]}
        blob = b""
        try:
            found, blob = self._ask(question["method"], question["arguments"])
            document["found"] = found
        except Exception as error:  # noqa: BLE001 - whatever a provider raises becomes an answer; the gateway decides what it means
            document["error"] = _told(error)
        with self._turn:
            try:
                frames.write(self._answers, document, blob)
            except (TypeError, ValueError) as error:
                frames.write(self._answers, {"id": question["id"], "error": ["remote", f"no JSON: {error}"]})

    def _ask(self, method: str, arguments: Mapping[str, Any]) -> tuple[Any, bytes]:
        provider = _provider(self._order["provider"])
        if method == "fields":
            return {"fields": provider.get_fields() or provider.fields, **_domain(provider)}, b""
        if method == "get":
            return provider.get(arguments["identifier"]), b""
        found = provider.query(**{name: value for name, value in arguments.items() if value is not None})
        if isinstance(found, bytes | bytearray):
            return None, bytes(found)
        return found, b""


def _provider(definition: Mapping[str, Any]) -> Any:
    """A provider, made anew for each question as pygeoapi does; it keeps what must last in its module.

    The library under a raster's provider connects by itself, past the rules, so a remote raster is brought here first.
    """
    from pygeoapi.plugin import load_plugin

    data = definition["data"]
    if definition.get("type") == "coverage" and isinstance(data, str) and data.startswith(("http://", "https://")):
        definition = {**definition, "data": str(remote.kept(data))}
    return load_plugin("provider", dict(definition))


def _domain(provider: Any) -> dict[str, Any]:
    """Where a raster lies, in its own system: what pygeoapi's rasterio provider keeps of the file."""
    known = getattr(provider, "_coverage_properties", None)
    system = getattr(getattr(provider, "_data", None), "crs", None)
    if known is None or system is None:
        return {}
    return {"box": list(known["bbox"]), "epsg": system.to_epsg(), "size": [known["width"], known["height"]]}


def _told(error: Exception) -> list[str]:
    """What kind of failure it was, in our words, and its message."""
    from pygeoapi.provider import base

    kinds: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
        (GatewayError, getattr(error, "code", "remote")),
        (base.ProviderItemNotFoundError, "not-found"),
        ((base.ProviderInvalidQueryError, base.ProviderNoDataError), "invalid"),
        ((TimeoutError, base.ProviderRequestEntityTooLargeError), "out-of-time"),
        (MemoryError, "out-of-time"),
    )
    kind = next((name for kind, name in kinds if isinstance(error, kind)), "remote")
    if kind == "remote" and re.search(r"timed out|took more than", str(error)):
        kind = "out-of-time"
    return [kind, f"{type(error).__name__}: {error}"[:500]]


def guard(allowed: list[str]) -> None:
    """Let connections through to public addresses only, and to those that `allowed` names (``host`` or ``host:port``)."""
    known = _resolved(allowed)
    socket.socket.connect = _judging(socket.socket.connect, known)  # type: ignore[method-assign]
    socket.socket.connect_ex = _judging(socket.socket.connect_ex, known)  # type: ignore[method-assign]


def _resolved(allowed: list[str]) -> set[tuple[str, int | None]]:
    found: set[tuple[str, int | None]] = set()
    for entry in allowed:
        host, _, port = entry.rpartition(":") if entry.rpartition(":")[2].isdigit() and "]" not in entry[-1:] else (entry, "", "")
        try:
            addresses = socket.getaddrinfo(host.strip("[]"), None, type=socket.SOCK_STREAM)
        except OSError:
            continue  # a name nobody knows lets nothing through
        found |= {(str(address[4][0]), int(port) if port else None) for address in addresses}
    return found


def _judging(connect: Callable[..., Any], known: set[tuple[str, int | None]]) -> Callable[..., Any]:
    def judged(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host, port = str(address[0]), int(address[1])
            for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                place = str(found[4][0])
                if (place, None) not in known and (place, port) not in known and not egress.is_public(place):
                    raise PermissionError("the address is not on the public internet")
        return connect(self, address)

    return judged


if __name__ == "__main__":
    main()
