"""Two gateways behind one database and one bucket, one of them killed under load (hardening K10): a read that fails is mended by
asking the other, and what was acknowledged is there for good."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from object_storage import ObjectStorage
from postgres import Cluster

from tests.conftest import GATEWAY

SEED = 20261124
READERS = 3
pytestmark = pytest.mark.service


@dataclass
class Pair:
    """Two gateways on one twin: their folders, addresses and processes."""

    folders: list[Path]
    environment: dict[str, str]
    key: str
    processes: list[subprocess.Popen[bytes] | None] = field(default_factory=lambda: [None, None])
    urls: list[str] = field(default_factory=lambda: ["", ""])

    def start(self, number: int) -> None:
        """Serve one of the two on a port of its own, the same after a restart."""
        port = self.urls[number].rpartition(":")[2] or "0"
        command = [GATEWAY, "serve", str(self.folders[number]), "--port", port, "--json"]
        process = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout is not None
        document = b""
        while True:
            document += process.stdout.readline()
            try:
                told = json.loads(document)
                break
            except json.JSONDecodeError:
                assert process.poll() is None, document
        self.urls[number] = f"http://127.0.0.1:{told['url'].rsplit(':', 1)[1].strip('/')}"
        self.processes[number] = process
        for _ in range(600):
            try:
                if httpx.get(f"{self.urls[number]}/health").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError("the gateway did not answer")

    def kill(self, number: int) -> None:
        """End one of them with no warning, its children with it."""
        process = self.processes[number]
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()

    def stop(self) -> None:
        for process in self.processes:
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait(30)
            if process is not None and process.stdout is not None:
                process.stdout.close()

    def ask(self, path: str, first: int, **options: Any) -> httpx.Response:
        """One read with retries, each at the other gateway; raises AssertionError where none of ten was answered."""
        told = ""
        for attempt in range(10):
            try:
                answer = httpx.request("GET", f"{self.urls[(first + attempt) % 2]}{path}", timeout=20, **options)
                if answer.status_code == 200:
                    return answer
                told = f"{answer.status_code} {answer.text[:300]}"
            except httpx.TransportError as error:
                told = repr(error)
            time.sleep(0.05)
        raise AssertionError(f"{path}: {told}")


@pytest.fixture(scope="module")
def pair(
    postgres: Cluster, object_storage: ObjectStorage, tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> Iterator[Pair]:
    """One pair for all tests here; each publishes a collection of its own."""
    folder = tmp_path_factory.mktemp("pair")
    folders = [folder / "one", folder / "two"]
    place = ["--store", postgres.twin(), "--blobs", f"{object_storage.address}/{folder.name}"]
    settings = {**environment, **object_storage.environment, "GATEWAY_LOG_LEVEL": "error"}
    subprocess.run([GATEWAY, "init", str(folders[0]), *place], env=settings, check=True, capture_output=True)
    settings["GATEWAY_JOURNAL_KEY"] = (folders[0] / "journal.key").read_text()
    subprocess.run([GATEWAY, "init", str(folders[1]), *place], env=settings, check=True, capture_output=True)
    made = subprocess.run(
        [GATEWAY, "key", "new", str(folders[0]), "operator", "--json"], env=settings, check=True, capture_output=True
    )
    found = Pair(folders, settings, json.loads(made.stdout)["key"])
    try:
        found.start(0)
        found.start(1)
        yield found
    finally:
        found.stop()


def delivery(number: int) -> dict[str, Any]:
    """Publication `number`: as many stops as its number and ten more, all saying which one they came with."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": f"s{n}",
                "geometry": {"type": "Point", "coordinates": [6.1 + n * 1e-4, 46.2]},
                "properties": {"edition": number},
            }
            for n in range(10 + number)
        ],
    }


class Publisher(threading.Thread):
    """Publishes edition after edition, at whichever gateway answers; keeps the number of the last one acknowledged."""

    def __init__(self, pair: Pair, collection: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._pair, self._collection, self._stop_asked = pair, collection, stop
        self.acknowledged: dict[int, int] = {}

    def run(self) -> None:
        number = 0
        headers = {"Authorization": f"Bearer {self._pair.key}", "Content-Type": "application/geo+json"}
        while not self._stop_asked.is_set():
            number += 1
            body = json.dumps(delivery(number)).encode()
            address = f"/submissions?collection={self._collection}&dataset={self._collection}"
            for attempt in range(200):
                try:
                    url = self._pair.urls[(number + attempt) % 2]
                    answer = httpx.post(
                        url + address,
                        content=body,
                        headers={**headers, "Idempotency-Key": f"{self._collection}-{number}"},
                        timeout=30,
                    )
                    if answer.status_code in (200, 201):
                        self.acknowledged[number] = answer.json()["version"]
                        break
                except httpx.TransportError:
                    pass
                time.sleep(0.05)
            else:
                raise AssertionError(f"edition {number} was never taken")


class Watcher(threading.Thread):
    """Reads until told to stop; each page must be one whole edition, none older than one seen before at the same gateway."""

    def __init__(self, pair: Pair, collection: str, stop: threading.Event, first: int) -> None:
        super().__init__(daemon=True)
        self._pair, self._collection, self._stop_asked, self._first = pair, collection, stop, first
        self.reads = 0
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._stop_asked.is_set():
                page = self._pair.ask(f"/collections/{self._collection}/items?limit=10000", self._first).json()
                editions = {feature["properties"]["edition"] for feature in page["features"]}
                assert len(editions) == 1, f"half of an edition: {editions}"
                assert page["numberMatched"] == len(page["features"]) == 10 + editions.pop()
                self.reads += 1
        except BaseException as error:  # noqa: BLE001 - handed to the test, which raises it
            self.error = error


def kills(pair: Pair, collection: str, times: int, seed: int) -> tuple[int, int]:
    """Kill one of the two gateways again and again while both are read and written; gives reads and publications."""
    dice = random.Random(seed)
    stop = threading.Event()
    publisher = Publisher(pair, collection, stop)
    publisher.start()
    while not publisher.acknowledged:
        time.sleep(0.05)
    watchers = [Watcher(pair, collection, stop, number % 2) for number in range(READERS)]
    for watcher in watchers:
        watcher.start()
    for _ in range(times):
        time.sleep(dice.uniform(0.5, 2.0))
        victim = dice.randrange(2)
        pair.kill(victim)
        time.sleep(dice.uniform(0.0, 1.0))
        pair.start(victim)
    time.sleep(1.0)
    stop.set()
    publisher.join(90)
    for watcher in watchers:
        watcher.join(90)
        if watcher.error is not None:
            raise watcher.error
    assert not publisher.is_alive()
    _check_nothing_is_lost(pair, collection, publisher.acknowledged)
    return sum(watcher.reads for watcher in watchers), len(publisher.acknowledged)


def _check_nothing_is_lost(pair: Pair, collection: str, acknowledged: dict[int, int]) -> None:
    """Every acknowledged edition is a version of its own, whole, at both gateways; and the journal holds."""
    assert sorted(acknowledged.values()) == sorted(set(acknowledged.values()))
    for number, version in acknowledged.items():
        page = pair.ask(f"/collections/{collection}/items?limit=10000&version={version}", number % 2).json()
        assert {feature["properties"]["edition"] for feature in page["features"]} == {number}
        assert len(page["features"]) == 10 + number
    for folder in pair.folders:
        run = subprocess.run([GATEWAY, "audit", "verify", str(folder)], env=pair.environment, capture_output=True, check=False)
        assert run.returncode == 0, run.stdout + run.stderr


def test_one_of_two_gateways_is_killed_under_load_and_nobody_notices(pair: Pair) -> None:
    reads, publications = kills(pair, "stops", 1, SEED)
    assert reads > 5 and publications > 2


@pytest.mark.proof
@pytest.mark.timeout(1800)
def test_fifty_kills_of_one_of_two_gateways(pair: Pair) -> None:
    reads, publications = kills(pair, "many-stops", 50, SEED)
    print(f"seed {SEED}: 50 kills, {reads} reads, {publications} publications")


def test_a_publication_at_one_gateway_is_read_at_the_other_within_a_second(pair: Pair) -> None:
    headers = {"Authorization": f"Bearer {pair.key}", "Content-Type": "application/geo+json"}
    for number in range(1, 4):
        body = json.dumps(delivery(number)).encode()
        answer = httpx.post(
            f"{pair.urls[0]}/submissions?collection=platforms&dataset=platforms", content=body, headers=headers, timeout=60
        )
        assert answer.status_code in (200, 201), answer.text
        deadline, page = time.monotonic() + 1.0, None
        while page is None or (page.get("numberMatched") != 10 + number and time.monotonic() < deadline):
            page = httpx.get(f"{pair.urls[1]}/collections/platforms/items?limit=1").json()
        assert page["numberMatched"] == 10 + number and page["features"][0]["properties"]["edition"] == number
        tile = httpx.get(f"{pair.urls[1]}/collections/platforms/tiles/WebMercatorQuad/0/0/0")
        assert tile.status_code == 200
