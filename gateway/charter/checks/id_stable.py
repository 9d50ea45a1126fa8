"""``id.stable``: ids are the source's own, no automatic numbers, and stay the same from one version to the next."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import ClassVar

from gateway.charter.check import QuietCheck
from gateway.charter.observation import observed
from gateway.charter.parameters import Parameters
from gateway.charter.terms import Rule
from gateway.model.feature import Feature
from gateway.model.finding import Finding
from gateway.ports import Subject

_BATCH = 500


class IdStable(QuietCheck):
    """Ids do not come from the order in the file nor from a field in `automatic`; `kept` is the least share of ids
    that two versions must have in common, measured on the smaller one: taking objects away does not make ids unstable."""

    type = "id.stable"
    parameters: ClassVar[Parameters] = {"automatic": ("texts", False), "kept": ("share", False)}
    needs = frozenset({"features"})

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule)
        self._waiting: dict[str, list[str]] = defaultdict(list)
        self._kept: Counter[str] = Counter()

    def start(self, subject: Subject) -> Iterable[Finding]:
        """One finding for ids that are numbers of the moment."""
        header = subject.header
        field = subject.extra.get("id_field")
        automatic = {name.lower() for name in self.rule.parameters.get("automatic", ())}
        if header is not None and header.ids == "order":
            yield observed("1, 2, 3 …", "--id FIELD")
        elif isinstance(field, str) and field.lower() in automatic:
            yield observed(field, "--id FIELD")

    def feature(self, feature: Feature, subject: Subject) -> Iterable[Finding]:
        """Count which ids stood in the previous version; no finding yet."""
        if self._compares(subject):
            waiting = self._waiting[feature.collection]
            waiting.append(feature.id)
            if len(waiting) >= _BATCH:
                self._count(feature.collection, subject)
        return ()

    def finish(self, subject: Subject) -> Iterable[Finding]:
        """One finding for each collection that lost too many of its ids."""
        if not self._compares(subject):
            return
        least = self.rule.parameters["kept"]
        before: dict[str, int] = subject.extra.get("previous_counts", {})
        for collection in list(self._waiting):
            self._count(collection, subject)
            previous = before.get(collection, 0)
            both = min(previous, subject.collections.get(collection, 0))
            if both and self._kept[collection] < least * both:
                share = 100 * self._kept[collection] / both
                yield observed(f"{collection}: {share:.0f} %", f">= {100 * least:.0f} %")

    def _compares(self, subject: Subject) -> bool:
        return "kept" in self.rule.parameters and subject.previous_ids is not None

    def _count(self, collection: str, subject: Subject) -> None:
        ids, self._waiting[collection] = self._waiting[collection], []
        if subject.previous_ids is not None and ids:
            self._kept[collection] += len(subject.previous_ids(collection, ids))
