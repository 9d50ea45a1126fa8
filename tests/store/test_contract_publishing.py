"""The contract of `ports.Store`, for publications: versions, changes, removals, conflicts, who is who."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
import shapely
from store_samples import dataset, publication, publish, row, submission, verdict

from gateway.errors import Conflict, IdempotencyConflict, IdNotAvailable, NotFound, ParameterError, Unreadable
from gateway.model.access import EVERYTHING
from gateway.model.crs import Crs
from gateway.model.dataset import Collection
from gateway.model.party import Key, Party
from gateway.model.query import Comparison, Property, Query

C = "building"


def ids(twin, **members):
    with twin.store.reading() as reader:
        return [one.id for one in reader.rows(Query(C, EVERYTHING, limit=-1, **members))]


def test_a_new_version_keeps_what_did_not_change(twin):
    publish(twin.store, {C: (row(n) for n in range(10))})
    done = publish(twin.store, {C: [*(row(n) for n in range(1, 10)), row(20), row(5, id="new")]}, allow_removal=True)
    assert dict(done.changes[C]) == {"added": 2, "changed": 0, "removed": 1, "unchanged": 9, "features": 11}
    done = publish(
        twin.store, {C: [row(n, name="other" if n == 3 else f"n{n}") for n in range(1, 10)] + [row(20), row(5, id="new")]}
    )
    assert dict(done.changes[C]) == {"added": 0, "changed": 1, "removed": 0, "unchanged": 10, "features": 11}
    with twin.store.reading() as reader:
        assert [reader.item(C, one, EVERYTHING).since for one in ("f1", "f20", "f3")] == [1, 2, 3]
        assert [one.key for one in reader.rows(Query(C, EVERYTHING, limit=-1))] == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]


def test_earlier_versions_stay_readable(twin):
    publish(twin.store, {C: (row(n) for n in range(10))})
    time.sleep(0.01)
    publish(twin.store, {C: (row(n, name="v2" if n == 3 else f"n{n}", extra=1) for n in range(1, 10))})
    publish(twin.store, {C: [row(50)]}, mode="delta")
    assert ids(twin, version=1) == [f"f{n}" for n in range(10)]
    assert ids(twin, version=2) == [f"f{n}" for n in range(1, 10)]
    assert ids(twin, version=3) == ids(twin) == [*(f"f{n}" for n in range(1, 10)), "f50"]
    with twin.store.reading() as reader:
        assert reader.item(C, "f3", EVERYTHING, version=1).properties["name"] == "n3"
        assert reader.item(C, "f3", EVERYTHING, version=2).properties["name"] == "v2"
        assert reader.item(C, "f0", EVERYTHING, version=2) is None
        first = reader.entries()[1].time
        old = Query(C, EVERYTHING, as_of=first)
        assert (reader.count(old), reader.page(replace(old, limit=3)).last) == (10, 3)
        assert reader.count(Query(C, EVERYTHING, version=1, boxes=((6.0, 46.0, 6.0022, 46.1),))) == 3
        assert reader.count(Query(C, EVERYTHING, version=1, filter=Comparison(Property("name"), "=", "n3"))) == 1
        with pytest.raises(ParameterError):
            reader.count(Query(C, EVERYTHING, version=1, filter=Comparison(Property("extra"), "=", 1)))
        for wrong in ({"version": 0}, {"version": 4}, {"as_of": "2000-01-01T00:00:00Z"}):
            with pytest.raises(NotFound):
                reader.page(Query(C, EVERYTHING, **wrong))


def test_a_delta_never_removes(twin):
    publish(twin.store, {C: (row(n) for n in range(10))})
    done = publish(twin.store, {C: [row(3, name="new"), row(4), row(30)]}, mode="delta")
    assert dict(done.changes[C]) == {"added": 1, "changed": 1, "removed": 0, "unchanged": 1, "features": 11}
    assert len(ids(twin)) == 11


def test_the_extent_shrinks_when_the_outermost_feature_moves_in(twin):
    publish(twin.store, {C: [row(n, shape=shapely.Point(n, n)) for n in range(10)]})
    publish(twin.store, {C: [row(9, shape=shapely.Point(1.25, 1.75)), row(3, shape=shapely.Point(2, 5))]}, mode="delta")
    with twin.store.reading() as reader:
        assert reader.collection(C, EVERYTHING).storage_box == (0, 0, 8, 8)
        assert reader.count(Query(C, EVERYTHING, boxes=((9.0, 9.0, 9.0, 9.0),))) == 0
        assert reader.count(Query(C, EVERYTHING, boxes=((1.25, 1.75, 1.25, 1.75),))) == 1


def test_more_than_a_fifth_goes_only_when_allowed(twin):
    publish(twin.store, {C: (row(n) for n in range(10))})
    publish(twin.store, {C: (row(n) for n in range(8))})
    with pytest.raises(Conflict, match="--allow-removal"):
        publish(twin.store, {C: (row(n) for n in range(6))})
    assert len(ids(twin)) == 8
    publish(twin.store, {C: (row(n) for n in range(6))}, allow_removal=True)
    with pytest.raises(Conflict, match="--allow-removal"):
        publish(twin.store, {C: []})
    assert len(ids(twin)) == 6


def test_a_collection_goes_only_when_allowed_and_its_past_stays(twin):
    publish(twin.store, {C: [row(1)], "tree": [row(2)]})
    with pytest.raises(Conflict, match="--allow-removal"):
        publish(twin.store, {}, removals=["tree"])
    publish(twin.store, {}, removals=["tree"], allow_removal=True)
    with twin.store.reading() as reader:
        assert [one.id for one in reader.collections(EVERYTHING)] == [C]
        assert reader.collection("tree", EVERYTHING) is None
        with pytest.raises(NotFound):
            reader.page(Query("tree", EVERYTHING))
        assert reader.count(Query("tree", EVERYTHING, version=1)) == 1
    with pytest.raises(IdNotAvailable):
        publish(twin.store, {"tree": [row(1)]}, of=dataset("other"))
    publish(twin.store, {"tree": [row(2), row(3)]})
    with twin.store.reading() as reader:
        assert reader.count(Query("tree", EVERYTHING)) == 2


def test_a_collection_the_file_lacks_stays_as_it_was(twin):
    publish(twin.store, {C: [row(1)], "tree": [row(2)]})
    publish(twin.store, {"tree": [row(2), row(3)]})
    assert ids(twin) == ["f1"]


def test_a_collection_id_is_had_once_in_the_twin(twin):
    publish(twin.store, {C: [row(1)]})
    with pytest.raises(IdNotAvailable, match="--collection"):
        publish(twin.store, {C: [row(1)]}, of=dataset("other"))
    publish(twin.store, {"Building": [row(7)]}, of=dataset("other"))
    with twin.store.reading() as reader:
        assert reader.item("Building", "f7", EVERYTHING) is not None
        assert reader.item(C, "f7", EVERYTHING) is None


def test_a_record_identifier_is_had_once_in_the_twin(twin):
    publish(twin.store, {})
    with pytest.raises(IdNotAvailable):
        publish(twin.store, {}, of=replace(dataset("other"), record=dataset().record))


def test_a_dataset_may_be_a_record_only(twin):
    publish(twin.store, {})
    with twin.store.reading() as reader:
        found = reader.dataset("city", EVERYTHING)
        assert (found.collections, found.version, found.record.title["fr"]) == ((), 1, "Titre de city")


def test_an_id_that_comes_twice_is_named(twin):
    for rows in ([row(1), row(2), row(1)], [*(row(n) for n in range(1500)), row(1200)]):
        staging = twin.store.stage(Collection(C, "city", {"en": C}))
        with pytest.raises(Conflict, match=f"'{rows[-1].id}' comes twice"):
            staging.add(rows)
        staging.abort()
    with pytest.raises(Conflict, match="'f9' comes twice"):
        staging = twin.store.stage(Collection(C, "city", {"en": C}))
        staging.add([row(9)])
        staging.add([row(8), row(9)])
    staging.abort()
    assert twin.store.sweep() == []


def test_a_feature_is_not_its_own_ancestor(twin):
    for rows in ([row(1, parent="f1")], [row(1, parent="f2"), row(2, parent="f1")]):
        with pytest.raises(Conflict, match="own ancestor"):
            publish(twin.store, {C: rows})
    publish(twin.store, {C: [row(1), row(2, parent="f1")]})
    with pytest.raises(Conflict, match="own ancestor"):
        publish(twin.store, {C: [row(1, parent="f2")]}, mode="delta")
    assert ids(twin) == ["f1", "f2"]


def test_a_validity_that_is_no_time_is_named(twin):
    with pytest.raises(Unreadable, match="f1"):
        publish(twin.store, {C: [row(1, validity=("yesterday", None))]})


def test_a_property_may_change_its_type(twin):
    publish(twin.store, {C: [row(n, code=n) for n in range(6)]})
    publish(twin.store, {C: [row(n, code="x" if n == 5 else n) for n in range(6)]})
    assert ids(twin, filter=Comparison(Property("code"), "=", "x")) == ["f5"]
    assert ids(twin, filter=Comparison(Property("code"), "=", "3")) == ["f3"]
    publish(twin.store, {C: [row(2, code="y")]}, mode="delta")
    assert ids(twin, filter=Comparison(Property("code"), "=", "y")) == ["f2"]
    publish(twin.store, {C: [row(n, code=n) for n in range(6)]})
    assert ids(twin, filter=Comparison(Property("code"), ">", 3)) == ["f4", "f5"]
    assert ids(twin, version=1, filter=Comparison(Property("code"), ">", 3)) == ["f4", "f5"]
    assert ids(twin, version=2, filter=Comparison(Property("code"), "=", "x")) == ["f5"]


def test_a_property_may_go_and_come_back(twin):
    publish(twin.store, {C: [row(1, colour="red"), row(2)]})
    publish(twin.store, {C: [row(1), row(2)]})
    with pytest.raises(ParameterError):
        ids(twin, filter=Comparison(Property("colour"), "=", "red"))
    assert ids(twin, version=1, filter=Comparison(Property("colour"), "=", "red")) == ["f1"]
    publish(twin.store, {C: [row(1, colour="blue")]}, mode="delta")
    assert ids(twin, filter=Comparison(Property("colour"), "=", "red")) == []
    assert ids(twin, filter=Comparison(Property("colour"), "=", "blue")) == ["f1"]


def test_another_reference_system_moves_every_feature(twin):
    swiss = Crs("EPSG:2056")
    sent = [row(n, shape=shapely.Point(7 + n, 46)) for n in range(3)]
    publish(twin.store, {C: sent})
    moved = [
        replace(one, geometry=shapely.to_wkb(shapely.Point(2600000 + n, 1200000)), box=(2600000.0 + n, 1200000.0) * 2)
        for n, one in enumerate(sent)
    ]
    with pytest.raises(Conflict, match="delta"):
        publish(twin.store, {C: moved}, crs=swiss, mode="delta")
    done = publish(twin.store, {C: moved}, crs=swiss)
    assert done.changes[C]["changed"] == 3
    with twin.store.reading() as reader:
        assert reader.collection(C, EVERYTHING).crs == swiss
        assert reader.count(Query(C, EVERYTHING, boxes=((2600000.5, 1.0, 2600001.5, 2e6),))) == 1


def test_the_same_effect_has_one_effect(twin):
    one = submission("city", effect="e1")
    first = publish(twin.store, {C: [row(1)]}, submission=one)
    again = publish(twin.store, {C: [row(1)]}, submission=replace(one, id="other"))
    assert (again.id, again.repeated, again.version) == (first.id, True, 1)
    publish(twin.store, {C: [row(2), row(1)]})
    back = publish(twin.store, {C: [row(1)]}, submission=replace(one, id="third"), allow_removal=True)
    assert (back.id, back.repeated, back.version) == ("third", False, 3)
    with twin.store.reading() as reader:
        assert reader.effect("e1").id == "third"
        assert [entry.kind for entry in reader.entries()] == ["twin.created", *["publication"] * 3]


def test_an_idempotency_key_goes_with_one_body(twin):
    first = publish(twin.store, {C: [row(1)]}, idempotency=("p-1", "k", "body-1"))
    again = publish(twin.store, {C: [row(2)]}, idempotency=("p-1", "k", "body-1"), allow_removal=True)
    assert (again.id, again.repeated) == (first.id, True)
    with pytest.raises(IdempotencyConflict):
        publish(twin.store, {C: [row(3)]}, idempotency=("p-1", "k", "body-2"))
    publish(twin.store, {C: [row(1), row(4)]}, idempotency=("p-2", "k", "body-2"))
    with twin.store.reading() as reader:
        assert reader.idempotency("p-1", "k") == ("body-1", first.id)
        assert reader.idempotency("p-1", "other") is None


def test_nothing_is_seen_before_all_of_it_is(twin):
    publish(twin.store, {C: [row(1)], "tree": [row(1)]})
    made = publication(twin.store, {C: [row(1), row(2)], "tree": [row(1), row(2)], "new": [row(1)]})
    with twin.store.reading() as reader:
        assert [one.id for one in reader.collections(EVERYTHING)] == [C, "tree"]
        twin.store.publish(made)
        assert [(one.id, one.features) for one in reader.collections(EVERYTHING)] == [(C, 1), ("tree", 1)]
        assert len(list(reader.rows(Query(C, EVERYTHING, limit=-1)))) == 1
    with twin.store.reading() as reader:
        assert [one.features for one in reader.collections(EVERYTHING)] == [2, 1, 2]


def test_a_publication_that_fails_leaves_nothing(twin):
    publish(twin.store, {"tree": [row(1)]}, of=dataset("other"))
    before = version(twin)
    with pytest.raises(IdNotAvailable):
        publish(twin.store, {C: (row(n) for n in range(6000)), "tree": [row(1)]})
    assert version(twin) == before
    with twin.store.reading() as reader:
        assert reader.dataset("city", EVERYTHING) is None
        assert reader.collection(C, EVERYTHING) is None
    assert twin.store.sweep() == []
    publish(twin.store, {C: [row(1)]})


def test_large_first_imports_and_large_updates_give_the_same_as_small_ones(twin):
    publish(twin.store, {C: (row(n, big="x" * 10) for n in range(25_000))})
    done = publish(twin.store, {C: (row(n, big="y" if n == 7 else "x" * 10) for n in range(1, 25_001))})
    assert dict(done.changes[C]) == {"added": 1, "changed": 1, "removed": 1, "unchanged": 24_999 - 1, "features": 25_000}
    with twin.store.reading() as reader:
        assert reader.count(Query(C, EVERYTHING, filter=Comparison(Property("name"), "=", "n20000"))) == 1
        assert reader.count(Query(C, EVERYTHING, boxes=((16.0, 46.0, 16.0099, 46.1),))) == 10
        assert len({one.id for one in reader.rows(Query(C, EVERYTHING, limit=-1))}) == 25_000


def test_threads_read_and_write_at_once(twin):
    publish(twin.store, {C: [row(1, turn=0), row(2, turn=0)]})
    stop, wrong = threading.Event(), []

    def read():
        while not stop.is_set():
            with twin.store.reading() as reader:
                turns = {one.properties["turn"] for one in reader.rows(Query(C, EVERYTHING, limit=-1))}
            if len(turns) != 1:
                wrong.append(turns)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for thread in readers:
        thread.start()
    for turn in range(1, 15):
        publish(twin.store, {C: [row(1, turn=turn), row(2, turn=turn)]})
    stop.set()
    for thread in readers:
        thread.join()
    assert wrong == []


def version(twin):
    with twin.store.reading() as reader:
        return reader.version()


def test_refusals_are_kept_with_an_entry(twin):
    sent = submission("city", state="refused", verdict=verdict(False))
    kept = twin.store.refuse(sent, {"why": "rules"})
    with twin.store.reading() as reader:
        assert reader.submission(sent.id) == kept
        entry = reader.entries(kept.entry - 1)[0]
        assert (entry.kind, entry.body["submission"], entry.body["why"]) == ("refusal", sent.id, "rules")
        assert reader.effect(sent.effect) is None
        assert [one.id for one in reader.submissions("p-1")] == [sent.id]
        assert reader.submissions("p-9") == []


def test_a_publication_entry_names_no_person(twin):
    party = Party("p-1", "cadastre", "Jeanne Dupont", roles=("producer",), since="2026-01-01")
    twin.store.put_party(party, "party.added", {"party": "p-1"})
    publish(twin.store, {C: [row(1)]}, of=dataset(owner_name="Jeanne Dupont"))
    with twin.store.reading() as reader:
        body = reader.entries(2)[0].body
        assert {
            "dataset",
            "version",
            "submission",
            "party",
            "payload",
            "record",
            "charter",
            "charterVersion",
            "collections",
        } <= set(body)
        assert body["collections"][C]["added"] == 1
        assert not any("Dupont" in str(entry.body) for entry in reader.entries())
        assert reader.dataset("city", EVERYTHING).owner_name == "Jeanne Dupont"
    twin.store.put_party(replace(party, name="(erased)"), "party.erased", {"party": "p-1"})
    with twin.store.reading() as reader:
        assert reader.dataset("city", EVERYTHING).owner_name == "(erased)"
    twin.store.close()
    assert twin.store.verify(twin.key.public).sound


def test_parties_and_keys_come_back_as_they_went_in(twin):
    one = Party("p-1", "cadastre", "Cadastre", ("producer", "centre"), "sitg", "1", "2026-01-01T00:00:00Z", None, ("trees",))
    twin.store.put_party(one, "party.added", {"party": "p-1"})
    key = Key("k1", "p-1", b"d" * 32, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")
    twin.store.put_key(key, "key.issued", {"kid": "k1"})
    with twin.store.reading() as reader:
        assert reader.party("cadastre") == reader.party("p-1") == one
        assert reader.key(b"d" * 32) == key
        assert (reader.keys("p-1"), reader.keys("p-2"), reader.key(b"e" * 32)) == ([key], [], None)
    revoked = replace(key, revoked="2026-02-01T00:00:00Z")
    twin.store.put_key(revoked, "key.revoked", {"kid": "k1"})
    with pytest.raises(Conflict):
        twin.store.put_party(replace(one, pseudonym="p-2"), "party.added", {"party": "p-2"})
    with twin.store.reading() as reader:
        assert reader.keys() == [revoked]
        assert [entry.kind for entry in reader.entries()] == ["twin.created", "party.added", "key.issued", "key.revoked"]
        assert (reader.setting("charter"), reader.setting("nothing")) == ("open", None)
