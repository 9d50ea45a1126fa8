"""Ids of collections and datasets: from the file's own names, as the submission renames them, and whether they can be had."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from gateway.errors import IdNotAvailable, ParameterError

RESERVED = frozenset(
    {"api", "collections", "conformance", "csw", "dataset", "datasets", "health", "id", "jobs", "metrics"}
    | {"processes", "sparql", "static", "submissions"}
)
"""Ids that name doors of the gateway, in lower case."""

_LONGEST = 100
_WORD = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_-]{{0,{_LONGEST - 1}}}")


def clean(name: str) -> str:
    """A name as an id: characters outside ``[A-Za-z0-9_-]`` become ``-``, case kept; ``features`` where nothing is left."""
    word = re.sub(r"[^A-Za-z0-9_-]", "-", name)[:_LONGEST].lstrip("-")
    return word if word.strip("-_") else "features"


def stem(name: str) -> str:
    """The id a file's name suggests: ``quarter`` for ``/tmp/quarter.city.json``."""
    return clean(PurePath(name).name.split(".")[0] or name)


def checked(name: str, parameter: str) -> str:
    """An id the submitter chose. Raises ParameterError for characters that ids have not."""
    if not _WORD.fullmatch(name):
        raise ParameterError(parameter, f"{name!r} is no id", cure=f"letters, digits, '_' and '-', at most {_LONGEST}")
    return name


def not_available(name: str) -> IdNotAvailable:
    """The one answer for an id that is taken, hidden or reserved."""
    return IdNotAvailable(f"the id {name} is not available", cure="choose another one with --collection or --dataset")


def demand_free(name: str) -> None:
    """Raise IdNotAvailable for a reserved id."""
    if name.lower() in RESERVED:
        raise not_available(name)


class Naming:
    """How the collections of one file are called in the twin.

    `wish` is None (keep the file's names), one id (of the only collection; of several each becomes ``id-own``), or a mapping
    ``own=id`` of some of them, as text ``building=school,element=school-elements`` or as such.
    """

    def __init__(self, wish: str | Mapping[str, str] | None) -> None:
        self._one: str | None = None
        self._each: Mapping[str, str] = {}
        if isinstance(wish, str) and "=" in wish:
            wish = _pairs(wish)
        if isinstance(wish, str):
            self._one = checked(wish, "collection")
        elif wish is not None:
            self._each = {own: checked(id, "collection") for own, id in wish.items()}

    def one(self, own: str, *, several: bool) -> str:
        """The id of the collection that the file calls `own`."""
        if self._one is not None:
            return f"{self._one}-{clean(own)}" if several else self._one
        return self._each.get(own, clean(own))

    def all(self, own: Sequence[str]) -> dict[str, str]:
        """Own name to id, for all collections of a file. Raises ParameterError for a name the file lacks, or an id given twice."""
        for name in self._each:
            if name not in own:
                raise ParameterError("collection", f"the file has no collection {name}", cure=f"it has {', '.join(own) or 'none'}")
        names = {name: self.one(name, several=len(own) > 1) for name in own}
        if len(set(names.values())) < len(names):
            raise ParameterError("collection", "two collections would have one id", cure="rename each: --collection own=id,own=id")
        return names

    def as_json(self) -> str | dict[str, str] | None:
        """The wish, for the digest of a submission's effect."""
        return self._one or (dict(self._each) if self._each else None)


def _pairs(text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in text.split(","):
        own, sign, id = part.strip().partition("=")
        if not sign or not own or own in pairs:
            raise ParameterError("collection", f"{part.strip()!r} is no renaming", cure="own=id,own=id")
        pairs[own] = id
    return pairs
