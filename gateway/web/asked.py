"""What one request asks, read once from the ASGI scope: parameters, headers, who asks, and the address links are made from."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus, urlencode, urlsplit

from gateway.errors import ParameterError, UsageError
from gateway.model.access import PUBLIC, Access, Reader
from gateway.settings import Settings
from gateway.web import negotiation
from gateway.web.negotiation import Offer
from gateway.wiring import Gateway

EVERYWHERE = frozenset({"f", "lang"})
_PARAMETERS = 128
_COMPOUND = re.compile(r"(?<=crs=)https?://(?:www\.)?opengis\.net/def/crs-compound/?\?1=[^&]*&2=", re.ASCII)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Asked:
    """One request. `path` is decoded; `root` is the path prefix under which the twin is served (mostly empty)."""

    def __init__(self, scope: Mapping[str, Any], gateway: Gateway) -> None:
        self.scope = scope
        self.gateway = gateway
        self.method: str = scope["method"]
        self.is_head = self.method == "HEAD"
        self.path: str = scope["path"]
        given = scope["headers"]
        self.headers: dict[bytes, bytes] = dict(given)
        self.reader: Reader = PUBLIC
        host = self.headers.get(b"host")
        if len(self.headers) < len(given) and any(name == b"host" and value != host for name, value in given):
            raise UsageError("there is more than one Host header")
        self._chosen: tuple[tuple[Offer, ...], Offer] | None = None
        server = scope.get("server")
        self.base = _base(gateway.settings, host, None if server is None else server[1])

    def header(self, name: bytes) -> str | None:
        """A header's value (name in lower case), or None."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    @cached_property
    def root(self) -> str:
        """The path of the base address, for links inside pages."""
        return urlsplit(self.base).path.rstrip("/")

    @cached_property
    def access(self) -> Access:
        """What the caller may see: the one access decision, made anew for every request."""
        return self.gateway.queries.access(self.reader)

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """The query's parameters in order. Raises ParameterError for what is no UTF-8 and for a flood."""
        text = self.scope["query_string"].decode("latin-1")
        if not text:
            return []
        parts = [part for part in (_whole(text) if "crs-compound?" in text else text).split("&") if part]
        if len(parts) > _PARAMETERS:
            raise UsageError(f"more than {_PARAMETERS} parameters")
        return [_pair(part) for part in parts]

    def read(self, allowed: Container[str], known: Iterable[str] = ()) -> dict[str, str]:
        """The parameters, each at most once and each known (OGC 17-069r4, /req/core/query-param-unknown).

        `allowed` are the resource's own besides `f` and `lang`; `known` are names for the error to list.
        """
        found: dict[str, str] = {}
        for name, value in self.pairs:
            if name not in EVERYWHERE and name not in allowed:
                listed = sorted({*known, *(allowed if isinstance(allowed, frozenset | set | tuple) else ()), *EVERYWHERE})
                raise ParameterError(name[:100], "there is no such parameter here", cure=f"known: {', '.join(listed[:40])}")
            if name in found:
                raise ParameterError(name[:100], "given more than once", cure=f"give {name[:100]} once")
            found[name] = value
        return found

    def offer(self, *offers: Offer) -> Offer:
        """The representation to send, by `f`, then Accept."""
        if self._chosen is None or self._chosen[0] != offers:
            self._chosen = offers, negotiation.choose(self._first("f"), self.header(b"accept"), offers)
        return self._chosen[1]

    @cached_property
    def language(self) -> str:
        """``en`` or ``fr``, by `lang`, then Accept-Language."""
        return negotiation.language(self._first("lang"), self.header(b"accept-language"))

    def language_or_default(self) -> str:
        """The same where it can be told; English where the query is what is wrong (the page of a problem)."""
        try:
            return self.language
        except UsageError:
            return negotiation.LANGUAGES[0]

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages to try for human text, the chosen one first."""
        return (self.language, *(tag for tag in negotiation.LANGUAGES if tag != self.language))

    def _first(self, name: str) -> str | None:
        for key, value in self.pairs:
            if key == name:
                return value
        return None

    def url(self, *segments: str, **parameters: str) -> str:
        """An absolute address in this twin: path segments and parameters are percent-encoded."""
        return address(self.base, *segments, **parameters)

    def page(self, *segments: str, **parameters: str) -> str:
        """The same as a path on this host, for links inside pages."""
        return address(self.root, *segments, **parameters)

    def again(self, **changes: str | None) -> str:
        """This request's own absolute address with some parameters changed (None takes one away)."""
        return self.base + self._tail(changes)

    def here(self, **changes: str | None) -> str:
        """The same as a path on this host, for links inside pages."""
        return self.root + self._tail(changes)

    @cached_property
    def _path(self) -> str:
        return quote(self.scope.get("raw_path") or self.path.encode(), safe="%/:@!$'()*,;=~-._")

    @cached_property
    def _kept(self) -> list[tuple[str, str]]:
        """(name, parameter as it stands in an address), in order."""
        return [(name, f"{_quoted(name)}={_quoted(value)}") for name, value in self.pairs]

    def _tail(self, changes: Mapping[str, str | None]) -> str:
        kept = [text for name, text in self._kept if name not in changes]
        kept += [f"{_quoted(name)}={_quoted(value)}" for name, value in changes.items() if value is not None]
        return f"{self._path}?{'&'.join(kept)}" if kept else self._path


def _whole(query: str) -> str:
    """The query with each compound CRS escaped: clients (GDAL's OAPIF driver) write the ``?1=…&2=…`` of its URI as it stands."""
    return _COMPOUND.sub(lambda found: found[0].replace("&2=", "%262="), query)


@lru_cache(maxsize=4096)
def _quoted(text: str) -> str:
    """A parameter's name or value, percent-encoded."""
    return quote_plus(text, safe=":,/")


@lru_cache(maxsize=4096)
def _segment(text: str) -> str:
    return quote(text, safe="~-._:@")


def address(base: str, *segments: str, **parameters: str) -> str:
    """`base`, path segments and parameters joined, everything percent-encoded."""
    path = "".join(f"/{_segment(segment)}" for segment in segments)
    query = f"?{urlencode(parameters, safe=':,/')}" if parameters else ""
    return f"{base}{path or '/'}{query}"


@lru_cache(maxsize=256)
def _base(settings: Settings, host: bytes | None, port: int | None) -> str:
    return base_url(settings, None if host is None else host.decode("latin-1").lower(), port)


def base_url(settings: Settings, host: str | None, port: int | None) -> str:
    """The address links are made from: `base_url`, else a loopback Host with the served port, else the first allowed host.

    Raises UsageError for a Host the server does not answer to. Forwarding headers are never looked at (design, section 9).
    """
    name = None if host is None else _name(host)
    if name is not None and name not in allowed_names(settings):
        raise UsageError(
            "this server does not answer to that host name", cure="GATEWAY_ALLOWED_HOSTS lists the names it answers to"
        )
    if settings.base_url is not None:
        return settings.base_url
    if host is not None and name in _LOOPBACK and _given_port(host) == port:
        return f"http://{host}"
    first = settings.allowed_hosts[0] if settings.allowed_hosts else "localhost"
    bare = _given_port(first) == 80 and ":" not in first.rpartition("]")[2]
    return f"http://{first}:{port}" if bare and port not in (None, 80) else f"http://{first}"


@lru_cache(maxsize=16)
def allowed_names(settings: Settings) -> frozenset[str]:
    """Host names the server answers to, the one of `base_url` among them."""
    names = {_name(host.lower()) for host in settings.allowed_hosts}
    if settings.base_url is not None:
        names.add(_name(urlsplit(settings.base_url).netloc.lower()))
    return frozenset(names)


def _name(host: str) -> str:
    """The host without its port; an IPv6 address keeps its brackets."""
    return host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]


def _given_port(host: str) -> int | None:
    tail = host.rpartition("]")[2].partition(":")[2]
    if not tail:
        return 80
    return int(tail) if tail.isascii() and tail.isdigit() and len(tail) < 6 else None


def _pair(part: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    if "%" not in part and "+" not in part and part.isascii():
        return name, value
    try:
        return unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict")
    except UnicodeDecodeError as error:
        raise ParameterError("query", "a parameter is not UTF-8", cure="percent-encode UTF-8") from error
