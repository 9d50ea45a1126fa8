"""What an asynchronous job costs: from sending an echo to holding its result, and jobs in a second; pygeoapi's manager beside us.

uv run --group bench python -m benchmarks.jobs [--rounds 3] [--jobs 40] [--burst 200]

Both are asked over HTTP as a client would: execute with ``Prefer: respond-async``, ask for the status every 5 ms, take the results.
pygeoapi 0.24 runs its hello-world under its TinyDB manager (the one it recommends without a database), one uvicorn worker; it has
no queue and starts a thread for each job.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import yaml

from benchmarks.measure import GATEWAY, median, row, run, serving

PORT, PEER_PORT = 8817, 8818
ECHO = {"inputs": {"stringInput": "x"}, "response": "document"}
HELLO = {"inputs": {"name": "x"}, "response": "document"}
FINISHED = ("successful", "failed", "dismissed")
THREADS = 8


def main() -> None:
    """Serve both, alternate the rounds, print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=40)
    parser.add_argument("--burst", type=int, default=200)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        run([GATEWAY, "init", str(folder / "twin")])
        secret = subprocess.run(
            [GATEWAY, "key", "new", str(folder / "twin"), "operator"], capture_output=True, text=True, check=True
        ).stdout
        key = next(word for word in secret.split() if word.startswith("twin_"))
        ours = [GATEWAY, "serve", str(folder / "twin"), "--port", str(PORT)]
        quiet = {**os.environ, "GATEWAY_LOG_LEVEL": "error", "GATEWAY_JOBS_PARTY": "10000"}
        theirs, environment = _pygeoapi(folder)
        with (
            serving(ours, f"http://127.0.0.1:{PORT}/health", env=quiet),
            serving(theirs, f"http://127.0.0.1:{PEER_PORT}/", env=environment),
        ):
            sides = {
                "gateway": _client(f"http://127.0.0.1:{PORT}/processes/echo/execution", ECHO, key),
                "pygeoapi": _client(f"http://127.0.0.1:{PEER_PORT}/processes/hello-world/execution", HELLO, None),
            }
            for one in sides.values():
                one()
            _compare(sides, given.rounds, given.jobs, given.burst)


def _compare(sides: dict[str, Callable[[], float]], rounds: int, jobs: int, burst: int) -> None:
    latency: dict[str, list[float]] = {name: [] for name in sides}
    rate: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, one in sides.items():
            latency[name].append(median([one() for _ in range(jobs)]) * 1000)
            began = time.monotonic()
            with ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(lambda _, one=one: one(), range(burst)))
            rate[name].append(burst / (time.monotonic() - began))
    for name in sides:
        row(f"{name}: async job, p50 ms", f"{median(latency[name]):.1f}", f"rounds {[round(value, 1) for value in latency[name]]}")
        row(
            f"{name}: jobs/s, {THREADS} clients", f"{median(rate[name]):.1f}", f"rounds {[round(value, 1) for value in rate[name]]}"
        )


def _client(address: str, body: dict[str, object], key: str | None) -> Callable[[], float]:
    """A function that has one job done and gives the seconds it took."""
    headers = {"Prefer": "respond-async", **({"Authorization": f"Bearer {key}"} if key else {})}
    client = httpx.Client(headers=headers, timeout=60, limits=httpx.Limits(max_connections=THREADS * 2))

    def one() -> float:
        began = time.monotonic()
        job = client.post(address, json=body).headers["location"]
        while client.get(job, params={"f": "json"}).json()["status"] not in FINISHED:
            time.sleep(0.005)
        found = client.get(f"{job}/results", params={"f": "json"})
        found.raise_for_status()
        return time.monotonic() - began

    return one


def _pygeoapi(folder: Path) -> tuple[list[str], dict[str, str]]:
    """The command that serves pygeoapi's hello-world under its TinyDB manager, and its environment."""
    config, document = folder / "pygeoapi.yml", folder / "openapi.yml"
    (folder / "jobs").mkdir()
    config.write_text(yaml.safe_dump(_config(folder)))
    environment = {**os.environ, "PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(document)}
    program = Path(sys.executable).parent / "pygeoapi"
    tool = [str(program), "openapi", "generate", str(config), "--output-file", str(document)]
    subprocess.run(tool, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    command = [sys.executable, "-m", "uvicorn", "pygeoapi.starlette_app:APP", "--host", "127.0.0.1", "--port", str(PEER_PORT)]
    return [*command, "--workers", "1", "--log-level", "error", "--no-access-log"], environment


def _config(folder: Path) -> dict[str, object]:
    person = {"name": "n", "position": "p", "address": "a", "city": "c", "stateorprovince": "s", "postalcode": "1", "country": "CH"}
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": PEER_PORT},
            "url": f"http://127.0.0.1:{PEER_PORT}",
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": ["en-US"],
            "limits": {"default_items": 10, "max_items": 100},
            "map": {"url": "http://127.0.0.1/{z}/{x}/{y}.png", "attribution": "none"},
            "manager": {"name": "TinyDB", "connection": str(folder / "jobs.json"), "output_dir": str(folder / "jobs")},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                "title": "benchmark",
                "description": "benchmark",
                "keywords": ["benchmark"],
                "terms_of_service": "none",
                "url": "http://127.0.0.1",
            },
            "license": {"name": "none", "url": "http://127.0.0.1"},
            "provider": {"name": "none", "url": "http://127.0.0.1"},
            "contact": person,
        },
        "resources": {"hello-world": {"type": "process", "processor": {"name": "HelloWorld"}}},
    }


if __name__ == "__main__":
    main()
