"""The charter language: what is loaded, and that everything wrong is refused at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway import registry
from gateway.charter import enforcement, language
from gateway.errors import CharterError, NotFound
from gateway.model.finding import Severity

SOUND = """
version: "1.0.0"
title: {en: Test}
languages: [en]
roles: [centre, partner, public]
centre_role: centre
partner_role: partner
submitters: [partner]
masters: [partner]
access_levels:
  open: {title: {en: Open}, rank: 0, read: [public]}
  closed: {title: {en: Closed}, rank: 1, read: []}
licences:
  free: {title: {en: Free}, levels: [open]}
rules:
  - id: R1
    binds: partner
    when: [submit]
    check: {type: geom.crs, allow: ["EPSG:2056"]}
    severity: block
    message: {en: "found {found}"}
    cure: {en: "give {expected}"}
"""


def load(tmp_path: Path, text: str, **others: str) -> language.Charter:
    (tmp_path / "test.yaml").write_text(text, encoding="utf-8")
    for name, content in others.items():
        (tmp_path / f"{name}.yaml").write_text(content, encoding="utf-8")
    return language.load_from("test", tmp_path)


def problems(tmp_path: Path, text: str, **others: str) -> list[str]:
    with pytest.raises(CharterError) as refused:
        load(tmp_path, text, **others)
    return list(refused.value.problems)


def test_a_sound_charter_is_loaded_with_its_rules(tmp_path: Path) -> None:
    charter = load(tmp_path, SOUND)
    (rule,) = charter.rules_for("submit")
    assert rule.parameters["allow"][0].code == "EPSG:2056"
    assert rule.severity is Severity.BLOCK
    assert charter.rules_for("edit") == ()


@pytest.mark.parametrize("id", ["open", "sitg"])
def test_the_shipped_charters_load_and_show_their_rules(id: str) -> None:
    shown = language.load(id).as_json()
    assert shown["rules"]
    for rule in shown["rules"]:
        assert set(shown["languages"]) <= set(rule["message"]) & set(rule["howToFix"])


def test_only_rules_whose_article_was_read_claim_one() -> None:
    for rule in language.load("sitg").rules:
        assert (rule.source.article is None) or rule.source.evidence == "V"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("type: geom.crs, allow", "type: geom.magic, allow", "the check geom.magic is unknown"),
        ("binds: partner", "binds: stranger", "the role stranger is unknown"),
        ("when: [submit]", "when: [sunrise]", "the event sunrise is unknown"),
        ("when: [submit]", "when: []", "has no event"),
        ('allow: ["EPSG:2056"]', "permit: 3", "the check has no parameter permit"),
        ('allow: ["EPSG:2056"]', 'allow: ["EPSG:999999"]', "parameter allow names no coordinate reference system"),
        ("severity: block", "severity: fatal", "the severity fatal is unknown"),
        ('message: {en: "found {found}"}', "message: {}", "message: is missing in en"),
        ('cure: {en: "give {expected}"}', 'cure: {en: "give {secret}"}', "placeholder that is never filled: {secret}"),
        ('cure: {en: "give {expected}"}', 'cure: {en: "give {found.__class__}"}', "never filled: {found.__class__}"),
        ("languages: [en]", "languages: [en, fr]", "title: is missing in fr"),
        ("centre_role: centre", "centre_role: king", "the role king is unknown"),
        ("read: [public]", "read: [everyone]", "the role everyone is unknown"),
        ("levels: [open]", "levels: [secret]", "the access level secret is unknown"),
        ("roles: [centre, partner, public]", "roles: [centre, partner]", "the role public is missing"),
        ("    severity: block\n", "    severity: block\n    mood: fine\n", "the key mood is unknown"),
        ("    severity: block\n", "    severity: block\n    severity: warn\n", "the key severity stands twice"),
        ("    severity: block\n", "    severity: &a block\n    source: *a\n", "aliases are not allowed"),
        ("    severity: block\n", "    severity: block\n    source: {evidence: M, law: X, article: '4'}\n", "claims an article"),
        ("    severity: block\n", "    severity: !!python/object:os.system block\n", "is no sound YAML"),
        ("version:", "verzion:", "the key version is missing"),
    ],
)
def test_what_nobody_knows_is_refused(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in SOUND
    assert any(told in problem for problem in problems(tmp_path, SOUND.replace(old, new, 1)))


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    wrong = SOUND.replace("geom.crs", "geom.magic").replace("severity: block", "severity: fatal").replace("[submit]", "[sunrise]")
    found = problems(tmp_path, wrong)
    assert len([problem for problem in found if "unknown" in problem]) == 3
    assert all("test.yaml rule R1" in problem for problem in found)


def test_a_charter_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="known"):
        language.load_from("nothing", tmp_path)
    with pytest.raises(NotFound):
        language.load("../../etc/passwd")


def test_a_child_inherits_and_adds(tmp_path: Path) -> None:
    child = """
extends: parent
version: "2.0.0"
rules:
  - {id: R1, severity: block, message: {en: mine}}
  - {id: R2, binds: partner, when: [submit], check: id.unique, severity: warn, message: {en: m}, cure: {en: c}}
"""
    charter = load(tmp_path, child, parent=SOUND)
    assert [rule.id for rule in charter.rules] == ["R1", "R2"]
    assert charter.rules[0].message == {"en": "mine"}
    assert charter.extends == ("parent",)


@pytest.mark.parametrize(
    ("child", "told"),
    [
        ("extends: parent\nrules:\n  - {id: R1, severity: warn}\n", "is loosened: it blocks"),
        ("extends: parent\nrules:\n  - {id: R1, when: [edit]}\n", "no longer asked at submit"),
        ("extends: parent\nrules:\n  - {id: R1, check: id.unique}\n", "may change its"),
        ("extends: parent\naccess_levels:\n  closed: {title: {en: C}, rank: 1, read: [public]}\n", "closed is loosened"),
        ("extends: nobody\n", "extends nobody, which is no charter"),
        ("extends: test\n", "extends test, which extends it"),
    ],
)
def test_a_child_that_loosens_its_parent_is_refused(tmp_path: Path, child: str, told: str) -> None:
    assert any(told in problem for problem in problems(tmp_path, child, parent=SOUND))


@pytest.mark.parametrize(
    ("check", "point"), [("publish.atomic", "publish.atomic"), ("response.attribution", "response.attribution")]
)
def test_a_rule_that_machinery_keeps_is_refused_where_that_is_not_wired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, check: str, point: str
) -> None:
    text = SOUND.replace('{type: geom.crs, allow: ["EPSG:2056"]}', f"{{type: {check}}}")
    assert check in text
    assert load(tmp_path, text).rules_for("submit")
    wired = registry.names
    monkeypatch.setattr(registry, "names", lambda group: [name for name in wired(group) if (group, name) != ("points", point)])
    (problem,) = problems(tmp_path, text)
    assert f"its enforcement point {point} is not wired" in problem


def test_the_points_a_charter_rests_on_can_be_had() -> None:
    found = enforcement.points(language.load("sitg"))
    assert set(found) == {"publish.atomic", "response.attribution"}
    assert all(callable(point) for point in found.values())
    assert enforcement.points(language.load("open")) == {}
