"""Seconds and peak memory of `gateway demo --no-serve`.

uv run python -m benchmarks.demo_time [--rounds 3]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.measure import GATEWAY, median, row, run


def main() -> None:
    """Build the demo a few times, each in a new folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds: int = parser.parse_args().rounds
    costs = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(rounds):
            costs.append(run([GATEWAY, "demo", "--no-serve", "--dir", str(Path(folder) / f"twin{number}")]))
    seconds = [cost.seconds for cost in costs]
    memory = max(cost.megabytes for cost in costs)
    row("demo --no-serve", f"median {median(seconds):.1f} s", f"worst {max(seconds):.1f} s", f"largest process {memory:.0f} MB")


if __name__ == "__main__":
    main()
