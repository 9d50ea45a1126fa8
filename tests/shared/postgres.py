"""A PostgreSQL server with PostGIS for the length of a test run: a fresh data folder, loopback only, ended with the run."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg

PACKAGES = "postgresql postgresql-15-postgis-3"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "fsync": "off",  # the tests kill servers, never machines
    "autovacuum_naptime": "10s",
}
_schemas = itertools.count(1)


@dataclass
class Cluster:
    """One server. `address` names its database; each twin of a test takes a schema of its own in it."""

    folder: Path
    port: int
    binaries: Path

    @property
    def address(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/twins"

    def twin(self) -> str:
        """The address of a schema that no other test has."""
        return f"{self.address}?schema=t{os.getpid()}_{next(_schemas)}"

    def control(self, *arguments: str) -> None:
        """Run pg_ctl (``restart -m immediate``) and wait until it is done."""
        options = " ".join([f"-p {self.port}", f"-k {self.folder}", *(f"-c {name}={value}" for name, value in _SETTINGS.items())])
        command = [str(self.binaries / "pg_ctl"), "-D", str(self.folder / "cluster"), "-w", "-l", str(self.folder / "log")]
        _as_owner([*command, "-o", options, *arguments])

    def ask(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """The rows of one question asked as superuser."""
        with psycopg.connect(self.address, autocommit=True) as connection:
            cursor = connection.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

    def stop(self) -> None:
        self.control("stop", "-m", "immediate")
        shutil.rmtree(self.folder)


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl of the newest server with PostGIS on this machine."""
    found = [
        path.parent
        for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")
        if Path(f"/usr/share/postgresql/{path.parts[-3]}/extension/postgis.control").is_file()
    ]
    return max(found, key=lambda path: int(path.parts[-2])) if found else None


def start() -> Cluster:
    """Start a server in a fresh folder. Raises FileNotFoundError where none is installed."""
    programs = binaries()
    if programs is None:
        raise FileNotFoundError(f"no PostgreSQL server with PostGIS is installed (apt-get install {PACKAGES})")
    # Not below pytest's own folder: the server runs as another user when the tests run as root, and a socket's path is short.
    folder = Path(tempfile.mkdtemp(prefix="gateway-pg-"))
    if os.getuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    initdb = [str(programs / "initdb"), "-D", str(folder / "cluster"), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
    _as_owner([*initdb, "--locale=C.UTF-8", "--no-sync"])
    cluster = Cluster(folder, _free_port(), programs)
    cluster.control("start")
    with psycopg.connect(f"postgresql://postgres@127.0.0.1:{cluster.port}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE twins")
    cluster.ask("CREATE EXTENSION postgis")
    return cluster


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _as_owner(command: list[str]) -> None:
    prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.getuid() == 0 else []
    done = subprocess.run([*prefix, *command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/", check=False, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}")
