"""The demo in a real browser: the map of the buildings is drawn, without the internet and without an error of its scripts."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--headless --no-sandbox --use-gl=angle --use-angle=swiftshader --enable-unsafe-swiftshader --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync --remote-debugging-port=0 --window-size=1200,900"
)
COUNT_BLUE = """(async () => {
  const image = new Image(); image.src = 'data:image/png;base64,%s'; await image.decode();
  const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
  context.drawImage(image, 0, 0);
  const {data} = context.getImageData(0, 0, image.width, image.height);
  let blue = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i + 2] - data[i] > 40) blue += 1;
  return blue;
})()"""


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
def _browser(profile: Path) -> Iterator[Page]:
    command = [str(CHROMIUM), *FLAGS.split(), f"--user-data-dir={profile}", "about:blank"]
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


@pytest.mark.service
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_the_map_of_the_buildings_is_drawn(demo: Any, tmp_path: Path) -> None:
    with _browser(tmp_path / "profile") as page:
        page.call("Page.navigate", url=f"{demo.url}/collections/buildings?f=html")
        buildings = next(entry for entry in demo.document["datasets"] if entry["id"] == "buildings")
        shown = f"document.body.innerText.includes('{buildings['features']} features shown')"
        assert page.until(shown), page.evaluate("document.body.innerText")
        picture, blue = "", 0
        deadline = time.monotonic() + 30
        while blue < 3000 and time.monotonic() < deadline:
            box = page.evaluate("(r => [r.x, r.y, r.width, r.height])(document.querySelector('canvas').getBoundingClientRect())")
            clip = {**dict(zip(("x", "y", "width", "height"), box, strict=True)), "scale": 1}
            picture = page.call("Page.captureScreenshot", format="png", clip=clip)["data"]
            blue = page.evaluate(COUNT_BLUE % picture)
        (tmp_path / "map.png").write_bytes(base64.b64decode(picture))
        assert blue >= 3000, f"{blue} pixels are drawn, see {tmp_path / 'map.png'}"
        assert page.faults == []
