"""What a question costs the embedded store, told by SQLite's own plans and counters: never by a clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest
from store_samples import create, publish, row

from gateway.model.access import EVERYTHING
from gateway.model.query import Comparison, Like, Property, Query
from gateway.store.expression import prefix
from gateway.store.geopackage import GeoPackageStore

ROWS, LIMIT = 12_000, 10


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GeoPackageStore]:
    """A collection large enough for attribute indexes."""
    folder: Path = tmp_path_factory.mktemp("plans") / "twin"
    made, _ = create(folder)
    assert isinstance(made, GeoPackageStore)
    publish(made, {"a": (row(n, district=f"D{n % 300:03d}") for n in range(ROWS))})
    yield made
    made.close()


def costs(store: GeoPackageStore, query: Query) -> tuple[int, int, int]:
    """(steps of SQLite's machine, statements compiled anew, features returned) of one page with its count."""
    found: list[dict[str, int]] = []
    with store.reading() as reader:
        reader.collection("a", EVERYTHING)
        reader._connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, lambda event: found.append(event["stmt_status"]))
        page = reader.page(query)
        reader.count(query, 100_000)
        reader._connection.trace_v2(0)
    steps = sum(status["SQLITE_STMTSTATUS_VM_STEP"] for status in found)
    return steps, sum(status["SQLITE_STMTSTATUS_REPREPARE"] for status in found), page.returned


@pytest.mark.parametrize(
    "question",
    [
        lambda after: Query("a", EVERYTHING, limit=LIMIT, after=after),
        lambda after: Query("a", EVERYTHING, limit=LIMIT, filter=Comparison(Property("listed"), "=", True), after=after),
    ],
    ids=["everything", "a filter"],
)
def test_page_1000_costs_what_page_1_costs(store: GeoPackageStore, question: Callable[[int | None], Query]) -> None:
    costs(store, question(None))  # a filter is counted once for all pages
    (first, _, one), (last, _, thousandth) = costs(store, question(None)), costs(store, question(999 * LIMIT))
    assert one == thousandth == LIMIT
    assert last <= 1.2 * first


def test_a_statement_is_compiled_once(store: GeoPackageStore) -> None:
    """A bound LIMIT must not make SQLite compile the statement anew (QPSG)."""
    box = (6.0, 45.0, 6.2, 47.0)
    for limit in (5, 6, 7):
        _, compiled, returned = costs(store, Query("a", EVERYTHING, limit=limit, boxes=(box,)))
        assert (compiled, returned) == (0, limit)


def test_a_pattern_with_a_beginning_is_found_by_the_index(store: GeoPackageStore) -> None:
    query = Query("a", EVERYTHING, limit=LIMIT, filter=Like(Property("district"), "D00%"))
    taken, _, returned = costs(store, query)
    assert returned == LIMIT
    assert taken < ROWS


def test_what_a_pattern_begins_with() -> None:
    assert prefix("abc*") == ("abc", "abd")
    assert prefix("[*]a") == ("", None)
    assert prefix("a\ud7ff*")[1] == "a\ue000"
    assert prefix("\U0010ffff?") == ("\U0010ffff", None)
