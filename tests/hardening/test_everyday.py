"""Everyday mistakes through the real server and the real command: wrong keys, wrong records, the same again, two at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from tests.hardening import samples
from tests.hardening.server import Served


def trees(*names: str, **properties: object) -> bytes:
    return samples.geojson(*(samples.feature(name, samples.X + n, **properties) for n, name in enumerate(names)))


@pytest.mark.parametrize("key", ["wrong", "gk_0000_0000", "a" * 5000, "'; DROP TABLE keys; --"])
def test_a_wrong_key_is_401_at_every_door_and_publishes_nothing(key: str, server: Served) -> None:
    before = server.state("recorded", "nobody")
    assert server.submit(trees("a"), key=key, collection="nobody").status_code == 401
    for path in (
        "",
        "collections",
        "collections/baseline/items",
        "submissions",
        "csw?service=CSW&request=GetCapabilities",
        "sparql",
    ):
        assert server.get(path, key=key).status_code == 401, path
    assert server.state("recorded", "nobody") == before


def test_without_a_key_nothing_can_be_published(server: Served) -> None:
    before = server.state("recorded", "nobody")
    answer = server.client.post(server.url + "submissions", content=trees("a"))
    assert answer.status_code == 401
    assert "Bearer" in answer.headers["www-authenticate"]
    assert server.state("recorded", "nobody") == before


ENTITY = b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
RECORDS = {
    "empty": b"",
    "cut": samples.RECORD[:200],
    "other-xml": b"<a/>",
    "html": b"<!doctype html><title>x</title>",
    "json": b'{"title":"x"',
    "binary": bytes(range(256)),
    "entity": samples.RECORD.replace(b"?>\n", b'?>\n<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]>', 1).replace(
        b"trees", b"&e;"
    ),
    "bad-box": samples.RECORD.replace(b"46.1 6.1", b"north west"),
    "deep": b"<csw:Record xmlns:csw='http://www.opengis.net/cat/csw/2.0.2'>" + b"<a>" * 50_000,
}


@pytest.mark.parametrize("name", RECORDS)
def test_broken_metadata_is_refused_with_its_place_and_nothing_is_published(name: str, server: Served) -> None:
    before = server.state("recorded", "nobody")
    files = {"data": ("x.geojson", trees("a")), "record": ("record.xml", RECORDS[name])}
    headers = {"Authorization": f"Bearer {server.key}"}
    answer = server.client.post(server.url + "submissions", files=files, data={"collection": "recorded"}, headers=headers)
    server.demand_well()
    allowed = {201, 400, 415, 422} if name == "bad-box" else {400, 413, 415, 422}
    assert answer.status_code in allowed, answer.text[:500]
    if answer.status_code != 201:
        assert server.state("recorded", "nobody") == before


def test_the_same_publication_again_is_200_with_the_first_submission(server: Served) -> None:
    first = server.submit(trees("a", "b"), collection="again")
    assert first.status_code == 201, first.text
    state = server.state("again")
    second = server.submit(trees("a", "b"), collection="again")
    assert second.status_code == 200, second.text
    assert second.headers["location"] == first.headers["location"]
    assert second.json()["repeated"] is True
    assert server.state("again") == state


def test_an_idempotency_key_has_one_effect_and_another_body_is_422(server: Served) -> None:
    def send(data: bytes) -> int:
        headers = {"Authorization": f"Bearer {server.key}", "Idempotency-Key": "k-1"}
        asked = {"name": "x.geojson", "collection": "keyed"}
        return server.client.post(server.url + "submissions", params=asked, content=data, headers=headers).status_code

    assert send(trees("a")) == 201
    assert send(trees("a")) == 200
    assert send(trees("b")) == 422


def test_two_at_once_both_end_and_leave_one_whole_content(server: Served) -> None:
    contents = [trees(*(f"w{n}-{m}" for m in range(40)), writer=n) for n in range(8)]
    start = threading.Barrier(len(contents))

    def send(data: bytes) -> int:
        start.wait()
        return server.submit(data, collection="race", **{"allow-removal": "true"}).status_code

    with ThreadPoolExecutor(len(contents)) as pool:
        statuses = list(pool.map(send, contents))
    server.demand_well()
    assert set(statuses) <= {200, 201, 409, 412, 503}, statuses
    assert 201 in statuses
    count, features = server.state("race")["race"]
    assert count == 40
    assert len({feature["properties"]["writer"] for feature in features}) == 1


def test_a_reader_during_publications_sees_whole_versions_only(server: Served) -> None:
    stop, mixed = threading.Event(), []

    def read() -> None:
        while not stop.is_set():
            answer = server.get("collections/whole/items", limit="1000")
            if answer.status_code == 200:
                found = {feature["properties"]["round"] for feature in answer.json()["features"]}
                if len(found) > 1:
                    mixed.append(found)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(6):
        data = trees(*(f"t{n}" for n in range(200)), round=number)
        assert server.submit(data, collection="whole").status_code == 201
    stop.set()
    reader.join()
    assert mixed == []


@pytest.mark.parametrize(
    "identity", ["../x", "?f=html", "a/b", ".", "..", "%2F", "é", "🌳", "a b", "a'b", 'a"b', "x" * 300, "a#b", "a;b=c"]
)
def test_an_id_that_is_accepted_is_found_again_at_its_address(identity: str, server: Served) -> None:
    answer = server.submit(trees(identity), collection="odd", **{"allow-removal": "true"})
    assert answer.status_code in (200, 201, 409, 422), answer.text[:400]
    if answer.status_code < 400:
        page = server.get("collections/odd/items").json()
        assert [feature["id"] for feature in page["features"]] == [identity]
        links = [link["href"] for link in page["features"][0].get("links", []) if link["rel"] == "self"]
        for address in links or [server.url + "collections/odd/items/" + quote(identity, safe="")]:
            item = server.client.get(address)
            assert item.status_code == 200, (address, item.text[:200])
            assert item.json()["id"] == identity


@pytest.mark.parametrize("name", ["../../x", "a/b", "a b", "é", "", "x" * 500, "CON", "sqlite_master", "_gateway", "collections"])
def test_an_odd_collection_name_is_made_safe_or_refused(name: str, server: Served) -> None:
    answer = server.submit(trees("a"), collection=name, dataset=f"odd-name-{len(name)}-{name[:1].isalpha()}")
    server.demand_well()
    assert answer.status_code in (201, 400, 409, 422), answer.text[:300]
    for found in server.get("collections").json()["collections"]:
        assert server.get(f"collections/{found['id']}/items").status_code == 200
