"""The judge itself is judged: a right server passes everything, and each fault is found under its own id and no other."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from conformance.__main__ import main
from conformance.runner import run
from conformance.verdict import Status, Unreachable

sys.path.insert(0, str(Path(__file__).parent))
from smallserver import served

CORE = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core"
GEOJSON = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson"
OAS30 = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30"
CRS = "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs"
LINT = "urn:conformance:declaration"

FAULTS = {
    "unknown-ignored": {f"{CORE}/query-param-unknown"},
    "no-data-link": {f"{CORE}/root-success"},
    "requirement-declared": {f"{LINT}/classes-not-requirements"},
    "misspelt-class": {f"{LINT}/known"},
    "no-foundation": {f"{LINT}/founded"},
    "limit-ignored": {f"{CORE}/fc-limit-response"},
    "bbox-ignored": {f"{CORE}/fc-bbox-response", f"{CRS}/bbox-crs-parameter"},
    "count-wrong": {f"{CORE}/fc-numberMatched"},
    "no-next": {f"{CORE}/fc-links", f"{CORE}/fc-numberMatched"},
    "time-stamp": {f"{CORE}/fc-timeStamp"},
    "item-differs": {f"{CORE}/f-success"},
    "not-geojson": {f"{GEOJSON}/definition"},
    "no-crs84": {f"{CRS}/default-crs"},
    "content-crs-wrong": {f"{CRS}/crs-parameter"},
    "axes-never-swapped": {f"{CRS}/crs-parameter-transform"},
    "undeclared-path-parameter": {f"{CORE}/api-definition-success", f"{OAS30}/oas-definition-2"},
}


def test_a_right_server_passes_everything_that_can_be_tried() -> None:
    with served() as url:
        result = run(url)
    assert [(o.id, o.reason) for o in result.outcomes if o.status is Status.FAILED] == []
    assert {o.id.rpartition("/")[2] for o in result.outcomes if o.status is Status.SKIPPED} == {"fc-md-extent-multi", "security"}
    assert result.count(Status.PASSED) == 54
    assert result.exit_code == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_under_its_own_id(fault: str) -> None:
    with served(fault) as url:
        result = run(url)
    assert {o.id for o in result.outcomes if o.status is Status.FAILED} == FAULTS[fault]
    assert all(o.reason for o in result.outcomes if o.status is not Status.PASSED)
    assert result.exit_code == 1


def test_every_test_has_an_id_of_its_own() -> None:
    with served() as url:
        ids = [o.id for o in run(url).outcomes]
    assert len(ids) == len(set(ids))


def test_silence_is_exit_code_four(capsys: pytest.CaptureFixture[str]) -> None:
    with served() as url:
        pass
    with pytest.raises(Unreachable):
        run(url)
    assert main([url]) == 4
    assert "nothing answers" in capsys.readouterr().err


def test_the_command_prints_json_and_writes_junit(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    with served("time-stamp") as url:
        command = [sys.executable, "-m", "conformance", url, "--json", "--junit", str(report)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert document["summary"]["failed"] == 1
    suite = ElementTree.parse(report).getroot()
    assert (suite.get("failures"), len(list(suite.iter("testcase")))) == ("1", len(document["tests"]))


def test_a_server_that_answers_nonsense_fails_without_a_crash() -> None:
    with served() as url:
        result = run(f"{url}/collections/points")
    assert result.exit_code == 1
