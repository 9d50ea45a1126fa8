"""What every test shares: a header that names the native libraries, and the mark `service` in the JUnit report."""

from __future__ import annotations

import json
import os
import platform
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import hypothesis
import pyproj
import pytest
import shapely
import structlog

from gateway.web import log

sys.path.insert(0, str(Path(__file__).parent / "shared"))
import object_storage as object_storages

structlog.configure(processors=log.for_terminal())


hypothesis.settings.register_profile("twin", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("twin")  # a busy machine is slow, which is no fault


def pytest_report_header() -> str:
    return (
        f"Python {platform.python_version()}, SQLite {apsw.sqlite_lib_version()}, "
        f"PROJ {pyproj.proj_version_str}, GEOS {shapely.geos_version_string}"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("service"):
            item.user_properties.append(("service", "needed"))


@dataclass(frozen=True)
class Demo:
    """The demo twin, built once for all tests and served; `folder` holds it as ``demo-twin``. Read it, do not change it."""

    folder: Path
    url: str
    document: dict[str, Any]
    printed: str

    @property
    def twin(self) -> Path:
        return self.folder / "demo-twin"

    def key(self, party: str) -> str:
        keys: dict[str, str] = json.loads((self.twin / "demo-keys.json").read_text())
        return keys[party]


GATEWAY = str(Path(sys.executable).parent / "gateway")


@pytest.fixture(scope="session")
def environment() -> dict[str, str]:
    """This process's environment without anybody's settings for the gateway, and with its own programs first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    return {**kept, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "LANG": "C.UTF-8"}


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    build = [GATEWAY, "demo", "--no-serve", "--port", str(port)]
    built = subprocess.run(build, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=100)
    assert built.returncode == 0, built.stdout + built.stderr
    told = subprocess.run([*build, "--json"], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    serve = [GATEWAY, "serve", "demo-twin", "--port", str(port)]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(serve, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        url = f"http://localhost:{port}"
        _await(f"{url}/health", server)
        yield Demo(folder, url, json.loads(told.stdout), built.stdout)
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """A PostgreSQL server with PostGIS (`shared/postgres.py`); the test is skipped where none is installed."""
    import postgres

    try:
        cluster = postgres.start()
    except FileNotFoundError as absent:
        pytest.skip(str(absent))
    try:
        yield cluster
    finally:
        cluster.stop()


def _await(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert server.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise AssertionError(f"{address} does not answer")


@pytest.fixture(scope="session")
def object_storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object_storages.ObjectStorage]:
    """A real S3-compatible server with an empty bucket."""
    with object_storages.serving(tmp_path_factory.mktemp("s3")) as found:
        yield found
