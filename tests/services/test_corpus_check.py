"""Other people's files before the charter `open`: read whole, and refused only for want of a usable CRS."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.catalogue.records import read as read_record
from gateway.charter import language
from gateway.model.finding import Severity
from gateway.model.submission import Request
from gateway.services.publish import check_file
from gateway.settings import Settings

FOLDERS = ("citygml", "cityjson", "geojson", "geopackage")


def files() -> list[Path]:
    root = os.environ.get("GATEWAY_CORPUS")
    if root is None:
        return []
    return [path for folder in FOLDERS for path in sorted((Path(root) / folder).iterdir()) if path.suffix not in (".md", ".tsv")]


@pytest.mark.corpus
@pytest.mark.skipif("GATEWAY_CORPUS" not in os.environ, reason="GATEWAY_CORPUS is not set")
@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_a_real_file_is_judged_and_refused_only_without_a_crs(path: Path) -> None:
    verdict = check_file(language.load("open"), Request(data=str(path), data_name=path.name), read_record, Settings())
    blocking = {finding.rule for finding in verdict.findings if finding.severity is Severity.BLOCK}
    assert blocking <= {"OPEN-CRS"}
    if blocking:
        (finding,) = (finding for finding in verdict.findings if finding.rule == "OPEN-CRS")
        assert "--crs EPSG:n" in finding.cure["en"]
