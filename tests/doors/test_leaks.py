"""What a reader may not see does not exist for him, through every door: the canary of the demo's restricted dataset.

The demo puts a random word into every feature and into the record of its restricted dataset. Without the owner's key the word
and the dataset's name appear nowhere; with it, the dataset is readable through every door.
"""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest

from tests.hardening.server import Served, run, served

PAGES = 700
"""Answers one crawl looks at."""
ALIKE = 3
"""Answers of one kind it looks at: addresses that differ in a feature's id or in paging."""
HREF = re.compile(r"""(?:href|src|action)\s*=\s*["']([^"']+)["']""")
ADDRESS = re.compile(r'"(http://[^"\s]+)"')
CSW = "csw?service=CSW&version={version}&request="
ANY_TEXT = (
    "&typenames=csw:Record&elementsetname=full&resulttype=results"
    "&constraintlanguage=CQL_TEXT&constraint=csw:AnyText%20like%20%27%25{}%25%27"
)
SPARQL_TEXT = 'SELECT * WHERE {{ ?s ?p ?o FILTER(CONTAINS(LCASE(STR(?o)), "{0}") || CONTAINS(STR(?s), "{0}")) }}'


@dataclass(frozen=True)
class Demo:
    """The served demo: what is restricted in it, and who may read that."""

    server: Served
    canary: str
    dataset: str
    collection: str
    owner_key: str
    other: str
    other_key: str
    feature: str

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.canary, self.collection, self.dataset)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """``gateway demo --no-serve``, then ``gateway serve``."""
    place = tmp_path_factory.mktemp("demo")
    folder = place / "twin"
    done = run("demo", "--no-serve", "--dir", folder, "--json", seconds=110)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    keys = json.loads((folder / "demo-keys.json").read_text())
    (closed,) = [entry for entry in told["datasets"] if entry["access"] != "A"]
    other = next(entry["owner"] for entry in told["datasets"] if entry["access"] == "A")
    with served(folder, keys[other], place / "server.log") as server:
        collection = closed["collections"][0]
        page = server.get(f"collections/{collection}/items", key=keys[closed["owner"]], limit="1").json()
        yield Demo(
            server, told["canary"], closed["id"], collection, keys[closed["owner"]], other, keys[other], page["features"][0]["id"]
        )


@pytest.fixture(params=["nobody", "another partner"])
def outsider(request: pytest.FixtureRequest, demo: Demo) -> str | None:
    """The key of a reader who may not see the restricted dataset."""
    return None if request.param == "nobody" else demo.other_key


def demand_silent(demo: Demo, answer: httpx.Response, asked: str = "") -> None:
    """Neither the canary nor the restricted names in headers or body, save where the question itself had them."""
    told = f"{answer.headers}\n{answer.text}".lower()
    for secret in demo.secrets:
        if secret.lower() not in asked.lower():
            assert secret.lower() not in told, f"{secret} at {answer.request.url}: {context(told, secret)}"


def context(text: str, word: str) -> str:
    place = text.find(word.lower())
    return text[max(0, place - 150) : place + 150]


def links(answer: httpx.Response) -> set[str]:
    """Every address on the same server that an answer names."""
    found = HREF.findall(answer.text) if "html" in answer.headers.get("content-type", "") else ADDRESS.findall(answer.text)
    own = urlsplit(str(answer.request.url)).netloc
    addresses = {urljoin(str(answer.request.url), unescape(address)).partition("#")[0] for address in found}
    return {address for address in addresses if urlsplit(address).netloc == own and "{" not in address}


def crawl(demo: Demo, key: str | None) -> Iterator[httpx.Response]:
    """Answers from the landing page outwards, breadth first; of item pages only some."""
    headers = {"Accept": "*/*"} | ({} if key is None else {"Authorization": f"Bearer {key}"})
    waiting, seen, kinds = deque([demo.server.url, demo.server.url + "?f=html"]), set[str](), Counter[str]()
    while waiting and len(seen) < PAGES:
        address = waiting.popleft()
        if address in seen or kinds[kind(address)] >= ALIKE:
            continue
        seen.add(address)
        kinds[kind(address)] += 1
        answer = demo.server.client.get(address, headers=headers)
        yield answer
        waiting.extend(sorted(links(answer) - seen))


def kind(address: str) -> str:
    """Addresses that differ in a feature's id or in paging are of one kind."""
    parts = urlsplit(address)
    names = (part if part.startswith("f=") else part.partition("=")[0] for part in parts.query.split("&"))
    return re.sub(r"/items/[^/]+", "/items/x", parts.path) + "?" + "&".join(sorted(names))


def test_a_crawl_of_everything_that_is_linked_meets_neither_canary_nor_name(demo: Demo, outsider: str | None) -> None:
    count = 0
    for answer in crawl(demo, outsider):
        assert answer.status_code < 500, answer.request.url
        demand_silent(demo, answer)
        count += 1
    assert count > 40


def test_a_crawl_with_the_owners_key_meets_both(demo: Demo) -> None:
    text = "".join(answer.text for answer in crawl(demo, demo.owner_key))
    assert demo.canary in text
    assert demo.collection in text


def restricted_paths(demo: Demo) -> list[str]:
    """Every route that names the restricted dataset, in each format."""
    collection, dataset, feature = demo.collection, demo.dataset, demo.feature
    formats = {
        f"collections/{collection}": ("json", "html"),
        f"collections/{collection}/items": ("json", "html"),
        f"collections/{collection}/items/{feature}": ("json", "html", "jsonld", "ttl"),
        f"collections/{collection}/queryables": ("json",),
        f"collections/{collection}/schema": ("json",),
        f"collections/{collection}/tiles": ("json",),
        f"collections/{collection}/tiles/WebMercatorQuad": ("json", "tilejson"),
        f"collections/{collection}/tiles/WebMercatorQuad/0/0/0": ("mvt",),
        f"collections/{collection}/styles": ("json",),
        f"collections/{collection}/styles/default": ("style",),
        f"datasets/{dataset}": ("json", "html", "xml", "jsonld", "ttl"),
        f"id/{collection}/{feature}": ("json", "html", "jsonld", "ttl"),
        f"id/{collection}": ("json", "html"),
        f"id/dataset/{dataset}": ("json", "html", "jsonld", "ttl"),
    }
    return [f"{path}?f={f}" for path, offered in formats.items() for f in offered]


def absent(path: str, demo: Demo) -> str:
    """The same path for a dataset of the same length of name that never was."""
    return path.replace(demo.collection, "x" * len(demo.collection)).replace(demo.dataset, "x" * len(demo.dataset))


def levelled(text: str, demo: Demo) -> str:
    """The text with the names in the question made the same."""
    for name in {demo.collection, demo.dataset}:
        text = text.replace(name, "x" * len(name))
    return re.sub(r'"timeStamp":\s*"[^"]*"', "", text)


def said(answer: httpx.Response) -> dict[str, str]:
    """The headers that must be the same; the length of what was packed depends on the name that the question had."""
    passed_over = ("date", "content-length") if "content-encoding" in answer.headers else ("date",)
    return {name: value for name, value in answer.headers.items() if name not in passed_over}


def test_hidden_is_absent_byte_for_byte_at_every_route_and_format(demo: Demo, outsider: str | None) -> None:
    for path in restricted_paths(demo):
        hidden, never = demo.server.get(path, key=outsider), demo.server.get(absent(path, demo), key=outsider)
        assert (hidden.status_code, never.status_code) == (404, 404), path
        assert levelled(hidden.text, demo) == levelled(never.text, demo), path
        assert said(hidden) == said(never), path
        assert demo.canary not in hidden.text


def test_every_route_and_format_opens_with_the_owners_key(demo: Demo) -> None:
    for path in restricted_paths(demo):
        answer = demo.server.get(path, key=demo.owner_key)
        expected = 303 if path.startswith("id/") else 200
        assert answer.status_code == expected, (path, answer.text[:200])
        if "/items" in path or path.startswith("datasets/") or "f=mvt" in path:
            assert demo.canary in answer.text, path


@pytest.mark.parametrize("version", ["2.0.2", "3.0.0"])
def test_csw_finds_the_record_with_the_owners_key_only(demo: Demo, outsider: str | None, version: str) -> None:
    base = CSW.format(version=version)
    questions = [
        base + "GetCapabilities",
        base + "GetRecords" + ANY_TEXT.format(demo.canary),
        base + "GetRecords&typenames=csw:Record&elementsetname=full&resulttype=results&maxrecords=100",
        base + "GetRecords&typenames=gmd:MD_Metadata&outputschema=http://www.isotc211.org/2005/gmd&elementsetname=full"
        "&resulttype=results&maxrecords=100",
        *(base + f"GetDomain&propertyname={name}" for name in ("dc:title", "dc:subject", "dc:identifier", "dct:abstract")),
        *(base + f"GetDomain&valuereference={name}" for name in ("dc:title", "dct:abstract")),
    ]
    for question in questions:
        demand_silent(demo, demo.server.get(question, key=outsider), question)
    found = demo.server.get(questions[1], key=demo.owner_key)
    assert demo.canary in found.text
    assert matched(found) == 1
    assert matched(demo.server.get(questions[1], key=outsider)) == 0
    everything, visible = (matched(demo.server.get(questions[2], key=key)) for key in (demo.owner_key, outsider))
    assert everything == visible + 1


def matched(answer: httpx.Response) -> int:
    found = re.search(r'numberOfRecordsMatched="(\d+)"', answer.text)
    assert found, answer.text[:400]
    return int(found[1])


def test_a_record_is_not_found_by_its_id_without_the_key(demo: Demo, outsider: str | None) -> None:
    listing = demo.server.get(CSW.format(version="2.0.2") + "GetRecords" + ANY_TEXT.format(demo.canary), key=demo.owner_key)
    (identifier,) = re.findall(r"<dc:identifier[^>]*>([^<]+)<", listing.text)[:1]
    for version in ("2.0.2", "3.0.0"):
        question = CSW.format(version=version) + f"GetRecordById&elementsetname=full&id={identifier}"
        assert demo.canary in demo.server.get(question, key=demo.owner_key).text
        hidden = demo.server.get(question, key=outsider)
        demand_silent(demo, hidden, question)
        never = demo.server.get(question.replace(identifier, "x" * len(identifier)), key=outsider)
        assert hidden.status_code == never.status_code


def ask(demo: Demo, query: str, key: str | None) -> Any:
    headers = {"Accept": "application/sparql-results+json"} | ({} if key is None else {"Authorization": f"Bearer {key}"})
    answer = demo.server.client.post(demo.server.url + "sparql", data={"query": query}, headers=headers)
    assert answer.status_code == 200, answer.text[:300]
    return answer.json()


def test_sparql_answers_over_what_its_reader_may_see(demo: Demo, outsider: str | None) -> None:
    for text in demo.secrets:
        search = SPARQL_TEXT.format(text)
        assert ask(demo, search, demo.owner_key)["results"]["bindings"], text
        assert ask(demo, search, outsider)["results"]["bindings"] == [], text
        inside = search.replace("{ ?s ?p ?o ", "{ GRAPH ?g { ?s ?p ?o } ", 1)
        assert ask(demo, inside, outsider)["results"]["bindings"] == [], text
    count = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
    seen, everything = (int(ask(demo, count, key)["results"]["bindings"][0]["n"]["value"]) for key in (outsider, demo.owner_key))
    assert 0 < seen < everything
    graphs = ask(demo, "SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } }", demo.owner_key)["results"]["bindings"]
    (closed,) = [row["g"]["value"] for row in graphs if demo.dataset in row["g"]["value"]]
    for query in (
        f"ASK FROM <{closed}> {{ ?s ?p ?o }}",
        f"ASK FROM NAMED <{closed}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
        f"ASK {{ GRAPH <{closed}> {{ ?s ?p ?o }} }}",
    ):
        headers = {} if outsider is None else {"Authorization": f"Bearer {outsider}"}
        answer = demo.server.client.get(demo.server.url + "sparql", params={"query": query}, headers=headers)
        assert answer.status_code in (200, 400, 403, 404), answer.text
        assert "true" not in answer.text.lower(), query


def test_a_cached_answer_for_the_owner_is_not_given_to_others(demo: Demo, outsider: str | None) -> None:
    headers = {} if outsider is None else {"Authorization": f"Bearer {outsider}"}
    for path in [*restricted_paths(demo), "collections?f=json", "?f=html", "datasets?f=json"]:
        opened = demo.server.get(path, key=demo.owner_key)
        tag = opened.headers.get("etag")
        answer = demo.server.client.get(demo.server.url + path, headers=headers | ({"If-None-Match": tag} if tag else {}))
        assert answer.status_code != 304, path
        demand_silent(demo, answer, path)
        assert "authorization" in opened.headers.get("vary", "").lower() or "no-store" in opened.headers.get("cache-control", ""), (
            path
        )


def test_tiles_of_the_whole_twin_show_what_their_reader_may_see(demo: Demo, outsider: str | None) -> None:
    for path in ("tiles", "tiles/WebMercatorQuad?f=json", "tiles/WebMercatorQuad?f=tilejson", "tiles/WebMercatorQuad/0/0/0"):
        demand_silent(demo, demo.server.get(path, key=outsider))
    assert demo.canary in demo.server.get("tiles/WebMercatorQuad/0/0/0", key=demo.owner_key).text
    demand_silent(demo, demo.server.get("tiles/WebMercatorQuad/0/0/0", key=outsider))
    asked = demo.server.get("tiles/WebMercatorQuad/0/0/0", key=outsider, collections=demo.collection)
    never = demo.server.get("tiles/WebMercatorQuad/0/0/0", key=outsider, collections="x" * len(demo.collection))
    assert asked.status_code == never.status_code == 400
    assert levelled(asked.text, demo) == levelled(never.text, demo)


def test_the_id_of_a_hidden_collection_is_not_available_and_nothing_more_is_said(demo: Demo) -> None:
    data = b'{"type":"Feature","id":"1","geometry":{"type":"Point","coordinates":[6.12,46.19]},"properties":{}}'
    answers = {}
    for name in (demo.collection, "trees", "conformance"):
        found = demo.server.submit(data, collection=name, access="A")
        assert 400 <= found.status_code < 500, found.text[:300]
        assert demo.canary not in found.text
        answers[name] = (found.status_code, found.text.replace(name, "x"))
    assert len(set(answers.values())) == 1, answers


def test_the_submission_of_another_partner_does_not_exist(demo: Demo, outsider: str | None) -> None:
    headers = {"Authorization": f"Bearer {demo.owner_key}"}
    (own, *_) = demo.server.client.get(demo.server.url + "submissions", headers=headers).json()["submissions"]
    assert demo.server.get(f"submissions/{own['id']}", key=demo.owner_key).status_code == 200
    assert demo.server.get(f"submissions/{own['id']}", key=outsider).status_code == 404


def test_the_keys_of_the_demo_are_not_served(demo: Demo) -> None:
    assert (demo.server.folder / "demo-keys.json").stat().st_mode & 0o077 == 0
    for path in (
        "demo-keys.json",
        "static/demo-keys.json",
        "static/../demo-keys.json",
        "static/%2e%2e/demo-keys.json",
        "twin.gpkg",
    ):
        assert demo.server.get(path).status_code == 404, path


def test_a_snapshot_for_another_partner_has_neither_tables_nor_words_of_it(demo: Demo, tmp_path: Path) -> None:
    target = tmp_path / "partner.gpkg"
    done = run("snapshot", demo.server.folder, target, "--as", demo.other, key=demo.other_key)
    assert done.returncode == 0, done.stderr
    data = target.read_bytes().lower()
    assert b"trees" in data
    for secret in demo.secrets:
        assert secret.lower().encode() not in data
