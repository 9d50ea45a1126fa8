"""The child's side of `gateway.gates.child`: takes the order, limits itself, runs the function, sends frames back."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pickle
import resource
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO

from gateway.errors import GatewayError

_HEAD = struct.Struct(">cQ")
_FORBIDDEN = frozenset(
    (
        *("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo"),
        *("os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.system"),
    )
)
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_LOG = 1 << 16
"""Bytes a child may always write, so that its last words fit into the log."""


def main() -> None:
    """Serve one order from the pipe on stdin; results go to the pipe on stdout, which nothing else can then write to."""
    source = os.fdopen(os.dup(0), "rb", 1 << 20)
    sink = os.fdopen(os.dup(1), "wb", 1 << 20)
    os.dup2(2, 1)
    _, order = _receive(source)
    function = _resolve(order["module"], order["file"], order["function"])
    _limit(order["limits"])
    try:
        _work(function, order, source, sink)
        _send(sink, b"e", None)
    except GatewayError as error:
        _send(sink, b"x", {"code": error.code, "message": error.message, "place": error.place, "cure": error.cure})
    sink.flush()
    os._exit(0)


def _work(function: Callable[..., Any], order: dict[str, Any], source: BinaryIO, sink: BinaryIO) -> None:
    args = (_items(source), *order["args"]) if order["fed"] else order["args"]
    if order["single"]:
        _send(sink, b"r", function(*args))
        return
    for result in function(*args):
        _send(sink, b"r", result)


def _items(source: BinaryIO) -> Iterator[Any]:
    while True:
        kind, item = _receive(source)
        if kind == b"e":
            return
        yield item


def _receive(source: BinaryIO) -> tuple[bytes, Any]:
    head = source.read(_HEAD.size)
    if len(head) < _HEAD.size:
        os._exit(0)
    kind, size = _HEAD.unpack(head)
    return kind, pickle.loads(source.read(size))  # noqa: S301 - the gateway itself wrote it


def _send(sink: BinaryIO, kind: bytes, value: Any) -> None:
    body = pickle.dumps(value, 5)
    sink.write(_HEAD.pack(kind, len(body)))
    sink.write(body)
    sink.flush()


def _resolve(module: str, file: str | None, name: str) -> Callable[..., Any]:
    if file is None or _is_installed(module):
        found: Any = importlib.import_module(module)
    else:
        spec = importlib.util.spec_from_file_location(module, file)
        if spec is None or spec.loader is None:
            raise ImportError(module)
        found = importlib.util.module_from_spec(spec)
        sys.modules[module] = found
        spec.loader.exec_module(found)
    for part in name.split("."):
        found = getattr(found, part)
    function: Callable[..., Any] = found
    return function


def _is_installed(module: str) -> bool:
    """Whether a module is found by its name; a package of the same name elsewhere need not have it."""
    try:
        return module in sys.modules or importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _limit(limits: dict[str, int]) -> None:
    """Take away what the work does not need; the function's module has been imported before."""
    if hasattr(os, "unshare"):
        with suppress(OSError):  # not every system lets an ordinary user do this
            os.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    wanted = {
        resource.RLIMIT_AS: limits["memory"],
        resource.RLIMIT_CPU: limits["cpu"],
        resource.RLIMIT_FSIZE: max(limits["file"], _LOG),
        resource.RLIMIT_NOFILE: limits["open_files"],
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_CORE: 0,
    }
    for which, value in wanted.items():
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))
    sys.addaudithook(_refuse)


def _refuse(event: str, args: tuple[Any, ...]) -> None:
    if event in _FORBIDDEN:
        raise PermissionError(f"{event} is not allowed here")
