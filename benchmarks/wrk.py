"""A load by wrk: one thread, 16 connections, the requests of a file in turn; a wrong status is an error, not a figure."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 16
_SCRIPT = """
local paths = {}
for line in io.lines("%s") do paths[#paths + 1] = line end
local at = 0
request = function()
  at = at %% #paths + 1
  return wrk.format("GET", paths[at])
end
"""
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True, slots=True)
class Load:
    """What a round of requests came to: requests a second, and the median and 99th percentile of the latency in ms."""

    rate: float
    p50: float
    p99: float


def rate(base: str, paths: Sequence[str], folder: Path, seconds: int) -> float:
    """Requests answered a second. Raises RuntimeError where an answer was no success or a socket failed."""
    return measure(base, paths, folder, seconds).rate


def measure(base: str, paths: Sequence[str], folder: Path, seconds: int) -> Load:
    """One round. Raises RuntimeError where an answer was no success or a socket failed."""
    listed, script = folder / "paths.txt", folder / "paths.lua"
    listed.write_text("\n".join(paths) + "\n")
    script.write_text(_SCRIPT % listed)
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "--timeout", "60s", "-s", str(script), base]
    report = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", report)
    if found is None or "Non-2xx" in report or "Socket errors" in report:
        raise RuntimeError(f"{base}: {report}")
    return Load(float(found[1]), _percentile(report, 50), _percentile(report, 99))


def _percentile(report: str, share: int) -> float:
    found = re.search(rf"^\s+{share}%\s+([\d.]+)(us|ms|s|m)$", report, re.MULTILINE)
    return float(found[1]) * _UNITS[found[2]] if found else float("nan")
