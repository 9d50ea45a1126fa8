"""The access log writes the line that structlog would, and says nothing of queries."""

from __future__ import annotations

import io
import json
import re
import sys

import pytest

from gateway.web import accesslog


def test_a_line_is_json_with_the_time_and_no_more_than_it_should(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr(sys, "stderr", taken)
    written = accesslog.opened("info")
    assert written is not None
    written("GET", '/collections/a"b/items', 200, 12, 0.001234, "p-1")
    line = json.loads(taken.buffer.getvalue())  # type: ignore[attr-defined]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line.pop("timestamp"))
    assert line == {
        "method": "GET",
        "path": '/collections/a"b/items',
        "status": 200,
        "bytes": 12,
        "ms": 1.23,
        "party": "p-1",
        "event": "request",
        "level": "info",
    }


@pytest.mark.parametrize("level", ["warning", "error"])
def test_a_quiet_server_writes_no_access_log(level: str) -> None:
    assert accesslog.opened(level) is None
