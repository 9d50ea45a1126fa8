"""The guarded child process of the SPARQL endpoint: opens one generation read-only and answers one query at a time.

Run as a script by `gateway.graph.broker` with nothing of ours importable: standard library and pyoxigraph only. Before the
engine is loaded it gives up what it does not need: memory and file size are limited, and the kernel refuses it sockets and
new programs (seccomp), so that a query that reaches out gets nowhere even if the gate should ever miss it.

Messages on stdin: 4 bytes length, then JSON. On stdout: 1 byte kind, 4 bytes length, bytes; kinds are H (hello), D (a piece of
the answer), Z (the end) and E (an error, as JSON).
"""

from __future__ import annotations

import ctypes
import json
import os
import platform
import resource
import struct
import sys
from typing import Any, BinaryIO

_DENIED = {
    "x86_64": (0xC000003E, (41, 42, 49, 50, 53, 59, 322, 101, 57, 58)),
    "aarch64": (0xC00000B7, (198, 203, 200, 201, 199, 221, 281, 117)),
}
"""By machine: its audit number, and the calls socket, connect, bind, listen, socketpair, execve, execveat, ptrace, fork, vfork."""
_PIECE = 65_536


def confine(memory: int) -> bool:
    """Limit this process; gives whether the kernel also refuses it sockets and new programs."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    return _seccomp()


def _seccomp() -> bool:
    """Install a filter (seccomp(2)) under which the calls of `_DENIED` fail with EPERM; False where the kernel has none."""
    known = _DENIED.get(platform.machine())
    if known is None or sys.platform != "linux":
        return False
    audit, calls = known
    deny, allow = 0x00050000 | 1, 0x7FFF0000
    refuse = (0x06, 0, 0, deny)
    steps = [(0x20, 0, 0, 4), (0x15, 1, 0, audit), refuse, (0x20, 0, 0, 0), (0x35, 0, 1, 0x40000000), refuse]
    for number in calls:
        steps += [(0x15, 0, 1, number), refuse]
    steps.append((0x06, 0, 0, allow))
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(buffer))
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(38, 1, 0, 0, 0) != 0:
        return False
    return bool(library.prctl(22, 2, ctypes.c_char_p(program), 0, 0) == 0)


class _Capped:
    """A file that sends what is written on, and stops at a size."""

    def __init__(self, out: BinaryIO, limit: int) -> None:
        self._out, self._left = out, limit
        self._buffer = bytearray()

    def write(self, piece: bytes) -> int:
        self._left -= len(piece)
        if self._left < 0:
            raise OverflowError
        self._buffer += piece
        if len(self._buffer) >= _PIECE:
            self.flush()
        return len(piece)

    def flush(self) -> None:
        if self._buffer:
            _send(self._out, b"D", bytes(self._buffer))
            self._buffer.clear()


def _send(out: BinaryIO, kind: bytes, body: bytes) -> None:
    out.write(kind + struct.pack(">I", len(body)) + body)
    out.flush()


def _answer(store: Any, request: dict[str, Any], out: BinaryIO) -> None:
    import pyoxigraph as engine

    graphs = request["default"]
    default = None if graphs is None else [engine.NamedNode(name) for name in graphs]
    named = None if request["named"] is None else [engine.NamedNode(name) for name in request["named"]]
    found = store.query(
        request["query"],
        base_iri=request["base"],
        use_default_graph_as_union=default is None,
        default_graph=default,
        named_graphs=named,
    )
    kind = engine.RdfFormat if isinstance(found, engine.QueryTriples) else engine.QueryResultsFormat
    sink = _Capped(out, request["bytes"])
    found.serialize(output=sink, format=getattr(kind, request["format"]))
    sink.flush()
    _send(out, b"Z", b"")


def _respond(store: Any, request: dict[str, Any], out: BinaryIO) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime + request["seconds"] * (os.cpu_count() or 1)) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
    try:
        _answer(store, request, out)
    except OverflowError:
        _send(out, b"E", json.dumps({"kind": "bytes"}).encode())
    except MemoryError:
        _send(out, b"E", json.dumps({"kind": "memory"}).encode())
    except (SyntaxError, ValueError, RuntimeError, OSError) as error:
        _send(out, b"E", json.dumps({"kind": "query", "message": str(error)[:500]}).encode())


def main() -> None:
    """Answer requests until stdin ends."""
    source, out = sys.stdin.buffer, sys.stdout.buffer
    confined = confine(int(sys.argv[1]))
    from pyoxigraph import Store

    _send(out, b"H", json.dumps({"confined": confined}).encode())
    store: Any = None
    opened = None
    while len(head := source.read(4)) == 4:
        request = json.loads(source.read(struct.unpack(">I", head)[0]))
        if request["generation"] != opened:
            store, opened = None, None
            store, opened = Store.read_only(request["generation"]), request["generation"]
        _respond(store, request, out)


if __name__ == "__main__":
    main()
