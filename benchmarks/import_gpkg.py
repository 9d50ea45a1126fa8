"""Import of a GeoPackage of a million buildings: features/s and the peak memory of the largest process.

    uv run python -m benchmarks.import_gpkg [--count 1000000] [--folder DIR]

Twice: with its projections brought up to date before the command returns, and without waiting for them.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from benchmarks import buildings
from benchmarks.measure import GATEWAY, row, run


def main() -> None:
    """Generate the file unless it is there, import it both ways."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder: Path = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        source = folder / f"buildings-{options.count}.gpkg"
        if not source.is_file():
            buildings.write(options.count, source)
        row("import", "seconds", "features/s", "largest process MB", "twin MB", "file MB")
        row("---", "---", "---", "---", "---", "---")
        for name, extra in (("with projections", []), ("without projections", ["--no-wait"])):
            _import(name, extra, source, folder / "import-twin", options.count)


def _import(name: str, extra: list[str], source: Path, twin: Path, count: int) -> None:
    shutil.rmtree(twin, ignore_errors=True)
    run([GATEWAY, "init", str(twin)])
    cost = run([GATEWAY, "publish", str(twin), str(source), "--id", "ident", *extra])
    sizes = (twin / "twin.gpkg").stat().st_size / 1e6, source.stat().st_size / 1e6
    row(name, cost.seconds, f"{count / cost.seconds:,.0f}", cost.megabytes, *sizes)
    shutil.rmtree(twin)


if __name__ == "__main__":
    main()
