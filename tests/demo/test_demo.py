"""The demo as a person meets it: verdicts, one refusal with reasons, and a network that exists only for its owner."""

from __future__ import annotations

import json
import shutil
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest

GATEWAY = str(Path(sys.executable).parent / "gateway")
HIDDEN = "heating-network"


def get(url: str, key: str | None = None, accept: str = "application/json", data: bytes | None = None) -> tuple[int, str]:
    headers = {"Accept": accept, **({"Authorization": f"Bearer {key}"} if key else {})}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data, headers=headers), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def sparql(demo: Any, query: str, key: str | None = None) -> str:
    status, body = get(f"{demo.url}/sparql", key, "text/csv", urllib.parse.urlencode({"query": query}).encode())
    assert status == 200, body
    return body


def test_five_partners_publish_and_one_is_refused(demo: Any) -> None:
    found = {entry["id"]: entry for entry in demo.document["datasets"]}
    assert set(demo.document) == {"datasets", "refused", "canary"}
    assert {id: (entry["owner"], entry["access"], entry["verdict"]) for id, entry in found.items()} == {
        "buildings": ("cadastre", "A", "accepted"),
        "trees": ("parks", "A", "accepted"),
        "school": ("schools", "A", "accepted"),
        "parcels": ("land-registry", "A", "accepted"),
        HIDDEN: ("utility", "B", "accepted"),
    }
    school = found.pop("school")
    assert (school["collections"], school["features"]) == (["school", "school-elements"], 57)
    assert all(entry["collections"] == [id] for id, entry in found.items())
    assert found["buildings"]["features"] > 400
    assert found["trees"]["features"] == 1535
    assert [entry["dataset"] for entry in demo.document["refused"]] == ["kerbs"]


def test_the_refusal_names_rules_objects_and_cures(demo: Any) -> None:
    findings = demo.document["refused"][0]["findings"]
    assert {"GE-06", "GE-09", "GE-11-UNIQUE", "GE-12", "GE-18", "GE-29"} <= {finding["rule"] for finding in findings}
    assert all(finding["howToFix"]["fr"] and finding["howToFix"]["en"] for finding in findings)
    assert {f["object"] for f in findings if f["rule"] == "GE-09"} == {"BORD-004", "BORD-012", "BORD-020"}


def test_the_verdicts_are_shown(demo: Any) -> None:
    assert demo.printed.count("accepted") == 5
    assert "refused" in demo.printed
    for words in ("http://localhost:", "QGIS", "curl", "demo-keys.json"):
        assert words in demo.printed


def test_a_job_was_run_to_its_end_and_its_owner_sees_it(demo: Any) -> None:
    assert "cityjsonseq, successful" in demo.printed
    _, body = get(f"{demo.url}/jobs", demo.key("parks"))
    assert [(job["processID"], job["status"]) for job in json.loads(body)["jobs"]] == [("convert", "successful")]
    assert json.loads(get(f"{demo.url}/jobs")[1])["jobs"] == []


def test_counts_through_the_door_are_those_of_the_demo(demo: Any) -> None:
    for entry in demo.document["datasets"]:
        key = demo.key(entry["owner"])
        matched = 0
        for collection in entry["collections"]:
            _, body = get(f"{demo.url}/collections/{collection}/items?limit=1", key)
            matched += json.loads(body)["numberMatched"]
        assert matched == entry["features"]


def test_keys_are_private_and_one_a_partner(demo: Any) -> None:
    path = demo.twin / "demo-keys.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(json.loads(path.read_text())) == {"cadastre", "parks", "schools", "land-registry", "utility", "roads"}
    assert stat.S_IMODE((demo.twin / "demo.json").stat().st_mode) == 0o600


OPEN_DOORS = [
    "/",
    "/?f=html",
    "/conformance",
    "/api",
    "/api?f=html",
    "/collections",
    "/collections?f=html",
    "/datasets",
    "/csw?service=CSW&version=2.0.2&request=GetCapabilities",
    "/csw?service=CSW&version=2.0.2&request=GetRecords&typenames=csw:Record&elementsetname=full&resulttype=results&maxrecords=100",
    "/csw?service=CSW&version=3.0.0&request=GetRecords&typenames=csw:Record&elementsetname=full&maxrecords=100",
    "/csw?service=CSW&version=2.0.2&request=GetDomain&propertyname=dc:subject",
    "/sparql",
    "/health",
]


@pytest.mark.parametrize("path", OPEN_DOORS)
def test_no_open_door_shows_the_hidden_network(demo: Any, path: str) -> None:
    status, body = get(f"{demo.url}{path}", accept="*/*")
    assert status == 200
    assert demo.document["canary"] not in body
    assert HIDDEN not in body


CLOSED = [f"/collections/{HIDDEN}", f"/collections/{HIDDEN}/items", f"/datasets/{HIDDEN}"]


@pytest.mark.parametrize("path", CLOSED)
def test_without_its_key_the_network_is_as_if_absent(demo: Any, path: str) -> None:
    for key in (None, demo.key("parks")):
        status, body = get(f"{demo.url}{path}", key)
        absent, other = get(f"{demo.url}{path.replace(HIDDEN, 'no-such-thing')}", key)
        assert (status, absent) == (404, 404)
        assert body.replace(HIDDEN, "no-such-thing") == other


@pytest.mark.parametrize("path", CLOSED)
def test_with_its_key_the_network_is_there(demo: Any, path: str) -> None:
    status, body = get(f"{demo.url}{path}", demo.key("utility"))
    assert status == 200
    assert HIDDEN in body


def test_the_canary_is_in_features_record_and_graph_for_its_owner_only(demo: Any) -> None:
    canary, key = demo.document["canary"], demo.key("utility")
    _, items = get(f"{demo.url}/collections/{HIDDEN}/items?limit=10", key)
    assert items.count(canary) == 10
    search = (
        f"{demo.url}/csw?service=CSW&version=2.0.2&request=GetRecords&typenames=csw:Record&elementsetname=full&resulttype=results"
    )
    assert canary in get(search, key, "application/xml")[1]
    assert canary not in get(search, demo.key("parks"), "application/xml")[1]
    count = f'SELECT (COUNT(*) AS ?n) {{ ?s ?p ?o FILTER(CONTAINS(STR(?o), "{canary}")) }}'
    everything = next(entry["features"] for entry in demo.document["datasets"] if entry["id"] == HIDDEN)
    assert int(sparql(demo, count, key).split()[1]) >= everything
    assert int(sparql(demo, count).split()[1]) == 0


def test_a_wrong_key_is_refused_at_every_door(demo: Any) -> None:
    for path in (
        "/",
        "/collections",
        "/collections/trees/items",
        "/csw?service=CSW&request=GetCapabilities",
        "/sparql",
        "/datasets",
    ):
        assert get(f"{demo.url}{path}", "twin_wrong")[0] == 401, path


def test_a_second_demo_says_that_it_was_built_before(demo: Any, environment: dict[str, str]) -> None:
    run = _gateway(environment, "demo", "--no-serve", "--dir", str(demo.twin))
    assert run.returncode == 0
    assert "built before" in run.stdout


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    run = _gateway(environment, "demo", "--no-serve", "--dir", str(tmp_path), "--json")
    assert run.returncode == 1
    assert json.loads(run.stdout)["cure"] == "name another folder with --dir"
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_taken_port_is_one_clear_sentence(tmp_path: Path, environment: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = _gateway(environment, "demo", "--dir", str(tmp_path / "twin"), "--port", str(port))
    assert run.returncode != 0
    assert str(port) in run.stderr
    assert "--port" in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "twin").exists()


def test_a_twin_can_be_copied_and_is_well_elsewhere(demo: Any, tmp_path: Path, environment: dict[str, str]) -> None:
    shutil.copytree(demo.twin, tmp_path / "copy")
    run = _gateway(environment, "doctor", str(tmp_path / "copy"), "--json")
    report = {probe["name"]: probe for probe in json.loads(run.stdout)["probes"]}
    assert run.returncode == 0, report
    assert "5 datasets" in report["twin"]["says"]
    assert report["journal"]["state"] == report["projections"]["state"] == "good"


def test_the_doctor_names_what_a_broken_twin_lacks(tmp_path: Path, environment: dict[str, str]) -> None:
    run = _gateway(environment, "doctor", str(tmp_path), "--json")
    document = json.loads(run.stdout)
    assert (run.returncode, document["well"]) == (1, False)
    assert next(probe for probe in document["probes"] if probe["name"] == "twin")["cure"] == f"gateway init {tmp_path}"


def test_plugins_are_listed_with_their_origin(environment: dict[str, str]) -> None:
    found = json.loads(_gateway(environment, "plugins", "--json").stdout)["plugins"]
    citygml = next(entry for entry in found if entry["name"] == "citygml")
    assert (citygml["reads"], citygml["writes"]) == (True, True)
    assert citygml["origin"] == "gateway.adapters.citygml:ADAPTER (twin-gateway)"


def test_the_demo_passes_the_judge(demo: Any) -> None:
    run = subprocess.run([sys.executable, "-m", "conformance", demo.url, "--json"], capture_output=True, text=True, check=False)
    tests = json.loads(run.stdout)["tests"]
    assert [(test["id"], test["reason"]) for test in tests if test["verdict"] == "failed"] == []
    assert run.returncode == 0
    assert sum(test["verdict"] == "passed" for test in tests) >= 50


def _gateway(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([GATEWAY, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=100)


def test_a_wall_of_the_school_leads_to_its_storey_in_the_other_collection(demo: Any) -> None:
    _, body = get(f"{demo.url}/collections/school-elements/items?limit=1")
    (wall,) = json.loads(body)["features"]
    _, body = get(f"{demo.url}/collections/school-elements/items/{wall['id']}")
    (up,) = [link["href"] for link in json.loads(body)["links"] if link["rel"] == "up"]
    status, body = get(up)
    storey = json.loads(body)
    assert (status, storey["id"]) == (200, wall["properties"]["parent"])
    assert "/collections/school/items/" in up
    _, page = get(f"{up}?f=html")
    assert f"/collections/school-elements/items/{urllib.parse.quote(wall['id'])}" in page
    base = f"{demo.url}/id"
    child, parent = f"{base}/school-elements/{urllib.parse.quote(wall['id'])}", f"{base}/school/{urllib.parse.quote(storey['id'])}"
    assert int(sparql(demo, f"SELECT (COUNT(*) AS ?n) {{ <{child}> ?part <{parent}> }}").split()[1]) == 1
