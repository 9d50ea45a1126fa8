"""Answers made in threads: what they give, what they raise, who waits for whom."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from gateway.web.hands import Hands, handed


def test_what_a_function_gives_or_raises_comes_back():
    async def main():
        assert await handed(pow, 2, 10) == 1024
        assert await handed(threading.current_thread) is not threading.current_thread()
        with pytest.raises(ZeroDivisionError):
            await handed(lambda: 1 // 0)

    asyncio.run(main())
    asyncio.run(main())


def test_the_loop_goes_on_and_waits_overlap():
    async def main():
        begun = time.monotonic()
        await asyncio.gather(*(handed(time.sleep, 0.2) for _ in range(8)))
        return time.monotonic() - begun

    assert asyncio.run(main()) < 1.2


def test_no_more_threads_than_allowed_and_an_idle_one_is_used_again():
    met = set()

    def work():
        met.add(threading.get_ident())
        time.sleep(0.01)

    async def main():
        hands = Hands(3)
        await asyncio.gather(*(hands.run(work, ()) for _ in range(12)))
        assert 1 <= len(met) <= 3
        met.clear()
        for _ in range(5):
            await hands.run(work, ())
        assert hands._started <= 3

    asyncio.run(main())


def test_a_task_that_nobody_waits_for_any_more_harms_nothing():
    ended = threading.Event()

    def slow():
        time.sleep(0.1)
        ended.set()

    async def main():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(handed(slow), 0.02)
        return await handed(pow, 2, 2)

    assert asyncio.run(main()) == 4
    assert ended.wait(5)

    async def leave():
        waiting = asyncio.ensure_future(handed(slow))
        await asyncio.sleep(0.01)
        assert not waiting.done()

    asyncio.run(leave())
    time.sleep(0.2)
    assert asyncio.run(main()) == 4
