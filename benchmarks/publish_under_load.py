"""Reads while a publication goes on: bbox 10 at a fixed rate, open loop, idle and beside a process that publishes deltas.

    uv run --group bench python -m benchmarks.publish_under_load [--seconds 600] [--count 1000000] [--changed 10000]
        [--every 10] [--rate 200] [--folder DIR] [--twin DIR]

Requests leave on a schedule, whatever became of those before, and a latency counts from the scheduled moment: a server that
stands still for a second is seen to do so. Each delta changes other features, from everywhere: the worst case for the file.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from pathlib import Path

import numpy as np
import pyogrio

from benchmarks import buildings, twins
from benchmarks.measure import GATEWAY, row, serving

PORT = 8817
CONNECTIONS = 64
_SECONDS = 10.0


@dataclass
class Taken:
    """Latencies in seconds, in the order of the schedule, and what went wrong."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def at(self, share: float) -> float:
        """The latency that this share of the requests stayed below, in milliseconds."""
        ordered = sorted(self.seconds) or [float("inf")]
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Load:
    """Sends requests at fixed moments over kept connections."""

    def __init__(self, port: int, paths: list[str], rate: float) -> None:
        self._port = port
        self._paths = paths
        self._rate = rate
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def run(self, seconds: float) -> Taken:
        """All latencies of `seconds` of load."""
        taken, begun = Taken(), time.perf_counter()
        tasks = []
        for number in range(int(seconds * self._rate)):
            due = begun + number / self._rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            tasks.append(asyncio.create_task(self._one(self._paths[number % len(self._paths)], due, taken)))
        await asyncio.gather(*tasks)
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()
        return taken

    async def _one(self, path: str, due: float, taken: Taken) -> None:
        try:
            status = await asyncio.wait_for(self._ask(path), _SECONDS)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            taken.errors.append(repr(error))
            return
        taken.seconds.append(time.perf_counter() - due)
        if status != 200:
            taken.errors.append(f"status {status}")

    async def _ask(self, path: str) -> int:
        """The status of one answer; a kept connection that the server has closed meanwhile is replaced, as browsers do."""
        while self._idle:
            reader, writer = self._idle.pop()
            try:
                return await self._over(reader, writer, path)
            except (ConnectionError, asyncio.IncompleteReadError) as error:
                writer.close()
                if getattr(error, "partial", b""):
                    raise
        return await self._over(*await asyncio.open_connection("127.0.0.1", self._port), path)

    async def _over(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> int:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        if len(self._idle) < CONNECTIONS:
            self._idle.append((reader, writer))
        else:
            writer.close()
        return int(head[9:12])


def main() -> None:
    """Serve, load idle, load while deltas are published, compare."""
    options = _options()
    folder: Path = options.folder or Path(tempfile.mkdtemp(prefix="bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / f"buildings-{options.count}.gpkg"
    made = buildings.city(options.count) if source.is_file() else buildings.write(options.count, source)
    twin = options.twin or twins.embedded(folder, source, options.count)
    paths = [
        f"/collections/{buildings.LAYER}/items?f=json&limit=10&bbox={','.join(map(str, box))}"
        for box in buildings.boxes(made, 10, 300)
    ]
    deltas = _deltas(source, options, folder)
    load = Load(PORT, paths, options.rate)
    serve = [GATEWAY, "serve", str(twin), "--port", str(PORT), "--workers", "1"]
    with serving(serve, f"http://127.0.0.1:{PORT}/health"):
        asyncio.run(load.run(3.0))
        idle = asyncio.run(load.run(min(options.seconds, 60)))
        stop = multiprocessing.Event()
        published: multiprocessing.Queue[tuple[float, int]] = multiprocessing.Queue()
        publisher = multiprocessing.Process(target=_publish, args=(twin, deltas, options.every, stop, published))
        publisher.start()
        busy = asyncio.run(load.run(options.seconds))
        stop.set()
        publisher.join(120)
    took = [published.get() for _ in range(published.qsize())]
    _tell(idle, busy, took)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--changed", type=int, default=10_000)
    parser.add_argument("--every", type=float, default=10.0, help="seconds between the beginnings of two publications")
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="a delta sent before changes nothing")
    parser.add_argument("--folder", type=Path, help="keep what is made here, for the next run")
    parser.add_argument("--twin", type=Path, help="a twin with the buildings of this count")
    return parser.parse_args()


def _deltas(source: Path, options: argparse.Namespace, folder: Path) -> list[Path]:
    """One GeoPackage a publication: whole buildings from everywhere, each with another height."""
    found = pyogrio.raw.read(source)
    names, values = list(found[0]["fields"]), found[3]
    height, targets = names.index("height_m"), []
    for seed in range(int(options.seconds / options.every) + 1):
        random = np.random.default_rng([options.seed, seed])
        chosen = random.choice(len(found[2]), options.changed, replace=False)
        columns = [column[chosen] for column in values]
        columns[height] = np.round(random.uniform(3, 60, options.changed), 2)
        targets.append(folder / f"delta-{seed}.gpkg")
        targets[-1].unlink(missing_ok=True)
        pyogrio.raw.write(
            *(targets[-1], found[2][chosen], columns, names),
            layer=buildings.LAYER,
            driver="GPKG",
            geometry_type="Polygon",
            crs="EPSG:4326",
        )
    return targets


def _publish(
    twin: Path, deltas: list[Path], every: float, stop: Event, published: multiprocessing.Queue[tuple[float, int]]
) -> None:
    """One publication after another by the command line, begun on a schedule as far as they keep up with it."""
    number, due = 0, time.monotonic()
    while number < len(deltas) and not stop.wait(max(0.0, due - time.monotonic())):
        begun = time.monotonic()
        command = [
            GATEWAY,
            "publish",
            str(twin),
            str(deltas[number]),
            "--id",
            "ident",
            "--mode",
            "delta",
            "--no-wait",
        ]
        done = subprocess.run(
            [*command, "--dataset", buildings.LAYER, "--collection", buildings.LAYER], capture_output=True, check=False
        )
        published.put((time.monotonic() - begun, done.returncode))
        number, due = number + 1, due + every


def _tell(idle: Taken, busy: Taken, took: list[tuple[float, int]]) -> None:
    row("", "requests", "p50, ms", "p99, ms", "p99.9, ms", "largest, ms", "errors")
    row("---", "---", "---", "---", "---", "---", "---")
    for name, found in (("idle", idle), ("publishing", busy)):
        row(name, len(found.seconds), *(found.at(share) for share in (0.5, 0.99, 0.999, 1.0)), len(found.errors))
    failed = sum(code != 0 for _, code in took)
    middle = statistics.median(seconds for seconds, _ in took) if took else 0.0
    print(f"{len(took)} publications, median {middle:.1f} s, {failed} failed")
    allowed = max(20.0, 2 * idle.at(0.99))
    print(f"p99 {busy.at(0.99):.1f} ms, allowed {allowed:.1f} ms; {'; '.join(sorted(set(busy.errors))[:5]) or 'no error'}")


if __name__ == "__main__":
    main()
