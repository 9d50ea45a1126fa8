"""A large IFC read in a child of at most 1 GB: seconds, features, and by how much the gateway's own process grows.

    uv run python -m benchmarks.ifc_memory [--source FILE.ifc] [--megabytes 40]

Without --source the file is GATEWAY_CORPUS/ifc/AC14-FZK-Haus.ifc; it is laid beside itself, with new instance numbers and
GlobalIds, until it is large enough.
"""

from __future__ import annotations

import argparse
import os
import re
import tempfile
import time
from multiprocessing import Process
from pathlib import Path

from benchmarks.measure import row
from gateway.adapters.ifc import ADAPTER
from gateway.adapters.ifc.adapter import LIMITS
from gateway.ports import ReadOptions

_REFERENCE = re.compile(rb"#(\d+)")
_GLOBAL_ID = re.compile(rb"\('([0-3][0-9A-Za-z_$]{19})[0-9A-Za-z_$]{2}'")
_LETTERS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_$"


def main() -> None:
    """Multiply the file, read it, print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path)
    parser.add_argument("--megabytes", type=int, default=40)
    options = parser.parse_args()
    source = options.source or _from_corpus()
    with tempfile.TemporaryDirectory() as folder:
        large = Path(folder) / "large.ifc"
        maker = Process(target=multiply, args=(source, large, options.megabytes * 1_000_000))
        maker.start()  # apart, since making the file takes more memory than reading it
        maker.join()
        before, began, features = _high_water(), time.monotonic(), 0
        with ADAPTER.open(large, ReadOptions()) as reading:
            for feature in reading:
                features += bool(feature.id)
        row("input MB", "features", "seconds", "gateway grows by MB", "limit of the child MB")
        row("---", "---", "---", "---", "---")
        grown = (_high_water() - before) / 1024
        row(large.stat().st_size / 1e6, features, time.monotonic() - began, grown, LIMITS.memory >> 20)


def _from_corpus() -> Path:
    folder = os.environ.get("GATEWAY_CORPUS")
    if folder is None:
        raise SystemExit("GATEWAY_CORPUS is not set: name a file with --source")
    return Path(folder) / "ifc" / "AC14-FZK-Haus.ifc"


def multiply(source: Path, target: Path, size: int) -> None:
    """Write copies of the data section of `source` behind one another until `target` has `size` bytes."""
    head, _, rest = source.read_bytes().partition(b"DATA;")
    data = rest.rpartition(b"ENDSEC;")[0]
    step = max(int(number) for number in _REFERENCE.findall(data)) + 1
    with target.open("wb") as out:
        out.write(head + b"DATA;")
        copy = 0
        while out.tell() < size:
            shifted = _REFERENCE.sub(lambda found, by=copy * step: b"#%d" % (int(found[1]) + by), data)
            out.write(_GLOBAL_ID.sub(lambda found, tail=_tail(copy): b"('" + found[1] + tail + b"'", shifted))
            copy += 1
        out.write(b"ENDSEC;\nEND-ISO-10303-21;\n")


def _tail(copy: int) -> bytes:
    return bytes((_LETTERS[copy // 64], _LETTERS[copy % 64]))


def _high_water() -> int:
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    main()
