"""The maps in a real browser: they draw, ask only this server, and say what is wrong when they cannot."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import HOUSES, Twin

CHROMIUM = shutil.which("chromium")
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--enable-logging=stderr",
)
PATIENCE = (30, 120, 480)
"""Seconds of the browser's own clock for each try."""

pytestmark = [pytest.mark.service, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; .ci/run installs it")]


def opened(address: str, folder: Path, until: str, *more: str) -> tuple[str, str]:
    """The document with `until` in it, and the browser's log. Its clock runs ahead of a busy machine, so each try has more."""
    for seconds in PATIENCE:
        clock = f"--virtual-time-budget={seconds}000"
        command = [CHROMIUM or "", *OPTIONS, clock, *more, f"--user-data-dir={folder}", "--dump-dom", address]
        done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
        if until in done.stdout:
            break
    return done.stdout, done.stderr


@pytest.mark.parametrize("path", ["/", "/collections/houses", "/collections/houses/items/house%2F1", "/collections/trees"])
def test_a_map_draws_without_breaking_the_pages_policy(twin: Twin, tmp_path: Path, path: str) -> None:
    document, log = opened(f"{twin.url}{path}", tmp_path, 'data-drawn="true"')
    assert 'data-drawn="true"' in document
    assert "maplibregl-canvas" in document
    assert "Content Security Policy" not in log
    assert "Uncaught" not in log


def test_the_map_of_a_collection_says_how_many_features_it_shows(twin: Twin, tmp_path: Path) -> None:
    document, _ = opened(f"{twin.url}/collections/houses", tmp_path, 'data-drawn="true"')
    assert 'data-tiles="/collections/houses/tiles/WebMercatorQuad"' in document  # what is counted is what the tiles show
    note = re.search(r'id="map-status"[^>]*>([^<]*)<', document)
    assert note is not None
    assert note[1] == f"{HOUSES} features shown of {HOUSES} in this view"


def test_without_webgl_the_page_says_so(twin: Twin, tmp_path: Path) -> None:
    document, _ = opened(f"{twin.url}/collections/houses", tmp_path, 'class="failed"', "--disable-3d-apis")
    assert 'class="failed"' in document
    assert "gateway doctor" in document
