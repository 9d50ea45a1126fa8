"""Runs the web application under uvicorn, in one process or several that share one port."""

from __future__ import annotations

import ctypes
import gc
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import uvicorn
from fastapi import FastAPI

from gateway.errors import GatewayError, UsageError
from gateway.settings import load
from gateway.web import counting
from gateway.web.guard import Guarded
from gateway.web.keeper import Keeper

_BACKLOG = 1024
_ARENA_MAX = -8
"""M_ARENA_MAX of glibc's mallopt."""
_OPTIONS: dict[str, Any] = {
    "access_log": False,
    "log_level": "warning",
    "proxy_headers": False,
    "server_header": False,
    "timeout_keep_alive": 20,
    "timeout_graceful_shutdown": 10,
    "limit_concurrency": 2_000,
    "http": Guarded,
    "ws": "none",
    "lifespan": "on",
    "factory": True,
}


class PortTakenError(GatewayError):
    """The port cannot be had."""

    code: ClassVar[str] = "port-taken"
    exit_code: ClassVar[int] = 4


@dataclass(frozen=True, slots=True)
class Application:
    """Makes the application anew in each worker process, over its own open twin."""

    folder: Path

    def __call__(self) -> FastAPI:
        """Open the twin and build the application; it closes the twin when the server ends."""
        from gateway.web import log
        from gateway.web.app import create_app
        from gateway.wiring import open_gateway

        settings = load()
        log.configure(settings.log_level)
        made = create_app(open_gateway(self.folder, settings), owns=True)
        # What is loaded now stays: the collector need not look through all of it while readers wait.
        gc.collect()
        gc.freeze()
        _share_arenas()
        return made


def _share_arenas() -> None:
    """Let all threads take memory from two arenas of the C library: one for each keeps what its largest answer needed."""
    with suppress(AttributeError, OSError):  # another C library than glibc has no such setting
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 2)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises PortTakenError with a clear sentence, UsageError for an address that is none."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        found.close()
        if isinstance(error, socket.gaierror | OverflowError):
            raise UsageError(f"{host}:{port} is no address of this machine", cure="--host 127.0.0.1 --port 8000") from error
        raise PortTakenError(f"port {port} of {host} cannot be had: {error.strerror}", cure=f"--port {port + 1}") from error
    found.set_inheritable(True)
    return found


def serve(folder: Path, host: str = "127.0.0.1", port: int = 8000, workers: int = 1) -> None:
    """Serve the twin in `folder` and do its jobs until interrupted. Raises PortTakenError before anything is started."""
    serve_on(listen(host, port), folder, workers=workers)


def serve_on(sock: socket.socket, folder: Path, *, workers: int = 1) -> None:
    """The same on a socket that listens already; it is closed at the end."""
    if workers < 1:
        raise UsageError("there must be at least one worker", cure="--workers 1")
    counting.begin_anew(folder)
    config = uvicorn.Config(Application(folder.resolve()), workers=workers, **_OPTIONS)
    keeper = Keeper(folder.resolve())
    before = {sign: signal.getsignal(sign) for sign in (signal.SIGINT, signal.SIGTERM)}
    keeper.start()
    try:
        if workers == 1:
            uvicorn.Server(config).run(sockets=[sock])
        else:
            from uvicorn.supervisors import Multiprocess

            Multiprocess(config, sockets=[sock]).run()
    except KeyboardInterrupt:
        return
    finally:
        keeper.stop()
        for sign, handler in before.items():
            signal.signal(sign, handler)
        sock.close()
