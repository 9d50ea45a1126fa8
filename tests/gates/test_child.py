"""A limited child: hardening case N04."""

from __future__ import annotations

import os
import pathlib
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from gateway.errors import OutOfTime, TooLarge, Unreadable
from gateway.gates.child import Limits, run, stream


def add(first: int, second: int) -> int:
    return first + second


def count(limit: int) -> Iterator[int]:
    yield from range(limit)


def total(items: Iterator[bytes]) -> Iterator[int]:
    yield sum(map(len, items))


def abort() -> None:
    os.abort()


def spin() -> None:
    while True:
        pass


def nap() -> None:
    time.sleep(60)


def hoard() -> int:
    return len(bytearray(10 << 30))


def fork() -> None:
    os.fork()


def flood() -> None:
    pathlib.Path("big").write_bytes(b"x" * 10_000_000)


def call_home() -> None:
    socket.create_connection(("127.0.0.1", 9), 1)


def smuggle() -> pathlib.Path:
    return pathlib.Path("x")


def shout() -> bytes:
    return b"x" * (65 << 20)


def refuse() -> None:
    raise Unreadable("ring is not closed", place="row 3", cure="close it")


def read_environment() -> list[str]:
    return [name for name in os.environ if name.startswith("GATEWAY_")]


def test_a_result_comes_back() -> None:
    assert run(add, 1, 2) == 3


def test_results_come_as_a_stream_and_can_be_left_early() -> None:
    results = stream(count, 10_000_000, limits=Limits())
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    results.close()  # type: ignore[attr-defined]


def test_items_go_to_the_child_as_a_stream() -> None:
    assert list(stream(total, limits=Limits(), items=(bytes(1000) for _ in range(5000)))) == [5_000_000]


@pytest.mark.parametrize(
    ("deed", "error"),
    [
        (abort, Unreadable),
        (fork, Unreadable),
        (flood, Unreadable),
        (call_home, Unreadable),
        (smuggle, Unreadable),
        (spin, OutOfTime),
        (nap, OutOfTime),
        (hoard, OutOfTime),
        (shout, TooLarge),
    ],
    ids=lambda value: value.__name__,
)
def test_a_child_that_misbehaves_becomes_an_error(deed: Callable[[], object], error: type[Exception]) -> None:
    started = time.monotonic()
    with pytest.raises(error):
        run(deed, seconds=1)
    assert time.monotonic() - started < 10


def test_an_error_of_ours_keeps_its_place_and_cure() -> None:
    with pytest.raises(Unreadable) as caught:
        run(refuse)
    assert (caught.value.message, caught.value.place, caught.value.cure) == ("ring is not closed", "row 3", "close it")


def test_secrets_of_the_environment_do_not_reach_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_JOURNAL_KEY", "secret")
    assert run(read_environment) == []
