"""Pages of large answers on PostGIS: gathered and counted in one statement, and walked above the count's limit."""

from __future__ import annotations

import orjson
import pytest
import shapely
from store_samples import publish, row

from gateway.model.access import EVERYTHING
from gateway.model.query import Comparison, Property, Query
from gateway.store.postgis import known, pages, paging, reading

pytestmark = pytest.mark.service
C = "building"
BOX = (9.5, 9.45, 30.45, 40.5)


@pytest.fixture
def filled(twin):
    shapes = (shapely.Point((n * 37) % 50, (n * 37 % 2500) // 50).buffer(0.6, quad_segs=2) for n in range(2500))
    publish(twin.store, {C: (row(n, shape=shape, kind="even" if n % 2 == 0 else "odd") for n, shape in enumerate(shapes))})
    return twin


def walk(twin, limit, **members):
    """(ids of all pages, counts told on the way)"""
    ids, counts, after, position = [], [], None, ()
    while True:
        with twin.store.reading() as reader:
            query = Query(C, EVERYTHING, limit=limit, after=after, position=position, **members)
            page = reader.page(query)
            counts.append(reader.count(query, 100_000))
        ids += [feature["id"] for feature in orjson.loads(b"[" + page.body + b"]")]
        if page.last is None:
            return ids, counts
        after, position = page.last, page.position


def everything(twin, **members):
    with twin.store.reading() as reader:
        return [one.id for one in reader.rows(Query(C, EVERYTHING, limit=-1, **members))]


ASKED = (
    {"boxes": (BOX,)},
    {"boxes": (BOX, (0.0, 0.0, 12.0, 12.0))},
    {"filter": Comparison(Property("kind"), "=", "odd")},
    {"boxes": (BOX,), "filter": Comparison(Property("kind"), "=", "odd")},
    {"boxes": (BOX,), "sort": (("kind", True), ("height", False))},
)


@pytest.mark.parametrize("members", ASKED)
@pytest.mark.parametrize("limit", [7, 400])
def test_pages_hold_all_matches_once_and_every_page_tells_their_number(filled, members, limit):
    wanted = everything(filled, **members)
    ids, counts = walk(filled, limit, **members)
    assert ids == wanted
    assert set(counts) == {len(wanted)}


@pytest.mark.parametrize("members", ASKED)
def test_above_the_limit_of_counting_pages_are_walked_and_nothing_is_counted(filled, members, monkeypatch):
    wanted = everything(filled, **members)
    for module in (known, paging, pages, reading):
        monkeypatch.setattr(module, "COUNTED", 90)
    ids, _ = walk(filled, 33, **members)
    assert ids == wanted
    with filled.store.reading() as reader:
        assert reader.count(Query(C, EVERYTHING, **members), 90) is None
        assert reader.count(Query(C, EVERYTHING, **members)) == len(wanted)
        assert reader.count(Query(C, EVERYTHING, **members), len(wanted)) == len(wanted)
        assert reader.count(Query(C, EVERYTHING, **members), len(wanted) - 1) is None


def test_a_count_kept_for_one_version_is_not_told_of_the_next(filled):
    asked = {"filter": Comparison(Property("kind"), "=", "odd")}
    assert walk(filled, 400, **asked)[1][0] == 1250
    publish(filled.store, {C: [row(n, kind="odd") for n in range(2500, 2510)]}, mode="delta")
    assert walk(filled, 400, **asked)[1][0] == 1260


def test_a_position_that_somebody_made_up_is_refused(filled):
    from gateway.errors import ParameterError

    for position in ((1,), ("odd", 1), (True,)):
        with filled.store.reading() as reader, pytest.raises(ParameterError):
            reader.page(Query(C, EVERYTHING, sort=(("kind", False),), after=1, position=position))
