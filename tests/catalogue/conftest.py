"""A small twin's catalogue."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.catalogue.csw import CswAnswer, CswRequest, respond
from gateway.model.access import Access

sys.path.insert(0, str(Path(__file__).parents[1] / "shared"))
from smalltwin import OPEN, SmallTwin

type Ask = Callable[..., CswAnswer]


@pytest.fixture(scope="session")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallTwin]:
    """A twin to read."""
    made = SmallTwin(tmp_path_factory.mktemp("catalogue") / "twin").fill()
    yield made
    made.close()


@pytest.fixture(scope="session")
def ask(twin: SmallTwin) -> Ask:
    """Ask the catalogue: a query string, or a body."""

    def asked(query: str = "", body: bytes = b"", access: Access = OPEN, accept: str = "") -> CswAnswer:
        with twin.store.reading() as reader:
            return respond(CswRequest("POST" if body else "GET", query, body, accept), reader, access, "Small & sound")

    return asked
