"""Downloads of a large collection: how soon and how fast a file streams while it is made, the worker's memory, and the made file.

    uv run python -m benchmarks.downloads [--count 1000000] [--folder DIR]

The made file is fetched in turn with the same bytes served as a static file by the same server; the ratio is of the medians.
"""

from __future__ import annotations

import argparse
import http.client
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from benchmarks import buildings
from benchmarks.measure import GATEWAY, median, row, run
from gateway.web.app import STATIC

PORT = 8831
FORMATS = ("geojson", "cityjsonseq")
ROUNDS = 5


@dataclass(frozen=True)
class Fetched:
    """Seconds to the first byte and to the last, and bytes."""

    first: float
    last: float
    size: int

    @property
    def rate(self) -> float:
        """MB/s."""
        return self.size / self.last / 1e6


def main() -> None:
    """Publish, serve with one worker, fetch each format twice, then beside a static file."""
    options = _options()
    folder: Path = options.folder or Path(tempfile.mkdtemp(prefix="bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    twin = _twin(folder, options.count)
    shutil.rmtree(twin / "downloads", ignore_errors=True)
    row("format", "first byte s", "MB", "MB/s while made", "RSS before MB", "RSS peak MB", "MB/s made", "MB/s static", "ratio")
    row(*["---"] * 9)
    for name in FORMATS:
        _measure(twin, name)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="keep what is made here, for the next run")
    return parser.parse_args()


def _twin(folder: Path, count: int) -> Path:
    source, twin = folder / f"buildings-{count}.gpkg", folder / f"twin-{count}"
    if not source.is_file():
        buildings.write(count, source)
    if not twin.exists():
        run([GATEWAY, "init", str(twin)])
        run([GATEWAY, "publish", str(twin), str(source), "--id", "ident", "--no-wait"])
    return twin


def _measure(twin: Path, name: str) -> None:
    """One format on a server of its own, so that its memory is of this format alone."""
    address = f"/collections/{buildings.LAYER}/download?f={name}"
    process = subprocess.Popen(
        [GATEWAY, "serve", str(twin), "--port", str(PORT)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    static = STATIC / "vendor" / f"benchmark-{os.getpid()}.bin"
    try:
        _await("/health")
        _fetch("/collections?f=html")
        before = _memory(process.pid, "VmRSS")
        made = _fetch(address)
        peak = _memory(process.pid, "VmHWM")
        with static.open("wb") as file:
            _fetch(address, file)
        pairs = [(_fetch(address), _fetch(f"/static/vendor/{static.name}")) for _ in range(ROUNDS)]
        ours, theirs = median([pair[0].rate for pair in pairs]), median([pair[1].rate for pair in pairs])
        row(name, f"{made.first:.3f}", made.size / 1e6, made.rate, before, peak, ours, theirs, f"{ours / theirs:.2f}")
    finally:
        static.unlink(missing_ok=True)
        process.terminate()
        process.wait(20)


def _await(path: str) -> None:
    for _ in range(600):
        try:
            _fetch(path)
        except (ConnectionError, http.client.HTTPException):
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the server does not answer")


def _fetch(path: str, sink: BinaryIO | None = None) -> Fetched:
    """GET, in pieces; nothing is kept unless there is a sink. Raises where it is no success or ends early."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=600)
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status}")
    size, first, piece = 0, 0.0, bytearray(1 << 20)
    while count := answer.readinto(piece):
        first = first or time.perf_counter() - began
        size += count
        if sink is not None:
            sink.write(memoryview(piece)[:count])
    connection.close()
    return Fetched(first, time.perf_counter() - began, size)


def _memory(pid: int, field: str) -> float:
    """A field of the process's status in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{field}:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
