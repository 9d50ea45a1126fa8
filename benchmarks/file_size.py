"""How much more a twin takes on disk than the plain GeoPackage it was published from: one version, two dimensions.

    uv run --group bench python -m benchmarks.file_size [--count 100000] [--tables]

The twin's file is folded first (no log beside it). Projections (graph, tiles, downloads) and blobs are told apart.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import apsw

from benchmarks import buildings
from benchmarks.measure import GATEWAY, row, run

_BY_TABLE = "SELECT name, sum(pgsize) FROM dbstat GROUP BY name HAVING sum(pgsize) > ? ORDER BY 2 DESC"


def main() -> None:
    """Generate, publish, weigh."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--tables", action="store_true", help="also what each table and index takes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        source, twin = Path(place, "buildings.gpkg"), Path(place, "twin")
        buildings.write(options.count, source)
        run([GATEWAY, "init", str(twin)])
        run([GATEWAY, "publish", str(twin), str(source), "--id", "ident"])
        plain, kept = source.stat().st_size, _folded(twin / "twin.gpkg")
        row("features", "plain GeoPackage, MB", "twin's GeoPackage, MB", "ratio")
        row("---", "---", "---", "---")
        row(options.count, plain / 1e6, kept / 1e6, f"{kept / plain:.2f}")
        for name in ("graph", "tiles", "downloads", "blobs"):
            size = sum(path.stat().st_size for path in (twin / name).rglob("*") if path.is_file())
            row(f"apart: {name}", "", size / 1e6, "")
        if options.tables:
            for path in (source, twin / "twin.gpkg"):
                _tables(path)


def _folded(path: Path) -> int:
    connection = apsw.Connection(str(path))
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.close()
    return path.stat().st_size


def _tables(path: Path) -> None:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    for name, size in connection.execute(_BY_TABLE, (path.stat().st_size // 500,)):
        row(f"{path.name}: {name}", "", int(str(size)) / 1e6, "")
    connection.close()


if __name__ == "__main__":
    main()
