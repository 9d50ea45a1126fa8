"""Threads for answers that wait for something: a database, a remote service, a long question to the embedded store.

Going to a thread and back costs a hot read 9 µs here and 55 µs by anyio's limiter (measured, 16 requests at once): where the
store is a server, every read goes this way.
"""

from __future__ import annotations

import os
import threading
from asyncio import AbstractEventLoop, Future, get_running_loop
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from queue import SimpleQueue
from typing import Any

_MOST = 40
"""Threads of one process, as many as Starlette would use; each is started when no other is idle."""

type _Task = tuple[AbstractEventLoop, Future[Any], Callable[..., Any], tuple[Any, ...]]


async def handed[**P, R](function: Callable[P, R], *arguments: P.args, **_: P.kwargs) -> R:
    """Run a function in a thread and wait for what it gives or raises, while the event loop serves others."""
    result: R = await _hands(os.getpid()).run(function, arguments)
    return result


class Hands:
    """Threads that take tasks from one queue. They end with the process."""

    def __init__(self, most: int = _MOST) -> None:
        self._tasks: SimpleQueue[_Task] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._most = most
        self._started = 0

    def run(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Future[Any]:
        """Queue a task; to be called in the event loop that waits for the future."""
        loop = get_running_loop()
        future: Future[Any] = loop.create_future()
        self._tasks.put((loop, future, function, arguments))
        if not self._idle.acquire(blocking=False) and self._started < self._most:
            self._started += 1
            threading.Thread(target=self._work, name=f"hand-{self._started}", daemon=True).start()
        return future

    def _work(self) -> None:
        while True:
            _perform(*self._tasks.get())
            self._idle.release()


@cache
def _hands(process: int) -> Hands:
    """The hands of a process: threads do not cross a fork."""
    return Hands()


def _perform(loop: AbstractEventLoop, future: Future[Any], function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    result, error = None, None
    try:
        result = function(*arguments)
    except BaseException as raised:  # noqa: BLE001 - it is raised again where the result is waited for
        error = raised
    with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
        loop.call_soon_threadsafe(_tell, future, result, error)


def _tell(future: Future[Any], result: Any, error: BaseException | None) -> None:
    if future.cancelled():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
