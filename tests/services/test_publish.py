"""Publishing over the real store, adapters and charters."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from gateway import registry
from gateway.catalogue.records import read as read_record
from gateway.charter import decide, language
from gateway.errors import (
    Conflict,
    GatewayError,
    IdempotencyConflict,
    IdNotAvailable,
    NotFound,
    ParameterError,
    Refused,
    Unreadable,
    UsageError,
)
from gateway.model.access import EVERYTHING, PUBLIC
from gateway.model.dataset import Dataset
from gateway.model.party import Party
from gateway.model.query import Query
from gateway.model.submission import Request, Submission
from gateway.ports import Store
from gateway.services.identity import IdentityService
from gateway.services.projections import Projector
from gateway.services.publish import PublishService, check_file
from gateway.services.signing_keys import SigningKeys
from gateway.settings import Settings
from gateway.store.blobs import FolderBlobs
from gateway.store.signing import JournalKey

sys.path.insert(0, str(Path(__file__).parents[1] / "shared"))
from attesting import Signer


@dataclass
class Twin:
    """A twin of one charter with its services, and shortcuts for the tests."""

    folder: Path
    store: Store
    identity: IdentityService
    publishing: PublishService
    signers: dict[str, Signer] = field(default_factory=dict)
    attests: bool = False

    def publish(self, path: Path, party: Party, **wishes: Any) -> Submission:
        return self.send(Request(data=str(path), data_name=path.name, **wishes), party)

    def send(self, request: Request, party: Party) -> Submission:
        """Publish; where the charter asks for attestations, with the party's own."""
        if self.attests and request.attestation is None:
            request = self.signer(party).attest(request, self.folder.parent)
        return self.publishing.publish(request, party)

    def signer(self, party: Party) -> Signer:
        if party.id not in self.signers:
            self.signers[party.id] = Signer(SigningKeys(self.store, self.identity), party.id)
        return self.signers[party.id]

    def dataset(self, id: str) -> Dataset:
        with self.store.reading() as reader:
            found = reader.dataset(id, EVERYTHING)
        assert found is not None
        return found

    def ids(self, collection: str) -> list[str]:
        with self.store.reading() as reader:
            return [row.id for row in reader.rows(Query(collection, EVERYTHING, limit=-1))]

    def state(self) -> tuple[int, list[Dataset], list[str]]:
        """All that a publication could change: journal, datasets, and the files on disk."""
        with self.store.reading() as reader:
            files = sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())
            kept = [name for name in files if not name.endswith(("-wal", "-shm"))]
            return reader.version(), reader.datasets(EVERYTHING), kept


def make_twin(folder: Path, charter_id: str) -> Twin:
    folder.mkdir()
    charter = language.load(charter_id)
    key = JournalKey.create(folder, None)
    facts = {"charter": charter_id, "id_base": "http://localhost:8000/id/", "title": "T", "public_key": key.public.hex()}
    store: Store = registry.get("stores", "geopackage").create(str(folder), facts, key.sign)
    projector = Projector(store, (), folder / "projector.lock", wait=5)
    blobs = FolderBlobs(folder / "blobs")
    publishing = PublishService(store, blobs, charter, projector, Settings(), read_record=read_record)
    return Twin(folder, store, IdentityService(store, charter), publishing, attests=charter_id == "sitg")


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[Twin]:
    twin = make_twin(tmp_path / "twin", "open")
    yield twin
    twin.store.close()


@pytest.fixture
def sitg(tmp_path: Path) -> Iterator[Twin]:
    twin = make_twin(tmp_path / "twin", "sitg")
    yield twin
    twin.store.close()


@pytest.fixture
def parks(twin: Twin) -> Party:
    return twin.identity.add_party("parks", "Parks")


def trees(path: Path, ids: list[str], *, name: str | None = None, crs: str | None = None, **properties: Any) -> Path:
    """A GeoJSON file of points near Geneva with these ids."""
    features = [
        {
            "type": "Feature",
            "id": id,
            "properties": {"species": "Platanus", "height": 12.5, **properties},
            "geometry": {"type": "Point", "coordinates": [6.14 + number * 1e-4, 46.2]},
        }
        for number, id in enumerate(ids)
    ]
    document: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if name is not None:
        document["name"] = name
    if crs is not None:
        document["crs"] = {"type": "name", "properties": {"name": crs}}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_a_file_becomes_a_dataset_with_its_drawn_record(twin: Twin, parks: Party, tmp_path: Path) -> None:
    submission = twin.publish(trees(tmp_path / "trees.geojson", ["t1", "t2"]), parks)
    assert (submission.state, submission.version, submission.dataset) == ("published", 1, "trees")
    assert submission.collections == ("trees",)
    assert submission.verdict.accepted
    dataset = twin.dataset("trees")
    assert (dataset.owner, dataset.level) == (parks.pseudonym, "open")
    record = dataset.record
    assert record.id == "trees"
    assert [attribute.name for attribute in record.attributes] == ["species", "height"]
    assert record.extent.box == pytest.approx((6.14, 46.2, 6.1401, 46.2))
    assert record.permanent_ids
    assert record.published is not None
    (collection,) = dataset.collections
    assert {field.name: field.type for field in collection.fields} == {"species": "string", "height": "number"}
    assert twin.ids("trees") == ["t1", "t2"]


def test_the_bytes_are_kept_as_they_came(twin: Twin, parks: Party, tmp_path: Path) -> None:
    path = trees(tmp_path / "trees.geojson", ["t1"])
    submission = twin.publish(path, parks)
    assert submission.payload is not None
    assert b"".join(FolderBlobs(twin.folder / "blobs").read(submission.payload)) == path.read_bytes()


def test_the_same_effect_again_gives_the_first_submission(twin: Twin, parks: Party, tmp_path: Path) -> None:
    path = trees(tmp_path / "trees.geojson", ["t1"])
    for wishes in ({}, {"dataset": "green"}):
        first = twin.publish(path, parks, collection="a" if wishes else None, **wishes)
        before = twin.state()
        again = twin.publish(path, parks, collection="a" if wishes else None, **wishes)
        assert again.repeated
        assert again.id == first.id
        assert twin.state() == before


def test_an_older_version_again_is_a_new_publication(twin: Twin, parks: Party, tmp_path: Path) -> None:
    one, two = trees(tmp_path / "trees.geojson", ["t1", "t2"]), trees(tmp_path / "other.geojson", ["t1", "t2"], age=3)
    twin.publish(one, parks, dataset="trees", collection="trees")
    twin.publish(two, parks, dataset="trees", collection="trees")
    third = twin.publish(one, parks, dataset="trees", collection="trees")
    assert not third.repeated
    assert third.version == 3


def test_another_access_level_is_another_effect(sitg: Twin, tmp_path: Path) -> None:
    owner = sitg.identity.add_party("cadastre", "Cadastre")
    wishes = sound_wishes(tmp_path)
    path = lv95(tmp_path / "trees.geojson")
    sitg.publish(path, owner, **wishes)
    closed = sitg.publish(path, owner, **{**wishes, "access": "B", "licence": BY_ASK})
    assert not closed.repeated
    assert sitg.dataset("trees").level == "B"


def test_a_key_used_again_gives_the_first_and_with_another_body_a_conflict(twin: Twin, parks: Party, tmp_path: Path) -> None:
    path = trees(tmp_path / "trees.geojson", ["t1"])
    first = twin.publish(path, parks, idempotency_key="k1")
    second = twin.publish(trees(tmp_path / "second.geojson", ["t1", "t2"]), parks, dataset="trees", collection="trees")
    assert not second.repeated
    again = twin.publish(path, parks, idempotency_key="k1")
    assert (again.id, again.repeated) == (first.id, True)
    with pytest.raises(IdempotencyConflict):
        twin.publish(trees(tmp_path / "third.geojson", ["t9"]), parks, idempotency_key="k1")


def test_two_at_once_have_one_effect(twin: Twin, parks: Party, tmp_path: Path) -> None:
    path = trees(tmp_path / "trees.geojson", [f"t{number}" for number in range(300)])
    results: list[Submission | GatewayError] = []

    def send() -> None:
        try:
            results.append(twin.publish(path, parks))
        except GatewayError as error:
            results.append(error)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    published = [result for result in results if isinstance(result, Submission)]
    assert len(published) == 4
    assert len({submission.id for submission in published}) == 1
    assert sum(submission.repeated for submission in published) == 3
    assert twin.dataset("trees").version == 1


def test_two_owners_at_once_leave_one_owner(twin: Twin, parks: Party, tmp_path: Path) -> None:
    other = twin.identity.add_party("other", "Other")
    results: dict[str, Submission | GatewayError] = {}

    def send(party: Party) -> None:
        path = trees(tmp_path / f"{party.id}.geojson", [f"{party.id}{number}" for number in range(300)])
        try:
            results[party.pseudonym] = twin.publish(path, party, dataset="green", collection=party.id)
        except GatewayError as error:
            results[party.pseudonym] = error

    threads = [threading.Thread(target=send, args=(party,)) for party in (parks, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = [pseudonym for pseudonym, result in results.items() if isinstance(result, Submission)]
    assert won == [twin.dataset("green").owner]
    assert sum(isinstance(result, IdNotAvailable) for result in results.values()) == 1


def test_a_dry_run_says_what_would_happen_and_writes_nothing(twin: Twin, parks: Party, tmp_path: Path) -> None:
    before = twin.state()
    submission = twin.publish(trees(tmp_path / "trees.geojson", ["t1"]), parks, dry_run=True)
    assert submission.state == "checked"
    with pytest.raises(Refused) as refused:
        twin.publish(trees(tmp_path / "twice.geojson", ["t1", "t1"]), parks, dry_run=True)
    assert refused.value.submission.state == "checked"
    assert twin.publishing.check(Request(data=str(tmp_path / "trees.geojson")), parks).accepted
    assert twin.state() == before


def test_a_refused_publication_is_kept_and_leaves_the_twin_unchanged(twin: Twin, parks: Party, tmp_path: Path) -> None:
    twin.publish(trees(tmp_path / "trees.geojson", ["t1", "t2"]), parks)
    _, datasets, _ = twin.state()
    path = trees(tmp_path / "twice.geojson", ["t1", "t2", "t2"])
    with pytest.raises(Refused) as refused:
        twin.publish(path, parks, dataset="trees", collection="trees")
    kept = refused.value.submission
    assert kept.state == "refused"
    (finding,) = (finding for finding in kept.verdict.findings if finding.rule == "OPEN-UNIQUE")
    assert finding.object_id == "t2"
    assert {"en", "fr"} <= set(finding.message)
    assert twin.state()[1] == datasets
    assert twin.ids("trees") == ["t1", "t2"]
    parks_reader = twin.identity.reader(parks)
    assert twin.publishing.submission(kept.id, parks_reader).verdict == kept.verdict


def test_a_refused_submission_is_judged_anew(twin: Twin, parks: Party, tmp_path: Path) -> None:
    path = trees(tmp_path / "twice.geojson", ["t1", "t1"])
    told = []
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            twin.publish(path, parks)
        told.append(refused.value.submission.id)
    assert len(set(told)) == 2


def test_a_verdict_is_hidden_from_everyone_else(twin: Twin, parks: Party, tmp_path: Path) -> None:
    submission = twin.publish(trees(tmp_path / "trees.geojson", ["t1"]), parks)
    other = twin.identity.add_party("other", "Other")
    centre = twin.identity.add_party("boss", "Boss", roles=["centre"])
    for reader in (PUBLIC, twin.identity.reader(other)):
        with pytest.raises(NotFound):
            twin.publishing.submission(submission.id, reader)
        assert twin.publishing.submissions(reader) == []
    assert twin.publishing.submission(submission.id, twin.identity.reader(centre)).id == submission.id
    assert [item.id for item in twin.publishing.submissions(twin.identity.reader(centre))] == [submission.id]


@pytest.mark.parametrize("wishes", [{}, {"dataset": "trees"}, {"dataset": "mine"}, {"collection": "trees", "dataset": "mine"}])
def test_an_id_that_another_holds_cannot_be_had(twin: Twin, parks: Party, tmp_path: Path, wishes: dict[str, Any]) -> None:
    path = trees(tmp_path / "trees.geojson", ["t1"])
    twin.publish(path, parks)
    before = twin.state()
    other = twin.identity.add_party("other", "Other")
    state = twin.state()
    with pytest.raises(IdNotAvailable) as refused:
        twin.publish(path, other, **wishes)
    assert "--collection" in str(refused.value)
    assert twin.state() == state
    assert twin.state()[1] == before[1]


@pytest.mark.parametrize("wishes", [{"collection": "csw"}, {"dataset": "sparql"}, {"collection": "Collections"}])
def test_a_reserved_id_cannot_be_had(twin: Twin, parks: Party, tmp_path: Path, wishes: dict[str, Any]) -> None:
    with pytest.raises(IdNotAvailable):
        twin.publish(trees(tmp_path / "trees.geojson", ["t1"]), parks, **wishes)


def test_a_delegate_publishes_for_the_owner_who_stays_owner(twin: Twin, parks: Party, tmp_path: Path) -> None:
    twin.publish(trees(tmp_path / "trees.geojson", ["t1"]), parks)
    twin.identity.add_party("gardener", "Gardener")
    gardener = twin.identity.give_mandate("gardener", "trees")
    path = trees(tmp_path / "more.geojson", ["t1", "t2"])
    submission = twin.publish(path, gardener, dataset="trees", collection="trees")
    assert submission.version == 2
    assert twin.dataset("trees").owner == parks.pseudonym


def test_a_delta_adds_and_changes_and_leaves_the_rest(twin: Twin, parks: Party, tmp_path: Path) -> None:
    twin.publish(trees(tmp_path / "trees.geojson", ["t1", "t2"]), parks)
    delta = trees(tmp_path / "delta.geojson", ["t2", "t3"], age=5)
    submission = twin.publish(delta, parks, dataset="trees", collection="trees", mode="delta")
    assert submission.changes["trees"]["added"] == 1
    assert submission.changes["trees"]["changed"] == 1
    assert sorted(twin.ids("trees")) == ["t1", "t2", "t3"]


def test_a_delta_in_another_system_is_refused(twin: Twin, parks: Party, tmp_path: Path) -> None:
    twin.publish(trees(tmp_path / "trees.geojson", ["t1"]), parks)
    with pytest.raises(Conflict, match="CRS84"):
        twin.publish(lv95(tmp_path / "d.geojson"), parks, dataset="trees", collection="trees", mode="delta")


def test_taking_most_of_a_collection_away_must_be_said(twin: Twin, parks: Party, tmp_path: Path) -> None:
    twin.publish(trees(tmp_path / "trees.geojson", [f"t{number}" for number in range(10)]), parks)
    path = trees(tmp_path / "few.geojson", ["t1"])
    with pytest.raises(Conflict, match="allow-removal"):
        twin.publish(path, parks, dataset="trees", collection="trees")
    assert twin.publish(path, parks, dataset="trees", collection="trees", allow_removal=True).version == 2


def test_a_crs_fills_a_gap_and_a_contradiction_is_a_finding(twin: Twin, parks: Party, tmp_path: Path) -> None:
    path = lv95(tmp_path / "trees.geojson", crs=None)
    with pytest.raises(Refused) as refused:
        twin.publish(path, parks)
    assert refused.value.submission.verdict.counts["OPEN-DOMAIN"] > 0
    assert twin.publish(path, parks, crs="EPSG:2056").state == "published"
    assert twin.dataset("trees").collections[0].crs.code == "EPSG:2056"
    stated = twin.publish(lv95(tmp_path / "lv.geojson"), parks, crs="EPSG:25832")
    assert "OPEN-CRS-AGREES" in stated.verdict.counts
    assert twin.dataset("lv").collections[0].crs.horizontal == "EPSG:2056"


def test_ids_in_file_order_are_marked_as_not_permanent(twin: Twin, parks: Party, tmp_path: Path) -> None:
    path = trees(tmp_path / "trees.geojson", ["t1"])
    document = json.loads(path.read_text())
    del document["features"][0]["id"]
    path.write_text(json.dumps(document))
    submission = twin.publish(path, parks)
    assert "OPEN-STABLE" in submission.verdict.counts
    assert not twin.dataset("trees").record.permanent_ids


def test_attributes_beyond_two_hundred_are_named_in_a_warning(twin: Twin, parks: Party, tmp_path: Path) -> None:
    many = {f"a{number}": number for number in range(250)}
    submission = twin.publish(trees(tmp_path / "wide.geojson", ["t1"], **many), parks)
    found = [finding.found or "" for finding in submission.verdict.findings if finding.rule == "OPEN-COLUMNS"]
    named = ", ".join(found).split(", ")
    columns = [field.name for field in twin.dataset("wide").collections[0].fields]
    assert sorted([*columns, *named]) == sorted(["species", "height", *many])
    assert len(columns) == 200


def city(path: Path) -> Path:
    """A CityJSON 2.0 file with a building, its part, and a tree, in LV95."""
    box = {"type": "MultiSurface", "lod": "1", "boundaries": [[[0, 1, 2, 3]]]}
    objects = {
        "B1": {"type": "Building", "children": ["P1"], "attributes": {"year": 1900}, "geometry": []},
        "P1": {"type": "BuildingPart", "parents": ["B1"], "geometry": [box]},
        "T1": {"type": "SolitaryVegetationObject", "geometry": [{"type": "MultiPoint", "lod": "1", "boundaries": [0]}]},
    }
    corners = [[0, 0, 0], [10000, 0, 0], [10000, 10000, 0], [0, 10000, 0]]
    document = {
        "type": "CityJSON",
        "version": "2.0",
        "transform": {"scale": [0.001, 0.001, 0.001], "translate": [2500000, 1118000, 400]},
        "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/2056"},
        "CityObjects": objects,
        "vertices": corners,
    }
    path.write_text(json.dumps(document))
    return path


def test_a_city_model_becomes_one_collection_a_module(twin: Twin, parks: Party, tmp_path: Path) -> None:
    submission = twin.publish(city(tmp_path / "quarter.city.json"), parks)
    assert submission.dataset == "quarter"
    assert set(submission.collections) == {"building", "vegetation"}
    assert twin.ids("building") == ["B1", "P1"]
    with twin.store.reading() as reader:
        part = reader.item("building", "P1", EVERYTHING)
        whole = reader.item("building", "B1", EVERYTHING)
    assert part is not None
    assert part.parent == "B1"
    assert whole is not None
    assert whole.geometry is not None
    assert all(collection.three_d for collection in twin.dataset("quarter").collections)


def test_one_wish_renames_each_of_several_collections(twin: Twin, parks: Party, tmp_path: Path) -> None:
    submission = twin.publish(city(tmp_path / "quarter.city.json"), parks, collection="old-town")
    assert set(submission.collections) == {"old-town-building", "old-town-vegetation"}
    assert twin.ids("old-town-vegetation") == ["T1"]
    mapped = twin.publish(city(tmp_path / "second.city.json"), parks, collection="building=houses,vegetation=green")
    assert set(mapped.collections) == {"houses", "green"}


def test_a_collection_the_file_lacks_stays_as_it_was(twin: Twin, parks: Party, tmp_path: Path) -> None:
    twin.publish(city(tmp_path / "quarter.city.json"), parks)
    path = trees(tmp_path / "trees.geojson", ["T1"])
    submission = twin.publish(path, parks, dataset="quarter", collection="park")
    assert submission.version == 2
    assert {collection.id for collection in twin.dataset("quarter").collections} == {"building", "vegetation", "park"}


def test_a_delta_leaves_it_as_it_was_whether_the_features_are_in_the_graph(twin: Twin, parks: Party, tmp_path: Path) -> None:
    city, part = trees(tmp_path / "city.geojson", ["t1", "t2"]), trees(tmp_path / "part.geojson", ["t1"], height=13.5)
    for graph in ("metadata", "full"):
        wishes = {"dataset": graph, "collection": graph}
        twin.publish(city, parks, graph=graph, **wishes)
        twin.publish(part, parks, mode="delta", **wishes)
        assert (twin.dataset(graph).version, twin.dataset(graph).graph) == (2, graph)
    twin.publish(city, parks, dataset="metadata", collection="metadata")
    assert twin.dataset("metadata").graph == "full"


def test_an_empty_collection_is_a_collection(twin: Twin, parks: Party, tmp_path: Path) -> None:
    submission = twin.publish(trees(tmp_path / "none.geojson", []), parks)
    assert submission.collections == ("none",)
    assert twin.ids("none") == []


@pytest.mark.parametrize("content", [b"", b"{", b'{"type": "FeatureCollection", "features": [{]}', b"not a file", b"\0" * 1000])
def test_a_broken_file_is_unreadable_and_changes_nothing(twin: Twin, parks: Party, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.geojson"
    path.write_bytes(content)
    before = twin.state()
    with pytest.raises(Unreadable):
        twin.publish(path, parks)
    assert twin.state() == before


def test_a_file_broken_near_its_end_leaves_nothing_staged(twin: Twin, parks: Party, tmp_path: Path) -> None:
    path = trees(tmp_path / "trees.geojson", [f"t{number}" for number in range(5000)])
    path.write_bytes(path.read_bytes()[:-20])
    before = twin.state()
    with pytest.raises(Unreadable):
        twin.publish(path, parks)
    assert twin.state() == before


def test_a_request_for_nothing_or_in_an_unknown_way_is_refused(twin: Twin, parks: Party, tmp_path: Path) -> None:
    path = trees(tmp_path / "trees.geojson", ["t1"])
    with pytest.raises(UsageError):
        twin.publishing.publish(Request(), parks)
    for wishes in ({"mode": "upsert"}, {"crs": "EPSG:999999"}, {"access": "X"}, {"dataset": "a b"}, {"graph": "half"}):
        with pytest.raises(ParameterError):
            twin.publish(path, parks, **wishes)
    with pytest.raises(ParameterError):
        twin.publishing.publish(Request(data=str(tmp_path / "absent")), parks)


def test_the_entry_of_a_publication_names_no_person(twin: Twin, tmp_path: Path) -> None:
    person = twin.identity.add_party("dupont", "Marie Dupont")
    submission = twin.publish(trees(tmp_path / "trees.geojson", ["t1"]), person)
    with twin.store.reading() as reader:
        entry = reader.entries()[-1]
    assert entry.sequence == submission.entry
    body = json.dumps(dict(entry.body))
    assert "Dupont" not in body
    assert "dupont" not in body
    assert entry.body["party"] == person.pseudonym
    assert entry.body["dataset"] == "trees"


def test_check_without_a_twin_gives_the_same_findings(tmp_path: Path) -> None:
    path = trees(tmp_path / "twice.geojson", ["t1", "t1"])
    verdict = check_file(language.load("open"), Request(data=str(path)), read_record, Settings())
    assert not verdict.accepted
    assert "OPEN-UNIQUE" in verdict.counts


# --- under the SITG-style charter --------------------------------------------------------------------------------------

BY = "NonCommercialAllowed-CommercialAllowed-ReferenceRequired"
BY_ASK = "NonCommercialAllowed-CommercialWithPermission-ReferenceRequired"


def lv95(path: Path, crs: str | None = "urn:ogc:def:crs:EPSG::2056") -> Path:
    path = trees(path, ["t1", "t2"], crs=crs)
    document = json.loads(path.read_text())
    for number, feature in enumerate(document["features"]):
        feature["geometry"]["coordinates"] = [2500000 + number, 1118000]
    path.write_text(json.dumps(document))
    return path


def iso_record(path: Path, id: str = "trees-record") -> Path:
    """A dictionary sheet as ISO 19139 with what the charter asks for."""
    text = """<?xml version="1.0" encoding="UTF-8"?>
<gmd:MD_Metadata xmlns:gmd="http://www.isotc211.org/2005/gmd" xmlns:gco="http://www.isotc211.org/2005/gco">
 <gmd:fileIdentifier><gco:CharacterString>ID</gco:CharacterString></gmd:fileIdentifier>
 <gmd:contact/>
 <gmd:identificationInfo><gmd:MD_DataIdentification>
  <gmd:citation><gmd:CI_Citation><gmd:title><gco:CharacterString>Arbres</gco:CharacterString></gmd:title></gmd:CI_Citation></gmd:citation>
  <gmd:abstract><gco:CharacterString>Les arbres des parcs</gco:CharacterString></gmd:abstract>
  <gmd:pointOfContact><gmd:CI_ResponsibleParty>
   <gmd:organisationName><gco:CharacterString>Parcs</gco:CharacterString></gmd:organisationName>
   <gmd:contactInfo><gmd:CI_Contact><gmd:address><gmd:CI_Address>
    <gmd:electronicMailAddress><gco:CharacterString>parcs@example.org</gco:CharacterString></gmd:electronicMailAddress>
   </gmd:CI_Address></gmd:address></gmd:CI_Contact></gmd:contactInfo>
   <gmd:role><gmd:CI_RoleCode codeList="x" codeListValue="owner">owner</gmd:CI_RoleCode></gmd:role>
  </gmd:CI_ResponsibleParty></gmd:pointOfContact>
  <gmd:resourceMaintenance><gmd:MD_MaintenanceInformation><gmd:maintenanceAndUpdateFrequency>
   <gmd:MD_MaintenanceFrequencyCode codeList="x" codeListValue="monthly">monthly</gmd:MD_MaintenanceFrequencyCode>
  </gmd:maintenanceAndUpdateFrequency></gmd:MD_MaintenanceInformation></gmd:resourceMaintenance>
  <gmd:topicCategory><gmd:MD_TopicCategoryCode>environment</gmd:MD_TopicCategoryCode></gmd:topicCategory>
 </gmd:MD_DataIdentification></gmd:identificationInfo>
 <gmd:contentInfo><gfc:FC_FeatureCatalogue xmlns:gfc="http://www.isotc211.org/2005/gfc">
  <gfc:featureType><gfc:FC_FeatureType>
   <gfc:typeName><gco:LocalName>trees</gco:LocalName></gfc:typeName>
   <gfc:carrierOfCharacteristics><gfc:FC_FeatureAttribute>
    <gfc:memberName><gco:LocalName>species</gco:LocalName></gfc:memberName>
    <gfc:definition><gco:CharacterString>Espèce</gco:CharacterString></gfc:definition>
    <gfc:valueType><gco:TypeName><gco:aName><gco:CharacterString>string</gco:CharacterString></gco:aName></gco:TypeName></gfc:valueType>
   </gfc:FC_FeatureAttribute></gfc:carrierOfCharacteristics>
   <gfc:carrierOfCharacteristics><gfc:FC_FeatureAttribute>
    <gfc:memberName><gco:LocalName>height</gco:LocalName></gfc:memberName>
    <gfc:definition><gco:CharacterString>Hauteur, m</gco:CharacterString></gfc:definition>
   </gfc:FC_FeatureAttribute></gfc:carrierOfCharacteristics>
  </gfc:FC_FeatureType></gfc:featureType>
 </gfc:FC_FeatureCatalogue></gmd:contentInfo>
</gmd:MD_Metadata>"""
    path.write_text(text.replace("ID", id, 1), encoding="utf-8")
    return path


def sound_wishes(folder: Path) -> dict[str, Any]:
    return {"record": str(iso_record(folder / "record.xml")), "access": "A", "licence": BY}


def test_a_sound_submission_is_accepted_under_sitg(sitg: Twin, tmp_path: Path) -> None:
    owner = sitg.identity.add_party("parcs", "Parcs")
    submission = sitg.publish(lv95(tmp_path / "trees.geojson"), owner, **sound_wishes(tmp_path))
    assert submission.verdict.findings == ()
    dataset = sitg.dataset("trees")
    assert (dataset.level, dataset.licence, dataset.record.id) == ("A", BY, "trees-record")
    assert dataset.record.federal_level == "A"
    assert dataset.record.source is not None


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("GE-12", {"record": None}),
        ("GE-13", {"collection": "alone"}),
        ("GE-18", {"access": None}),
        ("GE-29", {"licence": None}),
        ("GE-29", {"access": "B"}),
    ],
)
def test_what_is_missing_is_refused_with_its_rule(sitg: Twin, tmp_path: Path, rule: str, change: dict[str, Any]) -> None:
    owner = sitg.identity.add_party("parcs", "Parcs")
    with pytest.raises(Refused) as refused:
        sitg.publish(lv95(tmp_path / "trees.geojson"), owner, **{**sound_wishes(tmp_path), **change})
    rules = {finding.rule for finding in refused.value.submission.verdict.findings}
    assert rules == ({"GE-12", "GE-13"} if change == {"record": None} else {rule})


def test_a_partner_without_adhesion_is_refused(sitg: Twin, tmp_path: Path) -> None:
    stranger = sitg.identity.add_party("stranger", "Stranger", adheres=False)
    with pytest.raises(Refused) as refused:
        sitg.publish(lv95(tmp_path / "trees.geojson"), stranger, **sound_wishes(tmp_path))
    assert set(refused.value.submission.verdict.counts) == {"GE-01"}


def test_claiming_a_visible_dataset_of_another_is_refused_with_the_rule(sitg: Twin, tmp_path: Path) -> None:
    owner = sitg.identity.add_party("parcs", "Parcs")
    other = sitg.identity.add_party("autres", "Autres")
    path = lv95(tmp_path / "trees.geojson")
    sitg.publish(path, owner, **sound_wishes(tmp_path))
    with pytest.raises(Refused) as refused:
        sitg.publish(path, other, dataset="trees", access="A", licence=BY)
    assert "GE-04" in refused.value.submission.verdict.counts


@pytest.mark.parametrize("wishes", [{"dataset": "trees"}, {}, {"dataset": "mine"}])
def test_a_hidden_dataset_gives_the_same_answer_as_a_taken_one(sitg: Twin, tmp_path: Path, wishes: dict[str, Any]) -> None:
    owner = sitg.identity.add_party("parcs", "Parcs")
    other = sitg.identity.add_party("autres", "Autres")
    path = lv95(tmp_path / "trees.geojson")
    sitg.publish(path, owner, **{**sound_wishes(tmp_path), "access": "B", "licence": BY_ASK})
    with pytest.raises(IdNotAvailable):
        sitg.publish(path, other, record=str(iso_record(tmp_path / "r.xml", "another")), access="A", licence=BY, **wishes)
    seen = decide.access(language.load("sitg"), sitg.identity.reader(other))
    with sitg.store.reading() as reader:
        assert reader.dataset("trees", seen) is None


def test_a_record_identifier_of_another_dataset_cannot_be_had(sitg: Twin, tmp_path: Path) -> None:
    owner = sitg.identity.add_party("parcs", "Parcs")
    path = lv95(tmp_path / "trees.geojson")
    sitg.publish(path, owner, **sound_wishes(tmp_path))
    with pytest.raises(IdNotAvailable):
        sitg.publish(path, owner, **sound_wishes(tmp_path), dataset="more", collection="more")


def test_level_licence_and_record_stay_when_only_data_come(sitg: Twin, tmp_path: Path) -> None:
    owner = sitg.identity.add_party("parcs", "Parcs")
    sitg.publish(lv95(tmp_path / "trees.geojson"), owner, **sound_wishes(tmp_path))
    path = lv95(tmp_path / "next.geojson")
    path.write_text(path.read_text().replace("Platanus", "Quercus"))
    assert sitg.publish(path, owner, dataset="trees", collection="trees").version == 2
    dataset = sitg.dataset("trees")
    assert (dataset.level, dataset.licence, dataset.record.id) == ("A", BY, "trees-record")


def test_a_record_alone_is_a_dataset(sitg: Twin, tmp_path: Path) -> None:
    owner = sitg.identity.add_party("parcs", "Parcs")
    request = Request(record=str(iso_record(tmp_path / "r.xml", "alone")), access="A", licence=BY)
    submission = sitg.send(request, owner)
    assert submission.state == "published"
    dataset = sitg.dataset("alone")
    assert dataset.collections == ()
    again = sitg.send(replace(request), owner)
    assert again.repeated


def test_an_attestation_that_served_one_dataset_serves_no_other(sitg: Twin, tmp_path: Path) -> None:
    owner = sitg.identity.add_party("parcs", "Parcs")
    path = lv95(tmp_path / "trees.geojson")
    sitg.publish(path, owner, **sound_wishes(tmp_path))
    request = Request(record=str(iso_record(tmp_path / "r.xml", "second")), dataset="second", access="A", licence=BY)
    sitg.send(request, owner)
    path.write_text(path.read_text().replace("Platanus", "Quercus"))
    wishes = {"data": str(path), "data_name": "trees.geojson"}
    attested = sitg.signer(owner).attest(Request(**wishes, dataset="trees", collection="trees"), tmp_path)
    assert sitg.send(attested, owner).version == 2
    with pytest.raises(Refused) as refused:
        sitg.send(replace(attested, dataset="second", collection="second"), owner)
    (finding,) = (finding for finding in refused.value.submission.verdict.findings if finding.rule == "GE-03")
    assert finding.found == "an attestation of another dataset"
    padded = tmp_path / "padded.jws"
    padded.write_bytes(b"\n" + Path(attested.attestation or "").read_bytes() + b" \n")
    with pytest.raises(Refused):
        sitg.send(replace(attested, attestation=str(padded), dataset="second", collection="second"), owner)


def test_the_same_files_under_another_attestation_are_judged_and_have_one_effect(sitg: Twin, tmp_path: Path) -> None:
    owner = sitg.identity.add_party("parcs", "Parcs")
    request = Request(
        data=str(lv95(tmp_path / "trees.geojson")), data_name="trees.geojson", dataset="trees", **sound_wishes(tmp_path)
    )
    first = sitg.send(request, owner)
    assert sitg.publishing.publish(request, owner).repeated
    again = sitg.send(request, owner)
    assert (again.id, again.repeated, again.attestation) == (first.id, True, first.attestation)
    forged = tmp_path / "forged.jws"
    forged.write_bytes(b"e30.e30.e30")
    with pytest.raises(Refused):
        sitg.publishing.publish(replace(request, attestation=str(forged)), owner)
    assert sitg.dataset("trees").version == 1


def test_metadata_and_data_become_visible_at_once_or_not_at_all(sitg: Twin, tmp_path: Path) -> None:
    """GE-14: while publications follow one another, no reader ever sees a record of one version beside features of another."""
    owner = sitg.identity.add_party("parcs", "Parcs")
    halves: list[tuple[str, str]] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            with sitg.store.reading() as reader:
                found = reader.dataset("trees", EVERYTHING)
                if found is not None:
                    rows = list(reader.rows(Query("trees", EVERYTHING, limit=-1)))
                    halves.append((found.record.abstract["und"], str(rows[0].properties["species"])))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for turn in range(12):
            path = lv95(tmp_path / "trees.geojson")
            path.write_text(path.read_text().replace("Platanus", f"turn {turn}"))
            sheet = iso_record(tmp_path / "record.xml")
            sheet.write_text(sheet.read_text(encoding="utf-8").replace("Les arbres des parcs", f"turn {turn}"), encoding="utf-8")
            request = Request(data=str(path), data_name="trees.geojson", record=str(sheet), access="A", licence=BY)
            sitg.send(request, owner)
    finally:
        done.set()
        watcher.join()
    assert halves
    assert all(told == shown for told, shown in halves)
