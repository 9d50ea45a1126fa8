"""The bell: how the worker hears at once that there is something to do. Who rings never waits, and a bell nobody hears is no loss:
the worker looks by itself once a second.

It is a datagram socket in Linux's abstract namespace, named after the folder of the jobs: a twin's folder holds files only, so that
it can be copied as it is.
"""

from __future__ import annotations

import select
import socket
from contextlib import suppress
from hashlib import sha256
from pathlib import Path


def ring(folder: Path) -> None:
    """Ring the bell of the worker that owns `folder`, if one listens."""
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.sendto(b"!", _name(folder))


class Bell:
    """The worker's side. Where the name cannot be had, it is deaf and only waits."""

    def __init__(self, folder: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self.hears = True
        try:
            self._socket.bind(_name(folder))
        except OSError:
            self.hears = False

    def wait(self, seconds: float) -> None:
        """Wait for a ring, at most so long; rings that came meanwhile count as one."""
        if not select.select([self._socket], [], [], seconds)[0]:
            return
        with suppress(BlockingIOError):
            while True:
                self._socket.recv(16)

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


def _name(folder: Path) -> bytes:
    return b"\0gateway-jobs-" + sha256(str(folder.resolve()).encode()).hexdigest()[:40].encode()
