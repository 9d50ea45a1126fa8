"""Hostile and broken uploads through the real server: a clear answer, the twin unchanged, the process well, nothing fetched."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.hardening.catalogue import Case, cases
from tests.hardening.server import Served, Trap

CASES = list(cases())
LEAKS = re.compile(r'Traceback|File "|site-packages|\.py\b|/tmp/|/home/|/root/|/work/|root:x:|sqlite3?\.|apsw|lxml|Errno')


@pytest.fixture(scope="module")
def seen(server: Served) -> dict[str, Any]:
    """What the twin showed after the case before."""
    return {"state": server.state("victim")}


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_a_bad_upload_has_a_clear_answer_and_leaves_the_twin_as_it_was(
    case: Case, server: Served, trap: Trap, seen: dict[str, Any], tmp_path: Path
) -> None:
    before, calls = seen["state"], len(trap.calls)
    data = case.make(tmp_path / "scratch.gpkg", trap.port)
    asked = {"collection": "victim", "dataset": "victim", "allow-removal": "true"} | case.asked
    answer = server.submit(data, case.file, **asked)
    server.demand_well()
    after = seen["state"] = server.state("victim")
    assert answer.status_code in case.ends, answer.text[:600]
    assert not LEAKS.search(answer.text), answer.text[:600]
    assert str(server.folder) not in answer.text
    assert len(trap.calls) == calls, trap.calls
    told = answer.json()
    if answer.status_code == 201:
        assert told["verdict"] == "accepted"
        assert after["baseline"] == before["baseline"]
    else:
        assert told.get("detail") or told.get("findings")
        assert after == before


def test_every_case_has_its_own_name() -> None:
    assert len({case.id for case in CASES}) == len(CASES)
