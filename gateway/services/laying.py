"""Lays a file's features down in stagings, one a collection, each opened when its first feature comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gateway.errors import Conflict
from gateway.model.crs import Crs
from gateway.model.dataset import Collection
from gateway.model.feature import Feature, Layer
from gateway.model.row import Row
from gateway.ports import Staging, Store
from gateway.services.rows import rows

_BATCH = 1000
_LONGEST_BATCH = 4000


@dataclass(slots=True)
class Laid:
    """One staged collection: by the file's own name, its staging, and whether full documents were laid down."""

    own: str
    staging: Staging
    three_d: bool = False


@dataclass(slots=True)
class Laying:
    """Takes features one by one; keeps at most one batch, and a family together in it.

    `begin` gives the Collection under which a staging is opened for a name of the file. Once `give_up` has been called
    nothing more is laid down.
    """

    store: Store
    crs: Crs
    begin: Callable[[str], Collection]
    layers: Mapping[str, Layer] = field(default_factory=dict)
    laid: dict[str, Laid] = field(default_factory=dict)
    conflict: Conflict | None = None
    _batch: list[Feature] = field(default_factory=list)
    _given_up: bool = False

    def take(self, feature: Feature) -> None:
        """One more feature. An id that came before ends the laying; the conflict is kept for who asks."""
        if self._given_up:
            return
        batch = self._batch
        if len(batch) >= _BATCH and (feature.parent is None or len(batch) >= _LONGEST_BATCH):
            self._flush()
            batch = self._batch
        batch.append(feature)

    def finish(self, names: Iterable[str]) -> list[Laid]:
        """All stagings, complete, with an empty one for each of `names` that had no feature. Raises the Conflict that ended it."""
        if not self._given_up:
            self._flush()
        if not self._given_up:
            for own in names:
                self._of(own)
        if self.conflict is not None:
            raise self.conflict
        return list(self.laid.values())

    def give_up(self) -> None:
        """Throw away what was laid down, and take no more."""
        self._given_up = True
        self._batch = []
        for laid in self.laid.values():
            laid.staging.abort()

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        groups: dict[str, list[Feature]] = {}
        for feature in batch:
            groups.setdefault(feature.collection, []).append(feature)
        try:
            for own, features in groups.items():
                laid = self._of(own)
                laid.staging.add(_noting(rows(features, self.crs), laid))
        except Conflict as error:
            self.conflict = error
            self.give_up()

    def _of(self, own: str) -> Laid:
        laid = self.laid.get(own)
        if laid is None:
            laid = self.laid[own] = Laid(own, self.store.stage(self.begin(own)))
        return laid


def _noting(stream: Iterator[Row], laid: Laid) -> Iterator[Row]:
    for row in stream:
        if row.document is not None:
            laid.three_d = True
        yield row
