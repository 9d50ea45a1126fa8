"""Nothing acknowledged is lost and nothing half is seen, whoever is killed and whenever."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from store_samples import create, open_again, publish, row

from gateway.errors import Busy
from gateway.model.access import EVERYTHING
from gateway.model.dataset import Collection
from gateway.model.query import Query
from gateway.store.audit import verify
from gateway.store.connection import connect

WORKER = Path(__file__).with_name("worker.py")


def start(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(WORKER), *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def killed_at(process: subprocess.Popen[str], seconds: float) -> list[str]:
    """What a process said before it was killed after `seconds` from its first word."""
    first = process.stdout.readline()
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    said, errors = process.communicate()
    assert process.returncode in (-signal.SIGKILL, 0), errors
    return [line for line in (first + said).split("\n") if line][: -1 if not (first + said).endswith("\n") else None]


def check(folder: Path, key: bytes, acknowledged: int) -> int:
    """The twin after a crash, before and after it is opened again; gives its version."""
    assert verify(folder, key).sound
    store = open_again(folder)
    audit = store.verify(key)
    assert audit.sound
    assert audit.notes == ()
    with store.reading() as reader:
        found = reader.dataset("a", EVERYTHING)
        version = 0 if found is None else found.version
        assert version >= acknowledged
        entries = [entry.body["submission"] for entry in reader.entries(limit=100_000) if entry.kind == "publication"]
        assert entries == [f"a-{turn}" for turn in range(1, version + 1)]
        for name, count in (("a-a", 40), ("a-b", 20)) if version else ():
            rows = list(reader.rows(Query(name, EVERYTHING, limit=-1)))
            assert [one.properties["turn"] for one in rows] == [version] * count
            assert reader.count(Query(name, EVERYTHING, boxes=((0.0, 0.0, 90.0, 90.0),))) == count
    connection = connect(store.path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("SELECT count(*) FROM staging").fetchone() == (0,)
    connection.close()
    assert list((folder / "staging").iterdir()) == []
    store.close()
    return version


def kill_often(folder: Path, kills: int, seed: int) -> None:
    store, key = create(folder)
    store.close()
    chance = random.Random(seed)
    version = 0
    for _ in range(kills):
        reading = start("read", folder) if version else None
        said = killed_at(start("publish", folder, "a", 10_000), chance.expovariate(1 / 0.08))
        version = check(folder, key.public, max([version, *map(int, said)]))
        if reading is not None:
            killed_at(reading, 0)
    assert version >= kills


def test_kills_in_a_sample(tmp_path):
    kill_often(tmp_path / "twin", 6, 1)


@pytest.mark.proof
@pytest.mark.timeout(1200)
def test_200_kills_while_publishing_and_reading(tmp_path):
    kill_often(tmp_path / "twin", 200, 2)


def test_a_large_first_import_that_is_killed_leaves_nothing(tmp_path):
    folder = tmp_path / "twin"
    store, key = create(folder)
    program = (
        "import sys, store_samples; from pathlib import Path; s = store_samples.open_again(Path(sys.argv[1])); "
        "print('go', flush=True); "
        "store_samples.publish(s, {'big': (store_samples.row(n) for n in range(30000))}); print('done', flush=True)"
    )
    for seconds in (0.4, 1.6, 2.1):
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(folder)],
            cwd=WORKER.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        said = killed_at(process, seconds)
        again = open_again(folder)
        with again.reading() as reader:
            found = reader.collection("big", EVERYTHING)
            assert (found is not None) or "done" not in said
        connection = connect(again.path)
        numbers = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE name GLOB 'current_*' AND type = 'table'")
        }
        connection.close()
        assert len(numbers) == (found is not None)
        again.close()
        if found is not None:
            break
    store.close()
    assert verify(folder, key.public).sound


def test_two_programs_publish_at_once_and_each_publication_is_there_once(tmp_path):
    folder = tmp_path / "twin"
    store, key = create(folder)
    reading = start("read", folder)
    writers = [start("publish", folder, name, 25) for name in ("a", "b")]
    for writer in writers:
        said, errors = writer.communicate()
        assert writer.returncode == 0, errors
        assert said.split() == [str(turn) for turn in range(1, 26)]
    reading.send_signal(signal.SIGKILL)
    _, errors = reading.communicate()
    assert reading.returncode == -signal.SIGKILL, errors
    with store.reading() as reader:
        sent = [entry.body["submission"] for entry in reader.entries() if entry.kind == "publication"]
    assert sorted(sent) == sorted(f"{name}-{turn}" for name in "ab" for turn in range(1, 26))
    audit = store.verify(key.public)
    assert (audit.sound, audit.entries, audit.notes) == (True, 51, ())
    store.close()


def test_a_writer_whose_turn_does_not_come_says_so(tmp_path):
    store, _ = create(tmp_path / "twin")
    impatient = open_again(tmp_path / "twin", wait=0.2)
    holder = connect(store.path, write=True)
    holder.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()
    with pytest.raises(Busy):
        publish(impatient, {"building": [row(1)]})
    assert 0.15 < time.monotonic() - begun < 5
    with impatient.reading() as reader:
        assert reader.version() == 1
    holder.execute("ROLLBACK")
    holder.close()
    publish(impatient, {"building": [row(1)]})
    impatient.close()
    store.close()


def test_a_sweep_leaves_the_living_alone(tmp_path):
    store, _ = create(tmp_path / "twin")
    staging = store.stage(Collection("building", "city", {"en": "x"}))
    staging.add([row(1)])
    other = open_again(tmp_path / "twin")
    assert other.sweep() == []
    assert len(list((tmp_path / "twin" / "staging").iterdir())) == 2
    staging.abort()
    assert list((tmp_path / "twin" / "staging").iterdir()) == []
    other.close()
    store.close()
