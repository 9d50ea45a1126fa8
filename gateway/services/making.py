"""One file on its way: written by one thread of one process under a lock, followed by anyone while it grows.

The writer never waits for a reader: it writes to the disk at its own pace, and those who follow read behind it. So a caller who
is slow or goes away disturbs nobody, and memory holds no more than one buffer.
"""

from __future__ import annotations

import fcntl
import io
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from gateway.errors import Conflict, GatewayError, OutOfTime

type Say = Callable[[], None]
type Content = Callable[[Path, Say], str]
"""Writes a file at a path and gives its SHA-256 in hex; calls the second argument once its first bytes are sure to come."""

_BUFFER = 256 << 10
_LINGER = 0.2
"""Seconds after which bytes in the buffer are handed on, so that those who follow need not wait for it to fill."""
_PAUSE = 0.05
_LOCK = "lock"


class Superseded(Conflict):
    """A newer version came before the making had begun; ask again."""


class StoppedError(OutOfTime):
    """The server ends, and the making with it."""


@dataclass(frozen=True, slots=True)
class Made:
    """A complete file: where it lies, its size in bytes and its SHA-256 in hex."""

    path: Path
    size: int
    digest: str


def find(place: Path) -> Made | None:
    """The complete file in the folder `place`, if it is there."""
    for path in place.glob("*.made"):
        with suppress(FileNotFoundError):
            return Made(path, path.stat().st_size, path.stem)
    return None


def is_locked(place: Path) -> bool:
    """Whether some process is making the file in the folder `place`."""
    try:
        with (place / _LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


class Making:
    """The making of one file, in a thread of this process or, where another process was first, the wait for that one."""

    def __init__(self, place: Path, content: Content, turns: threading.BoundedSemaphore, stop: threading.Event) -> None:
        self._place = place
        self._content = content
        self._turns = turns
        self._stop = stop
        self._begun = threading.Event()
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self._part: Path | None = None

    def start(self, ended: Callable[[], None]) -> None:
        """Begin; `ended` is called at the end, however it comes."""
        threading.Thread(target=self._run, args=(ended,), name=f"making {self._place.name}", daemon=True).start()

    @property
    def has_begun(self) -> bool:
        """Whether there are bytes to follow, or the end has come."""
        return self._begun.is_set()

    @property
    def has_ended(self) -> bool:
        """Whether the file is complete, or has failed."""
        return self._ended.is_set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end; False when it has not come in time."""
        return self._ended.wait(seconds)

    def result(self) -> Made:
        """The complete file, once ended. Raises what stopped the making."""
        found = find(self._place)
        if found is not None:
            return found
        raise self._error or Superseded("the file was swept away")

    def follow(self) -> Follower:
        """The growing file, from its first byte. Close it."""
        return Follower(self)

    def growing(self) -> Path | None:
        """Where the bytes are now: the part while it grows, else the complete file."""
        if self._part is not None and self._part.exists():
            return self._part
        found = find(self._place)
        return found.path if found is not None else next(self._place.glob("*.part"), None)

    def _run(self, ended: Callable[[], None]) -> None:
        try:
            with self._turns, self._locked():
                if find(self._place) is None:
                    self._make()
        except BaseException as error:  # noqa: BLE001 - it is raised again to whoever asks for the result
            self._error = error
        finally:
            ended()
            self._ended.set()
            self._begun.set()

    def _make(self) -> None:
        for left in self._place.glob("*.part"):
            left.unlink()
        part = self._part = self._place / f"{secrets.token_hex(6)}.part"
        try:
            digest = self._content(part, self._say)
            descriptor = os.open(part, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            part.replace(self._place / f"{digest}.made")
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def _say(self) -> None:
        """Called as the content is written: there is something to follow; and the place to stop, when the server does."""
        self._begun.set()
        if self._stop.is_set():
            raise StoppedError("the server ends")

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock of the place. While another process has it, its part is what is followed."""
        self._place.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._place / _LOCK).open("ab") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if next(self._place.glob("*.part"), None) is not None:
                        self._begun.set()
                    if self._stop.wait(_PAUSE):
                        raise StoppedError("the server ends") from None
            yield


class Follower:
    """Reads a file while it grows; `read` never waits."""

    def __init__(self, making: Making) -> None:
        self._making = making
        self._descriptor: int | None = None
        self._offset = 0

    def read(self, size: int) -> bytes | None:
        """The next bytes; None when there are none yet; empty at the end. Raises what stopped the making."""
        is_last = self._making.has_ended
        descriptor = self._open() if self._descriptor is None else self._descriptor
        if descriptor is None:
            if is_last:
                self._making.result()
            return None
        data = os.pread(descriptor, size, self._offset)
        self._offset += len(data)
        if data:
            return data
        if is_last:
            self._check_whole(descriptor)
            return b""
        return None

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int | None:
        path = self._making.growing()
        if path is not None:
            with suppress(FileNotFoundError):
                self._descriptor = os.open(path, os.O_RDONLY)
        return self._descriptor

    def _check_whole(self, descriptor: int) -> None:
        """Whether what was followed is what was completed, and not a part that someone gave up."""
        if os.fstat(descriptor).st_ino != self._making.result().path.stat().st_ino:
            raise GatewayError("the file was begun anew")


class Sink(io.RawIOBase):
    """A file that hands its bytes on in time for those who follow, counts and hashes them, and says so to `say`."""

    def __init__(self, path: Path, say: Say) -> None:
        self._file = path.open("xb", buffering=0)
        self._say = say
        self._hash = sha256()
        self._waiting: list[bytes] = []
        self._size = 0
        self._last = time.monotonic()

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Take bytes; they are on the disk within a moment or a buffer's length."""
        piece = bytes(data)
        self._waiting.append(piece)
        self._size += len(piece)
        now = time.monotonic()
        if self._size >= _BUFFER or now - self._last >= _LINGER:
            self._hand_on(now)
        return len(piece)

    def digest(self) -> str:
        """The SHA-256 of all bytes, in hex."""
        self._hand_on(time.monotonic())
        return self._hash.hexdigest()

    def close(self) -> None:
        """Close the file; what was not handed on is not wanted any more."""
        self._file.close()
        super().close()

    def _hand_on(self, now: float) -> None:
        block = memoryview(b"".join(self._waiting))
        self._waiting.clear()
        self._size, self._last = 0, now
        self._hash.update(block)
        while block:
            block = block[self._file.write(block) :]
        self._say()


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
