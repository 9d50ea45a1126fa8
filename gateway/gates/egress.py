"""The one way out: every address that a stranger names is asked through this gate, and nothing else in the gateway connects.

Only http and https; every address that the name resolves to must be globally routable unicast (whatever it is wrapped in); the
connection goes to the address that was judged, not to a second look-up; no redirect is followed, no proxy of the environment
used; bytes and time are capped. Names in the setting ``allowed_egress`` are let through wherever they lie.
"""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from gateway.errors import RemoteError, TooLarge, UsageError

_LONGEST = 2_048
_PIECE = 1 << 16
_ANSWER = 1 << 16
"""Bytes of the answer to a message that are read, and thrown away."""
_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?\.?|\[[0-9a-f:.]+\]", re.ASCII | re.IGNORECASE)
_CURE = "a public http or https address"
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_REFUSED = tuple(map(ipaddress.ip_network, ("::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "fec0::/10", "192.88.99.0/24")))

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Target:
    """An address that was judged: where to connect, and what to ask there."""

    secure: bool
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]


def target(url: str, allowed: Collection[str] = ()) -> Target:
    """Judge an address. Raises UsageError for one that the gateway does not go to, RemoteError for a name nobody knows."""
    if len(url) > _LONGEST or not url.isascii() or any(mark <= " " or mark in '\\"<>^`{|}\x7f' for mark in url):
        raise UsageError("the address has characters that no address has, or is too long", cure=_CURE)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError("the address cannot be read", cure=_CURE) from error
    if parts.scheme not in ("http", "https"):
        raise UsageError("only http and https addresses are fetched", cure=_CURE)
    name = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc.removesuffix(":")
    if "@" in parts.netloc or _HOST.fullmatch(name) is None or parts.hostname is None:
        raise UsageError("the address names no plain host", cure=_CURE)
    port = port if port is not None else 443 if parts.scheme == "https" else 80
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.hostname
    found = _resolve(host, port)
    if host not in allowed and f"{host}:{port}" not in allowed and not all(map(is_public, found)):
        raise UsageError("the address is not on the public internet", cure="GATEWAY_ALLOWED_EGRESS names the exceptions")
    return Target(parts.scheme == "https", host, port, path, tuple(found))


def _resolve(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise RemoteError(f"the host {host} is not known") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(text: str) -> bool:
    """Whether an address is globally routable unicast, itself and what it wraps (IPv4-mapped, NAT64)."""
    if "%" in text:
        return False
    address: Address = ipaddress.ip_address(text)
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif address in _NAT64:
            address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if any(address in network for network in _REFUSED if network.version == address.version):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def fetch(url: str, place: Path, *, limit: int, seconds: float, allowed: Collection[str] = ()) -> str | None:
    """Get `url` into the file `place`; gives its media type. Raises UsageError, RemoteError, TooLarge."""
    with _asked(target(url, allowed), "GET", None, seconds) as response:
        if response.status != 200:
            raise RemoteError(f"{urlsplit(url).hostname} answered {response.status}", place=url)
        size = 0
        with place.open("wb") as sink:
            for piece in _pieces(response):
                size += len(piece)
                if size > limit:
                    raise TooLarge(f"what {urlsplit(url).hostname} sends is over the limit of {limit} bytes", place=url)
                sink.write(piece)
        return response.headers.get_content_type() if response.headers.get("Content-Type") else None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a remote answered, whatever its status."""

    status: int
    media_type: str
    body: bytes


def ask(url: str, *, limit: int, seconds: float, accept: str = "*/*", allowed: Collection[str] = ()) -> Reply:
    """Get `url` into memory, with any status. Raises UsageError, RemoteError, TooLarge above `limit` bytes."""
    with _asked(target(url, allowed), "GET", None, seconds, accept) as response:
        parts, size = [], 0
        for piece in _pieces(response):
            size += len(piece)
            if size > limit:
                raise TooLarge(f"what {urlsplit(url).hostname} sends is over the limit of {limit} bytes", place=url)
            parts.append(piece)
        return Reply(response.status, response.headers.get_content_type(), b"".join(parts))


def post(url: str, body: bytes, media_type: str, *, seconds: float, allowed: Collection[str] = ()) -> int:
    """Send `body` to `url`; gives the status. What comes back is read up to a cap and thrown away."""
    with _asked(target(url, allowed), "POST", (body, media_type), seconds) as response:
        taken = 0
        for piece in _pieces(response):
            taken += len(piece)
            if taken > _ANSWER:
                break
        return response.status


@contextmanager
def _asked(
    goal: Target, method: str, sent: tuple[bytes, str] | None, seconds: float, accept: str = "*/*"
) -> Iterator[http.client.HTTPResponse]:
    """One exchange with a judged address; a clock ends it at `seconds`, however slowly the other side drips."""
    connection = _Pinned(goal, seconds)
    clock = threading.Timer(seconds, connection.cut)
    clock.daemon = True
    clock.start()
    headers = {"User-Agent": "twin-gateway", "Accept": accept, "Accept-Encoding": "identity", "Connection": "close"}
    if sent is not None:
        headers["Content-Type"] = sent[1]
    try:
        connection.request(method, goal.path, body=None if sent is None else sent[0], headers=headers)
        yield connection.getresponse()
        if connection.is_cut:
            raise RemoteError(f"{goal.host} took more than {seconds:g} s")
    except (OSError, http.client.HTTPException, ValueError) as error:
        if connection.is_cut:
            raise RemoteError(f"{goal.host} took more than {seconds:g} s") from error
        raise RemoteError(f"{goal.host} could not be had: {type(error).__name__}") from error
    finally:
        clock.cancel()
        connection.close()


def _pieces(response: http.client.HTTPResponse) -> Iterator[bytes]:
    while piece := response.read(_PIECE):
        yield piece


class _Pinned(http.client.HTTPConnection):
    """A connection to the addresses that were judged, whatever the name resolves to by now."""

    def __init__(self, goal: Target, seconds: float) -> None:
        super().__init__(goal.host, goal.port, timeout=seconds)
        self._goal = goal
        self._wire: socket.socket | None = None
        self.is_cut = False

    def connect(self) -> None:
        """Connect to the first address that answers."""
        failed: OSError | None = None
        for address in self._goal.addresses:
            try:
                self.sock = socket.create_connection((address, self._goal.port), self.timeout)
                break
            except OSError as error:
                failed = error
        else:
            raise failed or OSError("no address")
        if self._goal.secure:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self._goal.host)
        self._wire = self.sock

    def cut(self) -> None:
        """End the exchange from another thread; the connection forgets its socket while an answer is still read from it."""
        self.is_cut = True
        for wire in (self.sock, self._wire):
            if wire is not None:
                with suppress(OSError):
                    wire.shutdown(socket.SHUT_RDWR)
