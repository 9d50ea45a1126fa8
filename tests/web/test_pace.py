"""Quick questions are answered in the event loop, others in threads; which is which is learned."""

from __future__ import annotations

import time

from gateway.web.pace import Pace


def test_a_new_shape_is_not_quick_until_it_was() -> None:
    pace = Pace()
    assert not pace.is_quick(("a",))
    assert pace.timed(("a",), lambda: 5) == 5
    assert pace.is_quick(("a",))
    assert not pace.is_quick(("b",))


def test_a_slow_answer_is_remembered_for_a_while_even_where_it_failed() -> None:
    pace = Pace()

    def slow() -> None:
        until = time.thread_time() + 0.01
        while time.thread_time() < until:
            pass
        raise ValueError

    pace.timed(("a",), lambda: None)
    try:
        pace.timed(("a",), slow)
    except ValueError:
        assert not pace.is_quick(("a",))
    quick = 0
    while not pace.is_quick(("a",)):
        pace.timed(("a",), lambda: None)
        quick += 1
    assert 10 < quick < 500


def test_shapes_do_not_fill_the_memory() -> None:
    pace = Pace()
    for number in range(10_000):
        pace.timed((str(number),), lambda: None)
    assert len(pace._seconds) <= 2_000
