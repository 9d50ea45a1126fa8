"""Room for collections that a publication only takes features from, the same for every store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gateway.errors import Conflict
from gateway.model.access import EVERYTHING
from gateway.model.dataset import Collection
from gateway.ports import Publication


def with_room(publication: Publication, reading: Callable[[], Any], stage: Callable[[Collection], Any]) -> Publication:
    """The same with an empty staging for each collection that only loses features. Raises Conflict for one not there."""
    staged = {collection.id for collection, _ in publication.collections}
    lacking = [name for name in publication.deletions if name not in staged]
    if not lacking:
        return publication
    with reading() as reader:
        found = [(name, reader.collection(name, EVERYTHING)) for name in lacking]
    standing = []
    for name, one in found:
        if one is None or one.dataset != publication.dataset.id:
            raise Conflict(f"the dataset has no collection {name}", place=name)
        standing.append(one)
    rooms: list[tuple[Collection, Any]] = [(one, stage(one)) for one in standing]
    return replace(publication, collections=(*publication.collections, *rooms))
