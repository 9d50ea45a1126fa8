"""The store on a PostgreSQL server: who may be where, what restarts and cut connections do, and processes that share a twin."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import postgres as servers
import psycopg
import pytest
import shapely
from store_samples import create, dataset, open_again, publish, row

from gateway.errors import Busy, Conflict, IntegrityError, NotFound, TooLarge, Unreadable, UsageError
from gateway.model.access import EVERYTHING, Access
from gateway.model.crs import Crs
from gateway.model.dataset import Collection
from gateway.model.query import Comparison, Property, Query
from gateway.store import choice
from gateway.store.journal import GENESIS
from gateway.store.postgis import schema
from gateway.store.postgis.connection import Server
from gateway.store.postgis.store import PostgisStore, server_of

pytestmark = pytest.mark.service

WORKER = Path(__file__).with_name("worker.py")
C = "building"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "twin"


@pytest.fixture
def store(folder, postgres):
    made, _ = create(folder, "postgis", postgres.twin())
    yield made
    made.close()


@pytest.fixture
def own():
    """A server that a test may kill."""
    if servers.binaries() is None:
        pytest.skip(f"no PostgreSQL server with PostGIS is installed (apt-get install {servers.PACKAGES})")
    cluster = servers.start()
    yield cluster
    cluster.stop()


@contextmanager
def asking(folder):
    server = server_of(folder)
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        connection.execute(f"SET search_path = {server.schema}, public")
        yield connection


def ids(store, **members):
    with store.reading() as reader:
        return [one.id for one in reader.rows(Query(C, EVERYTHING, limit=-1, **members))]


# --- addresses ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("mysql://x/y", "postgresql://"),
        ("postgresql://u@h/d?schema=public", "schema"),
        ("postgresql://u@h/d?schema=A;drop", "schema"),
        ("postgresql://u@h/d?nonsense=1", "not an address"),
        ("postgresql://u:secret@h/d", "password"),
    ],
)
def test_an_address_that_cannot_be_is_told(address, problem):
    with pytest.raises(UsageError, match=problem) as caught:
        Server.at(address)
    assert "secret" not in str(caught.value)


def test_an_address_keeps_what_is_libpqs():
    found = Server.at("postgresql:///d?host=/run/postgresql&schema=geneva&sslmode=require", "pw")
    assert found == Server("postgresql:///d?host=%2Frun%2Fpostgresql&sslmode=require", "geneva", "pw")
    assert found.name == "postgresql:///d?host=%2Frun%2Fpostgresql&sslmode=require&schema=geneva"
    assert Server.at("postgresql://u@h/d").name == "postgresql://u@h/d?schema=twin"


def test_a_schema_has_one_twin_which_its_key_opens_for_a_second_folder(folder, tmp_path, postgres):
    address = postgres.twin()
    store, key = create(folder, "postgis", address)
    publish(store, {C: [row(1)]})
    with pytest.raises(Conflict, match="GATEWAY_JOURNAL_KEY"):
        create(tmp_path / "stranger", "postgis", address)
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "journal.key").write_bytes((folder / "journal.key").read_bytes())
    second, same = create(tmp_path / "second", "postgis", address)
    assert same.public == key.public
    publish(second, {C: [row(1), row(2)]})
    assert ids(store) == ["f1", "f2"]
    assert second.verify(key.public).notes == ()
    assert store.verify(key.public).notes == (
        "checkpoints.jsonl lacks the last 1 of 3 signed heads; the next opening of the twin writes them",
    )
    open_again(folder).close()
    assert (folder / "checkpoints.jsonl").read_bytes() == (tmp_path / "second" / "checkpoints.jsonl").read_bytes()
    store.close()
    second.close()


def test_a_schema_that_holds_something_else_is_left_alone(folder, postgres):
    address = postgres.twin()
    name = Server.at(address).schema
    postgres.ask(f"CREATE SCHEMA {name}")
    postgres.ask(f"CREATE TABLE {name}.theirs (x int)")
    with pytest.raises(Conflict, match="something else"):
        create(folder, "postgis", address)
    assert postgres.ask(f"SELECT * FROM {name}.theirs") == []


def test_a_folder_without_an_address_and_a_schema_without_a_twin_are_told(folder, postgres):
    folder.mkdir()
    with pytest.raises(NotFound):
        PostgisStore.open(str(folder), lambda message: b"")
    choice.write(folder, choice.Choice("postgis", postgres.twin()))
    with pytest.raises(NotFound, match="no twin"):
        PostgisStore.open(str(folder), lambda message: b"")


def test_a_twin_toml_that_says_other_things_is_refused(folder):
    folder.mkdir()
    for text in ("store = 1", "color = 'red'", "not toml"):
        (folder / "twin.toml").write_text(text)
        with pytest.raises(IntegrityError):
            choice.read(folder)


def test_a_server_that_is_not_there_is_busy(folder):
    started = time.monotonic()
    with pytest.raises(Busy, match="not to be had"):
        create(folder, "postgis", "postgresql://nobody@127.0.0.1:9/none")
    assert time.monotonic() - started < 6


def test_a_newer_twin_is_refused_and_an_older_one_migrated(store, folder):
    with asking(folder) as connection:
        connection.execute("UPDATE gateway_schema SET version = 99")
        with pytest.raises(IntegrityError, match="newer"):
            open_again(folder)
        connection.execute("UPDATE gateway_schema SET version = 1")
        step = {1: lambda one: one.execute("CREATE TABLE brought_by_migration (x int)")}
        assert schema.upgrade(connection, step, 2) == 1
        assert connection.execute("SELECT count(*) FROM brought_by_migration").fetchone() == (0,)
        assert schema.version_of(connection) == 2


# --- the journal -------------------------------------------------------------------------------------------------------


def test_the_journal_is_append_only(store, folder):
    with asking(folder) as connection:
        for attempt in (
            "UPDATE journal SET kind = 'x'",
            "DELETE FROM journal",
            "TRUNCATE journal",
            "DELETE FROM journal_checkpoint",
            "UPDATE journal_checkpoint SET time = ''",
        ):
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                connection.execute(attempt)


def test_a_journal_that_was_changed_behind_our_back_is_found_out(store, folder):
    publish(store, {C: [row(1)]})
    with store.reading() as reader:
        key = bytes.fromhex(reader.setting("public_key"))
    with asking(folder) as connection:
        connection.execute("ALTER TABLE journal DISABLE TRIGGER ALL")
        for change, undo in (
            ("body = replace(body, 'city', 'town')", "body = replace(body, 'town', 'city')"),
            ("kind = 'party.added'", "kind = 'publication'"),
            ("previous = hash, hash = previous", "previous = hash, hash = previous"),
        ):
            connection.execute(f"UPDATE journal SET {change} WHERE sequence = 2")
            found = PostgisStore.audit(str(folder), key)
            assert (found.sound, found.bad_entry) == (False, 2), change
            connection.execute(f"UPDATE journal SET {undo} WHERE sequence = 2")
        assert PostgisStore.audit(str(folder), None).sound
        connection.execute("DELETE FROM journal WHERE sequence = 2")
        assert "cut" in PostgisStore.audit(str(folder), key).reason
        assert connection.execute("SELECT previous FROM journal WHERE sequence = 1").fetchone() == (GENESIS,)


# --- rows --------------------------------------------------------------------------------------------------------------


def test_geometries_carry_their_system_and_names_of_any_kind_are_columns(store, folder):
    odd = {"weiß 100%": 1, 'a"b': "x", "ctid": True, "x" * 100: 2.5, "X" * 100: "y", "gw_id": "mine"}
    publish(store, {C: [row(1, shape=shapely.Point(2600000, 1200000, 5), **odd)]}, crs=Crs("EPSG:2056", "EPSG:5728"))
    with store.reading() as reader:
        assert reader.item(C, "f1", EVERYTHING).properties.items() >= odd.items()
        for name, value in odd.items():
            assert reader.count(Query(C, EVERYTHING, filter=Comparison(Property(name), "=", value))) == 1, name
    with asking(folder) as connection:
        assert connection.execute("SELECT ST_SRID(geom), ST_Z(geom) FROM current_1").fetchone() == (2056, 5.0)


def test_what_postgresql_cannot_keep_is_told_by_its_id(store):
    with pytest.raises(Unreadable, match="NUL"):
        publish(store, {C: [row(1, id="a\0b")]})
    with pytest.raises(TooLarge):
        publish(store, {C: [row(1, id="a" * 3000)]})
    ring = bytes.fromhex("0103000000010000000200000000000000000000000000000000000000000000000000f03f000000000000f03f")
    for rows in ([row(1), row(2, id="bad")], [*(row(n) for n in range(1500)), row(1, id="bad")]):
        object.__setattr__(rows[-1], "geometry", ring)
        with pytest.raises(Unreadable) as caught:
            publish(store, {C: rows})
        assert caught.value.place == "bad"
    publish(store, {C: [row(1, note="a\0b", list_=1)]})
    with store.reading() as reader:
        assert reader.item(C, "f1", EVERYTHING).properties["note"] == "a\0b"


def test_a_value_too_long_for_an_index_takes_the_index_away(store, folder):
    publish(store, {C: [row(n, code=f"c{n % 100}") for n in range(6000)]})

    def indexed():
        with asking(folder) as connection:
            sql = "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() AND indexdef LIKE '%(code)%'"
            return len(connection.execute(sql).fetchall())

    assert indexed() == 1
    long = "".join(chr(33 + n * 7919 % 90) for n in range(9000))
    publish(store, {C: [row(6001, code=long)]}, mode="delta")
    assert indexed() == 0
    assert ids(store, filter=Comparison(Property("code"), "=", long)) == ["f6001"]
    publish(store, {C: [row(6001, code="c1")]}, mode="delta")
    publish(store, {C: [row(n, code=f"c{n % 100}") for n in range(6000)]})
    assert indexed() == 1


def test_a_row_keeps_its_values_through_every_type_a_property_had(store):
    def found(operator, value):
        return ids(store, filter=Comparison(Property("code"), operator, value))

    rows = [row(n, code=n) for n in range(4)]
    publish(store, {C: rows})
    publish(store, {C: [*rows[:3], row(3, code=2.5)]})
    assert (found(">", 1), found("=", 2.5)) == (["f2", "f3"], ["f3"])
    publish(store, {C: [*rows[:2], row(2, code="x"), row(3, code=2.5), row(4, code=7)]})
    assert (found("=", "x"), found("=", "1"), found("=", "7"), found("=", "2.5")) == (["f2"], ["f1"], ["f4"], ["f3"])
    publish(store, {C: [*rows[:3], row(4, code=7)]}, allow_removal=True)
    assert found(">", 1) == ["f2", "f4"]
    publish(store, {C: [row(0, code=True), row(1, code=False)]}, allow_removal=True)
    assert found("=", True) == ["f0"]
    assert [ids(store, version=v, filter=Comparison(Property("code"), "=", 2)) for v in (1, 2, 4)] == [["f2"]] * 3


def test_a_snapshot_is_a_plain_geopackage_of_what_the_reader_sees(store, tmp_path):
    point = shapely.Point(2600000.123, 1200000.456, 540.789)
    publish(store, {C: [row(n, tags=["a", n]) for n in range(10)], "journal": [row(1)]})
    publish(store, {"mast": [row(1, shape=point)]}, crs=Crs("EPSG:2056", "EPSG:5728"), of=dataset("masts"))
    publish(store, {"secret": [row(1)]}, of=dataset("hidden", level="C"))
    target = tmp_path / "out.gpkg"
    assert store.snapshot(target, Access(levels=frozenset({"open"}))) == 12
    program = """
import json, sys, pyogrio
out = {}
for name, _ in pyogrio.list_layers(sys.argv[1]):
    meta, _, shapes, values = pyogrio.raw.read(sys.argv[1], layer=name, force_2d=False)
    near = pyogrio.raw.read(sys.argv[1], layer=name, bbox=(6.0015, 45.0, 6.0035, 47.0))
    out[name] = [len(shapes), len(near[2]), meta["crs"][:20], shapes[0].hex(), [str(name) for name in meta["fields"]]]
print(json.dumps(out))
"""
    done = subprocess.run([sys.executable, "-c", program, str(target)], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert sorted(found) == ["building", "journal_2" if "journal_2" in found else "journal", "mast"]
    assert found["building"][:3] == [10, 3, "EPSG:4326"]
    assert found["building"][4] == ["id", "name", "height", "storeys", "listed", "tags"]
    assert shapely.from_wkb(bytes.fromhex(found["mast"][3])).coords[0] == point.coords[0]
    with pytest.raises(UsageError):
        store.snapshot(tmp_path / "no" / "out.gpkg", EVERYTHING)


# --- writers, sweeps, restarts -----------------------------------------------------------------------------------------


def test_a_writer_whose_turn_does_not_come_says_so(store, folder):
    impatient = open_again(folder, wait=0.2)
    with asking(folder) as holder, holder.transaction():
        holder.execute("SELECT pg_advisory_xact_lock(current_schema()::regnamespace::oid::int4, 0)")
        begun = time.monotonic()
        with pytest.raises(Busy, match="another writer"):
            publish(impatient, {C: [row(1)]})
        assert 0.15 < time.monotonic() - begun < 5
    publish(impatient, {C: [row(1)]})
    impatient.close()


def test_a_sweep_leaves_the_living_alone(store, folder):
    staging = store.stage(Collection(C, "city", {"en": "x"}))
    staging.add(row(n) for n in range(1500))
    other = open_again(folder)
    assert other.sweep() == []
    with asking(folder) as connection:
        assert connection.execute("SELECT count(*) FROM staged_1").fetchone() == (1500,)
        staging.abort()
        assert connection.execute("SELECT to_regclass('staged_1')").fetchone() == (None,)
    other.close()


def test_a_staging_that_a_restart_emptied_is_not_published(folder, own):
    store, _ = create(folder, "postgis", own.twin())
    staging = store.stage(Collection(C, "city", {"en": "x"}))
    staging.add(row(n) for n in range(1500))
    own.control("restart", "-m", "immediate")
    with pytest.raises(Busy):
        staging.add([row(2000)])
    with pytest.raises(Busy, match="send it again"):
        staging.add([row(2001)])
    staging.abort()
    assert len(open_and_sweep(folder)) in (0, 1)
    publish(store, {C: [row(n) for n in range(1500)]})
    assert len(ids(store)) == 1500
    store.close()


def open_and_sweep(folder):
    again = open_again(folder)
    gone = again.sweep()
    again.close()
    return gone


def test_what_was_acknowledged_outlives_restarts_and_cut_connections_under_load(folder, own):
    """K10: the server is killed and every connection cut while four threads read and one writes."""
    store, key = create(folder, "postgis", own.twin())
    publish(store, {C: [row(n, turn=0) for n in range(20)]})
    stop, acknowledged, wrong, refused, answered = threading.Event(), [0], [], [], [0]

    def read():
        while not stop.is_set():
            before = acknowledged[0]
            try:
                with store.reading() as reader:
                    turns = {one.properties["turn"] for one in reader.rows(Query(C, EVERYTHING, limit=-1))}
                answered[0] += 1
                if len(turns) != 1 or next(iter(turns)) < before:
                    wrong.append((turns, before))
            except Busy as error:
                refused.append(error.retry_after)
                time.sleep(0.02)

    def write():
        turn = 0
        while not stop.is_set():
            turn += 1
            try:
                publish(store, {C: [row(n, turn=turn) for n in range(20)]})
                acknowledged[0] = turn
            except Busy:
                time.sleep(0.02)

    threads = [threading.Thread(target=read) for _ in range(4)] + [threading.Thread(target=write)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        time.sleep(0.4)
        own.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'twin-gateway'")
        time.sleep(0.4)
        own.control("restart", "-m", "immediate")
    healed = answered[0]
    time.sleep(0.5)
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert refused, "nothing was ever refused: the load did not meet a restart"
    assert answered[0] > healed, "the pool did not heal"
    with store.reading() as reader:
        assert reader.item(C, "f1", EVERYTHING).properties["turn"] >= acknowledged[0]
    assert acknowledged[0] > 3
    open_again(folder).close()
    audit = store.verify(key.public)
    assert (audit.sound, audit.notes) == (True, ())
    store.close()


def test_another_process_sees_a_publication_at_once(store, folder):
    publish(store, {"a-a": [row(0, turn=1)], "a-b": [row(0, turn=1)]}, of=dataset("a"))
    with subprocess.Popen(
        [sys.executable, str(WORKER), "publish", str(folder), "b", "3"], stdout=subprocess.PIPE, text=True
    ) as other:
        for line in other.stdout:
            begun = time.monotonic()
            with store.reading() as reader:
                assert reader.dataset("b", EVERYTHING).version >= int(line)
            assert time.monotonic() - begun < 1
    assert other.returncode == 0
