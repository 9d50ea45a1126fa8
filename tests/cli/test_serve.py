"""``gateway serve``: a twin or files, from a real process; ports, workers and what it says."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from gateway import wiring

POINTS = {
    "type": "FeatureCollection",
    "features": [
        {"type": "Feature", "id": n, "geometry": {"type": "Point", "coordinates": [6.1 + n / 100, 46.2]}, "properties": {"n": n}}
        for n in range(5)
    ],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "points.geojson"
    path.write_text(json.dumps(POINTS))
    return path


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    return {**kept, "GATEWAY_LOG_LEVEL": "warning", **more}


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def serving(folder: Path, *arguments: str, **more: str) -> Iterator[tuple[str, Path]]:
    """A serving process: its address, once /health answers, and the file with what it says; ended by SIGINT, with success."""
    port = free_port()
    said = folder / "said.txt"
    command = [sys.executable, "-c", "from gateway.cli.app import main; main()", "serve", *arguments, "--port", str(port)]
    with (
        said.open("w") as sink,
        subprocess.Popen(command, stdout=sink, stderr=subprocess.STDOUT, env=environment(**more)) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for_health(url, process, said)
            yield url, said
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0, said.read_text()


def wait_for_health(url: str, process: subprocess.Popen[bytes], said: Path) -> None:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        assert process.poll() is None, said.read_text()
        try:
            if httpx.get(f"{url}/health", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail("no answer from /health")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from gateway.cli.app import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=60, check=False)


def test_a_file_is_served_straight_away_and_its_twin_is_gone_afterwards(file: Path, tmp_path: Path) -> None:
    with serving(tmp_path, str(file), TMPDIR=str(tmp_path)) as (url, said):
        assert httpx.get(f"{url}/collections/points/items").json()["numberMatched"] == 5
        assert list(tmp_path.glob("gateway-*"))
    assert not list(tmp_path.glob("gateway-*"))
    assert "points: 5 features" in said.read_text()
    assert f'curl "{url}/collections/points/items?limit=5"' in said.read_text()


def test_several_files_are_served_together_and_names_that_collide_are_told(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "more" / "points.geojson"
    other.parent.mkdir()
    other.write_text(json.dumps({**POINTS, "features": POINTS["features"][:2]}))
    parcels = tmp_path / "parcels.geojson"
    parcels.write_text(file.read_text())
    with serving(tmp_path, str(file), str(other), str(parcels)) as (url, said):
        found = {entry["id"]: entry["dataset"] for entry in httpx.get(f"{url}/collections").json()["collections"]}
        assert found == {"points": "points", "points-2": "points-2", "parcels": "parcels"}
        assert httpx.get(f"{url}/collections/points-2/items").json()["numberMatched"] == 2
        assert httpx.get(f"{url}/collections/points/items").json()["numberMatched"] == 5
    assert "so this one is called points-2" in " ".join(said.read_text().split())
    twice = run("serve", str(file), str(file))
    assert twice.returncode == 2
    assert "given twice" in twice.stderr


def test_two_workers_answer_and_see_a_publication_of_a_third_process(tmp_path: Path, file: Path) -> None:
    folder = tmp_path / "t"
    wiring.create(folder)
    with serving(tmp_path, str(folder), "--workers", "2") as (url, _):
        assert httpx.get(f"{url}/collections").json()["collections"] == []
        done = run("publish", str(folder), str(file))
        assert done.returncode == 0, done.stderr
        for _ in range(20):
            assert httpx.get(f"{url}/collections/points/items").json()["numberMatched"] == 5


def test_a_port_that_is_taken_is_said_in_one_sentence(tmp_path: Path) -> None:
    wiring.create(tmp_path / "t")
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        port = sock.getsockname()[1]
        done = run("serve", str(tmp_path / "t"), "--port", str(port))
    assert done.returncode == 4
    assert f"port {port}" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("arguments", "code"), [(["nosuch"], 2), (["."], 2), ([], 2)])
def test_what_cannot_be_served_is_said(arguments: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("serve", *arguments)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_a_broken_file_is_not_served(tmp_path: Path) -> None:
    path = tmp_path / "broken.geojson"
    path.write_bytes(b'{"type": "FeatureCollection", "features": [')
    done = run("serve", str(path))
    assert done.returncode in (1, 3)
    assert "Traceback" not in done.stderr
