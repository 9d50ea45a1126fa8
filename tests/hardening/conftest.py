"""One served twin with one good publication for the whole folder; each test looks whether it is still as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hardening import samples
from tests.hardening.server import Served, Trap, run, served

BASE = "baseline"


@pytest.fixture(scope="session")
def twin(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A twin's folder with one collection, and the key of its partner."""
    place = tmp_path_factory.mktemp("hardening")
    folder, file = place / "twin", place / "baseline.geojson"
    file.write_bytes(samples.geojson(*(samples.feature(f"t{n}", samples.X + n, kind="oak", n=n) for n in range(20))))
    for command in (["init", folder], ["party", "add", folder, "city"]):
        done = run(*command)
        assert done.returncode == 0, done.stderr
    key = json.loads(run("key", "new", folder, "city", "--json").stdout)["key"]
    done = run("publish", folder, file, "--collection", BASE, "--as", "city", key=key)
    assert done.returncode == 0, done.stderr
    return folder, key


@pytest.fixture(scope="session")
def server(twin: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The twin, served by the real command."""
    folder, key = twin
    with served(folder, key, tmp_path_factory.mktemp("log") / "server.log") as found:
        yield found


@pytest.fixture(scope="session")
def trap() -> Iterator[Trap]:
    """A listener nobody may call."""
    found = Trap()
    yield found
    found.close()
