"""The contract suite runs over every store named here; a second one is one more name (and what it needs to be made)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import store_samples

STORES = ("geopackage", pytest.param("postgis", marks=pytest.mark.service))


@pytest.fixture(params=STORES)
def twin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SimpleNamespace]:
    """An empty store with its folder and key."""
    folder = tmp_path / "twin"
    address = request.getfixturevalue("postgres").twin() if request.param == "postgis" else None
    store, key = store_samples.create(folder, request.param, address)
    yield SimpleNamespace(store=store, key=key, folder=folder, name=request.param)
    store.close()
