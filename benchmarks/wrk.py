"""A load by wrk: one thread, 16 connections, the requests of a file in turn; a wrong status is an error, not a figure."""

from __future__ import annotations

import re
import subprocess
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


def rate(base: str, paths: list[str], folder: Path, seconds: int) -> float:
    """Requests answered a second. Raises RuntimeError where an answer was no success or a socket failed."""
    listed, script = folder / "paths.txt", folder / "paths.lua"
    listed.write_text("\n".join(paths) + "\n")
    script.write_text(_SCRIPT % listed)
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "60s", "-s", str(script), base]
    report = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in report or "Socket errors" in report:
        raise RuntimeError(report)
    found = re.search(r"Requests/sec:\s+([\d.]+)", report)
    if found is None:
        raise RuntimeError(report)
    return float(found[1])
