"""Jobs: who sees them, listing, dismissing, subscribers, floods and repeated requests (18-062r2, job-list, dismiss, callback;
hardening E04, E09, J02, J03). Names in brackets are those of the abstract tests."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway import wiring
from gateway.model.access import PUBLIC
from gateway.settings import Settings

from .conftest import CANARY, Twin, open_twin, served
from .jobs_service import ended, execute, started, working
from .test_processes import NO_JOB

ALLOWED = "127.0.0.1"


pytestmark = pytest.mark.usefixtures("worker")


# --- who sees a job --------------------------------------------------------------------------------------------------


def test_a_job_is_its_owners_and_the_centres(twin: Twin) -> None:
    job = started(twin, "echo", {"stringInput": CANARY}, key="parks")["jobID"]
    assert ended(twin, job, key="parks")["status"] == "successful"
    for path in (f"/jobs/{job}", f"/jobs/{job}/results", f"/jobs/{job}/results/stringInput", f"/jobs/{job}?f=html"):
        assert twin.get(path, key="operator").status_code == 200
        for key in (None, "utility"):
            response = twin.get(path, key=key)
            assert response.status_code == 404
            assert CANARY not in response.text
    for key in (None, "utility"):
        headers = {"Authorization": f"Bearer {twin.keys[key]}"} if key else {}
        assert twin.client.delete(f"{twin.url}/jobs/{job}", headers=headers).status_code == 404
    assert twin.get(f"/jobs/{job}/results", key="parks").text == CANARY


def test_the_list_shows_each_what_is_his(twin: Twin) -> None:
    own = started(twin, "echo", {"stringInput": "a"}, key="utility")["jobID"]
    strangers = started(twin, "echo", {"stringInput": "a"})["jobID"]

    def listed(key: str | None) -> set[str]:
        return {entry["jobID"] for entry in twin.json("/jobs", key=key, limit=1000)["jobs"]}

    assert listed(None) == set()
    assert own in listed("utility")
    assert strangers not in listed("utility")
    assert own not in listed("parks")
    assert {own, strangers} <= listed("operator")


def test_a_restricted_collection_does_not_exist_for_a_strangers_job(twin: Twin) -> None:
    hidden = execute(twin, "convert", {"collection": "network", "to": "geojson"})
    absent = execute(twin, "convert", {"collection": "nothing", "to": "geojson"})
    assert (hidden.status_code, hidden.json()) == (absent.status_code, absent.json())
    assert hidden.status_code == 400
    mine = execute(twin, "convert", {"collection": "network", "to": "geojson"}, key="utility", outputs={"result": {}})
    assert CANARY in mine.text
    job = mine.links["monitor"]["url"].rsplit("/", 1)[1]
    assert twin.get(f"/jobs/{job}/results/result").status_code == 404
    assert CANARY not in twin.get(f"/jobs/{job}", key="stranger").text


def test_a_wrong_key_is_401_and_a_strangers_job_needs_none(twin: Twin) -> None:
    wrong = {"Authorization": "Bearer nothing"}
    assert execute(twin, "echo", {"stringInput": "a"}, headers=wrong).status_code == 401
    job = started(twin, "echo", {"stringInput": "a"})["jobID"]
    assert ended(twin, job)["status"] == "successful"
    assert twin.client.get(f"{twin.url}/jobs/{job}", headers=wrong).status_code == 401


# --- the list --------------------------------------------------------------------------------------------------------


def test_job_list_links_limit_and_paging(twin: Twin) -> None:
    for n in range(4):
        execute(twin, "echo", {"stringInput": str(n)}, key="parks")
    body = twin.json("/jobs", key="parks", limit=3)
    assert len(body["jobs"]) == 3
    links = {link["rel"]: link["href"] for link in body["links"]}
    assert {"self", "alternate", "next"} <= links.keys()
    seen = [entry["jobID"] for entry in body["jobs"]]
    following = twin.client.get(links["next"], headers={"Authorization": f"Bearer {twin.keys['parks']}"}).json()
    assert not set(seen) & {entry["jobID"] for entry in following["jobs"]}
    created = [entry["created"] for entry in body["jobs"]]
    assert created == sorted(created, reverse=True)
    for bad in ("0", "x", "-5"):
        assert twin.get("/jobs", limit=bad).status_code == 400
    assert twin.get("/jobs", limit="999999").status_code == 200


def test_job_list_process_id_status_type_datetime_and_duration(twin: Twin) -> None:
    slow = started(twin, "echo", {"stringInput": "a", "pause": 1.2}, key="stranger")["jobID"]
    ended(twin, slow, key="stranger")
    execute(twin, "echo", {"stringInput": "a"}, key="stranger")
    execute(twin, "convert", {"collection": "nothing", "data": {}, "to": "geojson"}, key="stranger")

    def listed(**parameters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = twin.json("/jobs", key="stranger", limit=1000, **parameters)["jobs"]
        return found

    everything = listed()
    assert all(entry["processID"] for entry in everything)
    assert {entry["processID"] for entry in listed(processID="echo")} == {"echo"}
    assert listed(processID="convert,check") == [entry for entry in everything if entry["processID"] in ("convert", "check")]
    assert {entry["status"] for entry in listed(status="successful")} == {"successful"}
    assert listed(status="running,accepted") == []
    assert listed(type="process") == everything
    assert [entry["jobID"] for entry in listed(minDuration=1)] == [slow]
    assert slow not in {entry["jobID"] for entry in listed(maxDuration=1)}
    now = datetime.now(UTC)
    assert listed(datetime=f"{(now - timedelta(hours=1)).isoformat()[:19]}Z/..") == everything
    assert listed(datetime=f"../{(now - timedelta(hours=1)).isoformat()[:19]}Z") == []
    for name, bad in (
        ("processID", "x"),
        ("status", "busy"),
        ("type", "wps"),
        ("datetime", "today"),
        ("minDuration", "-1"),
        ("maxDuration", "1e3"),
        ("offset", "-1"),
        ("nothing", "1"),
    ):
        assert twin.get("/jobs", **{name: bad}).status_code == 400, name


# --- dismissing ------------------------------------------------------------------------------------------------------


def test_job_dismiss_op_and_success(twin: Twin) -> None:
    job = started(twin, "echo", {"stringInput": "a", "pause": 600})["jobID"]
    while twin.json(f"/jobs/{job}")["status"] != "running":
        time.sleep(0.02)
    response = twin.client.delete(f"{twin.url}/jobs/{job}")
    assert (response.status_code, response.json()["status"], response.json()["jobID"]) == (200, "dismissed", job)
    assert twin.json(f"/jobs/{job}")["status"] == "dismissed"
    assert twin.client.delete(f"{twin.url}/jobs/{job}").status_code == 410
    assert twin.get(f"/jobs/{job}/results").status_code == 410
    begun = time.monotonic()
    assert execute(twin, "echo", {"stringInput": "next"}).text == "next"
    assert time.monotonic() - begun < 15


def test_the_results_of_a_finished_job_go_when_it_is_dismissed(twin: Twin) -> None:
    job = started(twin, "echo", {"stringInput": CANARY})["jobID"]
    ended(twin, job)
    assert twin.client.delete(f"{twin.url}/jobs/{job}").status_code == 200
    assert twin.get(f"/jobs/{job}/results").status_code == 410
    assert not (twin.gateway.folder / "jobs" / job / "result").exists()
    response = twin.client.delete(f"{twin.url}/jobs/{'f' * 32}")
    assert (response.status_code, response.json()["type"]) == (404, NO_JOB)


def test_dismissals_by_the_hundred_leave_the_server_well(twin: Twin) -> None:
    jobs = [started(twin, "echo", {"stringInput": "a", "pause": 60}, key="parks")["jobID"] for _ in range(100)]
    key = {"Authorization": f"Bearer {twin.keys['parks']}"}
    statuses = [twin.client.delete(f"{twin.url}/jobs/{job}", headers=key).status_code for job in jobs]
    assert statuses == [200] * 100
    assert twin.get("/health").status_code == 200
    assert execute(twin, "echo", {"stringInput": "still"}, key="parks").text == "still"
    assert twin.json("/jobs", key="parks", status="running,accepted", limit=1000)["jobs"] == []


# --- the same request twice ------------------------------------------------------------------------------------------


def test_fifty_requests_with_one_key_make_one_job(twin: Twin) -> None:
    found: list[str] = []
    headers = {"Idempotency-Key": "order-1", "Prefer": "respond-async"}

    def send() -> None:
        response = execute(twin, "echo", {"stringInput": "once"}, key="parks", headers=headers)
        found.append(response.headers["location"] if response.status_code == 201 else str(response.status_code))

    threads = [threading.Thread(target=send) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 50
    assert len(set(found)) == 1
    other = execute(twin, "echo", {"stringInput": "twice"}, key="parks", headers=headers)
    assert other.status_code == 422
    assert execute(twin, "echo", {"stringInput": "once"}, key="utility", headers=headers).headers["location"] != found[0]


# --- a twin of its own: floods, subscribers, crashes -----------------------------------------------------------------


@contextmanager
def small_twin(folder: Path) -> Iterator[Twin]:
    """A twin that lets callbacks go to this machine, and few jobs wait; no worker yet."""
    gateway = open_twin(folder / "t", allowed_egress=(ALLOWED,), jobs_public=5, jobs_party=8, jobs_total=10)
    gateway.identity.add_party("parks", "Parks office")
    with served(gateway) as url, httpx.Client(verify=False, timeout=80) as client:
        yield Twin(gateway, url, {"parks": gateway.identity.new_key("parks")}, client)
    gateway.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Twin]:
    with small_twin(tmp_path) as found:
        yield found


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    """The same with a worker."""
    with small_twin(tmp_path_factory.mktemp("busy")) as found, working(found.gateway.folder, allowed_egress=ALLOWED):
        yield found


def test_a_flood_of_jobs_is_turned_away_and_says_when_to_come_again(other: Twin) -> None:
    request = {"stringInput": "a", "pause": 60}
    strangers = [execute(other, "echo", request, headers={"Prefer": "respond-async"}) for _ in range(7)]
    assert [response.status_code for response in strangers] == [201] * 5 + [429] * 2
    parties = [execute(other, "echo", request, key="parks", headers={"Prefer": "respond-async"}) for _ in range(7)]
    assert [response.status_code for response in parties] == [201] * 5 + [503] * 2
    for response in (strangers[-1], parties[-1]):
        assert int(response.headers["retry-after"]) > 0
    assert len(list((other.gateway.folder / "jobs").glob("?" * 32))) == 10
    assert other.get("/health").status_code == 200


def test_an_accepted_job_is_done_after_a_restart_and_goes_with_a_copy_of_the_twin(other: Twin, tmp_path: Path) -> None:
    """Nothing works yet when it is accepted, as if the server had died right after answering."""
    job = started(other, "echo", {"stringInput": "kept"})["jobID"]
    assert other.json(f"/jobs/{job}")["status"] == "accepted"
    again = wiring.open_gateway(other.gateway.folder, Settings())
    assert again.jobs.job(job, PUBLIC).status == "accepted"
    again.close()
    with working(other.gateway.folder):
        assert ended(other, job)["status"] == "successful"
        assert other.get(f"/jobs/{job}/results").text == "kept"
        shutil.copytree(other.gateway.folder, tmp_path / "copy")
    again = wiring.open_gateway(tmp_path / "copy", Settings())
    assert again.jobs.results(again.jobs.job(job, PUBLIC))["stringInput"].json == "kept"
    again.close()


class Ear:
    """A subscriber on loopback that writes down what it is told; it may answer at length, or not at all."""

    def __init__(self, *, reply: bytes = b"", hang: float = 0.0) -> None:
        self.heard: list[tuple[str, Any]] = []
        ear = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                ear.heard.append((self.path, json.loads(body)))
                time.sleep(hang)
                self.send_response(200)
                self.end_headers()
                try:
                    self.wfile.write(reply)
                except OSError:
                    return

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer((ALLOWED, 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://{ALLOWED}:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def subscriber(self) -> dict[str, str]:
        return {f"{name}Uri": f"{self.url}/{name}" for name in ("success", "inProgress", "failed")}

    def wait(self, count: int) -> list[tuple[str, Any]]:
        deadline = time.monotonic() + 15
        while len(self.heard) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        self.server.shutdown()
        self.server.server_close()
        return self.heard


def test_job_callback_a_subscriber_hears_how_its_job_goes(busy: Twin) -> None:
    ear = Ear()
    job = started(busy, "echo", {"stringInput": "a", "doubleInput": 2}, subscriber=ear.subscriber())["jobID"]
    assert ended(busy, job)["status"] == "successful"
    heard = dict(ear.wait(2))
    assert heard["/success"] == {"stringInput": "a", "doubleInput": 2}
    assert (heard["/inProgress"]["jobID"], heard["/inProgress"]["status"]) == (job, "running")
    ear = Ear()
    job = started(busy, "convert", {"data": {"a": 1}, "to": "geojson"}, subscriber=ear.subscriber())["jobID"]
    assert ended(busy, job)["status"] == "failed"
    assert dict(ear.wait(2))["/failed"]["status"] == "failed"


def test_a_hostile_subscriber_does_not_trouble_the_job(busy: Twin) -> None:
    large, silent = Ear(reply=bytes(10_000_000)), Ear(hang=60)
    for ear in (large, silent):
        job = started(busy, "echo", {"stringInput": "a"}, subscriber=ear.subscriber())["jobID"]
        begun = time.monotonic()
        assert ended(busy, job)["status"] == "successful"
        assert time.monotonic() - begun < 20
    nobody = {"successUri": f"http://{ALLOWED}:9/"}
    assert ended(busy, started(busy, "echo", {"stringInput": "a"}, subscriber=nobody)["jobID"])["status"] == "successful"
    large.wait(0)
    silent.wait(0)


def test_process_execute_input_ref_is_fetched_where_it_is_allowed(busy: Twin, tmp_path: Path) -> None:
    class Files(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404 if "missing" in self.path else 200)
            self.send_header("Content-Type", "image/png" if "png" in self.path else "text/plain")
            self.end_headers()
            self.wfile.write(b"from afar")

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer((ALLOWED, 0), Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    there = f"http://{ALLOWED}:{server.server_port}"
    assert execute(busy, "echo", {"stringInput": {"href": f"{there}/text"}}).text == "from afar"
    image = execute(busy, "echo", {"stringInput": "a", "imagesInput": {"href": f"{there}/png"}}, outputs={"imagesInput": {}})
    assert (image.headers["content-type"], image.content) == ("image/png", b"from afar")
    missing = execute(busy, "echo", {"stringInput": {"href": f"{there}/missing"}})
    assert (missing.status_code, missing.json()["parameter"]) == (400, "inputs.stringInput")
    wrong = execute(busy, "echo", {"stringInput": "a", "doubleInput": {"href": f"{there}/text"}})
    assert wrong.status_code in (400, 422)
    server.shutdown()
    server.server_close()


def test_a_strangers_job_that_has_expired_is_unknown(busy: Twin) -> None:
    job = started(busy, "echo", {"stringInput": "a"})["jobID"]
    ended(busy, job)
    table = busy.gateway.jobs._jobs
    later = time.time_ns() // 1_000_000 + 1000
    assert job in table.expire(later, 0)
    assert busy.get(f"/jobs/{job}").status_code == 404
