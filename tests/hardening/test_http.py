"""Section H of the hardening catalogue: what arrives slowly, ambiguously or under false names (H01, H02, H05, H06, H07)."""

from __future__ import annotations

import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn

from gateway.settings import Settings
from gateway.web import guard
from gateway.web.app import create_app
from gateway.web.server import listen
from gateway.wiring import open_gateway
from tests.hardening import samples
from tests.hardening.server import Served

_HEAD = b"POST /submissions HTTP/1.1\r\nHost: localhost\r\n"


@contextmanager
def guarded(folder: Path) -> Iterator[int]:
    """The twin, served as `gateway serve` does, in this process; gives the port."""
    gateway = open_gateway(folder, Settings(log_level="error"))
    sock = listen("127.0.0.1", 0)
    config = uvicorn.Config(create_app(gateway), http=guard.Guarded, lifespan="off", log_level="critical", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield sock.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        gateway.close()


def heard(connection: socket.socket) -> tuple[bytes, bool]:
    """What comes back, and whether the connection was closed."""
    answer = b""
    try:
        while piece := connection.recv(65_536):
            answer += piece
    except TimeoutError:
        return answer, False
    except ConnectionError:
        pass
    return answer, True


def said(address: tuple[str, int], raw: bytes, seconds: float = 5.0) -> tuple[list[bytes], bool]:
    """The status lines that bytes on a connection of their own get, and whether it was closed."""
    with socket.create_connection(address, timeout=seconds) as connection:
        with suppress(ConnectionError):
            connection.sendall(raw)
        answer, closed = heard(connection)
    return [line for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1")], closed


# --- H01 ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines a tenth as long, looked at ten times as often."""
    for name in ("HEAD_SECONDS", "BODY_SECONDS", "_EVERY"):
        monkeypatch.setattr(guard, name, getattr(guard, name) / 10)


def test_the_deadlines_are_below_half_a_minute() -> None:
    assert guard.HEAD_SECONDS + guard._EVERY < 30
    assert guard.BODY_SECONDS + guard._EVERY < 30


def _trickling(connections: list[socket.socket], stop: threading.Event, alive: Callable[[], bool]) -> None:
    while not stop.wait(0.5) and alive():
        for connection in connections:
            try:
                connection.send(b"a")
            except OSError:
                continue


@pytest.mark.parametrize(
    "opening",
    [
        b"GET / HTTP/1.1\r\nX-Slow: ",
        _HEAD + b"Authorization: Bearer x\r\nContent-Length: 100000\r\n\r\n",
        b"",
        b"\r\n",
    ],
    ids=["headers", "body", "silence", "blank lines"],
)
@pytest.mark.usefixtures("hasty")
def test_h01_what_trickles_in_is_cut_off(twin: tuple[Path, str], opening: bytes) -> None:
    with guarded(twin[0]) as port, socket.create_connection(("127.0.0.1", port), timeout=8) as connection:
        connection.sendall(opening)
        stop, begun = threading.Event(), time.monotonic()
        feeder = threading.Thread(target=_trickling, args=([connection] if opening.strip() else [], stop, lambda: True))
        feeder.start()
        _, closed = heard(connection)
        stop.set()
        feeder.join()
        assert closed
        assert time.monotonic() - begun < 5


@pytest.mark.usefixtures("hasty")
def test_h01_five_hundred_slow_callers_hold_nobody_up(twin: tuple[Path, str]) -> None:
    with guarded(twin[0]) as port, httpx.Client(timeout=10) as client:
        client.get(f"http://127.0.0.1:{port}/collections")
        slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(500)]
        try:
            for connection in slow:
                connection.send(b"GET / HTTP/1.1\r\nX-Slow: ")
            stop, opened = threading.Event(), time.monotonic()
            feeder = threading.Thread(target=_trickling, args=(slow, stop, lambda: True))
            feeder.start()
            times = []
            while time.monotonic() - opened < 2.5:
                begun = time.monotonic()
                assert client.get(f"http://127.0.0.1:{port}/collections/baseline/items").status_code == 200
                times.append(time.monotonic() - begun)
            stop.set()
            feeder.join()
            assert statistics.quantiles(times, n=100)[98] < 1.0
            for connection in slow:
                connection.settimeout(3)
                assert heard(connection)[1]
        finally:
            for connection in slow:
                connection.close()


def test_h01_a_body_that_keeps_coming_is_waited_for(twin: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BODY_SECONDS", "_EVERY"):
        monkeypatch.setattr(guard, name, 0.3)
    with guarded(twin[0]) as port, socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(_HEAD + b"Connection: close\r\nContent-Length: 30000\r\nContent-Type: application/json\r\n")
        connection.sendall(b"Authorization: Bearer " + twin[1].encode() + b"\r\n\r\n")
        for _ in range(10):
            connection.sendall(b" " * 3000)
            time.sleep(0.12)
        assert heard(connection)[0].startswith(b"HTTP/1.1 4")


# --- H02 ------------------------------------------------------------------------------------------------------------------

_AMBIGUOUS = {
    "length and coding": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding and length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "the same length twice": b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
    "two lengths": b"Content-Length: 1\r\nContent-Length: 2\r\n\r\naa",
    "a list of lengths": b"Content-Length: 1, 1\r\n\r\na",
    "a signed length": b"Content-Length: +1\r\n\r\na",
    "a length in hexadecimal": b"Content-Length: 0x1\r\n\r\na",
    "a space before the colon": b"Content-Length : 1\r\n\r\na",
    "chunked, identity": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "identity": b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "gzip, chunked": b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "an unknown coding": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a vertical tab": b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "a bare line feed": b"X: 1\nContent-Length: 1\r\n\r\na",
    "a bare carriage return": b"X: 1\rContent-Length: 1\r\n\r\na",
    "a folded line": b"X: a\r\n b\r\nContent-Length: 1\r\n\r\na",
    "a folded coding": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a chunk of 0x5": b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nabcde\r\n0\r\n\r\n",
    "chunks on bare line feeds": b"Transfer-Encoding: chunked\r\n\r\n5\nabcde\n0\n\n",
    "a chunk that is longer": b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcdefg\r\n0\r\n\r\n",
    "a negative chunk": b"Transfer-Encoding: chunked\r\n\r\n-5\r\nabcde\r\n0\r\n\r\n",
    "a chunk beyond 64 bits": b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nabcde\r\n0\r\n\r\n",
    "a NUL in a header": b"X: a\x00b\r\nContent-Length: 1\r\n\r\na",
    "a space in a name": b"X Y: a\r\nContent-Length: 1\r\n\r\na",
    "three hundred headers": b"X: a\r\n" * 300 + b"Content-Length: 1\r\n\r\na",
}


@pytest.mark.parametrize("rest", _AMBIGUOUS.values(), ids=_AMBIGUOUS.keys())
def test_h02_a_message_that_ends_in_two_places_is_refused(server: Served, rest: bytes) -> None:
    address = urlsplit(server.url)
    lines, closed = said((address.hostname or "", address.port or 0), _HEAD + rest)
    assert closed
    assert lines
    assert all(line.startswith((b"HTTP/1.1 400", b"HTTP/1.1 401")) for line in lines), lines
    assert lines[-1].startswith(b"HTTP/1.1 400") or len(lines) == 1


def test_h02_what_follows_a_request_is_no_part_of_it(server: Served) -> None:
    address = urlsplit(server.url)
    where = (address.hostname or "", address.port or 0)
    lines, closed = said(where, b"GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\naGARBAGE\r\n\r\n")
    assert closed
    assert lines[-1].startswith(b"HTTP/1.1 400")
    lines, closed = said(where, b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert closed
    assert not any(line.startswith(b"HTTP/1.1 2") for line in lines)
    server.demand_well()


# --- H05 ------------------------------------------------------------------------------------------------------------------


def test_h05_a_foreign_host_gets_no_links_and_no_rights(server: Served) -> None:
    answer = server.client.get(f"{server.url}collections", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "evil.example" not in answer.text
    own = server.client.get(f"{server.url}collections").text
    poison = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Port": "1",
        "X-Forwarded-Prefix": "/evil",
        "X-Original-URL": "/evil",
        "X-Rewrite-URL": "/evil",
        "Forwarded": "for=127.0.0.1;host=evil.example;proto=https",
        "X-Forwarded-For": "127.0.0.1",
        "X-Real-IP": "127.0.0.1",
    }
    assert server.client.get(f"{server.url}collections", headers=poison).text == own
    for method, path in (
        ("POST", "submissions"),
        ("POST", "collections/baseline/items"),
        ("DELETE", "collections/baseline/items/t1"),
    ):
        refused = server.client.request(method, f"{server.url}{path}", content=b"{}", headers=poison)
        assert refused.status_code == 401
    assert server.get("collections/baseline/items/t1").status_code == 200


# --- H06 ------------------------------------------------------------------------------------------------------------------


def test_h06_a_flood_of_ranges_costs_next_to_nothing(server: Served) -> None:
    url = f"{server.url}collections/baseline/download?f=geopackage"
    whole = server.client.get(url)
    assert whole.status_code == 200
    flood = ",".join(f"{n}-{n}" for n in range(10_000))
    overlapping = ",".join("0-" for _ in range(100))
    for ranges in (
        flood,
        overlapping,
        "0-1,2-3",
        "99999999999999999999-",
        "-99999999999999999999",
        "5-1",
        "a-b",
        "0-0," * 2_000,
    ):
        before = _spent(server)
        answer = server.client.get(url, headers={"Range": f"bytes={ranges}"})
        assert answer.status_code in (200, 206, 416), ranges[:40]
        assert answer.status_code != 206 or len(answer.content) <= len(whole.content)
        assert _spent(server) - before <= 0.05
    part = server.client.get(url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])


def _spent(server: Served) -> float:
    """Seconds of processor time of the server so far."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


# --- H07 ------------------------------------------------------------------------------------------------------------------


def _multipart(server: Served, content: bytes | Iterator[bytes], kind: str = "multipart/form-data; boundary=b") -> httpx.Response:
    headers = {"Authorization": f"Bearer {server.key}", "Content-Type": kind}
    return server.client.post(f"{server.url}submissions", content=content, headers=headers)


def test_h07_forms_that_are_none_are_refused(server: Served) -> None:
    begin = b'--b\r\nContent-Disposition: form-data; name="data"; filename="'
    small = json.loads(samples.geojson(samples.feature("x", samples.X)))
    cases = [
        _multipart(server, b"x", "multipart/form-data"),
        _multipart(server, b"x", "multipart/form-data; boundary="),
        _multipart(server, begin + b'x.geojson"\r\n\r\nnever ending'),
        _multipart(server, begin + b"n" * 1_000_000 + b'"\r\n\r\n{}\r\n--b--\r\n'),
        _multipart(server, b"--b\r\n" + b"X: y\r\n" * 100_000 + b"\r\n{}\r\n--b--\r\n"),
        _multipart(server, b"", "multipart/form-data; boundary=" + "b" * 5_000),
        _multipart(server, json.dumps(small).encode(), "application/x-www-form-urlencoded"),
    ]
    assert [case.status_code // 100 for case in cases] == [4] * len(cases)
    server.demand_well()


def test_h07_a_million_parts_are_not_read(server: Served) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(1_000):
            yield b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 1_000
        yield b"--b--\r\n"

    before = server.memory()
    try:
        answer = _multipart(server, parts())
        assert answer.status_code in (400, 413), answer.text
    except httpx.TransportError:
        pass  # the answer came, and the connection was closed, while we were still sending
    assert server.memory() - before < 50_000_000
    server.demand_well()


def test_h07_a_body_that_unpacks_a_thousandfold_is_not_unpacked(server: Served) -> None:
    import gzip

    bomb = gzip.compress(b" " * 50_000_000)
    before = server.memory()
    for path in ("submissions", "collections/baseline/items"):
        headers = {"Authorization": f"Bearer {server.key}", "Content-Encoding": "gzip", "Content-Type": "application/json"}
        assert server.client.post(f"{server.url}{path}", content=bomb, headers=headers).status_code == 415
    assert server.memory() - before < 20_000_000
