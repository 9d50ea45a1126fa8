"""Content codings: what is sent small is the same as what is sent plain, under the same validators, and only to who asks."""

from __future__ import annotations

import gzip
import json
import zlib

import httpx
import pytest
import zstandard

from gateway.web.coding import choose

from .conftest import Twin

PAGE = "/collections/trees/items?limit=60"


def asked(twin: Twin, path: str, accept: str, method: str = "GET", **headers: str) -> tuple[httpx.Response, bytes]:
    """The answer and its bytes as they came over the wire."""
    request = twin.client.build_request(method, f"{twin.url}{path}", headers={"Accept-Encoding": accept, **headers})
    response = twin.client.send(request, stream=True)
    raw = b"".join(response.iter_raw())
    response.close()
    return response, raw


def opened(coding: str, raw: bytes) -> bytes:
    return gzip.decompress(raw) if coding == "gzip" else zstandard.ZstdDecompressor().decompressobj().decompress(raw)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
@pytest.mark.parametrize("path", [PAGE, "/api", "/collections", "/collections/trees/items?f=csv&limit=60", "/?f=html"])
def test_a_coded_answer_holds_the_same(twin: Twin, coding: str, path: str) -> None:
    plain, body = asked(twin, path, "identity")
    coded, raw = asked(twin, path, coding)
    assert "Content-Encoding" not in plain.headers
    assert coded.headers["Content-Encoding"] == coding
    assert int(coded.headers["Content-Length"]) == len(raw) < len(body) / 2
    assert "Accept-Encoding" in coded.headers["Vary"] and "Accept-Encoding" in plain.headers["Vary"]
    found = opened(coding, raw)
    if "limit" in path and "csv" not in path:
        assert json.loads(found)["features"] == json.loads(body)["features"]
    else:
        assert found == body


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("gzip, zstd", "zstd"),
        ("gzip;q=1, zstd;q=0.5", "gzip"),
        ("gzip;q=0, *", "zstd"),
        ("*", "zstd"),
        ("*;q=0", None),
        ("br, deflate", None),
        ("identity, gzip;q=0.5", None),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip;q=2", None),
        ("gzip;q=0.000", None),
        ("", None),
        ("gzip;q=nan", None),
        (",".join(["br"] * 5000) + ",gzip", None),
    ],
)
def test_weights_are_heeded(header: str, coding: str | None) -> None:
    assert choose(header.encode()) == coding


def test_small_answers_ranges_and_files_are_sent_as_they_are(twin: Twin) -> None:
    small, _ = asked(twin, "/health", "gzip")
    assert "Content-Encoding" not in small.headers
    twin.get("/collections/trees/download", f="geojson")
    whole, raw = asked(twin, "/collections/trees/download?f=geojson", "gzip, zstd")
    assert "Content-Encoding" not in whole.headers and int(whole.headers["Content-Length"]) == len(raw)
    part, some = asked(twin, "/collections/trees/download?f=geojson", "gzip", Range="bytes=0-1999")
    assert (part.status_code, some) == (206, raw[:2000])
    packed, _ = asked(twin, "/collections/trees/items?f=geopackage", "gzip")
    assert "Content-Encoding" not in packed.headers


def test_a_strong_validator_is_of_its_coding_and_comes_back(twin: Twin) -> None:
    path = "/collections/trees/items/tree-1?f=html"
    plain, _ = asked(twin, path, "identity")
    coded, _ = asked(twin, path, "gzip")
    tag = coded.headers["ETag"]
    if plain.headers["ETag"].startswith("W/"):
        assert tag == plain.headers["ETag"]
    else:
        assert tag == plain.headers["ETag"][:-1] + '-gzip"'
    again, raw = asked(twin, path, "gzip", **{"If-None-Match": tag})
    assert (again.status_code, raw, again.headers["ETag"]) == (304, b"", tag)
    other, _ = asked(twin, path, "gzip", **{"If-None-Match": '"something-gzip"'})
    assert other.status_code == 200


def test_a_weak_validator_holds_for_every_coding(twin: Twin) -> None:
    tags = {asked(twin, PAGE, coding)[0].headers["ETag"] for coding in ("identity", "gzip", "zstd")}
    assert len(tags) == 1
    fresh, _ = asked(twin, PAGE, "zstd", **{"If-None-Match": tags.pop()})
    assert fresh.status_code == 304


def test_head_says_what_get_would(twin: Twin) -> None:
    got, _ = asked(twin, PAGE, "gzip")
    head, raw = asked(twin, PAGE, "gzip", "HEAD")
    assert raw == b""
    assert head.headers["Content-Encoding"] == got.headers["Content-Encoding"]
    assert head.headers.get("Content-Length") in (None, got.headers["Content-Length"])


def test_static_files_are_coded_and_validated(twin: Twin) -> None:
    first, raw = asked(twin, "/static/map.js", "gzip")
    assert first.headers["Content-Encoding"] == "gzip"
    assert zlib.decompress(raw, 31) == asked(twin, "/static/map.js", "identity")[1]
    again, _ = asked(twin, "/static/map.js", "gzip", **{"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_a_problem_is_coded_like_everything_else(twin: Twin) -> None:
    found, raw = asked(twin, f"/collections/trees/items?nothing={'x' * 50}", "gzip", Accept="text/html")
    assert found.status_code == 400
    assert found.headers["Content-Encoding"] == "gzip"
    assert b"nothing" in gzip.decompress(raw)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_a_stream_is_coded_as_it_goes(coding: str) -> None:
    import asyncio
    from types import SimpleNamespace
    from typing import Any

    from gateway.web.coding import layered

    sent: list[Any] = []
    pieces = [bytes([65 + n % 26]) * 40_000 for n in range(30)]

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        layer = layered(send, SimpleNamespace(headers={b"accept-encoding": coding.encode()}))  # type: ignore[arg-type]
        headers = [(b"content-type", b"application/geo+json"), (b"accept-ranges", b"none"), (b"etag", b'"a"')]
        await layer({"type": "http.response.start", "status": 200, "headers": headers})
        for piece in pieces:
            await layer({"type": "http.response.body", "body": piece, "more_body": True})
        await layer({"type": "http.response.body", "body": b"", "more_body": False})

    asyncio.run(run())
    headers = dict(sent[0]["headers"])
    assert headers[b"content-encoding"] == coding.encode() and headers[b"etag"] == f'"a-{coding}"'.encode()
    assert b"content-length" not in headers and headers[b"accept-ranges"] == b"none"
    assert [message["more_body"] for message in sent[1:]][-1] is False
    assert opened(coding, b"".join(message["body"] for message in sent[1:])) == b"".join(pieces)
