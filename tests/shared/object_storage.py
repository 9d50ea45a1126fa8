"""A real S3-compatible server for tests: versitygw where it is installed (Go), else moto's."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.settings import Settings

_MOTO = ("uv", "tool", "run", "--quiet", "--from", "moto[s3,server]==5.1.22", "moto_server")
"""In an environment of its own: what it needs does not go together with what the job queue needs."""

KEY, SECRET, BUCKET = "tester", "tester-secret", "twins"


@dataclass(frozen=True)
class ObjectStorage:
    """Where it listens, and the settings that reach it."""

    endpoint: str
    name: str

    @property
    def address(self) -> str:
        """The bucket, as twin.toml names it."""
        return f"s3://{BUCKET}/tests"

    @property
    def settings(self) -> Settings:
        """Settings with its endpoint and keys."""
        return Settings(s3_endpoint=self.endpoint, s3_key=KEY, s3_secret=SECRET, log_level="error")

    @property
    def environment(self) -> dict[str, str]:
        """The same for a process."""
        return {"GATEWAY_S3_ENDPOINT": self.endpoint, "GATEWAY_S3_KEY": KEY, "GATEWAY_S3_SECRET": SECRET}


def program() -> str | None:
    """versitygw on PATH, or where ``go install`` puts it."""
    beside = Path.home() / "go" / "bin" / "versitygw"
    return shutil.which("versitygw") or (str(beside) if beside.is_file() else None)


@contextmanager
def serving(folder: Path) -> Iterator[ObjectStorage]:
    """A server with an empty bucket over `folder`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = program()
    (folder / "data" / BUCKET).mkdir(parents=True)
    command = (
        [found, "--access", KEY, "--secret", SECRET, "--port", f"127.0.0.1:{port}", "posix", str(folder / "data")]
        if found is not None
        else [*_MOTO, "-H", "127.0.0.1", "-p", str(port)]
    )
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(port, process)
        storage = ObjectStorage(f"http://127.0.0.1:{port}", "versitygw" if found else "moto")
        if found is None:
            _make_bucket(storage)
        yield storage
    finally:
        process.terminate()
        process.wait(10)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(2400):
        if process.poll() is not None:
            raise RuntimeError(f"the object storage ended with {process.returncode}")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the object storage did not answer")


def _make_bucket(storage: ObjectStorage) -> None:
    import httpx

    httpx.put(f"{storage.endpoint}/{BUCKET}", timeout=10).raise_for_status()


if __name__ == "__main__" and program() is None:
    subprocess.run([*_MOTO, "--help"], check=True, stdout=subprocess.DEVNULL)
