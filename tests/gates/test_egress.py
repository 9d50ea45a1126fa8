"""The way out: what a stranger's address may reach, and what a hostile answer costs (hardening E01, E02, E04)."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.errors import GatewayError, RemoteError, TooLarge, UsageError
from gateway.gates import egress

INSIDE = [
    "http://127.0.0.1:{port}/",
    "http://[::1]:{port}/",
    "http://0:{port}/",
    "http://0.0.0.0:{port}/",
    "http://2130706433:{port}/",
    "http://0x7f.1:{port}/",
    "http://0177.0.0.1:{port}/",
    "http://127.1:{port}/",
    "http://localhost:{port}/",
    "http://localhost.:{port}/",
    "http://LOCALHOST:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/",
    "http://[::ffff:7f00:1]:{port}/",
    "http://[64:ff9b::7f00:1]:{port}/",
    "http://[::127.0.0.1]:{port}/",
    "http://[2002:7f00:1::]:{port}/",
]
ELSEWHERE = [
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1/",
    "http://192.168.1.1/",
    "http://172.16.0.1/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://[fec0::1]/",
    "http://224.0.0.1/",
    "http://[ff02::1]/",
    "http://255.255.255.255/",
    "http://240.0.0.1/",
    "http://198.18.0.1/",
    "http://192.0.2.1/",
    "http://[2001:db8::1]/",
]
NO_ADDRESS = [
    "file:///etc/passwd",
    "ftp://example.org/a",
    "gopher://example.org/",
    "data:text/plain,x",
    "//example.org/",
    "example.org",
    "",
    "http://",
    "http:///path",
    "http://user@example.org/",
    "http://user:word@example.org/",
    "http://example.org@127.0.0.1/",
    "http://127.0.0.1。/",
    "http://１２７.0.0.1/",
    "http://example.org/a b",
    "http://example.org/\r\nHost: other",
    "http://example.org\t/",
    "http://example.org:99999/",
    "http://example.org:x/",
    "http://exa_mple.org/<",
    "http://example.org\\@127.0.0.1/",
    "http://[fe80::1%25eth0]/",
    "http://" + "a" * 3000 + ".org/",
]


class Trap:
    """A listener on loopback that counts who comes, and answers with what it was given."""

    def __init__(self, reply: bytes, *, drip: float = 0.0) -> None:
        self.came = 0
        self._reply = reply
        self._drip = drip
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            self.came += 1
            with peer:
                try:
                    peer.recv(65536)
                    for n in range(0, len(self._reply), 1 if self._drip else len(self._reply) or 1):
                        peer.sendall(self._reply[n : n + 1] if self._drip else self._reply)
                        time.sleep(self._drip)
                except OSError:
                    continue

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(2)


@pytest.fixture
def trap() -> Iterator[Trap]:
    found = Trap(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello")
    yield found
    found.close()


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused_and_nobody_comes(address: str, trap: Trap, tmp_path: Path) -> None:
    with pytest.raises((UsageError, RemoteError)):
        egress.fetch(address.format(port=trap.port), tmp_path / "x", limit=100, seconds=2)
    with pytest.raises((UsageError, RemoteError)):
        egress.post(address.format(port=trap.port), b"{}", "application/json", seconds=2)
    assert trap.came == 0


@pytest.mark.parametrize("address", ELSEWHERE)
def test_an_address_off_the_public_internet_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="public"):
        egress.target(address)


@pytest.mark.parametrize("address", NO_ADDRESS)
def test_what_is_no_plain_web_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError):
        egress.target(address)


def test_a_name_that_resolves_to_a_public_and_a_private_address_is_refused() -> None:
    assert egress.is_public("192.0.43.7")
    assert not all(map(egress.is_public, ("192.0.43.7", "10.0.0.1")))


def test_a_host_that_the_operator_allows_is_fetched(trap: Trap, tmp_path: Path) -> None:
    for allowed in ("127.0.0.1", f"127.0.0.1:{trap.port}"):
        kind = egress.fetch(f"http://127.0.0.1:{trap.port}/a", tmp_path / "x", limit=100, seconds=5, allowed=(allowed,))
        assert (kind, (tmp_path / "x").read_bytes()) == ("text/plain", b"hello")
    with pytest.raises(UsageError):
        egress.target(f"http://127.0.0.1:{trap.port}/a", ("127.0.0.1:1",))


def test_a_redirect_is_not_followed(trap: Trap, tmp_path: Path) -> None:
    away = Trap(f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{trap.port}/\r\nContent-Length: 0\r\n\r\n".encode())
    with pytest.raises(RemoteError, match="302"):
        egress.fetch(f"http://127.0.0.1:{away.port}/", tmp_path / "x", limit=100, seconds=5, allowed=("127.0.0.1",))
    assert trap.came == 0
    away.close()


def test_proxies_of_the_environment_are_not_used(trap: Trap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = Trap(b"HTTP/1.1 200 OK\r\n\r\n")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    egress.fetch(f"http://127.0.0.1:{trap.port}/", tmp_path / "x", limit=100, seconds=5, allowed=("127.0.0.1",))
    assert (trap.came, proxy.came) == (1, 0)
    proxy.close()


def test_an_answer_over_the_limit_is_cut_off(tmp_path: Path) -> None:
    large = Trap(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(10_000_000))
    with pytest.raises(TooLarge):
        egress.fetch(f"http://127.0.0.1:{large.port}/", tmp_path / "x", limit=1_000_000, seconds=10, allowed=("127.0.0.1",))
    assert (tmp_path / "x").stat().st_size <= 1_000_000
    assert egress.post(f"http://127.0.0.1:{large.port}/", b"{}", "application/json", seconds=10, allowed=("127.0.0.1",)) == 200
    large.close()


@pytest.mark.parametrize("reply", [b"HTTP/1.1 200 OK\r\nX: " + b"y" * 500, b"HTTP/1.1 200 OK\r\n\r\n" + b"z" * 500])
def test_an_answer_that_drips_is_given_up(reply: bytes, tmp_path: Path) -> None:
    slow = Trap(reply, drip=0.05)
    begun = time.monotonic()
    with pytest.raises(RemoteError, match="more than"):
        egress.fetch(f"http://127.0.0.1:{slow.port}/", tmp_path / "x", limit=10_000, seconds=1, allowed=("127.0.0.1",))
    assert time.monotonic() - begun < 3
    slow.close()


def test_an_answer_that_is_no_http_is_an_error_of_the_remote(tmp_path: Path) -> None:
    other = Trap(b"SSH-2.0-OpenSSH\r\n")
    with pytest.raises(GatewayError):
        egress.fetch(f"http://127.0.0.1:{other.port}/", tmp_path / "x", limit=100, seconds=2, allowed=("127.0.0.1",))
    other.close()
