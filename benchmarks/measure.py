"""What the benchmarks share: run a command and know its time and the peak memory of its largest process; serve and wait."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

GATEWAY = str(Path(sys.executable).parent / "gateway")


@dataclass(frozen=True)
class Cost:
    """Wall seconds, and the peak RSS in MB of the largest of the command's processes (children it waited for included)."""

    seconds: float
    megabytes: float


def run(command: Sequence[str], *, quiet: bool = True) -> Cost:
    """Run a command to its end. Raises CalledProcessError where it fails.

    Peaks are read from the high-water marks of the process and its children while they live: what wait4 says of memory
    counts the process that started it, too.
    """
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL if quiet else None)
    peak = 0
    while process.poll() is None:
        peak = max([peak, *map(_high_water, _family(process.pid))])
        time.sleep(0.02)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(time.monotonic() - began, peak / 1024)


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:  # it has ended
        return
    for child in below.split():
        yield from _family(int(child))


def _high_water(pid: int) -> int:
    """Peak resident memory of a process, in kB; 0 once it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = status.partition("VmHWM:")[2].split()
    return int(found[0]) if found else 0


@dataclass(frozen=True, slots=True)
class Started:
    """A server that answers: the seconds until it did, and its process."""

    seconds: float
    pid: int

    @property
    def private(self) -> float:
        """Its private memory now, clean and dirty, in MB (Linux: /proc/PID/smaps_rollup)."""
        lines = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith(("Private_Clean:", "Private_Dirty:"))) / 1024


@contextmanager
def serving(command: Sequence[str], health: str, *, seconds: float = 60.0, env: dict[str, str] | None = None) -> Iterator[Started]:
    """A server for the length of the block, from when `health` answered 200."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    try:
        yield Started(_answering(process, health, began, seconds), process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _answering(process: subprocess.Popen[bytes], health: str, began: float, seconds: float) -> float:
    while time.monotonic() - began < seconds:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            with urllib.request.urlopen(health, timeout=5) as answer:
                if answer.status == 200:
                    return time.monotonic() - began
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.02)
    raise RuntimeError(f"{health} did not answer within {seconds} s")


def median(values: Sequence[float]) -> float:
    """The middle value."""
    return statistics.median(values)


def row(*cells: object) -> None:
    """One line of a table, ready to be pasted into a note."""
    print("| " + " | ".join(f"{cell:,.1f}" if isinstance(cell, float) else str(cell) for cell in cells) + " |", flush=True)
