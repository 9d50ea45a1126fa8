"""One feature in 3D: its family as CityJSON, and the page that draws it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from browser import CHROMIUM, opened

from gateway import registry
from gateway.ports import ReadOptions
from tests.conftest import Demo


@pytest.fixture(scope="module")
def part(demo: Demo) -> dict[str, Any]:
    """A part of a building of the demo."""
    found = httpx.get(f"{demo.url}/collections/buildings/items?limit=1000").json()["features"]
    return next(feature for feature in found if feature["id"].endswith("-P2"))


def test_an_item_as_cityjson_is_its_whole_family(demo: Demo, part: dict[str, Any], tmp_path: Path) -> None:
    address = f"{demo.url}/collections/buildings/items/{part['id']}"
    response = httpx.get(address, params={"f": "cityjson"})
    assert response.headers["Content-Type"] == "application/city+json"
    assert "crs-compound" in response.headers["Content-Crs"]
    path = tmp_path / "family.city.json"
    path.write_bytes(response.content)
    with registry.get("adapters", "cityjson").open(path, ReadOptions()) as reading:
        members = {feature.id: feature for feature in reading}
    root = next(feature for feature in members.values() if feature.parent is None)
    assert members.keys() == {root.id, *root.children}
    assert {surface.type for shape in members[part["id"]].geometries for surface in shape.surfaces} >= {
        "RoofSurface",
        "WallSurface",
    }
    whole = httpx.get(f"{demo.url}/collections/buildings/items/{root.id}", headers={"Accept": "application/city+json"})
    assert json.loads(whole.content)["CityObjects"].keys() == members.keys()


def test_cityjson_keeps_the_storage_crs(demo: Demo, part: dict[str, Any]) -> None:
    crs = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
    found = httpx.get(f"{demo.url}/collections/buildings/items/{part['id']}", params={"f": "cityjson", "crs": crs})
    assert found.status_code == 400
    assert found.json()["parameter"] == "crs"


def test_a_restricted_feature_has_no_family_for_strangers(demo: Demo) -> None:
    key = {"Authorization": f"Bearer {demo.key('utility')}"}
    items = f"{demo.url}/collections/heating-network/items"
    some = httpx.get(items, headers=key).json()["features"][0]["id"]
    assert httpx.get(f"{items}/{some}?f=cityjson", headers=key).status_code == 200
    assert httpx.get(f"{items}/{some}?f=cityjson").status_code == 404


def test_a_building_with_addresses_shows_them(demo: Demo) -> None:
    page = httpx.get(f"{demo.url}/collections/buildings/items/EGID-190240002?f=html&lang=fr").text
    assert "<h2>Adresses</h2>" in page
    assert "Suisse" in page
    assert "<script>" not in page


@pytest.mark.service
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; .ci/run installs it")
class TestInABrowser:
    def test_the_building_is_drawn_with_its_surfaces_and_levels(self, demo: Demo, part: dict[str, Any], tmp_path: Path) -> None:
        address = f"{demo.url}/collections/buildings/items/{part['id']}"
        document, log = opened(address, tmp_path, 'data-lod="2" data-drawn="true"')
        legend = re.findall(r'<li><span class="swatch"[^>]*></span>([A-Z][a-z]+) \(\d+\)</li>', document)
        assert {"Wall", "Roof", "Ground"} <= set(legend)
        assert 'value="0"' in document
        assert 'value="2"' in document
        assert "<canvas" in document
        assert "Content Security Policy" not in log
        assert "Uncaught" not in log

    def test_without_webgl_it_says_so(self, demo: Demo, part: dict[str, Any], tmp_path: Path) -> None:
        address = f"{demo.url}/collections/buildings/items/{part['id']}"
        document, _ = opened(address, tmp_path, "The 3D view cannot be shown", "--disable-3d-apis")
        assert re.search(r'<p class="failed">The 3D view cannot be shown', document)
