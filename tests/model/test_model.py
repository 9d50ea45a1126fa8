"""The plain data of the twin: CRS names, geometry nesting, reports and verdicts."""

from gateway.model.access import EVERYTHING, PUBLIC, Access
from gateway.model.crs import CRS84, Crs
from gateway.model.finding import Finding, Severity, Verdict
from gateway.model.geometry import Geometry
from gateway.model.report import Report
from gateway.model.text import pick


def test_a_compound_crs_has_one_code_and_one_uri() -> None:
    crs = Crs("EPSG:2056", "EPSG:5728")
    assert crs.code == "EPSG:2056+5728"
    assert crs.uri == (
        "http://www.opengis.net/def/crs-compound?1=http://www.opengis.net/def/crs/EPSG/0/2056"
        "&2=http://www.opengis.net/def/crs/EPSG/0/5728"
    )


def test_crs84_keeps_its_published_uri() -> None:
    assert CRS84.uri == "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


def test_a_local_crs_is_not_known_and_keeps_its_name() -> None:
    crs = Crs("", local="site grid")
    assert not crs.is_known
    assert crs.code == "site grid"


def test_the_polygons_of_a_solid_carry_their_semantics() -> None:
    ring = [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)]
    solid = Geometry("Solid", "2", [[[ring], [ring]]], values=[[0, None]])
    assert list(solid.polygons()) == [([ring], 0), ([ring], None)]


def test_points_have_no_polygons() -> None:
    assert list(Geometry("MultiPoint", "1", [(0.0, 0.0, 0.0)]).polygons()) == []


def test_a_report_counts_all_and_shows_five() -> None:
    report = Report()
    for number in range(7):
        report.lost("texture", "the format has none", f"b{number}")
    (change,) = report.as_json()["changes"]
    assert (change["count"], len(change["examples"])) == (7, 5)


def test_a_verdict_comes_back_from_json() -> None:
    finding = Finding("GE-06", Severity.BLOCK, {"en": "no"}, {"en": "do"}, place="line 3", position=(6.1, 46.2))
    verdict = Verdict("sitg", "1.0.0", False, (finding,), {"GE-06": 1}, ("GE-06",), 4)
    assert Verdict.from_json(verdict.as_json()) == verdict


def test_a_reader_sees_open_levels_his_own_and_what_was_granted() -> None:
    access = Access(levels=frozenset({"A"}), owner="p-1", datasets=frozenset({"net"}))
    assert access.admits("trees", "A", "p-9")
    assert access.admits("pipes", "B", "p-1")
    assert access.admits("net", "C", "p-9")
    assert not access.admits("pipes", "B", "p-9")
    assert not Access().admits("trees", "A", "p-9")
    assert EVERYTHING.admits("pipes", "C", "p-9")
    assert PUBLIC.party is None


def test_nobody_owns_what_has_no_owner() -> None:
    assert not Access(owner=None).admits("x", "B", "")


def test_text_falls_back_to_a_language_it_has() -> None:
    assert pick({"fr": "arbres", "en": "trees"}, ("de", "fr")) == "arbres"
    assert pick({"it": "alberi"}) == "alberi"
    assert pick({}) == ""
