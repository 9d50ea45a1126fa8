"""The maps in a real browser: they draw, ask only this server, and say what is wrong when they cannot."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from browser import CHROMIUM, opened

from .conftest import HOUSES, Twin

pytestmark = [pytest.mark.service, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; .ci/run installs it")]


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
