"""What a publication may say and do, whatever the store."""

from __future__ import annotations

from gateway.errors import Conflict, TooLarge, UsageError
from gateway.model.dataset import Collection
from gateway.ports import Publication

MOST_COLLECTIONS = 100
"""Collections of one publication; SQLite attaches at most 125 files."""


def check(publication: Publication) -> None:
    """Raise UsageError for a publication that contradicts itself, TooLarge for one of more than 100 collections."""
    if publication.mode not in ("replace", "delta"):
        raise UsageError(f"no mode of publication is called {publication.mode}", cure="replace or delta")
    if publication.deletions and publication.mode == "replace":
        raise UsageError("features are taken away one by one in a delta only", cure="mode delta")
    if len(publication.collections) > MOST_COLLECTIONS:
        raise TooLarge(f"a publication holds at most {MOST_COLLECTIONS} collections", cure="publish it in parts")


def check_system(standing: Collection, given: Collection) -> None:
    """Raise Conflict for a delta in another reference system than the collection that stands."""
    if standing.crs != given.crs:
        raise Conflict(
            f"{given.id} is kept in {standing.crs.code}, the delta is in {given.crs.code}",
            place=given.id,
            cure=f"convert it with --crs {standing.crs.code}, or replace the whole collection",
        )


def check_taking(publication: Publication, name: str, standing: Collection | None) -> Collection:
    """The collection that a publication takes away. Raises Conflict where it is not the dataset's, or that was not said."""
    if standing is None or standing.dataset != publication.dataset.id:
        raise Conflict(f"the dataset has no collection {name} to take away", place=name)
    if not publication.allow_removal:
        raise Conflict(f"this would take away the collection {name}", place=name, cure="say so with --allow-removal")
    return standing
