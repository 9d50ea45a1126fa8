"""The contract of `ports.Store`, for changes of single features: deletions, and what is expected to stand."""

from __future__ import annotations

import threading

import pytest
import shapely
from store_samples import dataset, publication, publish, row

from gateway.errors import Conflict, PreconditionFailed, UsageError
from gateway.model.access import EVERYTHING
from gateway.model.query import Query

C = "building"


def ids(twin, collection=C):
    with twin.store.reading() as reader:
        return [one.id for one in reader.rows(Query(collection, EVERYTHING, limit=-1))]


def digest(twin, feature):
    with twin.store.reading() as reader:
        found = reader.item(C, feature, EVERYTHING)
        return None if found is None else found.digest


def test_named_features_go_in_a_delta_however_many_they_are(twin):
    publish(twin.store, {C: (row(n) for n in range(10))})
    done = publish(twin.store, {}, mode="delta", deletions={C: ["f1", "f2", "f3", "f4", "f9"]})
    assert dict(done.changes[C]) == {"added": 0, "changed": 0, "removed": 5, "unchanged": 0, "features": 5}
    assert ids(twin) == ["f0", "f5", "f6", "f7", "f8"]
    with twin.store.reading() as reader:
        assert [one.id for one in reader.rows(Query(C, EVERYTHING, limit=-1, version=1))] == [f"f{n}" for n in range(10)]
        assert reader.count(Query(C, EVERYTHING, boxes=((6.0089, 46.0, 6.01, 46.1),))) == 0


def test_some_features_come_while_others_go(twin):
    publish(twin.store, {C: (row(n) for n in range(10)), "tree": [row(1)]})
    done = publish(twin.store, {C: [row(3, name="new"), row(30)]}, mode="delta", deletions={C: ["f1"], "tree": ["f1"]})
    assert dict(done.changes[C]) == {"added": 1, "changed": 1, "removed": 1, "unchanged": 0, "features": 10}
    assert dict(done.changes["tree"]) == {"added": 0, "changed": 0, "removed": 1, "unchanged": 0, "features": 0}
    assert (ids(twin), ids(twin, "tree")) == ([*(f"f{n}" for n in range(10) if n != 1), "f30"], [])


def test_the_last_feature_may_go_and_the_collection_keeps_its_fields(twin):
    publish(twin.store, {C: [row(1)]})
    publish(twin.store, {}, mode="delta", deletions={C: ["f1"]})
    with twin.store.reading() as reader:
        found = reader.collection(C, EVERYTHING)
        assert (found.features, found.storage_box, found.box) == (0, None, None)
        assert [field.name for field in found.fields] == ["name", "height", "storeys", "listed"]


def test_the_extent_shrinks_when_the_outermost_feature_goes(twin):
    publish(twin.store, {C: [row(n, shape=shapely.Point(n, n)) for n in range(10)]})
    publish(twin.store, {}, mode="delta", deletions={C: ["f9"]})
    with twin.store.reading() as reader:
        assert reader.collection(C, EVERYTHING).storage_box == (0, 0, 8, 8)


def test_the_span_of_time_shrinks_and_grows_with_single_features(twin):
    days = [("2024-01-01", "2024-02-01"), ("2024-03-01", "2024-04-01"), ("2024-05-01", None)]
    publish(twin.store, {C: [row(n, validity=span) for n, span in enumerate(days)]})
    spans = []
    for content, gone in (({}, ["f2"]), ({}, ["f0"]), ({C: [row(7, validity=("2020-01-01", "2020-02-01"))]}, []), ({}, ["f1"])):
        publish(twin.store, content, mode="delta", deletions={C: gone} if gone else {})
        with twin.store.reading() as reader:
            spans.append(tuple(part[:10] if part else part for part in reader.collection(C, EVERYTHING).interval))
    assert spans == [
        ("2024-01-01", "2024-04-01"),
        ("2024-03-01", "2024-04-01"),
        ("2020-01-01", "2024-04-01"),
        ("2020-01-01", "2020-02-01"),
    ]


@pytest.mark.parametrize(
    ("content", "deletions"),
    [
        ({}, {C: ["f1", "none"]}),
        ({C: [row(1, name="new")]}, {C: ["f1"]}),
        ({}, {"tree": ["f1"]}),
        ({}, {"foreign": ["f1"]}),
        ({"new": [row(1)]}, {"new": ["f2"]}),
    ],
)
def test_what_cannot_be_taken_away_changes_nothing(twin, content, deletions):
    publish(twin.store, {C: (row(n) for n in range(3))})
    publish(twin.store, {"foreign": [row(1)]}, of=dataset("other"))
    with pytest.raises(Conflict):
        publish(twin.store, content, mode="delta", deletions=deletions)
    with twin.store.reading() as reader:
        assert (ids(twin), reader.version(), reader.collection("new", EVERYTHING)) == (["f0", "f1", "f2"], 3, None)


def test_a_replacement_takes_no_deletions(twin):
    publish(twin.store, {C: (row(n) for n in range(10))})
    with pytest.raises(UsageError):
        publish(twin.store, {C: [row(1)]}, deletions={C: ["f2"]})
    assert len(ids(twin)) == 10


def test_an_edit_stands_on_the_state_that_its_writer_saw(twin):
    publish(twin.store, {C: [row(1), row(2)]})
    seen = digest(twin, "f1")
    publish(twin.store, {C: [row(1, name="first")]}, mode="delta", expected={(C, "f1"): seen})
    for content, deletions in (({C: [row(1, name="second")]}, {}), ({}, {C: ["f1"]})):
        with pytest.raises(PreconditionFailed) as caught:
            publish(twin.store, content, mode="delta", deletions=deletions, expected={(C, "f1"): seen})
        assert caught.value.place == "f1"
    with twin.store.reading() as reader:
        assert (reader.item(C, "f1", EVERYTHING).properties["name"], reader.version()) == ("first", 3)


def test_a_new_feature_comes_only_where_there_is_none(twin):
    publish(twin.store, {C: [row(1)]})
    with pytest.raises(PreconditionFailed):
        publish(twin.store, {C: [row(1, name="again")]}, mode="delta", expected={(C, "f1"): None})
    publish(twin.store, {C: [row(2)]}, mode="delta", expected={(C, "f2"): None, ("absent", "f2"): None})
    publish(twin.store, {}, mode="delta", deletions={C: ["f2"]}, expected={(C, "f2"): digest(twin, "f2")})
    with pytest.raises(PreconditionFailed):
        publish(twin.store, {C: [row(2)]}, mode="delta", expected={(C, "f2"): row(2).digest})
    assert ids(twin) == ["f1"]


def test_of_two_writers_at_once_one_wins(twin):
    publish(twin.store, {C: [row(n) for n in range(100)]})
    seen = digest(twin, "f7")
    made = [
        publication(twin.store, {C: [row(7, name=f"w{number}")]}, mode="delta", expected={(C, "f7"): seen}) for number in range(6)
    ]
    start, outcomes = threading.Barrier(len(made)), []

    def write(one):
        start.wait()
        try:
            outcomes.append(twin.store.publish(one).version)
        except PreconditionFailed as error:
            outcomes.append(error.status)

    threads = [threading.Thread(target=write, args=(one,)) for one in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [2, 412, 412, 412, 412, 412]
