"""Independent clients read the demo: their counts are ours."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from owslib.csw import CatalogueServiceWeb
from owslib.ogcapi.features import Features
from owslib.ogcapi.processes import Processes


def collections(demo: Any) -> dict[str, int]:
    """Every open collection with the number of its features, as the door says it."""
    with_counts = {}
    for entry in demo.document["datasets"]:
        if entry["access"] == "A":
            for collection in entry["collections"]:
                items = Features(demo.url).collection_items(collection, limit=1)
                with_counts[collection] = items["numberMatched"]
    return with_counts


def test_owslib_reads_every_collection_to_its_end(demo: Any) -> None:
    client = Features(demo.url)
    counts = collections(demo)
    assert sorted(client.feature_collections()) == sorted(counts)
    assert sum(counts.values()) == sum(entry["features"] for entry in demo.document["datasets"] if entry["access"] == "A")
    for collection, count in counts.items():
        assert len(client.collection_items(collection, limit=10_000)["features"]) == count


def test_owslib_reads_the_catalogue(demo: Any) -> None:
    client = CatalogueServiceWeb(f"{demo.url}/csw")
    client.getrecords2(maxrecords=100, esn="full")
    assert len(client.records) == sum(entry["access"] == "A" for entry in demo.document["datasets"])


def test_owslib_reads_the_processes(demo: Any) -> None:
    client = Processes(demo.url)
    assert sorted(process["id"] for process in client.processes()) == ["check", "convert", "echo"]
    assert client.process("echo")["inputs"].keys() == client.process("echo")["outputs"].keys() | {"pause"}


@pytest.mark.service
@pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="GDAL's ogrinfo is not installed")
def test_gdal_reads_every_collection_page_by_page(demo: Any, tmp_path: Path) -> None:
    for collection, count in collections(demo).items():
        command = [
            "ogr2ogr",
            "-f",
            "GeoJSON",
            str(tmp_path / "out.geojson"),
            f"OAPIF:{demo.url}",
            collection,
            "-oo",
            "PAGE_SIZE=300",
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        document = json.loads((tmp_path / "out.geojson").read_text())
        assert len(document["features"]) == count, collection
        (tmp_path / "out.geojson").unlink()


@pytest.mark.service
@pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="GDAL's ogrinfo is not installed")
def test_gdal_filters_by_box_as_we_do(demo: Any) -> None:
    box = (6.120, 46.190, 6.123, 46.192)
    client = Features(demo.url)
    ours = client.collection_items("buildings", bbox=box, limit=1)["numberMatched"]
    command = ["ogrinfo", "-so", f"OAPIF:{demo.url}", "buildings", "-spat", *map(str, box)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    match = re.search(r"Feature Count: (\d+)", said)
    assert match is not None
    assert int(match[1]) == ours > 0
