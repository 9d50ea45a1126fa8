"""What the benchmarks share: run a command and know its time and the peak memory of its largest process; serve and wait."""

from __future__ import annotations

import os
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
    """Run a command to its end. Raises CalledProcessError where it fails."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL if quiet else None)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(time.monotonic() - began, usage.ru_maxrss / 1024)


@contextmanager
def serving(command: Sequence[str], health: str, *, seconds: float = 60.0, env: dict[str, str] | None = None) -> Iterator[float]:
    """A server for the length of the block; yields the seconds until `health` answered 200."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    try:
        yield _answering(process, health, began, seconds)
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
