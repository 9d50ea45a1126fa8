"""Nothing acknowledged is lost and nothing half is seen, whoever is killed and whenever."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from store_samples import create, open_again, publish, row

from gateway import registry
from gateway.errors import Busy
from gateway.model.access import EVERYTHING
from gateway.model.dataset import Collection
from gateway.model.query import Query
from gateway.store import choice
from gateway.store.connection import connect
from gateway.store.postgis.store import server_of

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


@pytest.fixture(params=("geopackage", pytest.param("postgis", marks=pytest.mark.service)))
def place(request, tmp_path):
    """A folder for a twin, the name of its store, and the store's address where it has one."""
    address = request.getfixturevalue("postgres").twin() if request.param == "postgis" else None
    return tmp_path / "twin", request.param, address


def check(folder: Path, key: bytes, acknowledged: int) -> int:
    """The twin after a crash, before and after it is opened again; gives its version."""
    kept = choice.read(folder).store
    assert registry.get("stores", kept).audit(str(folder), key).sound
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
    leftovers = embedded_leftovers if kept == "geopackage" else server_leftovers
    assert leftovers(store) == []
    store.close()
    return version


def embedded_leftovers(store):
    """What a crash left staged in a GeoPackage, once it was opened again."""
    connection = connect(store.path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    found = [name for (name,) in connection.execute("SELECT number FROM staging")]
    connection.close()
    return found + list((store.folder / "staging").iterdir())


def server_leftovers(store):
    """Tables in the twin's schema that no collection has, once it was opened again. A session may take a moment to die."""
    server = server_of(store.folder)
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        connection.execute(f"SET search_path = {server.schema}, public")
        for _ in range(50):
            store.sweep()
            numbered = {
                name
                for (name,) in connection.execute(
                    "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' "
                    "AND relname ~ '^(current|history|staged)_[0-9]+$'"
                )
            }
            kept = {
                f"{kind}_{n}" for (n,) in connection.execute("SELECT number FROM collection") for kind in ("current", "history")
            }
            found = sorted(numbered - kept) + [str(n) for (n,) in connection.execute("SELECT number FROM staging")]
            if not found:
                break
            time.sleep(0.1)
    return found


def kill_often(place, kills: int, seed: int) -> None:
    folder, name, address = place
    store, key = create(folder, name, address)
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


def test_kills_in_a_sample(place):
    kill_often(place, 6, 1)


@pytest.mark.proof
@pytest.mark.timeout(3000)
def test_200_kills_while_publishing_and_reading(place):
    kill_often(place, 200, 2)


def test_a_large_first_import_that_is_killed_leaves_nothing(place):
    folder, name, address = place
    store, key = create(folder, name, address)
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
        leftovers = embedded_tables if name == "geopackage" else server_leftovers
        assert leftovers(again) == []
        again.close()
        if found is not None:
            break
    assert store.verify(key.public).sound
    store.close()


def embedded_tables(store):
    """Tables of a GeoPackage that no collection has."""
    connection = connect(store.path)
    sql = "SELECT name FROM sqlite_schema WHERE name GLOB 'current_*' AND type = 'table'"
    tables = {name for (name,) in connection.execute(sql)}
    kept = {f"current_{number}" for (number,) in connection.execute("SELECT number FROM collection")}
    connection.close()
    return sorted(tables - kept)


def test_two_programs_publish_at_once_and_each_publication_is_there_once(place):
    folder, name, address = place
    store, key = create(folder, name, address)
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
