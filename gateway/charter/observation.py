"""What a check saw, before the engine gives it a rule, a severity and words."""

from __future__ import annotations

from gateway.model.feature import Feature
from gateway.model.finding import Finding, Severity
from gateway.model.text import Text

_LONGEST = 300


def observed(
    found: str | None,
    expected: str | None = None,
    *,
    feature: Feature | None = None,
    place: str | None = None,
    position: tuple[float, float] | None = None,
    message: Text | None = None,
    cure: Text | None = None,
) -> Finding:
    """A finding without rule and severity. `position` is in the CRS in force (visualisation order); `found` None: nothing there.

    `message` and `cure`, where given, are said instead of the charter's own words.
    """
    return Finding(
        rule="",
        severity=Severity.WARN,
        message=message or {},
        cure=cure or {},
        object_id=None if feature is None else feature.id,
        place=place if feature is None else feature.place,
        found=None if found is None else _short(found),
        expected=None if expected is None else _short(expected),
        position=position,
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
