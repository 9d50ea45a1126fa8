"""A twin in a database, by the commands a person gives: made, filled, audited, joined, served; and the server's absence."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import postgres as servers
import pytest
from typer.testing import CliRunner, Result

from gateway.cli.app import app

pytestmark = pytest.mark.service


def run(*arguments: object, code: int = 0, **environment: str) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], env={"LANG": "en_GB.UTF-8", **environment})
    assert result.exit_code == code, result.output
    return result


def answer(*arguments: object, code: int = 0, **environment: str) -> Any:
    return json.loads(run(*arguments, "--json", code=code, **environment).stdout)


def points(path: Path, *ids: str) -> Path:
    features = [
        {"type": "Feature", "id": id, "properties": {"name": id}, "geometry": {"type": "Point", "coordinates": [6.1, 46.2]}}
        for id in ids
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", "from gateway.cli.app import main; main()", "serve", str(folder), "--port", str(port)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            wait(lambda: status(f"{url}/health") == 200, 40)
            yield url
        finally:
            process.terminate()


def status(address: str) -> int:
    try:
        return httpx.get(address, timeout=10).status_code
    except httpx.TransportError:
        return 0


def wait(condition: Any, seconds: float) -> float:
    """The seconds it took until a condition held."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds
        time.sleep(0.02)
    return time.monotonic() - begun


def test_a_twin_in_a_database_is_used_like_any_other(tmp_path: Path, postgres: Any) -> None:
    twin, address = tmp_path / "twin", postgres.twin()
    assert answer("init", twin, "--store", address)["charter"] == "open"
    assert (twin / "twin.toml").read_text() == f'store = "postgis"\naddress = "{address}"\n'
    assert answer("init", twin, "--store", address, code=1)["error"] == "conflict"
    assert answer("init", twin, code=1)["error"] == "conflict"
    assert not (twin / "twin.gpkg").exists()
    done = answer("publish", twin, points(tmp_path / "trees.geojson", "a", "b"))
    assert (done["verdict"], done["changes"]["trees"]["added"]) == ("accepted", 2)
    assert answer("publish", twin, tmp_path / "trees.geojson")["repeated"]
    assert answer("snapshot", twin, tmp_path / "out.gpkg")["features"] == 2
    audit = answer("audit", "verify", twin)
    assert (audit["sound"], audit["entries"]) == (True, 3)
    assert answer("doctor", twin)["well"]
    assert [one["projection"] for one in answer("rebuild", twin)["rebuilt"]][-1] == "catalogue"
    answer("party", "add", twin, "parks", "--name", "Parks")
    assert [party["id"] for party in answer("party", "list", twin)] == ["operator", "parks"]


def test_an_address_that_leads_nowhere_leaves_no_twin_behind(tmp_path: Path) -> None:
    twin = tmp_path / "twin"
    assert answer("init", twin, "--store", "postgresql://nobody@127.0.0.1:9/none", code=4)["error"] == "busy"
    assert answer("init", twin, "--store", "mysql://x", code=2)["error"] == "usage"
    assert not (twin / "twin.toml").exists()
    assert answer("doctor", twin, code=1)["well"] is False
    assert answer("init", twin)["charter"] == "open"


def test_two_gateways_on_one_database_show_each_others_publications_within_a_second(tmp_path: Path, postgres: Any) -> None:
    one, other, address = tmp_path / "one", tmp_path / "other", postgres.twin()
    answer("init", one, "--store", address)
    key = (one / "journal.key").read_text()
    assert answer("init", other, "--store", address, code=1)["error"] == "conflict"
    answer("init", other, "--store", address, GATEWAY_JOURNAL_KEY=key)
    refused = answer("publish", other, points(tmp_path / "trees.geojson", "a"), code=1)
    assert (refused["error"], "journal's key" in refused["message"]) == ("integrity", True)
    answer("publish", one, points(tmp_path / "trees.geojson", "a"))
    with serving(one) as url:
        items = f"{url}/collections/trees/items?f=json"
        assert httpx.get(items).json()["numberMatched"] == 1
        for ids in (("a", "b"), ("a", "b", "c")):
            answer("publish", other, points(tmp_path / "trees.geojson", *ids), GATEWAY_JOURNAL_KEY=key)
            assert wait(lambda count=len(ids): httpx.get(items).json()["numberMatched"] == count, 5) < 1
        answer("publish", other, points(tmp_path / "more.geojson", "x"), GATEWAY_JOURNAL_KEY=key)
        assert wait(lambda: status(f"{url}/collections/more/items/x") == 200, 5) < 1
        sparql = {"query": "ASK { ?a ?b ?c FILTER(CONTAINS(STR(?a), '/more/')) }"}
        told = {"Accept": "application/sparql-results+json"}
        assert wait(lambda: httpx.get(f"{url}/sparql", params=sparql, headers=told, timeout=20).json()["boolean"], 20) < 20


def test_a_server_whose_database_is_away_says_503_and_heals(tmp_path: Path) -> None:
    if servers.binaries() is None:
        pytest.skip(f"no PostgreSQL server with PostGIS is installed (apt-get install {servers.PACKAGES})")
    own = servers.start()
    try:
        twin = tmp_path / "twin"
        answer("init", twin, "--store", own.twin())
        answer("publish", twin, points(tmp_path / "trees.geojson", "a"))
        with serving(twin) as url:
            item = f"{url}/collections/trees/items/a"
            assert status(item) == 200
            own.control("stop", "-m", "immediate")
            away = httpx.get(item)
            assert (away.status_code, away.headers["content-type"]) == (503, "application/problem+json")
            assert int(away.headers["Retry-After"]) > 0
            own.control("start")
            assert wait(lambda: status(item) == 200, 10) < 2
    finally:
        own.stop()
