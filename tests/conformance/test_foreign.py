"""The judge judges others: pygeoapi with a GeoJSON file, whose provider takes filters and does not apply them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import yaml

from conformance.runner import run
from conformance.suite import GROUP, Suite, installed
from conformance.verdict import Run, Status

CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf"
PART_3 = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf"
SERVE = "import sys; from pygeoapi.flask_app import APP; APP.run('127.0.0.1', int(sys.argv[1]))"


def configuration(port: int, data: Path) -> dict[str, object]:
    url = f"http://127.0.0.1:{port}"
    provider = {"type": "feature", "name": "GeoJSON", "data": str(data), "id_field": "id"}
    extent = {"spatial": {"bbox": [-180, -90, 180, 90], "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}}
    words = {"title": "Points", "description": "Points", "keywords": ["points"]}
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port},
            "url": url,
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": ["en-US"],
            "limits": {"default_items": 10, "max_items": 10000},
            "map": {"url": "", "attribution": ""},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {**words, "keywords_type": "theme", "terms_of_service": "none", "url": url},
            "license": {"name": "CC0", "url": url},
            "provider": {"name": "nobody", "url": url},
            "contact": {"name": "nobody"},
        },
        "resources": {"points": {"type": "collection", **words, "links": [], "extents": extent, "providers": [provider]}},
    }


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("pygeoapi")
    features = [
        {
            "type": "Feature",
            "id": f"p{n}",
            "geometry": {"type": "Point", "coordinates": [6 + n / 100, 46 + n / 100]},
            "properties": {"name": f"point {n}", "kind": "ab"[n % 2]},
        }
        for n in range(30)
    ]
    (folder / "points.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "config.yml").write_text(yaml.safe_dump(configuration(port, folder / "points.geojson")))
    environment = {**os.environ, "PYGEOAPI_CONFIG": str(folder / "config.yml"), "PYGEOAPI_OPENAPI": str(folder / "openapi.yml")}
    make = [str(Path(sys.executable).parent / "pygeoapi"), "openapi", "generate", "config.yml", "--output-file", "openapi.yml"]
    made = subprocess.run(make, cwd=folder, env=environment, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen([sys.executable, "-c", SERVE, str(port)], cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(400):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
                break
            except (urllib.error.URLError, ConnectionError):
                assert server.poll() is None, (folder / "log").read_text()
                time.sleep(0.05)
        yield run(f"http://127.0.0.1:{port}")
    finally:
        server.terminate()
        server.wait(20)


def verdict(judged: Run, test: str) -> Status:
    return next(one.status for one in judged.outcomes if one.id == test)


def test_a_filter_that_is_not_applied_is_found(judged: Run) -> None:
    for test in (f"{CQL2}/basic-cql2/comparison", f"{CQL2}/basic-cql2/is-null", f"{CQL2}/basic-cql2/logical"):
        assert verdict(judged, test) is Status.FAILED
    reason = next(one.reason for one in judged.outcomes if one.id == f"{CQL2}/basic-cql2/is-null")
    assert "IS NULL finds p0" in reason


def test_what_is_right_passes(judged: Run) -> None:
    for test in (f"{PART_3}/queryables/get-queryables", f"{PART_3}/queryables-query-parameters/query-param"):
        assert verdict(judged, test) is Status.PASSED
    assert verdict(judged, "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core/fc-bbox-response") is Status.PASSED


def test_what_cannot_be_tried_is_skipped_with_a_reason(judged: Run) -> None:
    assert verdict(judged, f"{CQL2}/basic-cql2/boolean") is Status.SKIPPED
    assert all(one.reason for one in judged.outcomes if one.status is not Status.PASSED)


def test_every_suite_is_an_entry_point_and_judges_a_class_of_its_own() -> None:
    suites = [entry.load() for entry in entry_points(group=GROUP)]
    assert all(isinstance(suite, Suite) and suite.tests for suite in suites)
    assert len({suite.uri for suite in suites}) == len(suites) == len(installed())
    tests = [test.id for suite in suites for test in suite.tests]
    assert len(set(tests)) == len(tests)
    assert all(
        test.startswith(f"{suite.uri}/") for suite in suites for test in (one.id for one in suite.tests) if "oas30" not in test
    )
