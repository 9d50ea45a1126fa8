"""OGC API - Processes Part 1 (18-062r2): core, ogc-process-description, json, html and oas30, against a served twin and a worker.

Names in brackets are those of the abstract tests.
"""

from __future__ import annotations

import base64
import email
import json
import re
import time
from typing import Any

import httpx
import pytest

from .conftest import TREES, Twin
from .jobs_service import ended, execute, started

NO_PROCESS = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-process"
NO_JOB = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-job"
NOT_READY = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/result-not-ready"
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256))).decode()
GIVEN: dict[str, Any] = {
    "stringInput": "Zürich <b> & \u00e9",
    "doubleInput": 2.5,
    "integerInput": 7,
    "booleanInput": False,
    "choiceInput": "Value2",
    "dateInput": "2024-05-01T08:00:00Z",
    "arrayInput": [3, 4, 5],
    "measureInput": {"value": {"measurement": 10.3, "uom": "m"}},
    "complexObjectInput": {"value": {"property1": "a", "property5": True}},
    "geometryInput": [
        {"value": {"type": "Point", "coordinates": [6.1, 46.2]}},
        {"value": {"type": "Point", "coordinates": [6, 46]}},
    ],
    "boundingBoxInput": {"bbox": [6, 46, 7, 47], "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"},
    "featureCollectionInput": {"value": {"type": "FeatureCollection", "features": []}},
    "imagesInput": [{"value": PNG, "encoding": "base64", "mediaType": "image/png"}],
    "mixedInput": 12,
}


pytestmark = pytest.mark.usefixtures("worker")


# --- the list and the descriptions -----------------------------------------------------------------------------------


def test_the_landing_page_leads_to_processes_and_jobs(twin: Twin) -> None:
    links = {link["rel"]: link["href"] for link in twin.json("/")["links"]}
    for name in ("processes", "job-list"):
        assert twin.client.get(links[f"http://www.opengis.net/def/rel/ogc/1.0/{name}"]).status_code == 200


def test_process_list_pl_links_pl_limit_response(twin: Twin) -> None:
    body = twin.json("/processes")
    assert [entry["id"] for entry in body["processes"]] == ["check", "convert", "echo"]
    assert {"self", "alternate"} <= {link["rel"] for link in body["links"]}
    assert len(twin.json("/processes", limit=1)["processes"]) == 1
    for bad in ("0", "-1", "x", ""):
        assert twin.get("/processes", limit=bad).status_code == 400
    assert twin.get("/processes", unknown="1").status_code == 400


@pytest.mark.parametrize("name", ["echo", "convert", "check"])
def test_process_description_success(name: str, twin: Twin) -> None:
    body = twin.json(f"/processes/{name}")
    assert body["id"] == name
    assert {"title", "version", "inputs", "outputs", "jobControlOptions", "outputTransmission", "links"} <= set(body)
    for part in (*body["inputs"].values(), *body["outputs"].values()):
        assert part["title"]
        assert "$ref" not in json.dumps(part["schema"])
    assert any(link["rel"].endswith("/execute") and link["href"].endswith(f"/{name}/execution") for link in body["links"])
    assert twin.json(f"/processes/{name}", lang="fr")["title"] != body["title"]


def test_the_echo_has_what_the_official_suite_needs(twin: Twin) -> None:
    body = twin.json("/processes/echo")
    assert body["inputs"]["stringInput"]["schema"]["type"] == "string"
    assert "contentMediaType" not in body["inputs"]["stringInput"]["schema"]
    assert set(body["outputs"]) == set(body["inputs"]) - {"pause"}
    assert [name for name, spec in body["inputs"].items() if spec["minOccurs"]] == ["stringInput"]
    assert body["inputs"]["pause"]["schema"]["type"] == "number"


def test_process_exception_no_such_process(twin: Twin) -> None:
    for response in (twin.get("/processes/nothing"), execute(twin, "nothing", {})):
        assert response.status_code == 404
        assert response.json()["type"] == NO_PROCESS


@pytest.mark.parametrize("path", ["/processes", "/processes/echo", "/processes/convert", "/processes/check", "/jobs"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_one_has_a_page_in_two_languages(path: str, language: str, twin: Twin) -> None:
    whole_page(twin.get(path, f="html", lang=language))


def whole_page(response: httpx.Response) -> None:
    assert response.status_code == 200
    assert response.text.rstrip().endswith("</html>")
    assert "{{" not in response.text
    assert "script-src 'self'" in response.headers["content-security-policy"]
    assert not re.search(r"<script(?![^>]* src=)|\son[a-z]+=|style=", response.text)


# --- executing, at once ----------------------------------------------------------------------------------------------


def test_process_execute_sync_raw_value_one(twin: Twin) -> None:
    response = execute(twin, "echo", {"stringInput": GIVEN["stringInput"]})
    assert (response.status_code, response.text) == (200, GIVEN["stringInput"])
    assert response.headers["content-type"].startswith("text/plain")
    response = execute(twin, "echo", GIVEN, outputs={"complexObjectInput": {"transmissionMode": "value"}}, response="raw")
    assert (response.headers["content-type"], response.json()) == ("application/json", GIVEN["complexObjectInput"]["value"])
    response = execute(twin, "echo", GIVEN, outputs={"imagesInput": {}})
    assert (response.headers["content-type"], response.content) == ("image/png", base64.b64decode(PNG))


def test_process_execute_sync_raw_value_multi(twin: Twin) -> None:
    response = execute(twin, "echo", {"stringInput": "a", "arrayInput": [1, 2]})
    assert response.headers["content-type"].startswith("multipart/related")
    parts = {part["Content-ID"]: part.get_payload(decode=True) for part in multipart(response)}
    assert parts == {"<stringInput>": b"a", "<arrayInput>": b"[1,2]"}


def multipart(response: httpx.Response) -> list[Any]:
    head = f"Content-Type: {response.headers['content-type']}\r\n\r\n".encode()
    found = email.message_from_bytes(head + response.content)
    assert found.is_multipart()
    return list(found.get_payload())


def test_process_execute_sync_raw_ref(twin: Twin) -> None:
    response = execute(twin, "echo", GIVEN, outputs={"imagesInput": {"transmissionMode": "reference"}})
    assert response.status_code == 204
    address = next(iter(link["url"] for name, link in response.links.items() if name == "related"))
    assert twin.client.get(address).content == base64.b64decode(PNG)


def test_process_execute_sync_raw_mixed_multi(twin: Twin) -> None:
    outputs = {"stringInput": {"transmissionMode": "value"}, "imagesInput": {"transmissionMode": "reference"}}
    response = execute(twin, "echo", GIVEN, outputs=outputs)
    text, image = multipart(response)
    assert text.get_payload(decode=True).decode() == GIVEN["stringInput"]
    assert twin.client.get(image["Content-Location"]).content == base64.b64decode(PNG)


def test_process_execute_sync_document_and_default_outputs(twin: Twin) -> None:
    response = execute(twin, "echo", GIVEN, response="document")
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert set(body) == set(GIVEN)
    for name in ("stringInput", "doubleInput", "integerInput", "booleanInput", "arrayInput", "boundingBoxInput", "mixedInput"):
        assert body[name] == GIVEN[name]
    assert body["measureInput"]["value"] == GIVEN["measureInput"]["value"]
    assert body["geometryInput"] == [entry["value"] for entry in GIVEN["geometryInput"]]
    assert body["imagesInput"] == {"value": PNG, "encoding": "base64", "mediaType": "image/png"}


def test_absent_inputs_give_no_output(twin: Twin) -> None:
    assert execute(twin, "echo", {"stringInput": "a"}, response="document").json() == {"stringInput": "a"}
    outputs = {"stringInput": {}, "doubleInput": {}}
    assert execute(twin, "echo", {"stringInput": "a"}, outputs=outputs, response="document").json() == {"stringInput": "a"}
    assert execute(twin, "echo", {"stringInput": "a"}, outputs={"doubleInput": {}}).status_code == 204


def test_job_results_sync_a_caller_who_waits_gets_the_jobs_address_too(twin: Twin) -> None:
    response = execute(twin, "echo", {"stringInput": "a"})
    monitor = response.links["monitor"]["url"]
    assert twin.client.get(monitor).json()["status"] == "successful"
    assert twin.client.get(f"{monitor}/results").text == "a"


TEXT = {"inputs": {"stringInput": "a"}}
BAD: list[tuple[dict[str, Any], str]] = [
    ({"inputs": {}}, "inputs.stringInput"),
    ({"inputs": {"stringInput": 3}}, "inputs.stringInput"),
    ({"inputs": {"stringInput": None}}, "inputs.stringInput"),
    ({"inputs": {"stringInput": ["a", "b"]}}, "inputs.stringInput"),
    ({"inputs": {"stringInput": "a", "doubleInput": "NaN"}}, "inputs.doubleInput"),
    ({"inputs": {"stringInput": "a", "integerInput": 1.5}}, "inputs.integerInput"),
    ({"inputs": {"stringInput": "a", "booleanInput": "true"}}, "inputs.booleanInput"),
    ({"inputs": {"stringInput": "a", "choiceInput": "Value4"}}, "inputs.choiceInput"),
    ({"inputs": {"stringInput": "a", "dateInput": "yesterday"}}, "inputs.dateInput"),
    ({"inputs": {"stringInput": "a", "arrayInput": [1]}}, "inputs.arrayInput"),
    ({"inputs": {"stringInput": "a", "arrayInput": [1, "x"]}}, "inputs.arrayInput[1]"),
    ({"inputs": {"stringInput": "a", "arrayInput": list(range(10**5))}}, "inputs.arrayInput"),
    ({"inputs": {"stringInput": "a", "measureInput": {"value": {"uom": "m"}}}}, "inputs.measureInput"),
    ({"inputs": {"stringInput": "a", "boundingBoxInput": {"bbox": [1, 2]}}}, "inputs.boundingBoxInput.bbox"),
    ({"inputs": {"stringInput": "a", "geometryInput": [{"type": "Circle"}]}}, "inputs.geometryInput.type"),
    ({"inputs": {"stringInput": "a", "geometryInput": [{"type": "Point"}] * 6}}, "inputs.geometryInput"),
    ({"inputs": {"stringInput": "a", "imagesInput": ["not base64!"]}}, "inputs.imagesInput"),
    ({"inputs": {"stringInput": "a", "imagesInput": [{"value": PNG, "mediaType": "text/html"}]}}, "inputs.imagesInput"),
    ({"inputs": {"stringInput": "a", "pause": -1}}, "inputs.pause"),
    ({"inputs": {"stringInput": "a", "pause": 1e12}}, "inputs.pause"),
    ({"inputs": {"stringInput": "a", "__import__('os')": 1}}, "inputs.__import__('os')"),
    ({"inputs": {"stringInput": {"href": "file:///etc/passwd"}}}, "inputs.stringInput"),
    ({"inputs": {"stringInput": {"href": "http://169.254.169.254/"}}}, "inputs.stringInput"),
    ({"inputs": {"stringInput": {"href": 5}}}, "inputs.stringInput"),
    ({"inputs": {"stringInput": {"value": "a", "encoding": "rot13"}}}, "inputs.stringInput"),
    ({"inputs": ["a"]}, "inputs"),
    ({"inputs": {"stringInput": "a"}, "outputs": {"nothing": {}}}, "outputs.nothing"),
    ({**TEXT, "outputs": {"stringInput": {"transmissionMode": "fax"}}}, "outputs.stringInput.transmissionMode"),
    ({**TEXT, "outputs": {"stringInput": {"format": {"mediaType": "image/png"}}}}, "outputs.stringInput.format.mediaType"),
    ({"inputs": {"stringInput": "a"}, "response": "both"}, "response"),
    ({"inputs": {"stringInput": "a"}, "subscriber": {"successUri": "http://127.0.0.1/"}}, "subscriber.successUri"),
    ({"inputs": {"stringInput": "a"}, "subscriber": {"inProgressUri": "ftp://example.org/"}}, "subscriber.inProgressUri"),
    ({"inputs": {"stringInput": "a"}, "subscriber": {"failedUri": "http://[::1]/\r\nX: y"}}, "subscriber.failedUri"),
    ({"inputs": {"stringInput": "a"}, "subscriber": {}}, "subscriber"),
    ({"inputs": {"stringInput": "a"}, "whatever": 1}, "whatever"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "place"), BAD, ids=[str(n) for n in range(len(BAD))])
def test_process_execute_input_validation_names_what_is_wrong(body: dict[str, Any], place: str, twin: Twin) -> None:
    response = twin.client.post(f"{twin.url}/processes/echo/execution", json=body)
    assert response.status_code == 400, response.text
    assert response.json()["parameter"] == place


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'{"inputs": {"stringInput": "a", "stringInput": "b"}}', 400),
        (b'{"inputs": {"doubleInput": NaN}}', 400),
        (b'{"inputs":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}", 400),
        (b'{"inputs": {"stringInput": "' + b"x" * 200_000 + b'"}}', 400),
        (b'{"inputs": {"stringInput": "' + b"x" * 50_000_000 + b'"}}', 413),
    ],
)
def test_a_body_that_is_no_execute_request_is_refused(body: bytes, status: int, twin: Twin) -> None:
    address = f"{twin.url}/processes/echo/execution"
    response = twin.client.post(address, content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == status, response.text
    assert response.json()["detail"]


def test_a_body_of_another_type_is_415(twin: Twin) -> None:
    response = twin.client.post(f"{twin.url}/processes/echo/execution", content=b"<a/>", headers={"Content-Type": "text/xml"})
    assert response.status_code == 415


# --- executing, as a job ---------------------------------------------------------------------------------------------


def test_process_execute_success_async_and_job_success(twin: Twin) -> None:
    response = execute(twin, "echo", {"stringInput": "a"}, headers={"Prefer": "respond-async"}, response="document")
    assert response.status_code == 201
    assert response.headers["preference-applied"] == "respond-async"
    assert response.headers["location"] == f"{twin.url}/jobs/{response.json()['jobID']}"
    assert len(bytes.fromhex(response.json()["jobID"])) == 16
    body = ended(twin, response.json()["jobID"])
    assert {"jobID", "processID", "type", "status", "created", "started", "finished", "updated", "progress", "links"} <= set(body)
    assert (body["status"], body["type"], body["processID"], body["progress"]) == ("successful", "process", "echo", 100)
    results = next(link["href"] for link in body["links"] if link["rel"].endswith("/results"))
    assert twin.client.get(results).json() == {"stringInput": "a"}


def test_job_results_async_in_every_form(twin: Twin) -> None:
    one = started(twin, "echo", GIVEN, outputs={"integerInput": {}})["jobID"]
    several = started(twin, "echo", {"stringInput": "a", "doubleInput": 1.5})["jobID"]
    reference = started(twin, "echo", GIVEN, outputs={"imagesInput": {"transmissionMode": "reference"}})["jobID"]
    for job in (one, several, reference):
        assert ended(twin, job)["status"] == "successful"
    assert twin.get(f"/jobs/{one}/results").json() == 7
    assert len(multipart(twin.get(f"/jobs/{several}/results"))) == 2
    assert twin.get(f"/jobs/{reference}/results").status_code == 204
    assert twin.json(f"/jobs/{several}/results", f="json") == {"stringInput": "a", "doubleInput": 1.5}
    assert twin.get(f"/jobs/{several}/results/doubleInput").json() == 1.5
    assert twin.get(f"/jobs/{several}/results/nothing").status_code == 404


def test_job_results_exception_results_not_ready_and_progress(twin: Twin) -> None:
    job = started(twin, "echo", {"stringInput": "a", "pause": 2.5})["jobID"]
    response = twin.get(f"/jobs/{job}/results")
    assert (response.status_code, response.json()["type"]) == (404, NOT_READY)
    seen: list[int] = []
    while (body := twin.json(f"/jobs/{job}"))["status"] in ("accepted", "running"):
        seen.append(body["progress"])
        time.sleep(0.05)
    assert body["status"] == "successful"
    assert seen == sorted(seen)
    assert any(0 < value < 100 for value in seen)


def test_job_exception_no_such_job(twin: Twin) -> None:
    for path in ("/jobs/nothing", f"/jobs/{'0' * 32}", f"/jobs/{'0' * 32}/results", "/jobs/..%2F..", "/jobs/%00"):
        response = twin.get(path)
        assert response.status_code == 404, path
        assert response.json()["type"] == NO_JOB or "%" in path


def test_job_results_failed_says_what_was_wrong(twin: Twin) -> None:
    broken = {"data": {"value": base64.b64encode(b"no known format").decode(), "encoding": "base64"}, "to": "geojson"}
    response = execute(twin, "convert", broken)
    assert response.status_code == 422
    job = started(twin, "convert", broken)["jobID"]
    body = ended(twin, job)
    assert body["status"] == "failed"
    assert body["message"] == response.json()["detail"]
    assert twin.get(f"/jobs/{job}/results").status_code == 422
    assert "/" not in response.json()["detail"]
    whole_page(twin.get(f"/jobs/{job}", f="html", lang="fr"))


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("respond-async", 201),
        ("RESPOND-ASYNC", 201),
        ("respond-async, wait=20", 200),
        ("wait=5", 200),
        ("", 200),
        ("return=minimal", 200),
    ],
)
def test_process_execute_auto_execution_mode(header: str, status: int, twin: Twin) -> None:
    assert execute(twin, "echo", {"stringInput": "a"}, headers={"Prefer": header}).status_code == status


# --- convert and check -----------------------------------------------------------------------------------------------


def geojson() -> dict[str, Any]:
    features = [
        {
            "type": "Feature",
            "id": f"f{n}",
            "geometry": {"type": "Point", "coordinates": [6.1 + n / 100, 46.2]},
            "properties": {"n": n},
        }
        for n in range(3)
    ]
    return {"type": "FeatureCollection", "features": features}


def test_convert_takes_a_file_by_value_and_reports(twin: Twin) -> None:
    response = execute(
        twin, "convert", {"data": geojson(), "to": "geojson", "crs": "EPSG:2056", "name": "trees.geojson"}, response="document"
    )
    assert response.status_code == 200, response.text
    body = response.json()
    made = json.loads(base64.b64decode(body["result"]["value"]))
    assert (body["result"]["mediaType"], len(made["features"])) == ("application/geo+json", 3)
    assert 2_400_000 < made["features"][0]["geometry"]["coordinates"][0] < 2_600_000
    assert body["report"]["value"]["read"]
    raw = execute(twin, "convert", {"data": geojson(), "to": "geopackage"}, outputs={"result": {}})
    assert raw.content.startswith(b"SQLite format 3")
    assert "data.gpkg" in raw.headers["content-disposition"]


def test_convert_writes_a_collection_of_the_twin(twin: Twin) -> None:
    response = execute(twin, "convert", {"collection": "trees", "to": "geojson"}, outputs={"result": {}})
    assert len(response.json()["features"]) == TREES
    assert execute(twin, "convert", {"to": "geojson"}).status_code == 400
    assert execute(twin, "convert", {"collection": "trees", "data": geojson(), "to": "geojson"}).status_code == 400
    assert execute(twin, "convert", {"collection": "trees", "to": "geojson", "crs": "EPSG:1"}).status_code == 400


def test_check_gives_the_verdict_and_keeps_nothing(twin: Twin) -> None:
    before = twin.gateway.publishing.submissions(twin.gateway.identity.reader(twin.gateway.identity.party("operator")))
    body = execute(twin, "check", {"data": geojson(), "charter": "open", "name": "trees.geojson"}).json()
    assert (body["charter"], body["verdict"], body["features"]) == ("open", "accepted", 3)
    own = execute(twin, "check", {"data": geojson()}, key="parks").json()
    assert (own["charter"], own["verdict"]) == ("sitg", "refused")
    assert execute(twin, "check", {"data": geojson(), "charter": "nothing"}).status_code == 400
    assert execute(twin, "check", {"data": geojson(), "charter": "../../etc/passwd"}).status_code == 400
    after = twin.gateway.publishing.submissions(twin.gateway.identity.reader(twin.gateway.identity.party("operator")))
    assert len(after) == len(before)
