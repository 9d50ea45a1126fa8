"""The graph keeps up with the journal: exact after every change, whole after every crash."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import rdflib
from smalltwin import ID_BASE, VISIBLE, SmallTwin, parcel, tree

from gateway.graph.broker import SparqlBroker
from gateway.graph.generations import Generations
from gateway.graph.projection import GraphProjection
from gateway.model.record import Keyword
from gateway.services.projections import Projector
from gateway.settings import Settings

ALL = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"


def triples(broker: SparqlBroker, datasets: frozenset[str] | None = None) -> set[tuple[str, str, str]]:
    _, body = broker.ask(ALL, datasets, "nt")
    return {tuple(map(str, triple)) for triple in rdflib.Graph().parse(data=body, format="nt")}  # type: ignore[misc]


def fresh(own, tmp_path: Path) -> set[tuple[str, str, str]]:
    """The triples of a graph made anew from the same store."""
    folder = tmp_path / f"fresh{random.random()}"
    with own.twin.store.reading() as reader:
        GraphProjection(folder, ID_BASE).rebuild(reader)
    broker = SparqlBroker(folder, Settings())
    try:
        return triples(broker)
    finally:
        broker.close()


def test_every_feature_and_dataset_is_there(broker) -> None:
    _, body = broker.ask("SELECT (COUNT(DISTINCT ?f) AS ?n) { ?f a <http://www.opengis.net/ont/geosparql#Feature> }", None, "csv")
    assert body.decode().split() == ["n", "28"]
    _, body = broker.ask("SELECT (COUNT(*) AS ?n) { ?d a <http://www.w3.org/ns/dcat#Dataset> }", None, "csv")
    assert body.decode().split() == ["n", "4"]


def test_a_features_name_type_height_and_place_can_be_asked_for(broker) -> None:
    query = """PREFIX schema: <https://schema.org/> PREFIX twin: <https://w3id.org/twin-gateway/ns#>
    PREFIX geo: <http://www.opengis.net/ont/geosparql#> PREFIX attribute: <https://w3id.org/twin-gateway/attribute#>
    SELECT ?wkt { ?f schema:name "Tree 7" ; a twin:SolitaryVegetationObject ; attribute:height ?h ; attribute:alive true ;
      geo:hasDefaultGeometry/geo:asWKT ?wkt FILTER(?h = 11.5) }"""
    _, body = broker.ask(query, VISIBLE, "csv")
    assert body.decode().splitlines()[1].startswith("POINT (6.")


@pytest.mark.parametrize("share", [0.05, 1.0])
def test_after_a_change_the_graph_is_what_making_it_anew_gives(own, tmp_path, share: float) -> None:
    changed = round(300 * share)
    own.twin.publish("trees", [tree(number) for number in range(300)])
    own.projector.catch_up()
    own.twin.publish("trees", [tree(number, 9.5 if number < changed else 4.5) for number in range(10, 310)])
    own.twin.publish("parcels", [parcel(number) for number in range(2)], title={"en": "Fewer parcels"})
    assert own.projector.catch_up() == "done"
    broker = SparqlBroker(own.folder, Settings())
    try:
        assert triples(broker) == fresh(own, tmp_path)
    finally:
        broker.close()


def test_a_dataset_with_metadata_only_has_no_features_in_the_graph(own, own_broker) -> None:
    own.twin.publish("trees", [tree(number) for number in range(5)], graph="metadata")
    own.projector.catch_up()
    query = f"SELECT (COUNT(?f) AS ?n) FROM <{ID_BASE}dataset/trees> {{ ?f a <http://www.opengis.net/ont/geosparql#Feature> }}"
    assert own_broker.ask(query, None, "csv")[1].decode().split() == ["n", "0"]
    query = f"SELECT ?what FROM <{ID_BASE}dataset/trees> {{ ?d <https://w3id.org/twin-gateway/ns#graphContent> ?what }}"
    assert own_broker.ask(query, None, "csv")[1].decode().split() == ["what", "metadata"]


def test_a_dataset_with_metadata_only_is_changed_where_it_is(own, tmp_path) -> None:
    own.twin.publish("trees", [tree(number) for number in range(5)], graph="metadata")
    own.projector.catch_up()
    own.twin.publish("trees", [tree(number) for number in range(6)], graph="metadata", title={"en": "Some trees"})
    own.projector.catch_up()
    broker = SparqlBroker(own.folder, Settings())
    try:
        assert triples(broker) == fresh(own, tmp_path)
    finally:
        broker.close()


def test_old_generations_go_when_nobody_reads_them(own, own_broker) -> None:
    held = Generations(own.folder).hold()
    assert held is not None
    own.twin.publish("parcels", [parcel(9)])
    own.projector.catch_up()
    assert len(list(own.folder.glob("g-*/"))) == 2
    os.close(held[1])
    own.twin.publish("parcels", [parcel(8)])
    own.projector.catch_up()
    assert len(list(own.folder.glob("g-*/"))) == 1


def test_other_entries_of_the_journal_move_the_cursor_without_a_new_generation(own) -> None:
    before = Generations(own.folder).pointer()
    own.twin.store.put_party(replace(own.twin.city, name="City"), "party.changed", {})
    assert own.projector.catch_up() == "done"
    after = Generations(own.folder).pointer()
    assert after.generation == before.generation and after.cursor > before.cursor


def test_a_graph_made_by_other_rules_is_made_anew(own) -> None:
    generations = Generations(own.folder)
    generations.move(replace(generations.pointer(), mapping="older"))
    assert own.projection.cursor() == 0
    assert own.projector.catch_up() == "done"


def test_a_projector_without_its_turn_says_pending_and_the_next_one_does_the_work(own, tmp_path) -> None:
    impatient = Projector(own.twin.store, (own.projection,), tmp_path / "lock", 0.3)
    own.twin.publish("parcels", [parcel(7)])
    assert impatient.catch_up(wait=False) == "pending"
    with own.projector._turn() as mine:
        assert mine
        assert impatient.catch_up() == "pending"
    assert impatient.catch_up() == "done"


KILLED = """
import sys
sys.path[:0] = [{shared!r}]
from pathlib import Path
from smalltwin import ID_BASE
from gateway.graph.projection import GraphProjection
from gateway.services.projections import Projector
from gateway.store.geopackage import GeoPackageStore
from gateway.store.signing import JournalKey
folder = Path({twin!r})
store = GeoPackageStore.open(str(folder), JournalKey.load(folder, None).sign)
projector = Projector(store, (GraphProjection(Path({graph!r}), ID_BASE),), Path({lock!r}), 60.0)
print("ready", flush=True)
print(projector.catch_up(), flush=True)
"""


def _kill_once(own, tmp_path: Path, seed: random.Random) -> None:
    program = KILLED.format(
        shared=str(Path(__file__).parents[1] / "shared"),
        twin=str(own.twin.folder),
        graph=str(own.folder),
        lock=str(tmp_path / "lock"),
    )
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    time.sleep(seed.random() * 0.25)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()


def _prove_kills(own, tmp_path: Path, kills: int) -> None:
    """Kill a projector at random moments: readers always see a whole generation, and in the end nothing is missing."""
    seed = random.Random(7)
    broker = SparqlBroker(own.folder, Settings())
    versions = {round_: [tree(number, float(round_)) for number in range(150)] for round_ in range(kills)}
    whole = {f"{20}", f"{150}"}
    count = f"SELECT (COUNT(*) AS ?n) FROM <{ID_BASE}dataset/trees> {{ ?f <https://w3id.org/twin-gateway/ns#digest> ?d }}"
    try:
        for features in versions.values():
            own.twin.publish("trees", features)
            _kill_once(own, tmp_path, seed)
            assert broker.ask(count, None, "csv")[1].decode().split()[1] in whole
        assert own.projector.catch_up() == "done"
        assert triples(broker) == fresh(own, tmp_path)
        assert not list(own.folder.glob("work-*"))
    finally:
        broker.close()


def test_a_killed_projector_is_late_and_never_wrong(own, tmp_path) -> None:
    _prove_kills(own, tmp_path, 8)


@pytest.mark.proof
@pytest.mark.timeout(900)
def test_two_hundred_killed_projectors_are_late_and_never_wrong(own, tmp_path) -> None:
    _prove_kills(own, tmp_path, 200)


def test_an_address_that_is_no_iri_does_not_stop_the_projection(own, own_broker) -> None:
    bad = (Keyword({"en": "odd", "xx_yy zz": "odd"}, "T", "no scheme at all"), Keyword({"en": "odder"}, "T", "http://[::bad"))
    own.twin.publish("plan", [], keywords=bad, licence="http://[not an address")
    assert own.projector.catch_up() == "done"
    query = f"ASK {{ <{ID_BASE}dataset/plan> <http://www.w3.org/ns/dcat#keyword> 'odder'@en }}"
    assert b"true" in own_broker.ask(query, None, "json")[1]


def test_a_twin_without_any_publication_has_an_empty_graph(tmp_path) -> None:
    twin = SmallTwin(tmp_path / "twin")
    projector = Projector(twin.store, (GraphProjection(tmp_path / "graph", ID_BASE),), tmp_path / "lock", 5.0)
    assert projector.catch_up() == "done"
    broker = SparqlBroker(tmp_path / "graph", Settings())
    assert broker.ask("ASK { ?s ?p ?o }", None, "csv")[1].strip() == b"false"
    broker.close()
    twin.close()
