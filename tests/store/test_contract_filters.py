"""Every store answers every filter as plain Python does: random filters over random rows, one seed each."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
import shapely
from filter_oracle import holds
from filter_samples import FIELDS, Filters, properties, shape, validity
from store_samples import dataset, row, submission

from gateway.model.access import EVERYTHING
from gateway.model.crs import Crs
from gateway.model.dataset import Collection
from gateway.model.query import And, Expression, Query
from gateway.ports import Publication

C, ROWS, SAMPLE, MANY = "filtered", 150, 400, 5_000
PLANE = Crs("EPSG:2056")


def filled(twin: SimpleNamespace, seed: int) -> list[dict[str, Any]]:
    """Publish random rows; gives them as the oracle reads them."""
    random = Random(seed)
    known: list[dict[str, Any]] = []
    collection = Collection(C, "city", {"en": C}, crs=PLANE, fields=FIELDS)
    staging = twin.store.stage(collection)
    laid = []
    for number in range(ROWS):
        drawn = None if random.random() < 0.1 else shape(random)
        given, span = properties(random), validity(random)
        laid.append(
            row(number, id=str(number), shape="none" if drawn is None else drawn, crs=PLANE, validity=span, storeys=None, **given)
        )
        start, end = span or (None, None)
        known.append({**given, "id": str(number), "geometry": drawn, "validFrom": start, "validTo": end})
    staging.add(laid)
    twin.store.publish(Publication(dataset("city"), [(collection, staging)], submission("city"), {}))
    return known


def answered(twin: SimpleNamespace, expression: Expression) -> tuple[list[str], int | None]:
    with twin.store.reading() as reader:
        query = Query(C, EVERYTHING, filter=expression, limit=-1)
        return [one.id for one in reader.rows(query)], reader.count(query)


def wrong(twin: SimpleNamespace, known: list[dict[str, Any]], filters: Iterator[Expression]) -> list[str]:
    """What a store answers otherwise than the oracle."""
    found = []
    for expression in filters:
        wanted = [one["id"] for one in known if holds(expression, one) is True]
        got, count = answered(twin, expression)
        if got != wanted or count != len(wanted):
            differing = sorted(set(got) ^ set(wanted), key=int)[:3]
            found.append(f"{expression}: {count} of {len(wanted)}; " + "; ".join(str(known[int(id)]) for id in differing))
    return found


def many(seed: int, number: int) -> Iterator[Expression]:
    filters = Filters(Random(seed))
    for place in range(number):
        one = filters.one()
        yield And((one, filters.one(1))) if place % 3 == 0 else one


def test_a_store_answers_random_filters_as_the_oracle_does(twin: SimpleNamespace) -> None:
    known = filled(twin, 1)
    assert wrong(twin, known, many(2, SAMPLE)) == []


@pytest.mark.proof
def test_a_store_answers_5000_random_filters_as_the_oracle_does(twin: SimpleNamespace) -> None:
    known = filled(twin, 3)
    assert wrong(twin, known, many(4, MANY)) == []


def test_an_earlier_version_answers_filters_as_it_did(twin: SimpleNamespace) -> None:
    known = filled(twin, 5)
    collection = Collection(C, "city", {"en": C}, crs=PLANE, fields=FIELDS)
    staging = twin.store.stage(collection)
    staging.add([row(0, id="0", shape=shapely.Point(1, 1), crs=PLANE, storeys=None)])
    replaced = Publication(dataset("city"), [(collection, staging)], submission("city"), {}, allow_removal=True)
    twin.store.publish(replaced)
    for expression in many(6, 60):
        with twin.store.reading() as reader:
            query = Query(C, EVERYTHING, filter=expression, limit=-1, version=1)
            assert [one.id for one in reader.rows(query)] == [one["id"] for one in known if holds(expression, one) is True]
