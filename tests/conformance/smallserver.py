"""A small OGC API - Features server with thirty points, made to be wrong on purpose: each fault is one switch."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

F1 = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf"
F2 = "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
WGS84 = "http://www.opengis.net/def/crs/EPSG/0/4326"
DECLARED = [f"{F1}/core", f"{F1}/geojson", f"{F1}/oas30", F2]
KNOWN = {"limit", "bbox", "datetime", "crs", "bbox-crs", "offset", "f"}
TIME = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"

type Answer = tuple[int, str, Any]


class _Wrong(Exception):
    """A request the server does not take."""


class Small:
    """The server's answers, with its faults."""

    def __init__(self, faults: frozenset[str]) -> None:
        self.faults = faults
        self.base = ""

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        if "unknown-ignored" not in self.faults and set(query) - KNOWN:
            return 400, {}, {"title": "unknown parameter"}
        try:
            return self._route(path, query)
        except _Wrong as wrong:
            return 400, {}, {"title": str(wrong)}

    def _route(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        fixed = {
            "/": self._landing,
            "/conformance": self._conformance,
            "/collections": self._collections,
            "/collections/points": self._collection,
            "/api": self._api,
        }
        if path == "/api.html":
            return 200, {"Content-Type": "text/html"}, "<html></html>"
        if path in fixed:
            kind = "application/vnd.oai.openapi+json;version=3.0" if path == "/api" else "application/json"
            return 200, {"Content-Type": kind}, fixed[path]()
        if path == "/collections/points/items":
            return self._items(query)
        match = re.fullmatch(r"/collections/points/items/(\d+)", path)
        if match and int(match[1]) < 30:
            headers, flip = self._crs(query)
            feature = self._feature(int(match[1]), flip)
            if "item-differs" in self.faults:
                feature["properties"] = {"name": "another"}
            links = [
                self._link("self", path, "application/geo+json"),
                self._link("collection", "/collections/points", "application/json"),
            ]
            return 200, headers, {**feature, "links": links}
        return 404, {}, {"title": "not found"}

    def _link(self, rel: str, path: str, kind: str) -> dict[str, str]:
        return {"rel": rel, "href": f"{self.base}{path}", "type": kind}

    def _landing(self) -> Any:
        return {
            "title": "small",
            "links": [
                self._link("self", "/", "application/json"),
                self._link("service-desc", "/api", "application/vnd.oai.openapi+json;version=3.0"),
                self._link("service-doc", "/api.html", "text/html"),
                self._link("conformance", "/conformance", "application/json"),
                *([] if "no-data-link" in self.faults else [self._link("data", "/collections", "application/json")]),
            ],
        }

    def _conformance(self) -> Any:
        declared = list(DECLARED)
        if "requirement-declared" in self.faults:
            declared.append(f"{F1}/core".replace("/conf/", "/req/"))
        if "misspelt-class" in self.faults:
            declared.append(f"{F1}/oas3")
        if "no-foundation" in self.faults:
            declared.append("http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/dismiss")
        return {"conformsTo": declared}

    def _collection(self) -> Any:
        crs = [WGS84] if "no-crs84" in self.faults else [CRS84, WGS84]
        return {
            "id": "points",
            "title": "Points",
            "crs": crs,
            "storageCrs": WGS84,
            "extent": {"spatial": {"bbox": [[6.0, 46.0, 6.29, 46.29]]}},
            "links": [self._link("items", "/collections/points/items", "application/geo+json")],
        }

    def _collections(self) -> Any:
        return {"links": [self._link("self", "/collections", "application/json")], "collections": [self._collection()]}

    def _feature(self, number: int, flip: bool) -> dict[str, Any]:
        position = [6.0 + number / 100, 46.0 + number / 100]
        wrong = flip is ("axes-never-swapped" not in self.faults)
        return {
            "type": "Feature",
            "id": number,
            "geometry": {"type": "Point", "coordinates": position[::-1] if wrong and flip else position},
            "properties": {"name": f"point {number}"},
        }

    def _crs(self, query: dict[str, str]) -> tuple[dict[str, str], bool]:
        crs = query.get("crs", CRS84)
        if crs not in (CRS84, WGS84):
            raise _Wrong("crs")
        stated = CRS84 if "content-crs-wrong" in self.faults else crs
        return {"Content-Type": "application/geo+json", "Content-Crs": f"<{stated}>"}, crs == WGS84

    def _items(self, query: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        headers, flip = self._crs(query)
        limit, offset = _number(query.get("limit", "10")), _number(query.get("offset", "0"), low=0)
        if "limit-ignored" in self.faults:
            limit = 10
        self._check_time(query.get("datetime"))
        found = [n for n in range(30) if self._inside(n, query)]
        page = found[offset : offset + min(limit, 20)]
        links = [self._link("self", "/collections/points/items", "application/geo+json")]
        if offset + len(page) < len(found) and "no-next" not in self.faults:
            following = urlencode({**query, "offset": offset + len(page)})
            links.append(self._link("next", f"/collections/points/items?{following}", "application/geo+json"))
        if "not-geojson" in self.faults:
            headers["Content-Type"] = "application/json"
        document = {
            "type": "FeatureCollection",
            "timeStamp": "yesterday" if "time-stamp" in self.faults else "2026-01-01T00:00:00Z",
            "numberMatched": len(found) + ("count-wrong" in self.faults),
            "numberReturned": len(page),
            "features": [self._feature(n, flip) for n in page],
            "links": links,
        }
        return 200, headers, document

    def _inside(self, number: int, query: dict[str, str]) -> bool:
        if query.get("bbox-crs", CRS84) not in (CRS84, WGS84):
            raise _Wrong("bbox-crs")
        if "bbox" not in query:
            return True
        try:
            a, b, c, d = (float(part) for part in query["bbox"].split(","))
        except ValueError as error:
            raise _Wrong("bbox") from error
        if query.get("bbox-crs") == WGS84:
            a, b, c, d = b, a, d, c
        x, y = 6.0 + number / 100, 46.0 + number / 100
        return "bbox-ignored" in self.faults or (a - 1e-9 <= x <= c + 1e-9 and b - 1e-9 <= y <= d + 1e-9)

    def _check_time(self, value: str | None) -> None:
        if value is not None and not re.fullmatch(rf"{TIME}|({TIME}|\.\.)?/({TIME}|\.\.)?", value):
            raise _Wrong("datetime")

    def _api(self) -> Any:
        parameters = [
            {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 20, "default": 10}},
            {
                "name": "bbox",
                "in": "query",
                "explode": False,
                "schema": {"type": "array", "minItems": 4, "items": {"type": "number"}},
            },
            {"name": "datetime", "in": "query", "schema": {"type": "string"}},
        ]
        responses = {"200": {"description": "good"}, "400": {"description": "bad"}}
        identifier = {"name": "featureId", "in": "path", "required": True, "schema": {"type": "string"}}
        paths = {path: {"get": {"responses": responses}} for path in ("/", "/conformance", "/collections", "/collections/points")}
        paths["/collections/points/items"] = {"get": {"parameters": parameters, "responses": responses}}  # type: ignore[dict-item]
        paths["/collections/points/items/{featureId}"] = {"get": {"parameters": [identifier], "responses": responses}}  # type: ignore[dict-item]
        if "undeclared-path-parameter" in self.faults:
            paths["/collections/points/items/{featureId}"] = {"get": {"responses": responses}}
        return {"openapi": "3.0.3", "info": {"title": "small", "version": "1"}, "paths": paths}


def _number(text: str, low: int = 1) -> int:
    if not text.isdigit() or int(text) < low:
        raise _Wrong(text)
    return int(text)


@contextmanager
def served(*faults: str) -> Iterator[str]:
    """The server on loopback for the length of the block; yields its address."""
    small = Small(frozenset(faults))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            status, headers, body = small.answer(parts.path, dict(parse_qsl(parts.query)))
            content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    small.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield small.base
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
