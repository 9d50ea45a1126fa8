"""The manual is true: its commands run, its links lead somewhere, and nothing a user can set or call is missing from it."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from gateway import registry
from gateway.cli.app import VERBS
from gateway.settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md")])
EVERY_PAGE = sorted([*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/decisions/*.md")])


def _blocks(page: Path) -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", page.read_text(), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", [page for page in PAGES if _blocks(page)], ids=lambda page: page.stem)
def test_the_commands_of_the_manual_run(page: Path, demo: Any, environment: dict[str, str], tmp_path: Path) -> None:
    """All blocks of a page one after the other in one folder, as a reader would run them."""
    shutil.copytree(demo.twin, tmp_path / "demo-twin", ignore=shutil.ignore_patterns("*.lock"))
    for block in _blocks(page):
        script = block.replace("http://localhost:8000", demo.url)
        shell = ["bash", "-euo", "pipefail", "-c", f'curl() {{ command curl --fail-with-body "$@"; }}\n{script}']
        run = subprocess.run(shell, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=100)
        assert run.returncode == 0, f"{script}\n{run.stdout[-2000:]}\n{run.stderr[-2000:]}"


@pytest.mark.parametrize("field", [field.name for field in fields(Settings)])
def test_every_setting_is_documented_with_its_default(field: str) -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    default = getattr(Settings(), field)
    shown = "none" if default in (None, ()) else ",".join(default) if isinstance(default, tuple) else str(default)
    row = re.search(rf"^\| `{PREFIX}{field.upper()}` \| `?([^|`]+)`? \|", page, flags=re.MULTILINE)
    assert row is not None, f"{PREFIX}{field.upper()} is not in docs/settings.md"
    assert row[1].strip() == shown


def test_no_setting_is_documented_that_does_not_exist() -> None:
    known = {f"{PREFIX}{field.name.upper()}" for field in fields(Settings)}
    for page in EVERY_PAGE:
        assert set(re.findall(rf"{PREFIX}[A-Z_]+[A-Z]", page.read_text())) <= known, page.name


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_in_the_manual(verb: str) -> None:
    assert any(f"gateway {verb}" in page.read_text() for page in PAGES)


@pytest.mark.parametrize("name", registry.names("adapters"))
def test_every_format_is_in_the_manual(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs" / "formats.md").read_text()


@pytest.mark.parametrize("group", registry.GROUPS)
def test_every_group_of_plug_ins_is_in_the_manual(group: str) -> None:
    assert f"`gateway.{group}`" in (ROOT / "docs" / "developer.md").read_text()


@pytest.mark.parametrize("page", EVERY_PAGE, ids=lambda page: page.stem)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_manual_does_not_tell_what_the_demo_hides() -> None:
    assert not [page.name for page in EVERY_PAGE if "heating" in page.read_text().lower()]
