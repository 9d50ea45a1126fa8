"""The words of the pages, by language: one YAML file each, with the same keys."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml


@cache
def catalogue(language: str) -> dict[str, str]:
    """All texts of a language."""
    with (Path(__file__).parent / f"{language}.yaml").open(encoding="utf-8") as stream:
        found: dict[str, str] = yaml.load(stream, Loader=yaml.CSafeLoader)
    return found


def text(key: str, language: str, **values: object) -> str:
    """One text with its placeholders filled. Raises KeyError for an unknown key: a missing word is a bug."""
    found = catalogue(language)[key]
    return found.format(**values) if values else found
