"""``id.unique``: no id stands twice in a collection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from gateway.charter.check import QuietCheck
from gateway.charter.observation import observed
from gateway.charter.terms import Rule
from gateway.model.feature import Feature
from gateway.model.finding import Finding
from gateway.ports import Subject

_BATCH = 4096
_MASK = (1 << 64) - 1


class IdUnique(QuietCheck):
    """Every feature has an id, and none has another's. Keeps eight bytes a feature: 64-bit hashes (Python's keyed ones, which no
    stranger can aim at) in sorted runs. Two different ids share one about once in 37 million datasets of a million features."""

    type = "id.unique"
    needs = frozenset({"features"})

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule)
        self._runs: list[NDArray[np.uint64]] = []
        self._batch: dict[int, None] = {}
        self._recent: list[tuple[int, Feature]] = []

    def feature(self, feature: Feature, subject: Subject) -> Iterable[Finding]:
        """One finding for each feature without id, or whose id came before."""
        if not feature.id:
            return (observed(None, "id", feature=feature),)
        digest = hash((feature.collection, feature.id)) & _MASK
        if digest in self._batch:
            return (observed(feature.id, feature=feature),)
        self._batch[digest] = None
        self._recent.append((digest, Feature(feature.id, place=feature.place)))
        return self._settle() if len(self._batch) >= _BATCH else ()

    def finish(self, subject: Subject) -> Iterable[Finding]:
        """What the last ids repeat."""
        return self._settle()

    def _settle(self) -> Iterator[Finding]:
        """Compare the ids of the last batch with all before, then file them as a sorted run."""
        fresh = np.fromiter(self._batch, dtype=np.uint64, count=len(self._batch))
        fresh.sort()
        repeated: set[int] = set()
        for run in self._runs:
            places = np.minimum(np.searchsorted(run, fresh), len(run) - 1)
            repeated.update(int(value) for value in fresh[run[places] == fresh])
        recent, self._recent, self._batch = self._recent, [], {}
        self._file(fresh)
        return (observed(feature.id, feature=feature) for digest, feature in recent if digest in repeated)

    def _file(self, run: NDArray[np.uint64]) -> None:
        """Keep runs few: a run as long as the one before is merged with it."""
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = np.concatenate((self._runs.pop(), run))
            run.sort(kind="stable")
        if len(run):
            self._runs.append(run)
