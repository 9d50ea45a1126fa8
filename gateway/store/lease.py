"""Leases on scratch files: a lock file that its process holds as long as it lives, so that a sweep can tell the dead."""

from __future__ import annotations

import fcntl
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

_SUFFIX = ".lock"


@dataclass(slots=True)
class Lease:
    """A token of ours in `folder`, held by flock until `release`; the kernel lets go when the process dies."""

    folder: Path
    token: str
    descriptor: int

    @classmethod
    def take(cls, folder: Path) -> Lease:
        """A new lease."""
        folder.mkdir(exist_ok=True, mode=0o700)
        while True:
            token = secrets.token_hex(8)
            held = _hold(folder / f"{token}{_SUFFIX}", create=True)
            if held is not None:
                return cls(folder, token, held)

    @property
    def scratch(self) -> Path:
        """The scratch file that goes with the lease."""
        return self.folder / f"{self.token}.scratch"

    def release(self) -> None:
        """Remove the scratch file, then the lease."""
        _remove(self.folder, self.token)
        os.close(self.descriptor)


def take_dead(folder: Path) -> list[Lease]:
    """Leases whose process is gone, now held by us: release each once its leftovers are away."""
    dead = []
    for path in sorted(folder.glob(f"*{_SUFFIX}")) if folder.is_dir() else ():
        held = _hold(path, create=False)
        if held is not None:
            dead.append(Lease(folder, path.stem, held))
    return dead


def _hold(path: Path, *, create: bool) -> int | None:
    """The descriptor of a lock that is ours now; None when another process has it, or took it away in between."""
    flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT | os.O_EXCL if create else 0)
    try:
        descriptor = os.open(path, flags, 0o600)
    except (FileNotFoundError, FileExistsError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    if not path.exists() or path.stat().st_ino != os.fstat(descriptor).st_ino:
        os.close(descriptor)
        return None
    return descriptor


def _remove(folder: Path, token: str) -> None:
    for path in (folder / f"{token}.scratch", folder / f"{token}{_SUFFIX}"):
        path.unlink(missing_ok=True)
