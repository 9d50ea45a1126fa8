"""Questions over the wire: values there and back, one moment, what is prepared, limits and failures."""

from __future__ import annotations

import threading
import time
from itertools import pairwise

import psycopg
import pytest
from store_samples import publish, row

from gateway.errors import OutOfTime
from gateway.model.access import EVERYTHING
from gateway.model.query import Query
from gateway.store.expression import Sql
from gateway.store.postgis.wire import Wire, wire_of

pytestmark = pytest.mark.service
C = "building"


@pytest.fixture
def wire(connection):
    return wire_of(connection)


@pytest.mark.parametrize("value", ["é'\"\\?", "", 0, -(2**63), 2**63 - 1, 1.5, -0.0, 1e308, True, False, None, b"\0\xff"])
def test_a_value_comes_back_as_it_went(wire, value):
    (found,) = wire.rows(Sql("SELECT ?", [value]))[0]
    assert found == value and type(found) is type(value)


def test_lists_go_as_arrays_and_marks_in_names_and_texts_are_none(wire):
    sql = "SELECT '?', ? AS \"?\", cardinality(?), cardinality(?), cardinality(?)"
    assert wire.rows(Sql(sql, ["x", ["a", "é"], [1, 2, 3], []])) == [("?", "x", 2, 3, 0)]


def test_a_question_met_again_is_prepared_and_gives_the_same(wire, connection):
    question = Sql("SELECT g, g::text FROM generate_series(1, ?) g", [3])
    answers = [wire.rows(question) for _ in range(4)]
    assert answers == [[(1, "1"), (2, "2"), (3, "3")]] * 4
    prepared = connection.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%generate_series(1, $1%'")
    assert prepared.fetchone() == (1,)


def test_no_more_is_prepared_than_a_server_should_keep(wire, connection):
    for number in range(260):
        for _ in range(2):
            assert wire.rows(Sql(f"SELECT {number}::bigint")) == [(number,)]
    (kept,) = connection.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'gw%'").fetchone()
    assert kept < 210


def test_a_prepared_question_outlives_a_change_of_its_table(wire, connection):
    connection.execute("CREATE TABLE changing (a bigint)")
    connection.execute("INSERT INTO changing VALUES (1)")
    question = Sql("SELECT * FROM changing")
    assert [wire.rows(question) for _ in range(3)] == [[(1,)]] * 3
    connection.execute("ALTER TABLE changing ADD COLUMN b bigint")
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        wire.rows(question)
    assert wire.rows(question) == [(1, None)]


def test_a_stream_leaves_room_for_other_questions(wire):
    wire.begin()
    found = []
    for (number,) in wire.stream(Sql("SELECT g FROM generate_series(1, ?::int) g", [2500])):
        if number % 1000 == 0:
            assert wire.rows(Sql("SELECT ?", [number])) == [(number,)]
        found.append(number)
    assert found == list(range(1, 2501))
    half = wire.stream(Sql("SELECT g FROM generate_series(1, 5000) g"))
    next(half)
    half.close()
    wire.end()
    assert wire.begin() > 0
    wire.end()


def test_a_question_without_end_is_ended(connection):
    connection.execute("SET statement_timeout = '200ms'")
    wire = Wire(connection)
    wire.begin()
    with pytest.raises(OutOfTime):
        wire.rows(Sql("SELECT pg_sleep(30)::text"))
    wire.end()
    wire.begin()
    assert wire.rows(Sql("SELECT 1::bigint")) == [(1,)]


def test_waiting_for_the_server_lets_other_threads_run(wire):
    ticks = []
    done = threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.005)

    thread = threading.Thread(target=tick)
    thread.start()
    wire.begin()
    wire.rows(Sql("SELECT pg_sleep(0.3)::text"))
    wire.end()
    done.set()
    thread.join()
    assert max(later - sooner for sooner, later in pairwise(ticks)) < 0.25


def test_a_reader_sees_one_moment_whatever_is_published_meanwhile(twin):
    publish(twin.store, {C: [row(1)]})
    with twin.store.reading() as reader:
        before = reader.version()
        publish(twin.store, {C: [row(1), row(2)]})
        assert (reader.version(), reader.count(Query(C, EVERYTHING))) == (before, 1)
        assert reader.page(Query(C, EVERYTHING)).returned == 1
    with twin.store.reading() as reader:
        assert reader.version() > before and reader.count(Query(C, EVERYTHING)) == 2


def test_a_moment_that_has_ended_holds_nothing_on_the_server(twin, connection):
    publish(twin.store, {C: [row(1)]})
    for _ in range(3):
        with twin.store.reading() as reader:
            reader.page(Query(C, EVERYTHING))
    time.sleep(0.1)
    open_ones = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_xmin IS NOT NULL AND query LIKE '%gw_%'"
    )
    assert open_ones.fetchone() == (0,)


def test_a_question_that_fails_leaves_the_next_reader_unharmed(twin):
    publish(twin.store, {C: [row(1)]})
    with pytest.raises(psycopg.errors.UndefinedTable), twin.store.reading() as reader:
        reader._wire.rows(Sql("SELECT * FROM nowhere"))
    with twin.store.reading() as reader:
        assert reader.page(Query(C, EVERYTHING)).returned == 1
