"""Each rule of the shipped charters: a submission that keeps it, and one that breaks it and no other blocking rule."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import shapely

from gateway.charter import language
from gateway.charter.engine import KEPT, judge
from gateway.model.crs import CRS84, Crs
from gateway.model.dataset import Dataset
from gateway.model.feature import Feature
from gateway.model.finding import Finding, Severity, Verdict
from gateway.model.geometry import Geometry
from gateway.model.party import Party, SigningKey
from gateway.model.record import Attribute, Contact, Extent, Record
from gateway.ports import Header, Subject

sys.path.insert(0, str(Path(__file__).parents[1] / "shared"))
from attesting import Signer

SITG = language.load("sitg")
OPEN = language.load("open")
LV95 = Crs("EPSG:2056", "EPSG:5728")
DATA, RECORD = "d" * 64, "e" * 64
SIGNER, STRANGER = Signer(), Signer()
KEYS = {
    signer.kid: SigningKey(signer.kid, party, signer.public, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")
    for signer, party in ((SIGNER, "p-1"), (STRANGER, "p-2"))
}
OPEN_LICENCE = "NonCommercialAllowed-CommercialAllowed-ReferenceRequired"


def square(x: float, y: float, size: float = 10.0) -> bytes:
    shape: bytes = shapely.to_wkb(shapely.box(x, y, x + size, y + size), flavor="iso")
    return shape


def bow_tie() -> bytes:
    ring = [(2500000, 1118000), (2500010, 1118010), (2500010, 1118000), (2500000, 1118010)]
    shape: bytes = shapely.to_wkb(shapely.Polygon(ring), flavor="iso")
    return shape


def cube(*, closed: bool) -> Geometry:
    low, high = 0.0, 10.0
    corner = [(2500000.0 + x, 1118000.0 + y, 400.0 + z) for z in (low, high) for x, y in ((0, 0), (10, 0), (10, 10), (0, 10))]
    faces = [(3, 2, 1, 0), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)]
    shell = [[[corner[index] for index in face]] for face in (faces if closed else faces[:-1])]
    return Geometry("Solid", "2", [shell])


def full_record() -> Record:
    return Record(
        id="buildings",
        title={"fr": "Bâtiments"},
        abstract={"fr": "Les bâtiments du quartier"},
        contacts=(Contact({"fr": "Cadastre"}, role="owner", email="cadastre@example.org"),),
        topics=("structure",),
        update_frequency="monthly",
        extent=Extent(box=(6.1, 46.1, 6.2, 46.2)),
        attributes=(Attribute("name", "string", {"fr": "Nom"}),),
        revised="2026-01-01",
    )


def partner() -> Party:
    return Party("p-1", "cadastre", "Cadastre", ("partenaire",), "sitg", "1.0.0", "2026-01-01T00:00:00Z")


@dataclass
class Case:
    """A submission as the engine sees it; sound under sitg until a test changes it."""

    party: Party | None = field(default_factory=partner)
    crs: Crs | None = LV95
    ids: str = "source"
    record: Record | None = field(default_factory=full_record)
    level: str | None = "A"
    licence: str | None = OPEN_LICENCE
    current: Dataset | None = None
    previous: frozenset[str] = frozenset()
    problems: list[Finding] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    attestation: bytes | None = field(default_factory=lambda: SIGNER.token(DATA, RECORD))
    features: list[Feature] = field(
        default_factory=lambda: [
            Feature("b1", "Building", "building", {"name": "one"}, square(2500000, 1118000), [cube(closed=True)], place="line 1"),
            Feature("b2", "Building", "building", {"name": "two"}, square(2500100, 1118000), place="line 2"),
        ]
    )

    def verdict(self, charter: language.Charter = SITG) -> Verdict:
        names: dict[str, set[str]] = {}
        for entry in self.features:
            names.setdefault(entry.collection, {"name"}).update(entry.properties)
        attested = {"attestation": self.attestation, "digests": {"data": DATA, "record": RECORD}, "signing_key": KEYS.get}
        subject = Subject(
            event="submit",
            party=self.party,
            dataset="buildings",
            header=Header("test", crs=self.crs, ids=self.ids),
            crs=self.crs,
            record=self.record,
            level=self.level,
            licence=self.licence,
            current=self.current,
            charter=charter,
            problems=self.problems,
            previous_ids=lambda collection, ids: self.previous & set(ids),
            properties=names,
            extra=attested | self.extra,
        )
        judgement = judge(charter, subject)
        assert [feature.id for feature in judgement.through(self.features)] == [feature.id for feature in self.features]
        return judgement.finish()


def blocking(verdict: Verdict) -> set[str]:
    return {finding.rule for finding in verdict.findings if finding.severity is Severity.BLOCK}


def warned(verdict: Verdict) -> set[str]:
    return {finding.rule for finding in verdict.findings if finding.severity is Severity.WARN}


def break_adhesion(case: Case) -> None:
    case.party = replace(partner(), charter=None, charter_version=None)


def end_adhesion(case: Case) -> None:
    case.party = replace(partner(), ended="2026-01-01T00:00:00Z")


def adhere_to_an_older_major(case: Case) -> None:
    case.party = replace(partner(), charter_version="0.9.0")


def come_as_a_mere_user(case: Case) -> None:
    case.party = replace(partner(), roles=("usager-enregistre",))
    case.current = Dataset("buildings", "p-1", "Cadastre", "A", full_record())


def take_anothers_dataset(case: Case) -> None:
    case.current = Dataset("buildings", "p-other", "Other", "A", full_record())


def begin_as_mandatary(case: Case) -> None:
    case.party = replace(partner(), roles=("mandataire",))


def come_without_crs(case: Case) -> None:
    case.crs = None


def come_in_lv03(case: Case) -> None:
    case.crs = Crs("EPSG:21781")
    case.features = [Feature("b1", "Building", "building", {}, square(500000, 118000))]


def come_in_degrees(case: Case) -> None:
    case.features = [Feature("b1", "Building", "building", {}, square(6.1, 46.2, 0.0001))]


def swap_axes(case: Case) -> None:
    case.features = [Feature("b1", "Building", "building", {}, square(1118000, 2500000))]


def cross_a_ring(case: Case) -> None:
    case.features[0].shape = bow_tie()


def open_a_solid(case: Case) -> None:
    case.features[0].geometries = [cube(closed=False)]


def number_by_order(case: Case) -> None:
    case.ids = "order"


def number_by_objectid(case: Case) -> None:
    case.ids, case.extra["id_field"] = "field", "ObjectID"


def change_all_ids(case: Case) -> None:
    case.previous, case.extra["previous_counts"] = frozenset({"x1", "x2"}), {"building": 2}


def repeat_an_id(case: Case) -> None:
    case.features[1].id = "b1"


def leave_out_the_record(case: Case) -> None:
    case.record = None


def leave_out_a_contact(case: Case) -> None:
    case.record = replace(full_record(), contacts=())


def leave_out_the_level(case: Case) -> None:
    case.level = None


def name_an_unknown_level(case: Case) -> None:
    case.level = "D"


def contradict_the_federal_level(case: Case) -> None:
    case.record = replace(full_record(), federal_level="C")


def come_with_heights_of_no_system(case: Case) -> None:
    case.crs = Crs("EPSG:2056")


def come_with_a_plain_geometry_of_no_system(case: Case) -> None:
    case.crs = Crs("EPSG:2056")
    high: bytes = shapely.to_wkb(shapely.Point(2500000, 1118000, 400), flavor="iso")
    case.features = [Feature("b1", "Building", "building", {"name": "one"}, high)]


def come_unattested(case: Case) -> None:
    case.attestation = None


def attest_other_bytes(case: Case) -> None:
    case.attestation = SIGNER.token("0" * 64, RECORD)


def publish_an_attribute_nobody_described(case: Case) -> None:
    case.features[0].properties["secret"] = 1


def describe_an_attribute_that_is_not_there(case: Case) -> None:
    kept = full_record()
    case.record = replace(kept, attributes=(*kept.attributes, Attribute("ghost", "string", {"fr": "Fantôme"})))


def name_an_attribute_without_a_word(case: Case) -> None:
    case.record = replace(full_record(), attributes=(Attribute("name", "string"),))


def give_no_date(case: Case) -> None:
    case.record = replace(full_record(), revised=None)


def leave_out_the_licence(case: Case) -> None:
    case.licence = None


def name_a_strange_licence(case: Case) -> None:
    case.licence = "all-mine"


def open_a_closed_level(case: Case) -> None:
    case.level = "B"


@pytest.mark.parametrize(
    ("rule", "breach"),
    [
        ("GE-01", break_adhesion),
        ("GE-01", end_adhesion),
        ("GE-01", adhere_to_an_older_major),
        ("GE-01", come_as_a_mere_user),
        ("GE-03", come_unattested),
        ("GE-03", attest_other_bytes),
        ("GE-04", take_anothers_dataset),
        ("GE-04", begin_as_mandatary),
        ("GE-06", come_without_crs),
        ("GE-06", come_in_lv03),
        ("GE-06-DOMAIN", come_in_degrees),
        ("GE-06-DOMAIN", swap_axes),
        ("GE-07", come_with_heights_of_no_system),
        ("GE-07", come_with_a_plain_geometry_of_no_system),
        ("GE-09", cross_a_ring),
        ("GE-09", open_a_solid),
        ("GE-11", number_by_order),
        ("GE-11", number_by_objectid),
        ("GE-11", change_all_ids),
        ("GE-11-UNIQUE", repeat_an_id),
        ("GE-12", leave_out_the_record),
        ("GE-12", leave_out_a_contact),
        ("GE-13", publish_an_attribute_nobody_described),
        ("GE-13", describe_an_attribute_that_is_not_there),
        ("GE-13", name_an_attribute_without_a_word),
        ("GE-18", leave_out_the_level),
        ("GE-18", name_an_unknown_level),
        ("GE-18", contradict_the_federal_level),
        ("GE-26", give_no_date),
        ("GE-29", leave_out_the_licence),
        ("GE-29", name_a_strange_licence),
        ("GE-29", open_a_closed_level),
    ],
)
def test_a_breach_trips_its_own_rule_and_no_other_that_blocks(rule: str, breach: Callable[[Case], None]) -> None:
    case = Case()
    breach(case)
    verdict = case.verdict()
    assert blocking(verdict) == {rule}
    assert not verdict.accepted
    for finding in verdict.findings:
        assert {"fr", "en", "de"} <= set(finding.message) & set(finding.cure)
        assert "{" not in "".join(finding.message.values())


def test_a_sound_submission_keeps_every_rule() -> None:
    verdict = Case().verdict()
    assert verdict.accepted
    assert verdict.findings == ()
    assert set(verdict.rules) == {rule.id for rule in SITG.rules_for("submit")}
    assert verdict.features == 2


@pytest.mark.parametrize("crs", [Crs("EPSG:2056"), LV95])
def test_lv95_is_allowed_with_and_without_heights(crs: Crs) -> None:
    case = Case(crs=crs)
    case.features = [Feature("b1", "Building", "building", {"name": "one"}, square(2500000, 1118000))]
    assert case.verdict().accepted


def test_a_delegate_may_replace_the_masters_dataset() -> None:
    case = Case(party=replace(partner(), roles=("mandataire",), delegates=("buildings",)))
    take_anothers_dataset(case)
    assert case.verdict().accepted


def test_an_object_outside_grand_geneve_is_a_warning() -> None:
    case = Case(features=[Feature("b1", "Building", "building", {}, square(2600000, 1200000), place="line 9")])
    verdict = case.verdict()
    assert verdict.accepted
    assert warned(verdict) == {"GE-08"}
    (finding,) = verdict.findings
    assert finding.object_id == "b1"
    assert finding.place == "line 9"
    assert finding.position is not None
    assert finding.position == pytest.approx((7.44, 46.95), abs=0.01)


def test_annecy_is_still_grand_geneve_and_raises_no_warning() -> None:
    assert Case(features=[Feature("b1", "Building", "building", {}, square(2500500, 1083000))]).verdict().findings == ()


def test_a_finding_says_what_was_found_in_each_language() -> None:
    case = Case()
    come_in_lv03(case)
    (finding,) = (finding for finding in case.verdict().findings if finding.rule == "GE-06")
    assert finding.found == "EPSG:21781"
    assert finding.expected == "EPSG:2056, EPSG:2056+5728"
    assert finding.message["en"] == "Coordinate reference system EPSG:21781: EPSG:2056, EPSG:2056+5728 required."
    assert "EPSG:21781" in finding.message["fr"]
    assert finding.message["fr"] != finding.message["en"]


def test_an_invalid_geometry_is_shown_on_the_map_with_its_article() -> None:
    case = Case()
    cross_a_ring(case)
    (finding,) = case.verdict().findings
    assert finding.article == "RGéo-GE art. 1(2)c"
    assert finding.position == pytest.approx((6.19, 46.20), abs=0.05)
    assert "Self-intersection" in (finding.found or "")


def test_who_submits_is_not_asked_before_it_is_known() -> None:
    verdict = Case(party=None).verdict()
    assert verdict.accepted
    assert not {"GE-01", "GE-04"} & set(verdict.rules)


def test_a_hundred_findings_of_a_rule_are_kept_and_all_are_counted() -> None:
    case = Case(features=[Feature(f"b{number}", "Building", "building", {}, bow_tie()) for number in range(250)])
    verdict = case.verdict()
    assert len(verdict.findings) == KEPT
    assert verdict.counts == {"GE-09": 250}


def test_a_repeated_id_is_found_among_many_and_far_apart() -> None:
    ids = [f"b{number}" for number in range(20_000)] + ["b17", "b19999"]
    verdict = Case(features=[Feature(id, "Building", "building") for id in ids]).verdict()
    assert {finding.object_id for finding in verdict.findings} == {"b17", "b19999"}


def test_the_same_id_in_two_collections_is_no_repetition() -> None:
    assert Case(features=[Feature("1", collection="a"), Feature("1", collection="b")]).verdict().accepted


def open_case(**changes: Any) -> Case:
    party = Party("p-1", "someone", "Someone", ("partner",), "open", "1.0.0")
    return Case(party=party, level="open", licence=None, attestation=None, **changes)


def test_open_blocks_what_cannot_be_kept_or_served_truly() -> None:
    for rule, breach in (
        ("OPEN-CRS", come_without_crs),
        ("OPEN-UNIQUE", repeat_an_id),
        ("OPEN-DOMAIN", swap_axes),
        ("OPEN-DOMAIN", come_in_degrees),
    ):
        case = open_case()
        breach(case)
        assert blocking(case.verdict(OPEN)) == {rule}


def test_open_blocks_an_unknown_local_system_and_latitudes_beyond_the_pole() -> None:
    assert blocking(open_case(crs=Crs("", local="building grid")).verdict(OPEN)) == {"OPEN-CRS"}
    beyond = [Feature("a", shape=shapely.to_wkb(shapely.Point(6.0, 91.0), flavor="iso"))]
    assert blocking(open_case(crs=CRS84, features=beyond).verdict(OPEN)) == {"OPEN-DOMAIN"}


def test_open_takes_the_rest_with_warnings() -> None:
    for rule, breach in (
        ("OPEN-VALID", cross_a_ring),
        ("OPEN-VALID", open_a_solid),
        ("OPEN-STABLE", number_by_order),
        ("OPEN-RECORD", leave_out_the_record),
    ):
        case = open_case()
        breach(case)
        verdict = case.verdict(OPEN)
        assert verdict.accepted
        assert rule in warned(verdict)


def test_a_stated_crs_that_contradicts_the_file_is_a_warning() -> None:
    case = open_case(extra={"stated_crs": Crs("EPSG:25832")})
    verdict = case.verdict(OPEN)
    assert "OPEN-CRS-AGREES" in warned(verdict)
    assert verdict.accepted
    assert "OPEN-CRS-AGREES" not in warned(open_case(extra={"stated_crs": Crs("EPSG:2056")}).verdict(OPEN))


def test_the_readers_own_words_stay_in_a_finding() -> None:
    problem = Finding("source", Severity.WARN, {"en": "ring not closed", "fr": "anneau ouvert"}, {"en": "close it", "fr": "fermer"})
    verdict = open_case(problems=[problem]).verdict(OPEN)
    (finding,) = (finding for finding in verdict.findings if finding.rule == "OPEN-SOURCE")
    assert finding.message["fr"] == "anneau ouvert"


def test_taking_objects_away_does_not_make_ids_unstable() -> None:
    case = Case(previous=frozenset({"b1", "b2", *(f"gone{number}" for number in range(20))}))
    case.extra["previous_counts"] = {"building": 22}
    assert case.verdict().accepted


def test_missing_fields_are_named_in_the_readers_language() -> None:
    case = Case()
    leave_out_a_contact(case)
    case.record = replace(full_record(), update_frequency=None)
    (finding,) = case.verdict().findings
    assert finding.expected == "frequency"
    assert "fréquence de mise à jour" in finding.message["fr"]
    assert "update frequency" in finding.message["en"]
