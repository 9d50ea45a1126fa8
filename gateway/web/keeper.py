"""Keeps a worker for the twin's jobs while the twin is served: a process of its own, started anew when it dies."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import structlog

_COMMAND = "from gateway.cli.app import main; main()"
_DELAY = 3.0
"""Seconds after the start of the server, which is to answer first."""
_AGAIN = (0.2, 5.0)
_END_SECONDS = 5.0
_log = structlog.get_logger("gateway.jobs")


class Keeper:
    """Starts the worker beside a server and starts it again whenever it ends. The worker also ends by itself with this process."""

    def __init__(self, folder: Path, *, delay: float = _DELAY) -> None:
        self._folder = folder
        self._delay = delay
        self._stop = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="jobs", daemon=True)

    def start(self) -> None:
        """Begin, after a moment."""
        self._thread.start()

    def stop(self) -> None:
        """End the worker; jobs it leaves are taken up at the next start."""
        self._stop.set()
        if self._child is not None:
            self._child.terminate()
        self._thread.join(_END_SECONDS)
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
            self._child.wait()

    def _keep(self) -> None:
        self._stop.wait(self._delay)
        pause = _AGAIN[0]
        while not self._stop.is_set():
            command = [sys.executable, "-c", _COMMAND, "work", str(self._folder), "--parent", str(os.getpid())]
            self._child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno())
            if self._stop.is_set():
                self._child.terminate()
            code = self._child.wait()
            if not self._stop.is_set():
                _log.warning("worker", state="ended", code=code)
                self._stop.wait(pause)
                pause = min(pause * 2, _AGAIN[1])
