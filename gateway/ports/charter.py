"""What a kind of check of a charter gives, and what it may look at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from gateway.model.crs import Crs
from gateway.model.dataset import Dataset
from gateway.model.feature import Feature
from gateway.model.finding import Finding
from gateway.model.party import Party
from gateway.model.record import Record
from gateway.ports.formats import Header


@dataclass(slots=True)
class Subject:
    """What a check may look at: the submission, its submitter, what is there already, and what the features added up to.

    `header`, `record` and `totals` are final when `Check.finish` is called. `previous_ids` answers whether an id stood in the
    previous version of a collection. `crs` is the CRS in force: the file's, else the submission's.
    """

    event: str
    party: Party | None
    dataset: str
    header: Header | None
    crs: Crs | None
    record: Record | None
    level: str | None
    licence: str | None
    current: Dataset | None
    charter: Any
    problems: Sequence[Finding] = ()
    features: int = 0
    collections: Mapping[str, int] = field(default_factory=dict)
    previous_ids: Callable[[str, Sequence[str]], set[str]] | None = None
    properties: Mapping[str, set[str]] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)


class Check(Protocol):
    """One kind of check of a charter, made anew for each rule and each submission.

    The class has `type` (``geom.crs``), `parameters` (name -> (kind, required); kinds in `gateway.charter.parameters`), a class
    method `problems(parameters)` for what kinds cannot say, and `needs` (what must be there for it to be asked: ``party``,
    ``features``, ``crs``); `gateway.charter.check.QuietCheck` is a base. It is called with the rule. Findings carry what was
    found and expected; the engine adds rule id, article, severity and the texts, and takes `position` into CRS84.
    `subject.extra["box"]` and `["valid"]` speak of the feature that passes: its bounds in its own CRS, and whether its plain
    geometry is valid.
    """

    type: str
    needs: frozenset[str]

    def start(self, subject: Subject) -> Iterable[Finding]:
        """Look at the submission before its features."""
        ...

    def feature(self, feature: Feature, subject: Subject) -> Iterable[Finding]:
        """Look at one feature as it passes, in the file's CRS and visualisation order."""
        ...

    def finish(self, subject: Subject) -> Iterable[Finding]:
        """Look at the whole after the last feature."""
        ...
