"""Bad questions at every door: 4xx, nobody called, nothing told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hardening.server import Served, Trap

ITEMS = "collections/baseline/items"
CSW = {"service": "CSW", "version": "2.0.2"}
REQUESTS = [
    (ITEMS, {"crs": "+proj=longlat"}),
    (ITEMS, {"crs": "/etc/passwd"}),
    (ITEMS, {"crs": "EPSG:999999"}),
    (ITEMS, {"crs": "A" * 60_000}),
    (ITEMS, {"bbox": "1,2,3,4", "bbox-crs": "+init=epsg:2056"}),
    (ITEMS, {"bbox": "nan,2,3,4"}),
    (ITEMS, {"bbox": "1e999,2,3,4"}),
    (ITEMS, {"bbox": "1,2,3"}),
    (ITEMS, {"bbox": "1,9,3,4"}),
    (ITEMS, {"bbox": "٣,2,4,4"}),
    (ITEMS, {"limit": "-1"}),
    (ITEMS, {"limit": "1" + "0" * 400}),
    (ITEMS, {"limit": ""}),
    (ITEMS, {"datetime": "yesterday"}),
    (ITEMS, {"nothing": "1"}),
    (ITEMS, {"kind": "\x00"}),
    (ITEMS, {"f": "../../x"}),
    ("collections/baseline/items/x", {"f": "exe"}),
    ("collections/..%2f..%2fetc/items", {}),
    ("collections/baseline/items/..%2f..%2fx", {}),
    ("id/../../etc/passwd", {}),
    ("static/..%2f..%2f..%2fetc/passwd", {}),
    ("sparql", {"query": "ASK " + "{" * 3000 + "}" * 3000}),
    ("sparql", {"query": "SELECT * WHERE { SERVICE <http://127.0.0.1:TRAP/> { ?s ?p ?o } }"}),
    ("sparql", {"query": "SELECT * FROM <http://127.0.0.1:TRAP/> WHERE { ?s ?p ?o }"}),
    ("sparql", {"query": "LOAD <http://127.0.0.1:TRAP/>"}),
    ("sparql", {"query": "not sparql"}),
    (
        "csw",
        {
            "service": "CSW",
            "version": "2.0.2",
            "request": "GetRecords",
            "constraint": "x' OR '1'='1",
            "constraintlanguage": "CQL_TEXT",
        },
    ),
    ("csw", CSW | {"request": "Harvest", "source": "http://127.0.0.1:TRAP/"}),
    ("csw", {"service": "CSW", "request": "GetCapabilities", "config": "/etc/passwd"}),
]


@pytest.mark.parametrize(("path", "asked"), REQUESTS, ids=range(len(REQUESTS)))
def test_a_bad_question_is_4xx_or_an_ows_exception_and_calls_nobody(
    path: str, asked: dict[str, str], server: Served, trap: Trap
) -> None:
    calls = len(trap.calls)
    answer = server.get(path, **{name: value.replace("TRAP", str(trap.port)) for name, value in asked.items()})
    server.demand_well()
    assert len(trap.calls) == calls
    if path == "csw":
        assert answer.status_code in (200, 400, 403, 404, 405)
    else:
        assert 400 <= answer.status_code < 500, answer.text[:300]
    assert "Traceback" not in answer.text
    assert "root:x:" not in answer.text


ENTITY = '<!DOCTYPE csw:GetRecords [<!ENTITY e SYSTEM "file:///etc/hostname">]>'


def test_an_external_entity_in_a_csw_request_is_refused(server: Served) -> None:
    body = (
        f'<?xml version="1.0"?>{ENTITY}'
        '<csw:GetRecords xmlns:csw="http://www.opengis.net/cat/csw/2.0.2" service="CSW" version="2.0.2">'
        '<csw:Query typeNames="csw:Record"><csw:ElementSetName>&e;</csw:ElementSetName></csw:Query></csw:GetRecords>'
    )
    answer = server.client.post(server.url + "csw", content=body, headers={"Content-Type": "application/xml"})
    server.demand_well()
    assert Path("/etc/hostname").read_text().strip() not in answer.text
    assert answer.status_code in (200, 400, 403), answer.text[:300]
    assert "xception" in answer.text or "title" in answer.text
