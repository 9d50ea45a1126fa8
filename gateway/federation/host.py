"""Asks a provider in its own process: started when first asked, killed when it hangs, started anew after it died."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any, cast

import structlog

from gateway.errors import GatewayError, NotFound, OutOfTime, ParameterError, RemoteError, UsageError
from gateway.federation import frames
from gateway.settings import Settings

_CODE = "from gateway.federation.hostside import main; main()"
_MEMORY = 2 << 30
_STUCK = 8
"""Questions without an answer in time after which the process is started anew."""
_log = structlog.get_logger("gateway.federation")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider gave: a JSON document, or bytes."""

    document: Any
    blob: bytes


class Host:
    """The process of one cascaded collection. Safe to call from several threads; `close` ends it."""

    def __init__(self, collection: str, provider: Mapping[str, Any], settings: Settings) -> None:
        self.collection = collection
        self._provider = dict(provider)
        self._settings = settings
        self._guard = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[Answer]] = {}
        self._late = 0

    def ask(self, method: str, **arguments: Any) -> Answer:
        """One question: ``query``, ``get`` or ``fields`` with the provider's own arguments.

        Raises NotFound, ParameterError, RemoteError (502) and OutOfTime (504); each names the collection, never the address.
        """
        number, answer = self._send(method, arguments)
        try:
            return answer.result(self._settings.cascade_seconds)
        except Late:
            self._overdue(number)
            raise OutOfTime(f"the service behind {self.collection} took too long", place=self.collection) from None

    def close(self) -> None:
        """End the process."""
        with self._guard:
            self._end()

    def _send(self, method: str, arguments: Mapping[str, Any]) -> tuple[int, Future[Answer]]:
        with self._guard:
            if self._process is None or self._process.poll() is not None or self._late >= _STUCK:
                self._end()
                self._start()
            number, answer = next(self._numbers), Future[Answer]()
            self._waiting[number] = answer
            pipe = self._process.stdin if self._process is not None else None
            try:
                if pipe is None:
                    raise BrokenPipeError
                frames.write(pipe, {"id": number, "method": method, "arguments": dict(arguments)})
            except OSError as error:
                self._waiting.pop(number, None)
                raise RemoteError(f"the provider of {self.collection} ended", place=self.collection) from error
        return number, answer

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _CODE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1"},
            cwd="/",
        )
        self._late = 0
        order = {
            "provider": self._provider,
            "allowed": list(self._settings.allowed_egress),
            "seconds": self._settings.cascade_seconds,
            "memory": _MEMORY,
        }
        frames.write(cast(IO[bytes], self._process.stdin), order)
        threading.Thread(target=self._listen, args=(self._process,), name=f"cascade {self.collection}", daemon=True).start()

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Hand answers to those who wait, until the process ends; then tell those still waiting."""
        pipe = cast(IO[bytes], process.stdout)
        with suppress(ValueError, OSError):
            while (frame := frames.read(pipe)) is not None:
                document, blob = frame
                self._settle(document, blob)
        with suppress(OSError):
            pipe.close()
        with self._guard:
            left = {} if self._process is not process and self._process is not None else dict(self._waiting)
            for number in left:
                self._waiting.pop(number, None)
        for answer in left.values():
            answer.set_exception(RemoteError(f"the provider of {self.collection} ended", place=self.collection))

    def _settle(self, document: Mapping[str, Any], blob: bytes) -> None:
        with self._guard:
            answer = self._waiting.pop(document["id"], None)
        if answer is None:
            return
        if "error" in document:
            answer.set_exception(self._error(*document["error"]))
        else:
            answer.set_result(Answer(document["found"], blob))

    def _error(self, kind: str, message: str) -> GatewayError:
        _log.warning("cascade", collection=self.collection, kind=kind, message=message)
        if kind == "not-found":
            return NotFound("there is no such feature", place=self.collection)
        if kind == "invalid":
            return ParameterError("filter", f"the service behind {self.collection} does not take this question")
        if kind == "out-of-time":
            return OutOfTime(f"the service behind {self.collection} took too long", place=self.collection)
        if kind == "usage":
            return UsageError(message, place=self.collection)
        return RemoteError(f"the service behind {self.collection} could not be had", place=self.collection)

    def _overdue(self, number: int) -> None:
        with self._guard:
            self._waiting.pop(number, None)
            self._late += 1

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin,):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
