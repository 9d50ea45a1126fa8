"""What only the PostGIS store has: a twin in a schema of its own, and a connection to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import store_samples

from gateway.store.postgis.connection import Server, connect
from gateway.store.postgis.schema import Connection


@pytest.fixture
def twin(postgres: Any, tmp_path: Path) -> Iterator[SimpleNamespace]:
    """An empty PostGIS store with its folder, key and address."""
    address = postgres.twin()
    store, key = store_samples.create(tmp_path / "twin", "postgis", address)
    yield SimpleNamespace(store=store, key=key, folder=tmp_path / "twin", name="postgis", address=address)
    store.close()


@pytest.fixture
def connection(twin: SimpleNamespace) -> Iterator[Connection]:
    """A connection to the schema of `twin`, as readers have it."""
    found = connect(Server.at(twin.address), seconds=5)
    yield found
    found.close()
