"""The base of our own checks: says nothing until a method is overridden."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from gateway.charter.parameters import Parameters
from gateway.charter.terms import Rule
from gateway.model.feature import Feature
from gateway.model.finding import Finding
from gateway.ports import Subject


class QuietCheck:
    """One check for one rule and one submission; a subclass looks at the start, at each feature, or at the end.

    `needs` says what must be there for the check to be asked at all: ``party`` (who submits is known), ``features`` (there
    is a file), ``crs`` (with a known reference system). `point` names the enforcement point of a rule that machinery keeps.
    """

    type: ClassVar[str]
    parameters: ClassVar[Parameters] = {}
    needs: ClassVar[frozenset[str]] = frozenset()
    point: ClassVar[str | None] = None

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    @classmethod
    def problems(cls, parameters: Mapping[str, Any]) -> Iterable[str]:
        """What is wrong with parameters that are each of the right kind; asked when a charter is loaded."""
        return ()

    def start(self, subject: Subject) -> Iterable[Finding]:
        """Look at the submission before its features."""
        return ()

    def feature(self, feature: Feature, subject: Subject) -> Iterable[Finding]:
        """Look at one feature as it passes, in the file's CRS and visualisation order."""
        return ()

    def finish(self, subject: Subject) -> Iterable[Finding]:
        """Look at the whole after the last feature."""
        return ()
