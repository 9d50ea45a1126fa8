"""A real browser for tests: headless Chromium, driven over its DevTools protocol by the clock on the wall."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from websockets.sync.client import ClientConnection, connect

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless --no-sandbox --use-gl=angle --use-angle=swiftshader --enable-unsafe-swiftshader --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync --remote-debugging-port=0 --window-size=1200,900"
)


class Page:
    """One page of the browser, driven over the DevTools protocol; `faults` are exceptions and errors its scripts reported."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._sent = 0
        self.faults: list[str] = []
        for domain in ("Runtime", "Page", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        self._sent += 1
        self._socket.send(json.dumps({"id": self._sent, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(60))
            if message.get("id") == self._sent:
                return message["result"]
            entry = message.get("params", {}).get("entry", {})
            if message.get("method") == "Runtime.exceptionThrown" or entry.get("level") == "error":
                self.faults.append(json.dumps(message)[:400])

    def evaluate(self, script: str) -> Any:
        return self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)["result"].get("value")

    def until(self, script: str, seconds: float = 45.0) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.evaluate(script):
                return True
            time.sleep(0.2)
        return False


@contextmanager
def browser(profile: Path, *more: str) -> Iterator[Page]:
    """A browser with one empty page; `more` are further switches."""
    command = [str(CHROMIUM), *FLAGS.split(), *more, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with connect(_address(profile), max_size=None) as socket:
            yield Page(socket)
    finally:
        process.terminate()
        process.wait(20)


def _address(profile: Path) -> str:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        try:
            port = (profile / "DevToolsActivePort").read_text().split()[0]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=5) as answer:
                pages = [target for target in json.load(answer) if target["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])
        except (OSError, IndexError, urllib.error.URLError):
            time.sleep(0.1)
    raise AssertionError("Chromium does not answer")


def opened(address: str, folder: Path, until: str, *more: str) -> tuple[str, str]:
    """The document once it has `until` in it (or after 45 s without), and the faults the browser logged."""
    with browser(Path(mkdtemp(dir=folder)), *more) as page:
        page.call("Page.navigate", url=address)
        page.until(f"document.documentElement !== null && document.documentElement.outerHTML.includes({json.dumps(until)})")
        return page.evaluate("document.documentElement.outerHTML"), "\n".join(page.faults)
