"""Sound files with bytes changed at random: the server answers each with a verdict or a refusal and never fails."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hardening import samples
from tests.hardening.server import Served

SEED = 20261124
SAMPLE, PROOF = 120, 5_000
WORDS = (b"\x00", b"\xff", b"-1", b"1e999", b"NaN", b'"', b"{", b"]", b"<", b"&", b"99999999999999999999", b"\xed\xa0\x80", b"")


def sound(scratch: Path) -> dict[str, bytes]:
    return {
        "x.gml": samples.citygml(samples.building("a"), samples.building("b")),
        "x.geojson": samples.geojson(*(samples.feature(f"t{n}", samples.X + n) for n in range(3))),
        "x.city.json": samples.cityjson(),
        "x.gpkg": samples.geopackage(scratch),
    }


def flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def replace(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    return data[:start] + rng.choice(WORDS) + data[start + rng.randint(0, 12) :]


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(1, len(data))]


def double(data: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data))
    piece = data[start : start + rng.randint(1, 400)]
    return data[:start] + piece * rng.randint(2, 5) + data[start:]


WAYS: tuple[Callable[[bytes, random.Random], bytes], ...] = (flip, flip, replace, replace, cut, double)


@pytest.mark.parametrize("count", [pytest.param(SAMPLE), pytest.param(PROOF, marks=[pytest.mark.proof, pytest.mark.timeout(3600)])])
def test_no_mutated_file_brings_the_server_down(count: int, server: Served, tmp_path: Path) -> None:
    rng, files = random.Random(SEED), sound(tmp_path / "x.gpkg")
    before = server.state()
    for number in range(count):
        name = rng.choice(sorted(files))
        data = rng.choice(WAYS)(files[name], rng)
        answer = server.submit(data, name, collection="mutant", **{"dry-run": "true"})
        if answer.status_code >= 500 or server.process.poll() is not None:
            (tmp_path / f"{number}-{name}").write_bytes(data)
        assert answer.status_code in (200, 400, 409, 413, 415, 422), (tmp_path, number, name, answer.text[:300])
        answer.json()
    server.demand_well()
    assert server.state() == before
