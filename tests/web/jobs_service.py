"""What tests of processes share: a worker beside the twin, execute requests, and waiting for a job."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from .conftest import Twin

GATEWAY = str(Path(sys.executable).parent / "gateway")
FINISHED = ("successful", "failed", "dismissed")


@contextmanager
def working(folder: Path, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of the twin's jobs; it may be killed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    named = {f"GATEWAY_{name.upper()}": value for name, value in {"log_level": "error", **settings}.items()}
    worker = subprocess.Popen([GATEWAY, "work", str(folder)], env={**kept, **named})
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()


def execute(
    twin: Twin,
    process: str,
    inputs: dict[str, Any],
    *,
    key: str | None = None,
    headers: dict[str, str] | None = None,
    **members: Any,
) -> httpx.Response:
    """An execute request; members are the other members of its body."""
    sent = {**({"Authorization": f"Bearer {twin.keys[key]}"} if key else {}), **(headers or {})}
    body = {"inputs": inputs, **members}
    return twin.client.post(f"{twin.url}/processes/{process}/execution", json=body, headers=sent)


def started(twin: Twin, process: str, inputs: dict[str, Any], *, key: str | None = None, **members: Any) -> dict[str, Any]:
    """A job, just started."""
    response = execute(twin, process, inputs, key=key, headers={"Prefer": "respond-async"}, **members)
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    return found


def ended(twin: Twin, job: str, *, key: str | None = None, seconds: float = 40) -> dict[str, Any]:
    """The status of a job once it has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found: dict[str, Any] = twin.json(f"/jobs/{job}", key=key)
        if found["status"] in FINISHED:
            return found
        time.sleep(0.02)
    raise AssertionError(f"job {job} does not end: {found}")
