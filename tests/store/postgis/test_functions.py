"""PostgreSQL's functions of the filter language answer as those of the embedded store: letters, times, numbers, lists."""

from __future__ import annotations

import math
import random

import apsw
import pytest

from gateway.store import functions as embedded
from gateway.store import operands
from gateway.store.postgis import operands as said
from gateway.store.postgis.connection import Server, connect
from gateway.store.postgis.functions import statements

pytestmark = pytest.mark.service
LETTERS = "aAzZéÉßẞſİıΣσςÅåǅ一🙂ﬃŒœÜüñÇ'\u0301\u0327ÏᾳĸЖжѲ𐐀"
INSTANTS = (
    *(
        "2024-05-01",
        "2024-05-28T23:59:59Z",
        "0000-05-01T00:00:00Z",
        "2024-05-31T00:00:00Z",
        "2024-02-29",
        "2024-02-30",
        "2023-02-29",
        "0000-01-01",
        "2024-13-01",
        "x",
        "",
        "2024-05-01\n",
    ),
    *("2024-05-01T10", "2024-05-01T10:11", "2024-05-01T10:11:12", "2024-05-01T10:11:12.1234567Z", "2024-05-01 10:11:12+02:00"),
    *("2024-05-01T10:11:12-0130", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2024-05-01T25:00", "2024-05-01T10:60"),
    *("2024-05-01T10:11:60", "2024-05-01T10:11:12,5", "2024-05-01T10:11:12+25:00", "2024-05-01T10:11:12 "),
)
WHOLE = (0, 1, -1, 3, 7, -7, 2**62, -(2**62), 2**63 - 1)
REAL = (0.0, 1.5, -2.5, 1e308, -1e308, 1e-308, 5e-324, 7.25, 0.1, -0.4999, 3.5)


@pytest.fixture(scope="module")
def connection(postgres):
    """A connection to a schema that holds the functions and nothing else."""
    server = Server.at(postgres.twin())
    found = connect(server)
    found.execute(f"CREATE SCHEMA {server.schema}")
    for statement in statements():
        found.execute(statement)
    yield found
    found.close()


@pytest.fixture(scope="module")
def lite():
    found = apsw.Connection(":memory:")
    embedded.register(found)
    return found


def ask(connection, sql, *values):
    return connection.execute(f"SELECT {sql}", values, prepare=True).fetchone()[0]


def test_letters_lose_case_and_accents_as_python_says(connection):
    draw = random.Random(1)
    for _ in range(300):
        text = "".join(letter(draw) for _ in range(draw.randrange(12)))
        for name, function in (("fold", embedded.fold), ("plain", embedded.plain), ("upper", embedded.upper)):
            assert ask(connection, f"gw_{name}(%s)", text) == function(text), (name, text)
        if "Σ" not in text:  # Python alone writes it otherwise at the end of a word
            assert ask(connection, "gw_lower(%s)", text) == embedded.lower(text), text
    assert ask(connection, "gw_fold(NULL)") is None


def test_an_instant_is_read_as_the_embedded_store_reads_it(connection):
    for text in INSTANTS:
        assert ask(connection, "gw_first(%s)", text) == embedded.first(text), text
        assert ask(connection, "gw_last(%s)", text) == embedded.last(text), text


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "%", "div", "^"])
def test_arithmetic_has_the_results_of_sqlite_and_no_errors(connection, lite, operator):
    ours, theirs = said._CALLS[operator], operands._CALLS[operator]
    for left in (*WHOLE, *REAL, None):
        for right in (*WHOLE, *REAL, None):
            (wanted,) = lite.execute(f"SELECT {theirs.format('?1', '?2')}", (left, right)).fetchone()
            sql = ours.format(f"%s::{cast(left)}", f"%s::{cast(right)}")
            assert close(ask(connection, sql, left, right), wanted), (left, operator, right)


@pytest.mark.parametrize("name", ["abs", "round", "floor", "ceiling", "sqrt"])
def test_rounding_and_roots_have_the_results_of_sqlite(connection, lite, name):
    for value in (*WHOLE, *REAL, -0.5, 2.5, 4503599627370497.0, None):
        (wanted,) = lite.execute(f"SELECT {operands._CALLS[name].format('?1')}", (value,)).fetchone()
        assert close(ask(connection, said._CALLS[name].format(f"%s::{cast(value)}"), value), wanted), (name, value)


@pytest.mark.parametrize("relation", ["contains", "containedBy", "equals", "overlaps"])
def test_lists_are_compared_as_sets(connection, lite, relation):
    lists = ("[1,2]", "[]", '["a",true]', "[1,1.0]", "[true,1]", "[null]", "{}", "[[1],2]", "[2,1,2]", None)
    for left in lists:
        for right in lists:
            (wanted,) = lite.execute("SELECT gw_listed(?,?,?)", (relation, left, right)).fetchone()
            found = ask(connection, "gw_listed(%s, %s::jsonb, %s::jsonb)", relation, left, right)
            assert found == (None if wanted is None else bool(wanted)), (left, relation, right)


def letter(draw):
    if draw.random() < 0.7:
        return draw.choice(LETTERS)
    return chr(draw.choice((draw.randrange(1, 0xD800), draw.randrange(0xE000, 0x1FFFF))))


def cast(value):
    return "bigint" if isinstance(value, int) else "float8"


def close(found, wanted):
    if found is None or wanted is None:
        return found is None and wanted is None
    return float(found) == float(wanted) or math.isclose(float(found), float(wanted), rel_tol=1e-9)
