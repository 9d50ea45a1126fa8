"""The generations of the graph on disk: immutable stores, and one pointer to the current one.

::

    graph/current.json       {"generation", "cursor", "id_base", "mapping"}, replaced atomically
    graph/g-000017/          a pyoxigraph store that is never written again
    graph/g-000017.lock      held shared (flock) by whoever reads it; taken exclusively before it is removed

What a crash leaves behind is a folder that no pointer names: late, never wrong.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import uuid
from dataclasses import asdict, dataclass, replace
from pathlib import Path

_POINTER = "current.json"


@dataclass(frozen=True, slots=True)
class Pointer:
    """Which generation is current, the journal sequence it stands at, and what it was made with."""

    generation: str | None = None
    cursor: int = 0
    id_base: str = ""
    mapping: str = ""


class Generations:
    """The folder of generations. One writer at a time (the projector's lock sees to it), any number of readers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def pointer(self) -> Pointer:
        """The current pointer; an empty one before the first projection, or where the file is damaged."""
        try:
            found = json.loads((self._folder / _POINTER).read_bytes())
            pointer = Pointer(**found)
        except (FileNotFoundError, ValueError, TypeError):
            return Pointer()
        if pointer.generation is not None and not (self._folder / pointer.generation).is_dir():
            return Pointer()
        return pointer

    def path(self, generation: str) -> Path:
        """The folder of a generation."""
        return self._folder / generation

    def clear(self) -> None:
        """Remove the unfinished stores of a projector that did not end."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for left in self._folder.glob("work-*"):
            shutil.rmtree(left)

    def workplace(self) -> Path:
        """A free path for a store that may become the next generation."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / f"work-{uuid.uuid4().hex}"

    def publish(self, work: Path, pointer: Pointer) -> None:
        """Make the closed store at `work` the current generation, durably, then remove what nobody reads."""
        name = self._next()
        target = self._folder / name
        _sync_tree(work)
        work.rename(target)
        self.move(replace(pointer, generation=name))
        self.sweep()

    def move(self, pointer: Pointer) -> None:
        """Replace the pointer, durably and atomically."""
        self._folder.mkdir(parents=True, exist_ok=True)
        coming = self._folder / f"{_POINTER}.new"
        with coming.open("wb") as file:
            file.write(json.dumps(asdict(pointer)).encode())
            file.flush()
            os.fsync(file.fileno())
        coming.rename(self._folder / _POINTER)
        _sync(self._folder)

    def hold(self) -> tuple[Pointer, int] | None:
        """The current pointer and a file descriptor that keeps its generation from being removed; close it to let go.

        None where there is no generation yet.
        """
        while (pointer := self.pointer()).generation is not None:
            lock = os.open(self._folder / f"{pointer.generation}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(lock, fcntl.LOCK_SH)
            if (self._folder / pointer.generation).is_dir():
                return pointer, lock
            os.close(lock)
        return None

    def sweep(self) -> None:
        """Remove generations that are neither current nor read by anyone."""
        current = self.pointer().generation
        for folder in self._folder.glob("g-*"):
            if folder.is_dir() and folder.name != current:
                self._remove(folder)

    def _remove(self, folder: Path) -> None:
        path = folder.with_name(f"{folder.name}.lock")
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        else:
            shutil.rmtree(folder)
            path.unlink(missing_ok=True)
        finally:
            os.close(lock)

    def _next(self) -> str:
        numbers = [int(folder.name[2:]) for folder in self._folder.glob("g-*") if folder.name[2:].isdigit()]
        return f"g-{max(numbers, default=0) + 1:06d}"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_tree(folder: Path) -> None:
    for path in folder.iterdir():
        _sync(path)
    _sync(folder)
