"""The charter language: loads ``profiles/<id>.yaml`` into a frozen `Charter`, or refuses it with everything that is wrong.

Fail closed: a word nobody knows (key, check, role, event, parameter, severity, level), a rule without an event, or a text
missing in a declared language, and the charter is not loaded.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from gateway.charter import source
from gateway.charter.inherit import merged
from gateway.charter.reading import resolve
from gateway.charter.terms import AccessLevel, Charter, Licence, Problems, Rule
from gateway.errors import CharterError, NotFound
from gateway.settings import data_folder

__all__ = ["AccessLevel", "Charter", "Licence", "Rule", "known", "load", "load_from"]

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


@cache
def load(id: str) -> Charter:
    """The shipped charter `id`. Raises NotFound where there is none, CharterError with all problems where it is wrong."""
    return load_from(id, data_folder("profiles"))


def known() -> list[str]:
    """Ids of the shipped charters, sorted."""
    return sorted(path.stem for path in data_folder("profiles").glob("*.yaml"))


def load_from(id: str, folder: Path) -> Charter:
    """The charter `id` of `folder`, with those it extends. Raises as `load` does."""
    problems = Problems()
    document, lineage = _document(id, folder, problems, ())
    charter = resolve(id, document, lineage, problems)
    if charter is None or problems.found:
        raise CharterError(id, problems.found)
    return charter


def _document(id: str, folder: Path, problems: Problems, children: tuple[str, ...]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The document of a charter merged over its parents', and the ids of those parents."""
    path = folder / f"{id}.yaml"
    if not _ID.fullmatch(id) or not path.is_file():
        if not children:
            names = sorted(found.stem for found in folder.glob("*.yaml"))
            raise NotFound(f"there is no charter called {id}", cure=f"known: {', '.join(names)}")
        problems.add(f"{children[-1]}.yaml", f"extends {id}, which is no charter")
        return {}, ()
    document = source.read(path, problems.found)
    parents = document.pop("extends", [])
    if isinstance(parents, str):
        parents = [parents]
    if not isinstance(parents, list) or not all(isinstance(parent, str) for parent in parents):
        problems.add(f"{id}.yaml", "extends must name charters")
        parents = []
    return _over_parents(id, document, parents, folder, problems, (*children, id))


def _over_parents(
    id: str, document: dict[str, Any], parents: list[str], folder: Path, problems: Problems, line: tuple[str, ...]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    lineage: tuple[str, ...] = ()
    base: dict[str, Any] = {}
    for parent in parents:
        if parent in line:
            problems.add(f"{id}.yaml", f"extends {parent}, which extends it")
            continue
        inherited, above = _document(parent, folder, problems, line)
        base = merged(base, inherited, problems, f"{parent}.yaml") if base else inherited
        lineage += (*above, parent)
    return (merged(base, document, problems, f"{id}.yaml") if base else document), lineage
