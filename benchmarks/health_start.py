"""Seconds from `gateway serve` to the first 200 of /health, on a demo twin.

uv run python -m benchmarks.health_start [--rounds 5]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.measure import GATEWAY, median, row, run, serving

PORT = 8814


def main() -> None:
    """Build a demo, start its server a few times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds: int = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        twin = Path(folder) / "twin"
        run([GATEWAY, "demo", "--no-serve", "--dir", str(twin)])
        times = []
        for _ in range(rounds):
            with serving([GATEWAY, "serve", str(twin), "--port", str(PORT)], f"http://127.0.0.1:{PORT}/health") as started:
                times.append(started.seconds)
    row("serve to /health, s", f"median {median(times):.2f}", f"worst {max(times):.2f}")


if __name__ == "__main__":
    main()
