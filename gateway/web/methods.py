"""Which methods an address takes, found in the routes themselves: for ``Allow`` of OPTIONS and of 405, and for CORS preflights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from starlette.routing import BaseRoute, Match, Mount, Route

from gateway.errors import NotFound
from gateway.web.body import FEATURE_TYPES, PATCH_TYPES, SEARCH_TYPES

_ORDER = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
_ACCEPTS: Mapping[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("/collections/{collection}/items", "POST"): ("Accept-Post", FEATURE_TYPES),
    ("/collections/{collection}/search", "POST"): ("Accept-Post", SEARCH_TYPES),
    ("/collections/{collection}/items/{feature:path}", "PATCH"): ("Accept-Patch", PATCH_TYPES),
}
"""What bodies are taken where (RFC 5789, 3.1; OGC 20-002, /req/create-replace-delete/options-response)."""


class Methods:
    """The routes of the application, asked by address."""

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        self._routes = tuple(routes)

    def options(self, path: str) -> dict[str, str]:
        """The headers of an answer to OPTIONS. Raises NotFound for an address of no resource; a hidden one answers as an absent
        one, since a template decides."""
        found = list(self._matching(path))
        if not found:
            raise NotFound("there is nothing at this address")
        headers = {"Allow": _listed(found)}
        for name, methods in found:
            for method in methods:
                if (name, method) in _ACCEPTS:
                    header, types = _ACCEPTS[name, method]
                    headers[header] = ", ".join(types)
        return headers

    def allow(self, path: str) -> str:
        """The methods of an address, as ``Allow`` lists them."""
        return _listed(list(self._matching(path)))

    def _matching(self, path: str) -> Iterator[tuple[str, frozenset[str]]]:
        """The path templates of the routes that an address falls under, with their methods."""
        scope = {"type": "http", "path": path, "root_path": "", "method": "OPTIONS", "headers": []}
        for route in self._routes:
            if isinstance(route, Mount):
                if route.matches(scope)[0] is not Match.NONE:
                    yield route.path, frozenset({"GET"})
            elif isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
                yield route.path, frozenset(route.methods or ())


def _listed(found: list[tuple[str, frozenset[str]]]) -> str:
    methods = {"OPTIONS"}.union(*(given for _, given in found))
    if "GET" in methods:
        methods.add("HEAD")
    return ", ".join(method for method in _ORDER if method in methods)
