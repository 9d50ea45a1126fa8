"""Runs a function on a stranger's file in a limited child process, so that what kills a parser never kills the gateway.

The child has its own session, an empty environment, limits of memory, processor time, file size and open files, no network
where the system allows that to be taken away, and no child processes of its own. Arguments go to it, and results come back,
as frames over pipes: plain data only (None, bool, int, float, str, bytes, lists, tuples, dicts), because a frame from the child
is read without the power to name a class. A child that dies is Unreadable; one that meets a limit is OutOfTime.
"""

from __future__ import annotations

import io
import os
import pickle
import selectors
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from gateway import errors
from gateway.errors import GatewayError, OutOfTime, TooLarge, Unreadable

_HEAD = struct.Struct(">cQ")
_CODE = "from gateway.gates.childside import main; main()"
_CLASSES = {c.code: c for c in (errors.Unreadable, errors.Unsupported, errors.TooLarge, errors.OutOfTime, errors.UsageError)}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use: address space and file size in bytes, processor seconds in all, seconds the gateway waits for any
    one frame, and bytes of one frame."""

    memory: int = 512 << 20
    cpu: int = 600
    seconds: float = 60.0
    file: int = 0
    frame: int = 64 << 20
    open_files: int = 32


def run(
    function: Callable[..., Any], *args: Any, memory: int = 512 << 20, seconds: float = 60.0, cpu: int | None = None, file: int = 0
) -> Any:
    """Call the module-level `function` with `args` in a child and give what it returns.

    `seconds` bounds the wall clock, `cpu` (default: as much) the processor time, `file` the size of any file it writes.
    Raises what the function raised of `gateway.errors`, Unreadable if the child dies, OutOfTime at a limit.
    """
    limits = Limits(memory=memory, seconds=seconds, cpu=cpu or max(1, round(seconds)), file=file)
    results = list(stream(function, *args, limits=limits, single=True))
    return results[0]


def stream(
    function: Callable[..., Any], *args: Any, limits: Limits, items: Iterable[Any] | None = None, single: bool = False
) -> Iterator[Any]:
    """Call a module-level generator function in a child and give what it yields, as it comes.

    With `items`, the function's first argument is an iterator over them: each is sent to the child as plain data while results
    are awaited only at the end (for writers). With `single` the function's return value is the only result. Close the iterator
    to end the child early. Errors as `run`.
    """
    child = _Child(function, args, limits, single, fed=items is not None)
    try:
        if items is not None:
            child.feed(items)
        yield from child.frames()
    finally:
        child.end()


class _Child:
    """One child process and the three pipes to it."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...], limits: Limits, single: bool, *, fed: bool) -> None:
        self._limits = limits
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in end()
        self._folder = tempfile.TemporaryDirectory(prefix="gateway-child-")
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-B", "-c", _CODE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
            close_fds=True,
            cwd=self._folder.name,
            env=_environment(self._folder.name),
        )
        order = {
            "module": function.__module__,
            "file": getattr(sys.modules[function.__module__], "__file__", None),
            "function": function.__qualname__,
            "args": args,
            "single": single,
            "fed": fed,
            "limits": {name: getattr(limits, name) for name in ("memory", "cpu", "file", "open_files", "frame")},
        }
        self._send(b"o", order)

    def _send(self, kind: bytes, value: Any) -> None:
        body = pickle.dumps(value, 5)
        pipe = self._pipe(self._process.stdin)
        try:
            pipe.write(_HEAD.pack(kind, len(body)))
            pipe.write(body)
            pipe.flush()
        except (BrokenPipeError, ValueError):
            for _ in self.frames():
                pass
            raise self._death() from None

    def feed(self, items: Iterable[Any]) -> None:
        """Send every item, then the end mark. A child that stops reading is found by its death."""
        for item in items:
            self._send(b"i", item)
        self._send(b"e", None)

    def frames(self) -> Iterator[Any]:
        """Results as they come, up to the child's end mark."""
        pipe = self._pipe(self._process.stdout)
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while True:
                kind, body = self._frame(pipe.fileno(), selector)
                if kind == b"e":
                    return
                if kind == b"x":
                    raise _error(_plain(body))
                yield _plain(body)

    def _frame(self, descriptor: int, selector: selectors.BaseSelector) -> tuple[bytes, bytes]:
        deadline = time.monotonic() + self._limits.seconds
        kind, size = _HEAD.unpack(self._exactly(descriptor, selector, _HEAD.size, deadline))
        if size > self._limits.frame:
            raise TooLarge(f"one result of {size} bytes is over the limit of {self._limits.frame}")
        return kind, self._exactly(descriptor, selector, size, deadline)

    def _exactly(self, descriptor: int, selector: selectors.BaseSelector, size: int, deadline: float) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not selector.select(left):
                raise OutOfTime(f"no result within {self._limits.seconds:g} s", cure="split the file")
            piece = os.read(descriptor, min(size - len(parts), 1 << 20))
            if not piece:
                raise self._death()
            parts += piece
        return bytes(parts)

    def _death(self) -> GatewayError:
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            return Unreadable("the file made its reader fall silent")
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return OutOfTime("reading the file met the limit of processor time or memory", cure="split the file")
        self._log.seek(0)
        words = self._log.read(1 << 16).decode("utf-8", "replace").rstrip().rpartition("\n")[2]
        if words.startswith("MemoryError"):
            return OutOfTime(f"reading the file needs more than {self._limits.memory >> 20} MB", cure="split the file")
        return Unreadable(f"the file made its reader die ({words.partition(':')[0] if code > 0 else _cause(code)})")

    def end(self) -> None:
        """Kill the child with all it started, and remove its folder."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):
                self._pipe(pipe).close()
        self._process.wait()
        self._log.close()
        self._folder.cleanup()

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        if pipe is None:
            raise OutOfTime("the child has no pipe")
        return pipe


class _PlainUnpickler(pickle.Unpickler):
    """Reads plain data and nothing else: no class, no function, no callable can be named."""

    def find_class(self, module: str, name: str) -> Any:
        raise Unreadable(f"the reader sent back {module}.{name}, which is no plain data")


def _plain(body: bytes) -> Any:
    try:
        return _PlainUnpickler(io.BytesIO(body)).load()
    except GatewayError:
        raise
    except Exception as error:
        raise Unreadable("the reader sent back bytes that are no result") from error


def _error(said: dict[str, Any]) -> GatewayError:
    kind = _CLASSES.get(str(said.get("code")), Unreadable)
    return kind(str(said.get("message")), place=said.get("place"), cure=said.get("cure"))


def _environment(folder: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "PROJ_DATA") if name in os.environ}
    return {"PATH": "/usr/bin:/bin", "TMPDIR": folder, "LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", **kept}


def _cause(code: int) -> str:
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
