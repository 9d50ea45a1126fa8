"""init, check, publish, party, key and charter, as a person calls them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.app import app


def run(*arguments: str, code: int = 0, **environment: str) -> Result:
    result = CliRunner().invoke(app, list(arguments), env={"LANG": "en_GB.UTF-8", **environment})
    assert result.exit_code == code, result.output
    return result


def answer(*arguments: str, code: int = 0, **environment: str) -> Any:
    return json.loads(run(*arguments, "--json", code=code, **environment).stdout)


@pytest.fixture
def twin(tmp_path: Path) -> str:
    folder = str(tmp_path / "twin")
    run("init", folder)
    return folder


@pytest.fixture
def trees(tmp_path: Path) -> str:
    return write(tmp_path / "trees.geojson", "t1", "t2")


def write(path: Path, *ids: str) -> str:
    features = [
        {"type": "Feature", "id": id, "properties": {}, "geometry": {"type": "Point", "coordinates": [6.1, 46.2]}} for id in ids
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return str(path)


def test_init_makes_a_twin_once(tmp_path: Path) -> None:
    made = answer("init", str(tmp_path / "t"), "--charter", "sitg", "--id-base", "https://twin.example/id")
    assert (made["charter"], made["idBase"]) == ("sitg", "https://twin.example/id/")
    assert answer("init", str(tmp_path / "t"), code=1)["error"] == "conflict"
    assert answer("init", str(tmp_path / "u"), "--charter", "nix", code=2)["error"] == "not-found"
    assert not (tmp_path / "u").exists()


def test_a_file_is_published_and_again_says_so(twin: str, trees: str) -> None:
    first = answer("publish", twin, trees)
    assert (first["verdict"], first["version"], first["collections"]) == ("accepted", 1, ["trees"])
    assert first["changes"]["trees"]["added"] == 2
    again = answer("publish", twin, trees)
    assert (again["repeated"], again["submission"]) == (True, first["submission"])
    assert first["submission"] in run("publish", twin, trees).stdout


def test_a_refused_file_exits_1_with_its_findings(twin: str, tmp_path: Path) -> None:
    twice = write(tmp_path / "twice.geojson", "t1", "t1")
    refused = answer("publish", twin, twice, code=1)
    assert refused["verdict"] == "refused"
    assert [finding["object"] for finding in refused["findings"] if finding["rule"] == "OPEN-UNIQUE"] == ["t1"]
    assert answer("check", twice, code=1)["verdict"] == "refused"


@pytest.mark.parametrize(("lang", "word"), [("en_GB.UTF-8", "refused"), ("fr_CH.UTF-8", "refusé")])
def test_a_verdict_is_told_in_the_readers_language(tmp_path: Path, lang: str, word: str) -> None:
    twice = write(tmp_path / "twice.geojson", "t1", "t1")
    assert word in run("check", twice, code=1, LANG=lang, LC_ALL="", LC_MESSAGES="").stdout
    assert "figure deux" in run("check", twice, "--lang", "fr", code=1).stdout


def test_check_uses_open_and_writes_nothing(trees: str, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert answer("check", trees)["charter"] == "open"
    strict = answer("check", trees, "--charter", "sitg", code=1)
    assert {"GE-06", "GE-12", "GE-18", "GE-29"} <= set(strict["counts"])
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("content", [b"", b"nonsense", b'{"type": "FeatureCollection", "features": [', b"<a><b></a>", b'{"a": 1}'])
def test_a_broken_file_exits_3_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.geojson"
    path.write_bytes(content)
    result = run("check", str(path), code=3)
    assert result.stdout == ""
    assert result.stderr.startswith("gateway: ")
    assert len(result.stderr.splitlines()) == 1
    assert "message" in answer("check", str(path), code=3)


def test_a_file_or_twin_that_is_not_there_exits_2(tmp_path: Path, trees: str) -> None:
    run("check", str(tmp_path / "absent.geojson"), code=2)
    run("publish", str(tmp_path / "absent"), trees, code=2)


def test_acting_as_a_party_needs_its_key(twin: str, trees: str, tmp_path: Path) -> None:
    party = answer("party", "add", twin, "parks", "--name", "City parks")
    assert party["roles"] == ["partner"]
    secret = answer("key", "new", twin, "parks")["key"]
    run("publish", twin, trees, "--as", "parks", code=2)
    run("publish", twin, trees, "--as", "parks", code=2, GATEWAY_KEY="twin_wrong")
    assert answer("publish", twin, trees, "--as", "parks", GATEWAY_KEY=secret)["verdict"] == "accepted"
    keyed = tmp_path / "key.txt"
    keyed.write_text(secret + "\n")
    assert answer("publish", twin, trees, "--as", "parks", "--key-file", str(keyed))["repeated"]
    run("publish", twin, trees, "--as", "operator", "--dataset", "trees", code=1)


def test_a_revoked_key_and_an_ended_party_no_longer_open(twin: str, trees: str) -> None:
    run("party", "add", twin, "parks")
    one, two = answer("key", "new", twin, "parks"), answer("key", "new", twin, "parks", "--expires", "30d")
    assert two["expires"] is not None
    run("key", "revoke", twin, "parks", one["kid"])
    run("publish", twin, trees, "--as", "parks", code=2, GATEWAY_KEY=one["key"])
    assert [key["revoked"] is None for key in answer("key", "list", twin, "parks")] == [False, True]
    run("party", "end", twin, "parks")
    run("publish", twin, trees, "--as", "parks", code=2, GATEWAY_KEY=two["key"])
    ended = {party["id"]: party["ended"] is not None for party in answer("party", "list", twin)}
    assert ended == {"operator": False, "parks": True}


def test_a_delegate_publishes_for_the_owner(twin: str, tmp_path: Path, trees: str) -> None:
    run("publish", twin, trees)
    run("party", "add", twin, "gardener")
    run("party", "delegate", twin, "gardener", "trees")
    secret = answer("key", "new", twin, "gardener")["key"]
    more = write(tmp_path / "more.geojson", "t1", "t2", "t3")
    wishes = ("--dataset", "trees", "--collection", "trees", "--as", "gardener")
    assert answer("publish", twin, more, *wishes, GATEWAY_KEY=secret)["version"] == 2


def test_an_id_that_is_taken_exits_1_and_names_the_way_out(twin: str, trees: str) -> None:
    run("party", "add", twin, "parks")
    secret = answer("key", "new", twin, "parks")["key"]
    run("publish", twin, trees)
    problem = answer("publish", twin, trees, "--as", "parks", code=1, GATEWAY_KEY=secret)
    assert problem["error"] == "id-not-available"
    assert "--collection" in problem["cure"]


def test_a_dry_run_publishes_nothing(twin: str, trees: str) -> None:
    assert answer("publish", twin, trees, "--dry-run")["state"] == "checked"
    assert answer("publish", twin, trees)["version"] == 1


@pytest.mark.parametrize("id", ["open", "sitg"])
def test_a_charter_is_shown_with_its_rules(id: str) -> None:
    shown = answer("charter", "show", id)
    assert all(rule["check"]["type"] and rule["severity"] in ("block", "warn") for rule in shown["rules"])
    assert shown["rules"][0]["id"] in run("charter", "show", id).stdout
    assert id in answer("charter", "list")
