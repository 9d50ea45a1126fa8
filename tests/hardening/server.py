"""A real twin, served by the real command in its own process, and a listener that must not be called."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

GATEWAY = [str(Path(sys.executable).with_name("gateway"))]
_START = 30.0


def run(*arguments: str | Path, key: str | None = None, seconds: float = 120.0) -> subprocess.CompletedProcess[str]:
    """One gateway command to its end."""
    return subprocess.run(
        [*GATEWAY, *map(str, arguments)], capture_output=True, text=True, timeout=seconds, check=False, env=environment(key)
    )


def environment(key: str | None = None) -> dict[str, str]:
    """Ours without any setting of the gateway, the key apart."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    return found if key is None else {**found, "GATEWAY_KEY": key}


@dataclass
class Served:
    """A running server: its address, process, folder, and the key of a partner."""

    url: str
    process: subprocess.Popen[bytes]
    folder: Path
    key: str
    client: httpx.Client = field(repr=False, default_factory=lambda: httpx.Client(timeout=60))

    def get(self, path: str, *, key: str | None = None, **asked: str) -> httpx.Response:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        return self.client.get(self.url + path, params=asked or None, headers=headers)

    def submit(self, data: bytes, name: str = "x.geojson", *, key: str | None = None, **asked: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key if key is None else key}", "Content-Type": "application/octet-stream"}
        return self.client.post(self.url + "submissions", params={"name": name, **asked}, content=data, headers=headers)

    def state(self, *collections: str) -> dict[str, Any]:
        """What the twin shows: all collections as they describe themselves, and the features of those named (and there)."""
        listing = self.get("collections").json()
        listing.pop("timeStamp", None)
        shown: dict[str, Any] = {"collections": listing["collections"]}
        for name in {found["id"] for found in listing["collections"]} & {"baseline", *collections}:
            page = self.get(f"collections/{name}/items", limit="1000").json()
            shown[name] = (page["numberMatched"], page["features"])
        return shown

    def memory(self) -> int:
        """Resident bytes of the main process."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))

    def demand_well(self) -> None:
        """The process lives, and does a real read within a second."""
        assert self.process.poll() is None, "the server has died"
        start = time.monotonic()
        answer = self.get("health")
        assert answer.status_code == 200, answer.text
        assert time.monotonic() - start < 1.0


@contextmanager
def served(folder: Path, key: str, log: Path) -> Iterator[Served]:
    """``gateway serve`` on a free port until the block ends."""
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [*GATEWAY, "serve", str(folder), "--port", "0", "--json"], stdout=subprocess.PIPE, stderr=sink, env=environment()
        )
        found = None
        try:
            found = _started(process, folder, key, log)
            yield found
        finally:
            process.terminate()
            process.wait(15)
            if found is not None:
                found.client.close()
            if process.stdout is not None:
                process.stdout.close()


def _started(process: subprocess.Popen[bytes], folder: Path, key: str, log: Path) -> Served:
    assert process.stdout is not None
    text = b""
    for line in process.stdout:
        text += line
        if line.startswith(b"}"):
            break
    assert text, log.read_text()
    found = Served(json.loads(text)["url"], process, folder, key)
    limit = time.monotonic() + _START
    while time.monotonic() < limit:
        try:
            if found.get("health").status_code == 200:
                return found
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not start: {log.read_text()}")


class Trap:
    """Listens on loopback and counts who calls."""

    def __init__(self) -> None:
        self.calls: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(1)
                try:
                    self.calls.append(connection.recv(200))
                except OSError:
                    self.calls.append(b"")

    def close(self) -> None:
        self._socket.close()
