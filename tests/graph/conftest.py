"""A small twin with its graph, and a broker over it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.graph.broker import SparqlBroker
from gateway.graph.projection import GraphProjection
from gateway.services.projections import Projector
from gateway.settings import Settings

sys.path.insert(0, str(Path(__file__).parents[1] / "shared"))
from smalltwin import ID_BASE, SmallTwin


@dataclass
class Graph:
    """A twin, its projection and its projector."""

    twin: SmallTwin
    projection: GraphProjection
    projector: Projector
    folder: Path


def made(folder: Path, *, heating: bool = True) -> Graph:
    """A filled twin in `folder` whose graph is up to date."""
    twin = SmallTwin(folder / "twin").fill(heating=heating)
    projection = GraphProjection(folder / "graph", ID_BASE)
    projector = Projector(twin.store, (projection,), folder / "lock", 20.0)
    assert projector.catch_up() == "done"
    return Graph(twin, projection, projector, folder / "graph")


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Graph]:
    """A twin of one's own, to change."""
    graph = made(tmp_path)
    yield graph
    graph.twin.close()


@pytest.fixture(scope="session")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    """A twin to read."""
    graph = made(tmp_path_factory.mktemp("graph"))
    yield graph
    graph.twin.close()


@pytest.fixture(scope="session")
def broker(graph: Graph) -> Iterator[SparqlBroker]:
    """A broker over the twin to read."""
    broker = SparqlBroker(graph.folder, Settings(sparql_seconds=5.0))
    yield broker
    broker.close()


@pytest.fixture(scope="session")
def without_heating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparqlBroker]:
    """A broker over the same twin to which the restricted dataset was never published."""
    graph = made(tmp_path_factory.mktemp("without"), heating=False)
    broker = SparqlBroker(graph.folder, Settings(sparql_seconds=5.0))
    yield broker
    broker.close()
    graph.twin.close()


@pytest.fixture
def own_broker(own: Graph) -> Iterator[SparqlBroker]:
    """A broker over one's own twin."""
    broker = SparqlBroker(own.folder, Settings(sparql_seconds=5.0))
    yield broker
    broker.close()
