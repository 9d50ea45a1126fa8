"""Human text in several languages: a mapping from a BCP 47 language tag to text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

type Text = Mapping[str, str]

UNDETERMINED = "und"
"""The tag of text whose language nobody stated (ISO 639-2)."""


def pick(text: Text | None, languages: Sequence[str] = ("en",)) -> str:
    """The text in the first of `languages` it has, else undetermined, else English, else any; empty if none."""
    if not text:
        return ""
    for tag in (*languages, UNDETERMINED, "en", "fr"):
        if tag in text:
            return text[tag]
    return next(iter(text.values()))
