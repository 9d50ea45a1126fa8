"""The rules of the house, run as tests: who may import whom, how long a file may be, what model stands on."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*ROOT.glob("gateway/**/*.py"), *ROOT.glob("conformance/**/*.py")])
LIMIT_FILE = 500
LIMIT_FUNCTION = 60


def test_every_import_contract_is_kept() -> None:
    run = subprocess.run(["lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-3000:]


def test_no_file_is_longer_than_the_ceiling() -> None:
    long = [f"{path.relative_to(ROOT)}: {count}" for path in SOURCES if (count := len(path.read_text().splitlines())) > LIMIT_FILE]
    assert not long


def test_no_function_is_longer_than_the_ceiling() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno > LIMIT_FUNCTION
    ]
    assert not long


def test_no_module_is_a_drawer_for_everything() -> None:
    forbidden = {"utils", "util", "helpers", "helper", "manager", "data", "info", "common", "misc"}
    assert not [str(path) for path in SOURCES if path.stem in forbidden or forbidden & set(path.parent.parts[-1:])]


def test_the_model_stands_on_the_standard_library_and_numpy() -> None:
    allowed = set(sys.stdlib_module_names) | {"numpy", "gateway"}
    strange = {
        f"{path.name}: {name}"
        for path in ROOT.glob("gateway/model/*.py")
        for name in _imports(path)
        if name.partition(".")[0] not in allowed or (name.startswith("gateway.") and not name.startswith("gateway.model"))
    }
    assert not strange


def test_only_settings_reads_the_environment() -> None:
    readers = [path.relative_to(ROOT).as_posix() for path in SOURCES if re.search(r"os\.(environ|getenv)", path.read_text())]
    assert set(readers) <= ENVIRONMENT


ENVIRONMENT = {"gateway/settings.py", "gateway/cli/verdict.py", "gateway/gates/child.py"}
"""The settings; the language of the terminal (LC_ALL, LC_MESSAGES, LANG), which is no setting of ours; and the gate that hands
the loader's and PROJ's own variables to a child and nothing else."""


def test_only_the_catalogues_bridge_imports_pycsw() -> None:
    importers = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.glob("gateway/**/*.py")
        if any(name.partition(".")[0] == "pycsw" for name in _imports(path))
    }
    assert all("catalogue" in name for name in importers), importers


def test_every_entry_point_names_a_real_object() -> None:
    from gateway import registry

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for group, entries in project["entry-points"].items():
        for name in entries if group.startswith("gateway.") else ():
            assert registry.get(group.removeprefix("gateway."), name) is not None


@pytest.mark.parametrize("kind", ["machine", "registry"])
def test_no_file_names_a_machine_or_a_registry(kind: str) -> None:
    patterns = {"machine": rb"/work/(main|shared)|/root/[\w.]", "registry": rb"https?://[\w.-]*(pypi|npmjs|debian)\.(org|com)"}
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout.split(b"\0")
    named = [name.decode() for name in tracked if name and _names(ROOT / name.decode(), patterns[kind])]
    assert not named


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _names(path: Path, pattern: bytes) -> bool:
    return path.is_file() and path != Path(__file__) and re.search(pattern, path.read_bytes()) is not None
