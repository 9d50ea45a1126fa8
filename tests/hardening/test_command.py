"""The command line: one sentence and its exit code, the twin as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.hardening import samples
from tests.hardening.server import Served, run


def test_an_unknown_party_publishes_nothing_from_the_command_line(twin: tuple[Path, str], server: Served, tmp_path: Path) -> None:
    folder, key = twin
    file = tmp_path / "x.geojson"
    file.write_bytes(samples.geojson())
    before = server.state()
    for party in ("nobody", "../city"):
        done = run("publish", folder, file, "--as", party, "--json", key=key)
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
    assert run("publish", folder, file, "--as", "city", key="wrong").returncode == 2
    assert server.state() == before


FILES = {
    "empty.gml": ("check", b""),
    "cut.gml": ("publish", samples.citygml()[:900]),
    "cut.geojson": ("check", samples.geojson()[:-10]),
    "png.gpkg": ("publish", b"\x89PNG\r\n\x1a\n" + bytes(100)),
    "nan.geojson": ("publish", samples.raw_geojson(f"[NaN,{samples.Y}]")),
    "other.json": ("check", b'{"a":1}'),
}


@pytest.mark.parametrize("name", FILES)
def test_the_command_line_refuses_a_broken_file_in_one_sentence(
    name: str, twin: tuple[Path, str], server: Served, tmp_path: Path
) -> None:
    folder, key = twin
    command, data = FILES[name]
    file = tmp_path / name
    file.write_bytes(data)
    before = server.state("victim")
    where = [file] if command == "check" else [folder, file, "--as", "city", "--collection", "victim"]
    done = run(command, *where, "--json", key=key)
    assert done.returncode == 3, (done.stdout, done.stderr)
    assert json.loads(done.stdout)["message"]
    assert "Traceback" not in done.stderr
    assert server.state("victim") == before


def test_a_file_of_5_gigabytes_of_nothing_is_refused_before_it_is_read(twin: tuple[Path, str], tmp_path: Path) -> None:
    folder, key = twin
    file = tmp_path / "sparse.gml"
    with file.open("wb") as sink:
        sink.truncate(5_000_000_000)
    done = run("publish", folder, file, "--as", "city", key=key, seconds=20)
    assert done.returncode == 3, done.stderr
