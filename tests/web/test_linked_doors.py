"""``/csw``, ``/sparql`` and ``/id`` over HTTP, on a real twin: with the key all of it is there, without it nothing is."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
import uvicorn

from gateway.settings import Settings
from gateway.web.app import create_app
from gateway.web.server import listen
from gateway.wiring import open_gateway

sys.path.insert(0, str(Path(__file__).parents[1] / "shared"))
from smalltwin import CANARY, SmallTwin

COUNT = f'SELECT (COUNT(*) AS ?n) {{ ?s ?p ?o FILTER(CONTAINS(STR(?o), "{CANARY}")) }}'
RECORDS = "service=CSW&version=2.0.2&request=GetRecords&typenames=csw:Record&elementsetname=full&resulttype=results"
WILD = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallTwin]:
    made = SmallTwin(tmp_path_factory.mktemp("doors") / "twin", "sitg").fill()
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(small: SmallTwin) -> Iterator[httpx.Client]:
    gateway = open_gateway(small.folder, Settings(sparql_seconds=2.0, log_level="warning"))
    assert gateway.projector.catch_up() == "done"
    sock = listen("127.0.0.1", 0)
    config = uvicorn.Config(create_app(gateway), log_level="warning", lifespan="off", access_log=False, ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    with httpx.Client(base_url=f"http://127.0.0.1:{sock.getsockname()[1]}", verify=False, timeout=20) as made:
        yield made
    server.should_exit = True
    thread.join(10)
    sock.close()
    gateway.close()


@pytest.fixture
def key(small: SmallTwin) -> dict[str, str]:
    return {"Authorization": f"Bearer {small.key}"}


def test_sparql_shows_the_restricted_dataset_to_its_owner_alone(client: httpx.Client, key: dict[str, str]) -> None:
    asked = {"query": COUNT, "f": "csv"}
    assert client.get("/sparql", params=asked).text.split() == ["n", "0"]
    assert client.get("/sparql", params=asked, headers=key).text.split() == ["n", "4"]


def test_the_catalogue_shows_the_restricted_record_to_its_owner_alone(client: httpx.Client, key: dict[str, str]) -> None:
    assert CANARY not in client.get(f"/csw?{RECORDS}").text
    assert CANARY in client.get(f"/csw?{RECORDS}", headers=key).text


@pytest.mark.parametrize("address", ["/sparql?query=ASK%7B%7D", "/csw?service=CSW&request=GetCapabilities", "/id/dataset/trees"])
def test_a_wrong_key_is_401_at_every_door(client: httpx.Client, address: str) -> None:
    assert client.get(address, headers={"Authorization": "Bearer twin_wrong"}).status_code == 401


@pytest.mark.parametrize("address", ["/id/dataset/heating", "/id/heating", "/id/heating/pipe0"])
def test_an_identifier_of_something_hidden_is_404_as_one_that_is_not_there(
    client: httpx.Client, key: dict[str, str], address: str
) -> None:
    absent = client.get(address.replace("heating", "absent1"))
    hidden = client.get(address)
    assert hidden.status_code == absent.status_code == 404
    assert hidden.text.replace("heating", "absent1") == absent.text
    assert client.get(address, headers=key).status_code == 303


@pytest.mark.parametrize(
    ("accept", "word"),
    [
        ("text/html", "html"),
        ("application/json", "json"),
        ("application/ld+json", "jsonld"),
        ("text/turtle", "ttl"),
        ("*/*", "json"),
    ],
)
def test_an_identifier_leads_to_what_the_caller_accepts(client: httpx.Client, accept: str, word: str) -> None:
    answer = client.get("/id/trees/tree%2F3%20%C3%A9", headers={"Accept": accept})
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{str(client.base_url).rstrip('/')}/collections/trees/items/tree%2F3%20%C3%A9?f={word}"
    found = client.get(answer.headers["location"])
    assert found.status_code == 200
    assert found.headers["content-type"].partition(";")[0] in (
        "text/html",
        "application/geo+json",
        "application/ld+json",
        "text/turtle",
    )


def test_a_dataset_at_its_identifier_is_linked_data(client: httpx.Client) -> None:
    answer = client.get("/id/dataset/trees", headers={"Accept": "text/turtle"})
    assert answer.headers["location"] == f"{str(client.base_url).rstrip('/')}/datasets/trees?f=ttl"
    assert "dcat:Dataset" in client.get(answer.headers["location"]).text


def test_sparql_takes_a_query_in_every_way_of_the_protocol(client: httpx.Client) -> None:
    query = "ASK { ?s ?p ?o }"
    answers = [
        client.get("/sparql", params={"query": query}),
        client.post("/sparql", data={"query": query}),
        client.post("/sparql", content=query, headers={"Content-Type": "application/sparql-query"}),
    ]
    for answer in answers:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/sparql-results+json"
        assert answer.json()["boolean"] is True
    graph = "http://localhost:8000/id/dataset/parcels"
    counted = client.get(
        "/sparql",
        params={
            "query": "SELECT DISTINCT ?c { ?f <https://w3id.org/twin-gateway/ns#inCollection> ?c }",
            "default-graph-uri": graph,
            "f": "csv",
        },
    )
    assert counted.text.split() == ["c", "http://localhost:8000/id/parcels"]


@pytest.mark.parametrize(
    ("call", "status"),
    [
        (lambda client: client.get("/sparql?query=ASK%7B%7D&query=ASK%7B%7D"), 400),
        (lambda client: client.get("/sparql?nonsense=1"), 400),
        (lambda client: client.get("/sparql?query=DROP%20ALL"), 400),
        (lambda client: client.get(f"/sparql?query={quote('SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }')}"), 400),
        (lambda client: client.post("/sparql", data={"update": "DROP ALL"}), 400),
        (lambda client: client.post("/sparql", content="DROP ALL", headers={"Content-Type": "application/sparql-update"}), 415),
        (lambda client: client.post("/sparql", content="ASK {}"), 415),
        (lambda client: client.post("/sparql", content=b"\xff", headers={"Content-Type": "application/sparql-query"}), 400),
        (lambda client: client.get("/sparql?query=ASK%7B%7D", headers={"Accept": "image/png"}), 406),
        (lambda client: client.get(f"/sparql?query={quote('ASK ' + '{' * 3000 + '}' * 3000)}"), 400),
        (
            lambda client: client.get(f"/sparql?query={quote(WILD)}"),
            504,
        ),
        (lambda client: client.get("/csw?service=CSW&version=2.0.2&request=Transaction"), 405),
        (lambda client: client.post("/csw", content="<!DOCTYPE a><a/>", headers={"X-Forwarded-For": "127.0.0.1"}), 400),
    ],
)
def test_what_is_wrong_gets_its_status_and_a_reason(client: httpx.Client, call, status: int) -> None:
    answer = call(client)
    assert answer.status_code == status
    assert answer.text
    assert client.get("/sparql?query=ASK%7B%7D").status_code == 200


def test_sparql_without_a_query_is_a_form_for_people_and_a_description_for_machines(client: httpx.Client) -> None:
    page = client.get("/sparql?lang=fr", headers={"Accept": "text/html"})
    assert page.status_code == 200 and "<textarea" in page.text and "Interroger" in page.text
    assert "sd:Service" in client.get("/sparql").text


def test_callers_who_leave_take_their_queries_with_them(client: httpx.Client) -> None:
    for _ in range(5):
        with pytest.raises(httpx.ReadTimeout):
            client.get("/sparql", params={"query": WILD}, timeout=0.1)
    begun = time.monotonic()
    while client.get("/sparql", params={"query": "ASK { ?s ?p ?o }"}).status_code != 200:
        assert time.monotonic() - begun < 5
