"""A small HTTP client that reports what it got, whatever the status; bounded in time and bytes."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.verdict import Failed, Unreachable

SECONDS = 30.0
BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Response:
    """One answer. `version` is 11 for HTTP/1.1; header names are in lower case."""

    url: str
    status: int
    version: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def media_type(self) -> str:
        """The content type without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The body as JSON. Raises Failed naming the address."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Failed(f"{self.url} is not JSON: {error}") from error

    def expect(self, *statuses: int) -> Response:
        """This answer, if its status is one of these. Raises Failed saying what came instead."""
        if self.status not in statuses:
            wanted = " or ".join(str(status) for status in statuses)
            raise Failed(f"{self.url} answered {self.status}, expected {wanted}: {self.body[:160].decode('utf-8', 'replace')}")
        return self


class Client:
    """Sends GET requests to one server; `headers` go with each (a key, for instance)."""

    def __init__(self, headers: Mapping[str, str] | None = None) -> None:
        self._headers = dict(headers or {})
        self._opener = urllib.request.build_opener()

    def get(self, url: str, parameters: Mapping[str, Any] | None = None, *, accept: str = "application/json") -> Response:
        """GET `url` with further query parameters. Raises Unreachable if nobody answers."""
        if parameters:
            joint = "&" if urllib.parse.urlsplit(url).query else "?"
            url = f"{url}{joint}{urllib.parse.urlencode(parameters)}"
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise Failed(f"{url} is no http address")
        request = urllib.request.Request(url, headers={"Accept": accept, **self._headers})  # noqa: S310 - scheme checked above
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                return _response(url, answer)
        except urllib.error.HTTPError as error:
            with error:
                return _response(url, error)
        except (OSError, ValueError) as error:
            raise Unreachable(f"{url}: {error}") from error


def _response(url: str, answer: Any) -> Response:
    body = answer.read(BYTES)
    headers = {name.lower(): value for name, value in answer.headers.items()}
    version = getattr(answer, "version", None) or getattr(getattr(answer, "fp", None), "version", None) or 11
    return Response(url, answer.status, version, headers, body)
