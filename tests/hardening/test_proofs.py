"""The large cases at their full size: `uv run pytest -m proof tests/hardening`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.hardening import samples
from tests.hardening.server import Served

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]


def submit(server: Served, body: Iterator[bytes], name: str) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {server.key}"}
    asked = {"name": name, "collection": "large", "allow-removal": "true"}
    answer = server.client.post(server.url + "submissions", params=asked, content=body, headers=headers, timeout=500)
    return answer.status_code, answer.text[:500]


def test_x07_200_megabytes_in_one_text_node_are_refused_while_reading(server: Served) -> None:
    before, memory = server.state("large"), server.memory()
    head, opening, tail = samples.citygml().decode().partition("<gml:posList srsDimension='3'>")

    def body() -> Iterator[bytes]:
        yield (head + opening).encode()
        for _ in range(200):
            yield b"1234567 " * 131_072
        yield tail.encode()

    status, told = submit(server, body(), "x.gml")
    server.demand_well()
    assert status in (413, 422), told
    assert server.state("large") == before
    assert server.memory() - memory < 300_000_000


def test_g10_ten_million_vertices_are_stored_or_too_large_and_the_server_stays_well(server: Served) -> None:
    memory = server.memory()

    def body() -> Iterator[bytes]:
        head, _, tail = samples.raw_geojson("[@]", kind="LineString").partition(b"@")
        yield head
        for block in range(1000):
            rows = (f"[{samples.X + n},{samples.Y + block}]" for n in range(10_000))
            yield (b"," if block else b"") + ",".join(rows).encode()
        yield tail

    status, told = submit(server, body(), "x.geojson")
    server.demand_well()
    assert status in (201, 413, 422), told
    assert server.memory() - memory < 4_000_000_000


def test_k07_fifty_clients_at_once_leave_one_whole_content_a_version(server: Served) -> None:
    bodies = [
        samples.geojson(*(samples.feature(f"w{writer}-{n}", samples.X + n, writer=writer) for n in range(40)))
        for writer in range(50)
    ]
    start = threading.Barrier(len(bodies))

    def send(data: bytes) -> int:
        start.wait()
        return server.submit(data, collection="race50", **{"allow-removal": "true"}).status_code

    with ThreadPoolExecutor(len(bodies)) as pool:
        statuses = list(pool.map(send, bodies))
    server.demand_well()
    assert set(statuses) <= {200, 201, 409, 412, 503}, statuses
    count, features = server.state("race50")["race50"]
    assert count == 40
    assert len({feature["properties"]["writer"] for feature in features}) == 1
    version = server.get("collections/race50").json()
    assert statuses.count(201) >= 1, version
