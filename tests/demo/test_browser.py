"""The demo in a real browser: the map of the buildings is drawn, without the internet and without an error of its scripts."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any

import pytest
from browser import CHROMIUM, browser

COUNT_BLUE = """(async () => {
  const image = new Image(); image.src = 'data:image/png;base64,%s'; await image.decode();
  const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
  context.drawImage(image, 0, 0);
  const {data} = context.getImageData(0, 0, image.width, image.height);
  let blue = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i + 2] - data[i] > 40) blue += 1;
  return blue;
})()"""


@pytest.mark.service
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_the_map_of_the_buildings_is_drawn(demo: Any, tmp_path: Path) -> None:
    with browser(tmp_path / "profile") as page:
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
