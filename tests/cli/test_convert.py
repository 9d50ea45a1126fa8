"""`gateway convert` as a person and a script use it."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from gateway.cli.app import app

TREES = {
    "type": "FeatureCollection",
    "features": [{"type": "Feature", "id": "a", "geometry": None, "properties": {"style": 1}}],
    "x": 1,
}


def _run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["convert", *map(str, arguments)])


@pytest.fixture
def trees(tmp_path: Path) -> Path:
    path = tmp_path / "trees.geojson"
    path.write_bytes(orjson.dumps(TREES))
    return path


def test_it_says_what_was_written_and_what_was_lost(trees: Path, tmp_path: Path) -> None:
    result = _run(trees, tmp_path / "out.city.jsonl")
    assert result.exit_code == 0, result.output
    assert "1 of 1 features written" in result.stdout
    assert "lost: member x of the collection" in result.stdout


def test_json_is_one_document_and_the_report_file_says_the_same(trees: Path, tmp_path: Path) -> None:
    result = _run(trees, tmp_path / "out.gpkg", "--json", "--report", tmp_path / "loss.json")
    document = orjson.loads(result.stdout)
    assert document["written"] == {"trees": 1}
    assert orjson.loads((tmp_path / "loss.json").read_bytes()) == document


@pytest.mark.parametrize(
    ("content", "target", "options", "code"),
    [
        (b"", "out.geojson", [], 3),
        (b'{"a":1}', "out.geojson", [], 3),
        (b'{"type":"FeatureCollection","features":[', "out.geojson", [], 3),
        (orjson.dumps(TREES), "out.docx", [], 2),
        (orjson.dumps(TREES), "out.geojson", ["--crs", "EPSG:0"], 2),
        (orjson.dumps(TREES), "nowhere/out.geojson", [], 2),
        (b'{"type":"FeatureCollection","features":[]}', "out.geojson", [], 0),
    ],
)
def test_the_exit_code_says_what_went_wrong(tmp_path: Path, content: bytes, target: str, options: list[str], code: int) -> None:
    path = tmp_path / "in.dat"
    path.write_bytes(content)
    result = _run(path, tmp_path / target, *options)
    assert result.exit_code == code, result.output
    assert (tmp_path / target).exists() == (code == 0)


def test_an_error_is_one_json_document_too(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"")
    result = _run(tmp_path / "in", tmp_path / "out.gpkg", "--json")
    assert orjson.loads(result.stdout)["error"] == "unreadable"
