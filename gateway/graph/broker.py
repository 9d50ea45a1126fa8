"""Answers SPARQL queries through guarded child processes: gated, limited in time, memory and bytes, under a list of graphs."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import structlog

from gateway.errors import Busy, GatewayError, OutOfTime, ParameterError
from gateway.graph import child
from gateway.graph.datasets import dataset_iri
from gateway.graph.formats import Format, negotiate, offered
from gateway.graph.gate import Gated, gate
from gateway.graph.generations import Generations
from gateway.settings import Settings

log = structlog.get_logger(__name__)

POOL = 2
_START = 15.0
_TURN = 2.0
_TICK = 0.1


@dataclass(frozen=True, slots=True)
class _Scope:
    """The graphs of one question: those of its default graph, and those that GRAPH may name; None means all there are."""

    default: list[str] | None
    named: list[str] | None


class SparqlBroker:
    """A small pool of child processes, each made when first needed and made anew after it had to be killed.

    Safe to call from several threads; `close` ends the children.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        self._generations = Generations(folder)
        self._settings = settings
        self._free = threading.Semaphore(POOL)
        self._idle: list[_Child] = []
        self._guard = threading.Lock()
        self._closed = False

    def ask(
        self,
        query: str,
        datasets: frozenset[str] | None,
        accept: str,
        *,
        graphs: tuple[Sequence[str], Sequence[str]] = ((), ()),
        cancelled: Callable[[], bool] = lambda: False,
    ) -> tuple[str, bytes]:
        """The media type and bytes of a query's answer over the graphs of `datasets` (ids; None means all).

        `accept` is an Accept header or a word of ``f``; `graphs` are default and named graphs that the protocol names, before
        those of the query (SPARQL 1.1 Protocol, section 2.1.4); `cancelled` is asked ten times a second and ends the work.
        Raises ParameterError (``query``), NotAcceptable, OutOfTime, and Busy when every child is at work.
        """
        gated = gate(query)
        if any(graphs):
            gated.default, gated.named = list(graphs[0]), list(graphs[1])
        chosen = negotiate(accept, offered(gated.form))
        with self._held() as (generation, id_base):
            scope = _scope(gated, datasets, id_base)
            request = self._request(gated, scope, chosen, generation)
            with self._child() as answering:
                body = answering.ask(request, self._settings, cancelled)
        return chosen.media_types[0], body

    def close(self) -> None:
        """End the children that are idle; those at work end with their question."""
        with self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
        for one in idle:
            one.end()

    def processes(self) -> list[int]:
        """The ids of the idle children's processes."""
        with self._guard:
            return [one.pid for one in self._idle]

    @contextlib.contextmanager
    def _held(self) -> Iterator[tuple[Path, str]]:
        """The current generation, kept from being removed while a question runs."""
        held = self._generations.hold()
        if held is None:
            raise Busy("the graph has not been made yet", retry_after=5)
        pointer, lock = held
        try:
            yield self._generations.path(str(pointer.generation)), pointer.id_base
        finally:
            os.close(lock)

    def _request(self, gated: Gated, scope: _Scope, chosen: Format, generation: Path) -> dict[str, Any]:
        return {
            "query": gated.text,
            "default": scope.default,
            "named": scope.named,
            "format": chosen.engine,
            "generation": str(generation.resolve()),
            "bytes": self._settings.sparql_bytes,
            "seconds": self._settings.sparql_seconds,
            "base": None,
        }

    @contextlib.contextmanager
    def _child(self) -> Iterator[_Child]:
        if not self._free.acquire(timeout=_TURN):
            raise Busy("all SPARQL processes are at work", retry_after=max(1, int(self._settings.sparql_seconds)))
        try:
            with self._guard:
                one = self._idle.pop() if self._idle else None
            if one is None or not one.is_alive():
                one = _Child(self._settings.sparql_memory)
            try:
                yield one
            finally:
                self._return(one)
        finally:
            self._free.release()

    def _return(self, one: _Child) -> None:
        with self._guard:
            if one.is_alive() and not self._closed:
                self._idle.append(one)
                return
        one.end()


def _scope(gated: Gated, datasets: frozenset[str] | None, id_base: str) -> _Scope:
    """The graphs a question may look at. Raises ParameterError for a graph that is absent or hidden: the same answer."""
    visible = None if datasets is None else [dataset_iri(id_base, name) for name in sorted(datasets)]
    if not gated.has_dataset:
        return _Scope(visible, visible)
    for name in (*gated.default, *gated.named):
        if visible is not None and name not in visible:
            raise ParameterError("query", f"there is no graph <{name}>", cure="SELECT DISTINCT ?g { GRAPH ?g {} } lists them")
    return _Scope(gated.default, gated.named)


class _Child:
    """One child process and the pipe to it. Whoever asks holds it alone."""

    def __init__(self, memory: int) -> None:
        command = [sys.executable, "-I", "-X", "utf8", str(Path(child.__file__).resolve()), str(memory)]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2"},
            cwd="/",
        )
        self.pid = self._process.pid
        self.confined = False
        try:
            kind, body = self._message(time.monotonic() + _START, lambda: False)
        except GatewayError:
            self.end()
            raise
        self.confined = kind == b"H" and bool(json.loads(body)["confined"])

    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def end(self) -> None:
        """Kill the process and close its pipes."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def ask(self, request: dict[str, Any], settings: Settings, cancelled: Callable[[], bool]) -> bytes:
        """Put one question and gather the answer; the process is killed at the time limit, at the size limit, or when cancelled."""
        try:
            self._put(request)
            return self._gather(time.monotonic() + settings.sparql_seconds, settings.sparql_bytes, cancelled)
        except (OutOfTime, _Ended):
            self.end()
            raise

    def _put(self, request: dict[str, Any]) -> None:
        body = json.dumps(request).encode()
        pipe = cast(IO[bytes], self._process.stdin)
        try:
            pipe.write(struct.pack(">I", len(body)) + body)
            pipe.flush()
        except BrokenPipeError as error:
            raise self._died() from error

    def _gather(self, deadline: float, limit: int, cancelled: Callable[[], bool]) -> bytes:
        pieces = bytearray()
        while True:
            kind, body = self._message(deadline, cancelled)
            if kind == b"Z":
                return bytes(pieces)
            if kind == b"E":
                raise _reported(json.loads(body), limit)
            pieces += body

    def _message(self, deadline: float, cancelled: Callable[[], bool]) -> tuple[bytes, bytes]:
        head = self._read(5, deadline, cancelled)
        return head[:1], self._read(struct.unpack(">I", head[1:])[0], deadline, cancelled)

    def _read(self, size: int, deadline: float, cancelled: Callable[[], bool]) -> bytes:
        descriptor = cast(IO[bytes], self._process.stdout).fileno()
        found = bytearray()
        while len(found) < size:
            if cancelled():
                raise _Ended("the caller has gone")
            left = deadline - time.monotonic()
            if left <= 0:
                raise OutOfTime("the query ran into its time limit", cure="ask a smaller question, or add a LIMIT")
            if not select.select([descriptor], [], [], min(left, _TICK))[0]:
                continue
            piece = os.read(descriptor, size - len(found))
            if not piece:
                raise self._died()
            found += piece
        return bytes(found)

    def _died(self) -> GatewayError:
        """What a dead child means: a limit was met, or the engine fell over the query."""
        ended = self._process.wait()
        log.warning("a SPARQL process died", status=ended)
        if ended in (-signal.SIGSEGV, -signal.SIGBUS, -signal.SIGILL):
            return ParameterError("query", "too deep for the engine", cure="ask a flatter question")
        return OutOfTime("the query ran into its limit of memory or time", cure="ask a smaller question, or add a LIMIT")


class _Ended(Busy):
    """The caller went away; nobody hears the answer."""


def _reported(error: dict[str, str], limit: int) -> GatewayError:
    if error["kind"] == "bytes":
        return OutOfTime(f"the answer has more than {limit} bytes", cure="ask a smaller question, or add a LIMIT")
    if error["kind"] == "memory":
        return OutOfTime("the query ran into its limit of memory", cure="ask a smaller question, or add a LIMIT")
    return ParameterError("query", error["message"])
