"""The words of the pages, by language: one YAML file each, with the same keys."""

from __future__ import annotations

import re
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


def said(sentence: str, language: str) -> str:
    """What an error says, in a language, where the catalogue of sentences has it; else as it was said, in English."""
    if language == "en":
        return sentence
    plain, shaped = _sentences(language)
    if sentence in plain:
        return plain[sentence]
    for pattern, told in shaped:
        match = pattern.fullmatch(sentence)
        if match is not None:
            return told.format(*match.groups())
    return sentence


@cache
def _sentences(language: str) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Sentences as they are, and those with gaps as patterns, the most particular first."""
    with (Path(__file__).parent / f"said-{language}.yaml").open(encoding="utf-8") as stream:
        found: dict[str, str] = yaml.load(stream, Loader=yaml.CSafeLoader)
    shaped = sorted((one for one in found if "{0}" in one), key=len, reverse=True)
    patterns = [(re.compile(re.sub(r"\\\{\d\\\}", "(.*)", re.escape(one)), re.DOTALL), found[one]) for one in shaped]
    return {one: told for one, told in found.items() if "{0}" not in one}, patterns
