"""SPARQL from strangers: what they may not see is not there, what would hurt is refused, what runs wild is stopped (S01 to S10)."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest
import rdflib
from smalltwin import CANARY, ID_BASE, VISIBLE

from gateway.errors import Busy, GatewayError, NotAcceptable, OutOfTime, ParameterError
from gateway.graph.broker import SparqlBroker
from gateway.graph.gate import gate
from gateway.settings import Settings

HIDDEN = f"<{ID_BASE}dataset/heating>"
WILD = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


@contextmanager
def trap() -> Iterator[tuple[int, list[bytes]]]:
    """A listener on loopback that notes whoever calls."""
    calls: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.1)
    stop = threading.Event()

    def listen() -> None:
        while not stop.is_set():
            try:
                caller, _ = server.accept()
            except TimeoutError:
                continue
            calls.append(b"called")
            caller.close()

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield server.getsockname()[1], calls
    finally:
        stop.set()
        thread.join()
        server.close()


SERVICES = [
    "SELECT * { SERVICE <http://127.0.0.1:%d/> { ?s ?p ?o } }",
    "SELECT * { SERVICE SILENT <http://127.0.0.1:%d/> { ?s ?p ?o } }",
    "SELECT * { service <http://127.0.0.1:%d/> { ?s ?p ?o } }",
    "SELECT * { VALUES ?where { <http://127.0.0.1:%d/> } SERVICE ?where { ?s ?p ?o } }",
    "SELECT * { BIND(<http://127.0.0.1:%d/> AS ?where) SERVICE SILENT ?where { ?s ?p ?o } }",
    "SELECT * { { SELECT * { SERVICE <http://127.0.0.1:%d/> { ?s ?p ?o } } } }",
    "SELECT * { \\u0053ERVICE <http://127.0.0.1:%d/> { ?s ?p ?o } }",
    "SELECT * { \\U00000053ERVICE\\u0020<http://127.0.0.1:%d/> { ?s ?p ?o } }",
    "SELECT * { SERVICE # a comment\n <http://127.0.0.1:%d/> { ?s ?p ?o } }",
    "SELECT * { ?s ?p trueSERVICESILENT<http://127.0.0.1:%d/>{ ?a ?b ?c } }",
    "PREFIX SERVICE: <http://127.0.0.1:%d/> SELECT * { SERVICE:x{ ?s ?p ?o } }",
    "PREFIX trueservice: <http://127.0.0.1:%d/> SELECT * { ?s ?p trueservice:x{ ?s ?p ?o } }",
]


@pytest.mark.parametrize("query", SERVICES)
def test_service_in_any_spelling_is_refused_and_calls_nobody(broker, query: str) -> None:
    with trap() as (port, calls):
        with pytest.raises(ParameterError):
            broker.ask(query % port, VISIBLE, "json")
        assert not calls


@pytest.mark.parametrize("query", SERVICES[:3])
def test_even_past_the_gate_the_child_calls_nobody(graph, monkeypatch, query: str) -> None:
    from gateway.graph import broker as module
    from gateway.graph.gate import Gated

    monkeypatch.setattr(module, "gate", lambda text: Gated("SELECT", text))
    made = SparqlBroker(graph.folder, Settings(sparql_seconds=3.0))
    with trap() as (port, calls):
        with suppress(GatewayError):
            made.ask(query % port, VISIBLE, "json")
        assert not calls
    made.close()


@pytest.mark.parametrize(
    "query",
    [
        'SELECT * { ?s ?p "SERVICE <http://example.org/> { }" }',
        "SELECT * { ?s ?p ?o } # SERVICE <http://example.org/> { ?a ?b ?c }",
        'SELECT * { ?s ?p """multi\n"SERVICE" line""" }',
        "PREFIX service: <http://example.org/> SELECT * { ?s service:SERVICE <http://example.org/SERVICE> }",
        "SELECT ?service ?load { ?service ?load ?from }",
        'SELECT * { ?s ?p "\\u0022 SERVICE <x>" }',
    ],
)
def test_the_word_inside_strings_comments_and_names_passes(broker, query: str) -> None:
    assert broker.ask(query, VISIBLE, "json")[0] == "application/sparql-results+json"


@pytest.mark.parametrize(
    "query",
    [
        "ASK " + "{" * 3000 + "}" * 3000,
        "ASK { FILTER(" + "(" * 8000 + "true" + ")" * 8000 + ") }",
        "ASK { FILTER(" + "!" * 60_000 + "true) }",
        "ASK { FILTER(" + "! " * 30_000 + "true) }",
        "ASK { FILTER(" + "-" * 60_000 + "1 = 1) }",
        "ASK { ?s " + "^" * 60_000 + "<x:p> ?o }",
        "ASK { ?s ?p " + "[ <x:p> " * 3000 + "]" * 3000 + " }",
        "ASK { ?s ?p " + "( " * 3000 + ")" * 3000 + " }",
        "SELECT * { ?s ?p ?o FILTER(" + "1+" * 30_000 + "1 > 0) }",
        "SELECT * { ?s ?p ?o } " + " " * 70_000,
    ],
    ids=["braces", "brackets", "nots", "spaced nots", "minuses", "inverse paths", "blank nodes", "lists", "long sum", "long text"],
)
def test_a_query_that_would_kill_the_engine_gets_400_and_the_next_one_an_answer(broker, query: str) -> None:
    main = os.getpid()
    with pytest.raises(ParameterError):
        broker.ask(query, VISIBLE, "json")
    assert os.getpid() == main
    assert b"true" in broker.ask("ASK { ?s ?p ?o }", VISIBLE, "json")[1]


@pytest.mark.parametrize(
    "query",
    [
        "INSERT DATA { <a:a> <a:b> <a:c> }",
        "DELETE WHERE { ?s ?p ?o }",
        "WITH <a:g> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }",
        "LOAD <file:///etc/hostname>",
        "LOAD SILENT <http://127.0.0.1:1/>",
        "CLEAR ALL",
        "DROP GRAPH <a:g>",
        "PREFIX a: <a:> CREATE GRAPH a:g",
        "COPY <a:g> TO <a:h>",
        "SELECT * { ?s ?p ?o } ; DROP ALL",
        "",
        "nonsense",
    ],
)
def test_an_update_at_the_query_door_is_refused(broker, query: str) -> None:
    with pytest.raises(ParameterError):
        broker.ask(query, None, "json")
    assert (
        broker.ask("SELECT (COUNT(*) AS ?n) { ?f <https://w3id.org/twin-gateway/ns#digest> ?d }", None, "csv")[1].split()[1]
        == b"28"
    )


@pytest.mark.parametrize(
    "clause",
    [
        f"FROM {HIDDEN}",
        f"FROM NAMED {HIDDEN}",
        f"FROM <{ID_BASE}dataset/\\u0068eating>",
        "FROM <file:///etc/hostname>",
        "FROM <http://127.0.0.1:1/trap>",
        f"FROM <{ID_BASE}dataset/none>",
    ],
)
def test_from_a_graph_that_is_hidden_or_absent_is_one_refusal(broker, clause: str) -> None:
    with pytest.raises(ParameterError, match="there is no graph"):
        broker.ask(f"SELECT * {clause} {{ ?s ?p ?o }}", VISIBLE, "json")


def test_from_takes_prefixes_and_base(broker) -> None:
    query = f"BASE <{ID_BASE}> PREFIX d: <dataset/> SELECT (COUNT(?x) AS ?n) FROM d:parcels FROM NAMED <dataset/trees> {{ ?x %s }}"
    assert broker.ask(query % "<https://w3id.org/twin-gateway/ns#digest> ?d", VISIBLE, "csv")[1].split()[1] == b"5"


PRYING = [
    "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
    "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } }",
    "SELECT * { ?s ?p ?o }",
    "SELECT DISTINCT ?g { GRAPH ?g { } }",
    f"SELECT * {{ GRAPH {HIDDEN} {{ ?s ?p ?o }} }}",
    f"DESCRIBE {HIDDEN}",
    f"DESCRIBE <{ID_BASE}heating/pipe0>",
    "CONSTRUCT { ?s ?p ?o } WHERE { GRAPH ?g { ?s ?p ?o } }",
    f"SELECT ?x {{ VALUES ?x {{ {HIDDEN} }} ?x ?p ?o }}",
    f"SELECT ?x {{ VALUES ?x {{ 1 }} FILTER EXISTS {{ GRAPH {HIDDEN} {{ ?s ?p ?o }} }} }}",
    f"SELECT ?x {{ VALUES ?x {{ 1 }} MINUS {{ VALUES ?x {{ 1 }} GRAPH {HIDDEN} {{ ?s ?p ?o }} }} }}",
    f"SELECT ?end {{ <{ID_BASE}heating/pipe1> (<https://w3id.org/twin-gateway/ns#parent>)* ?end }}",
    f'SELECT * {{ ?s ?p ?o FILTER(CONTAINS(STR(?o), "{CANARY[:5]}")) }}',
]


@pytest.mark.parametrize("query", PRYING)
def test_a_hidden_dataset_answers_as_one_that_does_not_exist(broker, without_heating, query: str) -> None:
    media = "nt" if query.startswith(("CONSTRUCT", "DESCRIBE")) else "csv"
    seen = broker.ask(query, VISIBLE, media)[1]
    absent = without_heating.ask(query, None, media)[1]
    assert sorted(timeless(seen)) == sorted(timeless(absent))
    assert CANARY.encode() not in seen


def timeless(body: bytes) -> list[bytes]:
    """The lines of an answer without those that say when a dataset was published."""
    return [line for line in body.splitlines() if b"generatedAtTime" not in line]


def test_the_owner_sees_all_of_it(broker) -> None:
    _, body = broker.ask(f'SELECT (COUNT(*) AS ?n) {{ ?s ?p ?o FILTER(CONTAINS(STR(?o), "{CANARY}")) }}', None, "csv")
    assert body.split()[1] == b"4"


def test_a_cross_product_is_stopped_and_the_next_query_is_quick(graph) -> None:
    made = SparqlBroker(graph.folder, Settings(sparql_seconds=1.0))
    begun = time.monotonic()
    with pytest.raises(OutOfTime):
        made.ask(WILD, VISIBLE, "json")
    assert time.monotonic() - begun < 3
    assert made.processes() == []
    begun = time.monotonic()
    made.ask("ASK { ?s ?p ?o }", VISIBLE, "json")
    assert time.monotonic() - begun < 1
    made.close()


def test_an_answer_over_the_byte_cap_is_refused(graph) -> None:
    made = SparqlBroker(graph.folder, Settings(sparql_bytes=5_000))
    with pytest.raises(OutOfTime, match="5000 bytes"):
        made.ask("SELECT * { ?s ?p ?o . ?a ?b ?c }", VISIBLE, "json")
    assert made.ask("ASK { ?s ?p ?o }", VISIBLE, "csv")[1] == b"true"
    made.close()


def test_a_query_over_its_memory_is_stopped(graph) -> None:
    made = SparqlBroker(graph.folder, Settings(sparql_memory=500_000_000, sparql_seconds=20.0))
    with pytest.raises(OutOfTime):
        made.ask("SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?a", VISIBLE, "json")
    assert made.ask("ASK { ?s ?p ?o }", VISIBLE, "csv")[1] == b"true"
    made.close()


def test_a_caller_who_goes_away_takes_his_query_with_him(graph) -> None:
    made = SparqlBroker(graph.folder, Settings(sparql_seconds=30.0))
    begun = time.monotonic()
    with pytest.raises(GatewayError):
        made.ask(WILD, VISIBLE, "json", cancelled=lambda: time.monotonic() - begun > 0.3)
    assert time.monotonic() - begun < 2
    assert made.processes() == []
    made.close()


def test_a_full_pool_says_busy(graph) -> None:
    made = SparqlBroker(graph.folder, Settings(sparql_seconds=4.0))
    with ThreadPoolExecutor(3) as pool:
        wild = [pool.submit(made.ask, WILD, VISIBLE, "json") for _ in range(2)]
        time.sleep(0.7)
        with pytest.raises(Busy) as refused:
            made.ask("ASK { ?s ?p ?o }", VISIBLE, "json")
        assert refused.value.retry_after >= 1
        for one in wild:
            assert isinstance(one.exception(), OutOfTime)
    made.close()


def test_many_threads_get_their_own_answers(broker) -> None:
    def ask(number: int) -> bytes:
        return broker.ask(f'SELECT ?f {{ ?f <https://schema.org/name> "Tree {number % 20}" }}', VISIBLE, "csv")[1]

    with ThreadPoolExecutor(8) as pool:
        for number, body in enumerate(pool.map(ask, range(80))):
            assert f"tree%2F{number % 20}%20" in body.decode()


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")
@pytest.mark.parametrize("accept", ["ttl", "nt", "rdf", "jsonld", "text/turtle", "application/ld+json, */*;q=0.1"])
def test_every_serialisation_of_a_construct_is_read_by_rdflib(broker, accept: str) -> None:
    media, body = broker.ask("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", VISIBLE, accept)
    names = {"text/turtle": "turtle", "application/n-triples": "nt", "application/rdf+xml": "xml", "application/ld+json": "json-ld"}
    expected = int(broker.ask("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }", VISIBLE, "csv")[1].split()[1])
    assert len(rdflib.Graph().parse(data=body, format=names[media])) == expected


@pytest.mark.parametrize(
    ("accept", "media"), [("*/*", "json"), ("text/csv;q=0.9,*/*;q=0.1", "csv"), ("application/sparql-results+xml", "xml")]
)
def test_the_answer_comes_as_the_caller_accepts_it(broker, accept: str, media: str) -> None:
    assert media in broker.ask("SELECT * { ?s ?p ?o } LIMIT 1", VISIBLE, accept)[0]


def test_a_type_nobody_writes_is_not_acceptable(broker) -> None:
    with pytest.raises(NotAcceptable):
        broker.ask("ASK { ?s ?p ?o }", VISIBLE, "image/png")


def test_the_gate_gives_on_what_it_has_read_and_nothing_else() -> None:
    found = gate("# SERVICE\nSELECT * { ?s ?p 'x\\u0027y' } # end")
    assert "#" not in found.text and "'x\\'y'" in found.text
